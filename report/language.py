"""Words and numbers in the two languages of the study.

Belongs here: the text files in `words/`, and how numbers are written. Does not belong here: any text.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import yaml

Language = Literal["nb", "en"]
LANGUAGES: tuple[Language, ...] = ("nb", "en")
WORDS = Path(__file__).parent / "words"
# Between thousands, as both languages' style guides have it; a line must not break there.
THIN_SPACE = "\u202f"


@cache
def words(name: str) -> dict[str, dict[str, str]]:
    """The text file `words/<name>.yml`: key → language → text."""
    texts: dict[str, dict[str, str]] = yaml.safe_load((WORDS / f"{name}.yml").read_text(encoding="utf-8"))
    return texts


def text(name: str, key: str, language: Language, **values: object) -> str:
    """A text of `words/<name>.yml`, with its placeholders filled.

    Raises:
        KeyError: there is no such text, or not in this language, or a placeholder has no value.
    """
    return words(name)[key][language].format(**values)


def label(value: str, language: Language) -> str:
    """What readers call a term, level, outcome, group, verdict or disposition of the tables.

    A level that somebody's own study.yml has made, and `words/labels.yml` does not know, is called as it is there.
    """
    return words("labels")[value][language] if value in words("labels") else value.replace("_", " ")


def in_sentence(value: str, language: Language) -> str:
    """A label as it stands within a sentence: English keeps the capital of Norwegian."""
    name = label(value, language)
    return name if language == "en" and name.startswith("Norwegian") else name[:1].lower() + name[1:]


def number(value: float, language: Language, decimals: int = 0) -> str:
    """A number with so many decimals, as the language writes it."""
    written = f"{value:,.{decimals}f}".replace(",", THIN_SPACE).replace("-", "\u2212")
    return written.replace(".", ",") if language == "nb" else written


def percent(share: float, language: Language, decimals: int = 1) -> str:
    """A share as a percentage: `3,2 %` in Norwegian, `3.2%` in English."""
    written = number(100 * share, language, decimals)
    return f"{written}\u00a0%" if language == "nb" else f"{written}%"
