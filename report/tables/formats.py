"""A grid as HTML, LaTeX and Excel.

Belongs here: the three formats. Does not belong here: any content. HTML is plain and semantic, with classes that a
page styles and no colours but the shades of Table 1, so that it is readable in light and dark.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import xlsxwriter

from report.tables.grid import Cell, Grid, GridRow

# (background, readable text colour) of a shaded cell, by importance.
SHADES = (("#ffffff", "#1d1d1d"), ("#d6e4f0", "#1d1d1d"), ("#8fb4d6", "#1d1d1d"), ("#2f6ea5", "#ffffff"))
LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
         "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
         "\u2212": r"$-$", "\u202f": r"\,", "\u00a0": "~", "–": "--", "±": r"$\pm$", "²": r"\textsuperscript{2}",
         "«": r"\guillemotleft{}", "»": r"\guillemotright{}", "“": "``", "”": "''"}  # fmt: skip
SHEET_NAME_LENGTH = 31
NUMBER = ' class="number"'


def to_html(grid: Grid) -> str:
    """An HTML `table` with caption, heads with scope, and notes in its foot."""
    numeric = [grid.is_numeric(column) for column in range(len(grid.heads))]
    heads = "".join(
        f'<th scope="col"{NUMBER if is_number else ""}>{escape(head)}</th>'
        for head, is_number in zip(grid.heads, numeric, strict=True)
    )
    spans = "".join(
        f'<th scope="colgroup" colspan="{spanner.columns}">{escape(spanner.text)}</th>'
        if spanner.text
        else f'<td colspan="{spanner.columns}"></td>'
        for spanner in grid.spanners
    )
    spanner_row = f"<tr>{spans}</tr>" if spans else ""
    body = "".join(_html_row(row, numeric) for row in grid.rows)
    notes = "".join(f'<tr><td colspan="{len(grid.heads)}" class="note">{escape(note)}</td></tr>' for note in grid.notes)
    return (
        f'<table class="results"><caption>{escape(grid.title)}</caption><thead>{spanner_row}<tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody>{f'<tfoot>{notes}</tfoot>' if notes else ''}</table>"
    )


def _html_row(row: GridRow, numeric: Sequence[bool]) -> str:
    head, *cells = row.cells
    if row.kind == "section":
        return f'<tr class="section"><th scope="rowgroup" colspan="{len(numeric)}">{escape(head.text)}</th></tr>'
    shown = "".join(_html_cell(cell, is_number) for cell, is_number in zip(cells, numeric[1:], strict=True))
    first = f'<th scope="row">{escape(head.text)}</th>' if head.text else "<td></td>"
    return f'<tr class="{row.kind}">{first}{shown}</tr>'


def _html_cell(cell: Cell, is_number: bool) -> str:
    kind = NUMBER if is_number else ""
    style = ""
    if cell.shade is not None:
        paper, ink = SHADES[cell.shade]
        kind, style = f' class="shade-{cell.shade}"', f' style="background:{paper};color:{ink}"'
    return f"<td{kind}{style}>{escape(cell.text)}</td>"


def to_latex(grid: Grid) -> str:
    """A LaTeX `table` in booktabs' style; needs the packages booktabs, xcolor (option table) and fontenc (T1)."""
    columns = "".join("r" if grid.is_numeric(i) else _text_column(grid, i) for i in range(len(grid.heads)))
    lines = [r"\begin{table}", r"\centering", rf"\caption{{{latex(grid.title)}}}", rf"\begin{{tabular}}{{{columns}}}",
             r"\toprule"]  # fmt: skip
    if grid.spanners:
        spans = [rf"\multicolumn{{{each.columns}}}{{c}}{{{latex(each.text)}}}" for each in grid.spanners]
        lines.append(" & ".join(spans) + r" \\")
    lines += [" & ".join(latex(head) for head in grid.heads) + r" \\", r"\midrule"]
    lines += [_latex_row(row, len(grid.heads)) for row in grid.rows]
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [rf"\par\footnotesize {latex(note)}" for note in grid.notes]
    return "\n".join([*lines, r"\end{table}", ""])


def _text_column(grid: Grid, column: int) -> str:
    """The column type of a text column: long texts get a paragraph of fixed width, others one line."""
    longest = max(len(row.cells[column].text) for row in grid.rows if row.kind != "section")
    return "p{5cm}" if longest > 40 else "l"


def _latex_row(row: GridRow, columns: int) -> str:
    if row.kind == "section":
        return rf"\multicolumn{{{columns}}}{{l}}{{\textit{{{latex(row.cells[0].text)}}}}} \\"
    head, *cells = row.cells
    first = rf"\textit{{{latex(head.text)}}}" if row.kind == "term" else latex(head.text)
    return " & ".join([first, *(_latex_cell(cell) for cell in cells)]) + r" \\"


def _latex_cell(cell: Cell) -> str:
    if cell.shade is None:
        return latex(cell.text)
    paper, ink = (colour.removeprefix("#").upper() for colour in SHADES[cell.shade])
    return rf"\cellcolor[HTML]{{{paper}}}\textcolor[HTML]{{{ink}}}{{{latex(cell.text)}}}"


def latex(text: str) -> str:
    """A text with LaTeX's special characters escaped."""
    return "".join(LATEX.get(character, character) for character in text)


def to_excel(grids: Sequence[Grid], path: Path) -> None:
    """Write a workbook with one sheet per grid. Numbers stay unrounded numbers, with their display format."""
    with xlsxwriter.Workbook(path) as book:
        for grid in grids:
            _write_sheet(book, book.add_worksheet(grid.name[:SHEET_NAME_LENGTH]), grid)


def _write_sheet(book: Any, sheet: Any, grid: Grid) -> None:
    bold = book.add_format({"bold": True})
    top = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    sheet.write_string(0, 0, grid.title, bold)
    at = 2
    if grid.spanners:
        column = 0
        for spanner in grid.spanners:
            sheet.write_string(at, column, spanner.text, bold)
            column += spanner.columns
        at += 1
    for column, head in enumerate(grid.heads):
        sheet.write_string(at, column, head, top)
    for row in grid.rows:
        at += 1
        for column, cell in enumerate(row.cells):
            _write_cell(
                book,
                sheet,
                (at, column),
                cell,
                is_heading=row.kind == "section" or (row.kind == "term" and column == 0),
            )
    for note in grid.notes:
        at += 1
        sheet.write_string(at + 1, 0, note)
    for column in range(len(grid.heads)):
        longest = max((len(row.cells[column].text) for row in grid.rows if row.kind != "section"), default=8)
        sheet.set_column(column, column, min(max(10, longest), 60))
    sheet.freeze_panes(4 if grid.spanners else 3, 1)


def _write_cell(book: Any, sheet: Any, place: tuple[int, int], cell: Cell, is_heading: bool) -> None:
    looks: dict[str, object] = {"bold": True} if is_heading else {}
    if cell.shade is not None:
        paper, ink = SHADES[cell.shade]
        looks = {"bg_color": paper, "font_color": ink}
    if cell.number is None:
        sheet.write_string(*place, cell.text, book.add_format(looks))
    else:
        sheet.write_number(
            *place, cell.number, book.add_format({**looks, "num_format": cell.number_format, "align": "right"})
        )
