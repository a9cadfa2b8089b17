"""SQL in the browser: the engine on the page says what DuckDB says of the same file."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from flows.home import PROJECT_ROOT
from models_py.table import Table
from models_py.tables import PUBLISHED_TABLES
from report import sql_page
from report.language import LANGUAGES, Language
from report.release import Release, open_results
from report.site.page import FOLDERS
from tests.browser.visit import Visit

pytestmark = pytest.mark.usefixtures("sql_page_built")
OPENED = pytest.mark.parametrize("opened", ["served", "from_disk"])


@pytest.fixture(scope="module")
def reader(browser: Browser, served: str) -> Iterator[Visit]:
    """One page for all queries: its engine takes seconds to start."""
    with Visit(browser) as started:
        started.open(f"{served}en/sql.html")
        yield started


@pytest.fixture
def page(reader: Visit) -> Page:
    return reader.page


def run(page: Page, query: str) -> None:
    page.fill("#sql-editor", query)
    page.press("#sql-editor", "Control+Enter")
    expect(page.locator("#sql-run")).to_be_enabled()


def grid(page: Page) -> list[list[str]]:
    return page.eval_on_selector_all(
        "#sql-grid tr", "rows => rows.map(row => [...row.children].map(cell => cell.textContent))"
    )


def download(page: Page) -> list[list[str]]:
    with page.expect_download() as started:
        page.click("#sql-download")
    content = Path(started.value.path()).read_text(encoding="utf-8")
    return list(csv.reader(io.StringIO(content, newline="")))


def expected(release: Release, query: str) -> list[tuple]:
    with open_results(release.results) as con:
        return con.sql(query).fetchall()


def same(value: object, cell: str) -> bool:
    """Whether a CSV cell holds a value of DuckDB's, to the last digit."""
    if value is None:
        return cell == ""
    if isinstance(value, float):
        return float(cell) == value
    return cell == (str(value).lower() if isinstance(value, bool) else str(value))


@OPENED
def test_it_answers_from_a_server_and_from_disk(visit: Visit, opened: str, request: pytest.FixtureRequest) -> None:
    page = visit.open(f"{request.getfixturevalue(opened)}sql.html")
    run(page, "select count(*) as n from results.hypothesis")
    assert grid(page) == [["n"], ["10"]]
    assert visit.faults == []


def test_the_grid_shows_what_duckdb_answers(page: Page, release: Release) -> None:
    query = "select hypothesis_id, verdict, n_tests from results.hypothesis_verdict where model = 'pooled' order by all"
    run(page, query)
    assert grid(page)[1:] == [[str(value) for value in row] for row in expected(release, query)]


@pytest.mark.parametrize(
    "query",
    [
        "select * exclude (run_id) from results.observed_rate order by all",
        "select * exclude (run_id) from results.coefficient order by all",
        "select hypothesis_id, statement_nb, statement_en from results.hypothesis order by all",
        "select 'a \"quoted\", text' as text, '' as empty, null as nothing, 123456789012345678 as large",
    ],
)
def test_the_csv_file_holds_every_value_in_full(page: Page, release: Release, query: str) -> None:
    run(page, query)
    rows = download(page)[1:]
    answer = expected(release, query)
    assert len(rows) == len(answer)
    assert [
        (value, cell)
        for row, cells in zip(answer, rows, strict=True)
        for value, cell in zip(row, cells, strict=True)
        if not same(value, cell)
    ] == []


def test_more_rows_than_are_shown_are_said_and_downloaded(page: Page) -> None:
    run(page, "select range as n from range(2500)")
    assert len(grid(page)) == 1 + 1000
    expect(page.locator("#sql-status")).to_contain_text("The first 1,000 are shown; the CSV file has all of them.")
    assert len(download(page)) == 1 + 2500


def test_a_heading_sorts_all_rows_by_keyboard_with_null_last(page: Page) -> None:
    run(page, "select unnest([2, null, 10, 1]) as n")
    heading = page.locator("#sql-grid th button")
    heading.press("Enter")
    assert grid(page)[1:] == [["1"], ["2"], ["10"], ["NULL"]]
    expect(page.locator("#sql-grid th")).to_have_attribute("aria-sort", "ascending")
    heading.press("Enter")
    assert grid(page)[1:] == [["10"], ["2"], ["1"], ["NULL"]]


def test_what_is_selected_is_what_runs(page: Page) -> None:
    page.fill("#sql-editor", "select 1 as one; select 2 as two")
    page.evaluate("document.querySelector('#sql-editor').setSelectionRange(0, 15)")
    page.press("#sql-editor", "Control+Enter")
    expect(page.locator("#sql-run")).to_be_enabled()
    assert grid(page) == [["one"], ["1"]]


def test_an_error_is_shown_and_gone_with_the_next_answer(page: Page) -> None:
    run(page, "select estimat from results.coefficient")
    expect(page.locator("#sql-error")).to_contain_text("estimat")
    expect(page.locator("#sql-error")).to_contain_text('Candidate bindings: "estimate"')
    expect(page.locator("#sql-download")).to_be_disabled()
    run(page, "select 1 as one")
    expect(page.locator("#sql-error")).to_be_hidden()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from 'https://example.org/rows.csv'", "Cannot access file"),
        ("load httpfs", "disabled"),
        ("select current_date", "without its extensions"),
        ("create table results.mine as select 1", "read-only"),
        ("set enable_external_access = true", "locked"),
    ],
)
def test_nothing_outside_the_release_is_read_or_changed(reader: Visit, query: str, said: str) -> None:
    run(reader.page, query)
    expect(reader.page.locator("#sql-error")).to_contain_text(said)
    assert reader.faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_gives_an_answer(visit: Visit, served: str, language: Language) -> None:
    page = visit.open(f"{served}{FOLDERS[language]}sql.html")
    for button in page.locator("[data-query]").all():
        page.evaluate("document.querySelector('#sql-status').textContent = ''")
        button.click()
        expect(page.locator("#sql-status")).to_have_text(re.compile(r"^\S+ (rows?|rad(er)?)\b"))
    assert visit.faults == []


def test_the_queries_of_the_readme_are_among_the_examples() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```sql\n(.*?)```", readme, re.DOTALL)
    titles = re.findall(r"^-- \d+\. (.+)$", block[1], re.MULTILINE)
    assert titles
    assert set(titles) <= {example["title"] for example in sql_page.examples("en")}


def test_tables_and_columns_are_listed_with_their_comments(page: Page) -> None:
    listed = page.eval_on_selector_all(
        "#sql-schema details",
        """entries => entries.map(entry => [
            entry.querySelector('summary').textContent,
            entry.querySelector('p').textContent,
            [...entry.querySelectorAll('dt code')].map(code => code.textContent),
            [...entry.querySelectorAll('dd')].map(meaning => meaning.textContent),
        ])""",
    )
    assert listed == [
        [f"results.{table.name}", table.description, table.column_names, described(table)]
        for table in sorted(PUBLISHED_TABLES, key=lambda table: table.name)
    ]


def described(table: Table) -> list[str]:
    return [column.description for column in table.published_columns]


def test_a_link_carries_its_query(page: Page, visit: Visit) -> None:
    run(page, "select 6 * 7 as answer")
    assert grid(visit.open(page.url)) == [["answer"], ["42"]]


def test_without_the_bundle_no_page_is_written(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_page, "BUNDLE", tmp_path / "dist")
    assert sql_page.write_sql_page(release, tmp_path) is False
    assert list(tmp_path.iterdir()) == []
