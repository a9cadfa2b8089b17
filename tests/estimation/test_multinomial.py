"""The numeric core: reference data, derivatives against finite differences, and what must not matter."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.discrete.tests.results.results_discrete import Anes

from models_py.marginal_effects import average_derivative
from models_py.multinomial import (
    information,
    log_likelihood,
    log_probabilities,
    newton,
    null_log_likelihood,
    null_params,
    score,
    solve_information,
)
from models_py.prediction import delta_method
from models_py.products import DenseRows
from models_py.response import LogitResponse


def fitted(X: np.ndarray, counts: np.ndarray) -> np.ndarray:
    fit = newton(DenseRows(X), counts, null_params(counts, X.shape[1]), 50)
    assert fit.ending == "converged"
    return fit.params


def random_data(seed: int, n: int = 60, k: int = 3, m: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, k - 1))])
    return X, rng.integers(1, 6, size=(n, m)).astype(float)


def differences(function, point: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Central differences of an array-valued function, derivative last."""
    shifted = [(function(point + e) - function(point - e)) / (2 * step) for e in step * np.eye(point.size)]
    return np.stack(shifted, axis=-1)


def anes96() -> tuple[np.ndarray, np.ndarray]:
    """Seven outcomes, 944 rows; the constant last, as in statsmodels' stored results from Stata."""
    data = sm.datasets.anes96.load()
    return sm.add_constant(np.asarray(data.exog), prepend=False), np.eye(7)[np.asarray(data.endog, dtype=int)]


def test_anes96_reference() -> None:
    X, counts = anes96()
    fit = newton(DenseRows(X), counts, np.zeros((6, 6)), 50)
    bse = np.sqrt(np.diag(solve_information(fit.information, np.eye(36)))).reshape((6, 6), order="F")
    assert fit.log_likelihood == pytest.approx(-1461.922747, abs=1e-6)
    assert null_log_likelihood(counts) == pytest.approx(Anes.mnlogit_basezero.llnull, abs=1e-6)
    assert_allclose(fit.params, Anes.mnlogit_basezero.params, atol=1e-6)
    assert_allclose(bse, Anes.mnlogit_basezero.bse, atol=1e-6)


def test_anes96_average_derivatives() -> None:
    X, counts = anes96()
    fit = newton(DenseRows(X), counts, np.zeros((6, 6)), 50)
    covariance = solve_information(fit.information, np.eye(36))
    for j in range(5):
        dX = np.zeros_like(X)
        dX[:, j] = 1.0
        values, gradient = average_derivative(X, dX, np.full(len(X), 1 / len(X)), fit.params, LogitResponse())
        assert_allclose(values, Anes.mnlogit_basezero.margeff_dydx_overall[j], atol=1e-6)
        errors = delta_method(gradient, covariance)
        assert_allclose(errors, Anes.mnlogit_basezero.margeff_dydx_overall_se[j], atol=1e-6)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_derivatives_against_finite_differences(m: int) -> None:
    X, counts = random_data(3, m=m)
    theta = np.random.default_rng(4).normal(scale=0.5, size=3 * (m - 1))

    def matrix(flat: np.ndarray) -> np.ndarray:
        return flat.reshape((3, m - 1), order="F")

    def value(flat: np.ndarray) -> np.ndarray:
        return np.array(log_likelihood(log_probabilities(X, matrix(flat)), counts))

    def gradient(flat: np.ndarray) -> np.ndarray:
        return score(DenseRows(X), counts, np.exp(log_probabilities(X, matrix(flat)))).ravel(order="F")

    P = np.exp(log_probabilities(X, matrix(theta)))
    assert_allclose(gradient(theta), differences(value, theta), rtol=1e-6, atol=1e-5)
    assert_allclose(
        -information(DenseRows(X), counts.sum(axis=1), P), differences(gradient, theta), rtol=1e-6, atol=1e-5
    )
    by_theta = differences(lambda flat: np.exp(log_probabilities(X, matrix(flat))), theta)
    assert_allclose(LogitResponse().probabilities(X @ matrix(theta)).gradient(X), by_theta, atol=1e-8)


def test_counts_are_rows() -> None:
    X, counts = random_data(5)
    cell, outcome = np.nonzero(counts)
    times = counts[cell, outcome].astype(int)
    expanded = np.eye(3)[np.repeat(outcome, times)]
    assert_allclose(fitted(X, counts), fitted(np.repeat(X[cell], times, axis=0), expanded), atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_of_rows_does_not_matter(seed: int) -> None:
    X, counts = random_data(seed)
    order = np.random.default_rng(seed).permutation(X.shape[0])
    assert_allclose(fitted(X, counts), fitted(X[order], counts[order]), atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), part=st.floats(0.1, 0.9))
def test_splitting_a_cell_does_not_matter(seed: int, part: float) -> None:
    X, counts = random_data(seed)
    split = np.vstack([counts * part, counts * (1 - part)])
    assert_allclose(fitted(X, counts), fitted(np.vstack([X, X]), split), atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_relabelling_the_base_gives_differences(seed: int) -> None:
    X, counts = random_data(seed)
    params, other = fitted(X, counts), fitted(X, counts[:, [1, 0, 2]])
    assert_allclose(other, np.column_stack([-params[:, 0], params[:, 1] - params[:, 0]]), atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-400, 400))
def test_utilities_of_any_size_are_probabilities(seed: int, shift: float) -> None:
    X, _ = random_data(seed)
    P = np.exp(log_probabilities(X, np.full((3, 2), shift)))
    assert np.isfinite(P).all()
    assert_allclose(P.sum(axis=1), 1)


def test_a_singular_information_is_said() -> None:
    X, counts = random_data(6)
    assert newton(DenseRows(np.column_stack([X, X[:, 1]])), counts, null_params(counts, 4), 50).ending == "singular"


def test_too_few_iterations_are_said() -> None:
    X, counts = random_data(6)
    assert newton(DenseRows(X), counts, null_params(counts, 3), 1).ending == "not_converged"


def test_overflow_is_said() -> None:
    X, counts = random_data(6)
    assert newton(DenseRows(X * [1, 1e200, 1e200]), counts, np.full((3, 2), 1e200), 50).ending == "overflow"
