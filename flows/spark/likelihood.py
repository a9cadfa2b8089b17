"""The random-effects likelihood on paths that stay on the cluster: partitions are summed where they are.

The driver sends the model once and theta for each evaluation, and gets 8 (1 + q + 2 q²) bytes from each partition.
Executors need Python with this project's packages. Does not belong here: the sums (`models_py/path_partitions.py`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark import TaskContext
from pyspark.broadcast import Broadcast
from pyspark.sql import DataFrame

from models_py.cells import Floats, path_batch
from models_py.path_likelihood import Sums
from models_py.path_partitions import PathModel, flattened, partition_sums, restored, total
from models_py.threads import be_one_of_many

SENT = "partition int, numbers array<double>"


@dataclass(frozen=True, slots=True)
class ClusterLikelihood:
    """The likelihood of a group whose paths are rows of `n_persons` and `path`, cached before the first evaluation."""

    paths: DataFrame
    model: "Broadcast[PathModel]"

    def sums(self, theta: Floats, order: int) -> Sums:
        """Log-likelihood and, by order, gradient, outer product of scores and information, at theta (q,).

        Added up in the order of the partitions, so that the same partitions give the same digits.
        """
        model = self.model

        def summed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            be_one_of_many()  # Spark starts a process for each of an executor's cores
            found = partition_sums(model.value, map(path_batch, batches), theta, order)
            context = TaskContext.get()
            number = context.partitionId() if context else 0
            yield pa.RecordBatch.from_pydict(
                {"partition": pa.array([number], pa.int32()), "numbers": [flattened(found)]},
                schema=pa.schema([("partition", pa.int32()), ("numbers", pa.list_(pa.float64()))]),
            )

        rows = self.paths.select("n_persons", "path").mapInArrow(summed, SENT).collect()
        n_parameters = model.value.n_parameters
        parts = (restored(row.numbers, n_parameters) for row in sorted(rows, key=lambda row: row.partition))
        return total(parts, n_parameters)


def cluster_likelihood(paths: DataFrame, model: PathModel) -> ClusterLikelihood:
    """The likelihood of a model on a group's paths, which are kept in the executors' memory from now on."""
    return ClusterLikelihood(
        paths.select("n_persons", "path").cache(), paths.sparkSession.sparkContext.broadcast(model)
    )
