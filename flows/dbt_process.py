"""dbt as a process of its own, which ends when the one that started it does, and may be started before it is needed.

Importing dbt takes seconds, while a refresh copies and loads. Belongs here: starting the process, what runs in it
before dbt does. Does not belong here: what dbt is asked, or what becomes of its answers (`flows/build.py`).
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from flows.lifeline import end_with_parent

# -P: nothing is imported from the folder that we happen to be in.
COMMAND = (sys.executable, "-P", "-c", "from flows.dbt_process import main; main()")
_at_the_ready: list[subprocess.Popen[str]] = []


@contextmanager
def dbt_at_the_ready() -> Iterator[None]:
    """Let a process import dbt during the block, for the first build in it; without one it ends with the block."""
    _at_the_ready.append(start())
    try:
        yield
    finally:
        while _at_the_ready:
            with _at_the_ready.pop() as unused:
                unused.kill()


def started(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """A process of dbt with these arguments, in a folder; its input must stay open until it has ended.

    Raises:
        BrokenPipeError: it ended before it had them, as where dbt cannot be imported.
    """
    process = _at_the_ready.pop() if _at_the_ready else start()
    assert process.stdin is not None
    orders = {"arguments": list(arguments), "folder": str(folder.resolve()), "environment": dict(environment)}
    process.stdin.write(json.dumps(orders) + "\n")
    process.stdin.flush()
    return process


def start() -> subprocess.Popen[str]:
    """A process that imports dbt and waits for orders."""
    return subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def main() -> None:
    """In the process: import dbt, wait for orders, run dbt by them. Without any, whoever started us has ended."""
    from dbt.cli.main import cli

    said = sys.stdin.readline()
    if not said:
        return
    orders = json.loads(said)
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.chdir(orders["folder"])
    os.environ.update(orders["environment"])
    cli(orders["arguments"])
