"""Spark builds what DuckDB builds: marts and estimation input row for row, estimates to the last digit."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from flows import spark, steps
from flows.build import build as build_in_duckdb
from flows.build import rebuild_estimation_input
from flows.candidate import sole_writer
from flows.home import Home
from models_py.estimate import estimate
from models_py.study import Study
from synthetic import simulate
from tests.panel.conftest import query, with_rule
from tests.panel.random_registers import RandomRegisters
from tests.panel.raw_tables import write_registers
from tests.panel.rule_tables import all_cases, registers_of

PERSONS = 500
TAKEN_IN = ("marts.person_year", "marts.panel_accounting", "marts.observed_rate", "marts.municipality",
            "marts.move_event", "estimation.cell", "intermediate.person_key")  # fmt: skip


@pytest.mark.usefixtures("warm_dbt")
def test_random_registers_and_the_rules_examples(study: Study, tmp_path: Path) -> None:
    """Odd registers, with keys that persons have from an earlier build; then in DuckDB for a variant, and again."""
    first_event = with_rule(study, "first_event")  # where no event decides, the year's end does
    database, on_spark = tmp_path / "warehouse.duckdb", tmp_path / "spark.duckdb"
    earlier = RandomRegisters(seed=1).draw(50)
    write_registers(database, earlier)
    build_in_duckdb(database, first_event, tmp_path / "dbt")
    examples, drawn = registers_of(all_cases()), RandomRegisters(seed=2020).draw(PERSONS)
    write_registers(database, {table: examples[table] + earlier[table] + drawn[table] for table in drawn})
    shutil.copyfile(database, on_spark)
    build_in_duckdb(database, first_event, tmp_path / "dbt", full=True)

    with spark.scratch_storage(tmp_path / "work") as storage:
        manifest = spark.build(on_spark, storage, first_event, tmp_path / "dbt_spark")
        spark.take_in(storage, manifest, on_spark)

    assert_same_tables(database, on_spark)
    assert len(rows_of(on_spark, "marts.person_year")) > PERSONS
    assert_same_estimates(database, on_spark, first_event)
    in_duckdb = Path(shutil.copyfile(on_spark, tmp_path / "variant.duckdb"))
    rebuild_estimation_input(in_duckdb, first_event, tmp_path / "dbt_variant")
    assert query(in_duckdb, "from estimation.path") == query(on_spark, "from estimation.path")
    build_in_duckdb(on_spark, first_event, tmp_path / "dbt")
    assert_same_tables(database, on_spark)


@pytest.mark.campaign
def test_a_simulated_norway_from_deliveries_to_verdicts(
    study: Study, tmp_path: Path, empty_working_directory: Path
) -> None:
    """Parquet deliveries with all quirks; gate 2 on Spark; everything after is the same code on the same numbers."""
    home = Home(tmp_path / "home")
    home.create()
    simulate(persons=4000, years=(2014, 2018), seed=7, out=home.landing, format="parquet", sampling="balanced")
    candidates = {"dev": tmp_path / "duckdb.duckdb", "spark": tmp_path / "spark.duckdb"}
    steps.load(home, candidates["dev"], study, "run-1")
    shutil.copyfile(candidates["dev"], candidates["spark"])
    for target, candidate in candidates.items():
        with sole_writer(home):
            steps.build(home, candidate, study, "run-1", target=target)

    assert_same_tables(*candidates.values())
    assert_same_estimates(*candidates.values(), study)
    checks = [rows_of(candidate, "audit.validation") for candidate in candidates.values()]
    assert checks[0] == checks[1]
    assert list(empty_working_directory.iterdir()) == []
    assert not (home.work / "flyttepanel_spark").exists()


def assert_same_tables(database: Path, on_spark: Path) -> None:
    """Rows, types, nulls and descriptions are the same, and the rows of paths stand in the same order."""
    for table in TAKEN_IN:
        assert rows_of(on_spark, table) == rows_of(database, table), table
    path = "from estimation.path"
    assert query(on_spark, path) == query(database, path)
    described = """
        select schema_name, table_name, column_name, data_type, is_nullable, comment from duckdb_columns()
        where schema_name in ('marts', 'estimation') and table_name <> 'verdict' order by all
    """
    assert query(on_spark, described) == query(database, described)


def assert_same_estimates(database: Path, on_spark: Path, study: Study) -> None:
    """Every table of `estimation`, to the last digit."""
    for built in (database, on_spark):
        estimate(built, study)
    estimates = tables_of(database, "estimation")
    assert len(estimates) > 5
    assert rows_of(database, "estimation.coefficient")
    for table in estimates:
        assert rows_of(on_spark, table) == rows_of(database, table), table


def tables_of(database: Path, schema: str) -> list[str]:
    rows = query(database, f"select table_name from information_schema.tables where table_schema = '{schema}'")
    return [f"{schema}.{row['table_name']}" for row in rows]


def rows_of(database: Path, table: str) -> list[dict[str, Any]]:
    return query(database, f"from {table} order by all")
