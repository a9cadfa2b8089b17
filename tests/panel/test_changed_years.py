"""Builds that make only changed years anew come to what a build of everything comes to."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.build import BuildFailed, build
from flows.home import SEEDS
from tests.panel.conftest import BuiltPanel, query
from tests.panel.raw_tables import write_registers
from tests.panel.reference import Panel
from tests.panel.test_against_reference import assert_cells_and_paths_hold_the_panel, assert_panel_is

pytestmark = pytest.mark.usefixtures("warm_dbt")

Registers = dict[str, list[dict[str, Any]]]


def test_changes_are_followed_year_by_year(
    panels: dict[str, BuiltPanel], dbt_work: Callable[[str], Path], tmp_path: Path
) -> None:
    """Corrections, a withdrawn year, its return: each time the reference's panel, and no year is built for nothing."""
    panel = panels["year_end"]
    database, registers = panel.copy(tmp_path), copy.deepcopy(panel.registers)

    def years_rebuilt(registers: Registers) -> set[int]:
        write_registers(database, registers)
        build(database, panel.study, dbt_work("year_end"))
        assert_panel_is(database, registers, Panel(registers, panel.study, SEEDS))
        assert_cells_and_paths_hold_the_panel(database)
        return {row["year"] for row in query(database, "from intermediate.changed_year")}

    kept = rows_by_year(database)
    assert years_rebuilt(correct_families_and_statuses(registers)) == {2017, 2019}
    assert unchanged(kept, rows_by_year(database)) >= {2015, 2016, 2018, 2020}

    person, years = person_with_years(registers)
    assert years_rebuilt(another_group(registers, person)) == years

    without_last = registers | {"bostedskommune": [row for row in registers["bostedskommune"] if row["aar"] != 2025]}
    assert 2024 not in years_rebuilt(without_last)
    assert 2024 not in rows_by_year(database)
    assert years_rebuilt(registers) == {2024}
    assert years_rebuilt(registers) == set()


@pytest.mark.parametrize("rule", ["year_end", pytest.param("first_event", marks=pytest.mark.campaign)])
def test_late_events_touch_the_persons_they_speak_of(
    panels: dict[str, BuiltPanel], dbt_work: Callable[[str], Path], tmp_path: Path, rule: str
) -> None:
    """Events come late, change and are taken back: the reference's panel, and no year is made anew as a whole."""
    assert_few_are_made_anew(panels[rule], with_late_events, dbt_work(rule), tmp_path)


def test_corrections_touch_the_persons_they_speak_of(
    panels: dict[str, BuiltPanel], dbt_work: Callable[[str], Path], tmp_path: Path
) -> None:
    """Persons are known otherwise, become unknown and are as they were: the same."""
    assert_few_are_made_anew(panels["year_end"], with_corrected_persons, dbt_work("year_end"), tmp_path)


def assert_few_are_made_anew(
    panel: BuiltPanel, change: Callable[[Registers], Registers], work: Path, folder: Path
) -> None:
    """Registers are changed and changed back: each time the reference's panel, and few persons' rows are made anew."""
    database, registers = panel.copy(folder), panel.registers
    before = panel_rows(database)

    def persons_rebuilt(registers: Registers) -> set[tuple[int, int]]:
        write_registers(database, registers)
        build(database, panel.study, work)
        assert_panel_is(database, registers, Panel(registers, panel.study, SEEDS))
        assert_cells_and_paths_hold_the_panel(database)
        years = query(database, "from intermediate.changed_year")
        assert years
        assert not any(row["is_whole"] for row in years)
        return {(row["person_key"], row["year"]) for row in query(database, "from intermediate.changed_person_year")}

    rebuilt = persons_rebuilt(change(copy.deepcopy(registers)))
    after = panel_rows(database)
    differing = {row for row in before.keys() | after.keys() if before.get(row) != after.get(row)}
    assert differing
    assert differing <= rebuilt
    assert len(rebuilt) < len(after) / 10

    assert persons_rebuilt(registers) == rebuilt
    assert panel_rows(database) == before


def with_late_events(registers: Registers) -> Registers:
    """Every fortieth event is dated on another day of its year or is gone, every fortieth person died in May 2017."""
    for row in registers["flytting"][::40]:
        if row["flyttedato"] is not None:
            row["flyttedato"] = row["flyttedato"].replace(month=3, day=9)
    del registers["flytting"][20::40]
    for row in registers["faste_oppl"][::40]:
        row["doeds_aar_mnd"] = 201705
    return registers


def with_corrected_persons(registers: Registers) -> Registers:
    """Of every sixtieth person another group, no sex or an earlier birth, or the person is gone, by turns."""
    persons = registers["faste_oppl"]
    for row in persons[::240]:
        row["invkat"] = "A" if row["invkat"] == "B" else "B"
    for row in persons[60::240]:
        row["kjoenn"] = None
    for row in persons[120::240]:
        if row["foedsels_aar_mnd"] is not None:
            row["foedsels_aar_mnd"] -= 2000
    del persons[180::240]
    return registers


def panel_rows(database: Path) -> dict[tuple[int, int], str]:
    """The panel's rows by person and year."""
    rows = query(database, "select person_key, year, person_year::varchar as said from marts.person_year")
    return {(row["person_key"], row["year"]): row["said"] for row in rows}


@pytest.mark.campaign
def test_a_build_of_everything_marks_nobody_and_asks_for_a_year_once(
    panels: dict[str, BuiltPanel], dbt_work: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned with the marks of few, outcomes of eight years at two million persons did not fit into memory.

    Asked for a year by `in`, or for no year by `in (null)`, DuckDB joined all of them.
    """
    panel, work = panels["year_end"], dbt_work("year_end")
    database = panel.copy(tmp_path)
    before = panel_rows(database)
    with monkeypatch.context() as patch:
        patch.setattr("flows.build._remove_what_may_hold_values", lambda *folders: None)
        build(database, panel.study, work, full=True)
        [filling] = (work / "target" / "run").rglob("person_year.sql")
        asked = re.findall(r"as made where (.*);", filling.read_text(encoding="utf-8"))
    assert asked == [*(f"year = {year}" for year in sorted({year for _, year in before})), "false"]
    assert marks_persons(database) is False
    assert panel_rows(database) == before
    build(database, panel.study, work)
    assert marks_persons(database) is True
    assert panel_rows(database) == before


def marks_persons(database: Path) -> bool:
    """Whether residents are picked out by the persons who are made anew."""
    [view] = query(database, "select sql from duckdb_views() where view_name = 'resident_year'")
    return "changed_person_year" in view["sql"]


def test_the_rows_of_a_year_stand_together(panels: dict[str, BuiltPanel]) -> None:
    """The panel is filled a year at a time, so that its joins take a year's memory: a country's did not fit."""
    for panel in panels.values():
        [found] = query(
            panel.database,
            """
            select count(*) filter (year is distinct from before) as turns, count(distinct year) as years
            from (select year, lag(year) over (order by rowid) as before from marts.person_year)
            """,
        )
        assert found["turns"] == found["years"] > 1


def test_data_tests_look_at_the_years_made_anew(
    panels: dict[str, BuiltPanel], dbt_work: Callable[[str], Path], tmp_path: Path
) -> None:
    """Persons who stand twice in a year fail a build that makes the year anew, and only such a build."""
    panel = panels["year_end"]
    database, registers = panel.copy(tmp_path), copy.deepcopy(panel.registers)
    with duckdb.connect(str(database)) as con:
        con.execute("insert into marts.person_year from marts.person_year where year = 2016")
    build(database, panel.study, dbt_work("year_end"))
    registers["hush_fam"] += [row for row in registers["hush_fam"] if row["aar"] == 2017]
    write_registers(database, registers)
    with pytest.raises(BuildFailed, match="is_key_person_year"):
        build(database, panel.study, dbt_work("year_end"))


def correct_families_and_statuses(registers: Registers) -> Registers:
    """A hush_fam of 1 January 2017 and a regsys of November 2018 with other codes."""
    for row in registers["hush_fam"]:
        if row["aar"] == 2017:
            row["parstatus"] = "1"
    for row in registers["regsys"]:
        if row["aar"] == 2018:
            row["arb_arbmark_status"] = "3"
    return registers


def person_with_years(registers: Registers) -> tuple[str, set[int]]:
    """A native who is resident on several 1 Januaries of closed years, and those years."""
    closed = {2015, 2016, 2017, 2018, 2019, 2020, 2023, 2024}
    years: dict[str, set[int]] = {}
    for row in registers["bostedskommune"]:
        if row["bostedskommune"] is not None:
            years.setdefault(row["lopenr_person"], set()).add(row["aar"])
    natives = [row["lopenr_person"] for row in registers["faste_oppl"] if row.get("invkat") == "A"]
    person = next(key for key in natives if 2 <= len(years.get(key, set()) & closed) < len(closed))
    return person, years[person] & closed


def another_group(registers: Registers, person: str) -> Registers:
    """The person as an immigrant."""
    for row in registers["faste_oppl"]:
        if row["lopenr_person"] == person:
            row["invkat"] = "B"
    return registers


def rows_by_year(database: Path) -> dict[int, str]:
    """A fingerprint of each year's panel, with the place its rows have in the table."""
    with duckdb.connect(str(database), read_only=True) as con:
        rows = con.sql("""
            select year, md5(string_agg(person_year::varchar, '' order by person_key)) from marts.person_year group by 1
        """).fetchall()
    return dict(rows)


def unchanged(before: dict[int, str], after: dict[int, str]) -> set[int]:
    """Years whose rows are the same."""
    return {year for year, rows in before.items() if after.get(year) == rows}
