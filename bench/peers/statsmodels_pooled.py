"""Pooled model with standard errors clustered by person, by statsmodels."""

import sys
import time
from pathlib import Path

from statsmodels.discrete.discrete_model import MNLogit

from bench.peers.arrays import read_matrices, report


def main(folder: Path) -> None:
    """Fit it; the small-sample factor is statsmodels' own, G/(G-1) (n-1)/(n-p)."""
    start = time.perf_counter()
    X, y, person = read_matrices(folder)
    read = time.perf_counter()
    fit = MNLogit(y, X).fit(method="newton", maxiter=100, disp=False, cov_type="cluster", cov_kwds={"groups": person})
    errors, seconds = fit.bse, {"read": read - start, "fit": time.perf_counter() - read}
    report(
        folder, "statsmodels", seconds, params=fit.params, errors=errors,
        log_likelihood=float(fit.llf), converged=bool(fit.mle_retvals["converged"]),
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
