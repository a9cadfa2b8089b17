"""One atomic switch: a finished draft becomes a release, and a release the one that readers see.

Not in `flows/publish.py`, which imports what disclosure control takes: a refresh that loads wants to start at once.
"""

import os
from pathlib import Path

from flows.candidate import sync
from flows.home import Home
from flows.links import replace_link, share


def seal(draft: Path, release: Path) -> Path:
    """Give a finished draft its name among the releases."""
    share(draft)
    os.replace(draft, release)
    sync(release.parent)
    return release


def publish_release(home: Home, release: Path) -> None:
    """Make a new release the current one, and remember that readers have had it: `current` may be led back by hand.

    It is remembered first: after a crash in between, counts are protected against a release that nobody has seen, and
    not published beside one that everybody has and that is forgotten.
    """
    replace_link(home.last_published, Path(release.name))
    switch(home, release)


def switch(home: Home, release: Path) -> None:
    """Make a release the current one: the only moment at which readers see anything change."""
    replace_link(home.current, Path("releases") / release.name)
    finish_switch(home)


def finish_switch(home: Home) -> None:
    """Make the links through `current` where they are missing: a crash in the first switch may have left it alone."""
    if not home.current.exists():
        return
    replace_link(home.results, Path("current") / "results.duckdb")
    replace_link(home.site, Path("current") / "site")
