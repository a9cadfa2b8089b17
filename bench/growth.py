"""How time and memory grow from a hundred thousand persons to the whole country, and beyond by repeating its panel.

Run `make bench-growth` (0.1, 0.5, 2 and 5.4M persons, and a panel of 15M), or a small try with `python -m bench.growth
--scale 0.01`, which prints and writes nothing. A step is a process of its own. Growth is told as the slope of log
seconds on log persons between neighbouring sizes: 1 is in proportion, and n log n is hardly more.
"""

import argparse
import math
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.country import YEARS, check_disk
from bench.document import DOCUMENT, markdown, write_table
from bench.measure import Cost, measure_job, measure_step
from bench.steps import COMMAND

SIZES = (100_000, 500_000, 2_000_000, 5_400_000)
REPEATED = 15_000_000
STEPS = ("load", "build", "estimate", "publish")
# Made by our SQL from the panel's rows alone, at all sizes, so that the repeated panel has something to stand beside.
PATHS = "cells and paths"
PICTURE = DOCUMENT.with_name("growth.svg")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a step took with so many residents."""

    persons: int
    step: str
    cost: Cost


def measure_size(persons: int, folder: Path, repeated: int) -> list[Measured]:
    """Everything at one size, and with `repeated` more persons what comes after the panel."""
    home = folder / "home"
    simulate = ("--persons", str(persons), "--years", YEARS, "--seed", "1", "--out", str(home / "landing"))
    costs = {"simulate": measure_step(COMMAND, "simulate", *simulate)}
    costs |= {step: measure_step(COMMAND, step, "--home", str(home)) for step in STEPS}
    done = [Measured(persons, step, cost) for step, cost in costs.items()]
    done += measure_panel(persons, home / "warehouse.duckdb", folder, 1.0)[:1]
    return done + (measure_panel(repeated, home / "warehouse.duckdb", folder, repeated / persons) if repeated else [])


def measure_panel(persons: int, warehouse: Path, folder: Path, factor: float) -> list[Measured]:
    """Cells and paths of a panel repeated, and their estimation."""
    rows, database = folder / "rows.parquet", folder / "repeated.duckdb"
    job = (sys.executable, "-m", "bench.repeated")
    measure_job(*job, "rows", str(warehouse), str(rows), "--factor", str(factor))
    done = [Measured(persons, PATHS, timed(*job, "collapse", str(rows), str(database)))]
    if factor > 1.0:
        done.append(Measured(persons, "estimate", timed(*job, "estimate", str(database))))
    for file in (rows, database):
        file.unlink()
    return done


def timed(*command: str) -> Cost:
    """A job's cost, without the start of Python."""
    cost, report = measure_job(*command)
    return Cost(report["seconds"], cost.peak)


def table(measured: list[Measured]) -> str:
    """A Markdown table: seconds, microseconds a person and memory by step and size, and slopes between sizes."""
    sizes = sorted({one.persons for one in measured})
    head = ["step", *(f"{size:,} persons" for size in sizes), "slopes of time", "slope of memory"]
    rows = []
    for step in dict.fromkeys(one.step for one in measured):
        costs = {one.persons: one.cost for one in measured if one.step == step}
        times = {size: cost.seconds for size, cost in costs.items()}
        slopes = ", ".join(f"{slope:.2f}" for slope in slopes_of(times))
        of_memory = slopes_of({size: float(cost.peak) for size, cost in costs.items()})
        rows.append(
            [step, *(cell(size, costs.get(size)) for size in sizes), slopes, f"{max(of_memory, default=0):.2f}"]
        )
    return markdown(head, rows)


def cell(persons: int, cost: Cost | None) -> str:
    """Time, time a person and memory."""
    if cost is None:
        return ""
    return f"{cost.seconds:.1f} s, {cost.seconds / persons * 1e6:.1f} µs each, {cost.peak / 1e9:.2f} GB"


def slopes_of(values: dict[int, float]) -> list[float]:
    """Slopes of log value on log size between neighbouring sizes."""
    points = sorted(values.items())
    return [math.log(after / before) / math.log(larger / size) for (size, before), (larger, after) in pairwise(points)]


def draw(measured: list[Measured], picture: Path) -> None:
    """Time and memory a person against persons, both axes in logarithms, a line a step."""
    import altair  # here, so that the measuring process is small while it measures

    values = [
        {"persons": one.persons, "step": one.step, "value": value, "what": what}
        for one in measured
        for what, value in (
            ("microseconds a person", one.cost.seconds / one.persons * 1e6),
            ("kilobytes of memory a person", one.cost.peak / one.persons / 1e3),
        )
    ]
    lines = (
        altair.Chart(altair.Data(values=values))
        .mark_line(point=True)
        .encode(
            x=altair.X(
                "persons:Q",
                scale=altair.Scale(type="log"),
                title="persons",
                axis=altair.Axis(format="~s", tickCount=3),
            ),
            y=altair.Y("value:Q", scale=altair.Scale(type="log"), title=None),
            color=altair.Color("step:N", title="step", sort=None),
            shape=altair.Shape("step:N", sort=None, legend=None),
        )
        .properties(width=330, height=300)
        .facet(column=altair.Column("what:N", title=None, sort=None))
        .resolve_scale(y="independent")
    )
    lines.save(str(picture))


def main() -> None:
    """Measure, print, and at full size write table and picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of the full sizes; below 1 nothing is written")
    parser.add_argument("--picture", type=Path, help="where the picture goes; without it, into docs/ at full size")
    options = parser.parse_args()
    measured: list[Measured] = []
    for size in SIZES:
        persons, repeated = int(size * options.scale), int(REPEATED * options.scale)
        with tempfile.TemporaryDirectory() as folder:
            check_disk(Path(folder), persons)
            measured += measure_size(persons, Path(folder), repeated if size == SIZES[-1] else 0)
        print(table(measured), flush=True)
    picture = options.picture or (PICTURE if options.scale == 1.0 else None)
    if picture:
        draw(measured, picture)
    if options.scale == 1.0:
        write_table("growth-of-country", table(measured))


if __name__ == "__main__":
    main()
