"""Sums over partitions of the paths, added up, are the sums over all paths."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models_py.cells import EstimationInputError, PathBatch
from models_py.clustering import index_sample
from models_py.path_kernel import GRADIENT, INFORMATION, SCORES, VALUE
from models_py.path_likelihood import Sums, adapted, make_problem, sums
from models_py.path_partitions import (
    PathModel,
    flattened,
    no_sums,
    partition_sums,
    restored,
    total,
)
from models_py.variance_components import make_structure
from tests.estimation.panels import Array, Panel
from tests.estimation.small_model import B, cells_with, design_rows, draw

L = [[0.7, 0.0], [-0.3, 1.1]]
ELEMENTS = np.array([0.7, -0.3, 1.1])
THETA = np.concatenate([B.ravel(order="F"), ELEMENTS])


def model_of(panel: Panel, per_dimension: int, adaptive: bool) -> PathModel:
    cells = cells_with(panel.counts)
    return PathModel(
        design_rows(), index_sample(cells, cells), make_structure("unstructured", 2), per_dimension, adaptive
    )


def batches_of(panel: Panel, edges: list[int]) -> list[PathBatch]:
    """The paths between each pair of edges, as Spark would hand them over."""
    paths = panel.paths
    codes = (paths.rows * 3 + paths.outcomes).astype(np.int32)
    return [
        PathBatch(
            paths.weights[first:last],
            codes[paths.offsets[first] : paths.offsets[last]],
            (paths.offsets[first : last + 1] - paths.offsets[first]).astype(np.int32),
        )
        for first, last in itertools.pairwise(edges)
    ]


def assert_same(found: Sums, expected: Sums, tolerance: float) -> None:
    assert_allclose(found.log_likelihood, expected.log_likelihood, rtol=tolerance)
    for name in ("gradient", "meat", "information"):
        wanted: Array = getattr(expected, name)
        assert_allclose(getattr(found, name), wanted, rtol=0, atol=tolerance * max(1.0, np.abs(wanted).max()))


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("order", [VALUE, GRADIENT, SCORES, INFORMATION])
def test_partitions_add_up(order: int, adaptive: bool) -> None:
    panel = draw(L, seed=3)
    problem = make_problem(*panel.data, make_structure("unstructured", 2), 9, adaptive)
    expected = sums(adapted(problem, THETA) if adaptive else problem, THETA, order)
    model, n = model_of(panel, 9, adaptive), panel.paths.weights.size
    parts = [partition_sums(model, [batch], THETA, order) for batch in batches_of(panel, [0, 1, 400, 401, n])]
    assert_same(total(parts, model.n_parameters), expected, 1e-11)
    assert expected.log_likelihood < 0
    assert (np.abs(expected.information).max() > 1) == (order == INFORMATION)


def test_a_partition_of_several_batches_and_one_of_none() -> None:
    panel = draw(L, seed=4, n_persons=300)
    model, n = model_of(panel, 7, False), panel.paths.weights.size
    whole = partition_sums(model, batches_of(panel, [0, n]), THETA, INFORMATION)
    assert_same(partition_sums(model, batches_of(panel, [0, 9, n]), THETA, INFORMATION), whole, 1e-14)
    assert partition_sums(model, [], THETA, INFORMATION).log_likelihood == 0.0
    [nothing] = batches_of(panel, [0, 0])
    assert_same(partition_sums(model, [nothing, *batches_of(panel, [0, n])], THETA, INFORMATION), whole, 1e-14)


def test_sums_survive_the_journey() -> None:
    panel = draw(L, seed=5, n_persons=50)
    model = model_of(panel, 5, False)
    found = partition_sums(model, batches_of(panel, [0, panel.paths.weights.size]), THETA, INFORMATION)
    assert_same(restored(flattened(found), model.n_parameters), found, 0.0)
    assert flattened(no_sums(9)).size == 1 + 9 + 2 * 81


def test_a_path_with_an_unknown_cell_is_refused() -> None:
    panel = draw(L, seed=6, n_persons=20)
    stranger = PathBatch(np.ones(1), np.array([10**6], dtype=np.int32), np.array([0, 1], dtype=np.int32))
    with pytest.raises(EstimationInputError, match=r"not in estimation\.cell"):
        partition_sums(model_of(panel, 5, False), [stranger], THETA, VALUE)
