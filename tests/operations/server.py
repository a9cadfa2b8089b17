"""A Prefect server on this machine, and what tests ask of it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def children(process: int) -> list[int]:
    """Processes that a process started, and those that they did."""
    found = [int(pid) for task in Path(f"/proc/{process}/task").glob("*/children") for pid in task.read_text().split()]
    return [*found, *(pid for child in found for pid in children(child))]


class PrefectServer:
    """A server of its own; `environment`: what its clients need."""

    def __init__(self, state: Path, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.state_folder = state
        self.environment = {
            "PREFECT_HOME": str(state),
            "PREFECT_API_URL": f"http://127.0.0.1:{self.port}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        self._environment = environment | self.environment

    @contextmanager
    def running_server(self) -> Iterator[None]:
        """The server, for as long as the block lasts."""
        command = [str(BIN / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        log = subprocess.DEVNULL
        process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        try:
            self.await_health(process)
            # The client reads its settings at import.
            os.environ.update(self.environment)
            yield
        finally:
            process.terminate()
            process.wait(60)

    def await_health(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(240):
            assert process.poll() is None, "prefect server start ended by itself"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/health", timeout=1):
                    return
            except OSError:
                time.sleep(1)
        raise AssertionError("prefect server start did not answer within four minutes")

    def client(self) -> Any:
        from prefect.client.orchestration import SyncPrefectClient

        return SyncPrefectClient(self.environment["PREFECT_API_URL"])

    def deployments(self) -> dict[str, datetime]:
        """Names, and when each was last declared."""
        with self.client() as client:
            return {one.name: one.updated for one in client.read_deployments()}

    def start_run(self, deployment: str) -> str:
        with self.client() as client:
            found = client.read_deployment_by_name(deployment)
            return str(client.create_flow_run_from_deployment(found.id).id)

    def state(self, run_id: str) -> str:
        with self.client() as client:
            return str(client.read_flow_run(UUID(run_id)).state.name)

    def is_final(self, run_id: str) -> bool:
        with self.client() as client:
            return bool(client.read_flow_run(UUID(run_id)).state.is_final())

    def has_run(self, run_id: str) -> bool:
        from prefect.exceptions import ObjectNotFound

        with self.client() as client:
            try:
                client.read_flow_run(UUID(run_id))
            except ObjectNotFound:
                return False
        return True

    def running(self) -> list[str]:
        """Names of flow and task runs that are under way."""
        with self.client() as client:
            runs = [*client.read_flow_runs(), *client.read_task_runs()]
        return [run.name for run in runs if run.state_name in ("Running", "Pending", "Cancelling")]

    def tasks(self) -> dict[str, tuple[str, str]]:
        """Name and state of every task run, by its id."""
        with self.client() as client:
            return {str(run.id): (run.name, run.state_name) for run in client.read_task_runs()}

    def bytes(self) -> bytes:
        """Everything the server has written."""
        return b"".join(path.read_bytes() for path in self.state_folder.rglob("*") if path.is_file())
