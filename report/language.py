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
# The thousands separator that both languages' style guides ask for; lines do not break at it.
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
    """The label that readers see for a term, level, outcome, group, verdict or disposition of the tables.

    A level of a changed study.yml that `words/labels.yml` does not know keeps its own name.
    """
    return words("labels")[value][language] if value in words("labels") else value.replace("_", " ")


def in_sentence(value: str, language: Language) -> str:
    """A label within a sentence: lower case, but English keeps the capital of "Norwegian"."""
    name = label(value, language)
    return name if language == "en" and name.startswith("Norwegian") else name[:1].lower() + name[1:]


def number(value: float, language: Language, decimals: int = 0) -> str:
    """A number with this many decimals, in the format of the language."""
    written = f"{value:,.{decimals}f}".replace(",", THIN_SPACE).replace("-", "\u2212")
    return written.replace(".", ",") if language == "nb" else written


def percent(share: float, language: Language, decimals: int = 1) -> str:
    """A share as a percentage: `3,2 %` in Norwegian, `3.2%` in English."""
    written = number(100 * share, language, decimals)
    return f"{written}\u00a0%" if language == "nb" else f"{written}%"
