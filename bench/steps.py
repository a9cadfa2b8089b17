"""Time and peak memory of every step at several sizes, and how both grow.

A quick look that prints and writes nothing: `make bench` (50k, 500k and 2M persons) or `python -m bench.steps --persons
50000 --persons 500000`. The table in docs/performance.md is that of `bench.growth`. Each step is a process of its own;
memory is that of the process and its children together.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.measure import Cost, measure

COMMAND = str(Path(sys.executable).with_name("flyttepanel"))
SIZES = (50_000, 500_000, 2_000_000)
STEPS = ("load", "build", "estimate", "publish")


def measure_size(persons: int, folder: Path, sampling: str) -> dict[str, Cost]:
    """All steps at one size, from simulation to release."""
    home = folder / str(persons)
    simulate = [COMMAND, "simulate", "--persons", str(persons), "--years", "2014-2021", "--seed", "1"]
    costs = {"simulate": measure(*simulate, "--sampling", sampling, "--out", str(home / "landing"))}
    return costs | {step: measure(COMMAND, step, "--home", str(home)) for step in STEPS}


def table(costs: dict[int, dict[str, Cost]]) -> str:
    """A Markdown table: seconds and memory per step and size, and the growth of both against linear.

    Growth is (cost at the largest size / cost at the next) / (ratio of the sizes): up to 1 is linear or better.
    """
    sizes = sorted(costs)
    head = "| step |" + "".join(f" {size:,} persons |" for size in sizes) + " growth of time | of memory |"
    lines = [head, "|" + " --- |" * (len(sizes) + 3)]
    for step in ("simulate", *STEPS):
        cells = [f" {costs[size][step].seconds:.1f} s, {costs[size][step].peak / 1e9:.2f} GB |" for size in sizes]
        lines.append(f"| {step} |{''.join(cells)} {growth(costs, step, 'seconds')} | {growth(costs, step, 'peak')} |")
    refresh = [f" {sum(costs[size][step].seconds for step in STEPS):.1f} s |" for size in sizes]
    return "\n".join([*lines, f"| load to release |{''.join(refresh)} | |"])


def growth(costs: dict[int, dict[str, Cost]], step: str, what: str) -> str:
    """Growth between the two largest sizes, relative to linear."""
    if len(costs) < 2:
        return ""
    *_, before, largest = sorted(costs)
    return f"{getattr(costs[largest][step], what) / getattr(costs[before][step], what) / (largest / before):.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, action="append")
    parser.add_argument("--sampling", choices=["population", "balanced"], default="balanced")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        costs = {size: measure_size(size, Path(folder), options.sampling) for size in sorted(options.persons or SIZES)}
    print(table(costs))


if __name__ == "__main__":
    main()
