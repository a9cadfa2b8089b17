"""One atomic switch: a finished draft becomes a release, and a release becomes the one that readers see.

Not in `flows/publish.py`: its imports for disclosure control would delay a refresh that has to load first.
"""

import os
from pathlib import Path

from flows.candidate import sync
from flows.home import Home, is_broken_link
from flows.links import replace_link, share
from storage.catalogue import has_table
from storage.warehouse import open_warehouse


def seal(draft: Path, release: Path) -> Path:
    """Move a finished draft to its name among the releases."""
    share(draft)
    os.replace(draft, release)
    sync(release.parent)
    return release


def publish_release(home: Home, release: Path) -> None:
    """Make a new release the current one, and remember that readers have had it: `current` may be pointed back by hand.

    It is remembered first. A crash in between then means that later counts are protected against a release that nobody
    has seen. In the other order they could be published beside one that everybody has but that is forgotten.
    """
    replace_link(home.last_published, Path(release.name))
    switch(home, release)


def switch(home: Home, release: Path) -> None:
    """Make a release the current one: the only moment at which readers see anything change."""
    replace_link(home.current, Path("releases") / release.name)
    finish_switch(home)


def finish_publication(home: Home) -> None:
    """Publish the release that the warehouse remembers as made last, if a crash has kept it from being published.

    It had passed its gates, and the warehouse that it was made from is in place: nothing changes it before this. If all
    links are lost, as in a copy that does not keep them, publishing this release makes them again. If a link leads
    nowhere, nothing is done: it may have led to a later release, and the next publication says what to do.
    """
    links = (home.last_published, home.current)
    made = last_made(home)
    if made is None or not (made / "results.duckdb").exists() or any(map(is_broken_link, links)):
        return
    if any(link.exists() for link in links) and not continues(home, made, home.last_published):
        return
    publish_release(home, made)


def continues(home: Home, made: Path, published: Path) -> bool:
    """Whether a release has the history of another and more after it; False if that other one does not exist."""
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
    """The folder of the release whose counts the warehouse has remembered last; None if there are none."""
    if not home.warehouse.exists():
        return None
    with open_warehouse(home.warehouse, read_only=True) as con:
        if not has_table(con, "audit", "released_count"):
            return None
        row = con.sql("select arg_max(run_id, rowid) from audit.released_count").fetchone()
    return home.releases / row[0] if row and row[0] else None


def finish_switch(home: Home) -> None:
    """Make the links through `current` if they are missing: a crash in the first switch may make `current` alone."""
    if not home.current.exists():
        return
    replace_link(home.results, Path("current") / "results.duckdb")
    replace_link(home.site, Path("current") / "site")
