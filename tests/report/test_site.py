"""The site of a small release: every page in both languages, linked, well formed, and drawn from the results."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows.home import PROJECT_ROOT, STUDY_FILE
from models_py.study import Study, load_study
from models_py.tables import PUBLISHED_TABLES
from report import figures
from report.release import read_release
from report.site import write_site
from report.site.page import PAGES, page_path
from tests.releases import RUN_ID, write_release
from tests.report.html_pages import Page

FIRST_PAGE_BYTES = 1_500_000
ALL_PAGES = [page_path(name, language) for language in ("nb", "en") for name in PAGES]
Changed = Callable[..., Path]


@pytest.fixture(scope="module")
def whole_study() -> Study:
    return load_study(STUDY_FILE)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, whole_study: Study) -> Path:
    """A release with Data Docs and a brief beside it."""
    folder = write_release(tmp_path_factory.mktemp("site") / RUN_ID, whole_study)
    for gate in ("incoming", "marts", "results"):
        page = folder / "data_docs" / gate / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text("<!DOCTYPE html><html lang='en'><title>Data Docs</title></html>", encoding="utf-8")
    (folder / "brief_nb.pdf").write_bytes(b"%PDF-1.7")
    (folder / "output_check.html").write_text("<!DOCTYPE html><html lang='en'><title>Output check</title></html>")
    return folder


@pytest.fixture(scope="module")
def site(published: Path) -> Path:
    folder = published.parent / "site"
    write_site(read_release(published), folder, published, [published / "brief_nb.pdf"])
    return folder


@pytest.fixture
def changed_site(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """The site of a copy of the release in which statements have been carried out; pictures are not drawn."""
    monkeypatch.setattr(figures, "drawn", lambda *told: "<svg xmlns='http://www.w3.org/2000/svg'/>")

    def written(*statements: str, **manifest: object) -> Path:
        release = tmp_path / "changed"
        shutil.copytree(published, release)
        making = (release / "results.duckdb").rename(release / "release.duckdb")
        with duckdb.connect(str(making)) as con:
            for statement in statements:
                con.execute(statement)
        making.rename(release / "results.duckdb")
        told = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
        (release / "manifest.json").write_text(json.dumps(told | manifest), encoding="utf-8")
        write_site(read_release(release), tmp_path / "site", release, [])
        return tmp_path / "site"

    return written


def differing(one: Path, other: Path) -> set[str]:
    return {page for page in ALL_PAGES if (one / page).read_text("utf-8") != (other / page).read_text("utf-8")}


@pytest.mark.parametrize("page", ALL_PAGES)
def test_pages_are_well_formed(site: Path, page: str) -> None:
    found = Page(site / page)
    assert found.faults == []
    assert len(found.ids) == len(set(found.ids))


@pytest.mark.parametrize("page", ALL_PAGES)
def test_every_link_leads_somewhere_within_the_site(site: Path, page: str) -> None:
    found = Page(site / page)
    assert found.links
    for reference in [*found.links, *(load for load in found.loads if not load.startswith("data:"))]:
        file, place = found.target(reference)
        assert file.is_relative_to(site.resolve()), reference
        assert file.is_file(), reference
        assert not place or place in Page(file).ids, reference


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_have_the_same_sections(site: Path, name: str) -> None:
    norwegian, english = (Page(site / page_path(name, language)) for language in ("nb", "en"))
    assert (norwegian.language, english.language) == ("nb", "en")
    assert norwegian.ids == english.ids
    assert norwegian.sections == english.sections
    assert norwegian.text != english.text


def test_the_language_switch_keeps_the_page(site: Path) -> None:
    assert "en/hypotheses.html" in Page(site / "hypotheses.html").links
    assert "../hypotheses.html" in Page(site / "en" / "hypotheses.html").links


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for path in [*site.glob("*.html"), *site.glob("en/*.html")]:
        assert not [load for load in Page(path).loads if re.match(r"(https?:)?//", load)]
    for path in site.rglob("*.css"):
        assert not re.search(r"@import|url\(", path.read_text("utf-8")), path


def test_no_path_of_this_machine_is_told(site: Path, published: Path) -> None:
    ours = [str(PROJECT_ROOT).encode(), str(Path.home()).encode() + b"/", str(published.parent).encode()]
    for path in site.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [name for name in ours if name in content], path


@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_first_page_is_small_and_loads_no_engine(site: Path, language: str) -> None:
    page = Page(site / page_path("index", language))
    files = [page.target(load)[0] for load in page.loads if not load.startswith("data:")]
    assert sum(file.stat().st_size for file in [page.path, *files]) < FIRST_PAGE_BYTES
    assert not [file for file in files if file.name in ("vega.js", "engine.js", "database.js")]


def test_figures_bring_their_script_and_a_picture_for_those_without(site: Path) -> None:
    page = Page(site / "figures.html")
    assert "static/vega.js" in page.loads
    assert [load for load in page.loads if load.endswith(".svg")] == [
        f"downloads/{name}_nb.svg" for name in figures.FIGURES
    ]
    text = page.path.read_text("utf-8")
    for name in figures.FIGURES:
        inline = re.search(rf'id="{name}_specification">(.*?)</script>', text, re.DOTALL)
        assert json.loads(inline[1])["description"]
        for form in ("svg", "png", "pdf"):
            assert (site / "downloads" / f"{name}_nb.{form}").stat().st_size > 1000


def test_every_table_and_column_is_in_the_dictionary(site: Path) -> None:
    page = Page(site / "dictionary.html")
    for table in PUBLISHED_TABLES:
        assert f"results.{table.name}" in page.ids
        for column in table.published_columns:
            assert column.description in page.text
    assert "marts.person_year" in page.ids


def test_a_changed_coefficient_changes_figures_and_tables(site: Path, changed_site: Changed) -> None:
    other = changed_site(
        "update history.coefficient set estimate = 0.777 where model = 'pooled' and population_group = 'native' "
        "and outcome = 'emigration' and term = 'centrality' and level = '1'"
    )
    assert {"figures.html", "en/figures.html", "tables.html", "en/tables.html"} <= differing(site, other)
    assert "0,777" in Page(other / "tables.html").text
    assert "0.777" in Page(other / "en" / "tables.html").text
    assert "0.777" in (other / "figures.html").read_text("utf-8")


def test_a_changed_verdict_changes_every_page_that_shows_it(site: Path, changed_site: Changed) -> None:
    other = changed_site(
        "update history.hypothesis_verdict set verdict = 'not_supported', n_supporting = 0 "
        "where hypothesis_id = 'H1a' and model = 'pooled'"
    )
    pages = {f"{folder}{name}.html" for folder in ("", "en/") for name in ("index", "tables", "hypotheses")}
    assert pages <= differing(site, other)


def test_a_changed_count_changes_the_accounting(site: Path, changed_site: Changed) -> None:
    other = changed_site(
        "update history.panel_accounting set persons = 12345 where year = 2016 and disposition = 'died'"
    )
    assert {"accounting.html", "en/accounting.html"} <= differing(site, other)
    assert "12\u202f345" in Page(other / "accounting.html").text


def test_withheld_counts_are_said_and_sums_only_bounded(changed_site: Changed) -> None:
    page = Page(
        changed_site("update history.panel_accounting set persons = null where year = 2016 and disposition = 'died'")
        / "en"
        / "accounting.html"
    )
    words = re.sub(r"[ \n]+", " ", page.text)
    assert "Died during the year withheld" in words
    assert "at least 9\u202f105 (1 withheld)" in words


def test_only_simulated_data_are_called_simulated(site: Path, changed_site: Changed) -> None:
    real = changed_site(simulated_deliveries=[])
    for page in ALL_PAGES:
        assert re.search("[Ss]imul", Page(site / page).text), page
    for name in ("index", "accounting", "release"):
        assert not re.search("[Ss]imul", Page(real / page_path(name, "nb")).text), name


def test_colours_can_be_read_in_light_and_dark(site: Path) -> None:
    style = (site / "static" / "site.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in re.findall(r":root \{([^}]*)\}", style)[:2]
    )
    for palette in (light, dark):
        for ink in ("ink", "quiet", "link", "good", "partly", "bad"):
            for paper in ("paper", "shade"):
                assert contrast(palette[ink], palette[paper]) >= 4.5, (ink, paper)
        for ink in ("notice-ink", "good", "partly", "bad"):
            assert contrast(palette[ink], palette["notice"]) >= 4.5, ink


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
