"""Great Expectations on Spark: judge, at a gate, the tables that a build left as Parquet files.

A separate program: what Spark prints may repeat values, so the caller does not pass its output on, and reads the
verdict from a file (`flows/spark/gate.py`). No threshold and no table name belongs here.
"""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from pyspark.sql import SparkSession

from expectations.dialect import SEEDS as COMPARED_SEEDS
from expectations.dialect import SPARK_WORDS, seed_view
from expectations.engine import SOURCE, WholeTable
from expectations.gate import judge
from expectations.suite_files import Suite
from flows.home import SEEDS
from models_py.study import Study


class SparkTables:
    """Tables of a session, by the folders their Parquet files are in."""

    words: ClassVar[Mapping[str, Any]] = SPARK_WORDS
    errors_hold_no_values: ClassVar[bool] = False

    def __init__(self, session: SparkSession, folders: Mapping[str, Path]):
        self.session = session
        self.folders = folders
        for name, folder in folders.items():
            session.sql(f"CREATE SCHEMA IF NOT EXISTS {name.split('.')[0]}")
            session.sql(f"CREATE TABLE {name} USING parquet LOCATION {literal(str(folder))}")
        for name in COMPARED_SEEDS:
            with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                header, *rows = csv.reader(file)
            columns = ", ".join(f"{column} string" for column in header)
            session.createDataFrame([tuple(row) for row in rows], columns).createOrReplaceTempView(seed_view(name))

    def tables(self) -> set[str]:
        """Tables, as schema.name."""
        return set(self.folders)

    @contextmanager
    def source(self, context: AbstractDataContext) -> Iterator[WholeTable]:
        """A data source for each table: Great Expectations lists everything below a source's folder."""

        def whole_table(suite: Suite) -> BatchDefinition[Any]:
            folder = self.folders[suite.table]
            name = f"{SOURCE} {suite.name}"
            source = context.data_sources.add_spark_filesystem(name, base_directory=folder, persist=False)
            asset = source.add_directory_parquet_asset(suite.name, data_directory=folder)
            definition: BatchDefinition[Any] = asset.add_batch_definition_whole_directory("whole")
            return definition

        yield whole_table

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return [tuple(row) for row in self.session.sql(sql).collect()]


def literal(text: str) -> str:
    """A text as a literal of Spark's SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def main() -> None:
    """Read a request from standard input, judge, and write the verdict to the file that it names."""
    asked = json.load(sys.stdin)
    builder = SparkSession.builder
    for setting, value in asked["settings"].items():
        builder = builder.config(setting, value)
    session = builder.getOrCreate()
    try:
        tables = SparkTables(session, {name: Path(folder) for name, folder in asked["folders"].items()})
        study = Study.model_validate_json(asked["study"])
        verdict = judge(asked["gate"], tables, study, asked["run_id"], Path(asked["docs"]))
        Path(asked["verdict"]).write_text(json.dumps(asdict(verdict)), encoding="utf-8")
    finally:
        session.stop()


if __name__ == "__main__":
    main()
