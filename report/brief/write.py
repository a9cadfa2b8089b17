"""Writing a release's briefs to a folder."""

from pathlib import Path

from report.brief.document import compose
from report.brief.page import page
from report.brief.pictures import draw
from report.brief.typesetting import typeset
from report.language import LANGUAGES
from report.release import Release


def write_briefs(release: Release, folder: Path) -> list[Path]:
    """Write `brief_<language>.pdf` and `.html` for each language; the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for language in LANGUAGES:
        brief = compose(release, language, draw(release, language))
        pdf, html = folder / f"brief_{language}.pdf", folder / f"brief_{language}.html"
        pdf.write_bytes(typeset(brief))
        html.write_text(page(brief), encoding="utf-8")
        written += [pdf, html]
    return written
