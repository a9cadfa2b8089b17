"""The comparison of two releases as text for a terminal, or as JSON.

Belongs here: words and columns. Does not belong here: what is compared.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from flows.diff.basis import ABSENT, BasisDiff, Change
from flows.diff.comparison import ReleaseDiff
from flows.diff.explanation import Explanation
from flows.diff.published import PublishedDiff

UNCHANGED = "  unchanged"


def as_json(diff: ReleaseDiff) -> str:
    """The whole comparison as one JSON object."""
    return json.dumps(asdict(diff), ensure_ascii=False, indent=2, default=str)


def as_text(diff: ReleaseDiff) -> str:
    """The whole comparison, section by section, verdicts last: they are what a reader looks for."""
    sections = {
        "Data": data_lines(diff.basis),
        "Specification": specification_lines(diff.basis),
        "Code": [*code_lines(diff.basis)],
        "Panel accounting": accounting_lines(diff.published),
        "Fits": fit_lines(diff.published),
        "Estimates": estimate_lines(diff.published),
        "Verdicts": verdict_lines(diff.published, diff.explanations),
    }
    lines = [f"From {diff.run_a} to {diff.run_b}"]
    for title, told in sections.items():
        lines += ["", title, *(list(told) or [UNCHANGED])]
    return "\n".join(lines)


def data_lines(basis: BasisDiff) -> Iterator[str]:
    """Panel years, files and rows."""
    if basis.years[0] != basis.years[1]:
        yield f"  panel {basis.years[0]} → {basis.years[1]}"
    yield from aligned(
        [
            (
                one.delivery,
                one.change,
                one.register,
                one.file,
                f"{shown(one.rows_before)} → {shown(one.rows_after)} rows",
            )
            for one in basis.inputs
        ]
    )
    if not basis.inputs and "data" in basis.differs:
        yield "  the same files, but other versions of them are in force"
    yield from change_lines(basis.rows)


def specification_lines(basis: BasisDiff) -> Iterator[str]:
    """Keys of study.yml."""
    if basis.specification is None:
        yield "  changed; a release does not carry its specification, so that it cannot be said how"
    else:
        yield from change_lines(basis.specification)


def code_lines(basis: BasisDiff) -> Iterator[str]:
    """Code version and package versions."""
    before, after = basis.code
    yield from change_lines([*([Change("code", before, after)] if before != after else []), *basis.packages])


def accounting_lines(published: PublishedDiff) -> Iterator[str]:
    """Years that came or went, and persons of years in both."""
    for year in published.years:
        yield f"  {year.what} {'is new' if year.after else 'is gone'}"
    yield from aligned(
        [
            (str(one.year), one.disposition, f"{shown(one.before)} → {shown(one.after)} persons")
            for one in published.accounting
        ]
    )


def fit_lines(published: PublishedDiff) -> Iterator[str]:
    """Fits with another status or message."""
    for fit in published.fits:
        yield f"  {fit.model}, {fit.population_group}: {fit.status_before} → {fit.status_after}"
        if fit.message_before != fit.message_after:
            yield f"    was: {fit.message_before or 'no message'}"
            yield f"    is:  {fit.message_after or 'no message'}"


def estimate_lines(published: PublishedDiff) -> Iterator[str]:
    """How many coefficients changed, the largest changes, and terms that came or went."""
    if published.n_coefficients_changed:
        changed = f"{published.n_coefficients_changed} of {published.n_coefficients} coefficients changed"
        yield f"  {changed}; the largest changes, in standard errors of the first release:"
    yield from aligned(
        [
            (
                one.model,
                one.population_group,
                one.outcome,
                f"{one.term} {one.level}".strip(),
                f"{one.before:.3f} → {one.after:.3f}",
                f"{one.standard_errors:+.2f}",
            )
            for one in published.coefficients
        ]
    )
    yield from aligned(
        [(one.model, one.population_group, f"{one.term} {one.level}".strip(), one.change) for one in published.terms]
    )


def verdict_lines(published: PublishedDiff, explanations: Sequence[Explanation]) -> Iterator[str]:
    """Verdicts and numbers of supporting tests that changed, each flip with its reason."""
    why = {(one.model, one.hypothesis_id): one for one in explanations}
    for change in published.verdicts:
        said = f"  {change.model} {change.hypothesis_id}: {change.before} → {change.after}"
        if not change.flipped:
            said = f"  {change.model} {change.hypothesis_id}: {change.after or 'not asked any more'}"
        yield f"{said}  (tests {change.tests_before or 'none'} → {change.tests_after or 'none'})"
        if one := why.get((change.model, change.hypothesis_id)):
            yield f"    by {', '.join(one.causes)}: {one.reason}" if one.causes else f"    {one.reason}"
            for held_back, verdict in one.held_back.items():
                yield f"    with {held_back} held back: {verdict}"


def change_lines(changes: Iterable[Change]) -> Iterator[str]:
    """Keys with their values before and after."""
    yield from aligned([(one.what, f"{shown(one.before)} → {shown(one.after)}") for one in changes])


def aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows in columns, indented."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield f"  {'  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))}".rstrip()


def shown(value: Any) -> str:
    """A value of a manifest or table as a reader takes it."""
    if value is None or value == ABSENT:
        return "—"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
