"""Spark builds what DuckDB builds: marts and estimation input row for row, estimates to the last digit."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import steps
from flows.build import build as build_in_duckdb
from flows.build import rebuild_estimation_input
from flows.candidate import sole_writer
from flows.home import PROJECT_ROOT, Home
from models_py.cells import read_paths
from models_py.estimate import estimate
from models_py.path_kernel import INFORMATION
from models_py.path_likelihood import make_problem, sums
from models_py.random_effects_fit import paths_of
from models_py.study import Study
from synthetic import simulate
from tests.estimation.test_path_partitions import assert_same
from tests.panel.conftest import query, with_rule
from tests.panel.random_registers import RandomRegisters
from tests.panel.raw_tables import Registers, write_registers
from tests.panel.rule_tables import all_cases, registers_of

PERSONS = 800
YEARS = tuple(range(2014, 2026))  # none is left out, else gate 2 would say so
KEYS = ("lopenr_person", "lopenr_familie")
TAKEN_IN = ("marts.person_year", "marts.panel_accounting", "marts.observed_rate", "marts.municipality",
            "marts.move_event", "estimation.cell", "intermediate.person_key")  # fmt: skip


@pytest.mark.usefixtures("warm_dbt", "settings")
def test_random_registers_and_the_rules_examples(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_working_directory: Path
) -> None:
    """Odd registers, some persons with keys already, of which the largest is not the last in order."""
    monkeypatch.setattr("tests.panel.random_registers.YEARS", YEARS)
    first_event = lenient(with_rule(study, "first_event"))  # where no event decides, the year's end does
    home = Home(tmp_path / "Ola's home")
    home.create()
    database, on_spark = tmp_path / "warehouse.duckdb", home.work / "spark.duckdb"
    examples, drawn = registers_of(all_cases()), with_words_for_keys(RandomRegisters(seed=2020).draw(PERSONS))
    write_registers(database, {table: examples[table] + drawn[table] for table in drawn})
    give_keys(database)
    shutil.copyfile(database, on_spark)
    build_in_duckdb(database, first_event, tmp_path / "dbt", full=True)

    steps.build_on_spark(home, on_spark, first_event, "run")

    assert_same_tables(database, on_spark)
    assert len(rows_of(on_spark, "marts.person_year")) > PERSONS
    assert list(home.work.glob("flyttepanel_spark*")) == list(empty_working_directory.iterdir()) == []
    assert_same_estimates(database, on_spark, first_event)


@pytest.mark.campaign
@pytest.mark.usefixtures("users_settings")
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
    with_spark_gone = Path(shutil.copyfile(candidates["spark"], tmp_path / "again.duckdb"))
    checks = [rows_of(candidate, "audit.validation") for candidate in candidates.values()]
    assert checks[0] == checks[1]
    assert list(empty_working_directory.iterdir()) == []
    assert not (home.work / "flyttepanel_spark").exists()
    assert_documented_likelihood(candidates["dev"], tmp_path)
    rebuild_estimation_input(with_spark_gone, study, tmp_path / "dbt_variant")  # DuckDB goes on from Spark's tables
    assert query(with_spark_gone, "from estimation.path") == query(candidates["dev"], "from estimation.path")
    build_in_duckdb(with_spark_gone, study, tmp_path / "dbt")
    assert_same_tables(candidates["dev"], with_spark_gone)


def assert_documented_likelihood(database: Path, folder: Path) -> None:
    """What docs/scale.md says to do where paths no longer fit, as it stands there but for where things lie."""
    [code] = re.findall("```python\n(.*?)```", (PROJECT_ROOT / "docs" / "scale.md").read_text(), re.DOTALL)
    places = {"/secure/flyttepanel/warehouse.duckdb": str(database), "/shared/paths": str(folder / "paths")}
    for documented, here in places.items():
        assert documented in code
        code = code.replace(documented, here)
    said: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        try:
            exec(code, said)
        finally:
            if "session" in said:
                said["session"].stop()
    with duckdb.connect(str(database), read_only=True) as con:
        model, counts = said["model"], said["counts"]
        paths = paths_of(read_paths(con, said["GROUP"]), model.index, counts)
    problem = make_problem(model.X, counts, paths, said["structure"], model.per_dimension)
    assert_same(said["here"], sums(problem, said["theta"], INFORMATION), 1e-10)


def give_keys(database: Path) -> None:
    """Keys that persons have from earlier loads, and one of somebody who is in no register any more."""
    with duckdb.connect(str(database)) as con:
        con.execute("""
            create schema intermediate;
            create table intermediate.person_key as
            select (row_number() over (order by hash(lopenr_person)))::bigint as person_key, lopenr_person
            from (select distinct lopenr_person from raw.faste_oppl order by hash(lopenr_person) limit 50);
            insert into intermediate.person_key values (99, 'gone')
        """)


def lenient(study: Study) -> Study:
    """A study whose gates allow registers as odd as ours, without variants: one would be the study itself."""
    shares = dict.fromkeys(type(study.gates.unknown_share).model_fields, 1.0)
    gates = study.gates.model_dump() | {"unknown_share": shares, "unexplained_exit_share": 1.0}
    return study.model_copy(update={"gates": type(study.gates).model_validate(gates), "variants": ()})


def with_words_for_keys(registers: Registers) -> Registers:
    """Registers with other keys for every other person: letters of both cases, 10 to 19 of them, and one beyond ASCII.

    Numbers of the same length stand in the same order wherever texts are ordered.
    """

    def word(key: str) -> str:
        letters = key.translate(str.maketrans("0123456789", "aBcDeFgHiø"))
        return letters + letters[: int(key[-2])]

    def changed(value: object) -> object:
        return word(value) if isinstance(value, str) and len(value) == 10 and int(value) % 2 else value

    return {
        table: [{name: changed(value) if name in KEYS else value for name, value in row.items()} for row in rows]
        for table, rows in registers.items()
    }


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
