"""Searching everything a command has left for something that must not be there: bytes, UTF-16, archives, PDF, DuckDB.

Belongs here: getting at what files hold. Does not belong here: what is searched for, or where it may lie.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import duckdb
import pypdf

Finder = Callable[[bytes], bool]
ZIP, GZIP, PDF, DUCKDB = b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"DUCK"


def search(roots: Collection[Path], finds: Finder, spared: Collection[Path] = (), since: float = 0) -> list[str]:
    """Where something is found: files under `roots` that changed `since` then (seconds), without those under `spared`.

    Names of files count too.
    """
    hits = []
    for root in roots:
        for path in [root, *root.rglob("*")]:
            if path.is_symlink() or any(path == one or one in path.parents for one in spared):
                continue
            if finds(str(path.relative_to(root)).encode()):
                hits.append(f"{path} (its name)")
            if path.is_file() and path.stat().st_mtime >= since:
                hits += [f"{path} ({place})" for place, text in texts_of(path) if found(text, finds)]
    return hits


def found(text: bytes, finds: Finder) -> bool:
    """Whether something is found in bytes, or in them read as UTF-16 or UTF-32."""
    return finds(text) or (b"\0" in text and finds(text.replace(b"\0", b"")))


def texts_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """What a file holds, in every way in which it can be read."""
    data = path.read_bytes()
    yield from unpacked("bytes", data)
    if data[8:12] == DUCKDB and not data[20] & 1:  # one with a key is a warehouse
        yield from strings_of(path)


def unpacked(place: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Bytes, and what is packed into them."""
    yield place, data
    if data.startswith(ZIP):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from unpacked(f"{place}/{name}", archive.read(name))
    elif data.startswith(GZIP):
        try:
            yield from unpacked(f"{place}/gzip", gzip.decompress(data))
        except (OSError, EOFError, zlib.error):
            return  # it begins like one and is none: its bytes have been given
    elif data.startswith(PDF):
        pages = pypdf.PdfReader(io.BytesIO(data)).pages
        yield f"{place}/text", "\n".join(page.extract_text() for page in pages).encode()


def strings_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every distinct value of every column of a database, its comments and views: on disk they are compressed."""
    with duckdb.connect() as con:
        con.execute(f"attach '{path}' as searched (read_only)")
        columns = con.execute(
            "select schema_name, table_name, column_name, comment from duckdb_columns() "
            "where database_name = 'searched' and not internal"
        ).fetchall()
        for schema, table, column, comment in columns:
            rows = con.execute(
                f'select string_agg(distinct "{column}"::varchar, chr(10)) from searched."{schema}"."{table}"'
            ).fetchone()
            yield f"{schema}.{table}.{column}", f"{rows[0] if rows else ''}\n{comment}".encode()
        views = con.execute("select sql from duckdb_views() where database_name = 'searched'").fetchall()
        yield "views", repr(views).encode()
