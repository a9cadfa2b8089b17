"""The brief as a self-contained HTML page: the same words as the PDF, pictures inline."""

from pathlib import Path

from markupsafe import Markup

from report.brief.captions import captions
from report.brief.document import Brief
from report.templates import templates

TEMPLATES = Path(__file__).parent / "templates"


def page(brief: Brief) -> str:
    """The brief as a page."""
    return (
        templates(TEMPLATES)
        .get_template("brief.html.j2")
        .render(
            brief=brief,
            words=captions(brief.language),
            style=Markup((TEMPLATES / "brief.css").read_text(encoding="utf-8")),
            pictures={name: Markup(figure.svg) for name, figure in brief.figures.items()},
            other="en" if brief.language == "nb" else "nb",
        )
    )
