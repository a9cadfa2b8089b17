"""One atomic switch: a finished draft becomes a release, and a release the one that readers see.

Not in `flows/publish.py`, which imports what disclosure control takes: a refresh that loads wants to start at once.
"""

import os
from pathlib import Path

from flows.candidate import sync
from flows.home import Home, is_broken_link
from flows.links import replace_link, share
from storage.catalogue import has_table
from storage.warehouse import open_warehouse


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


def finish_publication(home: Home) -> None:
    """Publish the release that the warehouse remembers to have been made last, if a crash has kept it from being.

    It had passed its gates, and the warehouse that it was made from stands: nothing is done to it before. Where all
    links are lost, as to a copy that keeps none, they are made again by it. Where one leads nowhere nothing is: it may
    have led to a later release, and publication says what to do.
    """
    links = (home.last_published, home.current)
    made = last_made(home)
    if made is None or not (made / "results.duckdb").exists() or any(map(is_broken_link, links)):
        return
    if any(link.exists() for link in links) and not continues(home, made, home.last_published):
        return
    publish_release(home, made)


def continues(home: Home, made: Path, published: Path) -> bool:
    """Whether a release has the history of another, with more after it; none has that of one that is not there."""
    if not published.exists() or made.resolve() == published.resolve():
        return False
    from flows.rendering import results_to_read
    from models_py.earlier_releases import runs_in_history

    runs = []
    for release in (made, published):
        with results_to_read(home, release) as results:
            runs.append(set(runs_in_history(results)))
    return runs[0] > runs[1]


def last_made(home: Home) -> Path | None:
    """The folder of the release whose counts the warehouse has remembered last; None of none."""
    if not home.warehouse.exists():
        return None
    with open_warehouse(home.warehouse, read_only=True) as con:
        if not has_table(con, "audit", "released_count"):
            return None
        row = con.sql("select arg_max(run_id, rowid) from audit.released_count").fetchone()
    return home.releases / row[0] if row and row[0] else None


def finish_switch(home: Home) -> None:
    """Make the links through `current` where they are missing: a crash in the first switch may have left it alone."""
    if not home.current.exists():
        return
    replace_link(home.results, Path("current") / "results.duckdb")
    replace_link(home.site, Path("current") / "site")
