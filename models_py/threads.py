"""Work on all processors, for numeric loops that release the interpreter's lock, and for numpy's own.

Belongs here: handing parts to threads. Does not belong here: the work itself.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Part = TypeVar("Part")
Done = TypeVar("Done")


def n_processors() -> int:
    """Processors this process may run on; if the system does not say (macOS), all processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[Part], Done], parts: Iterable[Part]) -> list[Done]:
    """Do work on all parts, on all processors; results keep the order of the parts. The work must release the lock."""
    return list(_pool().map(work, parts))


@cache
def _pool() -> ThreadPoolExecutor:
    """One pool for the whole process: a likelihood is summed hundreds of times, and threads are slow to start."""
    return ThreadPoolExecutor(max_workers=n_processors(), thread_name_prefix="estimation")
