"""One setting bounds the memory of every step: each connection to a warehouse, and Spark's driver."""

from pathlib import Path

import pytest

from flows.build import BuildFailed, Place, environment_of
from flows.spark.storage import Storage
from storage.memory import MemoryRefused, memory_bytes
from storage.warehouse import open_warehouse


@pytest.mark.parametrize(("said", "limit"), [(None, "2.7 GiB"), ("1.5GiB", "1.5 GiB"), ("512MiB", "512.0 MiB")])
def test_every_connection_holds_what_the_setting_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, limit: str
) -> None:
    monkeypatch.delenv("FLYTTEPANEL_MEMORY", raising=False)
    if said:
        monkeypatch.setenv("FLYTTEPANEL_MEMORY", said)
    with open_warehouse(tmp_path / "warehouse.duckdb") as con:
        assert con.execute("select current_setting('memory_limit')").fetchone() == (limit,)


def test_spark_is_told_whole_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JVM refuses 1.8g, and takes m for 1,024 times 1,024 bytes."""
    monkeypatch.setenv("FLYTTEPANEL_MEMORY", "1.8GB")
    assert memory_bytes() == 1_800_000_000
    assert Storage(tmp_path).settings()["spark.driver.memory"] == "1716m"


@pytest.mark.parametrize("said", ["lots", "3", "80%", "-1GB", "3GB; x"])
def test_what_is_no_amount_is_refused_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("FLYTTEPANEL_MEMORY", said)
    with pytest.raises(MemoryRefused, match="say 3GB"):
        open_warehouse(tmp_path / "warehouse.duckdb")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("said", ["x", "0", "-1", "2.5", ""])
def test_what_is_no_number_of_threads_is_refused_before_dbt_starts(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLYTTEPANEL_THREADS", said)
    with pytest.raises(BuildFailed, match="say 1 or more"):
        environment_of(Place("dev", {}))
    monkeypatch.setenv("FLYTTEPANEL_THREADS", "3")
    assert environment_of(Place("dev", {}))["FLYTTEPANEL_THREADS"] == "3"
