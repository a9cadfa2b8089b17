"""No result of a validation contains a value from a row, whatever is wrong with the rows."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import duckdb
import great_expectations as gx
import pytest
from great_expectations.core.result_format import ResultFormat

from expectations import checkpoint
from expectations.suite_files import Gate
from models_py.study import Study
from tests.gates.conftest import failure

Database = Callable[..., Path]
CANARY = re.compile(r"(?i)kanari|98765432\d")


@pytest.fixture
def validations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Great Expectations itself would store of every checkpoint run."""
    stored: list[str] = []
    run = gx.Checkpoint.run

    def recorded(self: gx.Checkpoint, **told: object) -> object:
        result = run(self, **told)
        stored.append(json.dumps(result.describe_dict(), default=str))
        stored.extend(json.dumps(one.to_json_dict(), default=str) for one in result.run_results.values())
        return result

    monkeypatch.setattr(gx.Checkpoint, "run", recorded)
    return stored


@pytest.fixture
def all_logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def poison(path: Path, schemas: tuple[str, ...]) -> None:
    """Put a canary into every text and number of every third row, and into dates that are no dates."""
    with duckdb.connect(str(path)) as connection:
        columns = connection.execute(
            "SELECT table_schema || '.' || table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema IN (SELECT unnest(?)) AND column_name NOT IN ('year', 'aar', 'is_current')",
            [list(schemas)],
        ).fetchall()
        for table, column, kind in columns:
            if kind == "VARCHAR":
                connection.execute(f"UPDATE {table} SET {column} = 'KANARI ' || {column} WHERE rowid % 3 = 0")
            elif kind in ("INTEGER", "BIGINT", "DOUBLE"):
                connection.execute(f"UPDATE {table} SET {column} = 987654320 + rowid % 10 WHERE rowid % 3 = 1")
            elif kind == "DATE":
                connection.execute(f"ALTER TABLE {table} ALTER {column} TYPE VARCHAR")
                connection.execute(f"UPDATE {table} SET {column} = 'KANARI' WHERE rowid % 3 = 2")


@pytest.mark.parametrize(
    ("gate", "schemas"), [("incoming", ("raw",)), ("marts", ("marts", "estimation")), ("results", ("results",))]
)
def test_no_value_leaks(
    gate: Gate,
    schemas: tuple[str, ...],
    database: Database,
    study: Study,
    tmp_path: Path,
    validations: list[str],
    all_logs: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = database(gate)
    poison(path, schemas)
    refusal = failure(gate, path, study, tmp_path / "docs")
    with duckdb.connect(str(path), read_only=True) as connection:
        audit = connection.sql("FROM audit.validation").fetchall()
    pages = {page: page.read_text() for page in (tmp_path / "docs").rglob("*.html")}
    output = capfd.readouterr()

    assert sum(not check.success for check in refusal.result.checks) > 10
    assert ("could not be checked" in str(refusal)) == (gate != "results")  # results have no dates to spoil
    assert validations
    assert len(pages) > 10
    for text in [
        str(refusal),
        repr(refusal),
        repr(refusal.result),
        repr(audit),
        all_logs.text,
        output.out,
        output.err,
        *validations,
        *pages.values(),
    ]:
        assert not CANARY.search(text), CANARY.search(text)


def test_data_docs_fetch_nothing_and_name_every_table(database: Database, study: Study, tmp_path: Path) -> None:
    path = database("marts", "DELETE FROM marts.municipality")
    failure("marts", path, study, tmp_path)
    pages = [page.read_text() for page in (tmp_path / "marts").rglob("*.html")]
    assert not any(re.search(r"<script|(src|href)=[\"']https?:[^>]*(css|js|png)", page) for page in pages)
    index = (tmp_path / "marts" / "index.html").read_text()
    assert "marts.marts.municipality</a></td><td>some failed" in index
    assert "marts.marts.person_year</a></td><td>all hold" in index
    for link in re.findall(r'href="([^"]+)"', index):
        assert (tmp_path / "marts" / link).exists()


def test_the_search_would_find_a_leak(
    database: Database, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, validations: list[str]
) -> None:
    monkeypatch.setattr(checkpoint, "ResultFormat", SimpleNamespace(BOOLEAN_ONLY=ResultFormat.SUMMARY))
    path = database("incoming")
    poison(path, ("raw",))
    failure("incoming", path, study, tmp_path)
    assert any(CANARY.search(text) for text in validations)
    assert any(CANARY.search(page.read_text()) for page in tmp_path.rglob("*.html"))
