"""The random-effects multinomial logit: maximising the marginal likelihood, with ever more quadrature nodes until more
would not change the estimates.

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

# Gauss–Hermite nodes a dimension, raised until the parameters move by less than MOVE standard errors. In the second row
# each path has its own nodes (adaptive quadrature). Few adaptive nodes are worse than few shared ones: with 5, the
# likelihood at a deviation of 20 came out far above the maximum at 2, so that the search ran away.
RULES = ((5, False), (7, False), (9, False), (13, False), (17, False),
         (13, True), (17, True), (25, True))  # fmt: skip
MOVE = 0.05
# A standard deviation above which each path gets its own nodes.
LARGE_DEVIATION = 1.5
# Starting values of L: a deviation that is usual in yearly register data, and a small covariance.
START_DEVIATION, START_COVARIANCE = 0.5, 0.1
# The decrement is the squared step in standard errors. Below this the maximum is found.
DECREMENT = 1e-8
# A step with a decrement below this is taken without checking the likelihood at its end, and the outer product is kept.
NEAR = 0.01
# Most outer-product steps before exact steps take over; with few persons outer-product steps converge slowly.
OUTER_STEPS = 12
LIKELIHOOD_NOISE = 1e-11
HALVINGS = 20
# Added to the information of each free element of L: the most that a single person would contribute.
RIDGE = 1.0
# Lower bound on eigenvalues of an information that is not positive definite, relative to the outer product's diagonal.
FLATTEST = 1e-3

Ending = Literal["converged", "not_converged", "singular", "overflow"]


@dataclass(frozen=True, slots=True)
class Maximum:
    """The end of a search: theta (q,) and the sums there. If `maximise` converged, they include the exact information.

    Attributes:
        problem: the likelihood with the nodes of the end.
        iterations: steps of all kinds.
        settled: whether more nodes would no longer move the parameters.
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

    Steps use the outer product of the scores (Berndt, Hall, Hall & Hausman 1974). It needs no second derivatives and is
    nearly the information if there are many persons. The last steps use the exact information (Louis 1982).
    Nothing is raised: `ending` says how the search ended.
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
    """The pooled coefficients (k, J) and small random effects; the signs in L are those with the highest likelihood."""
    elements = np.array([START_DEVIATION if j == r else START_COVARIANCE for j, r in problem.structure.free])
    if problem.structure.name == "shared":
        elements[:] = START_DEVIATION
    flipped = [np.where(np.arange(elements.size) == g, -elements, elements) for g in range(1, elements.size)]
    starts = [np.concatenate([coefficients.ravel(order="F"), start]) for start in (elements, *flipped)]
    return starts[int(np.argmax([value(problem, start) for start in starts]))]


def climb(problem: Problem, theta: Floats, iterations: int, max_iterations: int) -> Maximum:
    """Search the maximum with these nodes: outer-product steps first, exact steps if those do not converge soon."""
    found = search(problem, theta, SCORES, iterations, iterations + min(OUTER_STEPS, max_iterations))
    return (
        found
        if found.ending == "converged"
        else search(found.problem, found.theta, INFORMATION, found.iterations, iterations + max_iterations)
    )


def finish(found: Maximum, max_iterations: int) -> Maximum:
    """The maximum again, with the exact information there."""
    return search(found.problem, found.theta, INFORMATION, found.iterations, found.iterations + max_iterations)


def search(problem: Problem, theta: Floats, order: int, iterations: int, most: int) -> Maximum:
    """Newton steps with the information of an order, SCORES or INFORMATION. Adaptive nodes are placed anew each step.

    With INFORMATION the search only ends at a stationary point that is a maximum.
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
    """From a stationary point, a higher point in the direction in which the likelihood bends up; None at a maximum.

    The likelihood does not depend on the sign of the last element in a row of L. It is therefore stationary where that
    element is zero (a correlation of one, for instance), even if this is not a maximum.
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
    """The step (q,) by the information of an order; it is an ascent direction at every point.

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
    """The step (q,) if the information (q, q) is not positive definite: it uses the eigenvalues' absolute values.

    Nocedal & Wright (2006), ch. 3.4. `metric` (q,) scales the parameters to be comparable.

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
    """The information (q, q) with a little added for the free elements of L, as the data may say nothing about them.

    This changes the steps but not where they end, because nothing is added to the gradient.
    """
    added = np.zeros(information.shape[0])
    added[problem.n_coefficients :] = RIDGE
    return information + np.diag(added)


def adapted_if(adaptive: bool, problem: Problem, theta: Floats) -> Problem:
    """The problem with nodes placed for theta if it is adaptive, otherwise unchanged."""
    return adapted(problem, theta) if adaptive else problem


def ascend(problem: Problem, theta: Floats, step: Floats, height: float) -> Floats | None:
    """theta + the longest of step, step/2, step/4 … that does not lower the likelihood by more than rounding."""
    for halvings in range(HALVINGS):
        trial: Floats = theta + step / 2**halvings
        if value(problem, trial) >= height - LIKELIHOOD_NOISE * abs(height):
            return trial
    return None


def movement(found: Maximum, finer: Problem) -> float:
    """The largest movement of a parameter that other nodes would cause, in standard errors."""
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
