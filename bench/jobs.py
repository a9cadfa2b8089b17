"""The jobs of the estimation benchmarks as processes: data, ours, and peers.

Belongs here: which command does a job, and what it took. Does not belong here: what is compared, or tables.
"""

import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import measure_job
from bench.specification import PROJECT_ROOT

PEERS = PROJECT_ROOT / ".venv-peers/bin/python"
# A person has so many rows in `bench.rows`.
ROWS_PER_PERSON = 5.29
# Ours take seconds, in which a busy machine shows: the median of so many runs counts. Peers run once.
REPEATS = 3
# Matrices are small, and threads of their own would only be in the way; peers use as many as they like.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Done:
    """A job that was done.

    Attributes:
        seconds: from opening the input to results, or of the fit alone for peers; no start of Python, no imports.
        peak: bytes of the process at its largest.
        report: what it printed.
        estimates: the file with its parameters and standard errors.
    """

    seconds: float
    peak: int
    report: dict[str, Any]
    estimates: Path

    def array(self, name: str) -> np.ndarray:
        """An array of the estimates."""
        found: np.ndarray = np.load(self.estimates)[name]
        return found


@dataclass(frozen=True, slots=True)
class Data:
    """The same rows in a folder as Parquet, as a warehouse and as matrices."""

    folder: Path

    @property
    def rows(self) -> Path:
        """One row a person-year."""
        return self.folder / "rows.parquet"

    @property
    def warehouse(self) -> Path:
        """`estimation.cell` and `estimation.path`."""
        return self.folder / "warehouse.duckdb"


def make_data(folder: Path, n_persons: int, with_matrices: bool) -> Data:
    """Rows of so many persons, and for peers their matrices; not timed."""
    data = Data(folder)
    folder.mkdir()
    measure_job(sys.executable, "-m", "bench.rows", str(data.rows), "--persons", str(n_persons))
    if with_matrices:
        measure_job(sys.executable, "-m", "bench.matrices", str(data.rows), str(folder))
    return data


def collapse(data: Data) -> Done:
    """The warehouse's sufficient statistics, made of the rows."""
    cost, report = measure_job(sys.executable, "-m", "bench.ours", "collapse", str(data.rows), str(data.warehouse))
    return Done(sum(report["seconds"].values()), cost.peak, report, data.warehouse)


def ours(model: str, source: Path, *structure: str, repeats: int = REPEATS, cold: bool = False) -> Done:
    """Our estimation from rows or a warehouse; `cold` compiles everything anew, as on a machine's first run."""
    results = source.parent / f"{'-'.join([source.suffix[1:], model, *structure])}.npz"
    command = (sys.executable, "-m", "bench.ours", model, str(source), str(results), *structure)
    done = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as empty:
            environment = ONE_THREAD | ({"NUMBA_CACHE_DIR": empty} if cold else {})
            cost, report = measure_job(*command, environment=environment)
        done.append(Done(sum(report["seconds"].values()), cost.peak, report, results))
    middle = statistics.median_low([run.seconds for run in done])
    return next(run for run in done if run.seconds == middle)


def peer(name: str, data: Data, *arguments: str) -> Done:
    """A peer's job, whose fit alone counts: reading its input is left out, in its favour.

    Raises:
        SystemExit: it failed, or did not converge.
    """
    command = {
        "statsmodels": (sys.executable, "-m", "bench.peers.statsmodels_pooled"),
        "nnet": ("Rscript", str(PROJECT_ROOT / "bench/peers/nnet_pooled.R")),
        "xlogit": (str(PEERS), "-m", "bench.peers.xlogit_random_effects"),
        "biogeme": (str(PEERS), "-m", "bench.peers.biogeme_random_effects"),
    }[name]
    cost, report = measure_job(*command, str(data.folder), *arguments)
    if not report["converged"]:
        sys.exit(f"{name} did not converge: there is nothing to compare with")
    return Done(report["seconds"]["fit"], cost.peak, report, data.folder / f"{name}.npz")


def exact_log_likelihood(data: Data, structure: str, estimates: Path) -> float:
    """The log-likelihood at any tool's estimates, by one and the same accurate quadrature."""
    command = (sys.executable, "-m", "bench.ours", "likelihood", str(data.warehouse), structure, str(estimates))
    return float(measure_job(*command, environment=ONE_THREAD)[1]["log_likelihood"])


def has_r() -> bool:
    """Whether R and its package nnet are installed."""
    return bool(shutil.which("Rscript")) and not os.system("Rscript -e 'library(nnet)' > /dev/null 2>&1")
