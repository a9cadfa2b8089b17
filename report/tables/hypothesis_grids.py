"""The grids of Table 2 and of the table of all tests behind it."""

from report.language import Language, in_sentence, label, number, percent, text
from report.tables.grid import Cell, Grid, GridRow
from report.tables.hypotheses import HypothesisTable, TestRow

DECIMALS = 4
SMALLEST_P = 0.0001


def hypothesis_grid(table: HypothesisTable) -> Grid:
    """Hypotheses and verdicts, one section per outcome; the notes beneath explain each verdict."""
    language = table.language
    rows: list[GridRow] = []
    columns = 2 + 2 * len(table.models)
    section = ""
    for row in table.rows:
        if row.outcome != section:
            section = row.outcome
            rows.append(GridRow((Cell(label(section, language)), *[Cell("")] * (columns - 1)), "section"))
        found = {verdict.model: verdict for verdict in row.verdicts}
        cells = [Cell(row.hypothesis_id), Cell(row.statement)]
        for model in table.models:
            verdict = found.get(model)
            said = verdict and text("tables", "of", language, n=verdict.n_supporting, total=verdict.n_tests)
            cells += [Cell(verdict.verdict_label if verdict else "–"), Cell(said or "–")]
        rows.append(GridRow(tuple(cells)))
    heads = [text("tables", "hypothesis_id", language), text("tables", "statement", language)]
    for model in table.models:
        heads += [
            text("tables", "verdict", language, model=label(model, language)),
            text("tables", "supporting", language),
        ]
    return Grid(
        name=text("tables", "sheet_hypotheses", language),
        title=text("tables", "hypothesis_title", language),
        spanners=(),
        heads=tuple(heads),
        rows=tuple(rows),
        notes=verdict_notes(table),
    )


def verdict_notes(table: HypothesisTable) -> tuple[str, ...]:
    """A note for each verdict; models with the same note share one."""
    language = table.language
    said = []
    for row in table.rows:
        models_of: dict[str, list[str]] = {}
        for verdict in row.verdicts:
            models_of.setdefault(verdict.note, []).append(in_sentence(verdict.model, language))
        said += [
            text("tables", "note", language, id=row.hypothesis_id, model=" / ".join(models), note=note)
            for note, models in models_of.items()
        ]
    return tuple(said)


def tests_grid(table: HypothesisTable) -> Grid:
    """Every test of every hypothesis and model."""
    language = table.language
    level = percent(table.confidence, language, 0)
    names = ("hypothesis_id", "model", "profile", "contrast", "estimate", "std_error", "interval", "p_value",
             "p_adjusted", "equivalent", "supports")  # fmt: skip
    rows = [
        GridRow((Cell(row.hypothesis_id), Cell(label(verdict.model, language)), *cells_of(test, language)))
        for row in table.rows
        for verdict in row.verdicts
        for test in verdict.tests
    ]
    return Grid(
        name=text("tables", "sheet_tests", language),
        title=text("tables", "tests_title", language),
        spanners=(),
        heads=tuple(
            text("tables", name, language, **({"level": level} if name == "interval" else {})) for name in names
        ),
        rows=tuple(rows),
    )


def cells_of(test: TestRow, language: Language) -> tuple[Cell, ...]:
    """A test's cells after hypothesis and model."""
    low, high = (number(value, language, DECIMALS) for value in (test.ci_low, test.ci_high))
    return (
        Cell(test.profile),
        Cell(test.contrast),
        Cell(number(test.estimate, language, DECIMALS), test.estimate, "0.0000"),
        Cell(number(test.std_error, language, DECIMALS), test.std_error, "0.0000"),
        Cell(text("tables", "from_to", language, low=low, high=high)),
        Cell(p_in_words(test.p_value, language), test.p_value, "0.0000"),
        Cell(p_in_words(test.p_adjusted, language), test.p_adjusted, "0.0000"),
        Cell(yes_or_no(test.equivalent, language)),
        Cell(yes_or_no(test.supports, language)),
    )


def p_in_words(p_value: float, language: Language) -> str:
    """A p-value to four decimals, or a text like `< 0.0001` if it is smaller."""
    if p_value < SMALLEST_P:
        return text("tables", "below", language, value=number(SMALLEST_P, language, DECIMALS))
    return number(p_value, language, DECIMALS)


def yes_or_no(value: bool | None, language: Language) -> str:
    """Yes or no; a dash for None, where the question does not apply."""
    return "–" if value is None else text("tables", "yes" if value else "no", language)
