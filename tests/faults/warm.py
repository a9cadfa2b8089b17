"""Processes that start warm: a parent that has imported everything and opened nothing forks one for each piece of work.

Importing dbt, Great Expectations and the rest takes longer than a refresh of a tiny register. A forked process is one
of its own: it has its own process group, can be killed at any moment, and dbt runs in another one of that group, as it
does in earnest. Belongs here: starting and killing. Does not belong here: what is run (`tasks`), or what must hold.
"""

import contextlib
import io
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

from flows.dbt_process import READ_AHEAD, invoke, print_event
from flows.versions import code_version

# Of semaphores that killed processes left.
QUIET = {"PYTHONWARNINGS": "ignore:resource_tracker:UserWarning"}
SOCKET = "FLYTTEPANEL_WARM_PARENT"
# What a refresh imports, here and there.
EVERYTHING = (
    *("dbt.adapters.duckdb", "dbt.cli.main", "expectations.gate", "flows.load", "flows.pipeline", "models_py.estimate"),
    *("report.render", "tests.faults.tasks", "tests.faults.published"),
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a piece of work ended: by a signal, with an exception (its class and text), or with a value."""

    signal: int | None
    error: tuple[str, str] | None
    value: Any = None

    @property
    def outcome(self) -> str:
        """`killed`, `done`, or the class of the exception."""
        if self.signal is not None:
            return "killed" if self.signal == signal.SIGKILL else f"signal {self.signal}"
        return self.error[0] if self.error else "done"


class Work:
    """A piece of work that has been started."""

    def __init__(self, address: str, function: Callable[..., Any], arguments: tuple[Any, ...], group: int = 0) -> None:
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(address)
        send(self.connection, (function, arguments, group))
        self.pid = int(receive(self.connection))

    def kill(self) -> None:
        """SIGKILL the whole process group; it may have ended by itself."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def ended(self, seconds: float | None = None) -> Ended | None:
        """How it ended; None if it has not within so many seconds."""
        self.connection.settimeout(seconds)
        try:
            status, told = receive(self.connection)
        except TimeoutError:
            return None
        self.connection.close()
        if os.WIFSIGNALED(status):
            return Ended(os.WTERMSIG(status), None)
        if not told:
            return Ended(None, (f"exit {os.WEXITSTATUS(status)}", ""))
        error, value = pickle.loads(told)
        return Ended(None, error, value)


class WarmParent:
    """The parent; everything it starts is gone when its block ends."""

    def __init__(self, folder: Path, modules: Sequence[str] = EVERYTHING) -> None:
        self.address = str(folder / "warm.socket")
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from tests.faults.warm import serve; serve()", self.address, *modules],
            env=os.environ | {SOCKET: self.address, "OPENBLAS_NUM_THREADS": "1"} | QUIET,
        )
        until = time.monotonic() + 600
        while not os.path.exists(self.address):
            if self.process.poll() is not None or time.monotonic() > until:
                raise TimeoutError("the parent of the warm processes did not start")
            time.sleep(0.1)

    def __enter__(self) -> "WarmParent":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()

    def start(self, function: Callable[..., Any], *arguments: Any) -> Work:
        """Start a piece of work in a process group of its own."""
        return Work(self.address, function, arguments)

    def run(self, function: Callable[..., Any], *arguments: Any) -> Ended:
        """Do a piece of work to its end."""
        ended = self.start(function, *arguments).ended()
        assert ended is not None
        return ended

    def value(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a piece of work that must not fail comes to."""
        ended = self.run(function, *arguments)
        if ended.outcome != "done":
            raise RuntimeError(f"{function.__name__}: {ended.outcome} {ended.error}")
        return ended.value


def serve() -> None:
    """Be the parent: import what is named, then fork for every request, as long as whoever started it is there."""
    address, *modules = sys.argv[1:]
    import_all(modules)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{address}.new")
    listening.listen(64)
    os.rename(f"{address}.new", address)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    asked_by = os.getppid()
    listening.settimeout(1)
    while os.getppid() == asked_by:  # it may be killed without a word
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            continue
        connection.setblocking(True)
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            keep(connection)
            os._exit(0)
        connection.close()


def import_all(modules: Sequence[str]) -> None:
    """Import modules that start no thread and open no database."""
    for module in modules:
        import_module(module)
    code_version()  # of now, whatever becomes of the files while a campaign runs
    if threading.active_count() > 1:
        raise RuntimeError("a thread runs in the parent: what it forks would not be whole")


def keep(connection: socket.socket) -> None:
    """Fork the process that does the work, wait for it, and say how it ended."""
    function, arguments, group = receive(connection)
    reading, writing = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(reading)
        os.setpgid(0, group)
        connection.close()
        work(function, arguments, writing)
    os.close(writing)
    with contextlib.suppress(OSError):  # it has done the same itself already, or has ended
        os.setpgid(worker, group or worker)
    send(connection, worker)
    with open(reading, "rb") as told:
        result = told.read()
    _, status = os.waitpid(worker, 0)
    with contextlib.suppress(BrokenPipeError):  # whoever asked may have been killed meanwhile
        send(connection, (status, result))


def work(function: Callable[..., Any], arguments: tuple[Any, ...], writing: int) -> None:
    """Do the work, pass on what came of it, and end without tidying up: this is a copy of the parent."""
    try:
        told: tuple[Any, Any] = (None, function(*arguments))
    except BaseException as error:
        text = "".join(traceback.format_exception(error))
        told = ((type(error).__name__, text), None)
    with open(writing, "wb") as pipe:
        pipe.write(pickle.dumps(told))
    os._exit(0)


class WarmDbt:
    """In place of `flows.dbt_process.start`: dbt in a warm process of the caller's group, once it has orders."""

    def __init__(self) -> None:
        self.process: Work | None = None
        self.stdin = self
        self.returncode = 0

    def write(self, said: str) -> None:
        """Take orders; nothing is read ahead."""
        order = json.loads(said)
        if tuple(order["command"]) != READ_AHEAD:
            self.process = Work(os.environ[SOCKET], dbt, (order, os.getpid()), os.getpgrp())

    def flush(self) -> None:
        """Nothing is kept back."""

    def __enter__(self) -> "WarmDbt":
        return self

    def __exit__(self, *_: object) -> None:
        """It has ended when its output has."""

    def kill(self) -> None:
        """SIGKILL."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)

    @property
    def stdout(self) -> list[str]:
        """What it printed, at its end."""
        assert self.process is not None
        ended = self.process.ended()
        assert ended is not None
        if ended.value is None:
            self.returncode = -ended.signal if ended.signal else 2
            return []
        self.returncode, said = ended.value
        return str(said).splitlines()


@contextlib.contextmanager
def forked_dbt(folder: Path) -> Iterator[None]:
    """For tests of many builds: dbt that this process starts is forked from one that has imported it."""
    with (
        WarmParent(folder, ("dbt.adapters.duckdb", "dbt.cli.main")) as parent,
        mock.patch.dict(os.environ, {SOCKET: parent.address}),
        mock.patch("flows.dbt_process.start", WarmDbt),
    ):
        yield


def end_with(asker: int) -> None:
    """End when whoever asked for dbt has, as `flows.dbt_process` does by its input."""
    while True:
        try:
            os.kill(asker, 0)
        except ProcessLookupError:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)


def dbt(order: Mapping[str, Any], asker: int) -> tuple[int, str]:
    """Run dbt in this process. Returns its exit code and what it printed."""
    threading.Thread(target=end_with, args=(asker,), daemon=True).start()
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        done = invoke(order, None, print_event)
    DuckDBConnectionManager.close_all_connections()  # as the end of its process does
    return 0 if done.success else 1, said.getvalue()


def send(connection: socket.socket, message: Any) -> None:
    """Send one pickled message."""
    data = pickle.dumps(message)
    connection.sendall(len(data).to_bytes(8, "big") + data)


def receive(connection: socket.socket) -> Any:
    """Receive one pickled message.

    Raises:
        ConnectionError: the other side is gone.
    """
    length = int.from_bytes(exactly(connection, 8), "big")
    return pickle.loads(exactly(connection, length))


def exactly(connection: socket.socket, count: int) -> bytes:
    """So many bytes."""
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("the parent of the warm processes is gone")
        data += part
    return data
