"""A delivery that was wrong is taken out, the last one too, and the right one loaded: raw files in, tables out."""

import random
import shutil
from pathlib import Path

import pytest

from expectations.gate import GateFailed
from flows.home import Home
from flows.load import DeliveryRefused
from flows.pipeline import run_build, run_estimate, run_load, run_publish, run_refresh, run_validate, run_withdraw
from flows.state import current_manifest, due, everything
from flows.status import nothing_is_due, status_text
from flows.steps import StepMissing
from flows.versions import new_run_id
from models_py.study import Study
from storage.warehouse import open_warehouse
from synthetic import simulate
from tests.defects.tables import Table, on_table
from tests.flows.conftest import LAST_YEAR, Refreshed

SINGLE = "delivery_2014_2016"
FIRST = f"delivery_2014_{LAST_YEAR - 1}"


def rows(home: Home, query: str) -> list[tuple]:
    with open_warehouse(home.warehouse, read_only=True) as con:
        return con.sql(query).fetchall()


def shuffle_places_of_work(delivery: Path) -> None:
    """As where a column was sorted without the others."""

    def shuffled(table: Table) -> Table:
        places = list(table["arb_arbkomm"])
        random.Random(1).shuffle(places)
        return {**table, "arb_arbkomm": places}

    on_table("regsys_2015", shuffled)(delivery)


PLACES_OF_WORK = "select lopenr_person, arb_arbkomm from raw.regsys where aar = 2015 order by 1"


@pytest.fixture
def right(tmp_path: Path) -> Path:
    """A delivery of all years as it should be."""
    [delivery] = simulate(3000, (2014, 2016), 1, tmp_path / "right", quirks=False)
    return delivery


@pytest.fixture
def wrong(home: Home, study: Study, right: Path) -> Home:
    """A home whose only delivery has a wrong year of a register."""
    shutil.copytree(right, home.landing / SINGLE)
    shuffle_places_of_work(home.landing / SINGLE)
    assert run_load(home, study) == 1
    return home


def put_in_place(home: Home, right: Path, name: str = SINGLE) -> None:
    shutil.rmtree(home.landing / name, ignore_errors=True)
    shutil.copytree(right, home.landing / name)


@pytest.mark.parametrize("name", [SINGLE, "delivery_again"])
def test_a_wrong_only_delivery_is_withdrawn_and_the_right_one_loaded(
    wrong: Home, study: Study, right: Path, name: str
) -> None:
    put_in_place(wrong, right, name)
    with pytest.raises(DeliveryRefused, match="corrected") as refusal:
        run_load(wrong, study)
    assert "`flyttepanel withdraw`" in refusal.value.report()
    before = rows(wrong, PLACES_OF_WORK)
    run_withdraw(wrong, study, SINGLE)
    assert rows(wrong, "select count(*) from raw.regsys") == [(0,)]
    assert due(wrong, study).deliveries == ([] if name == SINGLE else [name])
    assert run_load(wrong, study, [name]) == 1
    assert len(rows(wrong, PLACES_OF_WORK)) == len(before)
    assert rows(wrong, PLACES_OF_WORK) != before
    assert rows(wrong, "select delivery_id, status from audit.delivery order by arrival") == [
        (SINGLE, "withdrawn"),
        (name, "loaded"),
    ]
    assert "build" in due(wrong, study).steps


def test_the_wrong_one_of_several_deliveries_goes_after_those_that_came_after_it(
    home: Home, study: Study, tmp_path: Path
) -> None:
    """Without the others' years between them they are no panel, and gate 1 says which to withdraw first."""
    first, second, third = simulate(3000, (2014, 2017), 1, tmp_path / "right", deliveries="yearly", quirks=False)[-3:]
    names = [folder.name for folder in (first, second, third)]
    for folder in (tmp_path / "right").glob("delivery_*"):
        shutil.copytree(folder, home.landing / folder.name)
    shuffle_places_of_work(home.landing / second.name)
    run_load(home, study)
    before = rows(home, PLACES_OF_WORK)
    put_in_place(home, second, second.name)
    with pytest.raises(DeliveryRefused, match="corrected"):
        run_load(home, study)
    with pytest.raises(GateFailed, match="withdraw those that came after"):
        run_withdraw(home, study, second.name)
    run_withdraw(home, study, third.name)
    run_withdraw(home, study, second.name)
    assert not due(home, study).deliveries
    assert run_load(home, study, names[1:]) == 2
    assert len(rows(home, PLACES_OF_WORK)) == len(before)
    assert rows(home, PLACES_OF_WORK) != before


@pytest.fixture
def emptied(own_copy: Refreshed, study: Study) -> Home:
    """A home with a release, all of whose deliveries are withdrawn."""
    home = own_copy.home
    for delivery in (f"delivery_{LAST_YEAR}", FIRST):
        run_withdraw(home, study, delivery)
    return home


def test_where_everything_is_withdrawn_what_was_published_stays(
    own_copy: Refreshed, emptied: Home, study: Study
) -> None:
    release = current_manifest(emptied)
    assert release
    released = rows(emptied, "select run_id, count(*) from audit.released_count group by all")
    assert [run_id for run_id, _ in released] == [release["run_id"]]
    assert not due(emptied, study)
    assert not everything(emptied, study)
    assert not run_refresh(emptied, study, new_run_id())
    assert not run_refresh(emptied, study, new_run_id(), full=True)
    text = status_text(emptied, study)
    assert "years       none" in text
    assert f"release     {release['run_id']}" in text
    assert "due         nothing: every delivery is withdrawn" in text
    assert "flyttepanel load" in nothing_is_due(emptied)
    for step in (run_build, run_validate, run_estimate, run_publish):
        with pytest.raises(StepMissing, match="every delivery is withdrawn"):
            step(emptied, study)
    assert current_manifest(emptied) == release
    assert rows(emptied, "select run_id, count(*) from audit.released_count group by all") == released
    assert run_load(emptied, study, [FIRST, f"delivery_{LAST_YEAR}"]) == 2
    assert not due(emptied, study)  # the same files again: the release is of them
