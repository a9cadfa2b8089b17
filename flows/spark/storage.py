"""The folder that Spark reads from and writes to, and its settings, which are those of `profiles.yml`."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import jinja2
import yaml

from flows.candidate import SPARK_FOLDER, remove
from flows.home import PROJECT_ROOT
from storage.memory import memory_bytes

# Variables for clients of a cluster. With a local master they would move spilled rows elsewhere, or lead to another
# Spark or another JVM.
LEADS_ELSEWHERE = (
    *("SPARK_LOCAL_DIRS", "SPARK_EXECUTOR_DIRS", "SPARK_HOME", "SPARK_REMOTE", "SPARK_API_MODE"),
    *("SPARK_CONNECT_MODE_ENABLED", "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"),
)
# With a local master the driver listens on this machine alone; a cluster's executors must reach it. So this depends on
# the master, and a profile cannot leave a setting out.
LOOPBACK = "--conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1 pyspark-shell"


@dataclass(frozen=True, slots=True)
class Storage:
    """A folder that the driver and every executor see under the same path."""

    path: Path

    def raw(self, register: str) -> Path:
        """Where the current version of a register is."""
        return self.path / "raw" / register

    def table(self, name: str) -> Path:
        """Where Spark keeps the files of a table, schema.name."""
        schema, table = name.split(".")
        return self.path / "warehouse" / f"{schema}.db" / table

    @property
    def environment(self) -> dict[str, str | None]:
        """What the target `spark` of `profiles.yml` asks of the environment; None: a variable must not be there."""
        # A JVM knows no fractions of a unit.
        asked = {"FLYTTEPANEL_SPARK": str(self.path), "FLYTTEPANEL_SPARK_MEMORY": f"{memory_bytes() >> 20}m"}
        is_local = os.environ.get("FLYTTEPANEL_SPARK_MASTER", "local").startswith("local")
        return {**asked, **(dict.fromkeys(LEADS_ELSEWHERE) | {"PYSPARK_SUBMIT_ARGS": LOOPBACK} if is_local else {})}

    def settings(self) -> dict[str, str]:
        """Spark's settings as the profile gives them."""
        profile = yaml.safe_load((PROJECT_ROOT / "profiles.yml").read_text(encoding="utf-8"))
        said: Mapping[str, Any] = profile["flyttepanel"]["outputs"]["spark"]["server_side_parameters"]
        there = {**os.environ, **self.environment}
        render = jinja2.Environment(undefined=jinja2.StrictUndefined)
        render.globals["env_var"] = lambda name, default=None: there.get(name, default)
        return {name: render.from_string(str(value)).render() for name, value in said.items()}


@contextmanager
def scratch_storage(work: Path) -> Iterator[Storage]:
    """Yield an empty folder, and delete it with all in it; what a killed process left goes first.

    It is in `work`, or, where executors are on other machines, in the folder that FLYTTEPANEL_SPARK_STORAGE names, with
    a link to it in `work`, by which `flows.candidate` finds it after a kill whatever the variable says then.

    Raises:
        OSError: the folder cannot be made, or not be deleted: registers may lie in it.
    """
    here = work.resolve() / SPARK_FOLDER
    if here.is_symlink() or here.exists():
        remove(here)
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = here
    if shared := os.environ.get("FLYTTEPANEL_SPARK_STORAGE"):
        # A random name: other homes, of other machines too, may build in the same storage.
        folder = Path(shared).resolve() / f"{SPARK_FOLDER}-{uuid4().hex}"
    folder.mkdir(mode=0o700)  # without parents: where the storage is not mounted, nothing is made in its place
    if folder != here:
        here.symlink_to(folder)
    try:
        yield Storage(folder)
    finally:
        remove(here)
