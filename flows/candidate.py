"""The single writer: a lock on the home directory, and the candidate copy that a step works on.

A step never touches `warehouse.duckdb`. It works on a copy, which replaces the file in one atomic rename when
everything has passed, and is thrown away otherwise (design §1).
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.home import Home
from storage.permissions import owner_alone
from storage.warehouse import copy_warehouse


class HomeBusy(RuntimeError):
    """Another process is writing in this home directory."""


class WarehouseUnclean(RuntimeError):
    """Another program left unsaved changes beside the warehouse file."""


@contextmanager
def sole_writer(home: Home) -> Iterator[None]:
    """Hold the home directory's write lock; the operating system lets go of it however the process ends.

    What is written meanwhile is the owner's alone.

    Raises:
        HomeBusy: another process holds it.
        HomeShared: others than the owner have rights to the home directory.
    """
    home.create()
    with owner_alone(), (home.work / "writer.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise HomeBusy(
                f"{home.path}: process {lock.read().strip() or 'unknown'} is already working here; "
                "wait until it has finished and try again"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def candidate_warehouse(home: Home) -> Iterator[Path]:
    """Yield a copy of the warehouse; it replaces the warehouse when the block ends without an exception.

    Needs `sole_writer`. Copies that a killed process left are removed first.

    Raises:
        WarehouseUnclean: a write-ahead log stands beside the warehouse, so that a plain copy would lose it.
    """
    for left_over in home.work.glob("candidate*"):
        if left_over.is_dir():  # what DuckDB spilled
            shutil.rmtree(left_over)
        else:
            left_over.unlink()
    if home.warehouse.with_name("warehouse.duckdb.wal").exists():
        raise WarehouseUnclean(
            f"{home.warehouse}.wal: another program changed the warehouse and has not saved; "
            "open and close the warehouse with DuckDB, then try again"
        )
    candidate = home.work / "candidate.duckdb"
    if home.warehouse.exists():
        copy_warehouse(home.warehouse, candidate)
    try:
        yield candidate
        commit_file(candidate, home.warehouse)
    finally:
        candidate.unlink(missing_ok=True)


def commit_file(source: Path, target: Path) -> None:
    """Move a finished file over another so that a crash leaves the old one or the new one, whole.

    Raises:
        WarehouseUnclean: a write-ahead log stands beside the source: some step did not close it.
    """
    if source.with_name(f"{source.name}.wal").exists():
        raise WarehouseUnclean(f"{source}.wal: a step left the database open")
    source.chmod(0o600)
    sync(source)
    os.replace(source, target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Have the operating system write a file or a folder's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
