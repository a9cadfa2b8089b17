"""A load killed at one change of a file after another, in earnest: the short form of `tests.faults.campaign`."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import duckdb
import pytest

from flows.candidate import candidate_warehouse, sole_writer
from flows.home import STUDY_FILE, Home
from flows.load import load_deliveries
from models_py.study import load_study
from tests.deliveries import write_delivery
from tests.faults.warm import WarmParent
from tests.faults.wrong import FileLimit, KilledAtChange, MemoryLimit, Wrong, lose_unsynced

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmParent]:
    with WarmParent(tmp_path_factory.mktemp("warm"), ("flows.load", "tests.faults.test_load_killed")) as parent:
        yield parent


def load(path: Path, wrong: Wrong | None = None) -> int:
    """As `flyttepanel load`, without gate 1."""
    home = Home(path)
    with wrong or nullcontext(), sole_writer(home), candidate_warehouse(home) as candidate:
        return len(load_deliveries(candidate, home.landing, None, load_study(STUDY_FILE), "run"))


def loaded(path: Path) -> tuple[list[tuple[object, ...]], ...]:
    with duckdb.connect(str(Home(path).warehouse), read_only=True) as con:
        return tuple(
            con.sql(query).fetchall()
            for query in (
                "select delivery_id, status, arrival from audit.delivery order by all",
                "select * from audit.register_year order by all",
                "select file_name, sha256, n_rows, arrival from audit.delivery_file order by all",
                "select * exclude arrival from raw.bostedskommune order by all",
                "select * exclude arrival from raw.flytting order by all",
            )
        )


@pytest.fixture
def home(tmp_path: Path, warm: WarmParent) -> Home:
    """A delivery loaded, another one landed."""
    home = Home(tmp_path / "home")
    home.create()
    write_delivery(home.landing / "delivery_1")
    assert warm.value(load, home.path) == 1
    write_delivery(home.landing / "delivery_2")
    return home


def test_a_load_killed_again_and_again_is_as_one_undisturbed(home: Home, warm: WarmParent, tmp_path: Path) -> None:
    before = warm.value(loaded, home.path)
    n_killed = 0
    for at_change in range(1, 100):
        since, synced = time.time_ns(), tmp_path / f"synced-{at_change}"
        ended = warm.run(load, home.path, KilledAtChange(at_change, synced))
        if ended.outcome != "killed":
            break
        n_killed += 1
        lose_unsynced(home.path, synced, since)
        now = warm.value(loaded, home.path)
        assert now == before or len(now[0]) == 2
    assert ended.outcome == "done"
    assert n_killed >= 5
    undisturbed = Home(tmp_path / "undisturbed")
    undisturbed.create()
    for delivery in ("delivery_1", "delivery_2"):
        write_delivery(undisturbed.landing / delivery)
        warm.value(load, undisturbed.path)
    assert warm.value(loaded, home.path) == warm.value(loaded, undisturbed.path)


@pytest.mark.parametrize("moment", [0.05, 0.1, 0.2, 0.3, 0.4, 0.6])
def test_a_load_killed_at_a_moment_leaves_what_was_there(home: Home, warm: WarmParent, moment: float) -> None:
    before = warm.value(loaded, home.path)
    work = warm.start(load, home.path)
    ended = work.ended(moment)
    work.kill()
    ended = ended or work.ended()
    assert ended is not None
    assert ended.outcome in ("killed", "done")
    now = warm.value(loaded, home.path)
    assert now == before or len(now[0]) == 2
    assert warm.value(load, home.path) == 2 - len(now[0])
    assert len(warm.value(loaded, home.path)[0]) == 2


@pytest.mark.parametrize("wrong", [FileLimit(1000), FileLimit(MEGABYTE), MemoryLimit(64 * MEGABYTE)])
def test_a_load_without_room_leaves_what_was_there(home: Home, warm: WarmParent, wrong: Wrong) -> None:
    before = warm.value(loaded, home.path)
    assert warm.run(load, home.path, wrong).outcome not in ("done", "killed", "DeliveryRefused")
    assert warm.value(loaded, home.path) == before
    assert warm.value(load, home.path) == 1


def test_a_second_load_meanwhile_is_told_so(home: Home, warm: WarmParent) -> None:
    with sole_writer(home):
        assert warm.run(load, home.path).outcome == "HomeBusy"
    assert warm.value(load, home.path) == 1
