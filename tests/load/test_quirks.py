"""Every quirk of real extracts: repaired, dropped, quarantined or noted, and counted."""

from datetime import date
from pathlib import Path

import pytest

from tests.deliveries import (
    BOSTED,
    BU,
    FASTE,
    FLYTTING,
    HUSH,
    REGSTAT,
    REGSYS,
    change,
    repeated,
    write_delivery,
    write_files,
)
from tests.load.conftest import Warehouse


def test_the_plain_delivery_lands_typed_and_without_findings(warehouse: Warehouse) -> None:
    write_delivery(warehouse.landing / "d1")
    [loaded] = warehouse.load()
    assert (loaded.delivery, loaded.arrival, loaded.n_files, loaded.n_rows) == ("d1", 1, 7, 18)
    assert warehouse.rows("from raw.faste_oppl where lopenr_person = 'p0003'") == [
        ("p0003", 199001, None, "2", "000", "C", "101", None, "p0002", None, 1)
    ]
    assert warehouse.rows("select * from raw.bostedskommune order by aar, lopenr_person") == [
        ("p0001", 2015, "0301", 1),
        ("p0002", 2015, "1201", 1),
        ("p0001", 2016, "0301", 1),
        ("p0002", 2016, "0301", 1),
        ("p0003", 2016, "1201", 1),
    ]
    assert ("p0003", 2016, "1", date(2015, 6, 15), 1) in warehouse.rows("from raw.regstat")
    assert warehouse.rows("from raw.flytting where lopenr_person = 'p0002'") == [
        ("p0002", 2015, date(2015, 3, 14), date(2015, 3, 20), "1", "1201", "0301", "000", "000", 1)
    ]
    assert ("p0002", 2015, "p0002", "2.3.1", "0", 1, 1) in warehouse.rows("from raw.hush_fam")
    assert len(warehouse.rows("from raw.bu_utd")) == 5
    assert ("p0002", 2015, "3", None, 1) in warehouse.rows("from raw.regsys")
    for register in ("faste_oppl", "bostedskommune", "regstat", "flytting", "hush_fam", "bu_utd", "regsys"):
        assert warehouse.findings(register) == {}


def test_lost_leading_zeros_are_put_back(warehouse: Warehouse) -> None:
    write_files(
        warehouse.landing / "d1",
        bostedskommune=change(BOSTED, bostedskommune_01_01_2015=["301", "1201", ""]),
        faste_oppl=change(FASTE, fodeland=["0", "101", "000"]),
        flytting_g2015=change(FLYTTING, til_kommnr=["301", "1201"]),
        bu_utd=change(BU, bu_2014=["11101", "401101", ""]),
    )
    warehouse.load()
    assert ("p0001", 2015, "0301", 1) in warehouse.rows("from raw.bostedskommune")
    assert ("p0001", 2014, "011101", 1) in warehouse.rows("from raw.bu_utd")
    assert warehouse.findings("bostedskommune") == {("bostedskommune_01_01_2015", "leading_zeros", "repaired"): 1}
    assert warehouse.findings("faste_oppl") == {("fodeland", "leading_zeros", "repaired"): 1}
    assert warehouse.findings("flytting") == {("til_kommnr", "leading_zeros", "repaired"): 1}


def test_keys_are_never_padded_or_repaired(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "d1", faste_oppl=change(FASTE, lopenr_person=["7", "007", "7.0"]))
    warehouse.load()
    assert set(warehouse.rows("select lopenr_person from raw.faste_oppl")) == {("7",), ("007",), ("7.0",)}


@pytest.mark.parametrize("keys", [["7.0", "", "12.0"], ["7.00", "9.0", "12.0"]])
def test_a_column_of_keys_written_with_decimals_is_of_whole_numbers(warehouse: Warehouse, keys: list[str]) -> None:
    """As pandas writes whole numbers where one is missing: every family was without its reference person."""
    write_files(
        warehouse.landing / "d1",
        faste_oppl=change(FASTE, lopenr_person=["7", "9", "12"], lopenr_mor=keys),
    )
    warehouse.load()
    mothers = {key.partition(".")[0] or None for key in keys}
    assert {mother for (mother,) in warehouse.rows("select lopenr_mor from raw.faste_oppl")} == mothers
    n_filled = sum(bool(key) for key in keys)
    assert warehouse.findings("faste_oppl")["lopenr_mor", "decimal_point", "repaired"] == n_filled


def test_numbers_written_with_decimals(warehouse: Warehouse) -> None:
    write_files(
        warehouse.landing / "d1",
        faste_oppl=change(FASTE, foedsels_aar_mnd=["198003.0", "197512.0", "199001.0"], kjoenn=["1.0", "2.0", "2"]),
        flytting_g2015=change(FLYTTING, flyttedato=["20150314.0", "20150615.0"], til_kommnr=["301.0", "1201.0"]),
        hush_fam_2015=change(HUSH, barn_i_regstat_famnr=["0.0", "1.0"]),
    )
    warehouse.load()
    assert warehouse.findings("faste_oppl") == {
        ("foedsels_aar_mnd", "decimal_point", "repaired"): 3,
        ("kjoenn", "decimal_point", "repaired"): 2,
    }
    assert warehouse.findings("flytting") == {
        ("flyttedato", "decimal_point", "repaired"): 2,
        ("til_kommnr", "decimal_point", "repaired"): 2,
        ("til_kommnr", "leading_zeros", "repaired"): 1,
    }
    assert warehouse.rows("select til_kommnr from raw.flytting order by 1") == [("0301",), ("1201",)]
    assert warehouse.rows("select foedsels_aar_mnd from raw.faste_oppl order by 1") == [(197512,), (198003,), (199001,)]


@pytest.mark.parametrize("written", ["14.03.2015", "2015-03-14", "2015-03-14 00:00:00"])
def test_mixed_date_formats(warehouse: Warehouse, written: str) -> None:
    write_files(
        warehouse.landing / "d1", faste_oppl=FASTE, flytting_g2015=change(FLYTTING, flyttedato=[written, "20150615"])
    )
    warehouse.load()
    dates = {(date(2015, 3, 14),), (date(2015, 6, 15),)}
    assert set(warehouse.rows("select flyttedato from raw.flytting")) == dates
    assert warehouse.findings("flytting") == {("flyttedato", "date_format", "repaired"): 1}


@pytest.mark.parametrize("written", ["2015-03", "20150314", "14.03.2015", "2015-03-14"])
def test_mixed_month_formats(warehouse: Warehouse, written: str) -> None:
    write_files(warehouse.landing / "d1", faste_oppl=change(FASTE, forst_aar_mnd=[written, "200507", ""]))
    warehouse.load()
    assert warehouse.rows("select forst_aar_mnd from raw.faste_oppl where lopenr_person = 'p0001'") == [(201503,)]
    assert warehouse.findings("faste_oppl") == {("forst_aar_mnd", "date_format", "repaired"): 1}


@pytest.mark.parametrize("missing", ["", "NA", ".", " NA ", "  "])
def test_what_says_missing(warehouse: Warehouse, missing: str) -> None:
    write_files(
        warehouse.landing / "d1",
        bostedskommune=change(BOSTED, bostedskommune_01_01_2015=["0301", missing, missing]),
        regsys_2015=change(REGSYS, arb_arbkomm=[" 0301 ", missing]),
    )
    warehouse.load()
    assert warehouse.rows("from raw.bostedskommune where aar = 2015") == [("p0001", 2015, "0301", 1)]
    assert warehouse.rows("select arb_arbkomm from raw.regsys order by all") == [("0301",), (None,)]


def test_codes_in_another_letter_case(warehouse: Warehouse) -> None:
    write_files(
        warehouse.landing / "d1",
        faste_oppl=change(FASTE, invkat=["a", "B", "C"]),
        hush_fam_2015=change(HUSH, parstatus=["U", "p"]),
    )
    warehouse.load()
    assert warehouse.findings("faste_oppl") == {("invkat", "letter_case", "repaired"): 1}
    assert warehouse.rows("select parstatus from raw.hush_fam order by 1") == [("p",), ("u",)]


def test_columns_in_capitals_in_any_order_and_unknown_ones(warehouse: Warehouse) -> None:
    capitals = {name.upper(): values for name, values in reversed(list(FASTE.items()))}
    folder = write_delivery(warehouse.landing / "d1", faste_oppl=change(capitals, KOMMENTAR=["x", "y", "z"]))
    warehouse.load()
    assert warehouse.rows("select kjoenn, invkat from raw.faste_oppl order by lopenr_person") == [
        ("1", "A"), ("2", "B"), ("2", "C")]  # fmt: skip
    assert (folder / "w21_1234_faste_oppl_ut.csv").read_text().startswith("LOPENR_FAR;")
    assert warehouse.findings("faste_oppl") == {(None, "unknown_column_11", "noted"): 3}


@pytest.mark.parametrize(
    "name",
    [
        "w21_1234_flytting_g2015_nodub_ut.csv",
        "FLYTTING_G2015_NODUP.TXT",
        "x9_flytting_nodub_2015.csv",
        "flytting2015.csv",
        "flytting_g2015.csv",
    ],
)
def test_file_names_vary(warehouse: Warehouse, name: str) -> None:
    folder = write_files(warehouse.landing / "d1", flytting_g2015=FLYTTING)
    (folder / "w21_1234_flytting_g2015_ut.csv").rename(folder / name)
    warehouse.load()
    assert len(warehouse.rows("from raw.flytting where aar = 2015")) == 2


def test_keys_with_and_without_prefix_in_one_delivery(warehouse: Warehouse) -> None:
    folder = write_delivery(warehouse.landing / "d1")
    path = folder / "w21_1234_hush_fam_2015_ut.csv"
    path.write_text(path.read_text().replace("w21_1234_", ""))
    other = folder / "w21_1234_bu_utd_ut.csv"
    other.write_text(other.read_text().replace("w21_1234_", "P2020_17_"))
    warehouse.load()
    assert len(warehouse.rows("from raw.hush_fam")) == 2


def test_regstat_years_of_two_and_four_digits(warehouse: Warehouse) -> None:
    digits = {name.replace("_15", "_2015").replace("_16", "_2016"): values for name, values in REGSTAT.items()}
    write_delivery(warehouse.landing / "d1", regstat_2015_2016=digits)
    warehouse.load()
    assert warehouse.rows("select distinct aar from raw.regstat order by 1") == [(2015,), (2016,)]


def test_exact_duplicates_are_dropped(warehouse: Warehouse) -> None:
    twice = {name: [*values, values[0]] for name, values in FASTE.items()}
    twice["fodeland"] = ["000", "101", "000", "0"]  # equal once repaired
    moves = {name: [*values, values[0], values[0]] for name, values in FLYTTING.items()}
    write_files(warehouse.landing / "d1", faste_oppl=twice, flytting_g2015=moves)
    warehouse.load()
    assert len(warehouse.rows("from raw.faste_oppl")) == 3
    assert len(warehouse.rows("from raw.flytting")) == 2
    assert warehouse.findings("faste_oppl")[(None, "exact_duplicate", "dropped")] == 1
    assert warehouse.findings("flytting") == {(None, "exact_duplicate", "dropped"): 2}


def test_several_moves_a_year_are_no_duplicates(warehouse: Warehouse) -> None:
    moves = change(
        FLYTTING, lopenr_person=["p0002", "p0002"], flyttetype=["3", "2"],
        flyttedato=["20150101", "20151231"], regdato=["20150102", "20160104"],
    )  # fmt: skip
    write_files(warehouse.landing / "d1", faste_oppl=FASTE, flytting_g2015=moves)
    warehouse.load()
    assert len(warehouse.rows("from raw.flytting")) == 2
    assert warehouse.findings("flytting") == {}


def test_contradicting_rows_of_a_person_are_quarantined(lenient: Warehouse) -> None:
    twice = {name: [*values, values[1]] for name, values in FASTE.items()}
    twice["foedsels_aar_mnd"] = ["198003", "197512", "199001", "197511"]
    write_files(lenient.landing / "d1", faste_oppl=twice)
    lenient.load()
    assert lenient.rows("select lopenr_person from raw.faste_oppl order by 1") == [("p0001",), ("p0003",)]
    assert lenient.rows("select row_number, rule from audit.quarantine order by 1") == [
        (3, "conflicting_duplicate"),
        (5, "conflicting_duplicate"),
    ]
    assert lenient.findings("faste_oppl")[(None, "conflicting_duplicate", "quarantined")] == 2


def test_codes_not_valid_on_their_date_are_noted_and_kept(lenient: Warehouse) -> None:
    codes = ["0301", "5001", ""]  # 5001 is of 2018
    write_files(lenient.landing / "d1", bostedskommune=change(BOSTED, bostedskommune_01_01_2015=codes))
    lenient.load()
    assert lenient.findings("bostedskommune") == {("bostedskommune_01_01_2015", "invalid_municipality", "noted"): 1}
    assert ("p0002", 2015, "5001", 1) in lenient.rows("from raw.bostedskommune")


def test_unknown_and_non_mainland_codes_are_not_invalid(warehouse: Warehouse) -> None:
    codes = ["9999", "2111", "2580"]
    write_files(warehouse.landing / "d1", bostedskommune=change(BOSTED, bostedskommune_01_01_2016=codes))
    warehouse.load()
    assert warehouse.findings("bostedskommune") == {}


def test_a_move_on_the_day_of_a_reform(warehouse: Warehouse) -> None:
    """Out of a municipality that existed until the day before, into one that exists from that day."""
    moves = change(
        FLYTTING, flyttedato=["20180101", "20180615"], regdato=["20180105", "20180615"],
        fra_kommnr=["1601", ""], til_kommnr=["5001", "5001"],
    )  # fmt: skip
    write_delivery(warehouse.landing / "d1", flytting_g2015=None, flytting_g2018=moves)
    warehouse.load()
    assert ("fra_kommnr", "invalid_municipality", "noted") not in warehouse.findings("flytting")


def test_events_outside_the_year_and_of_unknown_persons(warehouse: Warehouse) -> None:
    moves = change(FLYTTING, lopenr_person=["p0002", "nobody"], flyttedato=["20141230", "20150615"])
    write_files(warehouse.landing / "d1", faste_oppl=FASTE, flytting_g2015=moves)
    warehouse.load()
    assert warehouse.findings("flytting") == {
        ("flyttedato", "event_outside_year", "noted"): 1,
        ("lopenr_person", "event_of_unknown_person", "noted"): 1,
    }


def test_what_is_counted_and_never_refused(warehouse: Warehouse) -> None:
    write_delivery(
        warehouse.landing / "d1",
        faste_oppl=change(FASTE, forst_aar_mnd=["", "", ""], lopenr_mor=["m1", "", ""], lopenr_far=["f1", "f2", ""]),
        hush_fam_2015=change(HUSH, lopenr_familie=["q1", "p0002"], barn_i_regstat_famnr=["2", "0"]),
        flytting_g2015=change(FLYTTING, flyttetype=["1", "3"]),
        bu_utd=change(BU, bu_2014=["999999", "012345", ""]),
    )
    warehouse.load()
    assert warehouse.findings("faste_oppl") == {
        ("forst_aar_mnd", "missing_first_immigration", "noted"): 1,
        ("lopenr_mor", "unknown_mother", "noted"): 1,
        ("lopenr_far", "unknown_father", "noted"): 2,
    }
    assert warehouse.findings("hush_fam") == {
        ("lopenr_familie", "unknown_reference_person", "noted"): 1,
        ("barn_i_regstat_famnr", "children_against_family_type", "noted"): 2,
    }
    assert warehouse.findings("bostedskommune") == {("bostedskommune", "arrival_without_event", "noted"): 1}
    assert warehouse.findings("bu_utd") == {}


@pytest.mark.parametrize(
    ("register", "table", "column", "rule"),
    [
        ("faste_oppl", change(FASTE, invkat=["A", "Q", "C"]), "invkat", "unknown_code"),
        (
            "faste_oppl",
            change(FASTE, foedsels_aar_mnd=["198013", "197512", "199001"]),
            "foedsels_aar_mnd",
            "month_form",
        ),
        ("faste_oppl", change(FASTE, fodeland=["Norge", "101", "000"]), "fodeland", "code_form"),
        ("flytting_g2015", change(FLYTTING, regdato=["20150230", "20150620"]), "regdato", "date_form"),
        ("hush_fam_2015", change(HUSH, barn_i_regstat_famnr=["to", "1"]), "barn_i_regstat_famnr", "integer_form"),
    ],
)
def test_a_few_values_of_no_known_form_are_emptied(
    lenient: Warehouse, register: str, table: dict[str, list[str]], column: str, rule: str
) -> None:
    write_files(lenient.landing / "d1", **{register: table})
    lenient.load()
    name = register.rsplit("_", 1)[0] if register[-1].isdigit() else register
    assert lenient.findings(name)[(column, rule, "noted")] == 1
    n_empty = 3 if column == "forst_aar_mnd" else 1
    assert lenient.rows(f"select count(*) from raw.{name} where {column} is null") == [(n_empty,)]


@pytest.mark.parametrize("code", ["X301", "12345", "03 01"])
def test_an_unreadable_municipality_of_residence_is_an_unknown_one(lenient: Warehouse, code: str) -> None:
    """As is a readable one that no list has: the person lives somewhere. Without a code they would live nowhere."""
    codes = ["0301", code, ""]
    write_files(lenient.landing / "d1", bostedskommune=change(BOSTED, bostedskommune_01_01_2015=codes))
    lenient.load()
    assert lenient.rows("select lopenr_person, bostedskommune from raw.bostedskommune where aar = 2015 order by 1") == [
        ("p0001", "0301"),
        ("p0002", lenient.study.geography.unknown_codes[0]),
    ]
    assert lenient.findings("bostedskommune") == {("bostedskommune_01_01_2015", "code_form", "noted"): 1}
    assert lenient.rows("select n_rows from audit.register_year where year = 2015") == [(2,)]


def test_a_status_on_no_list_is_kept(lenient: Warehouse) -> None:
    """Emptied, it would make its person a resident (§5.5: neither 1 nor missing)."""
    write_files(lenient.landing / "d1", faste_oppl=FASTE, regstat_2015_2016=change(REGSTAT, regstat_15=["2", "1", "3"]))
    lenient.load()
    statuses = lenient.rows("select lopenr_person, regstat from raw.regstat where aar = 2015 order by 1")
    assert statuses == [("p0001", "2"), ("p0002", "1"), ("p0003", "3")]
    assert lenient.findings("regstat") == {("regstat_15", "unknown_code", "noted"): 1}


@pytest.mark.parametrize(
    ("columns", "rule", "emptied"),
    [
        ({"foedsels_aar_mnd": ["170003", "197512", "199001"]}, "implausible_birth", "foedsels_aar_mnd"),
        ({"foedsels_aar_mnd": ["209903", "197512", "199001"]}, "implausible_birth", "foedsels_aar_mnd"),
        ({"doeds_aar_mnd": ["197002", "", ""]}, "death_before_birth", "doeds_aar_mnd"),
        ({"doeds_aar_mnd": ["209902", "", ""]}, "implausible_death", "doeds_aar_mnd"),
    ],
)
def test_a_few_impossible_months_are_emptied(
    lenient: Warehouse, columns: dict[str, list[str]], rule: str, emptied: str
) -> None:
    write_files(lenient.landing / "d1", faste_oppl=change(FASTE, **columns))
    lenient.load()
    assert lenient.findings("faste_oppl") == {(emptied, rule, "noted"): 1}
    assert lenient.rows(f"select {emptied} from raw.faste_oppl where lopenr_person = 'p0001'") == [(None,)]


def test_a_few_immigrants_born_in_norway_are_noted_and_kept(warehouse: Warehouse) -> None:
    """One of 300, where more than half a percent is refused; nothing said that they were there."""
    many = repeated(FASTE, 100)
    one = next(place for place, category in enumerate(many["invkat"]) if category == "B")
    many["fodeland"][one] = "000"
    write_files(warehouse.landing / "d1", faste_oppl=many)
    warehouse.load()
    assert warehouse.findings("faste_oppl")["invkat", "category_against_birth_country", "noted"] == 1
    born = warehouse.rows("select count(*) from raw.faste_oppl where invkat = 'B' and fodeland = '000'")
    assert born == [(1,)]


def test_documents_and_hidden_files_are_passed_over(warehouse: Warehouse) -> None:
    folder = write_delivery(warehouse.landing / "d1")
    for name in ("README.txt", "variabelliste.pdf", ".DS_Store", "lesmeg.md"):
        (folder / name).write_text("about the data")
    (warehouse.landing / "truth.json").write_text("{}")
    (warehouse.landing / "truth.parquet").write_bytes(b"")
    (warehouse.landing / "tomorrow").mkdir()
    assert warehouse.due() == ["d1"]
    [loaded] = warehouse.load()
    assert loaded.n_files == 7


def test_a_delivery_may_bring_some_registers_only(warehouse: Warehouse, tmp_path: Path) -> None:
    write_files(warehouse.landing / "d1", hush_fam_2015=HUSH)
    warehouse.load()
    assert warehouse.rows("select register, year, is_current from audit.register_year") == [("hush_fam", 2015, True)]
