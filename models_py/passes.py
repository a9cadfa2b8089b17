"""How often a long fit has gone over its rows, for whoever wants to show that it is getting on.

Belongs here: whom to tell. Does not belong here: showing it, or any number of a fit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_told: ContextVar[Callable[[int], object] | None] = ContextVar("told", default=None)


@contextmanager
def watched_passes(tell: Callable[[int], object]) -> Iterator[None]:
    """While the block runs, `tell` hears of every pass and its rows."""
    token = _told.set(tell)
    try:
        yield
    finally:
        _told.reset(token)


def passed(n_rows: int) -> None:
    """A pass over so many rows is done."""
    if tell := _told.get():
        tell(n_rows)
