"""The two tables of the policy brief and full coefficient tables: as rows in words, and as HTML, LaTeX and Excel.

Belongs here: the tables by name, and writing all tables of a release. Does not belong here: a table's content or looks.
"""

from pathlib import Path

from models_py.study import Study
from report.figures.observations import models
from report.language import LANGUAGES, Language
from report.release import Release
from report.tables.coefficient_grids import coefficient_grid
from report.tables.coefficients import CoefficientTable, coefficient_table
from report.tables.formats import to_excel, to_html, to_latex
from report.tables.framework import FrameworkTable, framework_grid, framework_table
from report.tables.grid import Grid
from report.tables.hypotheses import HypothesisTable, hypothesis_table
from report.tables.hypothesis_grids import hypothesis_grid, tests_grid

__all__ = [
    "CoefficientTable",
    "FrameworkTable",
    "Grid",
    "HypothesisTable",
    "coefficient_grid",
    "coefficient_table",
    "framework_grid",
    "framework_table",
    "grids",
    "hypothesis_grid",
    "hypothesis_table",
    "tests_grid",
    "to_excel",
    "to_html",
    "to_latex",
    "write_tables",
]


def grids(release: Release, study: Study, language: Language) -> dict[str, Grid]:
    """All tables of a release as grids; the keys also serve as file names."""
    hypotheses = hypothesis_table(release, language)
    return {
        "table_1": framework_grid(framework_table(study, language)),
        "table_2": hypothesis_grid(hypotheses),
        "tests": tests_grid(hypotheses),
        **{
            f"coefficients_{model}": coefficient_grid(coefficient_table(release, None, language, model))
            for model in models(release)
        },
    }


def write_tables(release: Release, study: Study, folder: Path) -> list[Path]:
    """Write for each language a workbook with all tables, `tables_<language>.xlsx`, and one LaTeX file per table."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for language in LANGUAGES:
        found = grids(release, study, language)
        workbook = folder / f"tables_{language}.xlsx"
        to_excel(list(found.values()), workbook)
        written.append(workbook)
        for name, grid in found.items():
            path = folder / f"{name}_{language}.tex"
            path.write_text(to_latex(grid), encoding="utf-8")
            written.append(path)
    return written
