"""Municipality codes are those of their date, and sizes are those of the country."""

import csv
from collections import Counter
from functools import cache

import numpy as np
import pytest

from flows.home import SEEDS
from synthetic.life import History, World
from synthetic.norway import Norway
from tests.simulation.conftest import FIRST, LAST, Extract

OUTSIDE_THE_SEEDS = {"2111", "9999"}


@cache
def valid_codes(year: int) -> frozenset[str]:
    """All reforms take effect on 1 January."""
    date = f"{year}-01-01"
    with (SEEDS / "municipality_code.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return frozenset(row["municipality_code"] for row in rows if row["valid_from"] <= date < row["valid_to"])


@pytest.mark.parametrize(
    ("year", "count"), [(2014, 428), (2017, 426), (2018, 422), (2019, 422), (2020, 356), (2024, 357)]
)
def test_country_has_the_municipalities_of_the_year(norway: Norway, year: int, count: int) -> None:
    codes = set(norway.vocabulary[norway.codes(year)]) - OUTSIDE_THE_SEEDS
    assert codes == valid_codes(year)
    assert len(codes) == count


@pytest.mark.parametrize("year", range(FIRST, LAST + 1))
def test_residents_have_codes_of_the_day(plain: Extract, quirky: Extract, year: int) -> None:
    valid = valid_codes(year)
    codes = {row[f"bostedskommune_01_01_{year}"] for row in plain.rows("bostedskommune")} - {""}
    assert codes - valid <= OUTSIDE_THE_SEEDS | {"9999"}
    filled = [row[f"bostedskommune_01_01_{year}"] for row in quirky.rows("bostedskommune")]
    filled = [code.zfill(4) for code in filled if code not in ("", "NA", ".")]
    assert sum(code not in valid for code in filled) < 0.005 * len(filled)


def test_events_have_codes_of_their_date(plain: Extract) -> None:
    for year in range(FIRST, LAST):
        for row in plain.rows(f"flytting_g{year}"):
            codes = {row["fra_kommnr"], row["til_kommnr"]} - {""}
            assert codes - valid_codes(int(row["flyttedato"][:4])) <= OUTSIDE_THE_SEEDS


def test_sizes_are_those_of_the_country(country: tuple[World, History]) -> None:
    world, history = country
    unit = history.snapshots[FIRST].unit
    expected = world.norway.population.sum(axis=1) / world.norway.population.sum()
    found = np.bincount(unit, minlength=len(expected)) / len(unit)
    assert np.abs(found - expected).max() < 0.004
    by_class = Counter(world.norway.centrality(2020)[unit].tolist())
    assert by_class[0] / len(unit) == pytest.approx(0.184, abs=0.01)
    assert by_class[4] / len(unit) == pytest.approx(0.146, abs=0.01)


def test_movers_change_municipality_of_2020(country: tuple[World, History]) -> None:
    world, history = country
    for year, outcome in history.outcomes.items():
        before = world.norway.panel_municipality(year)[history.snapshots[year].unit]
        after = world.norway.panel_municipality(year + 1)[history.snapshots[year + 1].unit[: len(outcome)]]
        assert (before != after)[outcome == 1].all()
        split = world.norway.main_unit != np.arange(len(world.norway.main_unit))
        whole = ~split[history.snapshots[year].unit]
        assert (before == after)[(outcome == 0) & whole].all()
