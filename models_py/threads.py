"""Work on all processors: numeric loops that free the interpreter's lock, and numpy's own.

Belongs here: handing parts to threads. Does not belong here: any of the work.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Part = TypeVar("Part")
Done = TypeVar("Done")


def n_processors() -> int:
    """Processors this process may run on; where the system does not tell (macOS), all there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[Part], Done], parts: Iterable[Part]) -> list[Done]:
    """Work done on all parts, on all processors, in the order of the parts; for work that frees the interpreter."""
    return list(_pool().map(work, parts))


@cache
def _pool() -> ThreadPoolExecutor:
    """One pool for the process: a likelihood is summed hundreds of times, and threads are slow to start."""
    return ThreadPoolExecutor(max_workers=n_processors(), thread_name_prefix="estimation")
