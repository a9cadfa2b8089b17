"""Covariance of estimates when a person's years are dependent: the sandwich with the person as cluster.

Belongs here: scores, meat, bread and the finite-sample factors (Huber 1967; Liang & Zeger 1986; Cameron & Miller 2015,
sections II.B-C). Does not belong here: how estimates are found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from models_py.cells import Booleans, Cells, EstimationInputError, Floats, PathBatch
from models_py.products import Rows
from models_py.threads import in_threads

SmallSample = Literal["stata", "statsmodels", "none"]

# Paths that a thread takes at a time. With 60 coefficients their scores take 2 MB and stay in the processor's cache.
PATHS_PER_PART = 4096


@dataclass(frozen=True, slots=True)
class PersonScores:
    """The result of one pass over the paths of a group.

    Attributes:
        meat: (p, p) sum over persons of the outer product of their scores.
        n_persons: persons with at least one person-year in the sample.
    """

    meat: Floats
    n_persons: int


@dataclass(frozen=True, slots=True)
class SampleIndex:
    """Look-up tables by a path's code (cell_id * m + outcome), for codes up to the group's largest.

    Attributes:
        row: (codes,) row of the design; 0 for codes that are not in the sample.
        in_sample: (codes,) whether the fit used that cell.
        expected: (codes,) person-years according to `estimation.cell`.
    """

    row: np.ndarray
    in_sample: Booleans
    expected: Floats


def index_sample(cells: Cells, kept: Cells) -> SampleIndex:
    """Index the group's `cells` by the codes of paths; `kept` are the cells that the fit used."""
    m = cells.counts.shape[1]
    row = np.zeros((cells.cell_id.max() + 1, m), dtype=np.int32)
    in_sample = np.zeros(row.shape, dtype=np.bool_)
    expected = np.zeros(row.shape)
    row[kept.cell_id] = np.arange(kept.cell_id.size, dtype=np.int32)[:, None]
    in_sample[kept.cell_id] = True
    expected[cells.cell_id] = cells.counts
    return SampleIndex(row.ravel(), in_sample.ravel(), expected.ravel())


def residual_table(index: SampleIndex, P: Floats) -> Floats:
    """1[y=j] - P_j for each code and outcome j except the base, (codes, m-1); zero outside the sample."""
    m = P.shape[1]
    outcome = np.arange(index.row.size) % m
    residuals: Floats = (outcome[:, None] == np.arange(1, m)) - P[index.row, 1:]
    residuals[~index.in_sample] = 0.0
    return np.asfortranarray(residuals)


def part_meat(batch: PathBatch, design: Rows, index: SampleIndex, residuals: Floats, first: int) -> Floats:
    """The meat (p, p) of `PATHS_PER_PART` paths of a batch, starting with path number `first`.

    A path's score (p,) is the sum over its years of residuals times rows of the design.
    """
    n_persons = batch.n_persons[first : first + PATHS_PER_PART]
    offsets = batch.offsets[first : first + n_persons.size + 1]
    codes = batch.codes[offsets[0] : offsets[-1]]
    rows, starts, k = index.row[codes], offsets - offsets[0], design.n_columns
    scores = np.empty((n_persons.size, k * residuals.shape[1]))
    for j, column in enumerate(residuals.T):
        scores[:, j * k : (j + 1) * k] = design.sums_by_group(column[codes], rows, starts)
    scores *= np.sqrt(n_persons)[:, None]
    meat: Floats = scores.T @ scores
    return meat


def sum_person_scores(
    batches: Iterable[PathBatch], design: Rows, index: SampleIndex, residuals: Floats
) -> PersonScores:
    """One pass over the paths of a group, on all processors, in bounded memory.

    Raises:
        EstimationInputError: the paths' person-years are not those of the cells.
    """
    p = design.n_columns * residuals.shape[1]
    meat, seen, n_persons = np.zeros((p, p)), np.zeros(index.row.size), 0
    for batch in batches:
        if batch.codes.min() < 0 or batch.codes.max() >= seen.size:
            raise EstimationInputError("estimation.path has a cell that is not in estimation.cell for its group")
        parts = range(0, batch.n_persons.size, PATHS_PER_PART)
        for part in in_threads(partial(part_meat, batch, design, index, residuals), parts):
            meat += part
        counted = np.logical_or.reduceat(index.in_sample[batch.codes], batch.offsets[:-1])
        n_persons += int(batch.n_persons[counted].sum())
        per_year = np.repeat(batch.n_persons, np.diff(batch.offsets))
        seen += np.bincount(batch.codes, weights=per_year, minlength=seen.size)
    if not np.array_equal(seen, index.expected):
        raise EstimationInputError("estimation.path and estimation.cell disagree about person-years of a group")
    return PersonScores(meat, n_persons)


def clustered_covariance(
    bread: Floats, scores: PersonScores, n_observations: float, small_sample: SmallSample
) -> Floats:
    """bread @ meat @ bread (p, p) times the finite-sample factor.

    `stata`: G/(G-1) (Stata's `vce(cluster)` for maximum likelihood); `statsmodels`: G/(G-1) * (n-1)/(n-p);
    `none`: 1.
    """
    factor = 1.0 if small_sample == "none" else scores.n_persons / (scores.n_persons - 1)
    if small_sample == "statsmodels":
        factor *= (n_observations - 1) / (n_observations - bread.shape[0])
    covariance: Floats = factor * bread @ scores.meat @ bread
    return covariance
