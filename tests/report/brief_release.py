"""A small release for the brief, changed as a test needs it, and the text of what is made of it."""

import io
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
from pypdf import PdfReader

from flows.home import STUDY_FILE
from models_py.study import Study, load_study
from report.brief.document import Brief, compose
from report.brief.pictures import Figure
from report.brief.typesetting import typeset
from report.language import Language
from report.release import Release

SQL = Path(__file__).parent / "brief_release.sql"
STUDY: Study = load_study(STUDY_FILE)
MANIFEST: dict[str, Any] = {
    "run_id": "run-7",
    "study": STUDY.model_dump(mode="json"),
    "finished_at": "2026-01-01T00:10:00.123456+00:00",
    "simulated_deliveries": ["delivery_2021"],
    "inputs": [{"delivery": "delivery_2021", "file": name} for name in ("faste_oppl.csv", "bu_utd.csv")],
}
# Pictures are drawn where they are what is tested; elsewhere these stand in their places.
BLANKS = {
    f"figure_{n}": Figure(
        f"figure_{n}",
        f"Caption {n}",
        f"Description {n}",
        '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="200" viewBox="0 0 400 200"><rect width="9" '
        'height="9"/></svg>',
    )
    for n in range(1, 5)
}


def build(path: Path) -> None:
    """The small release's database."""
    with duckdb.connect(str(path)) as con:
        con.execute(SQL.read_text(encoding="utf-8"))


def changed(database: Path, folder: Path, *statements: str, **manifest: object) -> Release:
    """A copy of the release with changes made in its database and manifest."""
    path = folder / "copy.duckdb"
    shutil.copyfile(database, path)
    with duckdb.connect(str(path)) as con:
        for statement in statements:
            con.execute(statement)
    return Release(path, MANIFEST | manifest)


def brief_of(release: Release, language: Language) -> Brief:
    """The brief of a release, without its pictures."""
    return compose(release, language, BLANKS)


def text_of(release: Release, language: Language) -> str:
    """What the printed brief of a release says."""
    return pdf_text(typeset(brief_of(release, language)))


def pdf_text(pdf: bytes) -> str:
    """The text of a PDF."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def squeezed(told: str) -> str:
    """Text without spaces and hyphens: lines break and words divide as the page has it."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", told)


def says(told: str, phrase: str) -> bool:
    """Whether a text holds a phrase, wherever its lines break."""
    return squeezed(phrase) in squeezed(told)
