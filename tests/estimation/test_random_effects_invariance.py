"""What must not matter: order, how persons are collapsed into paths and rows into cells, the base outcome, threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from models_py import path_likelihood
from models_py.multinomial import newton, null_params
from models_py.path_kernel import INFORMATION
from models_py.path_likelihood import Sums, adapted, make_problem, sums
from models_py.products import DenseRows
from models_py.random_effects import Maximum, maximise
from models_py.variance_components import component, make_structure
from tests.estimation.panels import Array, Panel, design, panel_of, persons_of, simulate_panel

B = np.array([[-1.0, -1.8], [0.4, -0.3], [0.2, 0.5]])
L = np.array([[0.8, 0.0], [0.5, 0.9]])
ELEMENTS = {
    "independent": np.array([0.9, 1.3]),
    "shared": np.array([0.8, -1.1]),
    "unstructured": np.array([0.9, -0.4, 1.2]),
}
PANEL = simulate_panel(np.random.default_rng(21), 80, (1, 6), design(), B, L)
cases = st.tuples(st.sampled_from(list(ELEMENTS)), st.booleans(), st.randoms(use_true_random=False))


def all_sums(panel: Panel, name: str, adaptive: bool) -> Sums:
    theta = np.concatenate([B.ravel(order="F"), ELEMENTS[name]])
    problem = make_problem(*panel.data, make_structure(name, 2), 5, adaptive)
    return sums(adapted(problem, theta) if adaptive else problem, theta, INFORMATION)


def assert_same(one: Sums, other: Sums) -> None:
    assert_allclose(one.log_likelihood, other.log_likelihood, rtol=1e-11)
    for name in ("gradient", "meat", "information"):
        scale = np.abs(getattr(other, name)).max()
        assert_allclose(getattr(one, name), getattr(other, name), atol=1e-8 * scale, err_msg=name)


def rebuilt(persons: list[tuple[float, Array, Array]], X: Array = PANEL.X) -> Panel:
    weights, rows, outcomes = zip(*persons, strict=True)
    return panel_of(X, rows, outcomes, weights=np.array(weights))


@settings(max_examples=15, deadline=None)
@given(cases)
def test_order_of_persons(case: tuple) -> None:
    name, adaptive, random = case
    persons = persons_of(PANEL)
    random.shuffle(persons)
    assert_same(all_sums(rebuilt(persons), name, adaptive), all_sums(PANEL, name, adaptive))


@settings(max_examples=15, deadline=None)
@given(cases)
def test_order_of_a_persons_years(case: tuple) -> None:
    """Years are independent given the random effects, so that their order tells nothing."""
    name, adaptive, random = case
    persons = []
    for weight, rows, outcomes in persons_of(PANEL):
        order = list(range(len(rows)))
        random.shuffle(order)
        persons.append((weight, rows[order], outcomes[order]))
    assert_same(all_sums(rebuilt(persons), name, adaptive), all_sums(PANEL, name, adaptive))


@settings(max_examples=15, deadline=None)
@given(cases)
def test_order_of_rows(case: tuple) -> None:
    name, adaptive, random = case
    order = list(range(len(PANEL.X)))
    random.shuffle(order)
    place = np.argsort(order)
    persons = [(weight, place[rows], outcomes) for weight, rows, outcomes in persons_of(PANEL)]
    assert_same(all_sums(rebuilt(persons, PANEL.X[order]), name, adaptive), all_sums(PANEL, name, adaptive))


@settings(max_examples=15, deadline=None)
@given(cases)
def test_splitting_a_cell(case: tuple) -> None:
    """The design's rows twice, and each person-year on one or the other."""
    name, adaptive, random = case
    n = len(PANEL.X)
    persons = [
        (weight, rows + n * np.array([random.randint(0, 1) for _ in rows]), outcomes)
        for weight, rows, outcomes in persons_of(PANEL)
    ]
    split = rebuilt(persons, np.vstack([PANEL.X, PANEL.X]))
    assert_same(all_sums(split, name, adaptive), all_sums(PANEL, name, adaptive))


@settings(max_examples=15, deadline=None)
@given(cases)
def test_weights_are_persons(case: tuple) -> None:
    name, adaptive, random = case
    copies = [random.randint(1, 4) for _ in range(80)]
    collapsed = [(float(n), *own[1:]) for n, own in zip(copies, persons_of(PANEL), strict=True)]
    expanded = [own for n, own in zip(copies, persons_of(PANEL), strict=True) for _ in range(n)]
    assert_same(all_sums(rebuilt(collapsed), name, adaptive), all_sums(rebuilt(expanded), name, adaptive))


@pytest.mark.parametrize("adaptive", [False, True])
def test_blocks_chunks_and_threads(monkeypatch: pytest.MonkeyPatch, adaptive: bool) -> None:
    expected = all_sums(PANEL, "unstructured", adaptive)
    for fewest, chunk in ((1, 2048), (5, 2048), (80, 1), (1, 7)):
        monkeypatch.setattr(path_likelihood, "FEWEST_BLOCKS", fewest)
        monkeypatch.setattr(path_likelihood, "MOST_BLOCKS", fewest)
        monkeypatch.setattr(path_likelihood, "PATHS_PER_CHUNK", chunk)
        assert_same(all_sums(PANEL, "unstructured", adaptive), expected)
    monkeypatch.setattr(path_likelihood, "in_threads", lambda work, parts: [work(part) for part in parts])
    assert_same(all_sums(PANEL, "unstructured", adaptive), expected)


def fit(panel: Panel, name: str) -> Maximum:
    start = newton(DenseRows(panel.X), panel.counts, null_params(panel.counts, panel.X.shape[1]), 50).params
    maximum = maximise(*panel.data, make_structure(name, panel.counts.shape[1] - 1), start, 50)
    assert maximum.ending == "converged"
    return maximum


def test_the_base_outcome_does_not_matter() -> None:
    """Against another base, coefficients and random effects are differences: same likelihood, S carried over."""
    panel = simulate_panel(np.random.default_rng(22), 600, 5, design(8, 2), B[:2], L)
    found = fit(panel, "unstructured")
    coefficients, factor = found.problem.split(found.theta)
    for new_base, D in ((1, [[-1.0, 0.0], [-1.0, 1.0]]), (2, [[1.0, -1.0], [0.0, -1.0]])):
        # Outcomes in the order (0, 1, 2) of the old ones: the new base first, the old base in its place.
        relabel = np.array([1, 0, 2]) if new_base == 1 else np.array([2, 1, 0])
        persons = [(weight, rows, relabel[outcomes]) for weight, rows, outcomes in persons_of(panel)]
        other = fit(rebuilt(persons, panel.X), "unstructured")
        assert_allclose(other.sums.log_likelihood, found.sums.log_likelihood, atol=0.02)
        other_coefficients, other_factor = other.problem.split(other.theta)
        errors = np.sqrt(np.diag(np.linalg.inv(other.sums.information)))
        carried = coefficients @ np.array(D).T
        assert (np.abs(other_coefficients - carried).ravel(order="F") < 0.1 * errors[:4]).all()
        S = np.array(D) @ factor @ factor.T @ np.array(D).T
        assert_allclose(other_factor @ other_factor.T, S, rtol=0.03, atol=0.03)


def test_signs_of_the_factor_do_not_matter() -> None:
    """Columns of L may change sign: likelihood, deviations and correlation stay."""
    structure, elements = make_structure("unstructured", 2), ELEMENTS["unstructured"]
    expected = all_sums(PANEL, "unstructured", False).log_likelihood
    for signs in ([-1, -1, 1], [1, 1, -1], [-1, -1, -1]):
        other = elements * signs
        theta = np.concatenate([B.ravel(order="F"), other])
        problem = make_problem(*PANEL.data, structure, 5)
        assert_allclose(path_likelihood.value(problem, theta), expected, rtol=1e-12)
        for pair in ((0, 0), (1, 1), (1, 0)):
            assert_allclose(component(structure, other, *pair).value, component(structure, elements, *pair).value)


def test_more_outcomes() -> None:
    """Nothing is made for three outcomes alone: four, with three correlated random effects."""
    B4 = np.array([[-0.8, -1.2, -1.0], [0.4, -0.3, 0.2]])
    L4 = np.array([[0.8, 0.0, 0.0], [0.4, 0.7, 0.0], [-0.3, 0.2, 0.6]])
    panel = simulate_panel(np.random.default_rng(23), 800, 6, design(6, 2), B4, L4)
    found = fit(panel, "unstructured")
    errors = np.sqrt(np.diag(np.linalg.inv(found.sums.information)))
    coefficients, factor = found.problem.split(found.theta)
    assert (np.abs(coefficients - B4).ravel(order="F") < 4 * errors[:6]).all()
    assert_allclose(factor @ factor.T, L4 @ L4.T, atol=0.35)
