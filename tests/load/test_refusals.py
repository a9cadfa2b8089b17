"""Every reason to refuse a delivery, by name, with line numbers; one report for all faults; no value in any of it."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from flows.load import DeliveryRefused, Fault, write_refusal
from tests.deliveries import (
    BOSTED,
    BU,
    FASTE,
    FLYTTING,
    HUSH,
    REGSTAT,
    REGSYS,
    Table,
    as_text,
    change,
    repeated,
    without,
    write_delivery,
    write_files,
)
from tests.load.conftest import Warehouse

THIRTY = 10  # times the three persons
IDENTITY_NUMBER = "01019010046"  # synthetic: born 1 January 1990, both control digits right

Rules = Callable[[Sequence[Fault]], set[tuple[str, str | None]]]


@pytest.mark.parametrize(
    ("registers", "rule", "column", "lines"),
    [
        ({"faste_oppl": without(FASTE, "invkat")}, "missing_column", "invkat", ()),
        ({"faste_oppl": without(FASTE, "lopenr_person")}, "missing_column", "lopenr_person", ()),
        ({"regstat_2015_2016": without(REGSTAT, "regstat_16_dat")}, "missing_column", "regstat_16_dat", ()),
        ({"bostedskommune": {"lopenr_person": ["p1"]}}, "missing_column", "bostedskommune", ()),
        ({"faste_oppl": change(FASTE, p_lopenr_person=["a", "b", "c"])}, "repeated_column", "lopenr_person", ()),
        ({"flytting_g2015": HUSH}, "wrong_register", None, ()),
        ({"hush_fam_2015": change(FLYTTING, lopenr_x=["1", "2"])}, "wrong_register", None, ()),
        ({"skatt_2015": HUSH}, "unknown_register", None, ()),
        ({"hush_fam_bu_utd_2015": HUSH}, "unknown_register", None, ()),
        ({"faste_oppl": {name: [] for name in FASTE}}, "empty_table", None, ()),
        ({"flytting": FLYTTING}, "period", None, ()),
        ({"hush_fam_2015_2016": HUSH}, "period", None, ()),
        ({"flytting_g1815": FLYTTING}, "impossible_year", None, ()),
        ({"regsys_2315": REGSYS}, "impossible_year", None, ()),
        ({"bu_utd": {"lopenr_person": ["p1"], "bu_2315": ["401101"]}}, "impossible_year", "bu_2315", ()),
        ({"regstat_2014_2016": REGSTAT}, "period_disagrees", None, ()),
        ({"flytting_g2017": FLYTTING}, "period_disagrees", "flyttedato", (2, 3)),
        ({"hush_fam_2015": HUSH, "hush_fam_nodub_2015": HUSH}, "same_register_twice", None, ()),
        ({"bu_utd": BU, "bu_utd_v2": BU}, "same_register_twice", None, ()),
        ({"faste_oppl": change(FASTE, lopenr_person=["p1", "", "p3"])}, "missing_key", "lopenr_person", (3,)),
        ({"faste_oppl": change(FASTE, lopenr_far=["", "", "x" * 21])}, "long_key", "lopenr_far", (4,)),
        ({"faste_oppl": change(FASTE, kjoenn=["1", "3", "NA"])}, "unknown_code", "kjoenn", (3,)),
        ({"faste_oppl": change(FASTE, fodeland=["1", "Norge", "0000"])}, "code_form", "fodeland", (3, 4)),
        ({"bu_utd": change(BU, bu_2014=["6", "401101", ""])}, "code_form", "bu_2014", (2,)),
        ({"flytting_g2015": change(FLYTTING, regdato=["150314", "20151301"])}, "date_form", "regdato", (2, 3)),
        ({"faste_oppl": change(FASTE, doeds_aar_mnd=["", "2015", ""])}, "month_form", "doeds_aar_mnd", (3,)),
        ({"hush_fam_2015": change(HUSH, barn_i_regstat_famnr=["1", "1.5"])}, "integer_form", "barn_i_regstat_famnr",
         (3,)),
        ({"faste_oppl": change(FASTE, foedsels_aar_mnd=["188003", "197512", "199001"])}, "implausible_birth",
         "foedsels_aar_mnd", (2,)),
        ({"faste_oppl": change(FASTE, doeds_aar_mnd=["", "197501", ""])}, "death_before_birth", "doeds_aar_mnd", (3,)),
        ({"bostedskommune": change(BOSTED, bostedskommune_01_01_2016=["0301", "5001", "9999"])},
         "municipality_classification", "bostedskommune_01_01_2016", (3,)),
        ({"regsys_2015": change(REGSYS, arb_arbkomm=["5001", ""])}, "municipality_classification", "arb_arbkomm", (2,)),
        ({"flytting_g2015": change(FLYTTING, til_kommnr=["0301", "5001"])}, "municipality_classification", "til_kommnr",
         (3,)),
        ({"faste_oppl": change(FASTE, lopenr_person=["p1", "p2", "p1"])}, "conflicting_duplicate", "lopenr_person",
         (2, 4)),
        ({"faste_oppl": repeated(change(FASTE, invkat=["", "NA", "."]), THIRTY)}, "all_missing", "invkat", ()),
        ({"bostedskommune": repeated(change(BOSTED, bostedskommune_01_01_2016=["", "", ""]), THIRTY)}, "all_missing",
         "bostedskommune_01_01_2016", ()),
        ({"faste_oppl": change(FASTE, lopenr_person=["p1", IDENTITY_NUMBER, "p3"])}, "identity_number", "lopenr_person",
         (3,)),
        ({"faste_oppl": change(FASTE, lopenr_mor=["", IDENTITY_NUMBER, ""])}, "identity_number", "lopenr_mor", (3,)),
        ({"faste_oppl": change(FASTE, lopenr_far=["", IDENTITY_NUMBER, ""])}, "identity_number", "lopenr_far", (3,)),
        ({"hush_fam_2015": change(HUSH, lopenr_familie=[IDENTITY_NUMBER, "p1"])}, "identity_number", "lopenr_familie",
         (2,)),
        ({"hush_fam_2015": change(HUSH, regstat_famtyp=["1.1.1", IDENTITY_NUMBER])}, "identity_number",
         "regstat_famtyp", (3,)),
        ({"hush_fam_2015": change(HUSH, fnr=["", IDENTITY_NUMBER])}, "identity_number", "unknown_column_6", (3,)),
        ({"hush_fam_2015": change(HUSH, note=["", f"b. {IDENTITY_NUMBER[:6]} {IDENTITY_NUMBER[6:]}."])},
         "identity_number", "unknown_column_6", (3,)),
    ],
)  # fmt: skip
def test_refused_by_name(
    warehouse: Warehouse,
    rules: Rules,
    registers: dict[str, Table],
    rule: str,
    column: str | None,
    lines: tuple[int, ...],
) -> None:
    write_files(warehouse.landing / "d1", **registers)
    faults = warehouse.refused()
    assert (rule, column) in rules(faults)
    [fault] = [fault for fault in faults if (fault.rule, fault.column) == (rule, column)]
    assert fault.row_numbers == lines
    assert fault.delivery == "d1"


def content(warehouse: Warehouse, text: bytes, name: str = "w21_1234_hush_fam_2015.csv") -> list[Fault]:
    """The faults of a delivery of one file of these bytes."""
    folder = warehouse.landing / "d1"
    folder.mkdir()
    (folder / name).write_bytes(text)
    return warehouse.refused()


HUSH_TEXT = as_text(HUSH)


@pytest.mark.parametrize(
    ("text", "rule", "lines"),
    [
        (b"", "unreadable", ()),
        (b"\r\n" + HUSH_TEXT.encode(), "unreadable", ()),
        (HUSH_TEXT.encode("utf-16"), "unreadable", ()),
        (HUSH_TEXT.encode("utf-16-le"), "unreadable", (1,)),
        (HUSH_TEXT.replace("p0002;p0002", "p0002;p\x00").encode(), "unreadable", (3,)),
        (HUSH_TEXT.replace("p0002;p0002", "p0002;\udc81").encode("utf-8", "surrogateescape"), "unreadable", (3,)),
        (HUSH_TEXT.replace("lopenr", "l\udc81", 1).encode("utf-8", "surrogateescape"), "unreadable", (1,)),
        ((HUSH_TEXT + "p0003;p0003;1.1.1;0\r\n").encode(), "ragged_row", (4,)),
        ((HUSH_TEXT + "\r\n\r\np0003;p0003;1.1.1;0;0;0\r\n").encode(), "ragged_row", (6,)),
        ((HUSH_TEXT + '\r\np0003;"p0"003;1.1.1;0;0\r\n').encode(), "unreadable_row", (5,)),
        (HUSH_TEXT.splitlines()[1].encode(), "missing_column", ()),
        (b"<html><body>Logg inn</body></html>", "missing_column", ()),
    ],
)
def test_unreadable_text(warehouse: Warehouse, text: bytes, rule: str, lines: tuple[int, ...]) -> None:
    found = [fault for fault in content(warehouse, text) if fault.rule == rule]
    assert found
    assert found[0].row_numbers == lines


def test_unreadable_parquet(warehouse: Warehouse) -> None:
    [fault] = content(warehouse, b"PAR1 broken", "w21_hush_fam_2015.parquet")
    assert fault.rule == "unreadable"


def test_a_column_that_stands_twice_in_a_parquet_file(warehouse: Warehouse) -> None:
    """DuckDB gives the second another name, and what it says was lost without a word."""
    (warehouse.landing / "d1").mkdir()
    columns = [["p1", "p2"], ["1", "2"], ["2", "1"]]
    table = pa.Table.from_arrays([pa.array(values) for values in columns], ["lopenr_person", "kjoenn", "Kjoenn"])
    pyarrow.parquet.write_table(table, warehouse.landing / "d1" / "faste_oppl.parquet")
    [fault] = warehouse.refused()
    assert fault.rule == "unreadable"
    assert "by place: [3]" in fault.message


@pytest.mark.parametrize(
    "keys",
    [
        [f"{IDENTITY_NUMBER}.0", f"{IDENTITY_NUMBER}.0", "x"],
        [f"{IDENTITY_NUMBER},0", f"{IDENTITY_NUMBER},0", "x"],
        [f"{IDENTITY_NUMBER}.0", "", f"{IDENTITY_NUMBER}.0"],
    ],
)
def test_identity_numbers_written_as_decimals(warehouse: Warehouse, keys: list[str]) -> None:
    """In a key column, whatever else stands in it, and in one that the contract does not know."""
    write_files(warehouse.landing / "d1", faste_oppl=change(FASTE, lopenr_mor=keys))
    assert ("identity_number", "lopenr_mor") in {(fault.rule, fault.column) for fault in warehouse.refused()}


def test_identity_numbers_written_as_decimals_in_an_unknown_column(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "d1", faste_oppl=FASTE | {"fnr": [f"{IDENTITY_NUMBER}.0"] * 3})
    assert "identity_number" in {fault.rule for fault in warehouse.refused()}


def test_identity_numbers_as_doubles_of_which_one_is_no_number(warehouse: Warehouse) -> None:
    (warehouse.landing / "d1").mkdir()
    mothers = pa.array([31129900183.0, 31129900264.0, float("nan")])  # none begins with 0, which a number loses
    table = pa.table({**FASTE, "lopenr_mor": mothers})
    pyarrow.parquet.write_table(table, warehouse.landing / "d1" / "faste_oppl.parquet")
    assert ("identity_number", "lopenr_mor") in {(fault.rule, fault.column) for fault in warehouse.refused()}


def test_a_first_line_longer_than_any_header(warehouse: Warehouse) -> None:
    [fault] = content(warehouse, b"x" * 200_000 + b"\r\n1\r\n")
    assert (fault.rule, fault.row_numbers) == ("unreadable", (1,))


@pytest.mark.parametrize("lost", [["9.2422e+11", "1e+15", ""], ["9007199254740992.0", "7.0", ""]])
def test_keys_that_have_lost_digits(warehouse: Warehouse, lost: list[str]) -> None:
    write_files(warehouse.landing / "d1", faste_oppl=change(FASTE, lopenr_mor=lost))
    assert ("rounded_key", "lopenr_mor") in {(fault.rule, fault.column) for fault in warehouse.refused()}


def test_line_numbers_count_blank_and_ragged_lines(warehouse: Warehouse) -> None:
    text = HUSH_TEXT + "\r\np0003;p0003\r\n\r\np0004;p0004;1.1.1;0;mange\r\n"
    found = {fault.rule: fault.row_numbers for fault in content(warehouse, text.encode())}
    assert found == {"ragged_row": (5,), "integer_form": (7,)}


def test_line_numbers_deep_in_a_file(warehouse: Warehouse) -> None:
    good = "".join(f"k{row};k{row};1.1.1;0;0\r\n" for row in range(200_000))
    text = HUSH_TEXT.splitlines(keepends=True)[0] + good + "x;y\r\nk;k;1.1.1;0;mange\r\n" + good.replace("k", "m")
    strict = warehouse.study.load.model_copy(update={"form_error_share": 0.0})
    strict_study = warehouse.study.model_copy(update={"load": strict})
    found = content(Warehouse(warehouse.landing, warehouse.database, strict_study), text.encode())
    assert {fault.rule: fault.row_numbers for fault in found} == {"ragged_row": (200_002,), "integer_form": (200_003,)}


@pytest.mark.parametrize("name", ["flytting_g2015.xlsx", "flytting_g2015.csv.gz", "flytting_g2015.sas7bdat"])
def test_other_formats_are_refused(warehouse: Warehouse, rules: Rules, name: str) -> None:
    write_delivery(warehouse.landing / "d1")
    (warehouse.landing / "d1" / name).write_bytes(b"x")
    assert rules(warehouse.refused()) == {("unknown_format", None)}


def test_a_folder_inside_a_delivery_is_refused(warehouse: Warehouse, rules: Rules) -> None:
    write_delivery(warehouse.landing / "d1" / "inner")
    assert rules(warehouse.refused()) == {("folder_inside", None)}


@pytest.mark.parametrize("name", ["nothing", "..", "d1/../d1", "empty"])
def test_a_delivery_that_is_not_there(warehouse: Warehouse, rules: Rules, name: str) -> None:
    write_delivery(warehouse.landing / "d1")
    (warehouse.landing / "empty").mkdir()
    assert rules(warehouse.refused(name)) == {("no_delivery", None)}


def test_one_report_lists_every_fault_of_every_delivery(warehouse: Warehouse) -> None:
    write_delivery(
        warehouse.landing / "d1",
        faste_oppl=change(FASTE, kjoenn=["1", "x", "2"], lopenr_mor=["", "", IDENTITY_NUMBER]),
        hush_fam_2015=without(HUSH, "parstatus", "lopenr_familie"),
        flytting_g2315=FLYTTING,
        skatt_2015=HUSH,
    )
    write_delivery(warehouse.landing / "d2")
    write_delivery(warehouse.landing / "d3", bu_utd={"lopenr_person": [], "bu_2015": []})
    found = {(fault.delivery, fault.rule, fault.column) for fault in warehouse.refused()}
    assert found == {
        ("d1", "unknown_code", "kjoenn"),
        ("d1", "identity_number", "lopenr_mor"),
        ("d1", "missing_column", "parstatus"),
        ("d1", "missing_column", "lopenr_familie"),
        ("d1", "impossible_year", None),
        ("d1", "period_disagrees", "flyttedato"),
        ("d1", "unknown_register", None),
        ("d3", "empty_table", None),
    }


CANARY = "KANARI77"


@pytest.mark.parametrize(
    "text",
    [
        as_text(change(HUSH, parstatus=[CANARY, "0"], barn_i_regstat_famnr=[CANARY, "0"])),
        as_text(change(HUSH, lopenr_familie=["p1", CANARY * 4])),
        as_text(change(HUSH, lopenr_person=[CANARY, CANARY])),
        as_text(change(HUSH, lopenr_familie=[IDENTITY_NUMBER, CANARY])),
        as_text(HUSH) + f"{CANARY};{CANARY}\r\n",
        as_text(HUSH) + f'{CANARY};"{CANARY};1.1.1;0\r\n',
        as_text(HUSH) + f'{CANARY};"{CANARY}"{CANARY};1.1.1;0;0\r\n',
        f"{CANARY};{CANARY};1.1.1;0;0\r\n" + as_text(HUSH),
        f"{CANARY};lopenr_person;{CANARY}\r\n1;2;3\r\n",
    ],
)
def test_nothing_written_holds_a_value(
    warehouse: Warehouse, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], text: str
) -> None:
    folder = warehouse.landing / "d1"
    folder.mkdir()
    (folder / "hush_fam_2015.csv").write_text(text)
    with pytest.raises(DeliveryRefused) as refusal:
        warehouse.load()
    log = tmp_path / "logs" / "refusals.jsonl"
    write_refusal(log, refusal.value, "run_1")
    written = [str(refusal.value), repr(refusal.value), refusal.value.report(), log.read_text(), caplog.text]
    written += [*capfd.readouterr(), repr(refusal.value.__cause__)]
    for text_written in written:
        assert CANARY not in text_written
        assert IDENTITY_NUMBER not in text_written


def test_a_refusal_is_a_json_line_for_each_delivery(warehouse: Warehouse, tmp_path: Path) -> None:
    write_files(warehouse.landing / "d1", faste_oppl=change(FASTE, kjoenn=["1", "x", "2"]))
    write_files(warehouse.landing / "d2", faste_oppl=without(FASTE, "invkat"))
    log = tmp_path / "logs" / "refusals.jsonl"
    for run_id in ("run_1", "run_2"):
        with pytest.raises(DeliveryRefused) as refusal:
            warehouse.load()
        write_refusal(log, refusal.value, run_id)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["run_id"], line["delivery"]) for line in lines] == [
        ("run_1", "d1"), ("run_1", "d2"), ("run_2", "d1"), ("run_2", "d2")]  # fmt: skip
    [fault] = lines[0]["faults"]
    assert (fault["file"], fault["column"], fault["rule"]) == ("w21_1234_faste_oppl_ut.csv", "kjoenn", "unknown_code")
    assert (fault["row_numbers"], fault["n_rows"]) == ([3], 1)


def test_shares_decide_in_large_files(warehouse: Warehouse) -> None:
    """One wrong value among 1,200 is emptied, two are refused."""
    many = repeated(FASTE, 400)
    sexes = list(many["kjoenn"])
    write_files(warehouse.landing / "d1", faste_oppl=change(many, kjoenn=["x", *sexes[1:]]))
    warehouse.load()
    assert warehouse.findings("faste_oppl")[("kjoenn", "unknown_code", "noted")] == 1
    write_files(warehouse.landing / "d2", faste_oppl=change(many, kjoenn=["x", "x", *sexes[2:]]))
    assert {fault.rule for fault in warehouse.refused()} == {"unknown_code"}


def in_latin_1(name: str) -> str:
    """A name as it comes out of an archive that knew no UTF-8."""
    return os.fsdecode(name.encode("latin-1"))


def test_names_that_are_no_text_are_refused_with_a_mark_for_what_cannot_be_read(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / in_latin_1("prøve"), hush_fam_2015=HUSH)
    folder = write_files(warehouse.landing / "d2", hush_fam_2015=HUSH)
    [file] = folder.iterdir()
    file.rename(folder / in_latin_1("hush_fam_2015_prøve.csv"))
    assert warehouse.due() == ["d2", "pr\ufffdve"]
    faults = warehouse.refused()
    assert [(fault.delivery, fault.file, fault.rule) for fault in faults] == [
        ("d2", "hush_fam_2015_pr\ufffdve.csv", "unreadable_name"),
        ("pr\ufffdve", None, "unreadable_name"),
    ]
    write_refusal(warehouse.landing.parent / "refusals.jsonl", DeliveryRefused(faults), "run_1")


def test_links_that_lead_nowhere_are_refused(warehouse: Warehouse) -> None:
    folder = write_files(warehouse.landing / "d1", hush_fam_2015=HUSH)
    (folder / "regsys_2015.csv").symlink_to("/media/gone/regsys_2015.csv")
    (warehouse.landing / "d2").symlink_to("/media/gone/d2")
    assert warehouse.due() == ["d1", "d2"]
    assert [(fault.delivery, fault.file, fault.rule) for fault in warehouse.refused()] == [
        ("d1", "regsys_2015.csv", "broken_link"),
        ("d2", "d2", "broken_link"),
    ]
