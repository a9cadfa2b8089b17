"""An empty `raw` schema as `flyttepanel load` leaves it, and rows into it: what the panel's tests build on."""

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
    """Fill `raw.*` of a database, new or old, with exactly these rows."""
    with duckdb.connect(str(database)) as con:
        create_raw_tables(con)
        for table, rows in registers.items():
            columns = RAW_COLUMNS[table]
            unknown = {name for row in rows for name in row} - set(columns)
            if unknown:
                raise KeyError(f"raw.{table} has no {sorted(unknown)}")
            if rows:
                values = {name: [row.get(name) for row in rows] for name in columns} | {"arrival": [1] * len(rows)}
                con.register("delivered", pa.table(values))
                con.execute(f"insert into raw.{table} select {', '.join(columns)} from delivered")
