"""The one way to open the warehouse, and every copy of it: in the clear, or encrypted with a key.

Belongs here: connections and copies of confidential databases. Does not belong here: what is in them, or results,
which are published and never encrypted.

With FLYTTEPANEL_WAREHOUSE_KEY_FILE set, database file, write-ahead log and what DuckDB spills are encrypted
(AES-256-GCM). DuckDB writes encrypted files only with OpenSSL, which is in its extension httpfs. The extension is
loaded from its wheel, so that no network is needed. If it is missing, nothing is opened.
"""

import base64
import hashlib
import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from storage.memory import memory_limit
from storage.secret import read_key
from storage.sql import literal

KEY_FILE_VARIABLE = "FLYTTEPANEL_WAREHOUSE_KEY_FILE"
# The name of an encrypted warehouse inside DuckDB. A warehouse in the clear is named after its file.
NAME = "warehouse"
EXTENSION = Path("extensions", f"v{duckdb.__version__}", "httpfs.duckdb_extension")
# DuckDB's file header: 8 bytes of checksum, "DUCK", 8 bytes of version, then flags, the first of which is encryption.
MAGIC, FLAGS = slice(8, 12), 20
Config = Mapping[str, Any]


class WarehouseLocked(Exception):
    """The warehouse cannot be opened with the given key, or without one; says why, never a key."""


class EncryptionUnavailable(Exception):
    """A key is given, but what encryption needs is not installed: nothing is opened."""


def open_warehouse(path: Path, read_only: bool = False, config: Config | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to a warehouse, or to a copy of one; a file that is not there yet is created.

    It uses the memory that FLYTTEPANEL_MEMORY allows, and spills the rest beside the file.

    Raises:
        MemoryRefused: FLYTTEPANEL_MEMORY is not an amount of memory.
        WarehouseLocked: the file is encrypted and the key is missing or wrong; or a key is set, and the file to be
            written is not encrypted.
        EncryptionUnavailable: there is a key, but no extension to encrypt with.
        KeyRefused: the key's file cannot be used.
    """
    key, settings = warehouse_key(), {"memory_limit": memory_limit(), **(config or {})}
    if key is None:
        if is_encrypted(path):
            raise WarehouseLocked(f"{path}: encrypted; name the file with its key in {KEY_FILE_VARIABLE}")
        return duckdb.connect(str(path), read_only=read_only, config=settings)
    if path.exists() and not is_encrypted(path):
        if read_only:
            return duckdb.connect(str(path), read_only=True, config=settings)
        raise WarehouseLocked(f"{path}: not encrypted, although {KEY_FILE_VARIABLE} is set")
    return attached(path, key, read_only, settings)


def attached(path: Path, key: str, read_only: bool, config: Config) -> duckdb.DuckDBPyConnection:
    """A connection in memory whose default database is an encrypted file; what it spills is encrypted too."""
    con = duckdb.connect(":memory:", config={**offline(path), **config})
    try:
        load_extension(con)
        mode = ", read_only" if read_only else ""
        con.execute(f"attach {literal(str(path))} as {NAME} (encryption_key '{key}'{mode})")
        con.execute(f"use {NAME}")
    except duckdb.Error as error:
        con.close()
        reason = type(error).__name__
        raise WarehouseLocked(f"{path}: cannot be opened with the key of {KEY_FILE_VARIABLE} ({reason})") from None
    return con


def offline(path: Path) -> dict[str, Any]:
    """Settings of a connection in memory: it spills beside the given file, and fetches nothing from the network."""
    return {
        "temp_directory": f"{path}.tmp",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def load_extension(con: duckdb.DuckDBPyConnection) -> None:
    """Give a connection OpenSSL, and make it encrypt what it spills."""
    con.execute(f"load {literal(str(extension_file()))}")
    con.execute("set temp_file_encryption = true")


def extension_file() -> Path:
    """Where the wheel has put the extension of this version of DuckDB.

    Raises:
        EncryptionUnavailable: it is not there.
    """
    package = find_spec("duckdb_extension_httpfs")
    for folder in (package.submodule_search_locations or []) if package else []:
        if (file := Path(folder) / EXTENSION).exists():
            return file
    raise EncryptionUnavailable(
        f"{KEY_FILE_VARIABLE} is set, but DuckDB {duckdb.__version__} has no httpfs extension here to encrypt with: "
        "install duckdb-extension-httpfs of the same version (make setup)"
    )


def warehouse_key() -> str | None:
    """DuckDB's key: the SHA-256 of the key in the key's file, in base64; None if no file is named.

    Raises:
        KeyRefused: the file cannot be used.
    """
    path = os.environ.get(KEY_FILE_VARIABLE)
    return base64.b64encode(hashlib.sha256(read_key(Path(path))).digest()).decode("ascii") if path else None


def is_encrypted(path: Path) -> bool:
    """Whether a file is an encrypted database of DuckDB's, by its header."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        header = file.read(FLAGS + 1)
    return len(header) > FLAGS and header[MAGIC] == b"DUCK" and bool(header[FLAGS] & 1)


def copy_warehouse(source: Path, target: Path) -> None:
    """Copy a warehouse; if there is a key, the copy of one in the clear is encrypted.

    Raises:
        WarehouseLocked, EncryptionUnavailable, KeyRefused: as for `open_warehouse`.
    """
    if warehouse_key() is None or is_encrypted(source):
        shutil.copyfile(source, target)
        return
    with open_warehouse(target) as con:
        con.execute(f"attach {literal(str(source))} as clear (read_only)")
        con.execute(f"copy from database clear to {NAME}")
