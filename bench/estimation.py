"""Estimation against peers on the same data, and how its time grows: tables for docs/performance.md.

Run `make bench-estimation`, or one table with `python -m bench.estimation pooled` (`random-effects`, `large`,
`growth`); `--scale 0.01` makes all data smaller and prints the table without writing it. Every job is a process of its
own on the same rows. Times run from opening the input to results, without imports; of peers the fit alone counts.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.document import markdown, write_table
from bench.jobs import (
    PEERS,
    ROWS_PER_PERSON,
    Done,
    collapse,
    exact_log_likelihood,
    has_r,
    make_data,
    ours,
    peer,
)

POOLED_ROWS = {1_000_000: ("statsmodels", "nnet"), 5_000_000: ("statsmodels",), 10_000_000: ()}
SMALL_ROWS, LARGE_PERSONS = 12_000, 3_000_000
GROWTH_ROWS = (1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000)
# biogeme holds every draw of every row: 500 of them need more than 22 GB. Fewer are faster, in its favour.
DRAWS = {"xlogit": 1000, "biogeme": 250}
PEER_NAMES = {
    "statsmodels": "statsmodels `MNLogit`, Newton, clustered",
    "nnet": "R `nnet::multinom`, no standard errors",
    "xlogit": "xlogit, independent, {} draws",
    "biogeme": "biogeme, correlated, {} draws",
}
STRUCTURES = {"xlogit": "independent", "biogeme": "unstructured"}
# What estimates of the same model may differ by: coefficients absolutely, standard errors relatively.
COEFFICIENT_TOLERANCE, ERROR_TOLERANCE = 1e-6, 1e-5
# Estimates by simulation differ from the maximum; ours must be as high, but for what rounding does.
LIKELIHOOD_TOLERANCE = 1e-3


def pooled_table(folder: Path, scale: float) -> str:
    """Pooled model with standard errors clustered by person."""
    head = ["rows", "job", "time", "memory", "times faster", "of its memory", "coefficients", "standard errors"]
    rows = []
    for n_rows, peers in POOLED_ROWS.items():
        data = make_data(folder / f"pooled{n_rows}", persons_of(n_rows * scale), bool(peers))
        collapse(data)
        from_warehouse, from_rows = ours("pooled", data.warehouse), ours("pooled", data.rows)
        size = f"{from_rows.report['rows']:,}"
        for name, done in (("cells and paths", from_warehouse), ("rows", from_rows)):
            rows.append([size, f"ours, from {name}", *cost_cells(done), "", "", "", ""])
        for name in peers:
            if name == "nnet" and not has_r():
                print("R with nnet is not installed: left out", file=sys.stderr)
                continue
            found = peer(name, data)
            faster = f"{found.seconds / from_warehouse.seconds:.0f}; {found.seconds / from_rows.seconds:.0f} from rows"
            memory = f"{from_warehouse.peak / found.peak:.2f}; {from_rows.peak / found.peak:.2f}"
            agreement = differences(from_warehouse, found)
            rows.append([size, PEER_NAMES[name], *cost_cells(found), faster, memory, *agreement])
    return markdown(head, rows)


def differences(mine: Done, found: Done) -> list[str]:
    """The largest differences of estimates and standard errors, as cells.

    Raises:
        SystemExit: they are too large. nnet's search is less exact and has no errors; its differences are told alone.
    """
    if "params" in found.report:
        params = np.reshape(found.report["params"], (2, -1)).T
        return [f"{np.abs(mine.array('params') - params).max():.0e}", ""]
    apart = float(np.abs(mine.array("params") - found.array("params")).max())
    errors_apart = float(np.abs(mine.array("errors") / found.array("errors") - 1).max())
    if apart > COEFFICIENT_TOLERANCE or errors_apart > ERROR_TOLERANCE:
        sys.exit(f"coefficients differ by {apart:.1e}, standard errors by {errors_apart:.1e} of themselves")
    return [f"{apart:.0e}", f"{errors_apart:.0e}"]


def random_effects_table(folder: Path, scale: float) -> str:
    """Random effects on few rows, against software that integrates by simulation.

    Raises:
        SystemExit: the peers are not installed, or one of them found a higher likelihood.
    """
    if not PEERS.exists():
        sys.exit("make bench-peers first: xlogit and biogeme have an environment of their own")
    head = ["job", "estimates and errors", "with profile intervals", "memory", "log-likelihood", "times faster"]
    data = make_data(folder / "small", persons_of(SMALL_ROWS * scale), True)
    collapse(data)
    # biogeme starts where we do: the pooled coefficients.
    (folder / "small/pooled.npz").write_bytes(ours("pooled", data.warehouse).estimates.read_bytes())
    rows = []
    for name, structure in STRUCTURES.items():
        warm = ours("random_effects", data.warehouse, structure)
        cold = ours("random_effects", data.warehouse, structure, repeats=1, cold=True)
        found = peer(name, data, str(DRAWS[name]))
        likelihoods = [exact_log_likelihood(data, structure, done.estimates) for done in (warm, found)]
        if likelihoods[0] < likelihoods[1] - LIKELIHOOD_TOLERANCE:
            sys.exit(f"{name} found a higher likelihood: {likelihoods[1]:.4f} against {likelihoods[0]:.4f}")
        for label, done in ((f"ours, {structure}", warm), ("the same, compiling first", cold)):
            seconds = f"{without_intervals(done):.2f} s"
            rows.append([label, seconds, f"{done.seconds:.2f} s", memory_cell(done), f"{likelihoods[0]:.3f}", ""])
        faster = f"{found.seconds / without_intervals(warm):.0f}; {found.seconds / warm.seconds:.0f} with intervals"
        peer_name = PEER_NAMES[name].format(DRAWS[name])
        rows.append([peer_name, *cost_cells(found, "none"), f"{likelihoods[1]:.3f}", faster])
    return markdown(head, rows)


def without_intervals(done: Done) -> float:
    """Seconds until estimates and standard errors are there; peers have no profile-likelihood intervals."""
    return done.seconds - float(done.report["parts"]["profile intervals"])


def large_table(folder: Path, scale: float) -> str:
    """Random effects of a whole population, from rows to results, and where the time goes."""
    data = make_data(folder / "large", int(LARGE_PERSONS * scale), False)
    collapsed = collapse(data)
    done = ours("random_effects", data.warehouse, "unstructured", repeats=1)
    report, total = done.report, collapsed.seconds + done.seconds
    parts = report["parts"]
    kernel = parts["kernel"] + parts.get("placing adaptive nodes", 0.0)
    reading = report["seconds"]["collapse"] + report["seconds"]["read cells"] + parts["reading and arranging paths"]
    shares = {
        "collapsing rows into cells and paths (DuckDB)": collapsed.seconds,
        "reading cells and paths": reading,
        "pooled model to start from": parts["pooled Newton"],
        "kernel": kernel,
        "other": done.seconds - reading - parts["pooled Newton"] - kernel,
        "of all, profile intervals": parts["profile intervals"],
    }
    rows = [[name, f"{seconds:.1f} s", f"{seconds / total:.0%}", ""] for name, seconds in shares.items()]
    whole = f"**{report['persons']:,} persons, {report['rows']:,} rows**"
    memory = f"{memory_cell(collapsed)} collapsing, {memory_cell(done)} estimating"
    print("; ".join(report["remarks"]), file=sys.stderr)
    return markdown(["part", "time", "share", "memory"], [[whole, f"{total:.1f} s", "100%", memory], *rows])


def growth_table(folder: Path, scale: float) -> str:
    """Time per row from a million rows to sixteen."""
    head = ["rows", "cells", "collapsing", "pooled", "random effects", "memory"]
    rows = []
    for n_rows in GROWTH_ROWS:
        data = make_data(folder / f"growth{n_rows}", persons_of(n_rows * scale), False)
        collapsed, pooled = collapse(data), ours("pooled", data.warehouse)
        random = ours("random_effects", data.warehouse, "unstructured", repeats=1)
        n = pooled.report["rows"]
        times = [f"{done.seconds:.1f} s, {done.seconds / n * 1e6:.2f} µs a row" for done in (collapsed, pooled, random)]
        largest = max(collapsed, pooled, random, key=lambda done: done.peak)
        rows.append([f"{n:,}", f"{pooled.report['cells']:,}", *times, memory_cell(largest)])
    return markdown(head, rows)


def persons_of(n_rows: float) -> int:
    """Persons who have about so many rows."""
    return round(n_rows / ROWS_PER_PERSON)


def cost_cells(done: Done, *between: str) -> list[str]:
    """Time and memory as cells."""
    return [f"{done.seconds:.2f} s", *between, memory_cell(done)]


def memory_cell(done: Done) -> str:
    """Memory as a cell."""
    return f"{done.peak / 1e9:.2f} GB"


TABLES: dict[str, Callable[[Path, float], str]] = {
    "pooled": pooled_table,
    "random-effects": random_effects_table,
    "large": large_table,
    "growth": growth_table,
}


def main() -> None:
    """Measure, print, and at full size write into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", choices=[*TABLES, []], help=", ".join(TABLES))
    parser.add_argument("--scale", type=float, default=1.0, help="of the full sizes; below 1 nothing is written")
    options = parser.parse_args()
    for name in options.tables or TABLES:
        with tempfile.TemporaryDirectory() as folder:
            table = TABLES[name](Path(folder), options.scale)
        print(f"\n{name}\n{table}", flush=True)
        if options.scale == 1.0:
            write_table(name, table)


if __name__ == "__main__":
    main()
