"""The same build in DuckDB and on Spark: processor time, and what Spark shuffles for each table.

Run `make bench-spark` (100,000 persons, into docs/scale.md) or `python -m bench.spark --persons 20000`, which prints
and writes nothing. Processor time beside wall time, because it minds less what else the machine does. Shuffles are read
from Spark's event log; no table is broadcast to a join, as none of a large country's would be.
"""

import argparse
import json
import os
import re
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.document import markdown, write_table
from bench.specification import PROJECT_ROOT
from flows import spark, steps
from flows.build import build as build_in_duckdb
from flows.home import STUDY_FILE, Home
from flows.spark.storage import Storage
from models_py.study import load_study
from synthetic import simulate

TABLE = re.compile(r"Create\w*AsSelect\w* .*?`(\w+)`\.`(\w+)`[,\s]", re.DOTALL)
PERSONS = 100_000
DOCUMENT = PROJECT_ROOT / "docs/scale.md"
SECONDS_BETWEEN_LOOKS = 0.5
MEGABYTE = 1e6
LEAST_TOLD = 0.05 * MEGABYTE


def processor_seconds(root: int) -> float:
    """Processor time so far of a process and of all below it that are alive or were waited for."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(fields[1])
            spent[int(entry.name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def is_below(process: int) -> bool:
        while process not in (root, 0):
            process = parents.get(process, 0)
        return process == root

    return sum(seconds for process, seconds in spent.items() if is_below(process))


@contextmanager
def processor_time(costs: dict[str, float], name: str) -> Iterator[None]:
    """Note what a block takes, looking often: a JVM that ends is not waited for, and its time would be lost."""
    before, most, ended = processor_seconds(os.getpid()), [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(SECONDS_BETWEEN_LOOKS):
            most[0] = max(most[0], processor_seconds(os.getpid()) - before)

    watcher = threading.Thread(target=look)
    watcher.start()
    start = time.perf_counter()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        costs[name] = max(most[0], processor_seconds(os.getpid()) - before)
        costs[f"{name}, wall"] = time.perf_counter() - start


def shuffles(log: Path) -> dict[str, dict[str, int]]:
    """Bytes shuffled and spilled for each table that Spark made, from its event log."""
    table_of: dict[str, str] = {}
    stage_of: dict[int, str] = {}
    found: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"shuffled": 0, "spilled": 0})
    for line in log.read_text(encoding="utf-8").splitlines():
        event: dict[str, Any] = json.loads(line)
        kind = event["Event"].rpartition(".")[2]
        if kind == "SparkListenerSQLExecutionStart" and (made := TABLE.search(event["physicalPlanDescription"])):
            table_of[str(event.get("rootExecutionId", event["executionId"]))] = f"{made[1]}.{made[2]}"
        elif kind == "SparkListenerJobStart":
            properties = event.get("Properties") or {}
            root = properties.get("spark.sql.execution.root.id") or properties.get("spark.sql.execution.id", "")
            stage_of |= {stage: table_of.get(root, "tests and others") for stage in event["Stage IDs"]}
        elif kind == "SparkListenerTaskEnd" and (metrics := event.get("Task Metrics")):
            sums = found[stage_of.get(event["Stage ID"], "tests and others")]
            sums["shuffled"] += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
            sums["spilled"] += metrics["Disk Bytes Spilled"]
    return found


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def run(persons: int, folder: Path) -> str:
    """Load once, build twice: what was measured, as Markdown."""
    study, home, costs = load_study(STUDY_FILE), Home(folder / "home"), dict[str, float]()
    home.create()
    simulate(persons=persons, years=(2014, 2021), seed=1, out=home.landing, format="parquet")
    database = folder / "loaded.duckdb"
    steps.load(home, database, study, "bench")
    events, conf = folder / "events", folder / "conf"
    events.mkdir()
    conf.mkdir()
    (conf / "spark-defaults.conf").write_text(
        f"spark.eventLog.enabled true\nspark.eventLog.rolling.enabled false\nspark.eventLog.compress false\n"
        f"spark.eventLog.dir file://{events}\n"
        f"spark.sql.autoBroadcastJoinThreshold -1\n"
    )
    os.environ["SPARK_CONF_DIR"] = str(conf)
    os.environ["FLYTTEPANEL_SPARK_EVENT_LOG"] = "true"
    storage = Storage(folder / "spark")
    with processor_time(costs, "Spark"):
        spark.build(database, storage, study, folder / "dbt_spark")
    with processor_time(costs, "DuckDB"):
        build_in_duckdb(database, study, folder / "dbt")
    [log] = (path for path in events.iterdir() if not path.name.startswith("."))
    rows = []
    for table, sums in sorted(shuffles(log).items(), key=lambda item: -item[1]["shuffled"]):
        if sums["shuffled"] < LEAST_TOLD:
            continue
        size = size_of(storage.table(table)) if "." in table else 0
        numbers = (sums["shuffled"], sums["spilled"], size)
        rows.append([table, *(f"{number / MEGABYTE:.1f}" for number in numbers)])
    return "\n".join(
        [
            f"{persons:,} persons, 2014–2021, `local[2]`, build and tests without the gate: "
            f"Spark {costs['Spark, wall']:.1f} s of wall time and {costs['Spark']:.1f} s of processor time, "
            f"DuckDB {costs['DuckDB, wall']:.1f} s and {costs['DuckDB']:.1f} s. "
            f"Written out for Spark: {size_of(storage.path / 'raw') / MEGABYTE:.1f} MB. "
            "What else shuffles, shuffles less than 0.05 MB.",
            "",
            markdown(["table", "shuffled, MB", "spilled, MB", "written, MB"], rows),
        ]
    )


def main() -> None:
    """Measure, print, and at full size write into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=PERSONS, help="other sizes: nothing is written")
    persons = parser.parse_args().persons
    with tempfile.TemporaryDirectory() as folder:
        made = run(persons, Path(folder))
    print(made)
    if persons == PERSONS:
        write_table("spark", made, DOCUMENT)


if __name__ == "__main__":
    main()
