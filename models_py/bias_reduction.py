"""The multinomial logit by bias reduction: estimates that are finite even where the data separate, and nearly unbiased.

Belongs here: the penalised likelihood l(theta) + 1/2 log det I(theta) of Firth (1993), Biometrika 80:27-38, its score
in the form of pseudo-counts (Kosmidis & Firth 2011, Biometrika 98:755-759), and its maximum. For this model (a full
exponential family with its canonical link) the penalty removes the first-order bias. Shapes as in `multinomial`:
n cells, k columns, m outcomes with the base first, B (k, m-1), theta ((m-1)k,) outcome after outcome, p = (m-1)k. Does
not belong here: the decision when to reduce bias.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError

from models_py.cells import Floats
from models_py.multinomial import (
    LIKELIHOOD_NOISE,
    Ending,
    NewtonFit,
    information,
    log_likelihood,
    log_probabilities,
    score,
    solve_information,
)
from models_py.products import ROWS_PER_CHUNK, DenseRows

# Squared length of the last step, in standard errors. It is this small because steps here shrink by a constant factor,
# not quadratically as Newton's.
STEP_TOLERANCE = 1e-14


@dataclass(frozen=True, slots=True)
class Point:
    """Parameters B (k, m-1) and what follows: P (n, m), information (p, p), plain and penalised log-likelihood."""

    params: Floats
    P: Floats
    information: Floats
    log_likelihood: float
    penalised: float


def evaluate(X: Floats, counts: Floats, B: Floats) -> Point:
    """Both likelihoods of X (n, k) and counts (n, m) at B; the penalised one is -inf if the information is singular."""
    log_p = log_probabilities(X, B)
    P = np.exp(log_p)
    info, value = information(DenseRows(X), counts.sum(axis=1), P), log_likelihood(log_p, counts)
    sign, log_determinant = np.linalg.slogdet(info) if np.isfinite(info).all() else (0.0, 0.0)
    return Point(B, P, info, value, value + log_determinant / 2 if sign > 0 else -np.inf)


def utility_covariance(X: Floats, inverse: Floats) -> Floats:
    """H_i = (x_i' kron I) inverse (x_i kron I) of each cell, (m-1, m-1, n), from the inverse information (p, p)."""
    n, k = X.shape
    blocks = inverse.reshape(inverse.shape[0] // k, k, -1, k)
    found = np.empty((blocks.shape[0], blocks.shape[0], n))
    for start in range(0, n, ROWS_PER_CHUNK):
        rows = slice(start, start + ROWS_PER_CHUNK)
        for j in range(blocks.shape[0]):
            for other in range(j + 1):
                found[j, other, rows] = np.sum((X[rows] @ blocks[j, :, other]) * X[rows], axis=1)
                found[other, j, rows] = found[j, other, rows]
    return found


def pseudo_counts(X: Floats, totals: Floats, P: Floats, inverse: Floats) -> Floats:
    """The pseudo-counts (n, m) that the penalty adds to the counts; never negative. `totals` (n,), `inverse` (p, p).

    The derivative of 1/2 log det I by theta is 1/2 tr(I^-1 dI/dtheta). With e_l a unit vector and 0 for the base, the
    third cumulants of a cell are N_i sum_l P_il (e_l - P_i)^3 in tensor powers. The derivative is therefore the sum
    over cells and outcomes l of 1/2 N_i P_il q_il x_i (e_l - P_i) with q_il = (e_l - P_i)' H_i (e_l - P_i). This is
    the score that 1/2 N_i P_il q_il additional person-years at outcome l would give. The pseudo-counts sum to p/2 over
    cells and outcomes.
    """
    H, expected = utility_covariance(X, inverse), P[:, 1:].T
    products = np.einsum("jln,ln->jn", H, expected)
    quadratic = np.sum(expected * products, axis=0)
    leverages = np.column_stack([quadratic, (np.einsum("jjn->jn", H) - 2 * products + quadratic).T])
    added: Floats = totals[:, None] * P * np.maximum(leverages, 0.0) / 2
    return added


def reduce_bias(X: Floats, counts: Floats, start: Floats, max_iterations: int) -> NewtonFit:
    """Maximise the penalised likelihood by Fisher scoring with step halving, from `start` (k, m-1).

    X is (n, k) of full rank, counts (n, m). The penalty's curvature is approximated by that of the pseudo-counts times
    m/(m-1), which is exact if every cell has parameters of its own. Without it steps would overshoot at levels with a
    person-year or two. The iterations have converged when the last step was a negligible part of a standard error.
    The result holds the plain log-likelihood and information. Nothing is raised: `ending` says how it ended.
    """
    totals = counts.sum(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        point = evaluate(X, counts, start)
        for iteration in range(1, max_iterations + 1):
            if not np.isfinite(point.log_likelihood):
                return _ended(point, iteration - 1, "overflow")
            try:
                inverse = solve_information(point.information, np.eye(start.size))
            except LinAlgError:
                return _ended(point, iteration - 1, "singular")
            added = pseudo_counts(X, totals, point.P, inverse)
            gradient = score(DenseRows(X), counts + added, point.P).ravel(order="F")
            weights = totals + added.sum(axis=1) * counts.shape[1] / (counts.shape[1] - 1)
            direction = solve_information(information(DenseRows(X), weights, point.P), gradient)
            ascent = _ascend(X, counts, point, direction.reshape(start.shape, order="F"))
            if ascent is None:
                return _ended(point, iteration, "not_converged")
            point = ascent
            if direction @ gradient < STEP_TOLERANCE:
                return _ended(point, iteration, "converged")
    return _ended(point, max_iterations, "not_converged")


def _ended(point: Point, iterations: int, ending: Ending) -> NewtonFit:
    return NewtonFit(point.params, point.log_likelihood, point.information, iterations, ending)


def _ascend(X: Floats, counts: Floats, point: Point, step: Floats) -> Point | None:
    """Take the longest of step, step/2, step/4 … that does not lower the penalised likelihood by more than rounding."""
    for halvings in range(30):
        trial = evaluate(X, counts, point.params + step / 2**halvings)
        if trial.penalised >= point.penalised - LIKELIHOOD_NOISE * abs(point.penalised):
            return trial
    return None
