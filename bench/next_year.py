"""What one more year costs beside a build of everything: load, build and their gates, estimation apart.

Run `make bench-next-year` (2M persons and the country, 5.4M), or `python -m bench.next_year --persons 300000`, which
prints and writes nothing. Seven panel years (1 Januaries 2014-2022) are loaded and built; then Statistics Norway's next
delivery comes, with the wide files whole again. It is compared with the same registers loaded and built from nothing:
as they came, a delivery a year, which is what landing holds; and as one delivery, the least that they could come in.
Load and build are one process, as in a refresh (`bench/load_and_build.py`). The machine's speed drifts within a run:
the year more is measured first and last, and what stands is the mean. Then once more, with one person in 5,000 born in
another year than faste_oppl said before. So that it is seen what no program can do without, bare DuckDB reads the files
of each (`bench/floor.py`).
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench.document import markdown, write_table
from bench.measure import measure, measure_job, measure_step
from bench.steps import COMMAND

FIRST_YEAR, LAST_YEAR = 2014, 2023
SIZES = (2_000_000, 5_400_000)
# A step of the table, and what is logged of it.
STEPS = {"load, gate 1": ("load", "gate 1"), "build, gate 2": ("build", "gate 2")}
TOGETHER = "together, with start, copy and save"
# What a home holds beside deliveries.
WAREHOUSE, DBT = "warehouse.duckdb", "work/dbt"
FLOOR = "bare DuckDB reading the same files"
HEAD = [
    *("persons", "step", "a year more", "everything as it came, share", "everything as one delivery, share"),
    "a year more with corrected persons, share",
]
ROWS_A_CORRECTION = 5_000
Costs = dict[str, float]


def simulate(persons: int, out: Path, last_year: int, deliveries: str) -> Path:
    """A simulated Norway's deliveries up to a 1 January."""
    years = f"{FIRST_YEAR}-{last_year}"
    call = [COMMAND, "simulate", "--persons", str(persons), "--years", years, "--seed", "1", "--deliveries", deliveries]
    measure(*call, "--out", str(out))
    return out


def load_and_build(home: Path) -> Costs:
    """Seconds of loading what is due and building from it, in one process as in a refresh."""
    cost = measure_step(sys.executable, "-m", "bench.load_and_build", str(home))
    return {step: sum(cost.parts[part] for part in parts) for step, parts in STEPS.items()} | {TOGETHER: cost.seconds}


def compare(persons: int, folder: Path) -> list[Costs]:
    """Seconds of everything as it came and as one delivery, and of the next year on top of those before.

    The last ones are of the next year with corrected persons.
    """
    came = simulate(persons, folder / "came" / "landing", LAST_YEAR, "yearly")
    delivery = Path(shutil.copytree(came / f"delivery_{LAST_YEAR}", folder / f"delivery_{LAST_YEAR}"))
    grown = simulate(persons, folder / "grown" / "landing", LAST_YEAR - 1, "single").parent
    load_and_build(grown)
    delivery = Path(shutil.move(delivery, grown / "landing"))
    kept = keep(grown, folder / "kept")
    first = a_year_more(grown, kept, delivery)
    as_came = everything(came)
    shutil.rmtree(came.parent)
    as_one = everything(simulate(persons, folder / "one" / "landing", LAST_YEAR, "single"))
    shutil.rmtree(folder / "one")
    last = a_year_more(grown, kept, delivery)
    correct_persons(delivery)
    corrected = a_year_more(grown, kept, delivery)
    return [as_came, as_one, {step: (first[step] + last[step]) / 2 for step in first}, corrected]


def correct_persons(delivery: Path) -> None:
    """Have every so-manieth row of a delivery's `faste_oppl` say that the person was born the year before."""
    [path] = delivery.glob("*faste_oppl*.csv")
    header, *rows = path.read_text(encoding="cp1252").splitlines(keepends=True)
    column = header.strip().lower().split(";").index("foedsels_aar_mnd")
    for place in range(0, len(rows), ROWS_A_CORRECTION):
        values = rows[place].split(";")
        born = values[column].strip()
        if born[:4].isdigit():
            values[column] = values[column].replace(born[:4], str(int(born[:4]) - 1), 1)
            rows[place] = ";".join(values)
    path.write_text(header + "".join(rows), encoding="cp1252")


def keep(home: Path, kept: Path) -> Path:
    """Copy what a home holds beside deliveries: the warehouse and dbt's files."""
    kept.mkdir()
    for name in (WAREHOUSE, DBT):
        copy(home / name, kept / name)
    return kept


def a_year_more(home: Path, kept: Path, delivery: Path) -> Costs:
    """Seconds of the next delivery on top of what was kept, and of reading it."""
    for name in (WAREHOUSE, DBT):
        copy(kept / name, home / name)
    os.sync()
    return load_and_build(home) | {FLOOR: read(delivery, kept)}


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder in place of another."""
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def everything(landing: Path) -> Costs:
    """Seconds of loading and building all deliveries of a home from nothing, and of reading them."""
    read_alone = sum(read(delivery, landing.parent) for delivery in sorted(landing.glob("delivery_*")))
    return load_and_build(landing.parent) | {FLOOR: read_alone}


def read(delivery: Path, folder: Path) -> float:
    """Seconds that bare DuckDB takes for the files of a delivery."""
    database = folder / "floor.duckdb"
    _, report = measure_job(sys.executable, "-m", "bench.floor", "read", str(database), str(delivery))
    database.unlink()
    return float(report["seconds"])


def rows(persons: int, as_came: Costs, as_one: Costs, more: Costs, corrected: Costs) -> list[list[str]]:
    """The table's rows of a size."""
    return [
        [
            *(f"{persons:,}", name, f"{more[name]:.1f} s"),
            *(f"{all_of_it[name]:.1f} s, {more[name] / all_of_it[name]:.2f}" for all_of_it in (as_came, as_one)),
            f"{corrected[name]:.1f} s, {corrected[name] / as_came[name]:.2f}",
        ]
        for name in (*STEPS, TOGETHER, FLOOR)
    ]


def main() -> None:
    """Measure, print, and at full size write into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, action="append", help="other sizes: nothing is written")
    sizes = parser.parse_args().persons
    found = []
    for persons in sizes or SIZES:
        with tempfile.TemporaryDirectory() as folder:
            of_size = rows(persons, *compare(persons, Path(folder)))
        print(markdown(HEAD, of_size), flush=True)  # a size takes half an hour: whoever stops the next one has this one
        found += of_size
    if not sizes:
        write_table("next-year", markdown(HEAD, found))


if __name__ == "__main__":
    main()
