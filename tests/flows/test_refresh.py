"""Raw files in, tables out: what a data engineer relies on."""

import hashlib
import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from expectations.gate import GateResult
from expectations.suite_files import Gate
from flows import steps
from flows.build import build as build_with_dbt
from flows.candidate import HomeBusy, sole_writer
from flows.home import Home
from flows.load import DeliveryRefused, load_deliveries
from flows.load.folder import SIMULATED, delivery_folders, entries
from flows.manifest import simulated_deliveries
from flows.pipeline import run_estimate, run_load, run_publish, run_refresh, run_withdraw
from flows.state import current_manifest, due, published_basis
from flows.status import status_text
from flows.steps import StepMissing
from flows.versions import new_run_id
from models_py.study import Study
from report.release import open_results
from storage.warehouse import open_warehouse
from synthetic import simulate
from tests.flows.conftest import LAST_YEAR, NEXT_DELIVERY, Refreshed


def query(path: Path, text: str) -> list[tuple]:
    with open_results(path) as con:
        return con.sql(text).fetchall()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files_of(home: Home) -> dict[str, str]:
    return {path.name: digest(path) for path in (home.warehouse, home.results)}


def test_every_hypothesis_has_a_verdict(refreshed: Refreshed) -> None:
    verdicts = query(refreshed.home.results, "select hypothesis_id, model from results.hypothesis_verdict order by all")
    hypotheses = ["H1a", "H1b", "H2a", "H2b", "H2c", "H3", "H4", "H5", "H6a", "H6b"]
    assert verdicts == list(itertools.product(hypotheses, ["pooled", "random_effects"]))


def test_each_simulated_delivery_is_named_as_one(own_copy: Refreshed) -> None:
    """Once marked, always so: neither truth beside it nor what goes from its folder makes it another."""
    home, manifest = own_copy.home, current_manifest(own_copy.home)
    deliveries = sorted({file["delivery"] for file in manifest["inputs"]})
    assert manifest["simulated_deliveries"] == deliveries
    for delivery in deliveries:
        (home.landing / delivery / SIMULATED).unlink()
    with open_warehouse(home.warehouse) as con:
        assert simulated_deliveries(con, home.landing) == deliveries
        con.execute("update audit.delivery set is_simulated = false where delivery_id = ?", [deliveries[-1]])
        truth = home.landing / "truth.json"
        truth.write_text(own_copy.truth.read_text())
        assert simulated_deliveries(con, home.landing) == deliveries[:-1]
        mark = home.landing / deliveries[-1] / SIMULATED
        mark.touch()  # copied after the data had been read
        assert simulated_deliveries(con, home.landing) == deliveries
        mark.unlink()
        con.execute("alter table audit.delivery drop column is_simulated")
        assert simulated_deliveries(con, home.landing) == deliveries
        truth.unlink()
        assert simulated_deliveries(con, home.landing) == []


def test_an_older_warehouse_learns_of_marks(own_copy: Refreshed, study: Study) -> None:
    home = own_copy.home
    for mark in home.landing.glob(f"*/{SIMULATED}"):
        mark.unlink()
    with open_warehouse(home.warehouse) as con:
        con.execute("alter table audit.delivery drop column is_simulated")
    shutil.copytree(own_copy.next_delivery, home.landing / NEXT_DELIVERY)
    assert load_deliveries(home.warehouse, home.landing, None, study, "run")
    with open_warehouse(home.warehouse, read_only=True) as con:
        assert simulated_deliveries(con, home.landing) == [NEXT_DELIVERY]


def test_what_was_loaded_under_another_specification_passes_gate_1_again(
    own_copy: Refreshed, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, asked = own_copy.home, []

    def gate(name: Gate, *_: object) -> GateResult:
        asked.append(name)
        return GateResult(name, "run", ())

    monkeypatch.setattr("expectations.gate.run_gate", gate)
    monkeypatch.setattr("flows.build.build", lambda *_: home.dbt / "manifest.json")
    strict = study.model_copy(update={"gates": study.gates.model_copy(update={"residents_change": 0.001})})
    steps.build(home, home.warehouse, strict, "run-2")
    assert asked == ["incoming", "marts"]
    asked.clear()
    steps.build(home, home.warehouse, strict, "run-3")
    assert asked == ["marts"]


@pytest.mark.parametrize("step", ["estimate", "publish"])
def test_nothing_goes_on_from_what_other_code_has_made(own_copy: Refreshed, study: Study, step: str) -> None:
    """A release names the code that publishes it: it would name code that has made none of its numbers."""
    home = own_copy.home
    release = current_manifest(home)
    with open_warehouse(home.warehouse) as con:
        con.execute("update audit.step set code_version = 'another'")
    before = files_of(home)
    with pytest.raises(StepMissing, match="or not by this code"):
        {"estimate": run_estimate, "publish": run_publish}[step](home, study)
    assert (current_manifest(home), files_of(home)) == (release, before)


def test_a_build_tried_again_looks_at_every_year(
    own_copy: Refreshed, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the try before had made was looked at by no gate, and does not change a second time."""
    asked = []
    monkeypatch.setattr(steps, "build", lambda *told: asked.append(told[-1]))

    class Estimation(Exception):
        pass

    def twice(name: str, work: Callable[[], object]) -> object:
        if name == "estimate":
            raise Estimation
        return [work(), work()][-1]

    shutil.copytree(own_copy.next_delivery, own_copy.home.landing / NEXT_DELIVERY)
    with pytest.raises(Estimation):
        run_refresh(own_copy.home, study, new_run_id(), twice)
    assert asked == [False, True]


def test_panel_ends_with_the_last_closed_year(refreshed: Refreshed) -> None:
    assert query(refreshed.home.results, "select first_year, last_year from results.run") == [(2015, LAST_YEAR - 1)]


def test_nobody_vanishes(refreshed: Refreshed) -> None:
    unequal = query(
        refreshed.home.warehouse,
        """
        select year from (select year, sum(persons) as persons from marts.panel_accounting group by year)
        inner join (select aar, count(*) as residents from raw.bostedskommune group by aar) on year = aar
        where persons <> residents
        """,
    )
    assert unequal == []


def test_a_second_refresh_does_nothing(refreshed: Refreshed, study: Study) -> None:
    before = files_of(refreshed.home)
    done = run_refresh(refreshed.home, study, new_run_id())
    assert not done
    assert files_of(refreshed.home) == before


@pytest.mark.usefixtures("pooled_alone", "quick_rendering")
def test_the_next_delivery_extends_the_panel_by_its_year(own_copy: Refreshed, study: Study) -> None:
    home, study = own_copy.home, study.model_copy(update={"variants": ()})  # each would be estimated again
    first_release = current_manifest(home)
    with open_results(home.results) as reader:
        shutil.copytree(own_copy.next_delivery, home.landing / NEXT_DELIVERY)
        assert due(home, study).deliveries == [NEXT_DELIVERY]
        run_refresh(home, study, new_run_id())
        still_read = reader.sql("select last_year from results.run").fetchall()
    assert still_read == [(LAST_YEAR - 1,)]
    assert query(home.results, "select last_year from results.run") == [(LAST_YEAR,)]
    assert query(home.results, "select count(distinct run_id) from history.run") == [(2,)]
    assert query(home.results, "select count(*) from results.sensitivity") == [(0,)]
    assert query(home.results, "select distinct run_id from history.sensitivity") == [(first_release["run_id"],)]
    years = query(home.results, "select distinct year from results.panel_accounting order by 1")
    assert [year for (year,) in years] == list(range(2015, LAST_YEAR + 1))
    assert (home.releases / first_release["run_id"] / "results.duckdb").exists()


def test_files_that_are_touched_but_not_changed_bring_no_release(own_copy: Refreshed, study: Study) -> None:
    home = own_copy.home
    run_id = current_manifest(home)["run_id"]
    for file in home.landing.glob("*/*"):
        file.touch()
    assert due(home, study).deliveries
    assert not run_refresh(home, study, new_run_id())
    assert current_manifest(home)["run_id"] == run_id
    assert not due(home, study)


def test_a_withdrawn_delivery_is_as_if_it_had_never_come(own_copy: Refreshed, study: Study) -> None:
    home = own_copy.home
    rows = "select aar, count(*), md5(string_agg(bostedskommune, '' order by lopenr_person)) "
    rows += "from raw.bostedskommune group by aar order by aar"
    before, basis_before = query(home.warehouse, rows), published_basis(home)
    shutil.copytree(own_copy.next_delivery, home.landing / NEXT_DELIVERY)
    run_load(home, study)
    assert query(home.warehouse, rows)[-1][0] == LAST_YEAR + 1
    run_withdraw(home, study, NEXT_DELIVERY)
    assert query(home.warehouse, rows) == before
    assert not due(home, study)
    assert published_basis(home) == basis_before


def test_a_refusal_leaves_both_databases_as_they_were(own_copy: Refreshed, study: Study) -> None:
    home = own_copy.home
    before = files_of(home)
    shutil.copytree(own_copy.next_delivery, home.landing / NEXT_DELIVERY)
    next(path for path in (home.landing / NEXT_DELIVERY).iterdir() if "hush_fam" in path.name).write_text("a;b\n1;2\n")
    with pytest.raises(DeliveryRefused, match="hush_fam"):
        run_refresh(home, study, new_run_id())
    assert files_of(home) == before
    refusal = json.loads(home.refusals.read_text().splitlines()[-1])
    assert NEXT_DELIVERY in json.dumps(refusal)
    assert not list(home.work.glob("candidate*"))


def test_a_failed_gate_leaves_both_databases_as_they_were(own_copy: Refreshed, study: Study) -> None:
    from expectations.gate import GateFailed

    home = own_copy.home
    before = files_of(home)
    strict = study.model_copy(
        update={"gates": study.gates.model_copy(update={"unexplained_exit_share": 0.0}), "title": study.title}
    )
    with pytest.raises(GateFailed):
        run_refresh(home, strict, new_run_id())
    assert files_of(home) == before


def test_a_second_writer_is_told_to_wait(own_copy: Refreshed, study: Study) -> None:
    with sole_writer(own_copy.home), pytest.raises(HomeBusy, match="already working"):
        run_load(own_copy.home, study)


def test_the_release_names_what_it_rests_on(refreshed: Refreshed) -> None:
    manifest = current_manifest(refreshed.home)
    run = query(refreshed.home.results, "select run_id, code_version, study_hash, input_hash from results.run")
    assert run == [tuple(manifest[name] for name in ("run_id", "code_version", "study_hash", "input_hash"))]
    deliveries = delivery_folders(refreshed.home.landing)
    landed = {(path.parent.name, path.name): digest(path) for folder in deliveries for path in entries(folder)}
    assert {(file["delivery"], file["file"]): file["sha256"] for file in manifest["inputs"]} == landed


def test_one_run_id_everywhere(refreshed: Refreshed) -> None:
    run_id = current_manifest(refreshed.home)["run_id"]
    tables = query(refreshed.home.results, "select view_name from duckdb_views() where schema_name = 'results'")
    assert len(tables) >= 12
    for (table,) in tables:
        assert (
            query(refreshed.home.results, f"select distinct run_id from results.{table} where run_id <> '{run_id}'")
            == []
        )


def test_results_hold_no_person(refreshed: Refreshed) -> None:
    columns = query(refreshed.home.results, "select column_name from duckdb_columns() where schema_name <> 'main'")
    assert not [name for (name,) in columns if "lopenr" in name or "person_key" in name]


def test_status_says_what_is_there_and_what_is_due(own_copy: Refreshed, study: Study) -> None:
    assert "due         nothing" in status_text(own_copy.home, study)
    shutil.copytree(own_copy.next_delivery, own_copy.home.landing / NEXT_DELIVERY)
    text = status_text(own_copy.home, study)
    assert f"1 January 2014 to {LAST_YEAR}" in text
    assert f"due         delivery {NEXT_DELIVERY}, load, build, estimate, publish" in text


def test_a_changed_specification_is_due_without_a_load(refreshed: Refreshed, study: Study) -> None:
    older = study.model_copy(
        update={"panel": study.panel.model_copy(update={"age": study.panel.age.model_copy(update={"last": 60})})}
    )
    assert due(refreshed.home, older).steps == ["build", "estimate", "publish"]


def test_a_build_that_does_not_fit_in_memory_spills(
    own_copy: Refreshed, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 2 million persons dbt once failed as soon as something had spilled to disk; here memory is short instead."""
    monkeypatch.setenv("FLYTTEPANEL_MEMORY", "130MB")
    build_with_dbt(own_copy.home.warehouse, study, own_copy.home.work / "dbt")


def test_too_few_years_are_told_before_anything_is_built(tmp_path: Path, study: Study) -> None:
    """The first deliveries come one by one: an empty panel once failed at gate 2, which does not say why."""
    home = Home(tmp_path / "home")
    home.create()
    simulate(persons=300, years=(2014, 2015), seed=1, out=home.landing)
    with pytest.raises(StepMissing, match="municipalities of 2014, 2015; add what is missing"):
        run_refresh(home, study, new_run_id())
