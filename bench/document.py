"""Tables in the documents, each between two comments that name it.

Belongs here: where a table goes. Does not belong here: what is in it.
"""

import os
import subprocess
from datetime import date
from pathlib import Path

from bench.specification import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs/performance.md"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_table(name: str, table: str, document: Path = DOCUMENT) -> None:
    """Put a table, with day, machine and commit, between its two comments."""
    text = document.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = text.split(start)
    after = rest.split(end)[1]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    made = f"{date.today():%-d %B %Y}, {processors} cores, commit {MEASURED}."
    document.write_text(f"{before}{start}\n{made}\n\n{table}\n{end}{after}", encoding="utf-8")


def commit() -> str:
    """The commit that is measured; said if files differ from it, documents apart, which benches write themselves."""

    def git(*command: str) -> str:
        done = subprocess.run(["git", *command], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    return git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


# Known before anything is measured: hours later the repository may stand elsewhere.
MEASURED = commit()
