"""The compiled inner loop of the random-effects likelihood: one person's path after another, all nodes at once.

Belongs here: loops over persons, years and nodes, compiled by numba; numbers in, numbers out. Functions that are
compiled together are all in this one file, because the compiled code cached on disk is renewed only when its own file
changes. Does not belong here: what is done with the sums (`path_likelihood`).

Utilities are sums, so exp(x'b) is computed once per row of the design (E) and exp(u) once per node (F). With u = Lz,
P(y=j | node) = E_j F_j / (1 + sum_l E_l F_l), so the loops need no exponentials.

Shapes: J outcomes without the base, R dimensions of z, Q nodes, k columns, G free elements of L.
"""

from typing import Any

import numpy as np

from models_py.cells import Floats
from models_py.compiled import compiled

# How much a pass over the paths computes; each includes the ones before it.
VALUE, GRADIENT, SCORES, INFORMATION = 0, 1, 2, 3
# After each so many rows a path's likelihoods are scaled to at most one, so that long paths do not underflow.
ROWS_PER_SCALING = 16
# The factor of a path's covariance over nodes stops when no remaining pivot exceeds this share of its trace.
RANK_TOLERANCE = 1e-8


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
    """Fill `inverse` (T, Q), 1 / sum of exponentials, the nodes' posterior weights `post` (Q,), and `events` (J,).

    Returns the logarithm of the path's likelihood without the factor prod E_y, which all nodes share.
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
def add_residuals(
    rows: Any,
    outcomes: Any,
    weight: float,
    E: Floats,
    F: Floats,
    inverse: Floats,
    post: Floats,
    events: Floats,
    residuals: Floats,
    slopes: Floats,
    by_row: Floats,
) -> None:
    """Fill a path's residuals (T, J), 1[y=j] - posterior mean of P_j, and add them times `weight` to by_row (n, J).

    Also fills `slopes` (J, Q): the derivative of the conditional log-likelihood by u_j at each node.
    """
    n_outcomes, n_nodes = F.shape
    slopes[:] = 0.0
    for t in range(rows.size):
        here = inverse[t]
        for j in range(n_outcomes):
            e = E[rows[t], j]
            f = F[j]
            slope = slopes[j]
            mean = 0.0
            for q in range(n_nodes):
                mean += post[q] * here[q] * f[q]
                slope[q] += e * here[q]
            residuals[t, j] = -e * mean
        if outcomes[t] > 0:
            residuals[t, outcomes[t] - 1] += 1.0
        for j in range(n_outcomes):
            by_row[rows[t], j] += weight * residuals[t, j]
    for j in range(n_outcomes):
        for q in range(n_nodes):
            slopes[j, q] = events[j] - F[j, q] * slopes[j, q]


@compiled
def random_score(Z: Floats, post: Floats, slopes: Floats, free: Any, score: Floats) -> None:
    """Fill a path's score by the free elements of L (G,): posterior mean of slope times z (Fisher's identity)."""
    for g in range(free.shape[0]):
        j, r = free[g, 0], free[g, 1]
        mean = 0.0
        for q in range(post.size):
            mean += post[q] * slopes[j, q] * Z[r, q]
        score[g] = mean


@compiled
def coefficient_score(rows: Any, columns: Any, values: Floats, residuals: Floats, k: int, score: Floats) -> None:
    """Fill a path's score by the coefficients (Jk,): residuals times the design, given by the nonzeros of its rows."""
    score[:] = 0.0
    for t in range(rows.size):
        row = rows[t]
        for i in range(columns.shape[1]):
            for j in range(residuals.shape[1]):
                score[j * k + columns[row, i]] += residuals[t, j] * values[row, i]


@compiled
def add_curvature(
    rows: Any,
    weight: float,
    E: Floats,
    F: Floats,
    Z: Floats,
    inverse: Floats,
    post: Floats,
    v: Floats,
    sum_v: Floats,
    by_row: Floats,
    by_row_z: Floats,
    by_z: Floats,
) -> None:
    """Add the posterior mean of minus a path's conditional Hessian, in pieces from which the design makes its blocks.

    With V_jl = P_j (1[j=l] - P_l): sums of V_jl go to by_row (n, J, J), of V_jl z_r to by_row_z (n, J, J, R), of
    V_jl z_r z_s to by_z (J, J, R, R); only for l <= j and s <= r. `v` and `sum_v` (Q,) are scratch.
    """
    n_outcomes, n_nodes = F.shape
    dimensions = Z.shape[0]
    for j in range(n_outcomes):
        for other in range(j + 1):
            same = 1.0 if j == other else 0.0
            sum_v[:] = 0.0
            for t in range(rows.size):
                row = rows[t]
                here = inverse[t]
                ej, el = weight * E[row, j], E[row, other]
                total = 0.0
                for q in range(n_nodes):
                    v[q] = post[q] * ej * F[j, q] * here[q] * (same - el * F[other, q] * here[q])
                    total += v[q]
                    sum_v[q] += v[q]
                by_row[row, j, other] += total
                for r in range(dimensions):
                    total = 0.0
                    for q in range(n_nodes):
                        total += v[q] * Z[r, q]
                    by_row_z[row, j, other, r] += total
            for r in range(dimensions):
                for s in range(r + 1):
                    total = 0.0
                    for q in range(n_nodes):
                        total += sum_v[q] * Z[r, q] * Z[s, q]
                    by_z[j, other, r, s] += total


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
    """Fill the parts of a path's conditional score at each node, centred and times sqrt(post); return their number.

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

    The probabilities of a person's years vary together over the nodes, so the rank is far below N.
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
    rows: Any,
    weight: float,
    columns: Any,
    values: Floats,
    factor: Floats,
    n: int,
    rank: int,
    shape: tuple[int, int],
    spread: Floats,
) -> None:
    """Transform the factor to the parameters: fill spread (rank, Jk + G); `shape` is (J, k).

    Its cross-product is weight times the covariance of the conditional score over nodes.
    """
    n_outcomes, k = shape
    in_years = rows.size * n_outcomes
    root = np.sqrt(weight)
    for s in range(rank):
        here = spread[s]
        here[:] = 0.0
        for t in range(rows.size):
            row = rows[t]
            for i in range(columns.shape[1]):
                x = root * values[row, i]
                for j in range(n_outcomes):
                    here[j * k + columns[row, i]] += x * factor[t * n_outcomes + j, s]
        for i in range(in_years, n):
            here[n_outcomes * k + i - in_years] = root * factor[i, s]


@compiled
def pass_over_paths(
    order: int,
    first: int,
    last: int,
    offsets: Any,
    rows: Any,
    outcomes: Any,
    weights: Floats,
    columns: Any,
    values: Floats,
    E: Floats,
    L: Floats,
    free: Any,
    nodes: Floats,
    node_weights: Floats,
    centres: Floats,
    scales: Floats,
    log_likelihoods: Floats,
    residual_by_row: Floats,
    scores: Floats,
    by_row: Floats,
    by_row_z: Floats,
    by_z: Floats,
    spread: Floats,
) -> int:
    """Go over the paths from first to before last. What is filled depends on the order, VALUE to INFORMATION.

    Each order also fills what the one before it does. VALUE fills log_likelihoods. GRADIENT adds to residual_by_row
    (n, J) and fills the last G columns of scores (last - first, q); SCORES fills all q = Jk + G columns. INFORMATION
    adds curvature and fills rows of spread (rows, q). `columns` and `values` (n, nonzeros) are the design. `centres`
    (paths, R) and `scales` (paths, R, R) place the nodes of each path; they are empty if all paths share their nodes.
    Returns the number of rows of spread that were filled.
    """
    n_outcomes, dimensions = L.shape
    n_nodes = nodes.shape[1]
    n_coefficients = scores.shape[1] - free.shape[0]
    k = n_coefficients // n_outcomes
    longest = 0
    for i in range(first, last):
        longest = max(longest, offsets[i + 1] - offsets[i])
    n_features = longest * n_outcomes + free.shape[0] if order == INFORMATION else 0
    Z = np.empty((dimensions, n_nodes))
    F = np.empty((n_outcomes, n_nodes))
    w, post, v, sum_v = np.empty(n_nodes), np.empty(n_nodes), np.empty(n_nodes), np.empty(n_nodes)
    inverse = np.empty((longest, n_nodes))
    events = np.empty(n_outcomes)
    residuals = np.empty((longest, n_outcomes))
    slopes = np.empty((n_outcomes, n_nodes))
    features = np.empty((n_features, n_nodes))
    C, factor = np.empty((n_features, n_features)), np.empty((n_features, n_features))
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
        if order == VALUE:
            continue
        weight, score = weights[i], scores[i - first]
        own = residuals[: path.size]
        add_residuals(path, observed, weight, E, F, inverse, post, events, own, slopes, residual_by_row)
        random_score(Z, post, slopes, free, score[n_coefficients:])
        if order == GRADIENT:
            continue
        coefficient_score(path, columns, values, own, k, score[:n_coefficients])
        if order == SCORES:
            continue
        add_curvature(path, weight, E, F, Z, inverse, post, v, sum_v, by_row, by_row_z, by_z)
        n = score_features(path, E, F, Z, inverse, post, slopes, free, features)
        rank = factor_covariance(features, n, C, factor)
        shape = (n_outcomes, k)
        spread_factor(path, weight, columns, values, factor, n, rank, shape, spread[filled : filled + rank])
        filled += rank
    return filled
