"""Which version of a register-year is current: overlap, repetition, change, order of arrival, withdrawal."""

import os
import shutil
from pathlib import Path

import duckdb
import pytest

from flows.load import DeliveryRefused, NotLoaded
from storage.sql import file_literal
from tests.deliveries import BOSTED, FASTE, FLYTTING, HUSH, change, write_delivery, write_files
from tests.load.conftest import Warehouse

REGISTERS = ("faste_oppl", "bostedskommune", "regstat", "flytting", "hush_fam", "bu_utd", "regsys")


def raw(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    """All of raw, arrivals left out."""
    return {name: warehouse.rows(f"select * exclude arrival from raw.{name} order by all") for name in REGISTERS}


def hush(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows("select lopenr_person, parstatus from raw.hush_fam order by all")


def parstatus(code: str) -> dict[str, object]:
    return {"hush_fam_2015": change(HUSH, parstatus=[code, code])}


def test_loading_is_idempotent(warehouse: Warehouse) -> None:
    assert warehouse.due() == []
    folder = write_delivery(warehouse.landing / "d1")
    assert warehouse.due() == ["d1"]
    warehouse.load()
    before = raw(warehouse)
    assert warehouse.due() == []
    assert warehouse.load() == []
    assert warehouse.load("d1") == []
    for path in folder.iterdir():
        os.utime(path, ns=(1, 1))
    assert warehouse.due() == ["d1"]
    assert warehouse.load() == []
    assert warehouse.due() == []
    assert raw(warehouse) == before
    assert warehouse.rows("select count(*) from audit.delivery") == [(1,)]


def test_new_folders_arrive_by_delivery_id(warehouse: Warehouse) -> None:
    for delivery, code in (("b", "2"), ("a", "1"), ("c", "3")):
        write_files(warehouse.landing / delivery, **parstatus(code))
    assert [(loaded.delivery, loaded.arrival) for loaded in warehouse.load()] == [("a", 1), ("b", 2), ("c", 3)]
    assert hush(warehouse) == [("p0001", "3"), ("p0002", "3")]


def test_order_of_arrival_decides_and_not_the_name(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "z", **parstatus("3"))
    warehouse.load()
    write_files(warehouse.landing / "a", **parstatus("1"))
    warehouse.load()
    assert hush(warehouse) == [("p0001", "1"), ("p0002", "1")]
    assert warehouse.rows("select arrival, is_current from audit.register_year order by 1") == [(1, False), (2, True)]


def test_persons_are_replaced_one_by_one(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "d1", faste_oppl=FASTE)
    fewer = {name: values[1:] for name, values in change(FASTE, kjoenn=["1", "1", "1"]).items()}
    write_files(warehouse.landing / "d2", faste_oppl=fewer)
    warehouse.load()
    assert warehouse.rows("select lopenr_person, kjoenn, arrival from raw.faste_oppl order by 1") == [
        ("p0001", "1", 1), ("p0002", "1", 2), ("p0003", "1", 2)]  # fmt: skip
    assert warehouse.rows("select arrival, is_current from audit.register_year order by 1") == [(1, True), (2, True)]


def test_persons_who_have_not_changed_stay_as_they_are(warehouse: Warehouse) -> None:
    """And are delivered anew by whoever takes the place of the delivery they came with."""
    write_files(warehouse.landing / "d1", faste_oppl=FASTE)
    write_files(warehouse.landing / "d2", faste_oppl=change(FASTE, kjoenn=["1", "1", "2"]))
    warehouse.load()
    arrivals = "select lopenr_person, arrival from raw.faste_oppl order by 1"
    before = dict(warehouse.rows("select lopenr_person, kjoenn from raw.faste_oppl"))
    assert dict(warehouse.rows(arrivals)) == {
        person: 1 if sex == kjoenn else 2
        for person, sex, kjoenn in zip(FASTE["lopenr_person"], FASTE["kjoenn"], ["1", "1", "2"], strict=True)
    }
    warehouse.withdraw("d1")
    assert dict(warehouse.rows("select lopenr_person, kjoenn from raw.faste_oppl")) == before
    assert {arrival for _, arrival in warehouse.rows(arrivals)} == {2}


def test_wide_files_are_replaced_a_year_column_at_a_time(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "d1", bostedskommune=BOSTED)
    later = {
        "lopenr_person": ["p0001", "p0003"],
        "bostedskommune_01_01_2016": ["1201", "1201"],
        "bostedskommune_01_01_2017": ["1201", ""],
    }
    write_files(warehouse.landing / "d2", bostedskommune=later)
    warehouse.load()
    assert warehouse.rows("from raw.bostedskommune order by aar, lopenr_person") == [
        ("p0001", 2015, "0301", 1), ("p0002", 2015, "1201", 1),
        ("p0001", 2016, "1201", 2), ("p0003", 2016, "1201", 2), ("p0001", 2017, "1201", 2)]  # fmt: skip


def test_an_unchanged_year_column_stays_as_it_is(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "d1", bostedskommune=BOSTED)
    later = change(BOSTED, bostedskommune_01_01_2017=["0301", "0301", "0301"])
    write_files(warehouse.landing / "d2", bostedskommune=later)
    warehouse.load()
    assert warehouse.rows("select distinct aar, arrival from raw.bostedskommune order by 1") == [
        (2015, 1), (2016, 1), (2017, 2)]  # fmt: skip
    assert warehouse.rows("select year, arrival from audit.register_year where is_current order by 1") == [
        (2015, 1), (2016, 1), (2017, 2)]  # fmt: skip


def test_year_files_are_replaced_whole(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "d1", flytting_g2015=FLYTTING)
    one = {name: values[:1] for name, values in FLYTTING.items()}
    write_files(warehouse.landing / "d2", flytting_g2015=one)
    warehouse.load()
    assert warehouse.rows("select lopenr_person, arrival from raw.flytting") == [("p0002", 2)]


def test_overlapping_deliveries_give_what_one_gives(warehouse: Warehouse, tmp_path: Path) -> None:
    write_delivery(warehouse.landing / "once")
    warehouse.load()
    once = raw(warehouse)
    several = Warehouse(tmp_path / "overlapping", tmp_path / "overlapping.duckdb", warehouse.study)
    write_delivery(several.landing / "d1", bu_utd=None, flytting_g2015=None)
    write_delivery(several.landing / "d2", faste_oppl=None)
    write_delivery(several.landing / "d3")
    several.load("d3")
    several.load("d1", "d2")
    assert raw(several) == once


def test_what_is_changed_in_a_delivery_is_a_new_arrival_in_place_of_its_old_content(warehouse: Warehouse) -> None:
    write_delivery(warehouse.landing / "d1")
    warehouse.load()
    path = warehouse.landing / "d1" / "w21_1234_regsys_2015_ut.csv"
    path.unlink()
    write_files(warehouse.landing / "d1", faste_oppl={name: values[:2] for name, values in FASTE.items()})
    assert warehouse.due() == ["d1"]
    [loaded] = warehouse.load()
    assert (loaded.arrival, loaded.n_files) == (3, 1)
    assert warehouse.rows("select arrival, status from audit.delivery order by 1") == [
        (1, "loaded"),
        (2, "replaced"),
        (3, "loaded"),
    ]
    assert warehouse.rows("from raw.regsys") == []
    assert warehouse.rows("select lopenr_person from raw.faste_oppl order by 1") == [("p0001",), ("p0002",)]
    assert len(warehouse.rows("from raw.hush_fam")) == 2
    assert warehouse.due() == []


def test_a_file_added_to_an_old_delivery_takes_back_nothing_that_came_since(warehouse: Warehouse) -> None:
    first = write_delivery(warehouse.landing / "d1", hush_fam_2016=HUSH)
    late = first / "w21_1234_flytting_g2015_ut.csv"
    late.rename(warehouse.landing / late.name)
    warehouse.load("d1")
    write_files(
        warehouse.landing / "d2",
        faste_oppl=change(FASTE, doeds_aar_mnd=["201512", "", ""]),
        bostedskommune=change(BOSTED, bostedskommune_01_01_2015=["1201", "1201", ""]),
        **parstatus("3"),
    )
    warehouse.load("d2")
    before = raw(warehouse)
    (warehouse.landing / late.name).rename(late)
    [loaded] = warehouse.load()
    assert (loaded.delivery, loaded.n_files) == ("d1", 1)
    assert len(warehouse.rows("from raw.flytting")) > 0
    assert raw(warehouse) | {"flytting": []} == before
    assert warehouse.due() == []
    warehouse.withdraw("d1")
    assert warehouse.rows("select distinct arrival from raw.faste_oppl") == [(2,)]
    assert {register: len(warehouse.rows(f"from raw.{register}")) for register in ("flytting", "regsys")} == {
        "flytting": 0,
        "regsys": 0,
    }


def test_files_that_have_changed_names_with_each_other_are_no_news(warehouse: Warehouse) -> None:
    columns = {2015: "bostedskommune_01_01_2015", 2016: "bostedskommune_01_01_2016"}
    one, other = ({name: BOSTED[name] for name in ("lopenr_person", column)} for column in columns.values())
    write_files(warehouse.landing / "d1", bostedskommune_a=one, bostedskommune_b=other)
    warehouse.load()
    write_files(warehouse.landing / "d1", bostedskommune_a=other, bostedskommune_b=one)
    os.utime(warehouse.landing / "d1" / "w21_1234_bostedskommune_a_ut.csv", ns=(1, 1))
    assert warehouse.due() == ["d1"]
    assert warehouse.load() == []
    assert warehouse.due() == []
    write_files(warehouse.landing / "d2", bostedskommune=change(one, **{columns[2015]: ["1201", "1201", ""]}))
    warehouse.load()
    warehouse.withdraw("d2")  # the file is found under its new name
    assert warehouse.rows("select count(*) from raw.bostedskommune where aar = 2015") == [(2,)]


def test_a_second_copy_of_a_loaded_file_is_refused(warehouse: Warehouse) -> None:
    folder = write_delivery(warehouse.landing / "d1")
    warehouse.load()
    shutil.copyfile(folder / "w21_1234_hush_fam_2015_ut.csv", folder / "w21_1234_hush_fam_2015_copy.csv")
    assert warehouse.due() == ["d1"]
    assert {fault.rule for fault in warehouse.refused()} == {"same_register_twice"}


def test_years_that_exchange_their_contents_are_other_inputs(warehouse: Warehouse) -> None:
    one, other = HUSH, change(HUSH, parstatus=["3", "3"])
    write_files(warehouse.landing / "d1", hush_fam_2015=one, hush_fam_2016=other)
    warehouse.load()
    before = warehouse.input_hash()
    write_files(warehouse.landing / "d1", hush_fam_2015=other, hush_fam_2016=one)
    warehouse.load("d1")
    assert hush(warehouse) == [(person, code) for person in ("p0001", "p0002") for code in ("0", "3")]
    assert warehouse.input_hash() != before


def test_nothing_is_admitted_when_one_delivery_is_refused(warehouse: Warehouse) -> None:
    write_delivery(warehouse.landing / "d1")
    write_files(warehouse.landing / "d2", skatt_2015=HUSH)
    warehouse.refused()
    [loaded] = Warehouse(warehouse.landing, warehouse.database.with_name("fresh.duckdb"), warehouse.study).load("d1")
    assert loaded.arrival == 1


def test_withdrawing_brings_the_version_before_back(warehouse: Warehouse) -> None:
    write_delivery(warehouse.landing / "d1")
    warehouse.load()
    before = raw(warehouse)
    fewer = {name: values[1:] for name, values in change(FASTE, kjoenn=["1", "1", "1"]).items()}
    write_delivery(
        warehouse.landing / "d2",
        faste_oppl=fewer,
        **parstatus("3"),
        bostedskommune=change(BOSTED, bostedskommune_01_01_2017=["0301", "", "0301"]),
        hush_fam_2016=HUSH,
    )
    warehouse.load()
    after = raw(warehouse)
    assert after != before
    warehouse.withdraw("d2")
    assert raw(warehouse) == before
    assert warehouse.rows(
        "select distinct arrival from raw.hush_fam union select distinct arrival from raw.faste_oppl"
    ) == [(1,)]
    assert warehouse.due() == []
    assert warehouse.load() == []
    [back] = warehouse.load("d2")
    assert back.arrival == 3
    assert raw(warehouse) == after


def test_withdrawing_a_correction_brings_the_hash_before_back(warehouse: Warehouse) -> None:
    """Wide files come whole again: the year before the correction was said by two arrivals, and stays the first's."""
    write_files(warehouse.landing / "d1", bostedskommune=BOSTED)
    warehouse.load()
    write_files(warehouse.landing / "d2", bostedskommune=change(BOSTED, bostedskommune_01_01_2017=["0301", "", ""]))
    warehouse.load()
    current = "select year, arrival from audit.register_year where is_current order by all"
    before = warehouse.input_hash(), warehouse.rows(current)
    write_files(warehouse.landing / "d3", bostedskommune=change(BOSTED, bostedskommune_01_01_2016=["1201", "", ""]))
    warehouse.load()
    assert warehouse.input_hash() != before[0]
    warehouse.withdraw("d3")
    assert (warehouse.input_hash(), warehouse.rows(current)) == before
    warehouse.withdraw("d1")
    assert warehouse.rows(current) == [(2015, 2), (2016, 2), (2017, 2)]


def test_withdrawing_the_only_delivery_leaves_nothing(warehouse: Warehouse) -> None:
    write_delivery(warehouse.landing / "d1")
    warehouse.load()
    warehouse.withdraw("d1")
    assert all(rows == [] for rows in raw(warehouse).values())
    assert warehouse.rows("from audit.register_year where is_current") == []
    with pytest.raises(NotLoaded, match="d1"):
        warehouse.withdraw("d1")


def test_withdrawing_needs_the_version_before_in_landing(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "d1", **parstatus("1"))
    write_files(warehouse.landing / "d2", **parstatus("2"))
    warehouse.load()
    shutil.rmtree(warehouse.landing / "d1")
    with pytest.raises(DeliveryRefused, match="version_gone"):
        warehouse.withdraw("d2")


def test_a_version_whose_file_is_now_a_broken_link_is_not_lost_in_silence(warehouse: Warehouse) -> None:
    folder = write_files(warehouse.landing / "a", **parstatus("1"))
    write_files(warehouse.landing / "b", **parstatus("2"))
    warehouse.load()
    [file] = folder.iterdir()
    file.unlink()
    file.symlink_to("/media/gone/file.csv")
    with pytest.raises(DeliveryRefused) as refusal:
        warehouse.withdraw("b")
    assert [fault.rule for fault in refusal.value.faults] == ["version_gone"]


def test_a_changed_withdrawn_delivery_is_not_due(warehouse: Warehouse) -> None:
    write_files(warehouse.landing / "d1", **parstatus("1"))
    warehouse.load()
    warehouse.withdraw("d1")
    write_files(warehouse.landing / "d1", **parstatus("2"))
    assert warehouse.due() == []
    assert len(warehouse.load("d1")) == 1
    assert hush(warehouse) == [("p0001", "2"), ("p0002", "2")]


def test_a_renamed_file_brings_nothing_and_undoes_no_correction(warehouse: Warehouse) -> None:
    folder = write_files(warehouse.landing / "a", **parstatus("1"))
    write_files(warehouse.landing / "b", **parstatus("2"))
    warehouse.load()
    warehouse.rows(
        "insert into audit.quarantine from (select arrival, file_name, 2, 'rule' from audit.delivery_file) returning 1"
    )
    [file] = folder.iterdir()
    file.rename(folder / "hush_fam_2015_final.csv")
    assert warehouse.due() == ["a"]
    assert warehouse.load() == []
    assert warehouse.due() == []
    assert hush(warehouse) == [("p0001", "2"), ("p0002", "2")]
    for table in ("delivery_file", "quarantine"):
        named = warehouse.rows(f"select arrival, file_name from audit.{table} order by all")
        assert named == [(1, "hush_fam_2015_final.csv"), (2, "w21_1234_hush_fam_2015_ut.csv")]
    warehouse.withdraw("b")
    assert hush(warehouse) == [("p0001", "1"), ("p0002", "1")]


def test_a_file_renamed_to_another_year_is_other_content(warehouse: Warehouse) -> None:
    folder = write_files(warehouse.landing / "a", **parstatus("1"))
    warehouse.load()
    [file] = folder.iterdir()
    file.rename(folder / "hush_fam_2016.csv")
    assert len(warehouse.load()) == 1
    assert warehouse.rows("select distinct aar from raw.hush_fam") == [(2016,)]


@pytest.mark.parametrize(("name", "beside"), [("d[12]", "d1"), ("d*", "d_other"), ("d?", "dx"), ("aar=2000", "d")])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_name_is_no_pattern_of_names(warehouse: Warehouse, name: str, beside: str, suffix: str) -> None:
    for delivery, code in ((beside, "1"), (name, "2")):
        folder = write_files(warehouse.landing / delivery, **parstatus(code))
        if suffix == "parquet":
            [file] = folder.iterdir()
            table = duckdb.sql(f"from read_csv({file_literal(file)}, all_varchar = true, hive_partitioning = false)")
            table.write_parquet(str(file.with_suffix(".parquet")))
            file.unlink()
        warehouse.load()
    assert hush(warehouse) == [("p0001", "2"), ("p0002", "2")]
