"""Table 1: the theoretical framework, as `study.yml` declares it."""

from dataclasses import dataclass
from typing import Literal

from models_py.study import Study
from report.language import Language, in_sentence, label, text
from report.tables.grid import Cell, Grid, GridRow, Spanner

AREAS: tuple[Literal["urban", "rural"], ...] = ("urban", "rural")


@dataclass(frozen=True, slots=True)
class FrameworkRow:
    """A factor: its name, its outcomes in words, and its importance (0 to 3) in each column."""

    factor: str
    outcomes: str
    importance: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FrameworkTable:
    """Table 1. `columns` are (group, urban or rural), in the same order as the importance of each row."""

    language: Language
    columns: tuple[tuple[str, Literal["urban", "rural"]], ...]
    rows: tuple[FrameworkRow, ...]


def framework_table(study: Study, language: Language) -> FrameworkTable:
    """Table 1 in a language."""
    factors = study.framework.factors
    columns = tuple((group, area) for group in factors[0].importance for area in AREAS)
    rows = tuple(
        FrameworkRow(
            getattr(factor.name, language),
            ", ".join((in_sentence if i else label)(outcome, language) for i, outcome in enumerate(factor.outcomes)),
            tuple(getattr(factor.importance[group], area) for group, area in columns),
        )
        for factor in factors
    )
    return FrameworkTable(language, columns, rows)


def framework_grid(table: FrameworkTable) -> Grid:
    """The grid of Table 1: a shade and a word in each cell, so that it can be read without colour."""
    language = table.language
    groups = list(dict.fromkeys(group for group, _ in table.columns))
    rows = [
        GridRow((Cell(row.factor), Cell(row.outcomes), *(importance_cell(n, language) for n in row.importance)))
        for row in table.rows
    ]
    return Grid(
        name=text("tables", "sheet_framework", language),
        title=text("tables", "framework_title", language),
        spanners=(Spanner("", 2), *(Spanner(label(group, language), len(AREAS)) for group in groups)),
        heads=(
            text("tables", "framework_factor", language),
            text("tables", "framework_outcomes", language),
            *(text("tables", area, language) for _, area in table.columns),
        ),
        rows=tuple(rows),
    )


def importance_cell(importance: int, language: Language) -> Cell:
    """A cell with its importance as a shade and as a word."""
    return Cell(text("tables", f"importance_{importance}", language), shade=importance)
