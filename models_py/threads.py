"""Work on all processors: numeric loops that free the interpreter's lock, and numpy's own.

Belongs here: handing parts to threads. Does not belong here: any of the work.
"""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Part = TypeVar("Part")
Done = TypeVar("Done")
_one_of_many = threading.Event()


def n_processors() -> int:
    """Processors this process may run on; where the system does not tell (macOS), all there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[Part], Done], parts: Iterable[Part]) -> list[Done]:
    """Work done on all parts, on all processors, in the order of the parts; for work that frees the interpreter."""
    if _one_of_many.is_set():
        return [work(part) for part in parts]
    return list(_pool().map(work, parts))


def be_one_of_many() -> None:
    """From now on work in one thread: this process is one of as many as there are processors, all with such work."""
    _one_of_many.set()


@cache
def _pool() -> ThreadPoolExecutor:
    """One pool for the process: a likelihood is summed hundreds of times, and threads are slow to start."""
    return ThreadPoolExecutor(max_workers=n_processors(), thread_name_prefix="estimation")
