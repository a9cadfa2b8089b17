"""The marginal likelihood of the random-effects multinomial logit over persons' paths, its score and information.

Belongs here: sums over paths, in threads. A person's likelihood is the integral over u ~ N(0, LL') of the product over
years of P(y_t | x_t, u); Train (2009), ch. 6; Skrondal & Rabe-Hesketh (2004), ch. 6. Sums over parts of the paths add
up, so each part can be computed separately. Does not belong here: how the maximum is found.
"""

import itertools
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models_py.cells import Floats
from models_py.passes import passed
from models_py.path_kernel import GRADIENT, INFORMATION, SCORES, VALUE, pass_over_paths
from models_py.path_modes import find_modes
from models_py.quadrature import Rule, product_rule
from models_py.threads import in_threads
from models_py.variance_components import Structure

# Paths whose scores are in memory at a time: with 60 coefficients they take 1 MB and stay in the processor's cache.
PATHS_PER_CHUNK = 2048
# The paths are summed in 2 to 8 blocks; beyond 2, a block has at least this many paths. The number of blocks does not
# follow the number of processors, because the sums must not depend on it; few paths are not cut into many blocks.
PATHS_PER_BLOCK, FEWEST_BLOCKS, MOST_BLOCKS = 32_768, 2, 8


@dataclass(frozen=True, slots=True)
class Paths:
    """Persons' years on the rows of a design.

    Attributes:
        weights: (p,) persons who share the path.
        offsets: (p + 1,) where each path begins.
        rows: (t,) row of the design of each person-year.
        outcomes: (t,) outcome of each person-year; the base outcome is 0.
    """

    weights: Floats
    offsets: NDArray[np.int64]
    rows: NDArray[np.int32]
    outcomes: NDArray[np.int8]

    def events(self, n_outcomes: int) -> Floats:
        """Each path's person-years with each outcome except the base, (p, n_outcomes)."""
        path = np.repeat(np.arange(self.weights.size), np.diff(self.offsets))
        counts = np.bincount(path * (n_outcomes + 1) + self.outcomes, minlength=self.weights.size * (n_outcomes + 1))
        return counts.reshape(-1, n_outcomes + 1)[:, 1:].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Placement:
    """Centre (p, R) and scale (p, R, R) of each path's nodes; empty if all paths share the nodes of N(0, I)."""

    centres: Floats
    scales: Floats

    @property
    def is_adaptive(self) -> bool:
        """Whether paths have nodes of their own."""
        return bool(self.centres.shape[0])


@dataclass(frozen=True, slots=True)
class Nonzeros:
    """Columns and values of the nonzeros of a design row by row, (n, most nonzeros in a row), padded with zeros.

    Most terms are categorical, so that a row of 30 columns has only 9 nonzeros, for example.
    """

    columns: NDArray[np.int32]
    values: Floats


def nonzeros_of(X: Floats) -> Nonzeros:
    """The nonzeros of X (n, k)."""
    row, column = np.nonzero(X)
    each = np.bincount(row, minlength=X.shape[0])
    place = np.arange(row.size) - np.repeat(np.cumsum(each) - each, each)
    columns, values = np.zeros((X.shape[0], each.max()), dtype=np.int32), np.zeros((X.shape[0], each.max()))
    columns[row, place], values[row, place] = column, X[row, column]
    return Nonzeros(columns, values)


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything that the likelihood depends on except its parameters.

    The parameters are theta (Jk + G,): B, one outcome after the other, then the free elements of L.

    Attributes:
        X: (n, k) design; `nonzeros` has its nonzeros.
        counts: (n, J + 1) person-years by outcome at each row, summed over the paths.
        rule: nodes and weights for N(0, I).
    """

    X: Floats
    nonzeros: Nonzeros
    counts: Floats
    paths: Paths
    structure: Structure
    rule: Rule
    placement: Placement

    @property
    def n_coefficients(self) -> int:
        """Jk."""
        return int(self.X.shape[1]) * self.structure.n_outcomes

    def split(self, theta: Floats) -> tuple[Floats, Floats]:
        """Coefficients B (k, J) and L (J, R)."""
        B = theta[: self.n_coefficients].reshape(self.X.shape[1], -1, order="F")
        return B, self.structure.matrix(theta[self.n_coefficients :])


@dataclass(frozen=True, slots=True)
class Sums:
    """The result of a pass; the results for parts of the paths can be added. What was not asked for is zero.

    Attributes:
        log_likelihood: the marginal log-likelihood.
        gradient: (q,) its derivative, q = Jk + G.
        meat: (q, q) sum over persons of the outer product of their scores.
        information: (q, q) minus the Hessian, exact (Louis 1982, eq. 3.1).
    """

    log_likelihood: float
    gradient: Floats
    meat: Floats
    information: Floats

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.log_likelihood + other.log_likelihood,
            self.gradient + other.gradient,
            self.meat + other.meat,
            self.information + other.information,
        )


def make_problem(
    X: Floats, counts: Floats, paths: Paths, structure: Structure, per_dimension: int, adaptive: bool = False
) -> Problem:
    """A problem with `per_dimension` nodes a dimension; adaptive nodes start at centre 0 and scale I, see `adapted`."""
    dimensions, n = structure.dimensions, paths.weights.size if adaptive else 0
    placement = Placement(np.zeros((n, dimensions)), np.tile(np.eye(dimensions), (n, 1, 1)))
    X = np.ascontiguousarray(X)
    return Problem(X, nonzeros_of(X), counts, paths, structure, product_rule(per_dimension, dimensions), placement)


def value(problem: Problem, theta: Floats) -> float:
    """Only the log-likelihood."""
    return sums(problem, theta, VALUE).log_likelihood


def sums(problem: Problem, theta: Floats, order: int) -> Sums:
    """The log-likelihood at theta (q,) and, up to `order`: GRADIENT, then SCORES (the meat), then INFORMATION."""
    B, L = problem.split(theta)
    with np.errstate(over="ignore", invalid="ignore"):
        U = problem.X @ B
        E = np.exp(U)
    parts = in_threads(partial(block_sums, problem, E, L, order), blocks(problem.paths))
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    # The utility x'b of the observed outcome is the same at every node; the passes leave it out, so it is added here.
    own = float(np.sum(problem.counts[:, 1:] * U))
    passed(int(problem.paths.offsets[-1]))
    return replace(total, log_likelihood=total.log_likelihood + own)


def adapted(problem: Problem, theta: Floats) -> Problem:
    """The problem with each path's nodes placed by the mode and curvature of its posterior (Liu & Pierce 1994)."""
    B, L = problem.split(theta)
    with np.errstate(over="ignore", invalid="ignore"):
        E = np.exp(problem.X @ B)
    events = problem.paths.events(L.shape[0])
    centres, scales = problem.placement.centres.copy(), problem.placement.scales.copy()
    arrays = (problem.paths.offsets, problem.paths.rows, events, E, L, centres, scales)
    in_threads(lambda block: find_modes(block[0], block[1], *arrays), blocks(problem.paths))
    return replace(problem, placement=Placement(centres, scales))


def blocks(paths: Paths) -> list[tuple[int, int]]:
    """First path, and the one after the last, of blocks with about equally many person-years."""
    n_blocks = min(max(paths.weights.size // PATHS_PER_BLOCK, FEWEST_BLOCKS), MOST_BLOCKS)
    goals = np.linspace(0, paths.offsets[-1], n_blocks + 1)
    edges = np.unique(np.searchsorted(paths.offsets, goals))
    return [(int(first), int(last)) for first, last in itertools.pairwise(edges)]


def block_sums(problem: Problem, E: Floats, L: Floats, order: int, block: tuple[int, int]) -> Sums:
    """Sums over the paths of a block, up to an order. E (n, J) is exp(XB).

    The log-likelihood lacks the utilities x'b of the observed outcomes, which `sums` adds.
    """
    paths, structure, nonzeros = problem.paths, problem.structure, problem.nonzeros
    free = np.array(structure.free, dtype=np.int64)
    (n, J), R = E.shape, structure.dimensions
    q = problem.n_coefficients + len(free)
    curvature = (
        Curvature(np.zeros((n, J, J)), np.zeros((n, J, J, R)), np.zeros((J, J, R, R))) if order == INFORMATION else NONE
    )
    longest = int(np.diff(paths.offsets[block[0] : block[1] + 1]).max())
    spread = np.empty((PATHS_PER_CHUNK * (longest * J + len(free)) if order == INFORMATION else 0, q))
    residual_by_row, gradient, meat, lost = np.zeros((n, J)), np.zeros(q), np.zeros((q, q)), np.zeros((q, q))
    log_likelihood = 0.0
    for first in range(*block, PATHS_PER_CHUNK):
        last = min(first + PATHS_PER_CHUNK, block[1])
        log_likelihoods, scores = np.empty(last - first), np.empty((last - first, q))
        filled = pass_over_paths(
            order, first, last, paths.offsets, paths.rows, paths.outcomes, paths.weights, nonzeros.columns,
            nonzeros.values, E, L, free, problem.rule.nodes, problem.rule.weights, problem.placement.centres,
            problem.placement.scales, log_likelihoods, residual_by_row, scores, *curvature.arrays, spread,
        )  # fmt: skip
        weights = paths.weights[first:last]
        log_likelihood += float(weights @ log_likelihoods)
        if order >= GRADIENT:
            gradient[problem.n_coefficients :] += weights @ scores[:, problem.n_coefficients :]
        if order >= SCORES:
            scores *= np.sqrt(weights)[:, None]
            meat += scores.T @ scores
        if order == INFORMATION:
            lost += spread[:filled].T @ spread[:filled]
    if order >= GRADIENT:
        gradient[: problem.n_coefficients] = (problem.X.T @ residual_by_row).ravel(order="F")
    information = curvature.information(problem.X, structure) - lost if order == INFORMATION else np.zeros((q, q))
    return Sums(log_likelihood, gradient, meat, information)


@dataclass(frozen=True, slots=True)
class Curvature:
    """Sums over paths of the posterior mean of V_jl = P_j (1[j=l] - P_l) and its products with z, only for l <= j.

    Attributes:
        by_row: (n, J, J).
        by_row_z: (n, J, J, R).
        by_z: (J, J, R, R), for z_r z_s; only s <= r is filled.
    """

    by_row: Floats
    by_row_z: Floats
    by_z: Floats

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats]:
        """The arrays in the order in which `pass_over_paths` takes them."""
        return self.by_row, self.by_row_z, self.by_z

    def information(self, X: Floats, structure: Structure) -> Floats:
        """Posterior mean of the complete-data information (q, q): utilities are linear in x and z, the joint design."""
        k, J, free = X.shape[1], structure.n_outcomes, structure.free
        info = np.zeros((J * k + len(free),) * 2)
        for j in range(J):
            for other in range(j + 1):
                block = (X * self.by_row[:, j, other, None]).T @ X
                info[j * k : (j + 1) * k, other * k : (other + 1) * k] = block
                info[other * k : (other + 1) * k, j * k : (j + 1) * k] = block
        for g, (j, r) in enumerate(free):
            for other in range(J):
                column = X.T @ self.by_row_z[:, max(j, other), min(j, other), r]
                info[other * k : (other + 1) * k, J * k + g] = column
                info[J * k + g, other * k : (other + 1) * k] = column
            for h, (other, s) in enumerate(free):
                info[J * k + g, J * k + h] = self.by_z[max(j, other), min(j, other), max(r, s), min(r, s)]
        return info


NONE = Curvature(np.zeros((0, 0, 0)), np.zeros((0, 0, 0, 0)), np.zeros((0, 0, 0, 0)))
