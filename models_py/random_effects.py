"""The random-effects multinomial logit: maximum of the marginal likelihood, its nodes raised until they do not matter.

Belongs here: steps, quadrature and when to stop. Does not belong here: sums over paths (`path_likelihood`), whether the
variance components are identified (`identification`), or any table.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from scipy.linalg import LinAlgError

from models_py.cells import Floats
from models_py.multinomial import solve_information
from models_py.path_kernel import GRADIENT, INFORMATION, SCORES
from models_py.path_likelihood import Paths, Problem, Sums, adapted, make_problem, sums, value
from models_py.variance_components import Structure, component

# Gauss–Hermite nodes a dimension, raised until the parameters move by less than MOVE standard errors; in the second row
# each path has nodes of its own (adaptive quadrature). Few of those are worse than shared ones: with 5 the likelihood
# of a deviation of 20 came out far above its maximum at 2, so that the search ran away.
RULES = ((5, False), (7, False), (9, False), (13, False), (17, False),
         (13, True), (17, True), (25, True))  # fmt: skip
MOVE = 0.05
# A standard deviation above which paths get nodes of their own.
LARGE_DEVIATION = 1.5
# Random effects to start from: the deviations of yearly register data.
START_DEVIATION, START_COVARIANCE = 0.5, 0.1
# The decrement is the step in standard errors, squared; below this the maximum is found.
DECREMENT = 1e-8
# Below this the outer product is not computed anew, nor is the likelihood at the step's end asked for first.
NEAR = 0.01
# Outer-product steps before exact ones take over; with few persons they are slow.
OUTER_STEPS = 12
LIKELIHOOD_NOISE = 1e-11
HALVINGS = 20
# Added to the information of a free element of L: what one person would say at most.
RIDGE = 1.0
# The smallest eigenvalue of an information that is not positive definite, of what the outer product would say.
FLATTEST = 1e-3

Ending = Literal["converged", "not_converged", "singular", "overflow"]


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the search ended: theta (q,) and the sums there; `maximise` gives the exact information where it converged.

    Attributes:
        problem: the likelihood with the nodes it ended with.
        iterations: steps of all kinds.
        settled: whether more nodes would not move the parameters.
    """

    problem: Problem
    theta: Floats
    sums: Sums
    iterations: int
    ending: Ending
    settled: bool


def maximise(
    X: Floats, counts: Floats, paths: Paths, structure: Structure, coefficients: Floats, max_iterations: int
) -> Maximum:
    """Maximise the marginal likelihood from coefficients (k, J) of the pooled model; X is (n, k), counts (n, J + 1).

    Steps use the outer product of the scores (Berndt, Hall, Hall & Hausman 1974), which needs no second derivatives
    and is nearly the information where persons are many; the last steps use the exact information (Louis 1982).
    How it ended is said in `ending`; nothing is raised.
    """
    problem = make_problem(X, counts, paths, structure, *RULES[0])
    found = climb(problem, starting_point(problem, coefficients), 0, max_iterations)
    for n_nodes, adaptive in RULES[1:]:
        if found.ending != "converged":
            return found
        if not adaptive and largest_deviation(found) > LARGE_DEVIATION:
            continue
        finer = adapted_if(adaptive, make_problem(X, counts, paths, structure, n_nodes, adaptive), found.theta)
        settled = adaptive == found.problem.placement.is_adaptive and movement(found, finer) < MOVE
        found = climb(finer, found.theta, found.iterations, max_iterations)
        if settled and found.ending == "converged":
            return replace(finish(found, max_iterations), settled=True)
    return finish(found, max_iterations) if found.ending == "converged" else found


def starting_point(problem: Problem, coefficients: Floats) -> Floats:
    """The pooled coefficients (k, J) and small random effects, with the signs of the covariances that fit best."""
    elements = np.array([START_DEVIATION if j == r else START_COVARIANCE for j, r in problem.structure.free])
    if problem.structure.name == "shared":
        elements[:] = START_DEVIATION
    flipped = [np.where(np.arange(elements.size) == g, -elements, elements) for g in range(1, elements.size)]
    starts = [np.concatenate([coefficients.ravel(order="F"), start]) for start in (elements, *flipped)]
    return starts[int(np.argmax([value(problem, start) for start in starts]))]


def climb(problem: Problem, theta: Floats, iterations: int, max_iterations: int) -> Maximum:
    """To the maximum with these nodes: outer-product steps first, exact ones where those do not get there soon."""
    found = search(problem, theta, SCORES, iterations, iterations + min(OUTER_STEPS, max_iterations))
    return (
        found
        if found.ending == "converged"
        else search(found.problem, found.theta, INFORMATION, found.iterations, iterations + max_iterations)
    )


def finish(found: Maximum, max_iterations: int) -> Maximum:
    """The maximum with the exact information there."""
    return search(found.problem, found.theta, INFORMATION, found.iterations, found.iterations + max_iterations)


def search(problem: Problem, theta: Floats, order: int, iterations: int, most: int) -> Maximum:
    """Newton steps with the information of an order, SCORES or INFORMATION; adaptive nodes follow the parameters.

    A stationary point is the end only if it is a maximum.
    """
    meat: Floats | None = None
    for iteration in range(iterations, most + 1):
        problem = adapted_if(problem.placement.is_adaptive, problem, theta)
        here = sums(problem, theta, order) if meat is None else replace(sums(problem, theta, GRADIENT), meat=meat)
        if not np.isfinite(here.log_likelihood):
            return Maximum(problem, theta, here, iteration, "overflow", False)
        found = partial(Maximum, problem, theta, here, iteration, settled=False)
        try:
            step = newton_step(problem, here, order)
        except LinAlgError:
            return found(ending="singular")
        decrement = step @ here.gradient
        if decrement < DECREMENT:
            higher = beyond_saddle(problem, theta, here) if order == INFORMATION else None
            if higher is None:
                return found(ending="converged")
            theta = higher
            continue
        if decrement < NEAR:
            meat, theta = here.meat if order == SCORES else None, theta + step
            continue
        ahead = ascend(problem, theta, step, here.log_likelihood)
        if ahead is None:
            return found(ending="not_converged")
        theta = ahead
    return found(ending="not_converged")


def beyond_saddle(problem: Problem, theta: Floats, here: Sums) -> Floats | None:
    """From a stationary point, a higher one in the direction in which the likelihood bends up; None from a maximum.

    The likelihood does not change with the sign of an element of L that stands last in its row, so that it is
    stationary where that element is zero, whether it is highest there or not (a correlation of one, for instance).
    """
    lowest, direction = (found[..., 0] for found in np.linalg.eigh(here.information))
    if lowest >= 0:
        return None
    enough = here.log_likelihood + LIKELIHOOD_NOISE * abs(here.log_likelihood)
    for halvings in range(HALVINGS):
        trial: Floats = theta + START_DEVIATION / 2**halvings * direction
        if value(problem, trial) > enough:
            return trial
    return None


def newton_step(problem: Problem, here: Sums, order: int) -> Floats:
    """The step (q,) by the information of an order; it ascends, wherever it is taken.

    Raises:
        LinAlgError: the information is not finite, or that of SCORES is singular.
    """
    if order == SCORES:
        return solve_information(steadied(problem, here.meat), here.gradient)
    try:
        return solve_information(here.information, here.gradient)
    except LinAlgError:
        return step_away_from_saddle(here.information, np.diag(steadied(problem, here.meat)), here.gradient)


def step_away_from_saddle(information: Floats, metric: Floats, gradient: Floats) -> Floats:
    """The step (q,) where the information (q, q) is not positive definite: its eigenvalues' sizes stand in for them.

    Nocedal & Wright (2006), ch. 3.4. `metric` (q,) makes parameters comparable.

    Raises:
        LinAlgError: the information is not finite.
    """
    if not np.isfinite(information).all():
        raise LinAlgError("information is not finite")
    scale = 1 / np.sqrt(metric)
    values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    sizes = np.maximum(np.abs(values), FLATTEST)
    step: Floats = scale * (vectors @ ((vectors.T @ (scale * gradient)) / sizes))
    return step


def steadied(problem: Problem, information: Floats) -> Floats:
    """The information (q, q) with a little added for the free elements of L, of which the data may say nothing.

    It changes steps, not where they end: nothing is added to the gradient.
    """
    added = np.zeros(information.shape[0])
    added[problem.n_coefficients :] = RIDGE
    return information + np.diag(added)


def adapted_if(adaptive: bool, problem: Problem, theta: Floats) -> Problem:
    """The problem with nodes placed for theta where it has nodes to place."""
    return adapted(problem, theta) if adaptive else problem


def ascend(problem: Problem, theta: Floats, step: Floats, height: float) -> Floats | None:
    """theta + the longest of step, step/2, step/4 … that does not lower the likelihood, beyond what rounding does."""
    for halvings in range(HALVINGS):
        trial: Floats = theta + step / 2**halvings
        if value(problem, trial) >= height - LIKELIHOOD_NOISE * abs(height):
            return trial
    return None


def movement(found: Maximum, finer: Problem) -> float:
    """How far the parameters would move with other nodes, in standard errors, the largest of them."""
    try:
        inverse = solve_information(steadied(finer, found.sums.meat), np.eye(found.theta.size))
    except LinAlgError:
        return float("inf")
    step = inverse @ sums(finer, found.theta, GRADIENT).gradient
    return float(np.max(np.abs(step) / np.sqrt(np.diag(inverse))))


def largest_deviation(found: Maximum) -> float:
    """The largest standard deviation of the random effects."""
    structure, elements = found.problem.structure, found.theta[found.problem.n_coefficients :]
    return max(component(structure, elements, j, j).value for j in range(structure.n_outcomes))
