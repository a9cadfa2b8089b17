"""The warehouse with a key: the same results, and nobody reads it, nor what it spills, without the key."""

import base64
import hashlib
import math
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from flows import spark
from flows.home import Home
from flows.pipeline import run_build, run_load, run_refresh, run_validate
from flows.versions import new_run_id
from models_py.study import Study
from report.release import open_results
from storage import warehouse
from storage.warehouse import KEY_FILE_VARIABLE, EncryptionUnavailable, WarehouseLocked, is_encrypted, open_warehouse
from tests.canaries.search import search
from tests.flows.conftest import Refreshed

SECRET = "e5a1f0c9b7d34e6281aa0b5c9d7e3f10e5a1f0c9b7d34e6281aa0b5c9d7e3f11"
TOKEN = re.compile(rb"[A-Za-z0-9_]+")


def key_file(folder: Path) -> Path:
    path = folder / "warehouse.key"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = key_file(tmp_path)
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(path))
    return path


@pytest.fixture(scope="module")
def encrypted(refreshed: Refreshed, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home made by the same refresh from the same deliveries, with a key."""
    folder = tmp_path_factory.mktemp("encrypted")
    home = Home(folder / "home")
    home.create()
    shutil.copytree(refreshed.home.landing, home.landing, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_FILE_VARIABLE, str(key_file(folder)))
        run_refresh(home, study, new_run_id())
    return home


def test_the_next_delivery_extends_an_encrypted_panel(
    encrypted: Home, refreshed: Refreshed, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only changed years are made anew there too, in the file that the profile attaches."""
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(encrypted.path.parent / "warehouse.key"))
    home = Home(tmp_path / "home")
    shutil.copytree(encrypted.path, home.path, symlinks=True)
    shutil.copytree(refreshed.next_delivery, home.landing / refreshed.next_delivery.name)
    before = panel_years(home)
    run_load(home, study)
    run_build(home, study)
    assert panel_years(home) == [*before, before[-1] + 1]
    assert is_encrypted(home.warehouse)


def panel_years(home: Home) -> list[int]:
    with open_warehouse(home.warehouse, read_only=True) as con:
        return [year for (year,) in con.sql("select distinct year from marts.person_year order by all").fetchall()]


def pseudonyms(path: Path) -> frozenset[bytes]:
    """Every person key that stands in a warehouse."""
    with open_warehouse(path, read_only=True) as con:
        rows = con.sql(
            "select lopenr_person from raw.faste_oppl union select lopenr_mor from raw.faste_oppl"
        ).fetchall()
    return frozenset(value.encode() for (value,) in rows if value)


def finder(known: frozenset[bytes]) -> Callable[[bytes], bool]:
    """Whether a text holds the key, in any form in which it is used, or a pseudonym as a word of its own."""
    digest = hashlib.sha256(SECRET.encode()).digest()
    keys = (SECRET.encode(), digest, digest.hex().encode(), base64.b64encode(digest))
    return lambda text: any(one in text for one in keys) or not known.isdisjoint(TOKEN.findall(text))


def test_results_are_those_of_the_plain_run(refreshed: Refreshed, encrypted: Home) -> None:
    with open_results(refreshed.home.results) as plain, open_results(encrypted.results) as keyed:
        tables = plain.sql("select table_name from duckdb_tables() where schema_name = 'history'").fetchall()
        assert len(tables) > 10
        for (table,) in tables:
            left_out = "run_id, started_at, finished_at" if table == "run" else "run_id"
            query = f"select * exclude ({left_out}) from history.{table} order by all"
            expected, found = plain.sql(query).fetchall(), keyed.sql(query).fetchall()
            assert len(found) == len(expected)
            for one, other in zip(found, expected, strict=True):
                assert all(same(value, at) for value, at in zip(one, other, strict=True)), (table, one, other)


def same(value: object, expected: object) -> bool:
    """Equal; numbers but for the order in which they were summed."""
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, rel_tol=1e-5, abs_tol=1e-8)
    return value == expected


def test_nobody_reads_it_without_the_key(encrypted: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_encrypted(encrypted.warehouse)
    with pytest.raises(duckdb.Error):
        duckdb.connect(str(encrypted.warehouse), read_only=True)
    with pytest.raises(WarehouseLocked, match=KEY_FILE_VARIABLE):
        open_warehouse(encrypted.warehouse, read_only=True)
    other = tmp_path / "other"
    other.write_text(SECRET[::-1])
    other.chmod(0o600)
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(other))
    with pytest.raises(WarehouseLocked) as refusal:
        open_warehouse(encrypted.warehouse, read_only=True)
    assert not finder(frozenset())(str(refusal.value).encode())


def test_neither_key_nor_pseudonym_lies_anywhere_else(refreshed: Refreshed, encrypted: Home) -> None:
    """Deliveries in landing hold pseudonyms as they came; the warehouse holds them too, and not one can be seen."""
    known = pseudonyms(refreshed.home.warehouse)
    finds = finder(known)
    assert len(known) > 1_000
    assert search([encrypted.path], finds, [encrypted.landing]) == []
    assert search([encrypted.landing], finds) != []
    assert search([refreshed.home.warehouse], finds) != []


def test_without_its_extension_nothing_is_opened(
    encrypted: Home, key: Path, study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(warehouse, "find_spec", lambda _name: None)
    for path in (encrypted.warehouse, tmp_path / "new.duckdb"):
        with pytest.raises(EncryptionUnavailable):
            open_warehouse(path)
    home = Home(tmp_path / "home")
    shutil.copytree(encrypted.landing, home.landing)
    home.path.chmod(0o700)
    with pytest.raises(EncryptionUnavailable):
        run_refresh(home, study, new_run_id())
    assert not home.warehouse.exists()


def test_a_key_is_used_from_the_next_step_on(own_copy: Refreshed, key: Path, study: Study) -> None:
    with pytest.raises(WarehouseLocked, match="not encrypted"):
        open_warehouse(own_copy.home.warehouse)
    before = rows(own_copy.home.warehouse)
    assert run_validate(own_copy.home, study) > 50
    assert is_encrypted(own_copy.home.warehouse)
    assert rows(own_copy.home.warehouse) == before


def rows(path: Path) -> list[tuple[object, ...]]:
    """Rows and content of the tables that hold persons."""
    with open_warehouse(path, read_only=True) as con:
        return [
            con.sql(f"select count(*), sum(hash({table})::hugeint) from {schema}.{table}").fetchone() or ()
            for schema, table in (("raw", "faste_oppl"), ("marts", "person_year"), ("audit", "delivery_file"))
        ]


def test_a_step_without_the_key_says_so(encrypted: Home, tmp_path: Path, study: Study) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(encrypted.path, home.path, symlinks=True)
    with pytest.raises(WarehouseLocked):
        run_validate(home, study)
    assert home.warehouse.read_bytes() == encrypted.warehouse.read_bytes()


@pytest.fixture
def spilling(tmp_path: Path, key: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    path = tmp_path / "spilling.duckdb"
    with open_warehouse(path, config={"memory_limit": "100MB", "threads": 1}) as con:
        yield con, path


def test_nothing_is_written_out_for_spark(tmp_path: Path, key: Path, study: Study) -> None:
    with pytest.raises(spark.SparkReadsClear, match="has a key"):
        spark.build(tmp_path / "warehouse.duckdb", spark.Storage(tmp_path / "storage"), study, tmp_path / "dbt")
    assert [path.name for path in tmp_path.iterdir()] == [key.name]


def test_what_is_spilled_and_the_log_are_encrypted_too(spilling: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    con, path = spilling
    con.execute("create temp table spilled as select 'kanari' || hash(range) as text from range(4000000)")
    spilled = list(Path(f"{path}.tmp").iterdir())
    con.execute("create table logged as select 'kanari' || range as text from range(100)")
    log = path.with_name(f"{path.name}.wal")
    assert sum(file.stat().st_size for file in spilled) > 1_000_000
    assert log.stat().st_size > 100
    for file in [*spilled, log]:
        assert b"kanari" not in file.read_bytes()
