"""The estimation input: covariate patterns with outcome counts, and persons' paths through them.

Belongs here: reading `estimation.cell` and `estimation.path`, and the arrays they become. Does not belong here:
anything that depends on a model.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models_py.study import NUMERIC_TERMS, Study
from storage.sql import literal

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

# Paths read at a time: 5 person-years each and 27 columns make about 10 MB of scores.
PATHS_PER_BATCH = 40_000


class EstimationInputError(ValueError):
    """The estimation input contradicts itself or the study specification."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A categorical covariate over n cells: `codes` (n,) index into `levels`."""

    codes: NDArray[np.integer]
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
    _level_counts: dict[str, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    def where(self, kept: Booleans) -> "Cells":
        """The cells for which `kept` (n,) is true."""
        factors = {name: Factor(factor.codes[kept], factor.levels) for name, factor in self.factors.items()}
        return Cells(self.cell_id[kept], self.age[kept], factors, self.counts[kept])

    def level_counts(self, variable: str) -> Floats:
        """Person-years by level and outcome, (levels, m); cached, as every check asks for them, hence read-only."""
        if variable not in self._level_counts:
            factor, columns = self.factors[variable], self.counts.T
            by_outcome = [np.bincount(factor.codes, weights=column, minlength=len(factor.levels)) for column in columns]
            counted: Floats = np.column_stack(by_outcome).astype(np.float64, copy=False)
            counted.setflags(write=False)
            self._level_counts[variable] = counted
        return self._level_counts[variable]


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


def of_group(group: str) -> str:
    """The condition for a group's rows, as a literal: a parameter makes DuckDB import pandas, which takes 50 MB."""
    return f"population_group = {literal(group)}"


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
    levels = {name: years if name == "year" else study.levels(name) for name in factors}
    outcomes = study.variables.outcome.levels
    # SQL turns levels into numbers: a column of texts would be many times as large as the codes that are kept.
    codes = [f"list_position({list(known)}, {name}::varchar)::utinyint as {name}" for name, known in levels.items()]
    table = con.execute(
        f"select {', '.join(['cell_id', 'age', *outcomes, *codes])} from estimation.cell where {of_group(group)} "
        "order by cell_id"
    ).fetchnumpy()
    unknown = [name for name in factors if np.ma.is_masked(table[name])]
    if unknown:
        raise EstimationInputError("; ".join(_unknown_levels(con, group, name, levels[name]) for name in unknown))
    return Cells(
        cell_id=table["cell_id"].astype(np.int64),
        age=table["age"].astype(np.float64),
        factors={name: Factor(table[name].astype(np.int16) - 1, levels[name]) for name in factors},
        counts=np.asfortranarray(np.column_stack([table[outcome].astype(np.float64) for outcome in outcomes])),
    )


def _unknown_levels(con: duckdb.DuckDBPyConnection, group: str, name: str, levels: tuple[str, ...]) -> str:
    """Say how many levels are not in the specification, but not which: a level could be a value from a row."""
    found = con.execute(f"select distinct {name}::varchar from estimation.cell where {of_group(group)}").fetchall()
    n_unknown = sum(level not in levels for (level,) in found)
    return f"estimation.cell.{name}: {n_unknown} of its values are no levels of it in study.yml"


def count_persons(con: duckdb.DuckDBPyConnection, group: str) -> int:
    """Persons of a group in the panel."""
    row = con.execute(
        f"select coalesce(sum(n_persons), 0)::bigint from estimation.path where {of_group(group)}"
    ).fetchone()
    return int(row[0]) if row else 0


def count_person_years(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Person-years of each group in the panel."""
    return dict(con.execute("""
        select population_group, sum(stay + internal_move + emigration)::bigint from estimation.cell group by all
    """).fetchall())  # fmt: skip


def read_paths(con: duckdb.DuckDBPyConnection, group: str) -> Iterator[PathBatch]:
    """The paths of a group, a batch at a time, so that memory stays bounded.

    Raises:
        EstimationInputError: a person without person-years.
    """
    reader = con.execute(f"select n_persons, path from estimation.path where {of_group(group)}").to_arrow_reader(
        PATHS_PER_BATCH
    )
    for batch in reader:
        yield path_batch(batch)


def path_batch(batch: pa.RecordBatch) -> PathBatch:
    """Rows of `n_persons` and `path` as arrays.

    Raises:
        EstimationInputError: a person without person-years.
    """
    paths = batch.column(1)
    # Not `to_numpy`: for it pyarrow imports pandas.
    offsets = np.asarray(np.from_dlpack(paths.offsets), dtype=np.int32)
    # Not `flatten`: for it pyarrow first creates all its compute functions.
    years = paths.values.slice(offsets[0], offsets[-1] - offsets[0])
    if not (np.diff(offsets) > 0).all():
        raise EstimationInputError("estimation.path has an empty path")
    return PathBatch(
        n_persons=np.from_dlpack(batch.column(0)).astype(np.float64),
        codes=np.asarray(np.from_dlpack(years), dtype=np.int32),
        offsets=offsets - offsets[0],
    )
