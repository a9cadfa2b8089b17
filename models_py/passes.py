"""Progress of a long fit: each pass over its rows is reported to a callback.

Belongs here: the callback. Does not belong here: showing progress, or any number of a fit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_told: ContextVar[Callable[[int], object] | None] = ContextVar("told", default=None)


@contextmanager
def watched_passes(tell: Callable[[int], object]) -> Iterator[None]:
    """While the block runs, call `tell` with the number of rows after every pass."""
    token = _told.set(tell)
    try:
        yield
    finally:
        _told.reset(token)


def passed(n_rows: int) -> None:
    """Report that a pass over so many rows is done."""
    if tell := _told.get():
        tell(n_rows)
