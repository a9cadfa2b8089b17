"""An empty `raw` schema as `flyttepanel load` leaves it, and rows into it: what the panel's tests build on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

RAW_COLUMNS: dict[str, dict[str, str]] = {
    "faste_oppl": {
        "lopenr_person": "VARCHAR",
        "foedsels_aar_mnd": "INTEGER",
        "doeds_aar_mnd": "INTEGER",
        "kjoenn": "VARCHAR",
        "fodeland": "VARCHAR",
        "invkat": "VARCHAR",
        "landbak3gen": "VARCHAR",
        "forst_aar_mnd": "INTEGER",
        "lopenr_mor": "VARCHAR",
        "lopenr_far": "VARCHAR",
        "arrival": "INTEGER",
    },
    "bostedskommune": {
        "lopenr_person": "VARCHAR",
        "aar": "SMALLINT",
        "bostedskommune": "VARCHAR",
        "arrival": "INTEGER",
    },
    "regstat": {
        "lopenr_person": "VARCHAR",
        "aar": "SMALLINT",
        "regstat": "VARCHAR",
        "regstat_dat": "DATE",
        "arrival": "INTEGER",
    },
    "flytting": {
        "lopenr_person": "VARCHAR",
        "aar": "SMALLINT",
        "flyttedato": "DATE",
        "regdato": "DATE",
        "flyttetype": "VARCHAR",
        "fra_kommnr": "VARCHAR",
        "til_kommnr": "VARCHAR",
        "fra_land": "VARCHAR",
        "til_land": "VARCHAR",
        "arrival": "INTEGER",
    },
    "hush_fam": {
        "lopenr_person": "VARCHAR",
        "aar": "SMALLINT",
        "lopenr_familie": "VARCHAR",
        "regstat_famtyp": "VARCHAR",
        "parstatus": "VARCHAR",
        "barn_i_regstat_famnr": "SMALLINT",
        "arrival": "INTEGER",
    },
    "bu_utd": {
        "lopenr_person": "VARCHAR",
        "aar": "SMALLINT",
        "bu": "VARCHAR",
        "arrival": "INTEGER",
    },
    "regsys": {
        "lopenr_person": "VARCHAR",
        "aar": "SMALLINT",
        "arb_arbmark_status": "VARCHAR",
        "arb_arbkomm": "VARCHAR",
        "arrival": "INTEGER",
    },
}

Row = Mapping[str, Any]
Registers = Mapping[str, Sequence[Row]]


def create_raw_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make the schema and its tables, without rows, over whatever was there."""
    con.execute("create schema if not exists raw")
    for table, columns in RAW_COLUMNS.items():
        described = ", ".join(f"{name} {sql_type}" for name, sql_type in columns.items())
        con.execute(f"create or replace table raw.{table} ({described})")


def write_registers(database: Path, registers: Registers) -> None:
    """Fill `raw.*` of a database, new or old, with exactly these rows.

    As after a load, rows have the number of the arrival that brought their year as it is now.
    """
    with duckdb.connect(str(database)) as con:
        before = versions(con)
        last = max((arrival for arrival, _ in before.values()), default=0)
        create_raw_tables(con)
        for table, rows in registers.items():
            columns = RAW_COLUMNS[table]
            unknown = {name for row in rows for name in row} - set(columns)
            if unknown:
                raise KeyError(f"raw.{table} has no {sorted(unknown)}")
            for year, of_year in by_year(rows).items():
                values = {name: [row.get(name) for row in of_year] for name in columns if name != "arrival"}
                arrival, content = before.get((table, year), (last + 1, None))
                if content != Counter(zip(*values.values(), strict=True)):
                    arrival = last + 1
                con.register("delivered", pa.table(values | {"arrival": [arrival] * len(of_year)}))
                con.execute(f"insert into raw.{table} select {', '.join(columns)} from delivered")


def by_year(rows: Sequence[Row]) -> dict[int | None, list[Row]]:
    """A register's rows by its years; None: a register without years."""
    found: dict[int | None, list[Row]] = {}
    for row in rows:
        found.setdefault(row.get("aar"), []).append(row)
    return found


def versions(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, int | None], tuple[int, Counter[tuple[Any, ...]]]]:
    """The arrival and the rows of each register-year that is there."""
    found: dict[tuple[str, int | None], tuple[int, Counter[tuple[Any, ...]]]] = {}
    there = con.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
    for (table,) in there:
        names = list(RAW_COLUMNS[table])
        for row in con.execute(f"select {', '.join(names)} from raw.{table}").fetchall():
            year = row[names.index("aar")] if "aar" in names else None
            found.setdefault((table, year), (row[-1], Counter()))[1][row[:-1]] += 1
    return found
