"""Files, columns and encoding of deliveries, and what quirks change of them."""

import json
import re
from pathlib import Path

import pyarrow.parquet
import pytest

from flows.load.folder import SIMULATED, entries
from synthetic import SimulationError, simulate
from tests.simulation.conftest import FIRST, LAST, Extract

YEARS = range(FIRST, LAST + 1)
COLUMNS = (
    {
        "faste_oppl": [
            "foedsels_aar_mnd",
            "doeds_aar_mnd",
            "kjoenn",
            "fodeland",
            "invkat",
            "landbak3gen",
            "forst_aar_mnd",
            "lopenr_mor",
            "lopenr_far",
        ],
        "bostedskommune": [f"bostedskommune_01_01_{year}" for year in YEARS],
        "regstat_2014_2021": [f"regstat_{year % 100}{end}" for year in YEARS for end in ("", "_dat")],
        "bu_utd": [f"bu_{year}" for year in YEARS[:-1]],
    }
    | {
        f"flytting_g{year}": ["flyttedato", "regdato", "flyttetype", "fra_kommnr", "til_kommnr", "fra_land", "til_land"]
        for year in YEARS[:-1]
    }
    | {f"hush_fam_{year}": ["lopenr_familie", "regstat_famtyp", "parstatus", "barn_i_regstat_famnr"] for year in YEARS}
    | {f"regsys_{year}": ["arb_arbmark_status", "arb_arbkomm"] for year in YEARS[:-1]}
)


def headers(folder: Path) -> dict[str, list[str]]:
    return {path.name: path.read_bytes().decode("cp1252").splitlines()[0].split(";") for path in folder.glob("*.csv")}


def test_plain_delivery_has_the_files_and_columns_of_the_design(plain: Extract) -> None:
    expected = {f"w21_1234_{part}_ut.csv": ["w21_1234_lopenr_person", *columns] for part, columns in COLUMNS.items()}
    assert headers(plain.folder) == expected


def test_quirks_change_names_order_and_case_but_no_meaning(quirky: Extract) -> None:
    found = headers(quirky.folder)
    assert len(found) == len(COLUMNS)
    for part, columns in COLUMNS.items():
        (header,) = [names for file, names in found.items() if f"_{part}" in file]
        plain_names = {re.sub("^w21_1234_", "", name.lower()) for name in header}
        assert plain_names == {"lopenr_person", *columns}
    assert any(name != name.lower() for names in found.values() for name in names)
    assert any("nodu" in file for file in found)


def test_keys_are_never_taken_for_identity_numbers(plain: Extract) -> None:
    keys = [row["lopenr_person"] for row in plain.rows("faste_oppl")]
    assert all(re.fullmatch("[A-Z][A-Z0-9]{12}", key) for key in keys)
    assert keys != sorted(keys)


def test_yearly_deliveries_grow_by_a_year(tmp_path: Path) -> None:
    folders = simulate(400, (2014, 2016), 1, tmp_path, deliveries="yearly", quirks=False)
    assert [folder.name for folder in folders] == ["delivery_2014", "delivery_2015", "delivery_2016"]
    assert [sorted(headers(folder)) for folder in folders] == [
        [f"w21_1234_{part}_ut.csv" for part in parts]
        for parts in (
            ["bostedskommune", "faste_oppl", "hush_fam_2014", "regstat_2014_2014"],
            [
                "bostedskommune",
                "bu_utd",
                "faste_oppl",
                "flytting_g2014",
                "hush_fam_2015",
                "regstat_2014_2015",
                "regsys_2014",
            ],
            [
                "bostedskommune",
                "bu_utd",
                "faste_oppl",
                "flytting_g2015",
                "hush_fam_2016",
                "regstat_2014_2016",
                "regsys_2015",
            ],
        )
    ]
    assert headers(folders[2])["w21_1234_bu_utd_ut.csv"] == ["w21_1234_lopenr_person", "bu_2014", "bu_2015"]


def test_yearly_deliveries_know_no_later_death(tmp_path: Path) -> None:
    for folder in simulate(3000, (2014, 2016), 1, tmp_path, deliveries="yearly", quirks=False):
        year = int(folder.name[-4:])
        deaths = [row["doeds_aar_mnd"] for row in Extract(folder).rows("faste_oppl") if row["doeds_aar_mnd"]]
        assert all(int(month) < year * 100 for month in deaths)
        assert bool(deaths) == (year > 2014)


def test_parquet_holds_texts(tmp_path: Path) -> None:
    (folder,) = simulate(300, (2014, 2015), 1, tmp_path, format="parquet")
    for path in folder.glob("*.parquet"):
        assert {str(field.type) for field in pyarrow.parquet.read_schema(path)} == {"string"}


def test_truth_stands_beside_the_deliveries(tmp_path: Path) -> None:
    (folder,) = simulate(300, (2014, 2016), 1, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name, "truth.json", "truth.parquet"]
    assert not [path for path in folder.iterdir() if "truth" in path.name]
    assert {path.name for path in folder.iterdir()} == {path.name for path in entries(folder)} | {SIMULATED}
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert truth["options"]["seed"] == 1
    assert truth["parameters"]["utilities"]["native"]["random_effects"]["sd_emigration"] > 0
    people = pyarrow.parquet.read_table(tmp_path / "truth.parquet")
    assert people.num_rows >= 300
    assert {"lopenr_person", "effect_emigration", "outcome_2014", "outcome_2015"} <= set(people.column_names)


@pytest.mark.parametrize("part", ["faste_oppl", "bostedskommune", "regstat", "bu_utd", "regsys_2016", "hush_fam_2016"])
def test_without_quirks_a_person_has_one_row(plain: Extract, part: str) -> None:
    keys = [row["lopenr_person"] for row in plain.rows(part)]
    assert len(keys) == len(set(keys))


def test_quirks_repeat_rows_and_lose_zeros_and_mix_dates(quirky: Extract) -> None:
    keys = [row["lopenr_person"] for row in quirky.rows("hush_fam_2016")]
    assert len(set(keys)) < len(keys) < len(set(keys)) * 1.002
    flytting = [row for year in YEARS[:-1] for row in quirky.rows(f"flytting_g{year}")]
    assert {len(row["til_kommnr"]) for row in flytting if row["til_kommnr"] not in ("", "NA", ".")} == {3, 4}
    assert {len(row["flyttedato"]) for row in flytting} == {8, 10}
    assert {row["til_kommnr"] for row in flytting} & {"NA", "."}


def test_a_delivery_that_is_not_simulated_is_never_replaced(tmp_path: Path) -> None:
    real = tmp_path / "delivery_2014_2015" / "faste_oppl.csv"
    real.parent.mkdir()
    real.write_text("real")
    with pytest.raises(SimulationError, match="delivery_2014_2015: there already, without the mark"):
        simulate(300, (2014, 2015), 1, tmp_path)
    assert real.read_text() == "real"
    assert [path.name for path in tmp_path.iterdir()] == [real.parent.name]


def test_a_simulated_delivery_is_replaced(tmp_path: Path) -> None:
    (first,) = simulate(300, (2014, 2015), 1, tmp_path)
    before = [path.read_bytes() for path in entries(first)]
    (second,) = simulate(300, (2014, 2015), 2, tmp_path)
    after = [path.read_bytes() for path in entries(second)]
    assert first == second
    assert len(before) == len(after)
    assert not set(before) & set(after)
