"""Out of the warehouse for Spark, and from Spark into the warehouse: Parquet files, written and read by DuckDB."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from flows.spark.storage import Storage
from storage.sql import as_pattern, literal
from storage.warehouse import open_warehouse

PERSON_KEY = "intermediate.person_key"
NO_KEYS = "select cast(null as bigint) as person_key, cast(null as varchar) as lopenr_person where false"
ESTIMATION_INPUT = ("estimation.cell", "estimation.path")
# Columns of fewer rows are short reads from a shared disk. A file is read by several tasks, each some of its groups.
SHAPE = "format parquet, row_group_size 1_048_576, file_size_bytes '256MB'"
# How many rows each table has by Spark's own count (dbt_project/macros/rows_built.sql).
ROWS_BUILT = "intermediate.rows_built"


class RowsLost(RuntimeError):
    """Of a table that Spark made not as many rows can be read as Spark says there are."""


def write_out(database: Path, storage: Storage) -> None:
    """Write the current version of every register, and the keys that persons have, for Spark to read."""
    with open_warehouse(database, read_only=True) as con:
        there = con.sql(
            "select table_schema, table_name from information_schema.tables where table_catalog = current_database()"
        ).fetchall()
        for schema, table in there:
            if schema == "raw":
                _copy_to(con, f"from raw.{table}", storage.raw(table))
        has_keys = tuple(PERSON_KEY.split(".")) in there
        _copy_to(con, f"from {PERSON_KEY}" if has_keys else NO_KEYS, storage.table(PERSON_KEY))


def _copy_to(con: duckdb.DuckDBPyConnection, query: str, folder: Path) -> None:
    """Write a query's rows into a folder's files; of none, one file that has their columns."""
    folder.mkdir(parents=True)
    con.execute(f"copy ({query}) to {literal(str(folder))} ({SHAPE})")


def take_in(storage: Storage, manifest: Path, database: Path) -> None:
    """Put what Spark built in the warehouse's place: marts, estimation input, keys, and the seeds.

    Everything else that DuckDB built for itself in `intermediate` goes: it no longer belongs to the marts, and the next
    build in DuckDB makes it anew.

    Raises:
        RowsLost: not all of a table's rows can be read.
    """
    nodes = _nodes(manifest)
    with open_warehouse(database) as con:
        for name in _tables_of(con, "intermediate"):
            if name != PERSON_KEY:
                con.execute(f"drop table {name}")
        for name in (*_taken_whole(nodes), PERSON_KEY):
            _take(con, storage, name, nodes[name])


def take_in_estimation_input(storage: Storage, manifest: Path, database: Path) -> None:
    """Put Spark's `estimation.cell` and `estimation.path` in the warehouse's place.

    Raises:
        RowsLost: not all of a table's rows can be read.
    """
    nodes = _nodes(manifest)
    with open_warehouse(database) as con:
        for name in ESTIMATION_INPUT:
            _take(con, storage, name, nodes[name])


def checked_tables(storage: Storage, manifest: Path) -> dict[str, Path]:
    """Folders of the tables that a gate looks at, by schema.name: registers, keys, marts, estimation input."""
    nodes = _nodes(manifest)
    raw = {f"raw.{folder.name}": folder for folder in (storage.path / "raw").iterdir()}
    built = {name: storage.table(name) for name in (*_taken_whole(nodes), PERSON_KEY)}
    return raw | {name: folder for name, folder in built.items() if folder.exists()}


def _taken_whole(nodes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names of marts, estimation input and seeds."""
    return [
        name
        for name, node in nodes.items()
        if node["schema"] in ("marts", "estimation") or node["resource_type"] == "seed"
    ]


def _nodes(manifest: Path) -> dict[str, Mapping[str, Any]]:
    """What dbt's manifest says of models and seeds, by schema.name."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    return {f"{node['schema']}.{node['name']}": node for node in nodes if node["resource_type"] in ("model", "seed")}


def _tables_of(con: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    """Names of a schema's tables, without views."""
    rows: Iterable[tuple[str]] = con.execute(
        "select table_name from information_schema.tables where table_schema = ? and table_type = 'BASE TABLE'",
        [schema],
    ).fetchall()
    return [f"{schema}.{table}" for (table,) in rows]


def _take(con: duckdb.DuckDBPyConnection, storage: Storage, name: str, node: Mapping[str, Any]) -> None:
    """Make a table of Spark's files, in their order, with the contract's constraints and the descriptions."""
    con.execute(f"create schema if not exists {node['schema']}")
    con.execute(f"create or replace table {name} as from {_files(storage, name)}")
    _insist_on_all_rows(con, storage, name)
    if not node["config"].get("contract", {}).get("enforced"):
        return
    con.execute(f"comment on table {name} is {literal(node['description'])}")
    for column in node["columns"].values():
        if any(constraint["type"] == "not_null" for constraint in column["constraints"]):
            con.execute(f"alter table {name} alter column {column['name']} set not null")
        con.execute(f"comment on column {name}.{column['name']} is {literal(column['description'])}")


def _files(storage: Storage, name: str) -> str:
    """SQL: the rows of a table's files."""
    return f"read_parquet({literal(f'{as_pattern(storage.table(name))}/*.parquet')}, hive_partitioning = false)"


def _insist_on_all_rows(con: duckdb.DuckDBPyConnection, storage: Storage, name: str) -> None:
    """A file that Spark wrote and that is not to be seen from here would be missed by nobody."""
    counted = f"select n_rows from {_files(storage, ROWS_BUILT)} where name = ?"
    made, found = con.execute(f"select ({counted}), (select count(*) from {name})", [name]).fetchall()[0]
    if made != found:
        raise RowsLost(f"{name}: not all rows that Spark made can be read in {storage.table(name)}")
