"""The compiled inner loop of the random-effects likelihood: one person's path after another, all nodes at once.

Belongs here: loops over persons, years and nodes, compiled by numba; numbers in, numbers out. Does not belong here: what
is done with the sums (`path_likelihood`). Utilities add, so exp(x'b) is taken once a row of the design (E) and exp(u)
once a node (F): with u = Lz, P(y=j | node) = E_j F_j / (1 + sum_l E_l F_l), and the loops hold no exponential.

Shapes: J outcomes but the base, R dimensions of z, Q nodes, k columns, G free elements of L.
"""

from typing import Any, TypeVar

import numpy as np
from numba import njit

from models_py.cells import Floats

# Reordering sums lets the processor add four at a time; NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "nsz"}
# After this many rows a path's likelihoods are scaled to at most one, so that long paths do not underflow.
ROWS_PER_SCALING = 16
# Of the trace of a path's covariance over nodes, what a factor of it may leave out.
RANK_TOLERANCE = 1e-13

Compiled = TypeVar("Compiled")


def compiled(function: Compiled) -> Compiled:
    """Compile without the interpreter's lock, so that threads run side by side; kept on disk between runs."""
    made: Compiled = njit(nogil=True, cache=True, fastmath=FAST)(function)
    return made


@compiled
def place_nodes(
    L: Floats, centre: Floats, scale: Floats, nodes: Floats, weights: Floats, Z: Floats, F: Floats, w: Floats
) -> None:
    """Nodes Z (R, Q) = centre + scale @ nodes of one person, F (J, Q) = exp(LZ), and weights w (Q,) of N(0, I).

    `nodes` (R, Q) and `weights` (Q,) integrate against N(0, I) at centre 0 and scale I. Liu & Pierce (1994), eq. 4:
    w = |scale| weights phi(Z) / phi(nodes).
    """
    dimensions, n_nodes = nodes.shape
    determinant = 1.0
    for r in range(dimensions):
        determinant *= scale[r, r]
    for q in range(n_nodes):
        exponent = 0.0
        for r in range(dimensions):
            z = centre[r]
            for s in range(r + 1):
                z += scale[r, s] * nodes[s, q]
            Z[r, q] = z
            exponent += nodes[r, q] * nodes[r, q] - z * z
        w[q] = determinant * weights[q] * np.exp(0.5 * exponent)
    for j in range(L.shape[0]):
        for q in range(n_nodes):
            u = 0.0
            for r in range(dimensions):
                u += L[j, r] * Z[r, q]
            F[j, q] = np.exp(u)


@compiled
def posterior(
    rows: Any, outcomes: Any, E: Floats, F: Floats, w: Floats, inverse: Floats, post: Floats, events: Floats
) -> float:
    """Fill 1 / sum of exponentials (T, Q), posterior weights of the nodes (Q,) and events (J,); return the likelihood.

    It is the logarithm of the path's likelihood without the factor prod E_y, which the nodes share.
    """
    n_outcomes, n_nodes = F.shape
    log_scale = 0.0
    events[:] = 0.0
    post[:] = w
    for t in range(rows.size):
        here = inverse[t]
        here[:] = 1.0
        for j in range(n_outcomes):
            e = E[rows[t], j]
            f = F[j]
            for q in range(n_nodes):
                here[q] += e * f[q]
        for q in range(n_nodes):
            here[q] = 1.0 / here[q]
            post[q] *= here[q]
        y = outcomes[t]
        if y > 0:
            events[y - 1] += 1.0
            f = F[y - 1]
            for q in range(n_nodes):
                post[q] *= f[q]
        if t % ROWS_PER_SCALING == ROWS_PER_SCALING - 1:
            largest = post.max()
            if largest > 0.0:
                log_scale += np.log(largest)
                for q in range(n_nodes):
                    post[q] /= largest
    total = 0.0
    for q in range(n_nodes):
        total += post[q]
    share = 1.0 / total
    for q in range(n_nodes):
        post[q] *= share
    return float(np.log(total) + log_scale)


@compiled
def add_scores(
    rows: Any,
    outcomes: Any,
    X: Floats,
    E: Floats,
    F: Floats,
    Z: Floats,
    inverse: Floats,
    post: Floats,
    events: Floats,
    free: Any,
    slopes: Floats,
    score: Floats,
) -> None:
    """A path's score (Jk + G,): posterior means of the conditional scores (Fisher's identity).

    `slopes` (J, Q) becomes the derivative of the conditional log-likelihood by u_j at each node.
    """
    n_outcomes, n_nodes = F.shape
    k = X.shape[1]
    slopes[:] = 0.0
    score[:] = 0.0
    for t in range(rows.size):
        x = X[rows[t]]
        here = inverse[t]
        for j in range(n_outcomes):
            e = E[rows[t], j]
            f = F[j]
            slope = slopes[j]
            mean = 0.0
            for q in range(n_nodes):
                mean += post[q] * here[q] * f[q]
                slope[q] += e * here[q]
            residual = -e * mean
            if outcomes[t] == j + 1:
                residual += 1.0
            part = score[j * k : (j + 1) * k]
            for c in range(k):
                part[c] += residual * x[c]
    for j in range(n_outcomes):
        for q in range(n_nodes):
            slopes[j, q] = events[j] - F[j, q] * slopes[j, q]
    for g in range(free.shape[0]):
        j, r = free[g, 0], free[g, 1]
        mean = 0.0
        for q in range(n_nodes):
            mean += post[q] * slopes[j, q] * Z[r, q]
        score[n_outcomes * k + g] = mean


@compiled
def add_curvature(
    rows: Any,
    weight: float,
    E: Floats,
    F: Floats,
    Z: Floats,
    inverse: Floats,
    post: Floats,
    by_row: Floats,
    by_row_z: Floats,
    by_z: Floats,
) -> None:
    """Add the posterior mean of minus the conditional Hessian of a path, in pieces that the design turns into blocks.

    With V_jl = P_j (1[j=l] - P_l): sum of V_jl into by_row (n, J, J), of V_jl z_r into by_row_z (n, J, J, R), of
    V_jl z_r z_s into by_z (J, J, R, R); for l <= j alone.
    """
    n_outcomes, n_nodes = F.shape
    dimensions = Z.shape[0]
    for t in range(rows.size):
        row = rows[t]
        here = inverse[t]
        for j in range(n_outcomes):
            for other in range(j + 1):
                ej, el = E[row, j], E[row, other]
                same = 1.0 if j == other else 0.0
                total = 0.0
                for q in range(n_nodes):
                    total += post[q] * ej * F[j, q] * here[q] * (same - el * F[other, q] * here[q])
                by_row[row, j, other] += weight * total
                for r in range(dimensions):
                    total = 0.0
                    for q in range(n_nodes):
                        total += post[q] * ej * F[j, q] * here[q] * (same - el * F[other, q] * here[q]) * Z[r, q]
                    by_row_z[row, j, other, r] += weight * total
                    for s in range(r + 1):
                        total = 0.0
                        for q in range(n_nodes):
                            v = ej * F[j, q] * here[q] * (same - el * F[other, q] * here[q])
                            total += post[q] * v * Z[r, q] * Z[s, q]
                        by_z[j, other, r, s] += weight * total


@compiled
def score_features(
    rows: Any,
    E: Floats,
    F: Floats,
    Z: Floats,
    inverse: Floats,
    post: Floats,
    slopes: Floats,
    free: Any,
    features: Floats,
) -> int:
    """What the conditional score of a path is made of at each node, centred and times sqrt(post); their number N.

    Rows of features (N, Q): minus P_tj for each year and outcome, then the derivatives by the free elements of L.
    """
    n_outcomes, n_nodes = F.shape
    n = 0
    for t in range(rows.size):
        for j in range(n_outcomes):
            e = E[rows[t], j]
            for q in range(n_nodes):
                features[n, q] = -e * F[j, q] * inverse[t, q]
            n += 1
    for g in range(free.shape[0]):
        for q in range(n_nodes):
            features[n, q] = slopes[free[g, 0], q] * Z[free[g, 1], q]
        n += 1
    for i in range(n):
        mean = 0.0
        for q in range(n_nodes):
            mean += post[q] * features[i, q]
        for q in range(n_nodes):
            features[i, q] = (features[i, q] - mean) * np.sqrt(post[q])
    return n


@compiled
def factor_covariance(features: Floats, n: int, C: Floats, factor: Floats) -> int:
    """Pivoted Cholesky of C = features features': factor (N, rank) with factor factor' = C; returns the rank.

    Probabilities of a person's years move together, so that the rank is far below N.
    """
    n_nodes = features.shape[1]
    for i in range(n):
        for h in range(i + 1):
            total = 0.0
            for q in range(n_nodes):
                total += features[i, q] * features[h, q]
            C[i, h] = total
            C[h, i] = total
    trace = 0.0
    for i in range(n):
        trace += C[i, i]
    limit = RANK_TOLERANCE * trace
    rank = 0
    while rank < n:
        pivot = 0
        for i in range(n):
            if C[i, i] > C[pivot, pivot]:
                pivot = i
        largest = C[pivot, pivot]
        if largest <= limit or largest <= 0.0:
            break
        root = np.sqrt(largest)
        for i in range(n):
            factor[i, rank] = C[i, pivot] / root
        for i in range(n):
            for h in range(n):
                C[i, h] -= factor[i, rank] * factor[h, rank]
        rank += 1
    return rank


@compiled
def spread_factor(
    rows: Any, weight: float, X: Floats, factor: Floats, n: int, rank: int, n_outcomes: int, spread: Floats
) -> None:
    """The factor carried over to parameters, sqrt(weight) times: rows (rank, Jk + G) whose cross-product is the
    weighted covariance of the conditional score over nodes."""
    k = X.shape[1]
    n_years = rows.size
    root = np.sqrt(weight)
    for s in range(rank):
        row = spread[s]
        row[:] = 0.0
        for t in range(n_years):
            x = X[rows[t]]
            for j in range(n_outcomes):
                f = root * factor[t * n_outcomes + j, s]
                part = row[j * k : (j + 1) * k]
                for c in range(k):
                    part[c] += f * x[c]
        for i in range(n_years * n_outcomes, n):
            row[n_outcomes * k + i - n_years * n_outcomes] = root * factor[i, s]
