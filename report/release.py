"""A release, read from its own database and manifest.

Belongs here: opening and reading. Does not belong here: how anything is shown.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from models_py.study import Study
from storage.sql import literal

Row = dict[str, Any]


def open_results(path: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection in which `results.<table>` is not ambiguous.

    DuckDB names a database after its file: opened directly, `results.duckdb` is a catalog `results` with a schema
    `results`, and every `results.<table>` is refused as ambiguous. So the file is attached under another name.
    """
    con = duckdb.connect()
    con.execute(f"attach {literal(str(path.resolve()))} as release (read_only)")
    con.execute("use release")
    return con


@dataclass(frozen=True)
class Release:
    """A release to be shown: `results` is the path of its database, `manifest` the content of `manifest.json`.

    `connection` is an open connection (`kept_open`); without it, every query opens the database itself.
    """

    results: Path
    manifest: dict[str, Any]
    connection: duckdb.DuckDBPyConnection | None = None

    def rows(self, query: str, *values: object) -> list[Row]:
        """The rows of a query on `results.*` or `history.*`, in its order, as column name → value."""
        if self.connection is not None:
            return rows_of(self.connection, query, values)
        with open_results(self.results) as con:
            return rows_of(con, query, values)

    @cached_property
    def study(self) -> Study:
        """The specification it was made under: `study.yml` may have been changed since, even while it was made."""
        return Study.model_validate(self.manifest["study"])

    @property
    def is_simulated(self) -> bool:
        """Whether any of its registers are simulated; every page and figure must then say so."""
        return bool(self.manifest["simulated_deliveries"])


def rows_of(con: duckdb.DuckDBPyConnection, query: str, values: tuple[object, ...]) -> list[Row]:
    """The rows of a query, as column name → value."""
    relation = con.execute(query, list(values))
    names = [column[0] for column in relation.description]
    return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]


@contextmanager
def kept_open(release: Release) -> Iterator[Release]:
    """A release whose database stays open between queries: opening takes thirty times as long as a query."""
    with open_results(release.results) as con:
        yield replace(release, connection=con)


def read_release(folder: Path) -> Release:
    """The release in a folder that holds `results.duckdb` and `manifest.json`."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return Release(folder / "results.duckdb", manifest)
