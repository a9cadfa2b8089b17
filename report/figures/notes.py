"""The notes beneath a figure: what is withheld, what could not be estimated, and that the data are simulated."""

from collections.abc import Sequence

from report.figures.observations import not_estimated
from report.language import Language, in_sentence, label, text
from report.release import Release, Row


def notes_of(release: Release, language: Language, *own: str) -> list[str]:
    """A figure's own notes, and for simulated data a note that says so."""
    simulated = [text("figures", "simulated_note", language)] if release.is_simulated else []
    return [*own, *simulated]


def withheld_note(rows: Sequence[Row], language: Language) -> list[str]:
    """Which cells have no mark because one of their shares is withheld; empty if none is."""
    if not rows:
        return []
    cells = [
        text("figures", "withheld_cell", language, group=in_sentence(row["population_group"], language),
             centrality=row["centrality"])
        for row in rows
    ]  # fmt: skip
    return [text("figures", "withheld_note", language, cells="; ".join(cells))]


def not_estimated_notes(release: Release, language: Language) -> list[str]:
    """A sentence for each model that could not be estimated."""
    return [
        text("figures", "not_estimated_note", language, model=label(row["model"], language),
             group=in_sentence(row["population_group"], language), status=in_sentence(row["status"], language))
        for row in not_estimated(release)
    ]  # fmt: skip
