"""A gate on Spark that refuses says the same as in DuckDB, and lets nothing in."""

import json
from pathlib import Path

import duckdb
import pytest

from expectations.gate import GateFailed, run_gate
from flows import spark, steps
from flows.home import Home
from models_py.study import Study
from storage.sql import literal
from tests.panel.conftest import query

# A code that stands twice, and a table without the column that one rule is about and the register that another asks.
# All other tables are missing, so that there is little to ask.
FAULTY = {
    "marts.municipality": "select 'KANARI' as municipality_code from range(2)",
    "marts.move_event": "select 987654321 as person_key",
}


def test_a_refusal_on_spark_reads_as_in_duckdb(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "Ola's home")
    home.create()
    database, candidate = tmp_path / "faulty.duckdb", home.work / "candidate.duckdb"
    with duckdb.connect(str(database)) as con:
        con.execute("create schema marts")
        for table, rows in FAULTY.items():
            con.execute(f"create table {table} as {rows}")
    monkeypatch.setattr(spark, "build", faulty_build)

    with pytest.raises(GateFailed) as in_duckdb:
        run_gate("marts", database, study, "run", tmp_path / "docs")
    with pytest.raises(GateFailed) as on_spark:
        steps.build_on_spark(home, candidate, study, "run")

    told = str(on_spark.value)
    assert (
        "marts.municipality · municipality_code: A municipality code stands once [code_unique]\n    codes 1\n" in told
    )
    assert "[event_type_known] (could not be checked: its columns are not there)" in told
    assert "[events_kept] (could not be checked: TABLE_OR_VIEW_NOT_FOUND)" in told
    assert told == str(in_duckdb.value).replace("CatalogException", "TABLE_OR_VIEW_NOT_FOUND")
    assert [path for path in home.work.rglob("*") if path.suffix in (".html", ".parquet", ".json")] == []
    tables = query(candidate, "select table_schema || '.' || table_name as name from information_schema.tables")
    assert tables == [{"name": "audit.validation"}]


def faulty_build(_database: Path, storage: spark.Storage, _study: Study, work: Path) -> Path:
    """What a build leaves: tables, and a manifest that names them."""
    (storage.path / "raw").mkdir()
    for table, rows in FAULTY.items():
        storage.table(table).mkdir(parents=True)
        duckdb.execute(f"copy ({rows}) to {literal(str(storage.table(table) / 'part.parquet'))} (format parquet)")
    named = [dict(zip(("schema", "name"), table.split("."), strict=True)) for table in FAULTY]
    work.mkdir()
    nodes = {str(number): node | {"resource_type": "model"} for number, node in enumerate(named)}
    (work / "manifest").write_text(json.dumps({"nodes": nodes}))
    return work / "manifest"
