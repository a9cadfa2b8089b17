"""The step `report`: part of every publication, atomic when done again, and never in the way of what is published."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flows.home import PROJECT_ROOT, Home
from flows.pipeline import run_publish, run_report
from flows.publish import copy_data_docs
from flows.rendering import NothingToReport
from flows.state import due
from flows.status import status_text
from models_py.study import Study
from report.release import read_release
from tests.flows.conftest import Refreshed
from tests.report.html_pages import Page

BRIEFS = ["brief_en.html", "brief_en.pdf", "brief_nb.html", "brief_nb.pdf"]


class RenderingBroke(Exception):
    """What a test lets happen."""


@pytest.fixture
def broken_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendering that stops halfway, with some of it written."""

    def render(_release: Path, into: Path, _results: Path) -> list[str]:
        (into / "site").mkdir(parents=True)
        raise RenderingBroke

    monkeypatch.setattr("report.render.render", render)


def everything(folder: Path) -> dict[str, bytes]:
    """Every file of a release by its place, links followed, renderings' own names left out."""
    found = {}
    for part in sorted(folder.iterdir()):
        if not part.name.startswith("report"):
            for path in [part, *part.rglob("*")] if part.is_dir() else [part]:
                if path.is_file():
                    found[str(path.relative_to(folder))] = path.read_bytes()
    return found


HOLD = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


def test_nobody_who_opens_the_results_stops_a_report(own_copy: Refreshed, study: Study) -> None:
    """Opened as for writing, which locks the database for every other process."""
    command = [sys.executable, "-c", HOLD, str(own_copy.home.results.resolve())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == b"open\n"
        run_report(own_copy.home, study)
        reader.communicate()
    assert not (own_copy.home.work / "released.duckdb").exists()


def test_a_refresh_gives_site_and_briefs(refreshed: Refreshed, study: Study) -> None:
    home = refreshed.home
    run_id = home.current.resolve().name
    assert sorted(path.name for path in home.current.glob("brief_*")) == BRIEFS
    assert (home.current / "brief_nb.pdf").read_bytes().startswith(b"%PDF")
    for page in ("index.html", "en/index.html"):
        assert run_id in Page(home.site / page).text
    assert home.site.resolve().is_relative_to(home.releases / run_id)
    assert f"site        {home.site / 'index.html'}" in status_text(home, study)


def test_the_site_carries_the_documentation_of_its_own_release(refreshed: Refreshed) -> None:
    home = refreshed.home
    links = Page(home.site / "release.html").links
    for place in (
        *(f"data_docs/{gate}/index.html" for gate in ("incoming", "marts", "results")),
        "dbt_docs/index.html",
    ):
        assert place in links
        assert (home.site / place).is_file()
    told = Page(home.site / "release.html").text
    for file in read_release(home.current).manifest["inputs"]:
        assert file["sha256"] in told


def test_pages_of_a_run_that_was_thrown_away_are_not_published(tmp_path: Path) -> None:
    """A refused delivery's page said of a release, which does not rest on it, that its registers are wrong."""
    docs, published = tmp_path / "docs", tmp_path / "published"
    for gate, run_id in (("incoming", "refused"), ("marts", "run-1"), ("results", "run-2")):
        (docs / gate / "validations" / gate / "schema" / "table" / run_id / "time").mkdir(parents=True)
    copy_data_docs(docs, published, {"incoming": "run-1", "marts": "run-1", "results": "run-2"})
    assert {path.name for path in published.iterdir()} == {"marts", "results"}


def test_the_manifest_counts_what_the_gates_checked(refreshed: Refreshed) -> None:
    checked = read_release(refreshed.home.current).manifest["validation"]
    assert {row["gate"] for row in checked} == {"incoming", "marts"}
    assert all(row["met"] == row["expectations"] > 0 for row in checked)


def test_what_is_shared_can_be_read_and_tells_no_path(refreshed: Refreshed) -> None:
    home = refreshed.home
    release = home.current.resolve()
    for path in release.rglob("*"):
        assert path.stat().st_mode & stat.S_IROTH, path
    for path in home.site.resolve().rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [ours for ours in (PROJECT_ROOT, home.path) if str(ours).encode() in content], path


@pytest.mark.usefixtures("quick_rendering")
def test_dbt_docs_are_of_the_build_that_is_published(own_copy: Refreshed, study: Study) -> None:
    """Not of a later one that passed no gate 2 and was thrown away, whose manifest is all that is left of it."""
    page = own_copy.home.current / "dbt_docs" / "index.html"
    before = page.read_text("utf-8")
    (own_copy.home.dbt / "manifest.json").write_text("{}")
    run_publish(own_copy.home, study)
    assert page.read_text("utf-8") == before


def test_dbt_docs_hold_no_compiled_code(refreshed: Refreshed) -> None:
    page = (refreshed.home.site / "dbt_docs" / "index.html").read_text("utf-8")
    assert "model.flyttepanel.person_year" in page
    assert '"compiled_code"' not in page
    assert '"send_anonymous_usage_stats": false' in page


def test_dbt_names_what_people_look_at(refreshed: Refreshed) -> None:
    manifest = json.loads((refreshed.home.work / "dbt" / "manifest.json").read_text("utf-8"))
    exposures = {exposure["name"]: exposure for exposure in manifest["exposures"].values()}
    assert set(exposures) == {"policy_brief", "site"}
    for exposure in exposures.values():
        named = {node.removeprefix("model.flyttepanel.") for node in exposure["depends_on"]["nodes"]}
        assert {"observed_rate", "panel_accounting", "cell", "path"} <= named


def test_rendering_again_switches_everything_in_one_step(own_copy: Refreshed, study: Study) -> None:
    home = own_copy.home
    before, release = everything(home.current), home.current.resolve()
    first = (release / "report").resolve()
    assert run_report(home, study) == release == home.current.resolve()
    assert (release / "report").resolve() != first
    assert not first.exists()
    after = everything(home.current)
    assert after.keys() == before.keys()
    same_to_the_byte = [name for name in before if not name.endswith((".pdf", ".xlsx"))]
    assert [name for name in same_to_the_byte if before[name] != after[name]] == []
    assert not due(home, study)


def test_a_crash_while_rendering_again_leaves_the_release_whole(
    own_copy: Refreshed, study: Study, broken_rendering: None
) -> None:
    home = own_copy.home
    before = everything(home.current)
    with pytest.raises(RenderingBroke):
        run_report(home, study)
    assert everything(home.current) == before


def test_a_crash_while_rendering_a_new_release_leaves_the_old_one(
    own_copy: Refreshed,
    study: Study,
    monkeypatch: pytest.MonkeyPatch,
    broken_rendering: None,
    request: pytest.FixtureRequest,
) -> None:
    home = own_copy.home
    before, releases = everything(home.current), sorted(home.releases.iterdir())
    with pytest.raises(RenderingBroke):
        run_publish(home, study)
    assert everything(home.current) == before
    assert sorted(home.releases.iterdir()) == releases
    monkeypatch.undo()
    request.getfixturevalue("quick_rendering")
    release = run_publish(home, study)
    assert home.current.resolve() == release
    assert (home.site / "index.html").is_file()
    assert not list(home.work.glob("release-*")) + list(home.work.glob("report-*"))


def test_a_release_without_a_report_gets_one(own_copy: Refreshed, study: Study, quick_rendering: None) -> None:
    """As releases were before there was a site."""
    home = own_copy.home
    release = home.current.resolve()
    home.site.unlink()
    for path in [path for path in release.iterdir() if path.is_symlink()]:
        path.unlink()
    run_report(home, study)
    assert (home.site / "index.html").is_file()


def test_links_to_parts_that_are_no_longer_rendered_go(
    own_copy: Refreshed, study: Study, quick_rendering: None
) -> None:
    run_report(own_copy.home, study)
    assert not list(own_copy.home.current.glob("brief_*"))
    assert [path for path in own_copy.home.current.iterdir() if not path.exists()] == []


def test_a_report_needs_a_release_of_this_study(own_copy: Refreshed, study: Study, tmp_path: Path) -> None:
    with pytest.raises(NothingToReport, match="refresh"):
        run_report(Home(tmp_path / "empty"), study)
    other = study.model_copy(update={"tests": study.tests.model_copy(update={"level": 0.01})})
    with pytest.raises(NothingToReport, match="study"):
        run_report(own_copy.home, other)


def test_the_difference_to_the_release_before_is_told(own_copy: Refreshed, study: Study) -> None:
    home = own_copy.home
    first = json.loads((home.current / "manifest.json").read_text("utf-8"))["run_id"]
    run_publish(home, study)
    text = Page(home.site / "en" / "release.html").text
    assert first in text
    assert "All verdicts are the same." in text
    assert "All published counts are the same." in text
