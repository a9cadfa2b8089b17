"""That the gates' joins stay as large as the registers, whatever order DuckDB takes them in."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from expectations.dialect import DUCKDB_WORDS
from expectations.engine import settings
from expectations.suite_files import suites_of
from models_py.study import Study
from storage.warehouse import open_warehouse
from tests.flows.conftest import PERSONS, Refreshed

Operator = Mapping[str, Any]


@pytest.mark.parametrize("gate", ["incoming", "marts"])
def test_no_join_makes_many_rows_of_few(
    gate: Literal["incoming", "marts"], refreshed: Refreshed, study: Study, tmp_path: Path
) -> None:
    """Movers met all residents of their municipality: at two million persons billions of rows, which no memory held."""
    profile = tmp_path / "profile.json"
    grown = {}
    with open_warehouse(refreshed.home.warehouse, read_only=True, config=settings()) as con:
        con.execute(f"set enable_profiling = 'json'; set profiling_output = '{profile}'")
        for suite in suites_of(gate, study, DUCKDB_WORDS):
            for rule in suite.rules:
                if rule.sql:
                    con.execute(rule.sql).fetchall()
                    made = [join for join in joins(json.loads(profile.read_text())) if join > PERSONS]
                    grown |= {f"{suite.table} {rule.name}": made} if made else {}
    assert not grown


def joins(operator: Operator) -> Iterator[int]:
    """Of every join of a plan that makes more than twice the rows it is given, the rows it makes."""
    children = operator.get("children", [])
    made, given = operator.get("operator_cardinality", 0), [child.get("operator_cardinality", 0) for child in children]
    if "JOIN" in operator.get("operator_type", "") and made > 2 * max(given):
        yield made
    for child in children:
        yield from joins(child)
