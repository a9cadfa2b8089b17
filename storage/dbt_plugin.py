"""dbt's own connection to an encrypted warehouse (`profiles.yml`, target `encrypted`): load the extension from disk.

dbt-duckdb loads this module by its name and asks it for a class `Plugin`.
"""

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from storage.warehouse import NAME, load_extension


class Plugin(BasePlugin):
    """Loads what the connection needs to open the file that the profile attaches."""

    def configure_connection(self, conn: Any) -> None:
        """Called by dbt before it attaches."""
        load_extension(conn)

    def configure_cursor(self, cursor: Any) -> None:
        """Called by dbt for every thread: names without a database mean the warehouse, as in a file in the clear."""
        cursor.execute(f"use {NAME}")
