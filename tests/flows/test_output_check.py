"""Disclosure control through the front door: its report in every release, and the history it is held against."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from flows.candidate import candidate_warehouse, sole_writer
from flows.home import Home
from flows.links import replace_link
from flows.pipeline import run_publish, run_refresh
from flows.publish import draft_release, history_for
from flows.state import current_manifest
from flows.versions import new_run_id
from models_py.counts import read_counts
from models_py.disclosure import DisclosureError
from models_py.earlier_releases import read_earlier
from models_py.rounding import rounded_count
from models_py.study import Study
from models_py.tables import PUBLISHED_TABLES
from report.release import open_results
from storage.warehouse import open_warehouse
from tests.flows.conftest import Refreshed

COUNTS = {
    "observed_rate": "population_group, centrality, year, outcome, n_person_years, n_events",
    "panel_accounting": "year, disposition, persons",
    "fit": "model, population_group, n_persons, n_person_years, n_internal_move, n_emigration",
}


def release_folder(home: Home) -> Path:
    return home.current.resolve()


def published_counts(home: Home) -> dict[str, list[tuple]]:
    with open_results(home.results) as con:
        return {
            t: con.sql(f"select {columns} from results.{t} order by all").fetchall() for t, columns in COUNTS.items()
        }


def test_the_manifest_counts_the_rows_that_stand(refreshed: Refreshed, study: Study) -> None:
    """Every yearly delivery brings all persons again; a person counts once."""
    rows = current_manifest(refreshed.home)["rows"]
    with open_warehouse(refreshed.home.warehouse, read_only=True) as con:
        for register in ("faste_oppl", "bostedskommune", "hush_fam"):
            [(n_rows,)] = con.sql(f"select count(*) from raw.{register}").fetchall()
            assert rows[f"raw.{register}"] == rounded_count(n_rows, study.disclosure)


def test_every_release_has_its_output_check(refreshed: Refreshed, study: Study) -> None:
    report = json.loads((release_folder(refreshed.home) / "output_check.json").read_text())
    assert report["run_id"] == current_manifest(refreshed.home)["run_id"]
    assert [table["table"] for table in report["tables"]] == [table.name for table in PUBLISHED_TABLES]
    assert report["rules"] == study.disclosure.model_dump()
    assert report["status"] in ("pass", "review")
    assert report["who_must_review"]
    rates = next(table for table in report["tables"] if table["table"] == "observed_rate")
    with open_results(refreshed.home.results) as con:
        withheld, total = con.sql("""
            select count(*) - count(n), count(*) from (
                select n_events as n from results.observed_rate
                union all
                select any_value(n_person_years) from results.observed_rate group by population_group, centrality, year
            )
        """).fetchone()
    assert (rates["n_withheld"], rates["n_counts"]) == (withheld, total)
    page = (release_folder(refreshed.home) / "output_check.html").read_text()
    assert "<script" not in page
    assert "http" not in page


def test_what_estimates_tell_of_counts_is_read_from_the_history_too(refreshed: Refreshed, study: Study) -> None:
    with open_warehouse(refreshed.home.warehouse, read_only=True) as con:
        system, earlier = read_counts(con, study), read_earlier(con, refreshed.home.results, study)
    assert system.at_least
    assert earlier[-1].at_least == system.at_least
    assert all(system.counts[key] >= least for key, least in system.at_least.items())


def test_every_decision_is_in_the_audit(refreshed: Refreshed) -> None:
    report = json.loads((release_folder(refreshed.home) / "output_check.json").read_text())
    reported = [decision for table in report["tables"] for decision in table["decisions"]] + report["all_counts"]
    with open_results(refreshed.home.results) as con:
        audit = con.sql("select * exclude (run_id) from audit.disclosure").fetchall()
        without_comment = con.sql("""
            select table_name, column_name from duckdb_columns() where schema_name = 'audit' and comment is null
            union all select table_name, '' from duckdb_tables() where schema_name = 'audit' and comment is null
        """).fetchall()
    assert without_comment == []
    assert sorted(map(str, audit)) == sorted(str(tuple(decision.values())) for decision in reported)
    rules = {decision["rule"] for decision in reported}
    assert {"threshold", "few_persons", "secondary_margins", "secondary_attack", "rounding", "attack"} <= rules
    assert {"minimum_group_size", "residual_degrees_of_freedom", "few_events", "no_counts"} <= rules


@pytest.mark.usefixtures("quick_rendering")
def test_the_same_counts_published_again_are_the_same(own_copy: Refreshed, study: Study) -> None:
    """The release before is then an earlier one: what it withheld stays withheld, what it told stays told."""
    home = own_copy.home
    before = published_counts(home)
    run_publish(home, study)
    assert published_counts(home) == before
    with open_results(home.results) as con:
        runs = con.sql("select count(distinct run_id) from audit.disclosure").fetchone()
    assert runs == (2,)
    attacks = [
        row["subject"] for row in json.loads((release_folder(home) / "output_check.json").read_text())["all_counts"]
    ]
    assert any("knowing which counts are the same" in attack for attack in attacks)
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        assert con.sql("select count(distinct run_id) from audit.released_count").fetchone() == (2,)


def test_nothing_is_published_when_the_history_cannot_be_read(own_copy: Refreshed, study: Study) -> None:
    home = own_copy.home
    before = os.readlink(home.current)
    warehouse = home.warehouse.read_bytes()
    results = home.results.resolve()
    results.chmod(0o600)
    results.write_bytes(b"not a database")
    with pytest.raises(DisclosureError, match="history"):
        run_publish(home, study)
    results.unlink()
    with pytest.raises(DisclosureError, match="history"):
        run_publish(home, study)
    assert os.readlink(home.current) == before
    assert {path.resolve().name for path in home.releases.iterdir()} == {Path(before).name}
    assert home.warehouse.read_bytes() == warehouse


@pytest.mark.usefixtures("quick_rendering")
def test_what_readers_have_had_is_never_forgotten(own_copy: Refreshed, study: Study, tmp_path: Path) -> None:
    """Neither by an operator who leads `current` back, nor by a copy that lost links, nor under other rules."""
    home = own_copy.home
    first = release_folder(home).name
    coarser = study.model_copy(update={"disclosure": study.disclosure.model_copy(update={"rounding_base": 10})})
    # The specification's hash is that of what was built and estimated, so that only the rule is new here.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.publish.needs", lambda *_: None)
        run_publish(home, coarser)
    second = release_folder(home).name

    replace_link(home.current, Path("releases") / first)
    run_publish(home, study)
    third = release_folder(home).name
    assert releases_in_history(home.results.resolve()) == [first, second, third]
    with open_results(home.results) as con:
        rules = con.sql("select run_id, rounding_base from audit.disclosure_rule order by all").fetchall()
    assert rules == [(first, 5), (second, 10), (third, 5)]

    for link in (home.current, home.results, home.site, home.last_published):
        link.unlink()
    (tmp_path / "draft").mkdir()
    history = history_for(tmp_path / "draft", home)
    assert history
    assert releases_in_history(history) == [first, second, third]

    shutil.rmtree(home.releases)
    home.releases.mkdir(mode=0o700)
    with pytest.raises(DisclosureError, match=f"in no history: {first}, {second}, {third}; restore"):
        run_publish(home, study)


@pytest.mark.usefixtures("quick_rendering")
@pytest.mark.parametrize("cut_at", ["flows.candidate.commit_file", "flows.pipeline.publish_release"])
def test_a_release_that_a_crash_kept_from_the_switch_is_switched_in_or_forgotten(
    own_copy: Refreshed, study: Study, cut_at: str
) -> None:
    """By whether the warehouse remembers it; no two histories stand apart when all links are lost."""
    home = own_copy.home
    first = release_folder(home).name

    def cut(*_: object) -> None:
        raise InterruptedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cut_at, cut)
        with pytest.raises(InterruptedError):
            run_publish(home, study)
    [orphan] = {path.resolve().name for path in home.releases.iterdir()} - {first}
    assert release_folder(home).name == first
    if cut_at.endswith("publish_release"):
        assert not run_refresh(home, study, "run-1")  # all it has to do is switch
        assert releases_in_history(home.results.resolve()) == [first, orphan]
        expected = [first, orphan]
    else:
        expected = [first]
    for _ in range(2):
        run_publish(home, study)
        expected.append(release_folder(home).name)
        assert releases_in_history(home.results.resolve()) == expected
        for link in (home.current, home.results, home.site, home.last_published):
            link.unlink()


@pytest.mark.usefixtures("quick_rendering")
def test_releases_older_than_the_warehouse_stop_publication_until_the_rest_is_back(
    own_copy: Refreshed, study: Study, tmp_path: Path
) -> None:
    home = own_copy.home
    first = release_folder(home).name
    run_publish(home, study)
    second = release_folder(home)
    second.rename(tmp_path / second.name)
    replace_link(home.current, Path("releases") / first)
    replace_link(home.last_published, Path(first))
    warehouse = home.warehouse.read_bytes()
    with pytest.raises(DisclosureError, match=f"in no history: {second.name}; restore"):
        run_publish(home, study)
    assert home.warehouse.read_bytes() == warehouse
    replace_link(home.last_published, Path("later"))  # a release that is not back yet: nothing is put in its place
    with pytest.raises(DisclosureError, match="leads nowhere"):
        run_publish(home, study)
    replace_link(home.last_published, Path(first))

    (tmp_path / second.name).rename(second)
    run_publish(home, study)
    assert releases_in_history(home.results.resolve()) == [first, second.name, release_folder(home).name]


def test_a_draft_can_be_tried_again_after_its_counts_were_remembered(own_copy: Refreshed, study: Study) -> None:
    home, run_id = own_copy.home, new_run_id()
    with sole_writer(home), candidate_warehouse(home) as candidate:
        with pytest.MonkeyPatch.context() as patch:
            patch.delattr("flows.publish.write_output_check")
            with pytest.raises(NameError):
                draft_release(home, candidate, study, run_id, datetime.now(UTC))
        draft = draft_release(home, candidate, study, run_id, datetime.now(UTC))
        assert releases_in_history(draft / "results.duckdb") == [release_folder(home).name, run_id]


def releases_in_history(results: Path) -> list[str]:
    with open_results(results) as con:
        return [run_id for (run_id,) in con.sql("select run_id from history.run order by rowid").fetchall()]


def test_a_history_without_a_table_of_counts_cannot_be_checked(own_copy: Refreshed, study: Study) -> None:
    results = own_copy.home.results.resolve()
    results.chmod(0o600)
    copy = results.with_name("copy.duckdb")
    shutil.copyfile(results, copy)
    with duckdb.connect(str(copy)) as con:
        con.execute("drop view results.panel_accounting")
        con.execute("drop table history.panel_accounting")
    copy.replace(results)
    with pytest.raises(DisclosureError, match="history"):
        run_publish(own_copy.home, study)
