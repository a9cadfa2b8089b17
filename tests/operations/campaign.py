"""Half an hour of an operator's year against a real Prefect server: `make test-operations`.

Schedules, alerts, refusals, kills of every process, marks of dead runs, retention and both ways of deployment, each
tried on a copy of the project whose study has no variants. Prints a line for each check and ends with their count;
exit code 0 only if all held. Belongs here: what needs a server for long; `tests/flows` tries the parts.
"""

import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml

from flows.candidate import sole_writer
from flows.home import PROJECT_ROOT, Home
from flows.liveness import dead_runs
from report.release import open_results
from synthetic import simulate
from tests.operations.receivers import Received, receivers
from tests.operations.server import BIN, PrefectServer, children

COPIED = ("dbt_project", "expectations", "flows", "models_py", "report", "synthetic")
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


def schedules(campaign: Campaign) -> None:
    """The first delivery, a night without one, a night with one."""
    campaign.land("delivery_2014")
    campaign.land("delivery_2015")
    campaign.land("delivery_2016")
    campaign.check("nightly run with deliveries completes", campaign.run() == "Completed")
    first = campaign.release()
    campaign.check("nightly run without deliveries completes", campaign.run() == "Completed")
    campaign.check("and publishes nothing", campaign.release() == first)
    campaign.check("no alert of either", not campaign.received.web and not campaign.received.mail)


def kills(campaign: Campaign) -> None:
    """The run's process, then everything but the server, dies half-way."""
    campaign.land("delivery_2017")
    first = campaign.release()
    run_id = campaign.start_and_await_step("build")
    assert campaign.serving is not None
    for process in children(campaign.serving.pid):
        os.kill(process, signal.SIGKILL)
    campaign.check("a killed run is Crashed", campaign.ended(run_id, 60) == "Crashed")
    campaign.check("and the operators are told, once", campaign.alerted("run died"))
    campaign.check("the release stays", campaign.release() == first)
    campaign.check("no run inside of it goes on as Running", not campaign.server.running())

    run_id = campaign.start_and_await_step("load")
    time.sleep(HEARTBEAT / 2)
    campaign.kill_serving()
    start = time.monotonic()
    campaign.check("all killed: still Running at first", not campaign.server.is_final(run_id))
    campaign.check("the automation marks it Crashed", campaign.ended(run_id, 6 * HEARTBEAT) == "Crashed")
    print(f"          after {time.monotonic() - start:.0f} s, {HEARTBEAT} s between heartbeats")
    campaign.check("its process is known to be dead", len(dead_runs(campaign.home)) >= 1)
    campaign.serve()
    campaign.check("the next start tells of it", campaign.alerted("run died"))

    run_id = campaign.start_and_await_step("load")
    campaign.kill_serving()
    campaign.serve()
    campaign.check("killed and started again at once: marked Crashed", campaign.server.state(run_id) == "Crashed")
    campaign.check("and told of", campaign.alerted("run died"))
    campaign.check("nothing goes on as Running", not campaign.server.running())
    campaign.check("the release stays through all of it", campaign.release() == first)
    campaign.check("the next run completes", campaign.run() == "Completed")
    campaign.check("and publishes", campaign.release() != first)
    campaign.check("no alert of it", not campaign.received.web)


def refusals(campaign: Campaign) -> None:
    """A delivery that is wrong, and a home directory in use."""
    first = campaign.release()
    wrong = campaign.home.landing / "delivery_wrong"
    wrong.mkdir()
    (wrong / "w21_hush_fam_2016_ut.csv").write_text(f"w21_lopenr_person;{CANARY}\n{CANARY};{CANARY}\n")
    campaign.check("a refused delivery fails the run", campaign.run() == "Failed")
    campaign.check("and the operators are told, without a value", campaign.alerted("delivery refused"))
    campaign.check("the release stays", campaign.release() == first)
    campaign.check("Prefect's database holds no value", CANARY.encode() not in campaign.server.bytes())
    shutil.rmtree(wrong)
    with sole_writer(campaign.home):
        campaign.check("while another works here, a run fails", campaign.run() == "Failed")
    campaign.check("and says so", campaign.alerted("busy"))


def full_refresh(campaign: Campaign) -> None:
    """The yearly run makes everything anew, to the same numbers."""
    first = campaign.release()
    campaign.check("yearly run completes", campaign.run("yearly") == "Completed")
    second = campaign.release()
    campaign.check("and publishes although nothing was due", second != first)
    with duckdb.connect() as con:
        con.execute(f"attach '{campaign.home.results.resolve()}' as release (read_only)")
        same = con.execute(
            """
            select count(*) from (
                (select * exclude run_id from release.history.coefficient where run_id = $first
                except select * exclude run_id from release.history.coefficient where run_id = $second)
                union all
                (select * exclude run_id from release.history.panel_accounting where run_id = $first
                except select * exclude run_id from release.history.panel_accounting where run_id = $second))
            """,
            {"first": first, "second": second},
        ).fetchone()
    campaign.check("the same coefficients and accounting", same == (0,))


def retention(campaign: Campaign) -> None:
    """Old releases and old runs go; the current release and one with a link stay."""
    releases = sorted(path.name for path in campaign.home.releases.iterdir())
    (campaign.home.path / "paper").symlink_to(Path("releases") / releases[0])
    campaign.settings(releases=2)
    made = [*releases, *(fake_release(campaign.home) for _ in range(2))]
    newest = campaign.home.releases / campaign.release()
    campaign.check("nightly run under retention completes", campaign.run() == "Completed")
    left = {path.name for path in campaign.home.releases.iterdir()}
    campaign.check(
        "two newest, the linked and the current stay", left == {releases[0], *sorted(made)[-2:], newest.name}
    )
    with sqlite3.connect(campaign.home.work / "prefect" / "prefect.db", timeout=30) as db:
        old = (datetime.now(UTC) - timedelta(days=401)).strftime("%Y-%m-%d %H:%M:%S.%f")
        (run_id,) = db.execute("select id from flow_run where state_type = 'FAILED' limit 1").fetchone()
        db.execute("update flow_run set end_time = ? where id = ?", [old, run_id])
    db.close()
    await_that(lambda: not campaign.server.has_run(run_id), 180)
    campaign.check("a run older than the server keeps is gone from its history", True)


def fake_release(home: Home) -> str:
    """A folder as of a release between the last and the next."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    shutil.copytree(home.current.resolve(), home.releases / name)
    return name


def worker(campaign: Campaign) -> None:
    """`prefect deploy --all` and a worker in place of `flyttepanel serve`."""
    campaign.kill_serving()
    prefect = [str(BIN / "prefect"), "--no-prompt"]
    for command in (["work-pool", "create", "flyttepanel", "--type", "process"], ["deploy", "--all"]):
        done = subprocess.run([*prefect, *command], env=campaign.environment, cwd=campaign.project, capture_output=True)
        campaign.check(f"prefect {' '.join(command[:2])}", done.returncode == 0)
    working = subprocess.Popen(
        [*prefect, "worker", "start", "--pool", "flyttepanel"],
        env=campaign.environment, cwd=campaign.project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        campaign.check("a run of a worker completes", campaign.run() == "Completed")
    finally:
        working.terminate()
        working.wait(60)


def main() -> int:
    """Run everything."""
    scenarios = (schedules, kills, refusals, full_refresh, retention, worker)
    with tempfile.TemporaryDirectory() as folder, receivers() as received:
        campaign = Campaign(Path(folder), received)
        simulate(persons=6_000, years=(2014, 2017), seed=3, out=Path(folder) / "all", deliveries="yearly",
                 sampling="balanced")  # fmt: skip
        campaign.settings()
        try:
            with campaign.server.running_server():
                campaign.serve()
                for scenario in scenarios:
                    print(scenario.__doc__, flush=True)
                    scenario(campaign)
                campaign.kill_serving()
        finally:
            if campaign.serving and campaign.serving.poll() is None:
                campaign.kill_serving()
            if campaign.failures:
                print((Path(folder) / "serve.log").read_text()[-4000:])
    print(f"{campaign.checks} checks, {len(campaign.failures)} failed")
    return bool(campaign.failures)


if __name__ == "__main__":
    sys.exit(main())
