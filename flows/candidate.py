"""The single writer: a lock on the home directory, and the candidate copy that a step works on.

A step never touches `warehouse.duckdb`. It works on a copy, which replaces the file in one atomic rename when
everything has passed, and is thrown away otherwise.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flows.home import Home
from flows.versions import code_version
from storage.permissions import owner_alone
from storage.warehouse import copy_warehouse


class HomeBusy(RuntimeError):
    """Another process is writing in this home directory."""


# Where Spark's registers and tables are during a build: a folder in work/, or a link from there to a shared folder.
SPARK_FOLDER = "flyttepanel_spark"
# What an interrupted run leaves in work/: candidates with DuckDB's logs and spilled rows, drafts of releases, and the
# files written for Spark, which are not encrypted.
LEFT_OVERS = ("candidate*", "release-*", f"{SPARK_FOLDER}*")
# Seconds between attempts to delete a folder that a process may still be writing to: a JVM ends a moment after dbt.
PAUSES = (0.1, 0.3, 1.0, 3.0)


# Open descriptors of candidates. While one is open its inode number cannot be reused, so `insist_on_the_copy` can tell
# our copy from a file put in its place.
_held: dict[Path, int] = {}


class WarehouseUnclean(RuntimeError):
    """Another program left unsaved changes beside the warehouse file."""


class CandidateGone(RuntimeError):
    """The candidate was deleted while we worked on it; DuckDB may have made an empty one in its place."""


@contextmanager
def sole_writer(home: Home) -> Iterator[None]:
    """Hold the home directory's write lock; the operating system releases it however the process ends.

    Files created meanwhile are accessible to their owner alone.

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
        code_version()  # cached now, so that editing the code meanwhile does not change what this run records
        yield


@contextmanager
def candidate_warehouse(home: Home) -> Iterator[Path]:
    """Yield a copy of the warehouse; it replaces the warehouse when the block ends without an exception.

    Needs `sole_writer`. What a killed process left is removed first. Our own left-overs are removed at the end, however
    the block ends: after a full disk the next run needs the room.

    Raises:
        WarehouseUnclean: there is a write-ahead log beside the warehouse, whose changes a plain copy would lose.
        CandidateGone: at the end the file is no longer our copy; the warehouse stays as it was.
    """
    clear_left_overs(home)
    if home.warehouse.with_name("warehouse.duckdb.wal").exists():
        raise WarehouseUnclean(
            f"{home.warehouse}.wal: another program changed the warehouse and has not saved; "
            "open and close the warehouse with DuckDB, then try again"
        )
    try:
        start_from_warehouse(home, home.candidate)
        yield home.candidate
        insist_on_the_copy(home.candidate)
        commit_file(home.candidate, home.warehouse)
    finally:
        let_go(home.candidate)
        clear_left_overs(home)


def start_from_warehouse(home: Home, candidate: Path) -> None:
    """Make the candidate a new copy of the warehouse; before the first load there is neither."""
    let_go(candidate)
    for half_done in candidate.parent.glob(f"{candidate.name}*"):
        remove(half_done)
    if home.warehouse.exists():
        copy_warehouse(home.warehouse, candidate)
        _held[candidate] = os.open(candidate, os.O_RDONLY)


def insist_on_the_copy(candidate: Path) -> None:
    """Insist that the candidate is still the file that the warehouse was copied into.

    Raises:
        CandidateGone: it is gone, or another file without the data that only the warehouse keeps.
    """
    held = _held.get(candidate)
    if held is not None and not (candidate.exists() and os.path.samestat(os.fstat(held), candidate.stat())):
        raise CandidateGone(f"{candidate}: deleted by another program while it was worked on; nothing was changed")


def let_go(candidate: Path) -> None:
    """Close our descriptor of a candidate, if there is one."""
    if (held := _held.pop(candidate, None)) is not None:
        os.close(held)


def clear_left_overs(home: Home) -> None:
    """Remove candidates, drafts and what Spark was to read, whole or half made."""
    for pattern in LEFT_OVERS:
        for left_over in home.work.glob(pattern):
            remove(left_over)


def remove(path: Path) -> None:
    """Remove a file, or a folder with everything in it (DuckDB spills into one named after its database).

    Of a link to Spark's folder elsewhere both go, the folder first: without the link nobody would find it again.

    Raises:
        OSError: some of it could not be removed, or the storage that it leads to is not there.
    """
    if path.is_symlink() and path.name == SPARK_FOLDER and (folder := path.resolve()).name.startswith(SPARK_FOLDER):
        if not folder.parent.is_dir():
            raise FileNotFoundError(
                f"{folder.parent} is not there: mount it, for registers may lie in {folder.name}, or remove {path}"
            )
        remove_folder(folder)
    if path.is_dir() and not path.is_symlink():
        remove_folder(path)
    else:
        path.unlink()


def remove_folder(folder: Path) -> None:
    """Remove a folder that may be gone already, and in which something may still be made or deleted for a moment.

    Raises:
        OSError: some of it could not be removed.
    """
    for pause in PAUSES:
        with suppress(OSError):
            shutil.rmtree(folder)
        if not folder.exists():
            return
        time.sleep(pause)
    shutil.rmtree(folder)


def commit_file(source: Path, target: Path) -> None:
    """Move a finished file over another so that a crash leaves the old one or the new one, whole.

    Raises:
        WarehouseUnclean: there is a write-ahead log beside the source: some step did not close it.
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
