"""Logs: one short timed line a step, and a progress bar on a terminal for anything long."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOGGER = logging.getLogger("flyttepanel")


@contextmanager
def step(name: str) -> Iterator[list[str]]:
    """Time a step and log one line at its end; append to the list what the line should say.

    >>> with step("load") as said:
    ...     said.append("3 files")
    """
    said: list[str] = []
    start = time.perf_counter()
    yield said
    LOGGER.info("%-9s %s  %.1f s", name, ", ".join(said), time.perf_counter() - start)
