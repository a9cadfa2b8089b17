"""Work on all processors, for numeric loops that release the interpreter's lock, and for numpy's own.

Belongs here: handing parts to threads. Does not belong here: the work itself.
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
    """Processors this process may run on; if the system does not say (macOS), all processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[Part], Done], parts: Iterable[Part]) -> list[Done]:
    """Do work on all parts, on all processors; results keep the order of the parts. The work must release the lock."""
    if _one_of_many.is_set():
        return [work(part) for part in parts]
    return list(_pool().map(work, parts))


def be_one_of_many() -> None:
    """Use one thread from now on: as many such processes run as there are processors, and all do such work."""
    _one_of_many.set()


@cache
def _pool() -> ThreadPoolExecutor:
    """One pool for the whole process: a likelihood is summed hundreds of times, and threads are slow to start."""
    return ThreadPoolExecutor(max_workers=n_processors(), thread_name_prefix="estimation")
