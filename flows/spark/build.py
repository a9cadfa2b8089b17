"""dbt on the target `spark`, on what was written out for it; every year is made anew."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from flows.build import EVERYTHING, FULL, MANIFEST, Place, Watch, run_dbt
from flows.build_progress import Nodes, count_raw_rows
from flows.progress import progress
from flows.spark.exchange import take_in_estimation_input, write_out
from flows.spark.storage import Storage, scratch_storage
from models_py.study import Study
from storage.warehouse import warehouse_key

# Nothing is kept from one build to the next that a register could be compared with.
NO_FINGERPRINTS = ("--exclude", "register_year_content", "event_content")
OLDEST_JAVA = 17  # of Spark 4
# Seeds too: Spark has none from an earlier build.
ESTIMATION_INPUT = ("build", "--select", "+path", "--exclude-resource-type", "test", "unit_test")


class SparkMissing(RuntimeError):
    """Java or the packages of the extra `spark` are not installed."""


class SparkReadsClear(RuntimeError):
    """The warehouse is encrypted, and Spark would need its registers as files that are not."""


def build(database: Path, storage: Storage, study: Study, work: Path) -> Path:
    """Build everything in `dbt_project` on Spark from `raw.*` in this database, tests included.

    Returns dbt's manifest, which describes the tables that are in the storage now.

    Raises:
        BuildFailed: a model, seed or test failed, or dbt did not start.
        SparkMissing: Spark is not installed.
        SparkReadsClear: the warehouse is encrypted.
    """
    _insist_that_spark_can()
    with progress("build on Spark", work) as bar:
        nodes = Nodes(bar, work / "target" / MANIFEST, count_raw_rows(database), left_out=NO_FINGERPRINTS[1:])
        return _run((*EVERYTHING, *NO_FINGERPRINTS, *FULL), database, storage, study, work, nodes.watch)


def rebuild_estimation_input(database: Path, study: Study, work: Path) -> None:
    """Make `estimation.cell` and `estimation.path` anew on Spark under another specification.

    Spark's folder is beside the database, so that what a kill leaves of it goes with what it leaves of that.

    Raises:
        BuildFailed: a model failed, or dbt did not start.
        SparkMissing: Spark is not installed.
        SparkReadsClear: the warehouse is encrypted.
    """
    _insist_that_spark_can()
    with scratch_storage(database.parent) as storage:
        manifest = _run((*ESTIMATION_INPUT, *NO_FINGERPRINTS, *FULL), database, storage, study, work)
        take_in_estimation_input(storage, manifest, database)


def _run(
    what: tuple[str, ...], database: Path, storage: Storage, study: Study, work: Path, watch: Watch | None = None
) -> Path:
    """Write out and run dbt; returns its manifest."""
    write_out(database, storage)
    return run_dbt(what, Place("spark", storage.environment), study, work, watch)


def _insist_that_spark_can() -> None:
    if warehouse_key() is not None:
        raise SparkReadsClear(
            "the target spark writes registers and panel as Parquet files in the clear, and this warehouse has a key: "
            "build it with DuckDB (`--target dev`)"
        )
    if not is_installed():
        raise SparkMissing("the target spark needs Java 17 and its packages: install Java, then `make spark`")


def is_installed() -> bool:
    """Whether there are a Java that Spark runs on and the packages of the extra `spark`."""
    has_packages = all(importlib.util.find_spec(name) for name in ("pyspark", "dbt.adapters.spark"))
    return has_packages and java_version() >= OLDEST_JAVA


def java_version() -> int:
    """The Java that Spark would start: 17, 21; 0 if there is none."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(f"{home}/bin/java" if home else "java")
    if java is None:
        return 0
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    return int(version[1]) if version else 0
