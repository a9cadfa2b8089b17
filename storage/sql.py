"""Text in SQL: names, values and paths, quoted. Does not belong here: any statement."""

import re
from pathlib import Path

IN_PATTERNS = re.compile(r"[*?\[]")


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def as_pattern(path: Path) -> str:
    """The pattern that matches only this path: DuckDB's readers take every path for a glob pattern."""
    return IN_PATTERNS.sub(r"[\g<0>]", str(path))


def file_literal(path: Path) -> str:
    """A file's path as an SQL literal that makes DuckDB's readers read this file alone."""
    return literal(as_pattern(path))


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
