"""A short form of the coverage campaign (`make coverage`): the same functions, fewer replications, wider limits.

With 30 replications a quantity whose intervals cover at 95 % is covered fewer than 24 times once in 1,500 samples;
of 16 quantities (which depend on each other) one in a hundred campaigns would have one. The seed is fixed, so that what
passes once passes always: the limit says how far a change may move it.
"""

import numpy as np
import pytest
from scipy.stats import binom

from bench.coverage import CASES, Campaign, Case, coefficient_shares, run, table

REPLICATIONS = 30
FEWEST = 24
SMALLER = {case.name: Case(case.name, case.absorbing, case.persons // 2) for case in CASES}


@pytest.fixture(scope="module")
def recurrent() -> Campaign:
    return run(SMALLER["recurrent"], REPLICATIONS, seed=1)


@pytest.fixture(scope="module")
def absorbing() -> Campaign:
    return run(SMALLER["absorbing"], REPLICATIONS, seed=2)


def test_the_limit_is_the_binomial_one() -> None:
    assert binom.cdf(FEWEST - 1, REPLICATIONS, 0.95) < 1 / 1500 < binom.cdf(FEWEST, REPLICATIONS, 0.95)


@pytest.mark.parametrize("name", ["recurrent", "absorbing"])
def test_every_interval_covers(name: str, request: pytest.FixtureRequest) -> None:
    campaign: Campaign = request.getfixturevalue(name)
    for key, one in campaign.covered.items():
        assert len(one.hits) == REPLICATIONS
        assert sum(one.hits) >= FEWEST, key
    assert campaign.refused == {"random_effects": 0}


@pytest.mark.parametrize("model", ["pooled", "random_effects"])
def test_coefficients_are_covered_on_average(recurrent: Campaign, model: str) -> None:
    """180 intervals, not all independent: 95 % ± 3 standard errors of the binomial with a third of them."""
    assert abs(np.mean(coefficient_shares(recurrent, model)) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 60)


@pytest.mark.parametrize("name", ["recurrent", "absorbing"])
def test_estimates_are_near_the_truth(name: str, request: pytest.FixtureRequest) -> None:
    """Means over replications, within what the spread of the estimates allows."""
    campaign: Campaign = request.getfixturevalue(name)
    for key, one in campaign.covered.items():
        if name == "absorbing" and key[1] in ("sd_emigration", "correlation"):
            continue  # not identified apart: what they make together is, and is among the others
        spread = np.std(one.estimates) / np.sqrt(REPLICATIONS)
        assert abs(np.mean(one.estimates) - one.truth) < 4 * spread, key


def test_the_combination_that_absorbing_emigration_identifies(absorbing: Campaign) -> None:
    """Covariance over the first deviation is far better known than the second deviation or the correlation."""
    spread = {name: np.nanstd(one.estimates) for (_, name), one in absorbing.covered.items()}
    assert spread["covariance / sd_internal_move"] < spread["sd_emigration"] / 1.5
    assert spread["covariance / sd_internal_move"] < spread["correlation"] / 1.5


def test_the_table_tells_all(recurrent: Campaign) -> None:
    printed = table(SMALLER["recurrent"], recurrent, REPLICATIONS)
    for model, name in recurrent.covered:
        assert f"| {model} | {name} |" in printed
    assert "0 without random-effects estimates" in printed
