"""Long work shows how far it has come, to whoever looks on, and to nobody else."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from flows.build_progress import Nodes, node_weights
from flows.progress import TIMINGS, progress
from models_py.passes import passed, watched_passes
from tests.flows.conftest import Refreshed

COMMAND = str(Path(sys.executable).with_name("flyttepanel"))
SHARE, RATE, LEFT = r"\d+%", r"[\d,]+ rows/s", r"\d+:\d\d left"
WORK = """
import time
from flows.progress import progress
with progress("work") as bar:
    bar.expect({"first": 3, "second": 1})
    for part in ("first", "second"):
        time.sleep(0.3)
        bar.done(part, 30_000)
        time.sleep(0.3)
"""


def on_terminal(*command: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command whose standard error is a terminal; returns what was written, each drawing a line."""
    terminal, ours = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "PREFECT__FLOW_RUN_ID"}
    environment = plain | {"TERM": "xterm", "COLUMNS": "120"} | dict(environment or {})
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=ours, env=environment) as process:
        os.close(ours)
        written = b""
        while piece := read_terminal(terminal):
            written += piece
    os.close(terminal)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode()).replace("\r", "\n")
    assert process.returncode == 0, text
    return text


def read_terminal(terminal: int) -> bytes:
    """What comes next; nothing when the other end has closed, which Linux calls an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def off_terminal(*command: str) -> str:
    """Run a command whose standard error goes into a pipe, even where colours are asked for."""
    environment = os.environ | {"TERM": "xterm", "FORCE_COLOR": "1", "TTY_INTERACTIVE": "1", "TTY_COMPATIBLE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=True)
    return done.stderr


def test_bar_tells_share_rate_and_time_left() -> None:
    shown = on_terminal(sys.executable, "-c", WORK)
    assert re.search(rf"work .* 75% {RATE} {LEFT}", shown)
    rates = [int(rate.replace(",", "")) for rate in re.findall(r"([\d,]+) rows/s", shown)]
    assert 20_000 < rates[-1] <= 100_000


@pytest.mark.parametrize("environment", [{"PREFECT__FLOW_RUN_ID": "a run"}, {"TERM": "dumb"}])
def test_no_bar_in_a_run_of_prefect_or_on_a_terminal_that_cannot_redraw(environment: dict[str, str]) -> None:
    assert on_terminal(sys.executable, "-c", WORK, environment=environment) == ""


def test_no_bar_off_a_terminal() -> None:
    assert off_terminal(sys.executable, "-c", WORK) == ""


def test_simulate_shows_a_bar_on_a_terminal_alone(tmp_path: Path) -> None:
    words = [COMMAND, "simulate", "--persons", "250000", "--years", "2014-2015", "--seed", "1", "--out"]
    assert re.search(rf"simulate .* 50% {RATE} {LEFT}", on_terminal(*words, str(tmp_path / "seen")))
    [line] = off_terminal(*words, str(tmp_path / "unseen")).splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d simulate  250,000 persons  \d+\.\d s", line)


def test_steps_show_a_bar_on_a_terminal(own_copy: Refreshed) -> None:
    home = own_copy.home
    shutil.copytree(own_copy.next_delivery, home.landing / own_copy.next_delivery.name)
    for step in ("load", "build", "estimate"):
        shown = on_terminal(COMMAND, step, "--home", str(home.path))
        assert re.search(rf"{step}.* {SHARE} {RATE} {LEFT}", shown), step
        # The line that is logged when the bar has gone stands on a line of its own.
        assert re.search(rf"(?m)^\d\d:\d\d:\d\d {step} .* s$", shown), step
    timings = json.loads((home.work / TIMINGS).read_text())
    assert "random_effects native" in timings["estimate"]
    assert "first_event" in timings["variants"]  # of the refresh


def test_lines_logged_under_a_bar_stand_above_it() -> None:
    work = """
import logging, time
from flows.log import LOGGER, TerminalHandler
from flows.progress import progress
logging.basicConfig(format="%(message)s", level=logging.INFO, handlers=[TerminalHandler()])
with progress("work") as bar:
    bar.expect({"only": 1})
    time.sleep(0.3)
    LOGGER.info("a line")
    time.sleep(0.3)
"""
    assert re.search(r"(?m)^a line *$", on_terminal(sys.executable, "-c", work))


def test_work_is_weighted_by_the_time_it_took_before(tmp_path: Path) -> None:
    (tmp_path / TIMINGS).write_text(json.dumps({"work": {"slow": 9.0, "quick": 1.0}}))
    with progress("work", tmp_path) as bar:
        bar.expect({"slow": 5, "quick": 5, "new": 5})
        bar.done("slow")
        [task] = bar.shown.tasks
        assert (task.completed, task.total) == (9.0, 15.0)  # one that is new costs what the others do on average


def test_part_under_way_moves_the_bar_and_never_fills_it(tmp_path: Path) -> None:
    """Whether or not it has been timed before; random effects go over their rows a hundred times."""
    (tmp_path / TIMINGS).write_text(json.dumps({"work": {"timed": 0.01}}))
    with progress("work", tmp_path) as bar, watched_passes(bar.more):
        bar.expect({"timed": 1, "new": 1})
        [task] = bar.shown.tasks
        for part, finished in (("timed", 0.0), ("new", 0.01)):
            for _ in range(200):
                passed(1000)
                assert finished < task.completed < finished + 0.01
            bar.done(part)
            assert task.completed == pytest.approx(finished + 0.01)
    assert task.fields["rows"] == 400_000


def test_timings_that_cannot_be_read_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / TIMINGS).write_text("{")
    with progress("work", tmp_path) as bar:
        bar.expect({"only": 2})
        bar.done("only")
    assert list(json.loads((tmp_path / TIMINGS).read_text())["work"]) == ["only"]


@pytest.mark.parametrize("of_registers", [False, True])
def test_build_is_done_when_all_nodes_are(tmp_path: Path, of_registers: bool) -> None:
    """By the events that dbt writes; a model that is only part of others does not run, nor one that is left out.

    Where changed years are built, what follows from no register does not either.
    """
    nodes = {
        "model.a": {"resource_type": "model", "config": {"materialized": "table"}},
        "model.b": {"resource_type": "model", "config": {"materialized": "view"}},
        "model.c": {"resource_type": "model", "config": {"materialized": "ephemeral"}},
        "test.d": {"resource_type": "test", "config": {"materialized": "test"}},
        "analysis.e": {"resource_type": "analysis", "config": {}},
        "seed.f": {"resource_type": "seed", "config": {"materialized": "seed"}},
        "test.g": {"resource_type": "test", "config": {"materialized": "test"}},
        "model.h": {"resource_type": "model", "config": {"materialized": "table"}},
        "test.i": {"resource_type": "test", "config": {"materialized": "test"}},
    }
    rests_on = {
        "model.a": ["seed.f", "source.s"],
        "model.b": ["model.c"],
        "model.c": ["model.a"],
        "test.d": ["model.b"],
        "test.g": ["seed.f"],
        "model.h": ["source.s"],
        "test.i": ["model.a", "model.h"],
    }
    for name, node in nodes.items():
        node["depends_on"] = {"nodes": rests_on[name]} if name in rests_on else {}
    assert list(node_weights(nodes)) == ["model.a", "model.b", "test.d", "seed.f", "test.g", "model.h", "test.i"]
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    with progress("build") as bar:
        watching = Nodes(bar, tmp_path / "manifest.json", 1000, of_registers, left_out=["h"])
        watching.watch({"info": {"name": "ConcurrencyLine"}, "data": {}})
        code_lists = () if of_registers else (("Seed", "seed.f"), ("Test", "test.g"))
        for kind, node in (*code_lists, ("Model", "model.a"), ("Model", "model.b"), ("Test", "test.d")):
            watching.watch({"info": {"name": f"Log{kind}Result"}, "data": {"node_info": {"unique_id": node}}})
        [task] = bar.shown.tasks
        assert task.completed == task.total
        assert task.fields["rows"] == 1000


def test_a_part_that_took_no_time_is_no_part_of_nothing(tmp_path: Path) -> None:
    """Timings are kept in hundredths: a build of nothing once left the next bar at 0 % until it ended."""
    (tmp_path / TIMINGS).write_text(json.dumps({"work": {"first": 0.0, "second": 0.0}}))
    with progress("work", tmp_path) as bar:
        bar.expect({"first": 3, "second": 1})
        bar.done("first")
        [task] = bar.shown.tasks
        assert task.percentage == 50
