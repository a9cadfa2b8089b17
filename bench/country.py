"""The whole country on one machine: every step of a full refresh from text files, beside what bare DuckDB takes.

Run `make bench-country` (5.4M persons, 2014-2021), or a small try with `python -m bench.country --persons 50000`, which
prints and writes nothing. Each step is a process of its own; memory is that of the process and its children together
at its largest. The floor (`bench/floor.py`) reads the same files in the same run.
"""

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.document import markdown, write_table
from bench.measure import Cost, measure_job, measure_step
from bench.steps import COMMAND

PERSONS, YEARS = 5_400_000, "2014-2021"
# What the run needs on disk: files, the warehouse three times (its candidate, a variant's scratch copy), the floor's
# tables, and what is spilled.
DISK_PER_PERSON = 9_000
STEPS = (("load",), ("build",), ("estimate",), ("estimate", "--variants"), ("publish",))
FLOOR = {
    "read": "floor: files into tables of texts",
    "join": "floor: the panel's rows, one join",
    "group": "floor: cells and paths, one grouping each",
}


@dataclass(frozen=True, slots=True)
class Size:
    """What there is after a step: rows it made, and bytes of the files they lie in."""

    rows: int
    n_bytes: int


def run(persons: int, folder: Path) -> str:
    """Everything, as a table."""
    home, floor = folder / "home", folder / "floor.duckdb"
    landing = home / "landing"
    simulate = (COMMAND, "simulate", "--persons", str(persons), "--years", YEARS, "--seed", "1", "--out", str(landing))
    costs = {"simulate": measure_step(*simulate)}
    [delivery] = [path for path in landing.iterdir() if path.is_dir()]
    floor_costs, floor_sizes = measure_floor(delivery, floor)
    floor.unlink()
    sizes = {}
    for step in STEPS:
        name = " ".join(step)
        costs[name] = measure_step(COMMAND, *step, "--home", str(home))
        sizes[name] = bytes_of(home / "warehouse.duckdb")
    rows = rows_of(home)
    made = {
        "simulate": Size(rows["files"], bytes_of(delivery)),
        "load": Size(rows["raw"], sizes["load"]),
        "build": Size(rows["person_year"], sizes["build"]),
        "estimate": Size(rows["path"], sizes["estimate"]),
        "publish": Size(rows["published"], bytes_of((home / "current").resolve())),
    }
    return table(costs, made, floor_costs, floor_sizes)


def measure_floor(delivery: Path, database: Path) -> tuple[dict[str, Cost], dict[str, Size]]:
    """The floor's three jobs on the same files."""
    costs, sizes = {}, {}
    for job in FLOOR:
        call = [sys.executable, "-m", "bench.floor", job, str(database), *([str(delivery)] if job == "read" else [])]
        cost, report = measure_job(*call)
        costs[job] = Cost(report["seconds"], cost.peak)
        sizes[job] = Size(report["rows"], bytes_of(database))
    return costs, sizes


def bytes_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def rows_of(home: Path) -> dict[str, int]:
    """Rows of the files, of the registers, of the panel, of its paths, and of what is published."""
    import duckdb  # here, so that the measuring process is small while it measures

    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        found = con.execute("""
            select (select sum(n_rows) from audit.delivery_file),
                (select sum(estimated_size) from duckdb_tables() where schema_name = 'raw'),
                (select count(*) from marts.person_year), (select count(*) from estimation.path)
        """).fetchone()
    with duckdb.connect(str((home / "results.duckdb").resolve()), read_only=True) as con:
        published = con.execute(
            "select sum(estimated_size) from duckdb_tables() where schema_name = 'history'"
        ).fetchone()
    counts = (*(found or ()), *(published or ()))
    return dict(zip(("files", "raw", "person_year", "path", "published"), map(int, counts), strict=True))


def table(
    costs: dict[str, Cost], made: dict[str, Size], floor_costs: dict[str, Cost], floor_sizes: dict[str, Size]
) -> str:
    """The Markdown table: ours step by step, the floor, and ours against it."""
    head = ["step", "time", "of which", "rows made", "bytes", "largest memory"]
    rows = [[name, *cells(cost, made.get(name))] for name, cost in costs.items()]
    refresh = [cost for name, cost in costs.items() if name not in ("simulate", "estimate")]
    rows.append(["**load to release, with variants**", *cells(total(refresh), None)])
    rows += [[FLOOR[job], *cells(cost, floor_sizes[job])] for job, cost in floor_costs.items()]
    floor, ours = total(list(floor_costs.values())), total([costs["load"], costs["build"]])
    rows.append(["**floor**", *cells(floor, None)])
    times = f"**{ours.seconds / floor.seconds:.2f} times the floor**"
    rows.append(["**load, build and their gates**", f"{ours.seconds:.1f} s", times, "", "", memory(ours)])
    return markdown(head, rows)


def cells(cost: Cost, size: Size | None) -> list[str]:
    """Time, its parts, rows, bytes and memory as cells."""
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in cost.parts.items())
    made = [f"{size.rows:,}", f"{size.n_bytes / 1e9:.2f} GB"] if size else ["", ""]
    return [f"{cost.seconds:.1f} s", parts if len(cost.parts) > 1 else "", *made, memory(cost)]


def total(costs: list[Cost]) -> Cost:
    """Costs one after another."""
    return Cost(sum(cost.seconds for cost in costs), max(cost.peak for cost in costs))


def memory(cost: Cost) -> str:
    """Memory as a cell."""
    return f"{cost.peak / 1e9:.2f} GB"


def check_disk(folder: Path, persons: int) -> None:
    """Insist on room for the run.

    Raises:
        SystemExit: there is too little.
    """
    free, needed = shutil.disk_usage(folder).free, persons * DISK_PER_PERSON
    if free < needed:
        sys.exit(f"{needed / 1e9:.0f} GB are needed and {free / 1e9:.0f} are free: set TMPDIR to where there are more")


def main() -> None:
    """Measure, print, and at full size write into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=PERSONS, help="fewer than the country: nothing is written")
    parser.add_argument("--as", dest="name", default="country", help="the table's name in docs/performance.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        check_disk(Path(folder), options.persons)
        made = run(options.persons, Path(folder))
    print(made)
    if options.persons == PERSONS:
        write_table(options.name, made)


if __name__ == "__main__":
    main()
