"""Adaptive quadrature where deviations are large: the search ends at the maximum of the likelihood, not of its rule."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models_py.cells import Floats
from models_py.multinomial import newton, null_params
from models_py.path_likelihood import Paths, make_problem
from models_py.products import DenseRows
from models_py.random_effects import climb, largest_deviation, maximise, starting_point
from models_py.variance_components import make_structure

EXACT_NODES = 61


def absorbed_panel(n_persons: int, seed: int) -> tuple[Floats, Floats, Paths]:
    """Design (2, 2), counts (2, 3) and paths of persons who differ much, and are gone once they emigrate."""
    rng = np.random.default_rng(seed)
    X = np.array([[1.0, 0.0], [1.0, 1.0]])
    rows, outcomes, lengths = [], [], []
    for _ in range(n_persons):
        row, effects = int(rng.integers(2)), rng.normal(0, (0.8, 2.2))
        length = 0
        while length < 6 and (length == 0 or outcomes[-1] != 2):
            shares = np.exp([0.0, -3.0 + 0.4 * row + effects[0], -6.5 + 0.3 * row + effects[1]])
            outcomes.append(int(rng.choice(3, p=shares / shares.sum())))
            rows.append(row)
            length += 1
        lengths.append(length)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    paths = Paths(np.ones(n_persons), offsets, np.array(rows, dtype=np.int32), np.array(outcomes, dtype=np.int8))
    counts = np.bincount(paths.rows.astype(np.int64) * 3 + paths.outcomes, minlength=6).reshape(2, 3)
    return X, counts.astype(np.float64), paths


@pytest.mark.parametrize("structure_name", ["independent", "unstructured"])
def test_search_with_adaptive_nodes_does_not_run_away(structure_name: str) -> None:
    X, counts, paths = absorbed_panel(1500, 4)
    structure = make_structure(structure_name, 2)
    pooled = newton(DenseRows(X), counts, null_params(counts, 2), 50).params
    found = maximise(X, counts, paths, structure, pooled, 50)
    exact = make_problem(X, counts, paths, structure, EXACT_NODES)
    there = climb(exact, starting_point(exact, pooled), 0, 50)
    assert found.problem.placement.is_adaptive
    assert found.ending == "converged"
    assert_allclose(largest_deviation(found), largest_deviation(there), rtol=0.05)
    assert_allclose(found.sums.log_likelihood, there.sums.log_likelihood, atol=0.1)
