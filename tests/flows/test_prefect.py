"""Refresh as a Prefect flow, against a real `prefect server start` on this machine."""

import asyncio
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO
from uuid import UUID

import pytest

from flows.home import PROJECT_ROOT
from flows.liveness import alive, dead_runs, runs_folder
from flows.prefect_logs import OF_FLOWS, OF_TASKS, log_failures_once
from tests.flows.conftest import Refreshed
from tests.operations.receivers import receivers

BIN = Path(sys.executable).parent

# The command with another study.yml: that of the fixtures, whose refresh is the one that was done.
REFRESH = """
import sys
from pathlib import Path

import flows.home

flows.home.STUDY_FILE = Path(sys.argv[1])
sys.argv[1] = "refresh"

from flows.cli import main

main()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running server, as the environment its clients need."""
    port = free_port()
    environment = os.environ | {
        "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect")),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [str(BIN / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await_health(f"http://127.0.0.1:{port}/api/health", process)
        yield environment
    finally:
        process.terminate()
        process.wait(30)


def await_health(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(180):
        assert process.poll() is None, "prefect server start ended by itself"
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(1)
    pytest.fail("prefect server start did not answer within three minutes")


async def read_back(environment: dict[str, str]) -> tuple[list[str], list[str], list[str]]:
    """Flow run names, task run names and artifact texts that the server holds."""
    from prefect.client.orchestration import PrefectClient

    async with PrefectClient(environment["PREFECT_API_URL"]) as client:
        flow_runs = await client.read_flow_runs()
        task_runs = await client.read_task_runs()
        artifacts = await client.read_artifacts()
    return (
        [f"{run.name}: {run.state_name}" for run in flow_runs],
        [f"{run.name}: {run.state_name}" for run in task_runs],
        [str(artifact.data) for artifact in artifacts],
    )


def test_refresh_runs_as_a_flow_on_a_real_server(server: dict[str, str], own_copy: Refreshed, study_file: Path) -> None:
    home = own_copy.home
    run_id = home.current.resolve().name
    # With a release of other code, publication is what is due.
    manifest = home.current / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"code_version": "another"}))
    environment = server | {"FLYTTEPANEL_HOME": str(home.path)}
    done = subprocess.run(
        [sys.executable, "-c", REFRESH, str(study_file)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "H6b" in done.stdout
    assert home.current.resolve().name != run_id
    for place in (home.site / "index.html", home.current / "brief_nb.pdf", home.current / "brief_en.pdf"):
        assert str(place) in done.stdout
        assert place.is_file()
    flow_runs, task_runs, artifacts = asyncio.run(read_back(server))
    assert any(re.fullmatch(r"refresh \d{8}T\d{6}Z-\w{6}: Completed", name) for name in flow_runs)
    assert {"publish: Completed", "report: Completed"} <= set(task_runs)
    assert any("| H1a |" in text for text in artifacts)
    assert any("seconds" in text for text in artifacts)


def test_serving_declares_the_deployments_and_marks_what_died(
    server: dict[str, str], own_copy: Refreshed, tmp_path: Path
) -> None:
    home = own_copy.home
    dead, living = (running_flow(server) for _ in range(2))
    runs_folder(home).joinpath(dead).touch()
    with receivers() as received, alive(home, living), (tmp_path / "told").open("w+") as told:
        environment = server | {"FLYTTEPANEL_HOME": str(home.path), "FLYTTEPANEL_ALERTS": " ".join(received.urls)}
        environment["PYTHONFAULTHANDLER"] = "1"
        process = subprocess.Popen([str(BIN / "flyttepanel"), "serve"], env=environment, stdout=told, stderr=told)
        try:
            deadline = time.monotonic() + 90
            while time.monotonic() < deadline and set(deployed(server)) != {"nightly", "yearly"}:
                assert process.poll() is None, "flyttepanel serve ended by itself"
                time.sleep(1)
            assert deployed(server) == {"nightly": ("0 3 * * *", False), "yearly": ("0 6 1 6 *", True)}
            assert (state_of(server, dead), state_of(server, living)) == ("Crashed", "Running")
            assert automations(server) == 1
            assert [message.partition("\n")[0] for message in received.web] == ["Flyttepanel: run died"]
            assert dead_runs(home) == []
        finally:
            stop_serving(process, told)


def stop_serving(process: subprocess.Popen[bytes], told: TextIO) -> None:
    """Stop as its service does, which waits as long; what does not stop tells where it stands."""
    service = (PROJECT_ROOT / "ops" / "flyttepanel.service").read_text()
    patience = int(re.findall(r"^TimeoutStopSec=(\d+)$", service, re.MULTILINE)[0])
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        process.wait()
        told.seek(0)
        pytest.fail(f"flyttepanel serve did not stop within {patience} seconds:\n{told.read()}")


def running_flow(environment: dict[str, str]) -> str:
    """The id of a run of which the server believes that it is running."""
    from prefect import Flow
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.states import Running

    with SyncPrefectClient(environment["PREFECT_API_URL"]) as client:
        return str(client.create_flow_run(Flow(lambda: None, name="refresh"), state=Running()).id)


def state_of(environment: dict[str, str], run_id: str) -> str:
    from prefect.client.orchestration import SyncPrefectClient

    with SyncPrefectClient(environment["PREFECT_API_URL"]) as client:
        return str(client.read_flow_run(UUID(run_id)).state_name)


def automations(environment: dict[str, str]) -> int:
    """How many the server holds that mark runs without a heartbeat."""
    from prefect.client.orchestration import SyncPrefectClient

    with SyncPrefectClient(environment["PREFECT_API_URL"]) as client:
        return len(client.read_automations_by_name("flyttepanel: runs without a heartbeat are dead"))


def deployed(environment: dict[str, str]) -> dict[str, tuple[str, bool]]:
    """Deployment name to cron, and whether it makes everything anew, as the server knows them."""
    from prefect.client.orchestration import SyncPrefectClient

    with SyncPrefectClient(environment["PREFECT_API_URL"]) as client:
        return {
            found.name: (found.schedules[0].schedule.cron, found.parameters.get("full", False))
            for found in client.read_deployments()
        }


def test_no_module_of_the_flows_hides_a_package() -> None:
    """Prefect puts the folder of a flow's file first on the path."""
    packages = {path.parent.name for path in PROJECT_ROOT.glob("*/__init__.py")}
    assert "flows" in packages
    assert not packages & {path.stem for path in (PROJECT_ROOT / "flows").iterdir()}


def test_serving_needs_a_server_that_stays(own_copy: Refreshed) -> None:
    """A temporary one would end with us, and one that does not answer was once a crash without a remedy."""
    plain = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    plain |= {"FLYTTEPANEL_HOME": str(own_copy.home.path)}
    addresses: list[tuple[dict[str, str], str]] = [
        ({}, "PREFECT_API_URL is not set"),
        ({"PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"}, "no Prefect server answers"),
    ]
    asked = [
        (
            subprocess.Popen([str(BIN / "flyttepanel"), "serve"], env=plain | given, stderr=subprocess.PIPE, text=True),
            says,
        )
        for given, says in addresses
    ]
    for process, says in asked:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 1
        assert says in told
        assert "Traceback" not in told


def test_prefect_says_a_failure_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    names = (OF_TASKS, OF_FLOWS)
    for name in names:
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])
    kept = {name: list(logging.getLogger(name).filters) for name in names}
    try:
        log_failures_once()
        log_as_prefect_does(names)
        assert [record.name for record in caplog.records] == [OF_FLOWS]
        caplog.clear()
        log_failures_once(command_says_so=True)
        log_as_prefect_does(names)
        assert not caplog.records
    finally:
        for name, filters in kept.items():
            logging.getLogger(name).filters = filters


def log_as_prefect_does(names: tuple[str, ...]) -> None:
    for name in names:
        logger = logging.getLogger(name)
        try:
            raise ValueError
        except ValueError:
            logger.exception("Encountered exception during execution")
        logger.error("Finished in state Failed()")
