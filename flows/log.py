"""Logs: one short timed line a step. The bar of long work is `flows/progress.py`."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from flows.interrupt import insist_on_going_on

LOGGER = logging.getLogger("flyttepanel")


class TerminalHandler(logging.StreamHandler[TextIO]):
    """Writes to the `sys.stderr` of the moment, which a bar replaces while it is shown: lines then go above the bar."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self.stream = sys.stderr
        super().emit(record)


def start_log() -> None:
    """Show our lines on standard error, with the time of day; of other loggers only warnings and errors."""
    logging.basicConfig(
        format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.WARNING, handlers=[TerminalHandler()]
    )
    LOGGER.setLevel(logging.INFO)


@contextmanager
def step(name: str) -> Iterator[list[str]]:
    """Time a step and log one line at its end; append to the list what the line should say.

    >>> with step("load") as said:
    ...     said.append("3 files")
    """
    said: list[str] = []
    start = time.perf_counter()
    yield said
    insist_on_going_on()
    LOGGER.info("%-9s %s  %.1f s", name, ", ".join(said), time.perf_counter() - start)
