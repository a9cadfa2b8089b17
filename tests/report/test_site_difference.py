"""What a release page says has changed since the release before."""

import copy
import re
from datetime import timedelta
from pathlib import Path

import pytest

from flows.diff.published import compare_published
from flows.home import STUDY_FILE
from models_py.study import Study, load_study
from report.difference import difference, release_before
from report.release import Release, read_release
from report.site.page import write_page
from report.site.provenance import provenance
from tests.releases import MADE, RUN_ID, manifest, release_rows, write_release, write_rows
from tests.report.html_pages import Page

NEXT_RUN = "20260201T000000Z-bbbbbb"


@pytest.fixture(scope="module")
def whole_study() -> Study:
    return load_study(STUDY_FILE)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, whole_study: Study) -> Release:
    """A release with a year more, a new input, one other verdict, one other count and two other coefficients."""
    folder = tmp_path_factory.mktemp("releases")
    first = write_release(folder / RUN_ID, whole_study)
    rows, told = copy.deepcopy(release_rows(whole_study)), manifest(whole_study)
    later = MADE + timedelta(days=31)
    rows["run"][0] |= {"finished_at": later, "last_year": 2018, "input_hash": "9" * 64}
    rows["hypothesis_verdict"][0]["verdict"] = "not_supported"
    rows["panel_accounting"][0]["persons"] = 905
    rows["panel_accounting"].append({"year": 2018, "disposition": "stay", "persons": 9300})
    estimated = [row for row in rows["coefficient"] if not row["is_reference"]]
    estimated[0]["estimate"] += 0.05
    estimated[1]["estimate"] -= 0.4
    told |= {"run_id": NEXT_RUN, "finished_at": later.isoformat(), "input_hash": "9" * 64, "last_year": 2018}
    return read_release(write_rows(folder / NEXT_RUN, rows, told, first / "results.duckdb"))


def test_sums_in_another_order_are_no_change(tmp_path: Path, whole_study: Study) -> None:
    """A rebuild may differ by rounding; neither the release page nor `flyttepanel diff` calls that a change."""
    first = write_release(tmp_path / RUN_ID, whole_study)
    rows, told = copy.deepcopy(release_rows(whole_study)), manifest(whole_study) | {"run_id": NEXT_RUN}
    for row in rows["coefficient"]:
        if not row["is_reference"]:
            row["estimate"] *= 1 + 1e-14
    later = read_release(write_rows(tmp_path / NEXT_RUN, rows, told, first / "results.duckdb"))
    on_page, on_terminal = difference(later, RUN_ID, NEXT_RUN).estimates, compare_published(read_release(first), later)
    assert (on_page.n_changed, on_page.largest) == (0, [])
    assert (on_terminal.n_coefficients_changed, on_terminal.coefficients) == (0, ())
    assert on_page.n_shared == on_terminal.n_coefficients > 0


def test_the_release_before_is_found(second: Release) -> None:
    assert release_before(second, NEXT_RUN) == RUN_ID
    assert release_before(second, RUN_ID) is None


def test_the_release_before_was_published_before_whatever_the_clock_said(tmp_path: Path, whole_study: Study) -> None:
    first = write_release(tmp_path / RUN_ID, whole_study)
    rows, told = copy.deepcopy(release_rows(whole_study)), manifest(whole_study) | {"run_id": NEXT_RUN}
    rows["run"][0]["finished_at"] = MADE - timedelta(days=365)
    later = read_release(write_rows(tmp_path / NEXT_RUN, rows, told, first / "results.duckdb"))
    assert release_before(later, NEXT_RUN) == RUN_ID
    assert release_before(later, RUN_ID) is None


def test_changes_are_found_and_nothing_else(second: Release) -> None:
    found = difference(second, RUN_ID, NEXT_RUN)
    changed = {row["what"] for row in found.basis if row["before"] != row["after"]}
    assert changed == {"input_hash", "last_year"}
    assert [(row["hypothesis_id"], row["before"], row["after"]) for row in found.verdicts] == [
        ("H1a", "supported", "not_supported")
    ]
    assert [(row["year"], row["disposition"], row["before"], row["after"]) for row in found.counts] == [
        (2015, "unknown_municipality", 5, 905),
        (2018, "stay", None, 9300),
    ]
    assert (found.estimates.n_changed, found.estimates.n_appeared, found.estimates.n_vanished) == (2, 0, 0)
    assert [round(row["in_std_errors"], 6) for row in found.estimates.largest] == [-4.0, 0.5]


def test_a_release_does_not_differ_from_itself(second: Release) -> None:
    found = difference(second, NEXT_RUN, NEXT_RUN)
    assert (found.verdicts, found.counts, found.estimates.largest) == ([], [], [])


@pytest.mark.parametrize(("language", "before", "after"), [("nb", "Ja", "Nei"), ("en", "Yes", "No")])
def test_the_page_tells_the_changes(second: Release, tmp_path: Path, language: str, before: str, after: str) -> None:
    page = Page(write_page(tmp_path, "release", language, second, provenance(second, tmp_path)))
    words = re.sub(r"[ \n]+", " ", page.text)
    assert RUN_ID in words
    assert f"● {before} → ○ {after}" in words
    assert "9\u202f300" in words
    assert "\u22124,00" in words or "\u22124.00" in words


def test_the_first_release_says_so(second: Release, tmp_path: Path) -> None:
    first = read_release(second.results.parents[1] / RUN_ID)
    page = Page(write_page(tmp_path, "release", "en", first, provenance(first, tmp_path)))
    assert "This is the first release." in page.text
