"""The tables on the site, and their files for download."""

from dataclasses import dataclass
from pathlib import Path

from report.language import Language, label
from report.release import Release
from report.site.page import say
from report.tables import (
    Grid,
    HypothesisTable,
    coefficient_grid,
    coefficient_table,
    framework_grid,
    framework_table,
    hypothesis_grid,
    to_excel,
    to_html,
    to_latex,
)


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table: `html` to be put into a page; `files` maps form → path within the site.

    `choice` is the text by which a reader selects the table, empty if there is nothing to select.
    """

    name: str
    title: str
    choice: str
    html: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Tables:
    """What the page shows; `coefficients` by model, for each first all groups together and then each group."""

    framework: ShownTable
    verdicts: ShownTable
    coefficients: list[ShownTable]


def write_tables(table: HypothesisTable, release: Release, site: Path) -> Tables:
    """Write every table into the site's `downloads/`; `table` is Table 2, already read."""
    language, study = table.language, release.study
    coefficients = [
        write_table(
            f"coefficients_{model}{f'_{group}' if group else ''}",
            f"{label(model, language)}: {label(group, language) if group else say('all_groups', language)}",
            coefficient_grid(coefficient_table(release, group, language, model)),
            language,
            site,
        )
        for model in table.models
        for group in (None, *study.models.groups)
    ]
    return Tables(
        write_table("table_1", "", framework_grid(framework_table(study, language)), language, site),
        write_table("table_2", "", hypothesis_grid(table), language, site),
        coefficients,
    )


def write_table(name: str, choice: str, grid: Grid, language: Language, site: Path) -> ShownTable:
    """Write a table's files."""
    files = {form: f"downloads/{name}_{language}.{form}" for form in ("html", "tex", "xlsx")}
    html = to_html(grid)
    page = (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<meta charset="utf-8">\n<title>{name}</title>\n{html}\n</html>\n'
    )
    (site / files["html"]).write_text(page, encoding="utf-8")
    (site / files["tex"]).write_text(to_latex(grid), encoding="utf-8")
    to_excel([grid], site / files["xlsx"])
    return ShownTable(name, grid.title, choice, html, files)
