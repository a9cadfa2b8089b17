"""Separation: a direction in which the likelihood rises for ever, so that no finite estimate exists.

Belongs here: finding such a direction exactly, by linear programming (Albert & Anderson 1984; Konis 2007, ch. 4), or
proving that there is none. Does not belong here: messages about it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from models_py.cells import Booleans, Floats

# Rows in the first linear programme, and constraints of each outcome added at a time, the most violated ones first.
CUTS_PER_ROUND = 400
# A constraint counts as broken beyond this share of the largest utility; the solver itself is exact to 1e-7.
TOLERANCE = 1e-6


def separating_direction(X: Floats, counts: Floats) -> Floats | None:
    """A direction D (k, m-1) that never lowers and somewhere raises the likelihood, or None if there is none.

    X is (n, k), counts (n, m) with the base outcome first. With u = (0, D'x), every observed outcome y of every cell
    must have u_y >= u_l for all l, and the sum of all u_y - u_l must be positive. The direction found is the one with
    the smallest absolute sum, because it involves few columns. Only the constraints that matter are formed: those that
    the current solution breaks are added, until none is broken or there is no solution.
    """
    observed = counts > 0
    total = _total_gain(X, observed)
    rows = np.empty((0, total.size))
    first = np.random.default_rng(0).permutation(X.shape[0])[:CUTS_PER_ROUND]
    cuts = _all_constraints(X[first], observed[first])
    while True:
        rows = np.vstack([rows, cuts])
        solved = _sparsest(rows, total)
        if solved is None:
            return None
        direction: Floats = solved.reshape(X.shape[1], -1, order="F")
        utilities = np.column_stack([np.zeros(X.shape[0]), X @ direction])
        cuts = _new(_broken_constraints(X, observed, utilities), rows)
        if cuts.shape[0] == 0:
            return direction


def _total_gain(X: Floats, observed: Booleans) -> Floats:
    """Sum over observed outcomes y and others l of u_y - u_l as a linear function of theta, scaled to at most 1."""
    m = observed.shape[1]
    weights = m * observed - observed.sum(axis=1, keepdims=True)
    total = (X.T @ weights[:, 1:]).ravel(order="F")
    scaled: Floats = total / max(np.abs(total).max(), 1.0)
    return scaled


def _all_constraints(X: Floats, observed: Booleans) -> Floats:
    """The constraints u_y >= u_l of every observed outcome y and every other l, as rows over theta."""
    m = observed.shape[1]
    return np.vstack(
        [
            _constraints(X[observed[:, y]], y, np.full(observed[:, y].sum(), other), m)
            for y in range(m)
            for other in range(m)
            if other != y
        ]
    )


def _broken_constraints(X: Floats, observed: Booleans, utilities: Floats) -> Floats:
    """The constraints that utilities (n, m) break most, up to `CUTS_PER_ROUND` per outcome, as rows over theta."""
    n, m = observed.shape
    below = -TOLERANCE * np.abs(utilities).max()
    found = []
    for y in range(m):
        gains = utilities[:, [y]] - utilities
        worst = gains.argmin(axis=1)
        gain = gains[np.arange(n), worst]
        broken = np.flatnonzero(observed[:, y] & (gain < below))
        broken = broken[np.argsort(gain[broken])[:CUTS_PER_ROUND]]
        found.append(_constraints(X[broken], y, worst[broken], m))
    return np.vstack(found)


def _constraints(X: Floats, y: int, others: NDArray[np.intp], m: int) -> Floats:
    """u_y - u_other at rows X (r, k) as rows (r, p) over theta; `others` (r,) is the other outcome of each row."""
    outcomes = np.arange(1, m)
    signs = (outcomes == y).astype(float) - (outcomes == others[:, None])
    rows: Floats = (signs[:, :, None] * X[:, None, :]).reshape(X.shape[0], signs.shape[1] * X.shape[1])
    return rows


def _new(cuts: Floats, rows: Floats) -> Floats:
    """The cuts that the programme does not have yet. One that it has is only broken within the solver's tolerance."""
    held = {row.tobytes() for row in rows}
    return cuts[[cut.tobytes() not in held for cut in cuts]]


def _sparsest(rows: Floats, total: Floats) -> Floats | None:
    """The theta of smallest absolute sum such that rows @ theta >= 0 and total @ theta = 1; None if there is none."""
    p = total.size
    solution = linprog(
        np.ones(2 * p),
        A_ub=np.hstack([-rows, rows]),
        b_ub=np.zeros(rows.shape[0]),
        A_eq=np.hstack([total, -total])[None, :],
        b_eq=[1.0],
        bounds=(0, None),
        method="highs",
    )
    if not solution.success:
        return None
    theta: Floats = solution.x[:p] - solution.x[p:]
    return theta
