"""Table 1 as a grid that both the printed brief and the page show."""

from dataclasses import dataclass

from models_py.study import Study
from report.language import Language
from report.tables import framework_table


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: what it says, and how much the factor is assumed to matter (0 none … 3 most)."""

    text: str
    weight: int


@dataclass(frozen=True, slots=True)
class GridRow:
    """A factor and its cells, one for each column."""

    heading: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """Table 1: columns and rows."""

    columns: tuple[str, ...]
    rows: tuple[GridRow, ...]


def framework_grid(study: Study, language: Language) -> Grid:
    """Table 1 of the study in a language."""
    table = framework_table(study, language)
    return Grid(table.columns, tuple(GridRow(h, tuple(Cell(t, w) for t, w in cells)) for h, cells in table.rows))
