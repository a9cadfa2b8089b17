"""Who may read what: files are created for their owner alone, and the home directory is nobody else's.

Belongs here: modes. Does not belong here: which folders there are (`flows/home.py`), and what a release shares
(`flows/links.py`).
"""

import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER_ALONE = 0o077
SHARED_HOME_VARIABLE = "FLYTTEPANEL_SHARED_HOME"


class HomeShared(Exception):
    """The home directory grants rights to others than its owner."""


@contextmanager
def owner_alone() -> Iterator[None]:
    """Whatever the block creates is its owner's alone, however liberal the umask was."""
    before = os.umask(OWNER_ALONE)
    try:
        yield
    finally:
        os.umask(before)


def process_owner_alone() -> None:
    """Whatever this process, and those it starts, create from now on is its owner's alone."""
    os.umask(OWNER_ALONE)


def refuse_shared(home: Path) -> None:
    """Insist that nobody but the owner has any right to the home directory, unless the operators allow it.

    Raises:
        HomeShared: group or others may read, write or enter it, and FLYTTEPANEL_SHARED_HOME is not 1.
    """
    if not home.is_dir() or os.environ.get(SHARED_HOME_VARIABLE) == "1":
        return
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & OWNER_ALONE:
        raise HomeShared(
            f"{home}: others than its owner have rights to the home directory (mode {mode:04o}), and it holds "
            f"persons: chmod 700 {shlex.quote(str(home))}, or say that it is meant so (--shared-home, "
            f"{SHARED_HOME_VARIABLE}=1)"
        )
