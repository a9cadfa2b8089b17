"""The same registers, panel and pooled models in what a user would otherwise take: pandas, Polars, R's data.table.

Run `make bench-peers-country` (1M persons), or a small try with `python -m bench.peers_country --persons 20000`, which
prints and writes nothing. Everyone reads the same text files and starts from nothing, as a process of its own. A run
fails unless all panels have the same counts by year, group and outcome, and the same coefficients but for what a search
leaves.
"""

import argparse
import ast
import csv
import io
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.country import YEARS
from bench.document import markdown, write_table
from bench.jobs import PEERS
from bench.measure import Cost, measure_job, measure_step
from bench.specification import PROJECT_ROOT
from bench.steps import COMMAND
from models_py.threads import n_processors

PERSONS = 1_000_000
SCRIPTS, SEEDS = PROJECT_ROOT / "bench/peers", PROJECT_ROOT / "dbt_project/seeds"
# What standard errors may differ by, of themselves.
ERROR_TOLERANCE = 1e-5
STAGES = ("read", "panel", "models")


@dataclass(frozen=True, slots=True)
class Peer:
    """Another way to the same numbers; its coefficients may differ from ours by `tolerance`, as its search is exact."""

    name: str
    interpreter: str
    script: Path
    tolerance: float
    errors: str


PEER_LIST = (
    Peer("pandas, statsmodels `MNLogit`", sys.executable, SCRIPTS / "pandas_country.py", 1e-6, "clustered"),
    Peer("Polars, scikit-learn", str(PEERS), SCRIPTS / "polars_country.py", 1e-5, "none"),
    Peer("R data.table, `nnet::multinom`", "Rscript", SCRIPTS / "country.R", 1e-3, "none"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a way took in each of STAGES, and what it found: counts by cell, (estimate, error) by coefficient."""

    seconds: dict[str, float]
    peak: int
    counts: dict[tuple[str, ...], int]
    coefficients: dict[tuple[str, ...], tuple[float, float | None]]

    @property
    def total(self) -> float:
        """Seconds from files to estimates."""
        return sum(self.seconds.values())


def run(persons: int, folder: Path) -> str:
    """Everything, as a table."""
    home = folder / "home"
    landing = home / "landing"
    measure_step(
        COMMAND, "simulate", "--persons", str(persons), "--years", YEARS, "--seed", "1", "--out", str(landing)
    )  # fmt: skip
    [delivery] = [path for path in landing.iterdir() if path.is_dir()]
    mine, everything = ours(home, folder)
    n_rows = sum(mine.counts.values())
    print(f"{persons:,} persons, {n_rows:,} person-years", file=sys.stderr)
    head = [
        "way",
        *STAGES,
        "together",
        "times ours",
        "largest memory",
        "lines of code",
        "counts",
        "coefficients",
        "errors",
    ]
    rows = [
        ["Flyttepanel, pooled models", *cost_cells(mine, mine), own_lines(), "", "", "clustered"],
        ["the same, with random effects, predictions and tests", "", "", f"{everything.seconds:.1f} s",
         f"{mine.total - mine.seconds['models'] + everything.seconds:.1f} s", "", memory(everything.peak), "", "", "",
         "clustered"],
    ]  # fmt: skip
    for peer in PEER_LIST:
        if not is_installed(peer):
            print(f"{peer.name} is not installed: left out", file=sys.stderr)
            continue
        found = theirs(peer, delivery, folder / peer.script.stem)
        agreement = agree(peer, mine, found)
        rows.append([peer.name, *cost_cells(found, mine), str(lines_of_code([peer.script])), *agreement])
    return markdown(head, rows)


def ours(home: Path, folder: Path) -> tuple[Result, Cost]:
    """Load and build with their gates, as a refresh does both, and the pooled models; and the whole step of estimation.

    Starting Python and copying and saving the warehouse are counted with the panel.
    """
    built = measure_step(sys.executable, "-m", "bench.load_and_build", str(home))
    read = built.parts["load"] + built.parts["gate 1"]
    out = folder / "ours"
    out.mkdir()
    cost, report = measure_job(sys.executable, "-m", "bench.ours_country", str(home / "warehouse.duckdb"), str(out))
    everything = measure_step(COMMAND, "estimate", "--home", str(home))
    seconds = {"read": read, "panel": built.seconds - read, "models": report["seconds"]["models"]}
    return result(seconds, max(built.peak, cost.peak), out), everything


def theirs(peer: Peer, delivery: Path, out: Path) -> Result:
    """A peer's run, from the same files."""
    out.mkdir()
    # All processors, whatever our own small matrices are held to.
    threads = {"OPENBLAS_NUM_THREADS": str(n_processors())}
    call = (peer.interpreter, str(peer.script), str(delivery), str(SEEDS), str(out))
    cost, report = measure_job(*call, environment=threads)
    return result(report["seconds"], cost.peak, out)


def result(seconds: dict[str, float], peak: int, out: Path) -> Result:
    """What was found, read from the two files that everyone writes."""
    counts = {
        (row["year"], row["population_group"], row["outcome"]): int(row["n"]) for row in rows_of(out / "counts.csv")
    }
    coefficients = {
        (row["population_group"], row["outcome"], row["column"]): (float(row["estimate"]), number(row.get("std_error")))
        for row in rows_of(out / "coefficients.csv")
    }
    return Result(seconds, peak, counts, coefficients)


def rows_of(path: Path) -> Iterable[dict[str, Any]]:
    """The rows of a CSV file."""
    return csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))


def number(text: str | None) -> float | None:
    """A number, if there is one."""
    return float(text) if text else None


def agree(peer: Peer, mine: Result, found: Result) -> list[str]:
    """What is equal, as cells. A model that ours refuses, as the data separate, is not compared.

    Raises:
        SystemExit: panels or coefficients are not the same.
    """
    if mine.counts != found.counts:
        differing = sum(mine.counts.get(cell) != found.counts.get(cell) for cell in {*mine.counts, *found.counts})
        sys.exit(f"{peer.name}: {differing} of the panel's counts by year, group and outcome differ")
    if missing := mine.coefficients.keys() - found.coefficients.keys():
        sys.exit(f"{peer.name}: {len(missing)} coefficients are missing")
    pairs = [(mine.coefficients[key], found.coefficients[key]) for key in mine.coefficients]
    apart = max(abs(one[0] - other[0]) for one, other in pairs)
    errors = [abs(one[1] / other[1] - 1) for one, other in pairs if one[1] is not None and other[1]]
    if apart > peer.tolerance or max(errors, default=0.0) > ERROR_TOLERANCE:
        sys.exit(f"{peer.name}: coefficients differ by {apart:.1e}, errors by {max(errors, default=0.0):.1e}")
    said = f"{peer.errors}, {max(errors):.0e}" if errors else peer.errors
    return ["equal", f"{apart:.0e} (allowed {peer.tolerance:.0e})", said]


def is_installed(peer: Peer) -> bool:
    """Whether it can be run here."""
    if peer.interpreter != "Rscript":
        return Path(peer.interpreter).exists()
    check = 'quit(status = !all(sapply(c("data.table", "nnet"), requireNamespace, quietly = TRUE)))'
    try:
        return subprocess.run(["Rscript", "-e", check], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def cost_cells(one: Result, mine: Result) -> list[str]:
    """Seconds by stage and together, against ours, and memory, as cells."""
    stages = [f"{one.seconds[stage]:.1f} s" for stage in STAGES]
    return [*stages, f"{one.total:.1f} s", f"{one.total / mine.total:.1f}", memory(one.peak)]


def memory(peak: int) -> str:
    """Memory as a cell."""
    return f"{peak / 1e9:.2f} GB"


def own_lines() -> str:
    """Lines of ours: the user writes none; of the project, those that do what the scripts do."""
    load = lines_of_code((PROJECT_ROOT / "flows/load").glob("*.py"))
    sql = lines_of_code((PROJECT_ROOT / "dbt_project").glob("m*/**/*.sql"))
    return f"none to write; of the project {load:,} that load, {sql:,} of SQL"


def lines_of_code(files: Iterable[Path]) -> int:
    """Lines that are neither blank nor comment nor docstring."""
    counters: dict[str, Callable[[str], int]] = {".py": python_lines, ".R": lambda text: plain_lines(text, "#")}
    return sum(counters.get(file.suffix, lambda text: plain_lines(text, "--"))(file.read_text()) for file in files)


def plain_lines(text: str, comment: str) -> int:
    """Lines that are neither blank nor begin with a comment's mark."""
    return sum(bool(line.strip()) and not line.strip().startswith(comment) for line in text.splitlines())


def python_lines(text: str) -> int:
    """Lines of Python with code on them."""
    documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
    docstrings = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, documented) and ast.get_docstring(node) is not None
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    empty = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {
        line for token in tokens if token.type not in empty for line in range(token.start[0], token.end[0] + 1)
    }  # fmt: skip
    return len(lines - docstrings)


def main() -> None:
    """Measure, print, and at full size write into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=PERSONS, help="fewer than a million: nothing is written")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = run(options.persons, Path(folder))
    print(made)
    if options.persons == PERSONS:
        write_table("peers-country", made)


if __name__ == "__main__":
    main()
