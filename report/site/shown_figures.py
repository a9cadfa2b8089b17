"""The figures on the site: the specification for the script, and pictures as fallback and for download."""

import json
from dataclasses import dataclass
from pathlib import Path

from report import figures
from report.language import Language
from report.release import Release

FORMS: tuple[figures.Format, ...] = ("svg", "png", "pdf")


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A figure: `specification` is JSON that can be put into a page; `files` maps form → path within the site."""

    name: str
    caption: str
    alternative: str
    specification: str
    files: dict[str, str]


def write_figures(release: Release, language: Language, site: Path) -> list[ShownFigure]:
    """Write the pictures of every figure into the site's `downloads/`."""
    return [write_figure(name, release, language, site) for name in figures.FIGURES]


def write_figure(name: str, release: Release, language: Language, site: Path) -> ShownFigure:
    """Write a figure's pictures."""
    specification = figures.specification(name, release, language)
    files = {}
    drawing = figures.drawn(specification)
    for form in FORMS:
        files[str(form)] = f"downloads/{name}_{language}.{form}"
        (site / files[form]).write_bytes(figures.in_form(drawing, form))
    # A closing tag inside a text would end the script element that contains the specification.
    inline = json.dumps(specification, ensure_ascii=False).replace("</", "<\\/")
    return ShownFigure(name, figures.caption(name, release, language), specification["description"], inline, files)
