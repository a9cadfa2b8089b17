"""Ten minutes of an operator's year against a real Prefect server: `make test-operations`.

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
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.candidate import sole_writer
from flows.home import Home
from flows.liveness import dead_runs
from report.release import open_results
from synthetic import simulate
from tests.operations.receivers import receivers
from tests.operations.server import BIN, children
from tests.operations.stage import CANARY, HEARTBEAT, Campaign, await_that

# Coefficients in either of two releases, those that are not in both alike, and the largest difference.
COEFFICIENTS_APART = """
    select count(*), count(*) filter (apart > 1e-6 or in_one), max(apart)
    from (
        select abs(a.estimate - b.estimate) / a.std_error as apart, a.run_id is null or b.run_id is null as in_one
        from (from history.coefficient where run_id = ?) as a
        full join (from history.coefficient where run_id = ?) as b
            using (model, population_group, outcome, term, level))
"""


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
    with open_results(campaign.home.results) as con:
        for table in ("panel_accounting", "hypothesis_verdict"):
            rows = f"select * exclude run_id from history.{table} where run_id = ?"
            (n_rows,) = con.execute(f"select count(*) from ({rows})", [second]).fetchone() or (0,)
            other = con.execute(f"{rows} except all {rows}", [first, second]).fetchall()
            campaign.check(f"the same {table}", n_rows > 0 and not other)
        n_rows, apart, largest = con.execute(COEFFICIENTS_APART, [first, second]).fetchone() or (0, 1, None)
    campaign.check("the same coefficients, to a millionth of a standard error", n_rows > 0 and not apart)
    print(f"          largest difference: {largest} standard errors")


def retention(campaign: Campaign) -> None:
    """Old releases and old runs go; the current release and one with a link stay."""
    releases = sorted(folders(campaign.home.releases))
    (campaign.home.path / "paper").symlink_to(Path("releases") / releases[0])
    campaign.settings(releases=2)
    unknown = {fake_release(campaign.home) for _ in range(2)}  # in no history: neither counted nor deleted
    current = campaign.release()
    campaign.check("nightly run under retention completes", campaign.run() == "Completed")
    left = folders(campaign.home.releases)
    stay = {releases[0], *releases[-2:], current, *unknown}
    campaign.check("two newest, the linked, the current and the unknown stay", left == stay)
    with sqlite3.connect(campaign.home.work / "prefect" / "prefect.db", timeout=30) as db:
        old = (datetime.now(UTC) - timedelta(days=401)).strftime("%Y-%m-%d %H:%M:%S.%f")
        (run_id,) = db.execute("select id from flow_run where state_type = 'COMPLETED' limit 1").fetchone()
        db.execute("update flow_run set end_time = ? where id = ?", [old, run_id])
    db.close()
    await_that(lambda: not campaign.server.has_run(run_id), 180)
    campaign.check("a run older than the server keeps is gone from its history", True)


def folders(place: Path) -> set[str]:
    """Names of the folders in a folder, without links."""
    return {path.name for path in place.iterdir() if not path.is_symlink()}


def fake_release(home: Home) -> str:
    """A folder as of a release between the last and the next. Returns its name."""
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
        working.kill()  # asked to end, it may take minutes
        working.wait()


SCENARIOS = (schedules, kills, refusals, full_refresh, retention, worker)


def main() -> int:
    """Run everything, or the scenarios named; the first release is always made."""
    asked = sys.argv[1:] or [scenario.__name__ for scenario in SCENARIOS]
    scenarios = [schedules, *(scenario for scenario in SCENARIOS[1:] if scenario.__name__ in asked)]
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
        finally:
            if campaign.serving and campaign.serving.poll() is None:
                campaign.kill_serving()
            if campaign.failures:
                print((Path(folder) / "serve.log").read_text()[-4000:])
    print(f"{campaign.checks} checks, {len(campaign.failures)} failed")
    return bool(campaign.failures)


if __name__ == "__main__":
    sys.exit(main())
