"""A page: its path, what all pages share, and the template environment.

Belongs here: names and places of pages, and what templates may call. Does not belong here: the content of any page.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment

from report.language import Language, label, number, percent, text
from report.release import Release
from report.templates import templates

HERE = Path(__file__).parent
# In the order of the navigation; the same names in both languages.
PAGES = ("index", "figures", "tables", "hypotheses", "accounting", "release", "dictionary", "sql")
# The Norwegian pages are at the top of the site, the English ones in a folder.
FOLDERS: dict[Language, str] = {"nb": "", "en": "en/"}
ROOTS: dict[Language, str] = {"nb": "", "en": "../"}

say = partial(text, "site")


def page_path(name: str, language: Language) -> str:
    """The path of a page within the site."""
    return f"{FOLDERS[language]}{name}.html"


def other(language: Language) -> Language:
    """The language a page can be switched to."""
    return "en" if language == "nb" else "nb"


def environment(language: Language) -> Environment:
    """Templates with what they may call: texts, labels and numbers of a language."""
    made = templates(HERE / "templates")
    calls: dict[str, Callable[..., str]] = {
        "t": lambda key, **values: say(key, language, **values),
        "label": lambda value: label(value, language),
        "number": lambda value, decimals=0: number(value, language, decimals),
        "percent": lambda share, decimals=1: percent(share, language, decimals),
        "count": lambda value: count(value, language),
        "p": lambda value: p_value(value, language),
        "moment": lambda value: moment(value, language),
    }
    made.globals.update(calls)
    return made


def write_page(site: Path, name: str, language: Language, release: Release, content: Any) -> Path:
    """Write a page from the template of its name, to which `content` is passed."""
    page = site / page_path(name, language)
    page.parent.mkdir(parents=True, exist_ok=True)
    there = other(language)
    html = (
        environment(language)
        .get_template(f"{name}.html.j2")
        .render(
            name=name,
            pages=PAGES,
            language=language,
            other_language=there,
            other_page=ROOTS[language] + page_path(name, there),
            root=ROOTS[language],
            title=getattr(release.study.title, language),
            manifest=release.manifest,
            is_simulated=release.is_simulated,
            content=content,
        )
    )
    page.write_text(html, encoding="utf-8")
    return page


def count(value: int | None, language: Language) -> str:
    """A published count; None is one that was withheld."""
    return say("withheld", language) if value is None else number(value, language)


def p_value(value: float, language: Language) -> str:
    """A p-value to three decimals, or `< 0.001`."""
    return f"< {number(0.001, language, 3)}" if value < 0.001 else number(value, language, 3)


def moment(value: str | datetime, language: Language) -> str:
    """A point in time (ISO 8601 text, or with a time zone), in UTC, to the minute."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    month = say(f"month_{at.month}", language)
    return say("moment", language, day=at.day, month=month, year=at.year, hour=f"{at:%H}", minute=f"{at:%M}")
