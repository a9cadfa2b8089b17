"""Which two releases are compared.

Belongs here: finding them. Does not belong here: what is in them.
"""

from pathlib import Path

from flows.home import Home
from report.difference import release_before
from report.release import Release, read_release


class NoSuchRelease(ValueError):
    """A release that was asked for is not there, or there are not two."""


def release_folders(home: Home) -> list[Path]:
    """The releases that are kept, oldest first: their names begin with their time."""
    folders = (manifest.parent for manifest in home.releases.glob("*/manifest.json"))
    return sorted(folder for folder in folders if not folder.is_symlink())


def two_releases(home: Home, run_a: str | None, run_b: str | None) -> tuple[Release, Release]:
    """The releases to compare: by default the one before the current, and the current.

    Raises:
        NoSuchRelease: one that is named is not there, or there is none to compare with.
    """
    second = named(home, run_b) if run_b else current(home)
    return read_release(named(home, run_a) if run_a else before(home, second)), read_release(second)


def named(home: Home, run_id: str) -> Path:
    """The folder of a release."""
    for folder in release_folders(home):
        if folder.name == run_id:
            return folder
    kept = ", ".join(folder.name for folder in release_folders(home)) or "none"
    raise NoSuchRelease(f"there is no release of this name; kept are: {kept}")


def current(home: Home) -> Path:
    """The folder of the current release."""
    if not home.current.exists():
        raise NoSuchRelease("nothing has been published yet; run `flyttepanel refresh`")
    return home.current.resolve()


def before(home: Home, release: Path) -> Path:
    """The folder of the newest kept release before another.

    The other's own history says which releases came before it: a killed publication may have left the folder of a
    release that was never published.
    """
    kept = {folder.name: folder for folder in release_folders(home)}
    carrying = read_release(release)
    previous = release_before(carrying, release.name)
    while previous and previous not in kept:
        previous = release_before(carrying, previous)
    if previous is None:
        raise NoSuchRelease(f"no release before {release.name} is kept: there is nothing to compare it with")
    return kept[previous]
