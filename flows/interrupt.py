"""Ctrl-C: it stops a command at once, or at the end of the step it comes in.

Belongs here: that none is lost. asyncio, left to its own handler, may lose one that comes between two of Prefect's
calls; DuckDB makes an error of it, which Great Expectations takes for a reason to ask again.
"""

import signal

_asked_to_stop = False


def stop_at_interrupt() -> None:
    """Stop this process at Ctrl-C wherever it is: asyncio puts its own handler in place of Python's alone."""
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(*_: object) -> None:
    global _asked_to_stop
    _asked_to_stop = True
    raise KeyboardInterrupt


def insist_on_going_on() -> None:
    """Stop now, if we were asked to and somebody on the way has taken it for something else.

    Raises:
        KeyboardInterrupt: we were.
    """
    if _asked_to_stop:
        raise KeyboardInterrupt
