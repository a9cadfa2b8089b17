"""The estimation input: covariate patterns with outcome counts, and persons' paths through them.

Belongs here: reading `estimation.cell` and `estimation.path`, and the arrays they become. Does not belong here:
anything that depends on a model.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models_py.study import NUMERIC_TERMS, Study

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

# Paths read at a time: 5 person-years each and 27 columns make about 30 MB of scores.
PATHS_PER_BATCH = 120_000


class EstimationInputError(ValueError):
    """The estimation input contradicts itself or the study specification."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A categorical covariate over n cells: `codes` (n,) index into `levels`."""

    codes: Integers
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """n covariate patterns of one group with the person-years of each outcome.

    Attributes:
        cell_id: (n,) as in `estimation.cell`.
        age: (n,) completed years.
        factors: categorical covariate → its levels over the cells; `year` is one of them.
        counts: (n, m) person-years by outcome, base outcome first.
    """

    cell_id: Integers
    age: Floats
    factors: dict[str, Factor]
    counts: Floats

    def where(self, kept: Booleans) -> "Cells":
        """The cells for which `kept` (n,) is true."""
        factors = {name: Factor(factor.codes[kept], factor.levels) for name, factor in self.factors.items()}
        return Cells(self.cell_id[kept], self.age[kept], factors, self.counts[kept])

    def level_counts(self, variable: str) -> Floats:
        """Person-years by level and outcome, (levels, m)."""
        factor = self.factors[variable]
        columns = [np.bincount(factor.codes, weights=counts, minlength=len(factor.levels)) for counts in self.counts.T]
        return np.column_stack(columns)


@dataclass(frozen=True, slots=True)
class PathBatch:
    """Some persons' paths.

    Attributes:
        n_persons: (p,) persons who share the path.
        codes: (t,) cell_id * m + outcome of each person-year, paths one after another.
        offsets: (p + 1,) where each path begins in `codes`.
    """

    n_persons: Floats
    codes: NDArray[np.int32]
    offsets: NDArray[np.int32]


def panel_years(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The years of the panel as level names, ascending.

    Raises:
        EstimationInputError: there are no cells at all.
    """
    years = con.sql("select distinct year from estimation.cell order by year").fetchall()
    if not years:
        raise EstimationInputError("estimation.cell is empty: no person-year is at risk")
    return tuple(str(year) for (year,) in years)


def read_cells(con: duckdb.DuckDBPyConnection, group: str, years: tuple[str, ...], study: Study) -> Cells:
    """The cells of a group, in the order of their ids.

    Raises:
        EstimationInputError: a covariate has a level the specification does not know.
    """
    factors = [term.name for term in study.models.terms if term.name not in NUMERIC_TERMS]
    outcomes = study.variables.outcome.levels
    columns = ["cell_id", "age", *outcomes, *(f"{name}::varchar as {name}" for name in factors)]
    table = con.execute(
        f"select {', '.join(columns)} from estimation.cell where population_group = ? order by cell_id", [group]
    ).to_arrow_table()
    return Cells(
        cell_id=table["cell_id"].to_numpy().astype(np.int64),
        age=table["age"].to_numpy().astype(np.float64),
        factors={name: _factor(name, table[name], years if name == "year" else study.levels(name)) for name in factors},
        counts=np.column_stack([table[outcome].to_numpy().astype(np.float64) for outcome in outcomes]),
    )


def _factor(name: str, column: pa.ChunkedArray, levels: tuple[str, ...]) -> Factor:
    encoded = column.combine_chunks().dictionary_encode()
    present = encoded.dictionary.to_pylist()
    unknown = sorted(map(repr, set(present) - set(levels)))
    if unknown or encoded.null_count:
        raise EstimationInputError(f"estimation.cell.{name}: {', '.join(unknown) or 'NULL'} is not a level of it")
    positions = np.array([levels.index(level) for level in present], dtype=np.int64)
    return Factor(positions[encoded.indices.to_numpy(zero_copy_only=False)], levels)


def read_paths(con: duckdb.DuckDBPyConnection, group: str) -> Iterator[PathBatch]:
    """The paths of a group, a batch at a time; memory stays bounded whatever their number.

    Raises:
        EstimationInputError: a person without person-years.
    """
    reader = con.execute(
        "select n_persons, path from estimation.path where population_group = ?", [group]
    ).to_arrow_reader(PATHS_PER_BATCH)
    for batch in reader:
        yield path_batch(batch)


def path_batch(batch: pa.RecordBatch) -> PathBatch:
    """Rows of `n_persons` and `path` as arrays.

    Raises:
        EstimationInputError: a person without person-years.
    """
    paths = batch.column(1)
    offsets = paths.offsets.to_numpy()
    if not (np.diff(offsets) > 0).all():
        raise EstimationInputError("estimation.path has an empty path")
    return PathBatch(
        n_persons=batch.column(0).to_numpy().astype(np.float64),
        codes=paths.flatten().to_numpy(),
        offsets=offsets - offsets[0],
    )
