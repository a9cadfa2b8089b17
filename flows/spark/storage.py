"""The folder that Spark reads from and writes to, and its settings, which are those of `profiles.yml`."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml

from flows.home import PROJECT_ROOT
from storage.memory import memory_bytes

FOLDER_NAME = "flyttepanel_spark"


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
    def environment(self) -> dict[str, str]:
        """What the target `spark` of `profiles.yml` asks of the environment."""
        # A JVM knows no fractions of a unit.
        return {"FLYTTEPANEL_SPARK": str(self.path), "FLYTTEPANEL_SPARK_MEMORY": f"{memory_bytes() >> 20}m"}

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

    It is in `work`, or, where executors are on other machines, in the folder that FLYTTEPANEL_SPARK_STORAGE names.
    """
    path = Path(os.environ.get("FLYTTEPANEL_SPARK_STORAGE") or work).resolve() / FOLDER_NAME
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700, parents=True)
    try:
        yield Storage(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)
