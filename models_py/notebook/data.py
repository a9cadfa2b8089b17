"""Rows of any data frame as distinct covariate patterns with outcome counts, and persons' paths through them.

Belongs here: reading pandas, polars, Arrow and DuckDB alike, and collapsing rows in DuckDB before any matrix is made.
Does not belong here: formulas, or anything that depends on a model.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from models_py.cells import EstimationInputError, Floats, PathBatch, path_batch
from storage.sql import identifier, literal

# The view's name while rows are queried. It exists in the relation's own connection, so it is dropped after each query.
VIEW = "rows_of_multinomial_logit"
# A column that groups all rows into one pattern if a formula names no variable.
NO_COVARIATE = "all rows"


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of the rows: the formula's covariates and outcome, the person, and the weight of a row."""

    covariates: tuple[str, ...]
    outcome: str
    groups: str | None = None
    weights: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """All these columns, each once."""
        return tuple(dict.fromkeys(filter(None, (*self.covariates, self.outcome, self.groups, self.weights))))


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """The rows collapsed.

    Attributes:
        patterns: (n rows) the distinct covariate patterns, in an order that does not depend on the order of the rows.
        outcomes: m names, the base first.
        counts: (n, m) number of rows, or sum of their weights, by outcome.
        paths: persons' paths over positions of patterns; empty if persons are not known.
    """

    patterns: pd.DataFrame
    outcomes: tuple[str, ...]
    counts: Floats
    paths: tuple[PathBatch, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows as a DuckDB relation, and the levels in order for columns that define an order."""

    relation: duckdb.DuckDBPyRelation
    levels: Mapping[str, tuple[object, ...]]

    def query(self, sql: str) -> pa.Table:
        """The answer to a query on `VIEW`."""
        try:
            return self.relation.query(VIEW, sql).to_arrow_table()
        finally:
            self.relation.query(VIEW, f"drop view if exists {VIEW}")


def read_rows(data: Any, columns: Sequence[str]) -> Rows:
    """Some columns of a pandas, polars or Arrow table, or of a DuckDB relation, checked to have no missing values.

    Raises:
        EstimationInputError: the data are none of these or have no rows, or a column or a value is missing.
    """
    if isinstance(data, duckdb.DuckDBPyRelation):
        _check_columns(columns, data.columns)
        types = dict(zip(data.columns, data.types, strict=True))
        levels = {c: _enum_values(types[c]) for c in columns if types[c].id == "enum"}
        relation = data
    else:
        table, levels = _arrow(data, columns)
        relation = duckdb.connect().from_arrow(table)
        types = dict(zip(relation.columns, relation.types, strict=True))
    projection = ", ".join(f"{_plain(c, types[c].id)} as {identifier(c)}" for c in columns)
    rows = Rows(relation.project(projection), levels)
    _refuse_missing(rows, columns)
    return rows


def _enum_values(kind: Any) -> tuple[object, ...]:
    return tuple(dict(kind.children)["values"])


def _plain(column: str, kind: str) -> str:
    if kind in ("decimal", "hugeint", "uhugeint"):
        return f"{identifier(column)}::double"
    return f"{identifier(column)}::varchar" if kind == "enum" else identifier(column)


def _arrow(data: Any, columns: Sequence[str]) -> tuple[pa.Table, dict[str, tuple[object, ...]]]:
    levels: dict[str, tuple[object, ...]] = {}
    if isinstance(data, pd.DataFrame):
        _check_columns(columns, data.columns)
        data = data[list(columns)]
        levels = {c: tuple(data[c].cat.categories) for c in columns if isinstance(data[c].dtype, pd.CategoricalDtype)}
        table = pa.Table.from_pandas(data, preserve_index=False)
    elif hasattr(data, "__arrow_c_stream__"):
        table = pa.table(data)
        _check_columns(columns, table.column_names)
        table = table.select(list(columns))
    else:
        raise EstimationInputError(
            f"data is a {type(data).__name__}: a pandas or polars data frame, an Arrow table or a DuckDB relation is "
            "needed"
        )
    for position, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            chunks = table.column(position).unify_dictionaries().chunks
            # Dictionaries that are not ordered, such as polars' Categorical, only have the order of appearance.
            if field.type.ordered and field.name not in levels and chunks:
                levels[field.name] = tuple(chunks[0].dictionary.to_pylist())
            kind = pa.string() if field.type.value_type == pa.string_view() else field.type.value_type
            plain = [chunk.dictionary.cast(kind).take(chunk.indices) for chunk in chunks]
            table = table.set_column(position, field.name, pa.chunked_array(plain, kind))
    return table, levels


def _check_columns(wanted: Sequence[str], present: Sequence[str]) -> None:
    if absent := [column for column in wanted if column not in set(present)]:
        raise EstimationInputError(f"the data have no column {', '.join(absent)}")


def _refuse_missing(rows: Rows, columns: Sequence[str]) -> None:
    kinds = dict(zip(rows.relation.columns, (t.id for t in rows.relation.types), strict=True))
    missing = [
        f"count(*) filter ({name} is null{f' or isnan({name})' if kinds[c] in ('float', 'double') else ''})"
        for c, name in zip(columns, map(identifier, columns), strict=True)
    ]
    n_rows, *n_missing = rows.query(f"select {', '.join(['count(*)', *missing])} from {VIEW}").to_pylist()[0].values()
    if not n_rows:
        raise EstimationInputError("the data have no rows")
    if faults := [f"{c} in {n} rows" for c, n in zip(columns, n_missing, strict=True) if n]:
        raise EstimationInputError(f"missing values: {', '.join(faults)}. Leave these rows out, or give them a level")


def collapse(data: Any, columns: Columns, base: object = None) -> Observations:
    """The rows as patterns with counts; `base` is the base outcome, by default the first.

    Raises:
        EstimationInputError: columns or values are missing, weights are not counts, or the base is not an outcome.
    """
    rows = read_rows(data, columns.named)
    if columns.weights:
        _check_weights(rows, columns.weights)
    names, texts = _outcomes(rows, columns.outcome, base)
    weight = identifier(columns.weights) if columns.weights else "1"
    outcome = f"{identifier(columns.outcome)}::varchar"
    counted = [
        f"coalesce(sum({weight}) filter ({outcome} = {literal(text)}), 0)::double as n{j}"
        for j, text in enumerate(texts)
    ]
    covariates = ", ".join(map(identifier, columns.covariates)) or identifier(NO_COVARIATE)
    source = f"{VIEW} where {weight} > 0" if columns.covariates else f"(select *, 0 as {covariates} from {VIEW})"
    table = rows.query(f"select {covariates}, {', '.join(counted)} from {source} group by {covariates} order by all")
    counts = np.column_stack([table[f"n{j}"].to_numpy() for j in range(len(texts))])
    patterns = table.drop_columns([f"n{j}" for j in range(len(texts))]).to_pandas()
    for column in set(columns.covariates) & set(rows.levels):
        present = set(patterns[column])
        patterns[column] = pd.Categorical(patterns[column], [v for v in rows.levels[column] if v in present])
    paths: tuple[PathBatch, ...] = ()
    if columns.groups:
        codes = " ".join(f"when {literal(text)} then {j}" for j, text in enumerate(texts))
        sql = f"""
            with source as (select * from {source}),
            pattern as (
                select {covariates}, row_number() over (order by {covariates}) - 1 as cell
                from (select distinct {covariates} from source)
            )
            select {identifier(columns.groups)} as person, {weight}::bigint as n,
                (cell * {len(texts)} + case {outcome} {codes} end)::integer as code
            from source join pattern using ({covariates})
        """
        paths = tuple(_paths(rows, sql, columns.weights is not None))
    return Observations(patterns, names, counts, paths)


def _outcomes(rows: Rows, column: str, base: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the outcomes, the base first, and the texts that DuckDB casts them to."""
    table = rows.query(f"select distinct {identifier(column)} as v, v::varchar as text from {VIEW} order by v")
    texts = {level_name(v): text for v, text in zip(table["v"].to_pylist(), table["text"].to_pylist(), strict=True)}
    names = [level_name(v) for v in rows.levels.get(column, ())] or list(texts)
    if base is not None:
        if level_name(base) not in names:
            raise EstimationInputError(f"the base {level_name(base)} is no outcome: {', '.join(names)}")
        names.sort(key=lambda name: name != level_name(base))
    # A category without rows has no text; its name is used instead and matches no row.
    return tuple(names), tuple(texts.get(name, name) for name in names)


def _check_weights(rows: Rows, column: str) -> None:
    weight = identifier(column)
    faults = rows.query(f"select count(*) filter ({weight} < 0 or {weight} <> floor({weight})) as n from {VIEW}")
    if faults["n"].to_pylist()[0]:
        raise EstimationInputError(f"weights are counts: {column} has values that are negative or not whole")


def _paths(rows: Rows, coded_sql: str, weighted: bool) -> Iterator[PathBatch]:
    """Persons' paths from rows of person, code and, if weighted, number (n). Persons with equal paths share a row."""
    unnested = ", unnest(range(n))" if weighted else ""
    table = rows.query(f"""
        with coded as ({coded_sql}),
        single as (select person, code{unnested} from coded),
        person as (select list(code order by code)::integer[] as path from single group by person)
        select count(*) as n_persons, path from person group by path order by path
    """)
    for batch in table.to_batches():
        yield path_batch(batch)


def paths_of_cells(groups: Any, codes: np.ndarray, counts: np.ndarray) -> tuple[PathBatch, ...]:
    """Persons' paths from persons (c,) and codes (c,), cell * m + outcome, that happened `counts` (c,) times."""
    table = pa.table({"person": pa.array(groups), "n": counts.astype(np.int64), "code": codes.astype(np.int32)})
    return tuple(_paths(Rows(duckdb.connect().from_arrow(table), {}), f"select person, n, code from {VIEW}", True))


def level_name(value: object) -> str:
    """A level as text; 2.0 becomes 2."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
