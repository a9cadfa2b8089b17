"""Tables in docs/performance.md, each between two comments that name it.

Belongs here: where a table goes. Does not belong here: what is in it.
"""

import os
from datetime import date

from bench.specification import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs/performance.md"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_table(name: str, table: str) -> None:
    """Put a table, with day and machine, between its two comments."""
    text = DOCUMENT.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = text.split(start)
    after = rest.split(end)[1]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    made = f"{date.today():%-d %B %Y}, {processors} cores."
    DOCUMENT.write_text(f"{before}{start}\n{made}\n\n{table}\n{end}{after}", encoding="utf-8")
