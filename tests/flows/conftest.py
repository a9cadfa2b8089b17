"""One simulated Norway and one refresh of it, shared by the front-door tests; tests that write work on a copy."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from flows.home import STUDY_FILE, Home
from flows.pipeline import run_refresh
from flows.versions import new_run_id
from models_py.estimate import ESTIMATORS
from models_py.study import Study, load_study
from synthetic import simulate
from tests.faults.warm import forked_dbt

PERSONS = 30_000
LAST_YEAR = 2020
# No random effects and independent draws: the pooled model is then the true one (test_truth.py).
PARAMETERS = {
    "stratified_totals": False,
    "utilities": {
        group: {"random_effects": {"sd_internal_move": 0, "sd_emigration": 0}}
        for group in ("immigrant", "norwegian_born", "native")
    },
}
# One that changes the panel, and one that is estimated on the panel there is.
VARIANTS = ("first_event", "without_labour_market_status")
NEXT_DELIVERY = f"delivery_{LAST_YEAR + 1}"


@dataclass(frozen=True)
class Refreshed:
    """A home with a release of deliveries up to LAST_YEAR, and the delivery of the year after, not yet landed."""

    home: Home
    next_delivery: Path

    @property
    def truth(self) -> Path:
        """The simulation's parameters."""
        return self.next_delivery.parent / "truth.json"


@pytest.fixture(scope="package", autouse=True)
def warm_dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Importing dbt is most of such a small build; commands, which are processes of their own, import it themselves."""
    with forked_dbt(tmp_path_factory.mktemp("warm")):
        yield


@pytest.fixture(scope="session")
def study_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """study.yml with two of its variants: each that needs its own panel costs every refresh a run of dbt."""
    specification = yaml.safe_load(STUDY_FILE.read_text(encoding="utf-8"))
    specification["variants"] = [one for one in specification["variants"] if one["name"] in VARIANTS]
    path = tmp_path_factory.mktemp("study") / "study.yml"
    path.write_text(yaml.safe_dump(specification, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def study(study_file: Path) -> Study:
    return load_study(study_file)


@pytest.fixture(scope="session")
def refreshed(tmp_path_factory: pytest.TempPathFactory, study: Study) -> Refreshed:
    """Made by whichever worker asks first; each then has a copy of its own."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made, own = shared / "norway", tmp_path_factory.mktemp("norway_of_worker") / "norway"
    with (shared / "norway.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            making = tmp_path_factory.mktemp("norway_in_the_making")
            make_refreshed(making, study)
            making.rename(made)
    shutil.copytree(made, own, symlinks=True)
    return Refreshed(Home(own / "home"), own / "all" / NEXT_DELIVERY)


def make_refreshed(folder: Path, study: Study) -> None:
    """Simulate into `all`, and refresh in `home`: the years before the last come at once, to be loaded in less time."""
    (folder / "parameters.json").write_text(json.dumps(PARAMETERS))
    home = Home(folder / "home")
    home.create()
    deliver(folder, LAST_YEAR + 1, "yearly", folder / "all")
    deliver(folder, LAST_YEAR - 1, "single", folder / "before")
    for delivery in (f"before/delivery_2014_{LAST_YEAR - 1}", f"all/delivery_{LAST_YEAR}"):
        shutil.copytree(folder / delivery, home.landing / Path(delivery).name)
    run_refresh(home, study, new_run_id())


def deliver(folder: Path, last_year: int, deliveries: str, out: Path) -> None:
    """The same Norway's deliveries up to a 1 January."""
    simulate(
        persons=PERSONS,
        years=(2014, last_year),
        seed=11,
        out=out,
        deliveries=deliveries,
        sampling="balanced",
        parameters=folder / "parameters.json",
    )


@pytest.fixture
def own_copy(refreshed: Refreshed, tmp_path: Path) -> Refreshed:
    """The refreshed home, copied: for tests that write. Its path needs quoting, in SQL and elsewhere."""
    home = Home(tmp_path / "the bureau's home")
    shutil.copytree(refreshed.home.path, home.path, symlinks=True, ignore=shutil.ignore_patterns("prefect"))
    return Refreshed(home, refreshed.next_delivery)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("FLYTTEPANEL_ALERTS", raising=False)
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def pooled_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no test asks for random effects, which take many times as long."""
    monkeypatch.delitem(ESTIMATORS, "random_effects")


@pytest.fixture
def quick_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendering of a site of one page, where a test does not ask what is rendered."""

    def render(_release: Path, into: Path, _results: Path) -> list[str]:
        (into / "site").mkdir(parents=True)
        (into / "site" / "index.html").write_text("<!DOCTYPE html>")
        return ["site"]

    monkeypatch.setattr("report.render.render", render)
