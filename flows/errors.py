"""What a user is told when something fails: our own errors in full, others without their text.

Messages of DuckDB and other libraries repeat values from rows, so they must not reach any log, terminal or server.
"""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from flows.home import PROJECT_ROOT
from flows.interrupt import insist_on_going_on

OUR_MODULES = ("click", "flows", "models_py", "expectations", "report", "storage", "synthetic")


class StepCrashed(RuntimeError):
    """A library failed in a way we did not foresee; says where, and which class of error, but not its text."""


@contextmanager
def without_values() -> Iterator[None]:
    """Let our own errors and the operating system's pass; replace any other by one without its message."""
    try:
        yield
    except Exception as error:
        insist_on_going_on()
        # Of OSErrors only the standard library's pass: other libraries derive theirs from it, with their own texts.
        package = type(error).__module__.split(".")[0]
        if package in OUR_MODULES or (isinstance(error, OSError) and package in sys.stdlib_module_names):
            raise
        raise StepCrashed(
            f"{type(error).__name__} at {place(error)}; its text is withheld because it may repeat "
            "values from the registers"
        ) from None


def place(error: BaseException) -> str:
    """The innermost lines of our own code, three at most, that an error came through."""
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(str(PROJECT_ROOT)) and "site-packages" not in frame.filename
    ]
    return " < ".join(f"{frame.filename.removeprefix(f'{PROJECT_ROOT}/')}:{frame.lineno}" for frame in ours[::-1][:3])
