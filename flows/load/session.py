"""The connection that load works on: schemas and tables that must be there, and what the checks' SQL refers to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from flows.home import SEEDS
from flows.load.contract import contracts
from flows.load.identity import IDENTITY_NUMBER_MACRO
from storage.sql import file_literal
from storage.warehouse import open_warehouse, warehouse_key

AUDIT_TABLES = {
    "delivery": "arrival INTEGER, delivery_id VARCHAR, content_hash VARCHAR, loaded_at TIMESTAMPTZ, run_id VARCHAR, "
    "status VARCHAR, is_simulated BOOLEAN",
    "delivery_file": "arrival INTEGER, file_name VARCHAR, register VARCHAR, sha256 VARCHAR, bytes BIGINT, "
    "modified_ns BIGINT, n_rows BIGINT, file_encoding VARCHAR, delimiter VARCHAR",
    "register_year": "register VARCHAR, year SMALLINT, arrival INTEGER, n_rows BIGINT, is_current BOOLEAN, "
    "same_since INTEGER",
    "load_finding": "arrival INTEGER, file_name VARCHAR, register VARCHAR, year SMALLINT, column_name VARCHAR, "
    "rule VARCHAR, action VARCHAR, n_rows BIGINT",
    "drift": "arrival INTEGER, file_name VARCHAR, register VARCHAR, year SMALLINT, column_name VARCHAR, rule VARCHAR, "
    "code VARCHAR, before DOUBLE, now DOUBLE, n_rows BIGINT",
    "quarantine": "arrival INTEGER, file_name VARCHAR, row_number BIGINT, rule VARCHAR",
}
# Random keys hardly compress, and looking for a compression took half of an insert's time. Keys of a wide file do
# compress, because each occurs as often as there are years.
KEYS_STAY = "using compression uncompressed"
# For all other texts DuckDB finds a dictionary best, but only after a long search. It is set for the session: set for
# columns, it would keep a warehouse from ever being encrypted, because encrypted files do not know such dictionaries.
TEXTS_SHRINK = {"force_compression": "dictionary"}


@contextmanager
def load_session(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the database with all tables of `raw` and `audit` in place; it spills what exceeds its memory."""
    with open_warehouse(database, config=TEXTS_SHRINK if warehouse_key() is None else {}) as con:
        create_tables(con)
        con.execute(IDENTITY_NUMBER_MACRO)
        con.execute(f"""
            create temp table municipality_code as
            from read_csv({file_literal(SEEDS / "municipality_code.csv")}, auto_detect = false, header = true,
                delim = ',', quote = '"', escape = '"', columns = {{'municipality_code': 'VARCHAR',
                    'municipality_name': 'VARCHAR', 'valid_from': 'DATE', 'valid_to': 'DATE'}})
        """)
        yield con


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create what is not there yet. No keys or indexes: they make big tables slow; uniqueness is tested instead."""
    con.execute("create schema if not exists raw")
    con.execute("create schema if not exists audit")
    for register, contract in contracts().items():
        is_wide = contract.layout == "wide"
        keys = [name for name, column in contract.columns.items() if column.kind == "key" and not is_wide]
        columns = ", ".join(
            f"{column} {kind} {KEYS_STAY if column in keys else ''}" for column, kind in contract.raw_columns()
        )
        con.execute(f"create table if not exists raw.{register} ({columns})")
    for name, declared in AUDIT_TABLES.items():
        con.execute(f"create table if not exists audit.{name} ({declared})")
    # For older warehouses: it is not known which deliveries were simulated, and which versions had the same content.
    con.execute("alter table audit.delivery add column if not exists is_simulated boolean")
    con.execute("alter table audit.register_year add column if not exists same_since integer")
