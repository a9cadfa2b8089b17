"""A bar for long work: how much is done, rows per second, time left. On a terminal only; elsewhere nothing is shown.

Work is done in parts that are known beforehand: files, dbt's nodes, fits. What a part costs is guessed by its weight
until the same work has been done once; then by the seconds it took, which `work/timings.json` keeps. Belongs here: the
bar. Does not belong here: which parts there are, or the line that is logged when a step has ended (`flows/log.py`).
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn
from rich.text import Text

TIMINGS = "timings.json"
# What a call of `more` is taken for, of what is left of a part; and how far it brings a part at most.
SHARE_OF_THE_REST, MOST_OF_A_PART = 1 / 30, 0.95
SHORTEST = 0.01  # seconds, of a part that took none


class Bar:
    """How far some work has come. Parts are done one after another; those that overlap share the time between them."""

    def __init__(self, shown: Progress, title: str, remembered: Mapping[str, float]) -> None:
        self.shown, self._remembered = shown, remembered
        self._task = shown.add_task(title, total=None, rows=0, until_last=0.0)
        self._start = self._last = time.monotonic()
        self._weights: dict[str, float] = {}
        self._finished = self._share = 0.0
        self.seconds: dict[str, float] = {}

    def expect(self, weights: Mapping[str, float]) -> None:
        """Name all parts, with what each costs relative to the others if it has never been timed."""
        known = {part: max(self._remembered[part], SHORTEST) for part in weights if part in self._remembered}
        guessed = sum(weights[part] for part in known)
        scale = sum(known.values()) / guessed if guessed else 1.0
        self._weights = {part: known.get(part, weight * scale) for part, weight in weights.items()}
        self.shown.update(self._task, total=sum(self._weights.values()))

    def done(self, part: str, rows: int = 0) -> None:
        """A part is done, and so many rows with it."""
        now = time.monotonic()
        self.seconds[part] = now - self._last
        self._last, self._share = now, 0.0
        self._finished += self._weights.get(part, 0.0)
        self._show(self._finished, rows)

    def more(self, rows: int) -> None:
        """The part under way has come further, by so many rows.

        How far is told by the time it took before. Of one that has never been timed, each call is taken for a share of
        what is left of it, so that the bar moves and never arrives too early.
        """
        part = next((name for name in self._weights if name not in self.seconds), None)
        if part is None:
            return
        if part in self._remembered:
            passed = (time.monotonic() - self._last) / max(self._remembered[part], SHORTEST)
            self._share = min(passed, MOST_OF_A_PART)
        else:
            self._share += (1 - self._share) * SHARE_OF_THE_REST
        self._show(self._finished + self._share * self._weights[part], rows)

    def _show(self, completed: float, rows: int) -> None:
        """Draw anew, with so many rows more."""
        all_rows = self.shown.tasks[self._task].fields["rows"] + rows
        until_last = time.monotonic() - self._start
        self.shown.update(self._task, completed=completed, rows=all_rows, until_last=until_last)


class RowsColumn(ProgressColumn):
    """Rows per second, over all that has been done."""

    def render(self, task: Task) -> Text:
        """The cell."""
        rows, seconds = task.fields["rows"], task.fields["until_last"]
        return Text(f"{rows / seconds:,.0f} rows/s" if rows and seconds else "", style="progress.data.speed")


class LeftColumn(ProgressColumn):
    """Time left: at the pace until the last part was done, less what has passed since."""

    def render(self, task: Task) -> Text:
        """The cell."""
        if not task.total or not task.completed:
            return Text("")
        until_last = task.fields["until_last"]
        since = (task.elapsed or 0.0) - until_last
        left = max(0.0, until_last * (task.total - task.completed) / task.completed - since)
        return Text(f"{left // 60:.0f}:{left % 60:02.0f} left", style="progress.remaining")


@contextmanager
def progress(title: str, work: Path | None = None) -> Iterator[Bar]:
    """A bar while the block runs, gone when it ends; `work` is the folder where timings are kept.

    >>> with progress("load", home.work) as bar:
    ...     bar.expect({"a.csv": 300, "b.csv": 100})
    ...     bar.done("a.csv", rows=10_000)
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), RowsColumn(), LeftColumn())
    shown = Progress(*columns, console=Console(stderr=True), transient=True, disable=not is_watched())
    with shown:
        bar = Bar(shown, title, remembered(work, title))
        yield bar
    remember(work, title, bar.seconds)


def is_watched() -> bool:
    """Whether somebody looks on: a terminal that can redraw a line, and no run that Prefect started.

    A service of systemd has no terminal. Whatever colours are asked for in the environment, no bar goes into a file.
    """
    redraws = os.environ.get("TERM", "dumb") not in ("", "dumb")
    return sys.stderr.isatty() and redraws and "PREFECT__FLOW_RUN_ID" not in os.environ


def remembered(work: Path | None, title: str) -> dict[str, float]:
    """Seconds each part took when this work was last done; nothing if that is not known."""
    return read_timings(work).get(title, {}) if work else {}


def read_timings(work: Path) -> dict[str, dict[str, float]]:
    """What is kept of all work, by title and part; nothing if it cannot be read."""
    try:
        kept: dict[str, dict[str, float]] = json.loads((work / TIMINGS).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return kept


def remember(work: Path | None, title: str, seconds: Mapping[str, float]) -> None:
    """Keep what each part took; names of parts and seconds are all that is written."""
    if work is None or not seconds:
        return
    kept = read_timings(work)
    kept[title] = {part: round(took, 2) for part, took in seconds.items()}
    unfinished = work / f".{TIMINGS}"
    unfinished.write_text(json.dumps(kept, indent=1, sort_keys=True), encoding="utf-8")
    unfinished.replace(work / TIMINGS)
