"""The random-effects likelihood of paths that stay in Spark: the sums, and the estimates they lead to."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models_py.multinomial import solve_information
from models_py.path_kernel import INFORMATION
from models_py.path_likelihood import sums
from models_py.path_partitions import PathModel
from models_py.random_effects import DECREMENT, maximise
from models_py.variance_components import make_structure
from tests.estimation.panels import Panel
from tests.estimation.small_model import B, draw
from tests.estimation.test_path_partitions import THETA, L, assert_same, model_of


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        settings = {
            "spark.master": "local[2]",
            "spark.ui.enabled": "false",
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        }
        session = SparkSession.builder.config(map=settings).getOrCreate()
        yield session
        session.stop()


def test_partitions_in_spark_sum_to_the_local_likelihood(session: Any, empty_working_directory: Path) -> None:
    """At the local maximum: the same sums, so no further step, and the same standard errors."""
    panel, structure = draw(L, seed=8), make_structure("unstructured", 2)
    maximum = maximise(*panel.data, structure, B, 50)
    problem = maximum.problem
    per_dimension = round(problem.rule.weights.size ** (1 / structure.dimensions))
    model = model_of(panel, per_dimension, problem.placement.is_adaptive)

    found = distributed(session, panel, model).sums(maximum.theta, INFORMATION)

    assert_same(found, sums(problem, maximum.theta, INFORMATION), 1e-10)
    assert found.gradient @ solve_information(found.information, found.gradient) < DECREMENT
    errors, expected = (np.sqrt(np.diag(np.linalg.inv(of.information))) for of in (found, maximum.sums))
    assert_allclose(errors, expected, rtol=1e-9)
    elsewhere = distributed(session, panel, model).sums(THETA, INFORMATION)
    assert elsewhere.log_likelihood < found.log_likelihood - 1e-3
    assert list(empty_working_directory.iterdir()) == []


def distributed(session: Any, panel: Panel, model: PathModel) -> Any:
    """The likelihood of the panel's paths, spread over three partitions."""
    from flows.spark.likelihood import cluster_likelihood

    paths = panel.paths
    codes = np.split(paths.rows * 3 + paths.outcomes, paths.offsets[1:-1])
    rows = [(int(n), [int(code) for code in path]) for n, path in zip(paths.weights, codes, strict=True)]
    frame = session.createDataFrame(rows, "n_persons bigint, path array<int>").repartition(3)
    return cluster_likelihood(frame, model)
