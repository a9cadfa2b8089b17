"""`flows.build`: what dbt is told, and that a failing build says what failed without saying a value."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows import dbt_process
from flows.build import BuildFailed, build, build_at_the_ready, dbt_vars, duckdb_file, project_of, run_dbt
from flows.build_progress import Event
from flows.dbt_process import dbt_at_the_ready, started
from models_py.study import Study
from tests.panel.conftest import PERSONS, BuiltPanel, query, with_rule
from tests.panel.raw_tables import write_registers

CANARY = "kanarifugl"
CANARY_YEAR = "200123"  # DuckDB's error repeats it


def test_vars_say_what_the_study_says(study: Study) -> None:
    said = dbt_vars(study)
    assert said["first_year"] == study.panel.years.first
    assert said["categories"]["education"]["codes"]["long_higher"] == ["7", "8"]
    assert said["levels"]["centrality"] == ["1", "2", "3", "4", "5*"]
    assert said["confidence_z"] == pytest.approx(1.959964, abs=1e-6)
    assert dbt_vars(with_rule(study, "first_event"))["outcome_rule"] == "first_event"
    assert json.loads(json.dumps(said)) == said


def test_last_year_is_the_latest_closed_or_a_year(study: Study) -> None:
    assert dbt_vars(study)["last_year"] == 9999
    years = study.panel.years.model_copy(update={"last": 2018})
    panel = study.panel.model_copy(update={"years": years})
    assert dbt_vars(study.model_copy(update={"panel": panel}))["last_year"] == 2018


def test_unit_tests_of_the_models(
    panels: dict[str, BuiltPanel], dbt_work: Callable[[str], Path], tmp_path: Path
) -> None:
    """dbt's own unit tests, which a production build leaves out."""
    panel, work = panels["year_end"], dbt_work("year_end")
    project = project_of(duckdb_file(panel.copy(tmp_path), work), panel.study, work)
    with started(project, ("test", "--select", "test_type:unit")) as dbt:
        assert dbt.stdout is not None
        said = dbt.stdout.read()
    assert dbt.returncode == 0, said
    results = json.loads((work / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    assert len(results) >= 20


def test_views_do_not_know_the_name_of_the_file(panels: dict[str, BuiltPanel], tmp_path: Path) -> None:
    """A candidate is built under one name and becomes the warehouse under another."""
    copy = panels["year_end"].copy(tmp_path)
    [there] = query(copy, "select count(*) as persons from staging.stg_person")
    assert there["persons"] > PERSONS / 2


def test_one_model_is_made_at_a_time(
    panels: dict[str, BuiltPanel], dbt_work: Callable[[str], Path], tmp_path: Path
) -> None:
    """Two at a time share the memory there is: at two million persons one build in five ran out of it."""
    panel, work, events = panels["year_end"], dbt_work("year_end"), list[Event]()
    place = duckdb_file(panel.copy(tmp_path), work)
    run_dbt(("run", "--select", "outcome_year", "excluded_year"), place, panel.study, work, events.append)
    names = [event["info"]["name"] for event in events]
    assert [name for name in names if name in ("LogStartLine", "LogModelResult")] == [
        "LogStartLine",
        "LogModelResult",
    ] * 2


@pytest.mark.parametrize("is_the_same", [True, False])
def test_a_project_is_read_ahead_for_the_specification_that_is_built(
    panels: dict[str, BuiltPanel], dbt_work: Callable[[str], Path], tmp_path: Path, is_the_same: bool
) -> None:
    """Of another one nothing is used but the process: its vars stand in the SQL."""
    panel, work, events = panels["year_end"], dbt_work("year_end"), list[Event]()
    copy = panel.copy(tmp_path)
    place, what = duckdb_file(copy, work), ("run", "--select", "outcome_year", "--full-refresh")
    read = panel.study if is_the_same else with_rule(panel.study, "first_event")
    outcomes = "select disposition, count(*) as n from intermediate.outcome_year group by all order by all"
    before = query(copy, outcomes)
    with build_at_the_ready(copy, read, work):
        manifest = run_dbt(what, place, panel.study, work, events.append)
    assert query(copy, outcomes) == before
    read_by = json.loads(manifest.read_text(encoding="utf-8"))["metadata"]["invocation_id"]
    assert (read_by not in {event["info"]["invocation_id"] for event in events}) == is_the_same


def test_dbt_that_cannot_be_imported_is_a_failed_build(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a passing trouble of the machine, after which a refresh would try again."""
    monkeypatch.setattr(dbt_process, "COMMAND", (sys.executable, "-c", "raise SystemExit(3)"))
    database = tmp_path / "warehouse.duckdb"
    write_registers(database, {})
    with pytest.raises(BuildFailed, match=r"dbt ended with exit code 3|dbt ended before it was told"):
        build(database, study, tmp_path / "work")
    with dbt_at_the_ready():
        dbt_process._at_the_ready[0].wait()
        with pytest.raises(BuildFailed, match="dbt ended before it was told what to do: is all of it installed"):
            build(database, study, tmp_path / "work")


def test_failed_build_names_models_and_tests_but_no_value(
    study: Study, dbt_work: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A person delivered twice, and a year that is none: both stop the build, neither is shown."""
    database, work = tmp_path / "warehouse.duckdb", dbt_work("year_end")
    person = {"lopenr_person": CANARY, "foedsels_aar_mnd": 198001, "kjoenn": "1", "invkat": "A"}
    home = {"lopenr_person": CANARY, "bostedskommune": "0301"}
    write_registers(
        database,
        {
            "faste_oppl": [person, person],
            "bostedskommune": [{**home, "aar": 2015}, {**home, "aar": 2016}],
        },
    )
    with duckdb.connect(str(database)) as con:
        con.execute(
            "insert into raw.flytting (lopenr_person, flyttedato, flyttetype) values (?, ?::date, '1')",
            [CANARY, f"{CANARY_YEAR}-01-01"],
        )

    with pytest.raises(BuildFailed) as failed_model:
        build(database, study, work)
    with duckdb.connect(str(database)) as con:
        con.execute("delete from raw.flytting")
    with pytest.raises(BuildFailed) as failed_test:
        build(database, study, work)

    message = f"{failed_model.value}\n{failed_test.value}"
    assert "model internal_move_year: error" in message
    assert "test is_key_person_year_person_key__year: fail, 1 rows" in message
    assert failed_model.value.__cause__ is failed_test.value.__cause__ is None
    printed = "".join(capfd.readouterr())
    kept = b"".join(path.read_bytes() for path in work.rglob("*") if path.is_file()).decode(errors="replace")
    for canary in (CANARY, CANARY_YEAR):
        assert canary not in message + printed + kept
    assert not (work / "logs").exists()
