"""The random-effects likelihood where paths are spread over machines: what one of them sums, and how sums travel.

Every sum of `path_likelihood` is a sum over persons, so that sums over partitions of the paths add up to those over
all. A partition needs the model, which is small, and its own paths; nothing of any other partition.
Belongs here: the function that is mapped over partitions, and its result as plain numbers. Does not belong here: any
cluster (`flows/spark/likelihood.py` maps it there), or how the maximum is found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from models_py.cells import EstimationInputError, Floats, PathBatch
from models_py.clustering import SampleIndex
from models_py.path_likelihood import Paths, Sums, adapted, make_problem, sums
from models_py.variance_components import Structure


@dataclass(frozen=True, slots=True)
class PathModel:
    """All of the likelihood but its paths and its parameters: what every machine gets once.

    Attributes:
        X: (n, k) design, a row for each cell of the sample.
        index: where the codes of `estimation.path` are among these rows.
        structure: of the random effects.
        per_dimension: nodes a dimension.
        adaptive: whether each path has nodes of its own, placed anew for every theta.
    """

    X: Floats
    index: SampleIndex
    structure: Structure
    per_dimension: int
    adaptive: bool = False

    @property
    def n_parameters(self) -> int:
        """q = Jk + G."""
        return int(self.X.shape[1]) * self.structure.n_outcomes + len(self.structure.free)


def partition_sums(model: PathModel, batches: Iterable[PathBatch], theta: Floats, order: int) -> Sums:
    """Log-likelihood, gradient, outer product of scores and information of a partition's paths, up to an order.

    `order` is VALUE, GRADIENT, SCORES or INFORMATION of `path_kernel`. The log-likelihood is the paths' own, whole:
    their person-years are counted here and not taken from the cells.

    Raises:
        EstimationInputError: a path has a cell that the model does not know.
    """
    paths = paths_on_design(batches, model.index, model.structure.n_outcomes + 1)
    if not paths.weights.size:
        return no_sums(model.n_parameters)
    counts = counts_of(paths, (model.X.shape[0], model.structure.n_outcomes + 1))
    problem = make_problem(model.X, counts, paths, model.structure, model.per_dimension, model.adaptive)
    return sums(adapted(problem, theta) if model.adaptive else problem, theta, order)


def paths_on_design(batches: Iterable[PathBatch], index: SampleIndex, m: int) -> Paths:
    """Paths on the rows of the design, without the person-years that are not in the sample; m outcomes.

    Raises:
        EstimationInputError: a path has a cell that the index does not know.
    """
    weights, lengths = [np.zeros(0)], [np.zeros(0, np.int64)]
    rows, outcomes = [np.zeros(0, np.int32)], [np.zeros(0, np.int8)]
    for batch in batches:
        if not batch.codes.size:  # Spark hands on what a filter has left of a batch, nothing too
            continue
        if batch.codes.min() < 0 or batch.codes.max() >= index.row.size:
            raise EstimationInputError("estimation.path has a cell that is not in estimation.cell for its group")
        kept = index.in_sample[batch.codes]
        length = np.add.reduceat(kept.astype(np.int64), batch.offsets[:-1])
        codes = batch.codes[kept]
        weights.append(batch.n_persons[length > 0])
        lengths.append(length[length > 0])
        rows.append(index.row[codes])
        outcomes.append((codes % m).astype(np.int8))
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return Paths(np.concatenate(weights), offsets, np.concatenate(rows), np.concatenate(outcomes))


def counts_of(paths: Paths, shape: tuple[int, int]) -> Floats:
    """Person-years by row of the design and outcome (n, m) that the paths hold."""
    per_year = np.repeat(paths.weights, np.diff(paths.offsets))
    place = paths.rows.astype(np.int64) * shape[1] + paths.outcomes
    counted: Floats = np.bincount(place, weights=per_year, minlength=shape[0] * shape[1]).astype(np.float64, copy=False)
    return counted.reshape(shape)


def no_sums(n_parameters: int) -> Sums:
    """The sums (q = n_parameters) over no path at all."""
    q = n_parameters
    return Sums(0.0, np.zeros(q), np.zeros((q, q)), np.zeros((q, q)))


def total(parts: Iterable[Sums], n_parameters: int) -> Sums:
    """Sums of partitions added up, in the order in which they are given: the last digits depend on it."""
    return reduce(add, parts, no_sums(n_parameters))


def flattened(part: Sums) -> Floats:
    """Sums as one row of numbers (1 + q + 2 q²,), to be sent from where they were computed."""
    return np.concatenate([[part.log_likelihood], part.gradient, part.meat.ravel(), part.information.ravel()])


def restored(numbers: Floats, n_parameters: int) -> Sums:
    """Sums from what `flattened` made of them."""
    q = n_parameters
    gradient, meat, information = np.split(numbers[1:], [q, q + q * q])
    return Sums(float(numbers[0]), gradient, meat.reshape(q, q), information.reshape(q, q))
