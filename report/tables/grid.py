"""A table as it is shown: heads, rows of cells, notes. HTML, LaTeX and Excel are written from it.

Belongs here: the shape. Does not belong here: content, or any format.
"""

from dataclasses import dataclass
from typing import Literal

# section: a heading across the row. under: a continuation of the row above, in smaller print. foot: fit statistics.
# term: a row of its own that does not belong to the section before it.
RowKind = Literal["body", "term", "section", "under", "foot"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, for Excel the number behind it (if any) and its format, and a shade from 0 to 3."""

    text: str
    number: float | None = None
    number_format: str = "General"
    shade: int | None = None


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row; the first cell is its head."""

    cells: tuple[Cell, ...]
    kind: RowKind = "body"


@dataclass(frozen=True, slots=True)
class Spanner:
    """A head over several columns; its text is empty over columns without such a head."""

    text: str
    columns: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. `spanners` is empty or covers all columns; `name` is a short name, for a sheet or a label."""

    name: str
    title: str
    spanners: tuple[Spanner, ...]
    heads: tuple[str, ...]
    rows: tuple[GridRow, ...]
    notes: tuple[str, ...] = ()

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers and is therefore right-aligned."""
        return any(row.cells[column].number is not None for row in self.rows if row.kind != "section")
