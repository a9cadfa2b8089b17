"""Intervals cover as often as they say, when persons' years depend on each other."""

import numpy as np
import pytest

from models_py.cells import Cells, Factor, PathBatch
from models_py.clustering import clustered_covariance, index_sample, residual_table, sum_person_scores
from models_py.multinomial import log_probabilities, newton, null_params, solve_information
from models_py.products import DenseRows

REPLICATIONS, PERSONS, YEARS, LEVELS = 150, 1_200, 5, 6
TRUE = np.array([[-1.5, -2.0], [0.4, -0.5]])


def replicate(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates, clustered and model-based standard errors, (4,) each.

    A person keeps a covariate and repeats last year's outcome with probability 0.4, so that margins are those of the
    model while years depend on each other.
    """
    level = rng.integers(0, LEVELS, PERSONS)
    X = np.column_stack([np.ones(LEVELS), np.linspace(-1, 1, LEVELS)])
    P = np.exp(log_probabilities(X, TRUE))[level]
    drawn = (rng.random((PERSONS, YEARS, 1)) > P.cumsum(axis=1)[:, None, :]).sum(axis=2)
    for year in range(1, YEARS):
        repeats = rng.random(PERSONS) < 0.4
        drawn[repeats, year] = drawn[repeats, year - 1]
    codes = (level[:, None] * 3 + drawn).ravel()
    counts = np.bincount(codes, minlength=3 * LEVELS).reshape(LEVELS, 3).astype(float)
    cells = Cells(np.arange(LEVELS), np.zeros(LEVELS), {"level": Factor(np.arange(LEVELS), ())}, counts)
    fit = newton(DenseRows(X), counts, null_params(counts, 2), 50)
    index = index_sample(cells, cells)
    residuals = residual_table(index, np.exp(log_probabilities(X, fit.params)))
    offsets = np.arange(0, codes.size + 1, YEARS, dtype=np.int32)
    batch = PathBatch(np.ones(PERSONS), codes.astype(np.int32), offsets)
    scores = sum_person_scores([batch], DenseRows(X), index, residuals)
    bread = solve_information(fit.information, np.eye(4))
    clustered = clustered_covariance(bread, scores, counts.sum(), "stata")
    return fit.params.ravel(order="F"), np.sqrt(np.diag(clustered)), np.sqrt(np.diag(bread))


@pytest.fixture(scope="module")
def replications() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2025)
    estimates, clustered, model_based = zip(*(replicate(rng) for _ in range(REPLICATIONS)), strict=True)
    return np.array(estimates), np.array(clustered), np.array(model_based)


def coverage(estimates: np.ndarray, errors: np.ndarray) -> np.ndarray:
    return (np.abs(estimates - TRUE.ravel(order="F")) < 1.959964 * errors).mean(axis=0)


def test_clustered_intervals_cover(replications: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    covered = coverage(replications[0], replications[1])
    assert 0.92 <= covered.mean() <= 0.98
    assert covered.min() >= 0.88


def test_model_based_intervals_would_not(replications: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    assert coverage(replications[0], replications[2]).mean() < 0.91


def test_clustered_errors_are_the_spread_of_estimates(
    replications: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    estimates, clustered, _ = replications
    np.testing.assert_allclose(clustered.mean(axis=0), estimates.std(axis=0), rtol=0.15)
