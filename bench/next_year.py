"""What one more year costs beside a build of everything: load, build and their gates, estimation apart.

Run `make bench-next-year` (2M persons and the country, 5.4M), or `python -m bench.next_year --persons 300000`, which
prints and writes nothing. Seven panel years (1 Januaries 2014-2022) are loaded and built; then Statistics Norway's next
delivery comes, with the wide files whole again. It is compared with the same registers loaded and built from nothing:
as they came, a delivery a year, which is what landing holds; and as one delivery, the least that they could come in. So
that it is seen what no program can leave out, bare DuckDB reads the files of each (`bench/floor.py`).
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from bench.document import markdown, write_table
from bench.measure import measure_job
from bench.steps import COMMAND, Cost, measure

FIRST_YEAR, LAST_YEAR = 2014, 2023
SIZES = (2_000_000, 5_400_000)
STEPS = ("load", "build")
TOGETHER = "together"
FLOOR = "bare DuckDB reading the same files"
HEAD = ["persons", "step", "a year more", "everything as it came, share", "everything as one delivery, share"]
Costs = dict[str, float]


def simulate(persons: int, out: Path, last_year: int, deliveries: str) -> Path:
    """A simulated Norway's deliveries up to a 1 January."""
    years = f"{FIRST_YEAR}-{last_year}"
    call = [COMMAND, "simulate", "--persons", str(persons), "--years", years, "--seed", "1", "--deliveries", deliveries]
    measure(*call, "--out", str(out))
    return out


def steps(home: Path) -> dict[str, Cost]:
    """Load and build, each a process with its gate."""
    return {step: measure(COMMAND, step, "--home", str(home)) for step in STEPS}


def compare(persons: int, folder: Path) -> list[Costs]:
    """Seconds of everything as it came, of everything as one delivery, and of the next year on top of those before."""
    came = simulate(persons, folder / "came" / "landing", LAST_YEAR, "yearly")
    as_came = everything(folder / "came")
    landed = came / f"delivery_{LAST_YEAR}"
    simulate(persons, folder / "one" / "landing", LAST_YEAR, "single")
    as_one = everything(folder / "one")
    shutil.rmtree(folder / "one")
    grown = simulate(persons, folder / "grown" / "landing", LAST_YEAR - 1, "single")
    steps(folder / "grown")
    shutil.move(landed, grown)
    return [as_came, as_one, seconds(steps(folder / "grown"), read(grown / landed.name, folder))]


def everything(home: Path) -> Costs:
    """Seconds of loading and building all deliveries of a home from nothing."""
    costs = steps(home)
    return seconds(costs, sum(read(delivery, folder=home) for delivery in sorted(home.glob("landing/delivery_*"))))


def read(delivery: Path, folder: Path) -> float:
    """Seconds that bare DuckDB takes for the files of a delivery."""
    database = folder / "floor.duckdb"
    _, report = measure_job(sys.executable, "-m", "bench.floor", "read", str(database), str(delivery))
    database.unlink()
    return float(report["seconds"])


def seconds(costs: dict[str, Cost], floor: float) -> Costs:
    """Seconds of each step and of both, and the floor."""
    taken = {step: cost.seconds for step, cost in costs.items()}
    return taken | {TOGETHER: sum(taken.values()), FLOOR: floor}


def rows(persons: int, as_came: Costs, as_one: Costs, more: Costs) -> list[list[str]]:
    """The table's rows of a size."""
    return [
        [
            *(f"{persons:,}", name, f"{more[name]:.1f} s"),
            *(f"{all_of_it[name]:.1f} s, {more[name] / all_of_it[name]:.2f}" for all_of_it in (as_came, as_one)),
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
            found += rows(persons, *compare(persons, Path(folder)))
    made = markdown(HEAD, found)
    print(made)
    if not sizes:
        write_table("next-year", made)


if __name__ == "__main__":
    main()
