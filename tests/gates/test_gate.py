"""What a gate does besides judging: it reports, records, refuses what it cannot check, and lets go of the file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.dialect import DUCKDB_WORDS
from expectations.engine import settings
from expectations.gate import run_gate
from expectations.suite_files import Gate, Rule, Suite, SuiteError, suites_of
from models_py.study import Study
from tests.gates.conftest import change, failure
from tests.gates.faults import FAULTS

Database = Callable[..., Path]
REGISTERS_BY_YEAR = ("bostedskommune", "regstat", "hush_fam", "bu_utd", "regsys", "flytting")

pytestmark = pytest.mark.usefixtures("without_docs")


def test_checks_are_recorded_once_and_the_file_is_free(database: Database, study: Study, tmp_path: Path) -> None:
    path = database("results")
    result = run_gate("results", path, study, "run-2", tmp_path / "docs")
    assert run_gate("results", path, study, "run-2", tmp_path / "docs") == result
    with duckdb.connect(str(path)) as connection:  # for writing: no reader is left
        recorded = connection.sql("FROM audit.validation").fetchall()
    assert recorded == [
        ("run-2", "results", check.suite, check.expectation, check.table, check.column, True) for check in result.checks
    ]
    assert ("results_disclosure", "results.fit") in {(check.suite, check.table) for check in result.checks}


def test_report_names_expectation_place_threshold_and_what_was_found(
    database: Database, study: Study, tmp_path: Path
) -> None:
    path = database(
        "marts",
        "UPDATE marts.panel_accounting SET persons = 100 WHERE year = 2017 AND disposition = 'unexplained_exit'",
    )
    refusal = failure("marts", path, study, tmp_path)
    told = str(refusal)
    assert "gate marts: 2 of " in told
    assert (
        "marts.panel_accounting · persons: Unexplained exits are at most the share 0.005 of the persons at risk" in told
    )
    assert "year 2017, at_risk 8920, share 0.01121" in told
    assert [check.expectation for check in refusal.result.checks if not check.success] == [
        "nobody_vanishes",
        "unexplained_exits_share",
    ]


def test_missing_register_of_a_panel_year_is_named(database: Database, study: Study, tmp_path: Path) -> None:
    path = database(
        "incoming",
        "DELETE FROM raw.regsys WHERE aar = 2015",
        "DELETE FROM audit.register_year WHERE register = 'regsys' AND year = 2015",
    )
    assert "panel_year 2016, register regsys, year 2015" in str(failure("incoming", path, study, tmp_path))


def test_first_delivery_closes_no_year_and_passes(database: Database, study: Study, tmp_path: Path) -> None:
    path = database(
        "incoming",
        *(
            f"DELETE FROM raw.{register} WHERE aar > 2014"
            for register in ("bostedskommune", "regstat", "hush_fam", "bu_utd", "regsys", "flytting")
        ),
        "DELETE FROM audit.register_year WHERE year > 2014",
    )
    assert run_gate("incoming", path, study, "run-1", tmp_path).ok


def test_small_populations_are_not_judged_by_shares(database: Database, study: Study, tmp_path: Path) -> None:
    path = database(
        "incoming",
        "DELETE FROM raw.bostedskommune WHERE lopenr_person > 'p00030'",
        "DELETE FROM raw.bostedskommune WHERE lopenr_person > 'p00015' AND aar = 2016",
        "UPDATE raw.bostedskommune SET bostedskommune = '9999' WHERE lopenr_person = 'p00002'",
    )
    assert run_gate("incoming", path, study, "run-1", tmp_path).ok


def test_what_loading_keeps_of_unlisted_statuses_passes(database: Database, study: Study, tmp_path: Path) -> None:
    """By the same share: one that loading let through once stopped every load at this gate."""
    unlisted = "UPDATE raw.regstat SET regstat = '2' WHERE aar = 2016 AND lopenr_person < 'p{:05d}'"
    path = database("incoming", unlisted.format(9))  # of 9,000: a thousandth is allowed
    assert run_gate("incoming", path, study, "run-1", tmp_path).ok
    change(path, unlisted.format(10))
    assert "status_known" in str(failure("incoming", path, study, tmp_path))


# Of a gate with rules about the rows of a year: the tables they are about, a run that brought nothing, and one that
# brought all there is, or put it back by replacing what stood in its place.
NEWS: dict[Gate, tuple[Any, ...]] = {
    "incoming": (
        {f"raw.{register}" for register in REGISTERS_BY_YEAR},
        "INSERT INTO audit.delivery BY NAME SELECT 2 AS arrival, 'run-2' AS run_id, 'loaded' AS status",
        "UPDATE audit.register_year SET arrival = 2",
        """
            INSERT INTO audit.register_year BY NAME SELECT register, year, 1 AS arrival, true AS is_current
                FROM audit.register_year WHERE arrival = 2;
            UPDATE audit.register_year SET is_current = false WHERE arrival = 2;
            UPDATE audit.delivery SET status = 'replaced' WHERE arrival = 2;
        """,
    ),
    "marts": (
        {"marts.person_year"},
        "CREATE SCHEMA IF NOT EXISTS intermediate; CREATE TABLE intermediate.changed_year (year SMALLINT)",
        "INSERT INTO intermediate.changed_year SELECT DISTINCT year FROM marts.person_year",
    ),
}


@pytest.mark.parametrize("gate", NEWS)
def test_rules_about_rows_of_a_year_look_at_the_years_that_the_run_brought(
    database: Database, study: Study, gate: Gate
) -> None:
    """Each finds its fault in a year that came with the run, and without a run, and nothing in what was there."""
    tables, nothing, *everything = NEWS[gate]
    everywhere = {(suite.table, rule.name): rule for suite, rule in rules_of(gate, study)}
    brought = {
        (suite.table, rule.name): rule
        for suite, rule in rules_of(gate, study, news_of="run-2")
        if rule != everywhere[suite.table, rule.name]
    }
    assert {table for table, _ in brought} == tables
    tried = set()
    for fault in FAULTS:
        if rule := brought.get((fault.table, fault.expectation)):
            tried.add((fault.table, fault.expectation))
            path = database(gate, fault.sql, nothing)
            with duckdb.connect(str(path), config=settings()) as con:
                found = con.execute(str(everywhere[fault.table, fault.expectation].sql)).fetchall()
                assert found
                assert con.execute(str(rule.sql)).fetchall() == []
                for brings in everything:
                    con.execute(brings)
                    assert con.execute(str(rule.sql)).fetchall() == found
    assert tried == set(brought)


def rules_of(gate: Gate, study: Study, news_of: str | None = None) -> list[tuple[Suite, Rule]]:
    return [(suite, rule) for suite in suites_of(gate, study, DUCKDB_WORDS, news_of) for rule in suite.rules]


def test_missing_table_and_missing_column_refuse(database: Database, study: Study, tmp_path: Path) -> None:
    path = database(
        "marts", "DROP TABLE marts.move_event", "ALTER TABLE marts.person_year RENAME COLUMN outcome TO result"
    )
    told = str(failure("marts", path, study, tmp_path))
    assert "marts.move_event: The table exists [table_exists]" in told
    assert "[outcome_known] (could not be checked: BinderException)" in told
    assert "[stayers_have_no_date] (could not be checked: BinderException)" in told
    path = database("incoming", "ALTER TABLE raw.faste_oppl RENAME COLUMN lopenr_person TO person")
    told = str(failure("incoming", path, study, tmp_path))
    assert "[key_given] (could not be checked: its columns are not there)" in told


def test_a_database_with_nothing_in_it_is_refused(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "nothing.duckdb"
    change(path)
    told = str(failure("marts", path, study, tmp_path / "docs"))
    assert "gate marts: 7 of 7 expectations failed" in told


def test_thresholds_come_from_the_study(database: Database, study: Study, tmp_path: Path) -> None:
    strict = study.model_copy(update={"gates": study.gates.model_copy(update={"residents_change": 0.001})})
    told = str(failure("incoming", database("incoming"), strict, tmp_path))
    assert "differ from the year before by at most the share 0.001" in told


def test_suite_files_reject_what_they_do_not_know(study: Study, tmp_path: Path) -> None:
    suite = tmp_path / "suite.yml"
    head = "gate: marts\ndescribes: A suite.\ncontents:\n  - tables: [marts.person_year]\n    expectations:\n"
    rule = "      - {name: one, description: One, type: expect_table_row_count_to_equal, arguments: {value: 1}}\n"
    for content, fault in (
        (head.replace("describes", "describe") + rule, "describe"),
        (head + rule + rule, "one stands twice"),
        (head + rule.replace("value: 1", 'value: "${gates.nothing}"'), "gates.nothing"),
        (head + rule.replace("type: expect_table_row_count_to_equal, ", ""), "either a type or sql"),
        (head + "\t", "cannot start any token"),
    ):
        suite.write_text(content)
        with pytest.raises(SuiteError, match=fault):
            suites_of("marts", study, DUCKDB_WORDS, folder=tmp_path)
