"""The data of a notebook's model: distinct rows of a design with outcome counts, and persons' paths.

Belongs here: samples from a formula and data, and from cells, and the checks that need no estimates. Does not belong
here: estimation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models_py.cells import EstimationInputError, Floats, PathBatch
from models_py.clustering import SampleIndex
from models_py.estimability import NotEstimableError
from models_py.naming import IN_NOTEBOOK, Naming
from models_py.notebook.data import Columns, Observations, collapse, level_name, paths_of_cells
from models_py.notebook.design import Design, make_formula_design, make_matrix_design, parse_formula


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """n distinct rows of a design with k columns, m outcomes.

    Attributes:
        formula: as given; empty if columns were given.
        observations: patterns, outcomes, counts (n, m) and paths.
        X: (n, k) the design matrix.
    """

    formula: str
    observations: Observations
    design: Design
    X: Floats

    @property
    def counts(self) -> Floats:
        """Observations by row and outcome (n, m)."""
        return self.observations.counts

    @property
    def outcomes(self) -> tuple[str, ...]:
        """m names, the base first."""
        return self.observations.outcomes

    @property
    def n_persons(self) -> int | None:
        """Number of persons; None if persons are not known."""
        paths = self.observations.paths
        return sum(int(batch.n_persons.sum()) for batch in paths) if paths else None

    @property
    def naming(self) -> Naming:
        """The names that messages give columns and outcomes."""
        return Naming(self.design.names, self.outcomes, IN_NOTEBOOK)

    @property
    def index(self) -> SampleIndex:
        """The index of paths' codes, row * m + outcome; all of them are in the sample."""
        n, m = self.counts.shape
        row = np.repeat(np.arange(n, dtype=np.int32), m)
        return SampleIndex(row, np.ones(n * m, dtype=np.bool_), self.counts.ravel())


def sample_from_formula(formula: str, data: Any, groups: str | None, weights: str | None, base: object) -> Sample:
    """A sample from the rows of a data frame or relation, by a formula.

    Raises:
        EstimationInputError: formula and data do not fit together.
        NotEstimableError: an outcome never happens.
    """
    outcome, terms, covariates = parse_formula(formula)
    observations = collapse(data, Columns(covariates, outcome, groups, weights), base)
    check_outcomes(observations)
    design, X = make_formula_design(terms, observations.patterns, observations.counts.sum(axis=1))
    return make_sample(formula, observations, design, X)


def sample_from_cells(
    X: Any, counts: Any, names: Sequence[str], outcomes: Sequence[object], groups: Any, base: object
) -> Sample:
    """A sample from cells: X (c, k) with column names, counts (c, m) by outcome, and each cell's person (c,) if known.

    Raises:
        EstimationInputError: shapes do not match, counts are not counts, or the base is not an outcome.
        NotEstimableError: an outcome never happens.
    """
    X, counts = np.array(X, dtype=np.float64, ndmin=2), np.array(counts, dtype=np.float64, ndmin=2)
    levels = [level_name(outcome) for outcome in outcomes]
    if X.shape[0] != counts.shape[0] or X.shape[1] != len(names) or counts.shape[1] != len(levels):
        raise EstimationInputError(
            f"X is {X.shape} with {len(names)} names, counts are {counts.shape} with {len(levels)} outcomes: they do "
            "not match"
        )
    if not (np.isfinite(counts).all() and (counts >= 0).all() and (counts == np.floor(counts)).all()):
        raise EstimationInputError("counts have values that are negative, missing or not whole")
    if base is not None:
        if level_name(base) not in levels:
            raise EstimationInputError(f"the base {level_name(base)} is no outcome: {', '.join(levels)}")
        order = sorted(range(len(levels)), key=lambda j: levels[j] != level_name(base))
        levels, counts = [levels[j] for j in order], counts[:, order]
    paths: tuple[PathBatch, ...] = ()
    if groups is not None:
        X, row = np.unique(X, axis=0, return_inverse=True)
        cell, outcome = np.nonzero(counts)
        codes, of_cells = row[cell] * len(levels) + outcome, counts
        paths = paths_of_cells(np.asarray(groups)[cell], codes, of_cells[cell, outcome])
        counts = np.zeros((X.shape[0], len(levels)))
        np.add.at(counts, row, of_cells)
    observations = Observations(pd.DataFrame(X, columns=list(names)), tuple(levels), counts, paths)
    check_outcomes(observations)
    return make_sample("", observations, make_matrix_design(X, tuple(names)), X)


def make_sample(formula: str, observations: Observations, design: Design, X: Floats) -> Sample:
    """The sample, with its arrays made read-only."""
    X = np.ascontiguousarray(X)
    for array in (X, observations.counts):
        array.setflags(write=False)
    return Sample(formula, observations, design, X)


def check_outcomes(observations: Observations) -> None:
    """Check that there are at least two outcomes and that each of them happens.

    Raises:
        NotEstimableError: with status `empty_outcome`.
    """
    totals = observations.counts.sum(axis=0)
    if empty := [name for name, n in zip(observations.outcomes, totals, strict=True) if not n]:
        raise NotEstimableError("empty_outcome", f"no {' and no '.join(empty)} in the data: leave the outcome out")
    if totals.size < 2:
        raise NotEstimableError("empty_outcome", f"every row has the outcome {observations.outcomes[0]}")


def separated_levels(sample: Sample) -> str:
    """Name the levels of categorical main effects that lack some outcome; empty if there are none."""
    faults = []
    patterns, counts = sample.observations.patterns, sample.counts
    for name in sample.design.main_effects:
        by_level = pd.DataFrame(counts).groupby(patterns[name].to_numpy(), observed=True).sum()
        for level, n in by_level.iterrows():
            faults += [
                f"no {o} at {name}={level_name(level)}" for o, c in zip(sample.outcomes, n, strict=True) if not c
            ]
    return "; ".join(faults)
