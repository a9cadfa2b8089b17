"""The stage of the campaign: a home directory, a server, what serves the deployments, and the checks so far.

Belongs here: acting on them and looking at them. Does not belong here: what is tried (`campaign`).
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from flows.home import PROJECT_ROOT, Home
from report.release import open_results
from tests.operations.receivers import Received
from tests.operations.server import PrefectServer, children

COPIED = ("dbt_project", "expectations", "flows", "models_py", "report", "storage", "synthetic")
FILES = ("study.yml", "profiles.yml", "prefect.yaml", "pyproject.toml")
HEARTBEAT = 30  # seconds, the least Prefect allows
CANARY = "CANARY4711"


class Campaign:
    """A home directory, a server, what serves the deployments, and the checks so far."""

    def __init__(self, folder: Path, received: Received) -> None:
        self.folder, self.received = folder, received
        self.home = Home(folder / "home")
        self.home.create()
        self.project = copy_of_project(folder / "project")
        self.failures: list[str] = []
        self.checks = 0
        self.serving: subprocess.Popen[bytes] | None = None
        self.environment = os.environ | {
            "FLYTTEPANEL_HOME": str(self.home.path),
            "FLYTTEPANEL_PROJECT": str(self.project),
            "PYTHONPATH": str(self.project),
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT),
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "20",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(400 * 24 * 3600),
            "OPENBLAS_NUM_THREADS": "1",
        }
        self.server = PrefectServer(self.home.work / "prefect", self.environment)
        self.environment |= self.server.environment

    def check(self, what: str, held: bool) -> None:
        """Note whether something held."""
        self.checks += 1
        self.failures += [] if held else [what]
        print(f"{datetime.now():%H:%M:%S}  {'ok  ' if held else 'FAIL'}  {what}", flush=True)

    def land(self, name: str) -> None:
        """Put a simulated delivery into landing."""
        shutil.copytree(self.folder / "all" / name, self.home.landing / name)

    def settings(self, **keep: int) -> None:
        """Write operations.yml."""
        self.home.operations.write_text(yaml.safe_dump({"alerts": self.received.urls, "keep": keep}))
        self.home.operations.chmod(0o600)

    def serve(self) -> None:
        """Start `flyttepanel serve` and wait for its deployments."""
        log = (self.folder / "serve.log").open("ab")
        self.serving = subprocess.Popen(
            [sys.executable, "-c", SERVE], env=self.environment, cwd=self.project, stdout=log, stderr=log
        )
        started = datetime.now(UTC)
        await_that(
            lambda: (
                all(when > started for when in self.server.deployments().values())
                and len(self.server.deployments()) == 2
            ),
            120,
            self.serving,
        )

    def kill_serving(self) -> None:
        """SIGKILL what serves, and everything it started, at once: as when the machine goes down."""
        assert self.serving is not None
        for process in [self.serving.pid, *children(self.serving.pid)]:
            with suppress(ProcessLookupError):  # a child may have ended by itself
                os.kill(process, signal.SIGKILL)
        self.serving.wait()

    def run(self, deployment: str = "nightly") -> str:
        """Start a deployment and wait for its end. Returns the state it ended in."""
        run_id = self.server.start_run(f"scheduled-refresh/{deployment}")
        return self.ended(run_id)

    def ended(self, run_id: str, seconds: int = 600) -> str:
        """Wait for a run's end. Returns its state."""
        await_that(lambda: self.server.is_final(run_id), seconds)
        return self.server.state(run_id)

    def start_and_await_step(self, step: str) -> str:
        """Start the nightly deployment and wait until it is at a step. Returns the run's id."""
        before = self.server.tasks()
        run_id = self.server.start_run("scheduled-refresh/nightly")

        def there() -> bool:
            return (step, "Running") in [task for key, task in self.server.tasks().items() if key not in before]

        await_that(there, 300)
        return run_id

    def release(self) -> str:
        """The current release, which must be readable at any moment."""
        with open_results(self.home.results) as con:
            (run_id,) = con.sql("select run_id from results.run").fetchone() or ("none",)
        return str(run_id)

    def alerted(self, title: str, seconds: int = 30) -> bool:
        """Whether both receivers have got an alert of this kind by then, and nothing else."""
        inboxes = (self.received.web, self.received.mail)
        until = time.monotonic() + seconds
        while time.monotonic() < until and not all(inboxes):
            time.sleep(1)
        told = [message for inbox in inboxes for message in inbox]
        good = all(inboxes) and all(message.startswith(f"Flyttepanel: {title}\n") for message in told)
        if not good:
            print(f"          received: {told}")
        self.received.clear()
        return good and CANARY not in "".join(told)


SERVE = "import sys; sys.argv[1:] = ['serve']; from flows.cli import main; main()"


def copy_of_project(target: Path) -> Path:
    """The project with a study without variants, each of which would cost every refresh a run of dbt."""
    for folder in COPIED:
        shutil.copytree(PROJECT_ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__", "target"))
    for file in FILES:
        shutil.copy(PROJECT_ROOT / file, target)
    study = yaml.safe_load((target / "study.yml").read_text(encoding="utf-8")) | {"variants": []}
    (target / "study.yml").write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    return target


def await_that(condition: Callable[[], bool], seconds: float, process: Any = None) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it was not in time, or the process that should bring it about has ended.
    """
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until or (process and process.poll() is not None):
            raise TimeoutError(f"not within {seconds} seconds, or the process ended")
        time.sleep(1)
