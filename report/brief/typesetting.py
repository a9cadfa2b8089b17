"""The brief as a PDF, typeset by Typst with its built-in fonts only, so that every machine makes the same bytes.

Belongs here: the data passed to the template, and how it is compiled. Does not belong here: what it says or looks like.
"""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import typst

from report.brief.captions import captions
from report.brief.document import Brief

TEMPLATE = Path(__file__).parent / "templates" / "brief.typ"
# PDF/UA-1 is tagged for screen readers. Typst refuses what breaks it, for instance a figure without a description.
STANDARD: Literal["ua-1"] = "ua-1"


def typeset(brief: Brief) -> bytes:
    """The brief as PDF/UA-1."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(TEMPLATE, folder / "brief.typ")
        told = asdict(brief) | {"words": captions(brief.language)}
        (folder / "brief.json").write_text(json.dumps(told, default=str, ensure_ascii=False), encoding="utf-8")
        for figure in brief.figures.values():
            (folder / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
        made = typst.compile(
            folder / "brief.typ",
            root=folder,
            format="pdf",
            ignore_system_fonts=True,
            pdf_standards=STANDARD,
            timestamp=brief.finished_at.replace(microsecond=0),
        )
    return bytes(made)
