"""Where registers lie for Spark, in the clear: what a kill leaves goes, and nobody else's does. Needs no Spark."""

import os
import shutil
import signal
from pathlib import Path

import duckdb
import pytest

from flows import candidate, spark
from flows.build import UnknownTarget, build_at_the_ready
from flows.candidate import clear_left_overs
from flows.dbt_process import set_environment
from flows.home import STUDY_FILE, Home
from flows.retention import tidy
from flows.spark.exchange import ROWS_BUILT, RowsLost, take_in_estimation_input, write_out
from models_py.study import load_study
from tests.panel.raw_tables import create_raw_tables

NAME = "flyttepanel_spark"


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the machines of a cluster share."""
    folder = tmp_path / "shared"
    folder.mkdir()
    monkeypatch.setenv("FLYTTEPANEL_SPARK_STORAGE", str(folder))
    return folder


def killed_build(work: Path) -> Path:
    """The folder of a build whose process was killed: registers are in it, and nobody has deleted it."""
    process = os.fork()
    if not process:
        with spark.scratch_storage(work) as storage:
            storage.raw("faste_oppl").mkdir(parents=True)
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(process, 0)
    return (work / NAME).resolve(strict=True)


@pytest.mark.parametrize("clear", [clear_left_overs, tidy])
def test_what_a_killed_build_left_goes_with_the_next_command(home: Home, clear) -> None:
    left = killed_build(home.work)
    assert left == home.work / NAME
    assert left.stat().st_mode & 0o777 == 0o700
    clear(home)
    assert not left.exists()


@pytest.mark.parametrize("clear", [clear_left_overs, tidy])
def test_what_it_left_elsewhere_goes_too(home: Home, shared: Path, monkeypatch: pytest.MonkeyPatch, clear) -> None:
    """Whatever the variable says by then."""
    left = killed_build(home.work)
    assert left.parent == shared
    monkeypatch.delenv("FLYTTEPANEL_SPARK_STORAGE")
    clear(home)
    assert list(shared.iterdir()) == []
    assert not (home.work / NAME).is_symlink()


def test_what_a_killed_diff_left_elsewhere_goes_with_its_scratch(home: Home, shared: Path) -> None:
    scratch = home.work / "diff-old"
    killed_build(scratch)
    clear_left_overs(home)  # somebody else may be comparing
    assert len(list(shared.iterdir())) == 1
    os.utime(scratch, (0, 0))
    tidy(home)
    assert list(shared.iterdir()) == []
    assert not scratch.exists()


def test_homes_that_share_a_storage_leave_each_other_alone(home: Home, shared: Path, tmp_path: Path) -> None:
    with spark.scratch_storage(home.work) as ours:
        with spark.scratch_storage(tmp_path / "other" / "work") as theirs:
            assert ours.path.is_dir()
            assert theirs.path.is_dir()
        assert list(shared.iterdir()) == [ours.path]
    assert list(shared.iterdir()) == []


def test_a_storage_that_is_not_mounted_is_not_made(home: Home, shared: Path) -> None:
    shared.rmdir()
    with pytest.raises(FileNotFoundError), spark.scratch_storage(home.work):
        pass
    clear_left_overs(home)
    assert not (home.work / NAME).is_symlink()


def test_what_lies_in_a_storage_that_is_not_mounted_is_not_forgotten(home: Home, shared: Path) -> None:
    left = killed_build(home.work)
    shared.rename(shared.with_name("unmounted"))
    with pytest.raises(FileNotFoundError, match="mount it"):
        clear_left_overs(home)
    shared.with_name("unmounted").rename(shared)
    clear_left_overs(home)
    assert not left.exists()


def test_a_link_that_we_did_not_make_is_not_followed(home: Home, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (home.work / NAME).symlink_to(precious)
    clear_left_overs(home)
    assert precious.exists()


def test_registers_that_cannot_be_deleted_are_an_error(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(candidate, "PAUSES", (0.0,))
    with pytest.raises(PermissionError), spark.scratch_storage(home.work):
        monkeypatch.setattr(shutil, "rmtree", refuse)


def test_on_one_machine_nothing_made_for_a_cluster_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_LOCAL_DIRS", "/elsewhere")
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--conf spark.driver.host=0.0.0.0 pyspark-shell")
    monkeypatch.setenv("FLYTTEPANEL_SPARK_MASTER", "spark://host:7077")
    set_environment(spark.Storage(Path("/folder")).environment)
    assert os.environ["SPARK_LOCAL_DIRS"] == "/elsewhere"
    monkeypatch.setenv("FLYTTEPANEL_SPARK_MASTER", "local[4]")
    set_environment(spark.Storage(Path("/folder")).environment)
    assert "SPARK_LOCAL_DIRS" not in os.environ
    assert "127.0.0.1" in os.environ["PYSPARK_SUBMIT_ARGS"]


def test_a_target_that_is_none_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLYTTEPANEL_TARGET", "Spark")
    with pytest.raises(UnknownTarget, match="FLYTTEPANEL_TARGET=Spark: no such target; say dev or spark"):
        build_at_the_ready(tmp_path / "warehouse.duckdb", load_study(STUDY_FILE), tmp_path / "dbt")


def test_registers_are_written_out_in_large_groups_and_empty_ones_with_their_columns(tmp_path: Path) -> None:
    """A million rows, where DuckDB's own groups are of 122,880."""
    database, storage = tmp_path / "warehouse.duckdb", spark.Storage(tmp_path / "storage")
    with duckdb.connect(str(database)) as con:
        create_raw_tables(con)
        con.execute("insert into raw.regstat select i::varchar, 2015, '1', null, 1 from range(400_000) as r (i)")
    write_out(database, storage)
    groups = duckdb.sql(f"select distinct row_group_id from parquet_metadata('{storage.raw('regstat')}/*.parquet')")
    assert len(groups) == 1
    nobody = duckdb.sql(f"from read_parquet('{storage.table('intermediate.person_key')}/*.parquet')")
    assert (nobody.columns, len(nobody)) == (["person_key", "lopenr_person"], 0)


def test_files_that_are_not_to_be_seen_are_missed(tmp_path: Path) -> None:
    storage = spark.Storage(tmp_path)
    (tmp_path / "manifest.json").write_text(
        '{"nodes": {"1": {"schema": "estimation", "name": "cell", "resource_type": "model", "config": {}}}}'
    )
    rows = {ROWS_BUILT: "select 'estimation.cell' as name, 3 as n_rows", "estimation.cell": "from range(2)"}
    for table, query in rows.items():
        storage.table(table).mkdir(parents=True)
        duckdb.execute(f"copy ({query}) to '{storage.table(table)}/part.parquet'")
    with pytest.raises(RowsLost, match=r"estimation\.cell: not all rows"):
        take_in_estimation_input(storage, tmp_path / "manifest.json", tmp_path / "warehouse.duckdb")
