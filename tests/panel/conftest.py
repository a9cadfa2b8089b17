"""Databases built once and shared: dbt takes longer to start than to build so few persons."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.build import build
from flows.home import STUDY_FILE
from models_py.study import Study, load_study
from tests.faults.warm import forked_dbt
from tests.panel.random_registers import RandomRegisters
from tests.panel.raw_tables import Registers, write_registers
from tests.panel.rule_tables import all_cases, registers_of

OUTCOME_RULES = ("year_end", "first_event")
PERSONS = 1500


@dataclass(frozen=True)
class BuiltPanel:
    """A warehouse, and what it was built from."""

    database: Path
    registers: Registers
    study: Study

    def copy(self, folder: Path) -> Path:
        """The warehouse again, to do something to."""
        return Path(shutil.copy(self.database, folder / "copy.duckdb"))


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study(STUDY_FILE)


@pytest.fixture(scope="session")
def dbt_work(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder for dbt by outcome rule, so that dbt parses the project once for each."""
    works = tmp_path_factory.mktemp("dbt")
    return lambda outcome_rule: works / outcome_rule


@pytest.fixture(scope="module")
def warm_dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with forked_dbt(tmp_path_factory.mktemp("warm")):
        yield


@pytest.fixture(scope="session")
def panels(
    study: Study, dbt_work: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, BuiltPanel]:
    """Under each outcome rule one panel: the persons of docs/panel_rules.md among random ones."""
    built = {}
    for outcome_rule in OUTCOME_RULES:
        examples = registers_of(case for case in all_cases() if case.outcome_rule == outcome_rule)
        drawn = RandomRegisters(seed=2020).draw(PERSONS)
        registers = {table: examples[table] + drawn[table] for table in drawn}
        panel = BuiltPanel(
            tmp_path_factory.mktemp(outcome_rule) / "warehouse.duckdb", registers, with_rule(study, outcome_rule)
        )
        write_registers(panel.database, registers)
        build(panel.database, panel.study, dbt_work(outcome_rule))
        built[outcome_rule] = panel
    return built


def with_rule(study: Study, outcome_rule: str) -> Study:
    """The same study under another outcome rule."""
    panel = study.panel.model_copy(update={"outcome_rule": outcome_rule})
    return study.model_copy(update={"panel": panel})


def query(database: Path, sql: str) -> list[dict[str, Any]]:
    """Rows of a query as dictionaries."""
    with duckdb.connect(str(database), read_only=True) as con:
        result = con.execute(sql)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
