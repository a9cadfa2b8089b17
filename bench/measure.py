"""A command as a process of its own: wall time, peak memory, and what it reports.

Belongs here: how anything is measured. Does not belong here: what is measured.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# How often the memory of a process and its children is looked at.
SAMPLE_SECONDS = 0.05
PAGE = os.sysconf("SC_PAGE_SIZE")
# A line that a step logs when it has ended (`flows/log.py`): time of day, name, what it says of itself, seconds.
STEP_LINE = re.compile(r"^\d\d:\d\d:\d\d (?P<name>\w+(?: \d)?)  *(?P<said>.*?) +(?P<seconds>\d+\.\d) s$")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds of wall time, bytes of peak memory with its children's at the same time.

    `parts` are the seconds of the steps it logged, by name; several of one name are added.
    """

    seconds: float
    peak: int
    parts: Mapping[str, float] = field(default_factory=dict)


def measure(*command: str) -> Cost:
    """Run a command and ask the operating system what it took.

    Raises:
        SystemExit: the command failed.
    """
    return _run(command, None)[0]


def measure_step(*command: str) -> Cost:
    """The cost of a command of ours, with the parts it logs.

    Raises:
        SystemExit: the command failed; what it said is passed on.
    """
    cost, said = _run(command, None, stderr=subprocess.PIPE)
    parts: dict[str, float] = {}
    for line in said.splitlines():
        if found := STEP_LINE.match(line):
            parts[found["name"]] = parts.get(found["name"], 0.0) + float(found["seconds"])
    return Cost(cost.seconds, cost.peak, parts)


def measure_job(*command: str, environment: Mapping[str, str] | None = None) -> tuple[Cost, dict[str, Any]]:
    """The cost of a job and its report: the last line it prints, as JSON.

    Raises:
        SystemExit: the job failed.
    """
    cost, output = _run(command, environment, stdout=subprocess.PIPE)
    return cost, json.loads(output.strip().splitlines()[-1])


def _run(
    command: tuple[str, ...],
    environment: Mapping[str, str] | None,
    stdout: int = subprocess.DEVNULL,
    stderr: int | None = None,
) -> tuple[Cost, str]:
    """Run a command. Returns its cost and what came through the one pipe asked for.

    Memory starts at the measuring process's own, which must therefore stay small.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=stdout, stderr=stderr, text=True, env={**os.environ, **(environment or {})}
    )
    with Watch(process.pid) as watch:
        pipe = process.stdout or process.stderr
        output = pipe.read() if pipe else ""
        _, status, usage = os.wait4(process.pid, 0)
    # The largest process by the system's own book-keeping, which no sampling misses.
    cost = Cost(time.perf_counter() - start, max(watch.peak, usage.ru_maxrss * 1024))
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: failed\n{output if stderr else ''}".rstrip())
    return cost, output


class Watch:
    """Looks, while the block runs, at the memory of a process and all that descend from it (Linux; elsewhere 0)."""

    def __init__(self, pid: int) -> None:
        self.peak, self._pid, self._ended = 0, pid, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, resident(self._pid))


def resident(pid: int) -> int:
    """Bytes of memory that a process and its descendants hold now; of one that has ended none."""
    try:
        n_bytes = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except (OSError, IndexError):
        return 0
    return n_bytes + sum(resident(int(child)) for child in children)
