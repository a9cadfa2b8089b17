"""The moments that count: the warehouse's replacement and the release's switch, cut off at every change of a file."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.candidate import CandidateGone, candidate_warehouse, commit_file
from flows.home import Home
from flows.links import replace_link, share
from flows.pipeline import anew
from flows.switch import finish_switch, publish_release, seal
from tests.faults.wrong import KilledAtChange, lose_unsynced

PARTS = ("results.duckdb", "manifest.json", "site/index.html")


def make_draft(home: Home, name: str) -> Path:
    """A rendered draft of a release in which every file says whose it is."""
    draft = home.work / f"release-{name}"
    (draft / "report-1" / "site").mkdir(parents=True)
    for file in ("results.duckdb", "manifest.json", "report-1/site/index.html"):
        (draft / file).write_text(name * 1000)
    replace_link(draft / "report", Path("report-1"))
    replace_link(draft / "site", Path("report") / "site")
    return draft


def make_visible(home: Home, name: str) -> None:
    """What a refresh ends with."""
    commit_file(home.work / "candidate.duckdb", home.warehouse)
    publish_release(home, seal(home.work / f"release-{name}", home.releases / name))


def killed(work: Callable[[], None], at_change: int, synced: Path) -> bool:
    """Do work in a forked process killed just before its n-th change of a file. Returns whether it came to that."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        with KilledAtChange(at_change, synced):
            work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def published(home: Home) -> set[str]:
    """Whose files a reader finds."""
    return {(home.path / "current" / part).read_text()[:1] for part in PARTS} | {
        path.read_text()[:1] for path in (home.results, home.site / "index.html")
    }


def test_a_cut_at_any_change_leaves_the_old_release_or_the_new(home: Home, tmp_path: Path) -> None:
    make_draft(home, "a")
    (home.work / "candidate.duckdb").write_text("a" * 1000)
    make_visible(home, "a")
    for at_change in range(1, 100):
        trial = Home(tmp_path / f"trial-{at_change}")
        shutil.copytree(home.path, trial.path, symlinks=True)
        since = time.time_ns()
        make_draft(trial, "b")
        (trial.work / "candidate.duckdb").write_text("b" * 1000)
        cut = killed(lambda trial=trial: make_visible(trial, "b"), at_change, tmp_path / f"synced-{at_change}")  # type: ignore[misc]
        lose_unsynced(trial.path, tmp_path / f"synced-{at_change}", since)
        assert published(trial) in ({"a"}, {"b"})
        assert published(trial) == {"a"} or trial.last_published.resolve().name == "b"
        assert trial.warehouse.read_text() in ("a" * 1000, "b" * 1000)
        assert len(trial.current.resolve().joinpath("manifest.json").read_text()) == 1000
        if not cut:
            break
    assert not cut
    assert at_change > 5
    assert published(trial) == {"b"}


def test_the_very_first_switch_can_be_finished(home: Home, tmp_path: Path) -> None:
    for at_change in range(1, 100):
        trial = Home(tmp_path / f"trial-{at_change}")
        trial.create()
        draft = make_draft(trial, "a")
        (trial.work / "candidate.duckdb").write_text("a")
        share(draft)
        cut = killed(lambda trial=trial: make_visible(trial, "a"), at_change, tmp_path / f"synced-{at_change}")  # type: ignore[misc]
        finish_switch(trial)
        assert not trial.current.exists() or published(trial) == {"a"}
        if not cut:
            break
    assert not cut
    assert published(trial) == {"a"}


def test_nothing_that_was_left_stands_in_the_way_or_stays(home: Home) -> None:
    home.warehouse.write_text("warehouse")
    (home.work / "candidate.duckdb.tmp").mkdir()
    (home.work / "candidate.duckdb.tmp" / "spilled").write_text("rows")
    (home.work / "candidate.duckdb.wal").write_text("log")
    make_draft(home, "a")
    with candidate_warehouse(home) as candidate:
        assert [path.name for path in home.work.iterdir()] == ["candidate.duckdb"]
        candidate.write_text("done")
    assert home.warehouse.read_text() == "done"

    def fail() -> None:
        with candidate_warehouse(home) as candidate:
            make_draft(home, "b")
            candidate.with_name("candidate.duckdb.wal").write_text("log")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert not list(home.work.iterdir())
    assert home.warehouse.read_text() == "done"


def test_a_step_tried_again_finds_the_warehouse_as_it_was(home: Home) -> None:
    home.warehouse.write_text("warehouse")
    found: list[str] = []
    with candidate_warehouse(home) as candidate:

        def work() -> None:
            found.append(candidate.read_text())
            candidate.write_text("half")
            candidate.with_name("candidate.duckdb.wal").write_text("log")
            if len(found) < 3:
                raise OSError("full")
            candidate.with_name("candidate.duckdb.wal").unlink()

        load = anew(home, candidate, work)
        for _ in range(2):
            with pytest.raises(OSError, match="full"):
                load()
        load()
    assert found == ["warehouse"] * 3


# Has dbt at the ready, and never gives it orders.
WAITER = """
import time
from flows import dbt_process
with dbt_process.dbt_at_the_ready():
    print(dbt_process._at_the_ready[0].pid, flush=True)
    if {waits}:
        time.sleep(600)
"""


@pytest.mark.parametrize("is_killed", [True, False])
def test_dbt_at_the_ready_ends_with_the_process_that_wants_it(is_killed: bool) -> None:
    command = [sys.executable, "-c", WAITER.format(waits=is_killed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as waiter:
        assert waiter.stdout is not None
        dbt = int(waiter.stdout.readline())
        if is_killed:
            waiter.kill()
        waiter.wait(30)
    until = time.monotonic() + 30
    while Path(f"/proc/{dbt}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{dbt}").exists()


def test_dbt_ends_with_the_process_that_started_it() -> None:
    program = (
        "import threading, time; from flows.dbt_process import end_with_parent; "
        "threading.Thread(target=end_with_parent, daemon=True).start(); print(1, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline()
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(30) == -signal.SIGKILL
    process.stdout.close()


def test_a_file_in_the_candidates_place_never_becomes_the_warehouse(home: Home) -> None:
    """Whoever cleared `work/` had a gate's verdicts written into a new file, which then took the warehouse's place."""
    home.warehouse.write_text("warehouse")

    def swept() -> None:
        with candidate_warehouse(home) as candidate:
            candidate.unlink()
            candidate.write_text("an empty database")

    with pytest.raises(CandidateGone, match="nothing was changed"):
        swept()
    assert home.warehouse.read_text() == "warehouse"
    assert not list(home.work.iterdir())
