"""The short form of the campaign: a spread of faults at the steps that take a second, and that the search would find.

`make test-canaries` runs every fault at every step.
"""

import gzip
import shutil
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import typst

import flows.cli
import flows.pipeline
from flows.home import STUDY_FILE, Home
from flows.load import load_deliveries
from flows.load.contract import contracts
from flows.state import record_step
from models_py.study import load_study
from synthetic import simulate
from tests.canaries.commands import PLAIN_REFRESH, run
from tests.canaries.faults import Fault, every_fault
from tests.canaries.marks import mark_keys, marked
from tests.canaries.search import search

EVERY = 20
# The catalogue's defects are of a delivery of one year, which the campaign makes.
OF_ANY_DELIVERY = [fault for fault in every_fault() if not fault.name.startswith("defect: ")]
BIRTH = next(fault for fault in every_fault() if fault.name == "faste_oppl.foedsels_aar_mnd: text in all rows")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A delivery of some hundred persons, all of whom are marks."""
    out = tmp_path_factory.mktemp("good") / "landing"
    [folder] = simulate(persons=600, years=(2014, 2016), seed=3, out=out, quirks=False)
    mark_keys(folder)
    return folder


@pytest.fixture
def try_fault(good: Path, tmp_path: Path) -> Callable[[Fault, str], list[str]]:
    """Run a step on a home whose one delivery has a fault. Returns where marks are found."""

    def tried(fault: Fault, step: str) -> list[str]:
        home, stage = Home(tmp_path / "home"), tmp_path / "stage"
        home.create()
        shutil.copytree(good, home.landing / "d1", dirs_exist_ok=True)
        fault.spoil(home.landing / "d1")
        ran = run(step, home, STUDY_FILE, stage)
        assert any(path.stat().st_size for path in (stage / "printed").iterdir())
        return search(ran.roots, marked, [home.landing, home.warehouse])

    return tried


def test_every_column_and_every_register_has_its_faults() -> None:
    names = [fault.name for fault in every_fault()]
    assert len(names) == len(set(names)) > 150
    for register, contract in contracts().items():
        for column in contract.columns:
            assert sum(name.startswith(f"{register}.{column}: ") for name in names) == 3
    assert any(name.startswith("faste_oppl: no header") for name in names)


def test_every_fault_makes_another_delivery(good: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in good.iterdir()}
    seen = [before]
    for number, fault in enumerate(OF_ANY_DELIVERY):
        folder = shutil.copytree(good, tmp_path / str(number))
        fault.spoil(folder)
        after = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert after not in seen, fault.name
        assert search([folder], marked)
        seen.append(after)


@pytest.mark.parametrize("fault", OF_ANY_DELIVERY[1::EVERY], ids=lambda fault: fault.name)
def test_no_mark_leaves_a_refused_delivery(fault: Fault, try_fault: Callable[[Fault, str], list[str]]) -> None:
    assert try_fault(fault, "load") == []


def test_no_mark_leaves_a_refresh(try_fault: Callable[[Fault, str], list[str]]) -> None:
    assert try_fault(BIRTH, PLAIN_REFRESH) == []


@pytest.fixture
def loaded(good: Path, tmp_path: Path) -> Home:
    """A home into whose warehouse a mark has come as if no check had noticed it."""
    home, study = Home(tmp_path / "home"), load_study(STUDY_FILE)
    home.create()
    shutil.copytree(good, home.landing / "d1")
    load_deliveries(home.warehouse, home.landing, None, study, "run")
    record_step(home.warehouse, "load", "run", study, datetime.now(UTC))
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute(BIRTH.sql or "")
    return home


@pytest.mark.parametrize("step", ["validate", "build"])
def test_no_mark_leaves_the_warehouse(loaded: Home, step: str, tmp_path: Path) -> None:
    ran = run(step, loaded, STUDY_FILE, tmp_path / "stage")
    told = (tmp_path / "stage" / "printed" / f"{step}.stderr").read_text(encoding="utf-8")
    assert not ran.succeeded
    assert {"validate": "gate incoming", "build": "dbt build failed"}[step] in told
    assert search(ran.roots, marked, [loaded.landing, loaded.warehouse]) == []


@pytest.mark.parametrize("leaks", [True, False])
def test_an_error_that_repeats_a_value_is_found_and_is_not_told(
    try_fault: Callable[[Fault, str], list[str]], monkeypatch: pytest.MonkeyPatch, leaks: bool
) -> None:
    """Processes branch off from this one, with what has been put in place of our own code."""

    def fails(*_: object) -> None:
        raise duckdb.ConversionException("Could not convert string 'KANARI000007' to INT32")

    monkeypatch.setattr(flows.pipeline, "run_load", fails)
    if leaks:
        monkeypatch.setattr(flows.cli, "without_values", nullcontext)
    hits = try_fault(every_fault()[0], "load")
    assert [Path(hit.split(" (")[0]).name for hit in hits] == (["load.stderr"] if leaks else [])


def test_the_search_finds_marks_wherever_they_are(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("the person kanari12 and no other")
    (tmp_path / "utf16").write_text("KANARI", encoding="utf-16")
    (tmp_path / "number").write_text('{"age": 98765012345}')
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"KANARI"))
    with zipfile.ZipFile(tmp_path / "packed.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.gz", gzip.compress(b"KANARI"))
    with duckdb.connect(str(tmp_path / "strings.duckdb")) as con:
        con.execute("create table t as select 'KANA' || 'RI' || range % 2 as a from range(100000)")
    (tmp_path / "brief.pdf").write_bytes(typst.compile(b"The person KANARI 12"))
    (tmp_path / "a_kanari_b").touch()
    (tmp_path / "clean").write_text("nobody")
    hits = {Path(hit.split(" (")[0]).name for hit in search([tmp_path], marked)}
    assert hits == {path.name for path in tmp_path.iterdir()} - {"clean"}
    assert search([tmp_path], marked, [tmp_path / name for name in hits]) == []
