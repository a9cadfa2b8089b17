"""What the load makes of declared renames, of files outside a delivery, and of what it notes; `tests/defects` has drift
between whole years."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from flows.home import Home
from flows.load import Fault, column_map, load_deliveries
from flows.load.contract import ContractError
from flows.load.drift_notes import Note
from flows.status import drift_lines
from models_py.study import Study
from synthetic import simulate
from tests.defects.tables import KEY, file_of, on_values
from tests.deliveries import REGSTAT, REGSYS, change, repeated, without, write_delivery, write_files
from tests.load.conftest import Warehouse

Declare = Callable[[str], None]
Rules = Callable[[Sequence[Fault]], set[tuple[str, str | None]]]
RENAMED = without(REGSYS, "arb_arbkomm") | {"arb_kommune": REGSYS["arb_arbkomm"]}


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declare:
    def write(text: str) -> None:
        path = tmp_path / "column_map.yml"
        path.write_text(text, encoding="utf-8")
        column_map.read_column_map.cache_clear()
        monkeypatch.setattr(column_map, "COLUMN_MAP", path)

    return write


def drift(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows("select register, year, column_name, rule, n_rows from audit.drift order by all")


def test_a_declared_rename_is_read_and_noted(warehouse: Warehouse, declare: Declare) -> None:
    declare("renames: [{register: regsys, column: arb_arbkomm, header: arb_kommune, years: [2014, 2015]}]")
    write_files(warehouse.landing / "d1", regsys_2015=repeated(RENAMED, 3))
    warehouse.load()
    assert warehouse.rows("select distinct arb_arbkomm from raw.regsys order by 1") == [("0301",), (None,)]
    assert drift(warehouse) == [("regsys", 2015, "arb_arbkomm", "renamed_column", 6)]


def test_a_rename_of_other_years_is_refused(warehouse: Warehouse, declare: Declare, rules: Rules) -> None:
    declare("renames: [{register: regsys, column: arb_arbkomm, header: arb_kommune, years: [2016, 2018]}]")
    write_files(warehouse.landing / "d1", regsys_2015=RENAMED)
    assert rules(warehouse.refused()) == {("missing_column", "arb_arbkomm")}


def test_wide_columns_are_renamed_by_their_own_years(warehouse: Warehouse, declare: Declare) -> None:
    declare('renames: [{register: bu_utd, column: bu, header: "utd_{yyyy}", years: [2015, 2015]}]')
    table = {"lopenr_person": ["p1"], "bu_2014": ["401101"], "utd_2015": ["641101"], "utd_2016": ["201199"]}
    write_files(warehouse.landing / "d1", bu_utd=table)
    warehouse.load()
    assert warehouse.rows("select aar, bu from raw.bu_utd order by 1") == [(2014, "401101"), (2015, "641101")]


@pytest.mark.parametrize(
    "text",
    [
        "renames: [{register: skatt, column: x, header: y}]",
        "renames: [{register: regsys, column: x, header: y}]",
        "renames: [{register: regsys, column: arb_arbkomm, header: KOMMUNE}]",
        "renames: [{register: bostedskommune, column: bostedskommune, header: kommune_2015}]",
        "renames: [{register: regsys, column: arb_arbkomm, header: 'kommune_{yyyy}'}]",
        "renames: [{register: regsys, column: arb_arbkomm, header: kommune, years: [2016, 2015]}]",
        "renames: [{register: faste_oppl, column: invkat, header: kategori, years: [2015, 2016]}]",
        "renames: [{register: regsys, column: arb_arbkomm, header: kommune, since: 2015}]",
        "renames: [",
    ],
)
def test_a_wrong_column_map_is_an_error(declare: Declare, text: str) -> None:
    declare(text)
    with pytest.raises(ContractError, match=r"column_map\.yml"):
        column_map.renamed_headers("regsys", "arb_arbkomm")


def test_notes_tell_no_count_below_the_threshold(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "d1", regsys_2015=REGSYS)
    write_files(warehouse.landing / "d2", regsys_2015=change(REGSYS, arb_arbmark_status=["1", "1"]))
    warehouse.load()
    assert drift(warehouse) == [("regsys", 2015, None, "corrected", None)]
    note = Note(2, None, "regsys", 2015, None, "corrected", None, None, None, None)
    assert note.line() == "regsys 2015: corrected (few rows)"


def test_status_names_the_delivery_of_a_note(tmp_path: Path, study: Study) -> None:
    home = Home(tmp_path / "home")
    home.create()
    write_files(home.landing / "d1", regsys_2015=REGSYS)
    write_files(home.landing / "d2", regsys_2015=change(REGSYS, arb_arbmark_status=["1", "1"]))
    load_deliveries(home.warehouse, home.landing, None, study, "run")
    assert drift_lines(home) == ["drift       d2: regsys 2015: corrected (few rows)"]


def test_the_share_of_the_persons_who_are_gone_is_of_those_who_were_there(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "d1", regsys_2015=repeated(REGSYS, 200))
    warehouse.load()
    write_files(warehouse.landing / "d2", regsys_2015=repeated(REGSYS, 2))
    fault = next(fault for fault in warehouse.refused() if fault.rule == "corrected")
    assert "the share 0.990 of the rows" in fault.message


def test_a_delivery_that_was_withdrawn_makes_no_share_smaller(warehouse: Warehouse) -> None:
    few = repeated(REGSYS, 150)
    write_files(warehouse.landing / "d1", regsys_2015=repeated(REGSYS, 1500))
    warehouse.load()
    warehouse.withdraw("d1")
    write_files(warehouse.landing / "d2", regsys_2015=few)
    warehouse.load("d2")
    swapped = {"1": "3", "3": "1"}
    other = few | {"arb_arbmark_status": [swapped.get(code, "1") for code in few["arb_arbmark_status"]]}
    write_files(warehouse.landing / "d3", regsys_2015=other)
    assert "corrected" in {fault.rule for fault in warehouse.refused("d3")}


def test_a_kept_status_on_no_list_is_never_told(lenient: Warehouse) -> None:
    """Whatever stood in the file, as a name in a shifted row."""
    statuses = repeated(REGSTAT, 1000)
    statuses["regstat_16"] = ["1" if place % 5 > 1 else "Ola" for place in range(len(statuses["regstat_16"]))]
    write_files(lenient.landing / "d1", regstat_2015_2016=statuses)
    told = [fault.message for fault in lenient.refused() if fault.rule == "share_change"]
    assert any("the share of unlisted" in message for message in told)
    assert not any("Ola" in message for message in told)


@pytest.mark.parametrize("name", ["w21_1234_regsys_2015_ut.csv", "delivery_2016.zip", "other.parquet"])
def test_data_outside_a_delivery_is_due_and_refused(warehouse: Warehouse, name: str) -> None:
    write_delivery(warehouse.landing / "d1")
    (warehouse.landing / name).write_bytes(b"x")
    assert warehouse.due() == ["d1", name]
    [loaded] = warehouse.load("d1")
    assert loaded.delivery == "d1"
    assert warehouse.due() == [name]
    [fault] = warehouse.refused()
    assert (fault.rule, fault.file) == ("outside_delivery", name)


def test_a_year_at_fault_is_told_by_its_file(warehouse: Warehouse) -> None:
    """One delivery brings all years of a register; the keys of one are of another project."""
    [delivery] = simulate(1500, (2014, 2016), 1, warehouse.landing, quirks=False)
    on_values("hush_fam_2015", KEY, lambda key: key[::-1])(delivery)
    faults = [fault for fault in warehouse.refused() if fault.rule == "unlinked_persons"]
    assert faults
    assert {fault.file for fault in faults} == {file_of(delivery, "hush_fam_2015").name}
