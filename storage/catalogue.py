"""Which tables a database has. Does not belong here: what is in them."""

import duckdb


def has_table(con: duckdb.DuckDBPyConnection, schema: str, table: str, database: str | None = None) -> bool:
    """Whether a table or view exists, in the current database or in an attached one."""
    found = con.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ? and table_catalog = "
        "coalesce(?, current_database())",
        [schema, table, database],
    )
    return found.fetchone() is not None
