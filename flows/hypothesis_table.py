"""The hypothesis table as text: for the terminal and for Prefect's artifact. Reads `results.duckdb` alone."""

from pathlib import Path

from report.release import open_results

VERDICTS = """
    select model, hypothesis_id, verdict, n_supporting || ' of ' || n_tests as supporting, statement_en, note
    from results.hypothesis_verdict
    inner join results.hypothesis using (hypothesis_id)
    order by model, hypothesis_id
"""


def verdict_rows(results: Path) -> list[tuple[str, ...]]:
    """Model, hypothesis, verdict, tests that support it, statement and note, for each verdict."""
    with open_results(results) as con:
        return [tuple(map(str, row)) for row in con.sql(VERDICTS).fetchall()]


def markdown_table(results: Path) -> str:
    """The hypothesis table in Markdown."""
    head = "| model | hypothesis | verdict | tests | statement | note |\n| --- | --- | --- | --- | --- | --- |\n"
    rows = [[cell.replace("|", "\\|") for cell in row] for row in verdict_rows(results)]
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def terminal_table(results: Path) -> str:
    """The hypothesis table in aligned columns, without notes."""
    rows = [("model", "id", "verdict", "tests", "statement")] + [row[:5] for row in verdict_rows(results)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
    )
