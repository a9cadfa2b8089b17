"""Ctrl-C: it stops a command at once, or at the end of the current step.

Belongs here: making sure that no Ctrl-C is lost. asyncio's own handler may lose one that comes between two of Prefect's
calls. DuckDB turns one into an error, and Great Expectations then repeats its query.
"""

import signal

_asked_to_stop = False


def stop_at_interrupt() -> None:
    """Stop this process at Ctrl-C, wherever it is: asyncio replaces Python's own handler, but not ours.

    If we were started with Ctrl-C ignored, as a shell starts what it runs in the background, it stays ignored.
    """
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)


def leave_interrupts_to_prefect() -> None:
    """Give Ctrl-C back to Python's own handler, by which Prefect stops serving."""
    if signal.getsignal(signal.SIGINT) is _interrupt:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt(*_: object) -> None:
    global _asked_to_stop
    _asked_to_stop = True
    raise KeyboardInterrupt


def insist_on_going_on() -> None:
    """Stop now if Ctrl-C was pressed but a library took the exception for something else.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    if _asked_to_stop:
        raise KeyboardInterrupt
