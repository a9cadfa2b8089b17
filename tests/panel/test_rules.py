"""Every example of docs/panel_rules.md, in SQL."""

from typing import Any

import pytest

from tests.panel.conftest import BuiltPanel, query
from tests.panel.rule_tables import Case, all_cases

Decided = dict[str, dict[tuple[str, int], dict[str, Any]]]

DISPOSITIONS = """
    select
        residents.lopenr_person,
        residents.year,
        coalesce(residents.exclusion, outcomes.disposition) as disposition,
        panel.* exclude (person_key, year)
    from intermediate.resident_year as residents
    left join intermediate.outcome_year as outcomes
        on residents.person_key = outcomes.person_key and residents.year = outcomes.year
    left join marts.person_year as panel
        on residents.person_key = panel.person_key and residents.year = panel.year
"""


@pytest.fixture(scope="module")
def decided(panels: dict[str, BuiltPanel]) -> Decided:
    """What SQL says of each person and year, under both outcome rules."""
    return {
        outcome_rule: {(row["lopenr_person"], row["year"]): row for row in query(panel.database, DISPOSITIONS)}
        for outcome_rule, panel in panels.items()
    }


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_rule(case: Case, decided: Decided) -> None:
    row = decided[case.outcome_rule][case.key, case.year]
    assert row["disposition"] == case.disposition
    assert row["outcome_date"] == case.outcome_date
    assert {column: str(row[column]) for column in case.expected} == case.expected
