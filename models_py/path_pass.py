"""One compiled pass over a run of paths: likelihood, scores and curvature; and each path's own place for its nodes.

Belongs here: the loops over paths that call `path_kernel` for each. Does not belong here: threads, or what the sums mean.
"""

from typing import Any

import numpy as np

from models_py.cells import Floats
from models_py.path_kernel import (
    add_curvature,
    add_scores,
    compiled,
    factor_covariance,
    place_nodes,
    posterior,
    score_features,
    spread_factor,
)

# Newton steps towards a path's mode, and the longest of them in prior standard deviations.
MODE_STEPS = 12
LONGEST_MODE_STEP = 1.0
MODE_TOLERANCE = 1e-6


@compiled
def pass_over_paths(
    order: int,
    first: int,
    last: int,
    offsets: Any,
    rows: Any,
    outcomes: Any,
    weights: Floats,
    X: Floats,
    E: Floats,
    L: Floats,
    free: Any,
    nodes: Floats,
    node_weights: Floats,
    centres: Floats,
    scales: Floats,
    log_likelihoods: Floats,
    scores: Floats,
    by_row: Floats,
    by_row_z: Floats,
    by_z: Floats,
    spread: Floats,
) -> int:
    """Paths first to last: order 0 fills log_likelihoods, 1 also scores, 2 also adds curvature and fills spread.

    `centres` (paths, R) and `scales` (paths, R, R) place the nodes of each path, or are empty where all share theirs.
    `scores` is (last - first, Jk + G), `spread` (rows, Jk + G). Returns how many rows of `spread` are filled.
    """
    n_outcomes, dimensions = L.shape
    n_nodes = nodes.shape[1]
    longest = 0
    for i in range(first, last):
        longest = max(longest, offsets[i + 1] - offsets[i])
    n_features = longest * n_outcomes + free.shape[0]
    Z = np.empty((dimensions, n_nodes))
    F = np.empty((n_outcomes, n_nodes))
    w = np.empty(n_nodes)
    inverse = np.empty((longest, n_nodes))
    post = np.empty(n_nodes)
    events = np.empty(n_outcomes)
    slopes = np.empty((n_outcomes, n_nodes))
    features = np.empty((n_features if order == 2 else 0, n_nodes))
    C = np.empty((features.shape[0], features.shape[0]))
    factor = np.empty((features.shape[0], features.shape[0]))
    shared = centres.shape[0] == 0
    if shared:
        place_nodes(L, np.zeros(dimensions), np.eye(dimensions), nodes, node_weights, Z, F, w)
    filled = 0
    for i in range(first, last):
        path = rows[offsets[i] : offsets[i + 1]]
        observed = outcomes[offsets[i] : offsets[i + 1]]
        if not shared:
            place_nodes(L, centres[i], scales[i], nodes, node_weights, Z, F, w)
        log_likelihoods[i - first] = posterior(path, observed, E, F, w, inverse, post, events)
        if order == 0:
            continue
        add_scores(path, observed, X, E, F, Z, inverse, post, events, free, slopes, scores[i - first])
        if order == 1:
            continue
        add_curvature(path, weights[i], E, F, Z, inverse, post, by_row, by_row_z, by_z)
        n = score_features(path, E, F, Z, inverse, post, slopes, free, features)
        rank = factor_covariance(features, n, C, factor)
        spread_factor(path, weights[i], X, factor, n, rank, n_outcomes, spread[filled : filled + rank])
        filled += rank
    return filled


@compiled
def find_modes(
    first: int, last: int, offsets: Any, rows: Any, events: Floats, E: Floats, L: Floats, centres: Floats, scales: Floats
) -> None:
    """Mode and curvature of each path's posterior of z, by Newton from where `centres` (paths, R) is, in place.

    Maximises sum_j events_j u_j - sum_t log(1 + sum_j E_tj exp(u_j)) - z'z/2 with u = Lz, which is concave; steps are
    clamped, so that no path runs away. `events` is (paths, J). scale scale' is minus the inverse Hessian there.
    """
    n_outcomes, dimensions = L.shape
    gradient = np.empty(dimensions)
    hessian = np.empty((dimensions, dimensions))
    f = np.empty(n_outcomes)
    slope = np.empty(n_outcomes)
    curvature = np.empty((n_outcomes, n_outcomes))
    for i in range(first, last):
        z = centres[i]
        for _ in range(MODE_STEPS):
            mode_derivatives(offsets[i], offsets[i + 1], rows, events[i], E, L, z, f, slope, curvature, gradient, hessian)
            step = np.linalg.solve(hessian, gradient)
            length = np.sqrt((step * step).sum())
            if length > LONGEST_MODE_STEP:
                step *= LONGEST_MODE_STEP / length
            z += step
            if length < MODE_TOLERANCE:
                break
        mode_derivatives(offsets[i], offsets[i + 1], rows, events[i], E, L, z, f, slope, curvature, gradient, hessian)
        scales[i] = np.linalg.cholesky(np.linalg.inv(hessian))


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
) -> None:
    """Gradient (R,) and minus the Hessian (R, R) of a path's log posterior of z; the arrays before them are scratch."""
    n_outcomes, dimensions = L.shape
    for j in range(n_outcomes):
        u = 0.0
        for r in range(dimensions):
            u += L[j, r] * z[r]
        f[j] = np.exp(u)
    slope[:] = events
    curvature[:] = 0.0
    for t in range(first, last):
        total = 1.0
        for j in range(n_outcomes):
            total += E[rows[t], j] * f[j]
        for j in range(n_outcomes):
            p = E[rows[t], j] * f[j] / total
            slope[j] -= p
            curvature[j, j] += p
            for other in range(n_outcomes):
                curvature[j, other] -= p * E[rows[t], other] * f[other] / total
    for r in range(dimensions):
        gradient[r] = -z[r]
        for s in range(dimensions):
            hessian[r, s] = 1.0 if r == s else 0.0
    for j in range(n_outcomes):
        for r in range(dimensions):
            gradient[r] += L[j, r] * slope[j]
            for other in range(n_outcomes):
                for s in range(dimensions):
                    hessian[r, s] += L[j, r] * curvature[j, other] * L[other, s]
