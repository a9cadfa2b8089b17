"""dbt as a separate process, which ends when the process that started it does, and can be started before it is needed.

Importing dbt and reading its project takes seconds; a refresh can copy and load meanwhile. Belongs here: starting the
process, and what runs in it around dbt. Does not belong here: what dbt is asked, or how its answers are used
(`flows/build.py`).
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from flows.lifeline import end_with_parent
from flows.long_lived import import_for_good, keep_for_good

# -P: nothing is imported from the folder that we happen to be in.
COMMAND = (sys.executable, "-P", "-c", "from flows.dbt_process import main; main()")
READ_AHEAD = ("parse",)
_at_the_ready: list[subprocess.Popen[str]] = []


@dataclass(frozen=True, slots=True)
class Project:
    """How dbt reads its project: the folder it works in, the options of every command, and its environment.

    A variable of the environment that is None is one that must not be there.
    """

    folder: str
    options: tuple[str, ...]
    environment: Mapping[str, str | None]


@contextmanager
def dbt_at_the_ready(project: Project | None = None) -> Iterator[None]:
    """Start a process that imports dbt during the block, for the first run in it; unused, it ends with the block.

    If a project is given, the process reads that too. A run of another project reads its own, and so does a run after
    reading has failed.
    """
    _at_the_ready.append(start())
    try:
        if project:
            with suppress(BrokenPipeError):  # the process has ended: a run that needs it will raise the same error
                tell(_at_the_ready[-1], project, READ_AHEAD)
        yield
    finally:
        while _at_the_ready:
            with _at_the_ready.pop() as unused:
                unused.kill()


def started(project: Project, command: Sequence[str]) -> subprocess.Popen[str]:
    """A process that runs a command of dbt and prints its events; its input must stay open until it has ended.

    Raises:
        BrokenPipeError: it ended before it got its orders, for example because dbt cannot be imported.
    """
    process = _at_the_ready.pop() if _at_the_ready else start()
    tell(process, project, command)
    return process


def tell(process: subprocess.Popen[str], project: Project, command: Sequence[str]) -> None:
    """Give orders to a process."""
    assert process.stdin is not None
    process.stdin.write(json.dumps({"project": asdict(project), "command": list(command)}) + "\n")
    process.stdin.flush()


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
    """In the process: import dbt, read a project ahead if told to, and run the one command."""
    orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=take_orders, args=(orders,), daemon=True).start()
    import_for_good("dbt.cli.main")  # takes seconds, which is why this process is started early

    order, ahead, manifest = orders.get(), None, None
    if tuple(order["command"]) == READ_AHEAD:
        ahead = order["project"]
        manifest = invoke(order).result
        keep_for_good()
        order = orders.get()
    sys.exit(0 if invoke(order, manifest if order["project"] == ahead else None, print_event).success else 1)


def take_orders(orders: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Pass on orders, one per line, until the process that gives them has ended; then end this one too.

    Does not use `sys.stdin`: a thread that waits on it holds its lock, which Python may need when it shuts down.
    """
    said = b""
    while more := os.read(0, 1 << 16):
        *lines, said = (said + more).split(b"\n")
        for line in lines:
            orders.put(json.loads(line))
    end_with_parent()


def invoke(order: Mapping[str, Any], manifest: Any = None, *callbacks: Any) -> Any:
    """Run a command of dbt in this process, in the folder and the environment of the order.

    Args:
        manifest: the project as read before, if it has been.
        callbacks: called with every event of dbt's log.
    """
    from dbt.cli.main import dbtRunner

    os.chdir(order["project"]["folder"])
    set_environment(order["project"]["environment"])
    return dbtRunner(manifest, list(callbacks)).invoke([*order["command"], *order["project"]["options"]])


def set_environment(environment: Mapping[str, str | None]) -> None:
    """Make our environment what a project asks; of what it says nothing, we keep what we were started with."""
    for name, value in environment.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def print_event(event: Any) -> None:
    """Print an event as a line of JSON, unless it is for debugging only, as most are; secrets are left out."""
    from dbt_common.events.functions import env_scrubber, msg_to_json

    if event.info.level not in ("debug", "test"):
        print(env_scrubber(msg_to_json(event)), flush=True)
