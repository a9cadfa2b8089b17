"""A bar for long work: how much is done, rows per second, time left. On a terminal only; elsewhere nothing is shown.

Work has parts that are known beforehand: files, dbt's nodes, fits. The cost of a part is guessed by its weight until
the same work has been done once; after that, by the seconds it took, kept in `work/timings.json`. Belongs here: the
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
# For a part never timed, the share of what is left that one call of `more` counts for. For a part that has been timed,
# the share of it that `more` reaches at most.
SHARE_OF_THE_REST, MOST_OF_A_PART = 1 / 30, 0.95
SHORTEST = 0.01  # seconds; the least that a part is taken to need


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
        """Note that a part is done, and how many rows it had."""
        now = time.monotonic()
        self.seconds[part] = now - self._last
        self._last, self._share = now, 0.0
        self._finished += self._weights.get(part, 0.0)
        self._show(self._finished, rows)

    def more(self, rows: int) -> None:
        """Note progress within the current part, by so many rows.

        How far the part has come follows from the time it took before. If it was never timed, each call counts for a
        share of what is left, so that the bar moves but never arrives too early.
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
        """Redraw the bar, with so many more rows."""
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
    """Time left at the pace up to the bar's last change, minus the time since."""

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
    """Whether somebody is watching: standard error is a terminal that can redraw a line, and Prefect did not start us.

    A service of systemd has no terminal. No bar goes into a file, even if the environment asks for colours.
    """
    redraws = os.environ.get("TERM", "dumb") not in ("", "dumb")
    return sys.stderr.isatty() and redraws and "PREFECT__FLOW_RUN_ID" not in os.environ


def remembered(work: Path | None, title: str) -> dict[str, float]:
    """Seconds each part took when this work was last done; empty if that is not known."""
    return read_timings(work).get(title, {}) if work else {}


def read_timings(work: Path) -> dict[str, dict[str, float]]:
    """The kept seconds of all work, by title and part; empty if they cannot be read."""
    try:
        kept: dict[str, dict[str, float]] = json.loads((work / TIMINGS).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return kept


def remember(work: Path | None, title: str, seconds: Mapping[str, float]) -> None:
    """Keep the seconds that each part took; only these and the names of parts are written."""
    if work is None or not seconds:
        return
    kept = read_timings(work)
    kept[title] = {part: round(took, 2) for part, took in seconds.items()}
    unfinished = work / f".{TIMINGS}"
    unfinished.write_text(json.dumps(kept, indent=1, sort_keys=True), encoding="utf-8")
    unfinished.replace(work / TIMINGS)
