"""Coefficient tables as in journals: the standard error beneath each estimate, stars, fit statistics at the foot."""

from collections.abc import Sequence

from report.language import Language, in_sentence, label, number, text
from report.tables.coefficients import OUTCOMES, CoefficientRow, CoefficientTable, ComponentRow, Estimate
from report.tables.grid import Cell, Grid, GridRow, RowKind, Spanner

# An estimate with p below the number gets the stars; the note beneath the table repeats these limits.
STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
DECIMALS = 3
EMPTY = Cell("")


def coefficient_grid(table: CoefficientTable) -> Grid:
    """The grid of a coefficient table."""
    language = table.language
    groups = list(dict.fromkeys(group for group, _ in table.columns))
    return Grid(
        name=text("tables", "sheet_coefficients", language, model=in_sentence(table.model, language)),
        title=text(
            "tables", "coefficient_title", language, model=in_sentence(table.model, language),
            base=f"«{in_sentence(table.base_outcome, language)}»" if language == "nb"
            else f"“{in_sentence(table.base_outcome, language)}”",
        ),
        spanners=(Spanner("", 1), *(Spanner(label(group, language), len(OUTCOMES)) for group in groups)),
        heads=("", *(label(outcome, language) for _, outcome in table.columns)),
        rows=(*term_rows(table), *component_rows(table), *fit_rows(table)),
        notes=notes(table),
    )  # fmt: skip


def term_rows(table: CoefficientTable) -> list[GridRow]:
    """For a term with levels a section row, then two rows per level: the estimates and their standard errors."""
    rows: list[GridRow] = []
    section = ""
    for row in table.rows:
        if row.level and row.term != section:
            section = row.term
            rows.append(GridRow((Cell(label(row.term, table.language)), *[EMPTY] * len(table.columns)), "section"))
        kind: RowKind = "body" if row.level else "term"
        rows.extend(two_rows(row_name(row, table.language), row.estimates, table.language, kind))
    return rows


def row_name(row: CoefficientRow, language: Language) -> str:
    """The level, marked if it is the reference; the term itself if it has no levels."""
    if not row.level:
        return label(row.term, language)
    name = label(row.level, language)
    is_reference = any(estimate and estimate.is_reference for estimate in row.estimates)
    return text("tables", "reference_level", language, level=name) if is_reference else name


def two_rows(
    name: str, estimates: Sequence[Estimate | None], language: Language, kind: RowKind = "body"
) -> list[GridRow]:
    """Estimates, and their standard errors beneath; a reference level has one row."""
    first = GridRow((Cell(name), *(estimate_cell(each, language) for each in estimates)), kind)
    if not any(each and each.std_error is not None for each in estimates):
        return [first]
    return [first, GridRow((EMPTY, *(error_cell(each, language) for each in estimates)), "under")]


def estimate_cell(estimate: Estimate | None, language: Language) -> Cell:
    """An estimate with its stars."""
    if estimate is None:
        return Cell("–")
    if estimate.is_reference:
        return Cell(text("tables", "reference", language))
    mark = stars(estimate.p_value)
    written = number(estimate.estimate, language, DECIMALS)
    return Cell(written + mark, estimate.estimate, f'0.000"{mark}"' if mark else "0.000")


def error_cell(estimate: Estimate | None, language: Language) -> Cell:
    """A standard error in parentheses."""
    if estimate is None or estimate.std_error is None:
        return EMPTY
    return Cell(f"({number(estimate.std_error, language, DECIMALS)})", estimate.std_error, '"("0.000")"')


def stars(p_value: float | None) -> str:
    """Stars of a p-value, none where there is no p-value."""
    return next((mark for below, mark in STARS if p_value is not None and p_value < below), "")


def component_rows(table: CoefficientTable) -> list[GridRow]:
    """The variance components: a row for each and its standard errors, one value per group."""
    if not table.components:
        return []
    head = Cell(text("tables", "variance_components", table.language))
    rows = [GridRow((head, *[EMPTY] * len(table.columns)), "section")]
    for row in table.components:
        shown = two_rows(label(row.name, table.language), row.estimates, table.language)
        rows.extend(spread(each, row) for each in shown)
    return rows


def spread(shown: GridRow, row: ComponentRow) -> GridRow:
    """Put each group's value under the outcome it belongs to (a correlation under the first); the rest stays empty."""
    outcome = row.name.removeprefix("sd_")
    at = OUTCOMES.index(outcome) if outcome in OUTCOMES else 0
    head, *cells = shown.cells
    return GridRow(
        (head, *(cell if place == at else EMPTY for cell in cells for place in range(len(OUTCOMES)))), shown.kind
    )


def fit_rows(table: CoefficientTable) -> list[GridRow]:
    """The statistics of the fits, each under its group's first column."""
    rows = [GridRow((Cell(text("tables", "fit_statistics", table.language)), *[EMPTY] * len(table.columns)), "section")]
    for name in table.fits[0].statistics if table.fits else ():
        cells = [
            cell
            for fit in table.fits
            for cell in (statistic_cell(name, fit.statistics[name], fit.status, table.language), EMPTY)
        ]
        rows.append(GridRow((Cell(text("tables", name, table.language)), *cells), "foot"))
    return rows


def statistic_cell(name: str, value: float | None, status: str, language: Language) -> Cell:
    """A statistic. One without a value was withheld, or does not exist because nothing was estimated."""
    if value is None:
        counted = name.startswith("n_") or status == "withheld"
        return Cell(text("tables", "withheld", language) if counted else "–")
    decimals = DECIMALS if name == "pseudo_r2" else 0
    return Cell(number(value, language, decimals), float(value), "0.000" if decimals else "#,##0")


def notes(table: CoefficientTable) -> tuple[str, ...]:
    """Notes on stars and rounding, on what was not estimated, and on simulated data."""
    language = table.language
    missing = [
        text("tables", "coefficient_not_estimated", language, group=label(fit.group, language),
             status=in_sentence(fit.status, language))
        for fit in table.fits
        if fit.status != "ok"
    ]  # fmt: skip
    simulated = [text("tables", "simulated", language)] if table.is_simulated else []
    own = (text("tables", "coefficient_notes", language), text("tables", "counts_note", language))
    return (*own, *missing, *simulated)
