"""What makes a finished folder visible: one link, switched in one step.

Belongs here: links and the permissions of what is shared. Does not belong here: what a folder holds.
"""

import os
from pathlib import Path

from flows.candidate import sync


def replace_link(link: Path, target: Path) -> None:
    """Point a symbolic link elsewhere in one step."""
    if link.is_symlink() and Path(os.readlink(link)) == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)
    sync(link.parent)


def share(folder: Path) -> None:
    """Make everything in a finished folder readable for all, and have it written to disk."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_symlink():
            continue
        path.chmod(0o755 if path.is_dir() else 0o644)
        sync(path)
