"""A table as it is shown: heads, rows of cells, notes; what HTML, LaTeX and Excel are written from.

Belongs here: the shape. Does not belong here: content, or any format.
"""

from dataclasses import dataclass
from typing import Literal

# section: a heading across the row. under: what stands beneath the row before it, in smaller print. foot: fit.
# term: a row that stands for itself after a section.
RowKind = Literal["body", "term", "section", "under", "foot"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, the number behind it where there is one (for Excel), its format there, and a shade 0 to 3."""

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
    """A head over several columns; empty over columns without one."""

    text: str
    columns: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. `spanners` cover all columns, or there are none; `name` is its short name, for a sheet or a label."""

    name: str
    title: str
    spanners: tuple[Spanner, ...]
    heads: tuple[str, ...]
    rows: tuple[GridRow, ...]
    notes: tuple[str, ...] = ()

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers, so that it is set to the right."""
        return any(row.cells[column].number is not None for row in self.rows if row.kind != "section")
