"""The published tables for other tools: valid, complete, and described."""

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import pytest

from flows.home import STUDY_FILE
from models_py.study import load_study
from models_py.table import Table
from models_py.tables import PUBLISHED_TABLES
from report.exports import MISSING, write_exports
from report.release import open_results, read_release
from tests.releases import write_release

ALL_TABLES = pytest.mark.parametrize("table", PUBLISHED_TABLES, ids=lambda table: table.name)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_release(tmp_path_factory.mktemp("exported") / "release", load_study(STUDY_FILE))
    write_exports(read_release(folder), folder)
    return folder


@pytest.fixture(scope="module")
def package(exported: Path) -> dict[str, Any]:
    return json.loads((exported / "data" / "datapackage.json").read_text(encoding="utf-8"))


def rows(exported: Path, source: str) -> list[tuple]:
    with open_results(exported / "results.duckdb") as con:
        return con.sql(f"from {source} order by all").fetchall()


def test_frictionless_finds_the_package_and_every_row_valid(exported: Path) -> None:
    report = frictionless.validate(str(exported / "data" / "datapackage.json"))
    assert report.flatten(["type", "rowNumber", "fieldName", "message"]) == []
    assert [task.name for task in report.tasks] == [table.name for table in PUBLISHED_TABLES]


def test_frictionless_refuses_a_row_that_lacks_what_it_must_have(exported: Path, tmp_path: Path) -> None:
    data = exported / "data"
    for file in data.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    changed = tmp_path / "coefficient.csv"
    changed.write_text(changed.read_text().replace("pooled", MISSING, 1))
    report = frictionless.validate(str(tmp_path / "datapackage.json"))
    faults = {task.name: {error.type for error in task.errors} for task in report.tasks if not task.valid}
    assert faults == {"coefficient": {"constraint-error", "hash-count", "byte-count"}}


@ALL_TABLES
def test_parquet_holds_the_published_rows(exported: Path, table: Table) -> None:
    path = exported / "data" / f"{table.name}.parquet"
    assert rows(exported, f"'{path}'") == rows(exported, f"results.{table.name}")


@ALL_TABLES
def test_csv_holds_the_published_rows(exported: Path, table: Table) -> None:
    types = {column.name: column.sql_type for column in table.published_columns}
    path = exported / "data" / f"{table.name}.csv"
    read = f"read_csv('{path}', columns = {types}, nullstr = '{MISSING}')"
    assert rows(exported, read) == rows(exported, f"results.{table.name}")


def test_every_column_is_described_as_it_is_declared(package: dict[str, Any]) -> None:
    for table, resource in zip(PUBLISHED_TABLES, package["resources"], strict=True):
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == table.column_names
        assert [field["description"] for field in fields] == [one.description for one in table.published_columns]
        assert resource["schema"]["primaryKey"] == ["run_id", *table.key]


def test_every_file_is_named_with_its_sha256(exported: Path, package: dict[str, Any]) -> None:
    named = {
        file["path"]: file["hash"] for resource in package["resources"] for file in (resource, *resource["alternates"])
    }
    there = {
        path.name: f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in (exported / "data").iterdir()
        if path.name != "datapackage.json"
    }
    assert named == there


def test_the_package_says_that_its_norway_is_simulated(package: dict[str, Any]) -> None:
    assert package["sources"] == [{"title": "Simulated register extracts: faste_oppl"}]


def test_the_same_release_gives_the_same_bytes(exported: Path, tmp_path: Path) -> None:
    again = write_exports(read_release(exported), tmp_path).parent
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in (exported / "data").iterdir()
    }


def test_every_table_view_and_column_of_a_release_carries_a_comment(exported: Path) -> None:
    with duckdb.connect() as con:
        con.execute(f"attach '{exported / 'results.duckdb'}' as release (read_only)")
        in_release = "database_name = 'release' and schema_name in ('results', 'history')"
        described = con.sql(f"""
            select schema_name, view_name, comment from duckdb_views() where {in_release}
            union all select schema_name, table_name, comment from duckdb_tables() where {in_release}
        """).fetchall()
        columns = con.sql(f"""
            select schema_name, table_name, column_name, comment from duckdb_columns() where {in_release}
        """).fetchall()
    schemas = ("results", "history")
    assert set(described) == {(schema, one.name, one.description) for schema in schemas for one in PUBLISHED_TABLES}
    assert set(columns) == {
        (schema, table.name, column.name, column.description)
        for schema in schemas
        for table in PUBLISHED_TABLES
        for column in table.published_columns
    }
