"""dbt as a process of its own, which ends when the one that started it does, and may be started before it is needed.

Importing dbt and having it read its project takes seconds, while a refresh copies and loads. Belongs here: starting the
process, what runs in it around dbt. Does not belong here: what dbt is asked, or what becomes of its answers
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
    """Let a process import dbt during the block, for the first run in it; without one it ends with the block.

    A project is read too; a run in another one, or after something was wrong with this one, reads it anew.
    """
    _at_the_ready.append(start())
    try:
        if project:
            with suppress(BrokenPipeError):  # it has ended: whoever wants to run something will hear of it
                tell(_at_the_ready[-1], project, READ_AHEAD)
        yield
    finally:
        while _at_the_ready:
            with _at_the_ready.pop() as unused:
                unused.kill()


def started(project: Project, command: Sequence[str]) -> subprocess.Popen[str]:
    """A process that runs a command of dbt and prints its events; its input must stay open until it has ended.

    Raises:
        BrokenPipeError: it ended before it was told, as where dbt cannot be imported.
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
    import_for_good("dbt.cli.main")  # takes seconds, which is what we are at the ready for

    order, ahead, manifest = orders.get(), None, None
    if tuple(order["command"]) == READ_AHEAD:
        ahead = order["project"]
        manifest = invoke(order).result
        keep_for_good()
        order = orders.get()
    sys.exit(0 if invoke(order, manifest if order["project"] == ahead else None, print_event).success else 1)


def take_orders(orders: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Pass on what we are told, a line each, until whoever tells us has ended; then we end too.

    Not by `sys.stdin`: a thread that waits for it holds its lock, which Python may ask for when it shuts down.
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
        manifest: the project, if it has been read.
        callbacks: told every event of dbt's log.
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
