"""What one more year costs beside a build of everything: load, build and their gates, estimation apart.

Run `make bench-next-year` (2M persons) or `python -m bench.next_year --persons 300000`. Seven panel years are loaded
and built from one delivery; then Statistics Norway's next delivery comes, with the wide files whole again. The same
registers loaded and built from nothing, in one delivery, are what it is compared with.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from bench.steps import COMMAND, Cost, measure

FIRST_YEAR, LAST_YEAR = 2014, 2022
STEPS = ("load", "build")


def simulate(persons: int, out: Path, last_year: int, deliveries: str) -> Path:
    """A simulated Norway's deliveries up to a 1 January."""
    years = f"{FIRST_YEAR}-{last_year}"
    call = [COMMAND, "simulate", "--persons", str(persons), "--years", years, "--seed", "1", "--deliveries", deliveries]
    measure(*call, "--out", str(out))
    return out


def steps(home: Path) -> dict[str, Cost]:
    """Load and build, each a process with its gate."""
    return {step: measure(COMMAND, step, "--home", str(home)) for step in STEPS}


def compare(persons: int, folder: Path) -> tuple[dict[str, Cost], dict[str, Cost]]:
    """Cost of everything from nothing, and of the next year on top of the years before."""
    simulate(persons, folder / "whole" / "landing", LAST_YEAR, "single")
    simulate(persons, folder / "grown" / "landing", LAST_YEAR - 1, "single")
    yearly = simulate(persons, folder / "yearly", LAST_YEAR, "yearly")
    whole = steps(folder / "whole")
    steps(folder / "grown")
    shutil.copytree(yearly / f"delivery_{LAST_YEAR}", folder / "grown" / "landing" / f"delivery_{LAST_YEAR}")
    return whole, steps(folder / "grown")


def table(persons: int, whole: dict[str, Cost], grown: dict[str, Cost]) -> str:
    """A Markdown table."""
    lines = [f"| {persons:,} persons | everything | a year more | share |", "| --- | --- | --- | --- |"]
    for name in (*STEPS, "together"):
        full, more = (
            sum(cost.seconds for step, cost in costs.items() if name in (step, "together")) for costs in (whole, grown)
        )
        lines.append(f"| {name} | {full:.1f} s | {more:.1f} s | {more / full:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=2_000_000)
    persons = parser.parse_args().persons
    with tempfile.TemporaryDirectory() as folder:
        print(table(persons, *compare(persons, Path(folder))))


if __name__ == "__main__":
    main()
