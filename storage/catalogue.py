"""What a database has. Does not belong here: what stands in it."""

import duckdb


def has_table(con: duckdb.DuckDBPyConnection, schema: str, table: str, database: str | None = None) -> bool:
    """Whether a table or view exists, in the database at hand or in another that is attached."""
    found = con.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ? and table_catalog = "
        "coalesce(?, current_database())",
        [schema, table, database],
    )
    return found.fetchone() is not None
