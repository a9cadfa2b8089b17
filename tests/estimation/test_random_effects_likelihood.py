"""The marginal likelihood against brute force: numerical integration in plain numpy and scipy, nothing shared."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import dblquad
from scipy.stats import norm

from models_py.integration import IntegratedResponse
from models_py.path_likelihood import adapted, make_problem, value
from models_py.quadrature import product_rule
from models_py.variance_components import make_structure
from tests.estimation.panels import Array, Panel, brute_force, design, panel_of, persons_of, simulate_panel

B = np.array([[-1.0, -1.8], [0.4, -0.3], [0.2, 0.5]])
MODERATE = {
    "independent": np.array([0.9, 1.3]),
    "shared": np.array([0.8, -1.1]),
    "unstructured": np.array([0.9, -0.4, 1.2]),
}
LARGE = {
    "independent": np.array([3.0, 2.5]),
    "shared": np.array([3.0, -2.0]),
    "unstructured": np.array([3.0, 2.0, 2.2]),
}


def log_likelihood(panel: Panel, name: str, elements: Array, n_nodes: int, adaptive: bool) -> float:
    theta = np.concatenate([B.ravel(order="F"), elements])
    problem = make_problem(*panel.data, make_structure(name, 2), n_nodes, adaptive)
    return value(adapted(problem, theta) if adaptive else problem, theta)


def by_brute_force(panel: Panel, name: str, elements: Array, per_dimension: int = 60) -> float:
    return brute_force(panel, B, make_structure(name, 2).matrix(elements), per_dimension)


@pytest.mark.parametrize("years", range(1, 9))
@pytest.mark.parametrize("name", list(MODERATE))
def test_paths_of_each_length(name: str, years: int) -> None:
    panel = simulate_panel(np.random.default_rng(years), 30, years, design(), B, np.eye(2))
    expected = by_brute_force(panel, name, MODERATE[name])
    assert_allclose(log_likelihood(panel, name, MODERATE[name], 61, False), expected, rtol=1e-8)
    assert_allclose(log_likelihood(panel, name, MODERATE[name], 17, True), expected, rtol=1e-6)


@pytest.mark.parametrize("name", list(LARGE))
def test_large_deviations(name: str) -> None:
    L = make_structure(name, 2).matrix(LARGE[name])
    panel = simulate_panel(np.random.default_rng(11), 60, (1, 8), design(), B, L)
    expected = by_brute_force(panel, name, LARGE[name], per_dimension=120)
    assert_allclose(log_likelihood(panel, name, LARGE[name], 25, True), expected, rtol=1e-5)


@pytest.mark.parametrize("deviation", [1.0, 3.0])
def test_long_paths_do_not_underflow(deviation: float) -> None:
    """100 years: a likelihood of 1e-40 or far less, in a posterior much narrower than the prior."""
    elements = deviation * np.array([1.0, 0.3, 0.8])
    L = make_structure("unstructured", 2).matrix(elements)
    panel = simulate_panel(np.random.default_rng(12), 15, 100, design(), B, L)
    expected = by_brute_force(panel, "unstructured", elements, per_dimension=200)
    assert expected < -700
    assert_allclose(log_likelihood(panel, "unstructured", elements, 9, True), expected, rtol=1e-5)


def test_thousands_of_years_are_a_number() -> None:
    """Far more years than a double's exponent holds: the path's likelihood is below exp(-1500)."""
    panel = simulate_panel(np.random.default_rng(13), 2, 3000, design(), B, np.ones((2, 1)))
    found = log_likelihood(panel, "shared", np.array([1.0, 1.0]), 9, True)
    assert_allclose(found, by_brute_force(panel, "shared", np.array([1.0, 1.0]), per_dimension=4000), rtol=1e-8)
    assert found < -3000


@pytest.mark.parametrize("outcome", [0, 1, 2])
@pytest.mark.parametrize("deviation", [3.0, 8.0])
def test_persons_who_always_do_the_same(outcome: int, deviation: float) -> None:
    """Their posterior is far from the prior's centre, where steps to its mode overshoot unless held back."""
    rows, elements = np.arange(12), deviation * np.array([1.0, 0.2, 0.9])
    panel = panel_of(design(), [rows], [np.full(12, outcome)])
    expected = by_brute_force(panel, "unstructured", elements, per_dimension=300)
    assert_allclose(log_likelihood(panel, "unstructured", elements, 25, True), expected, rtol=2e-3, atol=1e-3)


def test_one_person_by_adaptive_integration() -> None:
    """The definition itself, integrated by QUADPACK: nothing of Gauss and Hermite in it."""
    panel = simulate_panel(np.random.default_rng(14), 1, 5, design(), B, np.eye(2))
    L = make_structure("unstructured", 2).matrix(MODERATE["unstructured"])
    ((_, rows, outcomes),) = persons_of(panel)

    def integrand(second: float, first: float) -> float:
        utilities = np.column_stack([np.zeros(5), panel.X[rows] @ B + L @ [first, second]])
        P = np.exp(utilities) / np.exp(utilities).sum(axis=1, keepdims=True)
        return float(P[np.arange(5), outcomes].prod() * norm.pdf(first) * norm.pdf(second))

    integral, _ = dblquad(integrand, -8, 8, -8, 8, epsabs=1e-9)
    assert_allclose(
        log_likelihood(panel, "unstructured", MODERATE["unstructured"], 31, False), np.log(integral), atol=1e-6
    )


@pytest.mark.parametrize("name", list(MODERATE))
def test_without_random_effects_it_is_the_pooled_likelihood(name: str) -> None:
    panel = simulate_panel(np.random.default_rng(15), 40, (1, 8), design(), B, np.eye(2))
    U = np.column_stack([np.zeros(len(panel.X)), panel.X @ B])
    log_p = U - np.logaddexp.reduce(U, axis=1, keepdims=True)
    for adaptive in (False, True):
        found = log_likelihood(panel, name, np.zeros_like(MODERATE[name]), 5, adaptive)
        assert_allclose(found, np.sum(panel.counts * log_p), rtol=1e-12)


def test_rule_integrates_moments() -> None:
    rule = product_rule(6, 2)
    for first, second, moment in [(0, 0, 1), (2, 0, 1), (4, 2, 3), (10, 0, 945), (1, 3, 0)]:
        assert_allclose(rule.weights @ (rule.nodes[0] ** first * rule.nodes[1] ** second), moment, atol=1e-9)


def test_one_year_is_the_integrated_probability() -> None:
    """The likelihood of a path of one year and the prediction for that row are the same integral."""
    structure, elements = make_structure("unstructured", 2), MODERATE["unstructured"]
    P = IntegratedResponse(structure, elements, product_rule(31, 2)).probabilities(design() @ B).values
    for outcome in range(3):
        panel = panel_of(design(), [np.array([4])], [np.array([outcome])])
        assert_allclose(np.exp(log_likelihood(panel, "unstructured", elements, 31, False)), P[4, outcome], rtol=1e-10)
