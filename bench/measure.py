"""A command as a process of its own: wall time, peak memory, and what it reports.

Belongs here: how anything is measured. Does not belong here: what is measured.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds of wall time, bytes of peak memory."""

    seconds: float
    peak: int


def measure(*command: str) -> Cost:
    """Run a command and ask the operating system what it took.

    Raises:
        SystemExit: the command failed.
    """
    return _run(command, None)[0]


def measure_job(*command: str, environment: Mapping[str, str] | None = None) -> tuple[Cost, dict[str, Any]]:
    """The cost of a job and its report: the last line it prints, as JSON.

    Raises:
        SystemExit: the job failed.
    """
    cost, output = _run(command, environment, stdout=subprocess.PIPE)
    return cost, json.loads(output.strip().splitlines()[-1])


def _run(
    command: tuple[str, ...], environment: Mapping[str, str] | None, stdout: int = subprocess.DEVNULL
) -> tuple[Cost, str]:
    """Memory is that of the largest process; it starts at the measuring one's, which must therefore stay small."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=stdout, text=True, env={**os.environ, **(environment or {})})
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    cost = Cost(time.perf_counter() - start, usage.ru_maxrss * 1024)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: failed")
    return cost, output
