"""The same register in every encoding, delimiter, line end and format lands as the same rows."""

from pathlib import Path

import duckdb
import pytest

from flows.load.text_file import inspect
from tests.deliveries import FASTE, HUSH, REGISTERS, as_text, change, write_delivery, write_files
from tests.load.conftest import Warehouse

NORWEGIAN = change(HUSH, lopenr_familie=["æøå€", "ÆØÅ–"], MERKNAD_ÆØÅ=["“ja”", "nei"])


@pytest.mark.parametrize(
    ("encoding", "recorded"), [("cp1252", "windows-1252"), ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig")]
)
@pytest.mark.parametrize(("delimiter", "newline"), [(";", "\r\n"), (",", "\n"), ("\t", "\r\n"), ("|", "\n")])
def test_encodings_and_delimiters(
    warehouse: Warehouse, encoding: str, recorded: str, delimiter: str, newline: str
) -> None:
    folder = warehouse.landing / "d1"
    folder.mkdir()
    text = as_text(NORWEGIAN, delimiter, newline)
    (folder / "hush_fam_2015.txt").write_bytes(text.encode(encoding))
    warehouse.load()
    keys = warehouse.rows("select lopenr_familie from raw.hush_fam order by lopenr_person")
    assert keys == [("æøå€",), ("ÆØÅ–",)]
    assert warehouse.rows("select file_encoding, delimiter from audit.delivery_file") == [(recorded, delimiter)]
    assert not list(warehouse.database.parent.glob("candidate*"))


def test_plain_ascii_and_quotes(warehouse: Warehouse) -> None:
    folder = warehouse.landing / "d1"
    folder.mkdir()
    quoted = {f'"{name}"': [f'"{value}"' for value in values] for name, values in HUSH.items()}
    (folder / "hush_fam_2015.csv").write_text(as_text(quoted))
    warehouse.load()
    assert warehouse.rows("select file_encoding from audit.delivery_file") == [("ascii",)]
    assert ("p0002", 2015, "p0002", "2.3.1", "0", 1, 1) in warehouse.rows("from raw.hush_fam")


def test_parquet_of_typed_and_text_columns(warehouse: Warehouse) -> None:
    folder = warehouse.landing / "d1"
    folder.mkdir()
    duckdb.sql(f"""
        copy (select 'p1' as LOPENR_PERSON, date '2015-03-14' as flyttedato, 20150320.0::double as regdato,
            1 as flyttetype, 301 as fra_kommnr, '1201' as til_kommnr, null::integer as fra_land, ' NA' as til_land)
        to '{folder}/flytting_g2015.parquet'
    """)
    warehouse.load()
    [row] = warehouse.rows(
        "select flyttedato::varchar, regdato::varchar, flyttetype, fra_kommnr, fra_land from raw.flytting"
    )
    assert row == ("2015-03-14", "2015-03-20", "1", "0301", None)
    assert warehouse.rows("select til_kommnr, til_land from raw.flytting") == [("1201", None)]
    assert warehouse.rows("select file_encoding, delimiter from audit.delivery_file") == [("parquet", None)]


def test_rows_of_parquet_files_count_from_one(warehouse: Warehouse) -> None:
    folder = warehouse.landing / "d1"
    folder.mkdir()
    duckdb.sql(f"copy (select 'p'||i as lopenr_person, if(i = 7, 'x', '1') as arb_arbmark_status, '' as arb_arbkomm "
               f"from range(1, 9) t(i)) to '{folder}/regsys_2015.parquet'")  # fmt: skip
    [fault] = warehouse.refused()
    assert fault.row_numbers == (7,)


def test_every_register_as_csv_and_as_parquet(warehouse: Warehouse) -> None:
    write_delivery(warehouse.landing / "d1")
    warehouse.load()
    registers = ("faste_oppl", "bostedskommune", "regstat", "flytting", "hush_fam", "bu_utd", "regsys")
    as_csv = {name: warehouse.rows(f"select * exclude arrival from raw.{name} order by all") for name in registers}
    folder = warehouse.landing / "d2"
    folder.mkdir()
    for register in REGISTERS:
        source = warehouse.landing / "d1" / f"w21_1234_{register}_ut.csv"
        duckdb.sql(f"copy (from read_csv('{source}', all_varchar = true)) to '{folder}/{register}.parquet'")
    warehouse.load()
    for register, rows in as_csv.items():
        assert warehouse.rows(f"select * exclude arrival from raw.{register} order by all") == rows


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 23])
def test_a_file_is_known_whatever_the_chunks_it_is_read_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("flows.load.text_file.CHUNK", chunk)
    path = tmp_path / "file.csv"
    path.write_bytes("a;b\r\n\r\n1;æ\n\n\n3;ø\r\n\r\n".encode())
    monkeypatch.setattr("flows.load.text_file.first_line", lambda path, encoding: "a;b")
    facts = inspect(path, "")
    assert (facts.encoding, facts.delimiter, facts.skipped_lines) == ("utf-8", ";", (2, 4, 5, 7))


def test_windows_1252_is_known_by_its_bytes(warehouse: Warehouse) -> None:
    """A header in UTF-8 and a value that is not: Windows-1252, in which every byte means something."""
    write_files(warehouse.landing / "d1", faste_oppl=change(FASTE, lopenr_far=["", "", "f€"]))
    warehouse.load()
    assert ("f€",) in warehouse.rows("select lopenr_far from raw.faste_oppl")
