"""What can be wrong in the process itself: limits, lost rights, and a kill or a power cut at a chosen change of a file.

Each is a context manager that a warm process enters before it works. Belongs here: what the process does to itself.
Does not belong here: what is done to it from outside (`faults`).
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Python tells these to audit hooks just before it changes what is on disk.
CHANGES = {
    *("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.chmod", "os.truncate"),
    *("shutil.copyfile", "shutil.rmtree"),
}


def is_change(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether an audit event tells of a change on disk. DuckDB's own writing is told to nobody."""
    return event in CHANGES or (event == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)))


class Wrong:
    """Something wrong, from the beginning of a `with` block to the end of its process."""

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        """The process ends anyway."""


@dataclass(frozen=True)
class FileLimit(Wrong):
    """No file may grow beyond so many bytes: writing fails, as under a quota."""

    n_bytes: int

    def __enter__(self) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.n_bytes, self.n_bytes))


@dataclass(frozen=True)
class MemoryLimit(Wrong):
    """So many bytes more of memory than the process has now."""

    n_bytes: int

    def __enter__(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + self.n_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@dataclass(frozen=True)
class Environment(Wrong):
    """Other settings in the environment."""

    name: str
    value: str

    def __enter__(self) -> None:
        os.environ[self.name] = self.value


class OrdinaryUser(Wrong):
    """No right to pass over permissions, which root otherwise has."""

    def __enter__(self) -> None:
        if os.geteuid() == 0:
            drop_override()


@dataclass(frozen=True)
class KilledAtChange(Wrong):
    """SIGKILL of the process group just before the n-th change of a file; `synced` gets what was synced by then."""

    n: int
    synced: Path

    def __enter__(self) -> None:
        remember_syncs(self.synced)
        n_seen = 0

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal n_seen
            if is_change(event, arguments) and self.synced not in arguments:
                n_seen += 1
                if n_seen == self.n:
                    os.killpg(os.getpgrp(), signal.SIGKILL)

        sys.addaudithook(hook)


@contextmanager
def counted(into: Path) -> Iterator[None]:
    """Count the changes of files in a block into a file."""
    n_seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal n_seen
        n_seen += is_change(event, arguments)

    sys.addaudithook(hook)
    yield
    into.write_text(str(n_seen))


def remember_syncs(into: Path) -> None:
    """Write down each file at each fsync: inode, size and time of its last change."""
    fsync = os.fsync

    def remembering(descriptor: int) -> None:
        fsync(descriptor)
        stat = os.fstat(descriptor)
        with into.open("a", encoding="utf-8") as log:
            log.write(json.dumps([stat.st_ino, stat.st_size, stat.st_mtime_ns]) + "\n")

    os.fsync = remembering  # type: ignore[assignment]


def lose_unsynced(home: Path, synced: Path, since_ns: int) -> int:
    """Cut every file that was written since and not synced to half of its length. Returns how many.

    What a power cut leaves of a file is undefined; half of it is worse than nothing, because it can be taken for whole.
    """
    safe = {tuple(json.loads(line)) for line in synced.read_text().splitlines()} if synced.exists() else set()
    n_cut = 0
    for folder, folders, files in os.walk(home):
        if "landing" in folders:
            folders.remove("landing")
        for name in files:
            path = Path(folder) / name
            stat = path.lstat()
            if path.is_symlink() or stat.st_mtime_ns < since_ns or not stat.st_size:
                continue
            if (stat.st_ino, stat.st_size, stat.st_mtime_ns) not in safe:
                os.truncate(path, stat.st_size // 2)
                n_cut += 1
    return n_cut


class CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilityData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def drop_override() -> None:
    """Give up CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER (capabilities(7): 1, 2 and 3)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = CapabilityHeader(0x20080522, 0), (CapabilityData * 2)()
    if libc.capget(ctypes.byref(header), data):
        raise OSError(ctypes.get_errno(), "capget")
    for part in ("effective", "permitted"):
        setattr(data[0], part, getattr(data[0], part) & ~(1 << 1 | 1 << 2 | 1 << 3))
    if libc.capset(ctypes.byref(header), data):
        raise OSError(ctypes.get_errno(), "capset")
