"""Lives without contradictions, at rates near the public ones."""

import numpy as np
import pytest

from synthetic.life import History, World
from tests.simulation.conftest import FIRST, LAST, Extract


def test_nobody_moves_after_death_or_lives_nowhere_as_a_resident(country: tuple[World, History]) -> None:
    _, history = country
    people = history.people
    for year, events in history.events.items():
        died = people.death_month[events.person]
        moved = events.moved.astype("datetime64[D]").astype("datetime64[M]").astype(int)
        month = (moved // 12 + 1970) * 100 + moved % 12 + 1
        assert ((died == 0) | (month <= died)).all()
        assert (month >= people.birth_month[events.person]).all(), year
    for snapshot in history.snapshots.values():
        assert ((snapshot.unit >= 0) == (snapshot.status == 1)).all()


def test_residents_change_only_by_what_happened(country: tuple[World, History]) -> None:
    _, history = country
    for year, outcome in history.outcomes.items():
        after = history.snapshots[year + 1].unit[: len(outcome)] >= 0
        assert (after == np.isin(outcome, (0, 1, 5)))[outcome < 6].all()


def test_an_emigration_is_in_the_registers(plain: Extract) -> None:
    """Resident on one 1 January and not on the next: died, emigrated in regstat, or one of a few unexplained."""
    dead = {row["lopenr_person"] for row in plain.rows("faste_oppl") if row["doeds_aar_mnd"]}
    status = {row["lopenr_person"]: row for row in plain.rows("regstat")}
    exits, unexplained = 0, 0
    for row in plain.rows("bostedskommune"):
        for year in range(FIRST, LAST):
            if row[f"bostedskommune_01_01_{year}"] and not row[f"bostedskommune_01_01_{year + 1}"]:
                exits += 1
                there = status[row["lopenr_person"]][f"regstat_{(year + 1) % 100}"]
                unexplained += there not in ("3", "4") and row["lopenr_person"] not in dead
    assert exits > 300
    assert unexplained < 0.0015 * 4000 * (LAST - FIRST)


def test_rates_are_near_the_public_ones(country: tuple[World, History]) -> None:
    """Of residents, emigrations 0.7 % a year and moves between municipalities 4–5 %; groups 15 % and 3.5 %."""
    _, history = country
    years = range(FIRST, LAST)
    residents = sum(int((history.snapshots[year].unit >= 0).sum()) for year in years)
    counted = [sum(int((history.events[year].kind == kind).sum()) for year in years) / residents for kind in (1, 2, 3)]
    moves, arrivals, departures = counted
    assert 0.04 < moves < 0.052
    assert 0.008 < arrivals < 0.016
    assert 0.006 < departures < 0.0085
    last = history.snapshots[LAST].unit >= 0
    shares = np.bincount(history.people.group[: len(last)][last], minlength=3) / last.sum()
    assert shares[0] == pytest.approx(0.15, abs=0.015)
    assert shares[1] == pytest.approx(0.035, abs=0.005)
    assert len(last[last]) == pytest.approx(40_000, rel=0.06)


@pytest.mark.parametrize(("groups", "leave", "move"), [((0,), 0.032, 0.055), ((1, 2), 0.0023, 0.037)])
def test_groups_move_and_leave_at_their_rates(
    country: tuple[World, History], groups: tuple[int, ...], leave: float, move: float
) -> None:
    _, history = country
    outcomes = np.concatenate(
        [outcome[np.isin(history.people.group[: len(outcome)], groups)] for outcome in history.outcomes.values()]
    )
    at_risk = outcomes[outcomes < 3]
    assert (at_risk == 2).mean() == pytest.approx(leave, rel=0.15)
    assert (at_risk == 1).mean() == pytest.approx(move, rel=0.12)
