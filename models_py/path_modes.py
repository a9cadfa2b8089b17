"""Placing each person's quadrature nodes by mode and curvature of the random effects' posterior (adaptive quadrature).

Belongs here: the compiled loop that finds them (Liu & Pierce 1994; Naylor & Smith 1982). Does not belong here: the
likelihood.
"""

from typing import Any

import numpy as np

from models_py.cells import Floats
from models_py.compiled import compiled

# Most Newton steps towards a path's mode, and the longest step allowed, in prior standard deviations.
MODE_STEPS = 30
LONGEST_MODE_STEP = 1.0
MODE_TOLERANCE = 1e-6
# With large standard deviations the posterior is nearly flat on one side of its mode, and steps would overshoot back
# and forth for ever. Therefore a step that lowers the posterior is halved, at most this often.
MODE_HALVINGS = 12
MODE_NOISE = 1e-10


@compiled
def mode_derivatives(
    first: int,
    last: int,
    rows: Any,
    events: Floats,
    E: Floats,
    L: Floats,
    z: Floats,
    f: Floats,
    slope: Floats,
    curvature: Floats,
    gradient: Floats,
    hessian: Floats,
) -> float:
    """Return a path's log posterior of z, up to a constant; fill its gradient (R,) and minus its Hessian (R, R).

    `f`, `slope` and `curvature` are scratch.
    """
    n_outcomes, dimensions = L.shape
    height = 0.0
    for j in range(n_outcomes):
        u = 0.0
        for r in range(dimensions):
            u += L[j, r] * z[r]
        f[j] = np.exp(u)
        height += events[j] * u
    slope[:] = events
    curvature[:] = 0.0
    for t in range(first, last):
        total = 1.0
        for j in range(n_outcomes):
            total += E[rows[t], j] * f[j]
        height -= np.log(total)
        for j in range(n_outcomes):
            p = E[rows[t], j] * f[j] / total
            slope[j] -= p
            curvature[j, j] += p
            for other in range(n_outcomes):
                curvature[j, other] -= p * E[rows[t], other] * f[other] / total
    for r in range(dimensions):
        gradient[r] = -z[r]
        height -= 0.5 * z[r] * z[r]
        for s in range(dimensions):
            hessian[r, s] = 1.0 if r == s else 0.0
    for j in range(n_outcomes):
        for r in range(dimensions):
            gradient[r] += L[j, r] * slope[j]
            for other in range(n_outcomes):
                for s in range(dimensions):
                    hessian[r, s] += L[j, r] * curvature[j, other] * L[other, s]
    return height


@compiled
def find_modes(
    first: int,
    last: int,
    offsets: Any,
    rows: Any,
    events: Floats,
    E: Floats,
    L: Floats,
    centres: Floats,
    scales: Floats,
) -> None:
    """Find mode and curvature of each path's posterior of z by Newton's method, from `centres` (paths, R), in place.

    Maximises sum_j events_j u_j - sum_t log(1 + sum_j E_tj exp(u_j)) - z'z/2 with u = Lz, which is concave. Steps are
    clamped, and halved until they ascend, so that no path runs away. `events` is (paths, J). scale scale' is minus the
    inverse Hessian at the mode. A path whose posterior cannot be represented keeps its nodes; its likelihood cannot be
    represented either and reports that.
    """
    n_outcomes, dimensions = L.shape
    gradient, trial = np.empty(dimensions), np.empty(dimensions)
    hessian = np.empty((dimensions, dimensions))
    f = np.empty(n_outcomes)
    slope = np.empty(n_outcomes)
    curvature = np.empty((n_outcomes, n_outcomes))
    for i in range(first, last):
        begin, end, z = offsets[i], offsets[i + 1], centres[i]
        height = mode_derivatives(begin, end, rows, events[i], E, L, z, f, slope, curvature, gradient, hessian)
        if not np.isfinite(height):
            continue
        for _ in range(MODE_STEPS):
            step = np.linalg.solve(hessian, gradient)
            length = np.sqrt((step * step).sum())
            if length < MODE_TOLERANCE:
                break
            if length > LONGEST_MODE_STEP:
                step *= LONGEST_MODE_STEP / length
            ahead = height
            for _ in range(MODE_HALVINGS):
                trial[:] = z + step
                ahead = mode_derivatives(
                    begin, end, rows, events[i], E, L, trial, f, slope, curvature, gradient, hessian
                )
                if ahead >= height - MODE_NOISE:
                    break
                step *= 0.5
            if not ahead >= height - MODE_NOISE:
                mode_derivatives(begin, end, rows, events[i], E, L, z, f, slope, curvature, gradient, hessian)
                break
            z[:] = trial
            height = ahead
        scales[i] = np.linalg.cholesky(np.linalg.inv(hessian))
