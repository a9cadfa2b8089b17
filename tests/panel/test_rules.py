"""Every example of tests/panel/rules.py, in SQL: all of one outcome rule in one build."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models_py.study import Study
from tests.panel.conftest import query, with_rule
from tests.panel.raw_tables import Registers
from tests.panel.rule_tables import Case, cases, registers_of
from tests.panel.rules import RULES

CASES = [
    pytest.param(rule.outcome_rule, case, id=f"{rule.section} {rule.title[:40]}: {case.name}")
    for number, rule in enumerate(RULES)
    for case in cases(number, rule)
]
Built = dict[str, dict[tuple[str, int], dict[str, Any]]]

DISPOSITIONS = """
    select
        residents.lopenr_person,
        residents.year,
        coalesce(residents.exclusion, outcomes.disposition) as disposition,
        panel.* exclude (person_key, year)
    from intermediate.resident_year as residents
    left join intermediate.outcome_year as outcomes
        using (lopenr_person, year)
    left join marts.person_year as panel
        on residents.person_key = panel.person_key and residents.year = panel.year
"""


@pytest.fixture(scope="module")
def decided(
    study: Study,
    built: Callable[[Registers, Study, Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    """What SQL says of each person, under both outcome rules."""
    found: Built = {}
    for outcome_rule in ("year_end", "first_event"):
        persons = [
            case
            for number, rule in enumerate(RULES)
            for case in cases(number, rule)
            if rule.outcome_rule == outcome_rule
        ]
        database = tmp_path_factory.mktemp(outcome_rule) / "warehouse.duckdb"
        built(registers_of(persons), with_rule(study, outcome_rule), database)
        found[outcome_rule] = {
            (row["lopenr_person"], row["year"]): row for row in query(database, DISPOSITIONS)
        }
    return found


@pytest.mark.parametrize(("outcome_rule", "case"), CASES)
def test_rule(outcome_rule: str, case: Case, decided: Built) -> None:
    row = decided[outcome_rule][case.key, case.year]
    assert row["disposition"] == case.disposition
    assert row["outcome_date"] == case.outcome_date
    assert {column: str(row[column]) for column in case.expected} == case.expected
