"""Spark on this machine: two cores for two executors, and settings that start fast.

What `make test-spark` adds runs with the settings that users have: compiled queries add up as theirs do.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.home import STUDY_FILE
from flows.spark.build import is_installed
from models_py.study import Study, load_study
from tests.faults.warm import forked_dbt

# Queries on so few rows take longer to compile than to run.
FAST_SETTINGS = """
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
"""


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study(STUDY_FILE)


@pytest.fixture(scope="session", autouse=True)
def local_spark(tmp_path_factory: pytest.TempPathFactory) -> None:
    if not is_installed():
        pytest.skip("no Java 17 with Spark on this machine: the target spark is NOT tested (see docs/scale.md)")
    folder = tmp_path_factory.mktemp("spark_conf")
    (folder / "spark-defaults.conf").write_text(FAST_SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(folder))
        patch.setenv("FLYTTEPANEL_SPARK_MASTER", "local[2]")
        patch.setenv("FLYTTEPANEL_SPARK_PARTITIONS", "3")
        yield


@pytest.fixture
def users_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark's own defaults and those of `profiles.yml`, code generation among them."""
    for variable in ("SPARK_CONF_DIR", "FLYTTEPANEL_SPARK_MASTER", "FLYTTEPANEL_SPARK_PARTITIONS"):
        monkeypatch.delenv(variable)


@pytest.fixture(params=["fast", pytest.param("users'", marks=pytest.mark.campaign)])
def settings(request: pytest.FixtureRequest) -> None:
    if request.param != "fast":
        request.getfixturevalue("users_settings")


@pytest.fixture(scope="package")
def warm_dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Importing dbt is most of such small builds."""
    with forked_dbt(tmp_path_factory.mktemp("warm")):
        yield


@pytest.fixture(autouse=True)
def empty_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Spark must leave nothing."""
    folder = tmp_path / "working_directory"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
