"""Profile-likelihood intervals of variance components, against constrained maximisations one by one."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import brentq, minimize
from scipy.stats import chi2

from models_py.multinomial import newton, null_params
from models_py.path_kernel import GRADIENT
from models_py.path_likelihood import sums
from models_py.products import DenseRows
from models_py.profile_likelihood import SMALLEST_DEVIATION, find_end, profile_interval
from models_py.random_effects import Maximum, maximise
from models_py.variance_components import make_structure
from tests.estimation.panels import Array, design, simulate_panel

B = np.array([[-1.2, -1.8], [0.4, -0.3]])
CONFIDENCE = 0.95


def maximum_of(L: list[list[float]], seed: int, name: str = "unstructured", n_persons: int = 500) -> Maximum:
    panel = simulate_panel(np.random.default_rng(seed), n_persons, 5, design(8, 2), B, np.array(L))
    start = newton(DenseRows(panel.X), panel.counts, null_params(panel.counts, 2), 50).params
    maximum = maximise(*panel.data, make_structure(name, 2), start, 50)
    assert maximum.ending == "converged"
    return maximum


def natural_elements(values: Array) -> Array:
    """L of two outcomes from deviations and a correlation."""
    first, rho, second = values
    return np.array([first, rho * second, np.sqrt(max(1 - rho**2, 0.0)) * second])


def profile(maximum: Maximum, position: int) -> Callable[[float], float]:
    """Twice the fall of the likelihood with deviation 0, correlation 1 or deviation 2 held; quasi-Newton of scipy."""
    n = maximum.problem.n_coefficients
    first, b, c = maximum.theta[n:]
    second = np.hypot(b, c)
    natural = np.array([abs(first), np.sign(first) * b / second, second])
    bounds = [(None, None)] * n + [(1e-6, None), (-1, 1), (1e-6, None)]

    def fall(held: float) -> float:
        def negative(at: Array) -> tuple[float, Array]:
            values = at[n:].copy()
            values[position] = held
            step, elements = 1e-6, natural_elements(values)
            shifted = [np.where(np.arange(3) == i, values - np.sign(values) * step, values) for i in range(3)]
            slopes = [
                (natural_elements(other) - elements) / (other[i] - values[i] or np.inf)
                for i, other in enumerate(shifted)
            ]
            here = sums(maximum.problem, np.concatenate([at[:n], elements]), GRADIENT)
            gradient = np.concatenate([here.gradient[:n], np.array(slopes) @ here.gradient[n:]])
            gradient[n + position] = 0.0
            return -here.log_likelihood, -gradient

        start = np.concatenate([maximum.theta[:n], natural])
        found = minimize(negative, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-13})
        return 2 * (maximum.sums.log_likelihood + found.fun)

    return fall


POSITIONS = {(0, 0): 0, (1, 0): 1, (1, 1): 2}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("pair", list(POSITIONS))
def test_ends_are_where_the_constrained_likelihood_has_fallen(pair: tuple[int, int], seed: int) -> None:
    maximum = maximum_of([[0.9, 0.0], [0.4, 0.9]], seed)
    fall, needed = profile(maximum, POSITIONS[pair]), float(chi2.ppf(CONFIDENCE, 1))
    interval = profile_interval(maximum, *pair, CONFIDENCE)
    assert (interval.reaches_low, interval.reaches_high) == (False, False)
    middle = (interval.low + interval.high) / 2
    width = interval.high - interval.low
    for end, other in ((interval.low, interval.low - width / 4), (interval.high, interval.high + width / 4)):
        expected = brentq(lambda at: fall(at) - needed, middle, other, xtol=1e-4)
        assert_allclose(end, expected, atol=0.01 * width)


def test_an_interval_that_reaches_its_bound_says_so() -> None:
    """The likelihood at the bound itself is within what the confidence allows."""
    maximum = maximum_of([[0.9, 0.0], [0.8, 0.1]], seed=4)
    interval = profile_interval(maximum, 1, 0, CONFIDENCE)
    assert interval.reaches_high
    assert interval.high == 1
    assert profile(maximum, 1)(1.0) < chi2.ppf(CONFIDENCE, 1)
    low = brentq(lambda at: profile(maximum, 1)(at) - chi2.ppf(CONFIDENCE, 1), interval.low - 0.3, 0.95, xtol=1e-4)
    assert_allclose(interval.low, low, atol=0.01)


@pytest.mark.parametrize("name", ["independent", "shared", "unstructured"])
def test_no_variance_reaches_zero(name: str) -> None:
    structure = make_structure(name, 2)
    maximum = maximum_of(np.zeros((2, structure.dimensions)).tolist(), seed=6, name=name)
    for outcome in range(2):
        interval = profile_interval(maximum, outcome, outcome, CONFIDENCE)
        assert interval.reaches_low
        assert interval.low == 0
        assert interval.high > SMALLEST_DEVIATION


def test_a_correlation_that_no_coordinate_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="neither is the first"):
        profile_interval(maximum_of([[0.9, 0.0], [0.4, 0.9]], seed=7), 2, 1, CONFIDENCE)


def test_a_higher_confidence_gives_a_wider_interval() -> None:
    maximum = maximum_of([[0.9, 0.0], [0.4, 0.9]], seed=7)
    narrow, wide = (profile_interval(maximum, 0, 0, confidence) for confidence in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(
    "root",
    [
        lambda x: x,
        lambda x: x**3,
        lambda x: np.sqrt(x),
        # Steep at first, then flat: false position without the Illinois rule creeps to its end.
        lambda x: 1.9 * (1 - np.exp(-20 * x)) + 0.03 * x**2,
        lambda x: 0.5 * x if x < 2 else 50.0,
    ],
)
def test_find_end(root: Callable[[float], float]) -> None:
    end, reached = find_end(root, 0.0, 8.0, 1000.0, 1.96)
    assert not reached
    if root(2.0) < 10:
        assert abs(root(end) - 1.96) < 0.05  # ROOT_TOLERANCE
    else:
        assert np.isnan(end)  # it jumps: nowhere is the root near what it should be


def test_find_end_without_an_end() -> None:
    assert find_end(lambda x: min(x, 1.0), 0.0, 0.5, 7.0, 1.96) == (7.0, True)
    end, reached = find_end(lambda x: float("nan"), 0.0, 0.5, 7.0, 1.96)
    assert np.isnan(end)
    assert not reached
