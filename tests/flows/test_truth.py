"""With random effects off, the published intervals lie where the simulation's true parameters are."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from report.release import open_results
from tests.flows.conftest import Refreshed


def true_value(utility: dict, term: str, level: str) -> float:
    """The parameter behind a published coefficient; a level that is not named is 0, like a reference."""
    value = utility[term]
    return value.get(level, 0.0) if isinstance(value, dict) else value


def errors_in_std_errors(results: Path, truth: dict, group: str) -> np.ndarray:
    with open_results(results) as con:
        published = con.execute(
            "select outcome, term, level, estimate, std_error from results.coefficient "
            "where population_group = ? and not is_reference",
            [group],
        ).fetchall()
    utilities = truth["parameters"]["utilities"][group]
    return np.array([(row[3] - true_value(utilities[row[0]], row[1], row[2])) / row[4] for row in published])


@pytest.mark.parametrize("group", ["immigrant", "norwegian_born"])
def test_intervals_hold_the_true_parameters(refreshed: Refreshed, group: str) -> None:
    z = errors_in_std_errors(refreshed.home.results, json.loads(refreshed.truth.read_text()), group)
    outside = int((np.abs(z) > 1.96).sum())
    # Of some 50 intervals at 95 %, this many or more miss in one of ten thousand worlds.
    assert outside < stats.binom.isf(1e-4, len(z), 0.05), f"{outside} of {len(z)} intervals miss"
    assert np.abs(z).max() < 4.5
