"""The multinomial logit on cells with counts: probabilities, likelihood, derivatives, Newton's method.

Belongs here: arrays in, arrays out. n cells, k columns, m outcomes of which the first is the base. Parameters B are
(k, m-1), one column per outcome except the base; flattened they are theta ((m-1)k,), one outcome after the other.
Formulas: McFadden (1974); Train (2009), Discrete Choice Methods with Simulation, ch. 3 and 8. A cell with counts
contributes exactly as much as its single person-years would, so the estimates equal those on expanded rows.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from models_py.cells import Floats
from models_py.products import Rows

# The squared Newton decrement is the squared step in standard errors. A step below this ends at the maximum, up to
# rounding, because Newton's method converges quadratically.
DECREMENT_TOLERANCE = 1e-10
# Smallest squared pivot of the information scaled to unit diagonal; below it there is only noise of double precision.
SINGULAR_CONDITION = 1e-12
# Relative rounding error of a log-likelihood summed over many cells.
LIKELIHOOD_NOISE = 1e-12


Ending = Literal["converged", "not_converged", "singular", "overflow"]


@dataclass(frozen=True, slots=True)
class NewtonFit:
    """Where Newton's method ended: B (k, m-1), information (p, p) with p = (m-1)k."""

    params: Floats
    log_likelihood: float
    information: Floats
    iterations: int
    ending: Ending


def log_probabilities(X: Floats, B: Floats) -> Floats:
    """log P (n, m) at design X (n, k)."""
    return log_shares(X @ B)


def log_shares(utilities: Floats) -> Floats:
    """log P (n, m) from utilities (n, m-1) against the base, stable for utilities of any size."""
    # Column-major memory makes reductions over three outcomes several times faster.
    log_p = np.zeros((utilities.shape[0], utilities.shape[1] + 1), order="F")
    log_p[:, 1:] = utilities
    log_p -= log_p.max(axis=1, keepdims=True)
    log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
    return log_p


def log_likelihood(log_p: Floats, counts: Floats) -> float:
    """Sum of counts * log P, both (n, m); where the count is zero nothing is added, even at P = 0."""
    return float(np.sum(counts * log_p, where=counts > 0))


def score(rows: Rows, counts: Floats, P: Floats) -> Floats:
    """Derivative of the log-likelihood, (k, m-1)."""
    residuals = counts - counts.sum(axis=1, keepdims=True) * P
    return rows.weighted_sum(residuals[:, 1:])


def information(rows: Rows, totals: Floats, P: Floats) -> Floats:
    """Minus the Hessian, (p, p): blocks X' diag(totals * P_j (1[j=l] - P_l)) X. `totals` is (n,)."""
    expected = P[:, 1:].T
    weights = (totals * expected)[:, None] * (np.eye(expected.shape[0])[..., None] - expected[None])
    return rows.cross_products(weights)


def null_log_likelihood(counts: Floats) -> float:
    """The log-likelihood of the model with intercepts only, given counts (n, m)."""
    totals = counts.sum(axis=0)
    return float(np.sum(totals[totals > 0] * np.log(totals[totals > 0] / totals.sum())))


def null_params(counts: Floats, k: int) -> Floats:
    """B (k, m-1) of the model with intercepts only; the intercept is the first column."""
    totals = counts.sum(axis=0)
    params = np.zeros((k, totals.size - 1))
    params[0] = np.log(totals[1:] / totals[0])
    return params


def starting_params(rows: Rows, counts: Floats) -> Floats:
    """Start of Newton's method, (k, m-1): the intercepts-only model if the first column is an intercept, else zeros."""
    k = rows.n_columns
    if (rows.utilities(np.eye(k, 1)) == 1).all():
        return null_params(counts, k)
    return np.zeros((k, counts.shape[1] - 1))


def solve_information(info: Floats, right: Floats) -> Floats:
    """Solve info @ x = right for a positive definite information (p, p), scaled to unit diagonal first.

    Raises:
        LinAlgError: the information is singular to working precision.
    """
    diagonal = np.diag(info)
    if not (np.isfinite(info).all() and (diagonal > 0).all()):
        raise LinAlgError("information has no positive diagonal")
    scale = 1 / np.sqrt(diagonal)
    factor = cho_factor(info * np.outer(scale, scale), lower=True)
    if np.diag(factor[0]).min() ** 2 < SINGULAR_CONDITION:
        raise LinAlgError("information is singular")
    scaled = scale[:, None] if right.ndim == 2 else scale
    solution: Floats = scaled * cho_solve(factor, scaled * right)
    return solution


def newton(rows: Rows, counts: Floats, start: Floats, max_iterations: int) -> NewtonFit:
    """Maximise the likelihood by Newton's method with step halving, from `start` (k, m-1).

    `rows` are (n, k), counts (n, m). The log-likelihood is concave, so ascending steps lead to the maximum if there is
    one. Nothing is raised: `ending` says how the iterations ended.
    """
    totals, B = counts.sum(axis=1), start
    with np.errstate(over="ignore", invalid="ignore"):
        log_p = log_shares(rows.utilities(B))
        value = log_likelihood(log_p, counts)
        info = information(rows, totals, np.exp(log_p))
        for iteration in range(1, max_iterations + 1):
            if not np.isfinite(value):
                return NewtonFit(B, value, info, iteration - 1, "overflow")
            gradient = score(rows, counts, np.exp(log_p)).ravel(order="F")
            try:
                direction = solve_information(info, gradient)
            except LinAlgError:
                return NewtonFit(B, value, info, iteration - 1, "singular")
            ascent = _ascend(rows, counts, B, direction.reshape(B.shape, order="F"), value)
            if ascent is None:
                return NewtonFit(B, value, info, iteration, "not_converged")
            B, log_p, value = ascent
            info = information(rows, totals, np.exp(log_p))
            if direction @ gradient < DECREMENT_TOLERANCE:
                return NewtonFit(B, value, info, iteration, "converged")
    return NewtonFit(B, value, info, max_iterations, "not_converged")


def _ascend(rows: Rows, counts: Floats, B: Floats, step: Floats, value: float) -> tuple[Floats, Floats, float] | None:
    """Take the longest of step, step/2, step/4 … that does not lower the likelihood by more than rounding."""
    for halvings in range(30):
        trial = B + step / 2**halvings
        log_p = log_shares(rows.utilities(trial))
        trial_value = log_likelihood(log_p, counts)
        if trial_value >= value - LIKELIHOOD_NOISE * abs(value):
            return trial, log_p, trial_value
    return None
