"""Ctrl-C: it stops a command at once, or at the end of the step it comes in.

Belongs here: that none is lost. asyncio, left to its own handler, may lose one that comes between two of Prefect's
calls; DuckDB makes an error of it, which Great Expectations takes for a reason to ask again.
"""

import signal

_asked_to_stop = False


def stop_at_interrupt() -> None:
    """Stop this process at Ctrl-C wherever it is: asyncio puts its own handler in place of Python's alone.

    Whoever started us to be left alone by Ctrl-C, as a shell does what it runs in the background, is obeyed.
    """
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)


def leave_interrupts_to_prefect() -> None:
    """Let Ctrl-C be Python's own again, which is how Prefect stops serving."""
    if signal.getsignal(signal.SIGINT) is _interrupt:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
