"""The step `report`: a release's site and briefs, beside its database.

Everything rendered lies in a folder `report-<stamp>` of the release, to which the link `report` points. `site` and the
other parts are links through `report`, just as `results.duckdb` in the home directory is one through `current`. So a
release can be rendered again and switched in one step, while its database and manifest stay as they were published.

Not named `report`: Prefect puts the folder of the flows first on the path, where it would hide the package `report`.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.home import Home
from flows.links import replace_link, share
from flows.log import step
from flows.versions import new_run_id
from models_py.study import Study, study_hash

RENDERED = "report-"


class NothingToReport(RuntimeError):
    """There is no release to render, or it was made under another specification than the current one."""


def report(home: Home, release: Path) -> None:
    """Render the report of a release, or of a draft of one, and switch it in; an earlier report is removed."""
    from report.render import render

    for left_over in home.work.glob(f"{RENDERED}*"):
        shutil.rmtree(left_over)
    fresh = home.work / f"{RENDERED}{new_run_id()}"
    with step("report") as said, results_to_read(home, release) as results:
        parts = render(release, fresh, results)
        said.append(f"{len(parts)} parts")
    share(fresh)
    os.replace(fresh, release / fresh.name)
    replace_link(release / "report", Path(fresh.name))
    for part in parts:
        replace_link(release / part, Path("report") / part)
    remove_older(release, fresh.name)


@contextmanager
def results_to_read(home: Home, release: Path) -> Iterator[Path]:
    """Yield a copy of a release's database: somebody who has opened the original for writing has locked it."""
    copy = home.work / "released.duckdb"
    try:
        yield Path(shutil.copyfile(release / "results.duckdb", copy))
    finally:
        copy.unlink(missing_ok=True)


def remove_older(release: Path, current: str) -> None:
    """Remove renderings that no link leads to any more, and links to parts that are no longer made."""
    for path in release.iterdir():
        if path.is_symlink() and not path.exists():
            path.unlink()
        elif path.name.startswith(RENDERED) and path.name != current:
            shutil.rmtree(path)


def published_release(home: Home, study: Study) -> Path:
    """The folder of the current release.

    Raises:
        NothingToReport: there is none, or it was made under another specification, so that a new one is due.
    """
    from flows.state import current_manifest

    manifest = current_manifest(home)
    if manifest is None:
        raise NothingToReport("nothing has been published yet; run `flyttepanel refresh`")
    if manifest["study_hash"] != study_hash(study):
        raise NothingToReport("study.yml is another than the release was made under; run `flyttepanel refresh`")
    return home.current.resolve()
