"""Databases built once and shared: dbt takes longer to start than to build so few persons."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.build import build
from flows.home import STUDY_FILE
from models_py.study import Study, load_study
from tests.panel.raw_tables import Registers, write_registers

Query = Callable[[Path, str], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def study() -> Study:
    """The study as published, but with a panel that starts in 2015 and goes as far as the registers."""
    return load_study(STUDY_FILE)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Registers, Study, Path], Path]:
    """Fill raw.* of a database with registers and build it; dbt's parser cache is shared by rule."""
    works = tmp_path_factory.mktemp("dbt")

    def fill_and_build(registers: Registers, study: Study, database: Path) -> Path:
        write_registers(database, registers)
        build(database, study, works / study.panel.outcome_rule)
        return database

    return fill_and_build


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
