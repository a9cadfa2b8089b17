"""Intervals of bias-reduced estimates cover where events are so rare that some samples have none at a level."""

import numpy as np
import pytest

from models_py.bias_reduction import pseudo_counts, reduce_bias
from models_py.cells import Cells, PathBatch
from models_py.clustering import clustered_covariance, index_sample, residual_table, sum_person_scores
from models_py.covariance import pseudo_count_covariance
from models_py.multinomial import log_probabilities, null_params, solve_information
from models_py.products import DenseRows

X = np.array([[1.0, 0.0], [1.0, 1.0]])
REPLICATIONS, PERSONS, RARE_PERSONS, YEARS = 300, 1_000, 40, 5
# Yearly probabilities at the two levels; at the second the third outcome happens twice in the sample, on average.
P = np.array([[0.89, 0.08, 0.03], [0.89, 0.10, 0.01]])
TRUE = np.log(P[1, 2] / P[1, 0]) - np.log(P[0, 2] / P[0, 0])


def replicate(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Events at the rare level, its coefficient, and standard errors without and with pseudo-counts in the meat.

    A person repeats last year's outcome with probability 0.4.
    """
    level = np.repeat([0, 1], [PERSONS, RARE_PERSONS])
    drawn = (rng.random((level.size, YEARS, 1)) > P[level].cumsum(axis=1)[:, None, :]).sum(axis=2)
    for year in range(1, YEARS):
        repeats = rng.random(level.size) < 0.4
        drawn[repeats, year] = drawn[repeats, year - 1]
    codes = (level[:, None] * 3 + drawn).ravel().astype(np.int32)
    counts = np.bincount(codes, minlength=6).reshape(2, 3).astype(float)
    fit = reduce_bias(X, counts, null_params(counts, 2), 50)
    assert fit.ending == "converged"
    cells, fitted = Cells(np.arange(2), np.zeros(2), {}, counts), np.exp(log_probabilities(X, fit.params))
    index = index_sample(cells, cells)
    batch = PathBatch(np.ones(level.size), codes, np.arange(0, codes.size + 1, YEARS, dtype=np.int32))
    scores = sum_person_scores([batch], DenseRows(X), index, residual_table(index, fitted))
    bread = solve_information(fit.information, np.eye(4))
    persons = clustered_covariance(bread, scores, counts.sum(), "stata")
    added = pseudo_counts(X, counts.sum(axis=1), fitted, bread)
    both = persons + pseudo_count_covariance(bread, DenseRows(X), added, fitted)
    return counts[1, 2], fit.params[1, 1], np.sqrt(persons[3, 3]), np.sqrt(both[3, 3])


@pytest.fixture(scope="module")
def replications() -> np.ndarray:
    """(replications, 4)."""
    rng = np.random.default_rng(1)
    return np.array([replicate(rng) for _ in range(REPLICATIONS)])


def coverage(estimates: np.ndarray, errors: np.ndarray) -> float:
    return float((np.abs(estimates - TRUE) < 1.959964 * errors).mean())


def test_many_samples_separate_and_the_estimate_is_nearly_unbiased(replications: np.ndarray) -> None:
    assert 0.1 < (replications[:, 0] == 0).mean() < 0.4
    assert abs(replications[:, 1].mean() - TRUE) < 0.2


def test_intervals_cover(replications: np.ndarray) -> None:
    assert 0.90 <= coverage(replications[:, 1], replications[:, 3]) <= 0.98


def test_without_pseudo_counts_they_would_not(replications: np.ndarray) -> None:
    """Of a sample without an event they would never cover, and always call the coefficient significant."""
    assert coverage(replications[:, 1], replications[:, 2]) < 0.75
    none = replications[replications[:, 0] == 0]
    assert coverage(none[:, 1], none[:, 2]) == 0
    assert (np.abs(none[:, 1] / none[:, 2]) > 1.96).all()
    assert coverage(none[:, 1], none[:, 3]) == 1
    assert not (np.abs(none[:, 1] / none[:, 3]) > 1.96).any()
