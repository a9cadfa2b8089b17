"""Bias reduction: closed forms, the penalised likelihood's derivative, what must not matter, and what it is for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from models_py.bias_reduction import evaluate, pseudo_counts, reduce_bias, utility_covariance
from models_py.multinomial import log_probabilities, newton, null_params, score
from models_py.products import DenseRows
from models_py.separation import separating_direction
from tests.estimation.test_multinomial import differences, random_data

TWO_LEVELS = np.array([[1.0, 0.0], [1.0, 1.0]])

# Of urinary tract infection, Foxman et al. (1997), as in R's logistf: age, oc, vic, vicl, vis, dia; controls and cases.
# Nobody without the infection has dia, so its maximum likelihood estimate is infinite.
SEX2 = {
    "000010": (1, 1), "001000": (2, 14), "001010": (1, 3), "001100": (8, 10), "001110": (18, 12), "001111": (0, 1),
    "010000": (42, 44), "010001": (0, 3), "010010": (1, 0), "011000": (1, 15), "011001": (0, 1), "011010": (0, 2),
    "011100": (5, 7), "011110": (6, 3), "101000": (0, 2), "101010": (0, 1), "101011": (0, 1), "101100": (2, 1),
    "101110": (4, 0), "101111": (0, 1), "110000": (14, 5), "110010": (1, 0), "111000": (1, 3), "111110": (2, 0),
}  # fmt: skip
# The intercept and those six by logistf(case ~ age + oc + vic + vicl + vis + dia, data = sex2).
LOGISTF = [0.12025405, -1.10598131, -0.06881673, 2.26887464, -2.11140817, -0.78831694, 3.09601166]


def reduced(X: np.ndarray, counts: np.ndarray) -> np.ndarray:
    fit = reduce_bias(X, counts, null_params(counts, X.shape[1]), 100)
    assert fit.ending == "converged"
    return fit.params


def sparse_data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Forty rows of dummies with rare outcomes; about half of such tables are separated."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(40), rng.integers(0, 2, (40, 3))]).astype(float)
    counts = np.eye(3)[rng.choice(3, size=40, p=[0.8, 0.12, 0.08])] * rng.integers(1, 3, (40, 1))
    counts[:3] = np.eye(3)
    return X, counts


@pytest.mark.parametrize("table", [[[7, 3], [20, 0]], [[1, 0], [0, 1]], [[900, 100], [1, 0]], [[50, 20], [30, 40]]])
def test_two_by_two_table(table: list[list[int]]) -> None:
    """A half in each cell (Haldane 1956; Anscombe 1956), whether or not a cell is empty."""
    counts = np.array(table, dtype=float)
    (a, b), (c, d) = counts + 0.5
    params = reduced(TWO_LEVELS, counts).ravel()
    assert_allclose(params, [np.log(b / a), np.log(d * a / (c * b))], atol=1e-7)


def test_logistf() -> None:
    X = np.array([[1, *map(int, pattern)] for pattern in SEX2], dtype=float)
    counts = np.array(list(SEX2.values()), dtype=float)
    assert list(counts.sum(axis=0)) == [109, 130]
    assert separating_direction(X, counts) is not None
    assert_allclose(reduced(X, counts).ravel(), LOGISTF, atol=2e-6)


@pytest.mark.parametrize("counts", [[5, 2, 3], [1000, 1, 0], [1, 0, 0]])
def test_intercepts_alone(counts: list[int]) -> None:
    """det I = N^2 P_0 P_1 P_2, so the penalty is half an observation of each of three outcomes."""
    row = np.array([counts], dtype=float)
    fit = reduce_bias(np.ones((1, 1)), row, np.zeros((1, 2)), 50)
    assert_allclose(fit.params[0], np.log((row[0, 1:] + 0.5) / (row[0, 0] + 0.5)), atol=1e-7)


@pytest.mark.parametrize("empty", [1, 4, 40])
def test_three_outcomes_at_two_levels(empty: int) -> None:
    """A saturated model is one of intercepts alone at each level; one level has neither event."""
    counts = np.array([[700.0, 30.0, 20.0], [empty, 0.0, 0.0]])
    logits = np.log((counts[:, 1:] + 0.5) / (counts[:, :1] + 0.5))
    assert_allclose(reduced(TWO_LEVELS, counts), [logits[0], logits[1] - logits[0]], atol=1e-6)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_the_adjusted_score_is_the_derivative_of_the_penalised_likelihood(m: int) -> None:
    X, counts = random_data(3, m=m)
    theta = np.random.default_rng(4).normal(scale=0.5, size=3 * (m - 1))

    def penalised(flat: np.ndarray) -> np.ndarray:
        return np.array(evaluate(X, counts, flat.reshape((3, m - 1), order="F")).penalised)

    point = evaluate(X, counts, theta.reshape((3, m - 1), order="F"))
    added = pseudo_counts(X, counts.sum(axis=1), point.P, np.linalg.inv(point.information))
    gradient = score(DenseRows(X), counts + added, point.P).ravel(order="F")
    assert_allclose(gradient, differences(penalised, theta), rtol=1e-6, atol=1e-5)


def test_pseudo_counts_are_half_a_parameter_each() -> None:
    X, counts = random_data(8)
    point = evaluate(X, counts, np.full((3, 2), 0.3))
    added = pseudo_counts(X, counts.sum(axis=1), point.P, np.linalg.inv(point.information))
    assert (added >= 0).all()
    assert added.sum() == pytest.approx(6 / 2)


def test_covariance_of_utilities_by_definition() -> None:
    X, _ = random_data(2, n=3_000)
    root = np.random.default_rng(1).normal(size=(6, 6))
    found = utility_covariance(X, root @ root.T)
    for i in (0, 1_023, 1_024, 2_999):  # across chunks
        by_row = np.kron(np.eye(2), X[i])
        assert_allclose(found[:, :, i], by_row @ root @ root.T @ by_row.T)


def test_it_is_a_maximum() -> None:
    X, counts = sparse_data(1)
    params = reduced(X, counts)
    highest = evaluate(X, counts, params).penalised
    rng = np.random.default_rng(0)
    for size in (1e-3, 0.1, 1, 5):
        assert evaluate(X, counts, params + size * rng.normal(size=params.shape)).penalised < highest


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_counts_are_rows(seed: int) -> None:
    X, counts = sparse_data(seed)
    cell, outcome = np.nonzero(counts)
    times = counts[cell, outcome].astype(int)
    expanded = np.eye(3)[np.repeat(outcome, times)]
    assert_allclose(reduced(X, counts), reduced(np.repeat(X[cell], times, axis=0), expanded), atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_relabelling_the_base_gives_differences(seed: int) -> None:
    X, counts = sparse_data(seed)
    params, other = reduced(X, counts), reduced(X, counts[:, [1, 0, 2]])
    assert_allclose(other, np.column_stack([-params[:, 0], params[:, 1] - params[:, 0]]), atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_another_reference_level_gives_the_same_probabilities(seed: int) -> None:
    X, counts = sparse_data(seed)
    turned = X.copy()
    turned[:, 1] = 1 - turned[:, 1]
    ours, others = (log_probabilities(design, reduced(design, counts)) for design in (X, turned))
    assert_allclose(ours, others, atol=1e-5)


@pytest.mark.parametrize("degree", [1, 2])
def test_complete_separation_has_finite_estimates(degree: int) -> None:
    x = np.linspace(-1, 1, 40)
    X = np.vander(x, degree + 1, increasing=True)
    counts = np.eye(3)[np.digitize(x, [-0.2, 0.4])]
    assert separating_direction(X, counts) is not None
    assert np.abs(reduced(X, counts)).max() < 50


def test_large_samples_give_maximum_likelihood() -> None:
    X, counts = random_data(5)
    gaps = []
    for times in (1, 100):
        fit = newton(DenseRows(X), times * counts, null_params(counts, 3), 50)
        gaps.append(np.abs(reduced(X, times * counts) - fit.params).max())
    assert gaps[1] == pytest.approx(gaps[0] / 100, rel=0.05)  # the adjustment is of order 1/n


def test_bias_is_smaller_than_of_maximum_likelihood() -> None:
    """Sixty persons a replication; those that separate have no estimate by maximum likelihood."""
    rng = np.random.default_rng(7)
    true = np.array([[-0.8, -1.0], [1.0, -1.0]])
    X = np.column_stack([np.ones(12), np.linspace(-1.5, 1.5, 12)])
    P = np.exp(log_probabilities(X, true))
    likelihood, bias_reduced = [], []
    for _ in range(400):
        counts = np.array([rng.multinomial(5, p) for p in P]).astype(float)
        fit = newton(DenseRows(X), counts, null_params(counts, 2), 50)
        if fit.ending == "converged" and np.abs(fit.params).max() < 10:
            likelihood.append(fit.params)
            bias_reduced.append(reduced(X, counts))
    assert len(likelihood) > 350
    of_likelihood = np.abs(np.mean(likelihood, axis=0) - true)
    of_bias_reduced = np.abs(np.mean(bias_reduced, axis=0) - true)
    assert of_bias_reduced.sum() < of_likelihood.sum() / 2
    assert np.std(bias_reduced, axis=0).sum() < np.std(likelihood, axis=0).sum()


def test_how_it_ended_is_said() -> None:
    X, counts = random_data(6)
    start = null_params(counts, 3)
    assert reduce_bias(X, counts, start, 1).ending == "not_converged"
    assert reduce_bias(np.column_stack([X, X[:, 1]]), counts, null_params(counts, 4), 50).ending == "singular"
    assert reduce_bias(X * [1, 1e200, 1e200], counts, np.full((3, 2), 1e200), 50).ending == "overflow"
