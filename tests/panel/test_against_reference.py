"""The SQL panel against the plain-Python reference, row for row, over random registers.

Each register holds thousands of random persons. A longer campaign: FLYTTEPANEL_PANEL_EXAMPLES=20 pytest tests/panel
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from flows.build import build
from flows.home import SEEDS
from models_py.study import Study
from tests.panel.conftest import OUTCOME_RULES, PERSONS, BuiltPanel, query
from tests.panel.random_registers import RandomRegisters
from tests.panel.raw_tables import Registers, write_registers
from tests.panel.reference import Panel

EXAMPLES = int(os.environ.get("FLYTTEPANEL_PANEL_EXAMPLES", "1"))

PANEL_ROWS = """
    select lopenr_person, panel.* exclude (person_key)
    from marts.person_year as panel
    inner join intermediate.person_key using (person_key)
    order by lopenr_person, year
"""


@pytest.mark.parametrize("outcome_rule", OUTCOME_RULES)
def test_sql_says_what_the_reference_says(outcome_rule: str, panels: dict[str, BuiltPanel]) -> None:
    panel = panels[outcome_rule]
    reference = Panel(panel.registers, panel.study, SEEDS)
    assert_every_rule_was_tried(reference)
    assert_panel_is(panel.database, panel.registers, reference)
    assert_cells_and_paths_hold_the_panel(panel.database)
    assert_rates_are_of_the_panel(panel.database, panel.study)


@settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES == 1,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # a smaller seed is not a smaller register; differing persons are shown instead
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(min_value=1, max_value=2**32), outcome_rule=st.sampled_from(OUTCOME_RULES))
def test_other_registers_in_the_same_warehouse(
    seed: int, outcome_rule: str, panels: dict[str, BuiltPanel], dbt_work: Callable[[str], Path]
) -> None:
    """A rebuild on new registers is right too, and no person's key changes or is given again."""
    study = panels[outcome_rule].study
    registers = RandomRegisters(seed).draw(PERSONS)
    with TemporaryDirectory() as folder:
        database = panels[outcome_rule].copy(Path(folder))
        keys_before = keys_of(database)
        write_registers(database, registers)
        build(database, study, dbt_work(outcome_rule))
        assert_panel_is(database, registers, Panel(registers, study, SEEDS))
        assert keys_before.items() <= keys_of(database).items()


def assert_panel_is(database: Path, registers: Registers, reference: Panel) -> None:
    """Panel and accounting of SQL and reference are the same."""
    rows = query(database, PANEL_ROWS)
    assert not differing_persons(rows, reference.person_years(), registers)
    assert {
        (row["year"], row["disposition"]): row["persons"] for row in query(database, "from marts.panel_accounting")
    } == reference.accounting()


def keys_of(database: Path) -> dict[str, int]:
    """Keys by pseudonym."""
    rows = query(database, "from intermediate.person_key")
    keys = {row["lopenr_person"]: row["person_key"] for row in rows}
    assert len(rows) == len(keys) == len(set(keys.values())), "a key was given twice"
    return keys


def differing_persons(rows: Sequence[dict[str, Any]], expected: Sequence[dict[str, Any]], registers: Registers) -> str:
    """The first persons for whom SQL and reference differ, with all that the registers say of them."""
    said, meant = by_person(rows), by_person(expected)
    differing = sorted(person for person in {*said, *meant} if said[person] != meant[person])
    return "\n\n".join(
        "\n".join(
            [f"{len(differing)} persons differ; {person}:"]
            + [f"  sql only        {row}" for row in said[person] if row not in meant[person]]
            + [f"  reference only  {row}" for row in meant[person] if row not in said[person]]
            + [
                f"  {table}  {row}"
                for table in ("faste_oppl", "bostedskommune", "regstat", "flytting")
                for row in registers[table]
                if row["lopenr_person"] == person
            ]
        )
        for person in differing[:2]
    )


def by_person(rows: Sequence[dict[str, Any]]) -> defaultdict[str, list[dict[str, Any]]]:
    """Rows by pseudonym, in year order."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["lopenr_person"]].append(row)
    return found


def assert_every_rule_was_tried(reference: Panel) -> None:
    """The random registers have some persons for each disposition, so that equality means something."""
    seen = Counter[str]()
    for (_year, disposition), persons in reference.accounting().items():
        seen[disposition] += persons
    assert min(seen.values()) >= 20, seen


def assert_cells_and_paths_hold_the_panel(database: Path) -> None:
    """estimation.cell and estimation.path, read back, are the panel."""
    panel = query(database, "select * exclude (municipality_code, municipality_code_2020) from marts.person_year")
    covariates = [name for name in panel[0] if name not in ("person_key", "outcome", "outcome_date")]
    outcomes = ("stay", "internal_move", "emigration")
    cells = query(database, "from estimation.cell order by cell_id")
    assert [cell["cell_id"] for cell in cells] == list(range(len(cells)))
    assert {
        (*(cell[name] for name in covariates), outcome): cell[outcome]
        for cell in cells
        for outcome in outcomes
        if cell[outcome]
    } == Counter((*(row[name] for name in covariates), row["outcome"]) for row in panel)

    number = {tuple(cell[name] for name in covariates): cell["cell_id"] for cell in cells}
    paths: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for row in sorted(panel, key=lambda row: row["year"]):
        cell_id = number[tuple(row[name] for name in covariates)]
        paths[row["person_key"], row["population_group"]].append(cell_id * 3 + outcomes.index(row["outcome"]))
    assert {
        (row["population_group"], tuple(row["path"])): row["n_persons"]
        for row in query(database, "from estimation.path")
    } == Counter((group, tuple(path)) for (_person, group), path in paths.items())


def assert_rates_are_of_the_panel(database: Path, study: Study) -> None:
    """marts.observed_rate counts the panel, by year and over all years, with Wilson's intervals."""
    panel = query(database, "select population_group, centrality, year, outcome from marts.person_year")
    at_risk, events = Counter[tuple[Any, ...]](), Counter[tuple[Any, ...]]()
    for row in panel:
        for year in (row["year"], None):
            at_risk[row["population_group"], row["centrality"], year] += 1
            events[row["population_group"], row["centrality"], year, row["outcome"]] += 1
    rates = query(database, "from marts.observed_rate")
    assert len(rates) == len(at_risk) * len(study.levels("outcome"))
    for rate in rates:
        group = (rate["population_group"], rate["centrality"], rate["year"])
        assert rate["n_person_years"] == at_risk[group]
        assert rate["n_events"] == events[*group, rate["outcome"]]
        low, high = proportion_confint(
            rate["n_events"],
            rate["n_person_years"],
            alpha=1 - study.models.confidence_level,
            method="wilson",
        )
        assert (rate["ci_low"], rate["ci_high"]) == pytest.approx((low, high), abs=1e-12)
