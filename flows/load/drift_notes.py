"""The notes on drift in `audit.drift`: writing them, reading those of the last load, and showing one as a line.

A note holds register, column, rule, size and codes of a contract's list; never a key, and no count or share of fewer
rows than the disclosure threshold.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from storage.warehouse import open_warehouse


@dataclass(frozen=True, slots=True)
class Note:
    """A row of `audit.drift`. `before`, `now`: shares or sizes; they and `n_rows` are NULL below the threshold."""

    arrival: int
    file_name: str | None
    register: str
    year: int | None
    column: str | None
    rule: str
    code: str | None
    before: float | None
    now: float | None
    n_rows: int | None

    def line(self) -> str:
        """The note in one line."""
        place = " ".join(str(part) for part in (self.register, self.year, self.column) if part is not None)
        code = f" of {self.code}" if self.code else ""
        before = f"{self.before:g} → " if self.before is not None and self.now is not None else ""
        size = f"{before}{self.now:g}, {self.n_rows} rows" if self.now is not None else "few rows"
        return f"{place}: {self.rule}{code} ({size})"


COLUMNS = "arrival, file_name, register, year, column_name, rule, code, before, now, n_rows"
LAST = """
    from audit.drift where arrival in (
        select arrival from audit.delivery
        where status = 'loaded' and run_id = (select arg_max(run_id, arrival) from audit.delivery))
"""


def record(con: duckdb.DuckDBPyConnection, notes: Iterable[Note]) -> None:
    """Write notes into `audit.drift`."""
    rows = [[getattr(note, field) for field in Note.__slots__] for note in notes]
    if rows:
        # One statement for all rows: with one per row, each would wait for the disk.
        columns = ", ".join(["unnest(?)"] * len(Note.__slots__))
        con.execute(
            f"insert into audit.drift ({COLUMNS}) select {columns}", [list(one) for one in zip(*rows, strict=True)]
        )


def last_notes(con: duckdb.DuckDBPyConnection) -> list[Note]:
    """The notes of the last load that brought a delivery, without those of its deliveries that no longer count."""
    rows = con.sql(
        f"select {COLUMNS} {LAST} order by arrival, register, year nulls first, column_name, rule"
    ).fetchall()
    return [Note(*row) for row in rows]


def count_notes(database: Path) -> int:
    """How many notes the last load has left."""
    with open_warehouse(database, read_only=True) as con:
        return len(last_notes(con))
