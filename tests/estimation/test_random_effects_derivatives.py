"""Gradient, scores and exact information of the marginal likelihood, against finite differences of the value."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models_py.path_kernel import GRADIENT, INFORMATION, SCORES
from models_py.path_likelihood import Problem, adapted, make_problem, sums, value
from models_py.variance_components import component, coordinates_of, free_components, make_structure
from tests.estimation.panels import Array, Panel, central_differences, design, panel_of, persons_of, simulate_panel

STRUCTURES = ("independent", "shared", "unstructured")
B = np.array([[-1.0, -1.8], [0.4, -0.3], [0.2, 0.5]])
ELEMENTS = {
    "independent": np.array([0.9, 1.3]),
    "shared": np.array([0.8, -1.1]),
    "unstructured": np.array([0.9, -0.4, 1.2]),
}


@pytest.fixture(scope="module")
def panel() -> Panel:
    """60 paths of 1 to 8 years, some shared by several persons."""
    rng = np.random.default_rng(3)
    simulated = simulate_panel(rng, 60, (1, 8), design(), B, np.array([[0.8, 0.0], [0.5, 0.9]]))
    _, rows, outcomes = zip(*persons_of(simulated), strict=True)
    return panel_of(simulated.X, rows, outcomes, weights=rng.integers(1, 5, 60))


def problem_of(panel: Panel, name: str, adaptive: bool, n_nodes: int = 7) -> tuple[Problem, Array]:
    """A problem, and parameters away from its maximum; adaptive nodes are placed for them and stay there."""
    theta = np.concatenate([B.ravel(order="F") + 0.1, ELEMENTS[name]])
    problem = make_problem(*panel.data, make_structure(name, 2), n_nodes, adaptive)
    return (adapted(problem, theta) if adaptive else problem), theta


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("name", STRUCTURES)
def test_gradient_is_that_of_the_value(panel: Panel, name: str, adaptive: bool) -> None:
    problem, theta = problem_of(panel, name, adaptive)
    numeric = central_differences(lambda at: np.array(value(problem, at)), theta)
    for order in (GRADIENT, SCORES, INFORMATION):
        here = sums(problem, theta, order)
        assert_allclose(here.gradient, numeric, rtol=1e-7, atol=1e-6)
        assert here.log_likelihood == value(problem, theta)


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("name", STRUCTURES)
def test_information_is_minus_the_hessian(panel: Panel, name: str, adaptive: bool) -> None:
    problem, theta = problem_of(panel, name, adaptive)
    numeric = -central_differences(lambda at: sums(problem, at, GRADIENT).gradient, theta)
    information = sums(problem, theta, INFORMATION).information
    assert_allclose(information, numeric, rtol=1e-6, atol=1e-5)
    assert_allclose(information, information.T, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("name", STRUCTURES)
def test_information_of_long_paths(name: str) -> None:
    """Many years make the covariance over nodes large, of which the factor may leave out only what does not matter."""
    panel = simulate_panel(np.random.default_rng(4), 8, 100, design(), B, np.array([[0.8, 0.0], [0.5, 0.9]]))
    problem, theta = problem_of(panel, name, adaptive=True)
    numeric = -central_differences(lambda at: sums(problem, at, GRADIENT).gradient, theta)
    assert_allclose(sums(problem, theta, INFORMATION).information, numeric, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("name", STRUCTURES)
def test_meat_is_the_outer_product_of_persons_scores(panel: Panel, name: str) -> None:
    problem, theta = problem_of(panel, name, adaptive=False)
    expected = np.zeros((theta.size, theta.size))
    for weight, rows, outcomes in persons_of(panel):
        alone = panel_of(panel.X, [rows], [outcomes])
        own = sums(replace(problem, paths=alone.paths, counts=alone.counts), theta, GRADIENT).gradient
        expected += weight * np.outer(own, own)
    assert_allclose(sums(problem, theta, SCORES).meat, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", STRUCTURES)
def test_components_and_their_gradients(name: str) -> None:
    structure = make_structure(name, 2)
    L = structure.matrix(ELEMENTS[name])
    S = L @ L.T
    for outcome, other in free_components(structure):
        found = component(structure, ELEMENTS[name], outcome, other)
        expected = S[outcome, other] / np.sqrt(S[outcome, outcome] * S[other, other])
        assert_allclose(found.value, np.sqrt(S[outcome, outcome]) if found.is_sd else expected, rtol=1e-12)
        numeric = central_differences(
            lambda at, a=outcome, b=other: np.array(component(structure, at, a, b).value), ELEMENTS[name]
        )
        assert_allclose(found.gradient, numeric, atol=1e-8)


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, 1, -1), (-1, -1, -1)])
@pytest.mark.parametrize("name", STRUCTURES)
def test_coordinates_keep_the_covariance(name: str, signs: tuple[int, int, int]) -> None:
    """Whatever the signs that a search ended with, coordinates give the same LL' back, and their own derivatives."""
    structure = make_structure(name, 2)
    elements = ELEMENTS[name] * np.array(signs[: ELEMENTS[name].size])
    coordinates = coordinates_of(structure, elements)
    back = structure.matrix(coordinates.elements(coordinates.values))
    L = structure.matrix(elements)
    assert_allclose(back @ back.T, L @ L.T, rtol=1e-12)
    numeric = central_differences(coordinates.elements, coordinates.values)
    assert_allclose(coordinates.jacobian(coordinates.values), numeric, atol=1e-8)
