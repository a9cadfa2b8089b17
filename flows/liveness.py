"""Which runs are alive: each holds a lock on a file of its own, which the operating system frees however the run ends.

Prefect still shows a run as `Running` after its process was killed; a lock cannot outlive its process. Belongs here:
the locks. Does not belong here: what Prefect is told (`prefect_upkeep`).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.home import Home


class AlreadyServed(RuntimeError):
    """Another process serves the deployments of this home directory."""


@contextmanager
def alive(home: Home, name: str) -> Iterator[None]:
    """Hold the lock of the run with this name while the block lasts."""
    folder = runs_folder(home)
    # The file has a hidden name until it is locked: an unlocked one would be taken for a dead run's.
    fresh, path = folder / f".{name}.{os.getpid()}", folder / name
    with fresh.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.replace(fresh, path)
        try:
            yield
        finally:
            path.unlink()


@contextmanager
def sole_server(home: Home) -> Iterator[None]:
    """Be the one process that serves this home directory.

    Raises:
        AlreadyServed: there is another.
    """
    home.create()
    with (home.work / "serve.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServed(f"{home.path}: another process already serves the deployments") from None
        yield


def dead_runs(home: Home) -> list[str]:
    """Names of the runs whose process is gone."""
    return [path.name for path in sorted(runs_folder(home).iterdir()) if path.name[0] != "." and not is_locked(path)]


def bury(home: Home, name: str) -> None:
    """Forget a dead run."""
    (runs_folder(home) / name).unlink(missing_ok=True)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock. True also if the file is gone: the run has just ended and did not die."""
    try:
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return True
    return False


def runs_folder(home: Home) -> Path:
    """Where the locks lie."""
    folder = home.work / "runs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
