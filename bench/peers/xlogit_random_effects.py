"""Random effects by xlogit: independent normal intercepts, by Halton draws (it has no correlated ones)."""

import sys
import time
from pathlib import Path

import numpy as np
from xlogit import MixedLogit

from bench.peers.arrays import read_matrices, report


def long_format(X: np.ndarray) -> np.ndarray:
    """A row for each of the three outcomes with a block of columns for each but the base, (3n, 2k)."""
    n, k = X.shape
    made = np.zeros((n, 3, 2, k))
    made[:, 1, 0] = X
    made[:, 2, 1] = X
    return made.reshape(3 * n, 2 * k)


def main(folder: Path, n_draws: int) -> None:
    """Fit it from xlogit's own start, its multinomial logit."""
    start = time.perf_counter()
    X, y, person = read_matrices(folder)
    n, k = X.shape
    names = np.array([f"x{i}_{j}" for j in (1, 2) for i in range(k)])
    data, choices = long_format(X), np.arange(3)
    read = time.perf_counter()
    model = MixedLogit()
    model.fit(
        data, np.eye(3)[y].ravel(), names, np.tile(choices, n), np.repeat(np.arange(n), 3),
        randvars={"x0_1": "n", "x0_2": "n"}, panels=np.repeat(person, 3), n_draws=n_draws, random_state=0, verbose=0,
    )  # fmt: skip
    seconds = {"read": read - start, "fit": time.perf_counter() - read}
    found = dict(zip(model.coeff_names, model.coeff_, strict=True))
    deviations = np.array([found["sd.x0_1"], found["sd.x0_2"]])
    report(
        folder, "xlogit", seconds, params=np.array([found[name] for name in names]), elements=deviations,
        log_likelihood=float(model.loglikelihood), converged=bool(model.convergence),
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
