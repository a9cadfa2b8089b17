"""A release as its own database and manifest tell it.

Belongs here: opening and reading. Does not belong here: how anything is shown.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]


def open_results(path: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection in which `results.<table>` means what it says.

    DuckDB names a database after its file: opened directly, `results.duckdb` is a catalog `results` with a schema
    `results`, and every `results.<table>` is refused as ambiguous. Under another name it is not.
    """
    con = duckdb.connect()
    con.execute(f"attach '{path.resolve()}' as release (read_only)")
    con.execute("use release")
    return con


@dataclass(frozen=True, slots=True)
class Release:
    """A release to be shown: `results` is its database, `manifest` what it rests on (`manifest.json`)."""

    results: Path
    manifest: dict[str, Any]

    def rows(self, query: str, *values: object) -> list[Row]:
        """The rows of a query on `results.*` or `history.*`, in its order, as column name → value."""
        with open_results(self.results) as con:
            relation = con.execute(query, list(values))
            names = [column[0] for column in relation.description]
            return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]

    @property
    def is_simulated(self) -> bool:
        """Whether any of its registers are simulated, which has to be said wherever it is shown."""
        return bool(self.manifest["simulated_deliveries"])


def read_release(folder: Path) -> Release:
    """The release in a folder that holds `results.duckdb` and `manifest.json`."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return Release(folder / "results.duckdb", manifest)
