"""How numeric loops are compiled.

Belongs here: the compiler's settings. A compiled function may call only compiled functions of its own file, see
`compiled`.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

# Reordering sums lets the processor add four numbers at a time. NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "nsz"}

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function to machine code that runs without the interpreter's lock, so that threads run in parallel.

    The machine code is cached on disk. It is compiled anew when the function's own file changes, but not when a file
    that it imports changes. Division by zero gives infinity, as in numpy: checking for it would keep the processor from
    dividing four numbers at a time.
    """
    return cast(Function, njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")(function))
