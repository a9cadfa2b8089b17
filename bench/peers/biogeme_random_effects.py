"""Random effects by biogeme: correlated normal intercepts (Cholesky), by Monte Carlo."""

import os
import sys
import tempfile
import time
from pathlib import Path

import biogeme.biogeme as bio
import numpy as np
import pandas as pd
from biogeme.database import Database
from biogeme.expressions import Beta, Draws, MonteCarlo, MultipleSum, PanelLikelihoodTrajectory, Variable, log
from biogeme.models import logit
from biogeme.parameters import Parameters

from bench.peers.arrays import read_matrices, report

# L of the random effects, in the order in which they are reported.
ELEMENTS = ("l00", "l10", "l11")


def log_likelihood(start: np.ndarray) -> log:
    """A person's log-likelihood; `start` (k, 2) are coefficients to start from."""
    elements = [Beta(name, value, None, None, 0) for name, value in zip(ELEMENTS, (0.5, 0.1, 0.5), strict=True)]
    z = [Draws(f"z{r}", "NORMAL_HALTON2" if r == 0 else "NORMAL_HALTON3") for r in range(2)]
    effects = [elements[0] * z[0], elements[1] * z[0] + elements[2] * z[1]]
    utilities = {0: 0}
    for j in range(2):
        linear = [Beta(f"b{i}_{j}", start[i, j], None, None, 0) * Variable(f"x{i}") for i in range(start.shape[0])]
        utilities[1 + j] = MultipleSum([*linear, effects[j]])
    return log(MonteCarlo(PanelLikelihoodTrajectory(logit(utilities, None, Variable("y")))))


def main(folder: Path, n_draws: int) -> None:
    """Fit it from the pooled coefficients, in `pooled.npz` of the folder."""
    start = time.perf_counter()
    X, y, person = read_matrices(folder)
    k = X.shape[1]
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(k)]).assign(y=y, person=person)
    pooled = np.load(folder / "pooled.npz")["params"]
    read = time.perf_counter()
    os.chdir(tempfile.mkdtemp())
    database = Database("rows", frame)
    database.panel("person")
    files = {"generate_html": False, "generate_yaml": False, "save_iterations": False}
    model = bio.BIOGEME(
        database, log_likelihood(pooled), parameters=Parameters(), number_of_draws=n_draws, seed=1, **files
    )
    model.model_name = "rows"
    results = model.estimate()
    found = results.get_beta_values()
    seconds = {"read": read - start, "fit": time.perf_counter() - read}
    report(
        folder, "biogeme", seconds, params=np.array([found[f"b{i}_{j}"] for j in range(2) for i in range(k)]),
        elements=np.array([found[name] for name in ELEMENTS]), log_likelihood=float(results.final_log_likelihood),
        converged=bool(results.algorithm_has_converged),
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
