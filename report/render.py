"""Render everything that readers see of one release into one folder.

Belongs here: the order. Does not belong here: any part itself, or how a rendered folder becomes visible
(`flows/rendering.py`).
"""

from dataclasses import replace
from pathlib import Path

from report.brief import write_briefs
from report.release import kept_open, read_release
from report.site import write_site


def render(folder: Path, into: Path, results: Path) -> list[str]:
    """Render briefs and site.

    Args:
        folder: the release, or a draft of one: `results.duckdb`, `manifest.json`, and what the site copies beside them.
        into: the folder to create for the rendered files.
        results: the database to read: the folder's, or a copy of it.

    Returns:
        Names of the entries in `into`: `site` and the briefs.
    """
    into.mkdir(parents=True)
    with kept_open(replace(read_release(folder), results=results)) as release:
        briefs = write_briefs(release, into)
        write_site(release, into / "site", folder, briefs)
    return sorted(path.name for path in into.iterdir())
