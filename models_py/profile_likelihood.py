"""Profile-likelihood intervals of variance components, and whether the data identify them.

Belongs here: the likelihood maximised with one component held at a value, and where it falls too far. Wald's intervals
mislead where a component is near its bound; these do not (Venzon & Moolgavkar 1988; Pawitan 2001, ch. 3.4 and 9.11).
Does not belong here: the maximum itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError
from scipy.stats import norm

from models_py.cells import Floats
from models_py.multinomial import solve_information
from models_py.path_kernel import GRADIENT, INFORMATION
from models_py.path_likelihood import sums
from models_py.random_effects import Maximum, adapted_if
from models_py.variance_components import Component, component

# Deviations are searched between these, correlations up to this: beyond, an interval reaches its bound.
SMALLEST_DEVIATION, LARGEST_DEVIATION = 0.02, 20.0
LARGEST_CORRELATION = 0.995
# The root of twice the fall of the likelihood is met this closely: 0.02 of 1.96 is 1 % of an interval's half.
ROOT_TOLERANCE = 0.02
# Steps along a profile end when the next is this small, in standard errors squared; none is longer than the second.
PROFILE_DECREMENT, LONGEST_STEP = 1e-3, 3.0
MAX_STEPS, MAX_POINTS = 25, 15


@dataclass(frozen=True, slots=True)
class Interval:
    """Ends on the natural scale, and whether the likelihood never falls far enough before the bound."""

    low: float
    high: float
    reaches_low: bool
    reaches_high: bool


@dataclass
class Profile:
    """The likelihood along one component; `theta` and `inverse` information follow the search.

    A correlation is searched as its inverse hyperbolic tangent, which no bound cuts off.
    """

    maximum: Maximum
    outcome: int
    other: int
    theta: Floats
    inverse: Floats

    def at(self, theta: Floats) -> tuple[float, Floats]:
        """The component on the scale of the search and its gradient (q,)."""
        problem = self.maximum.problem
        found = component(problem.structure, theta[problem.n_coefficients :], self.outcome, self.other)
        gradient = np.zeros(theta.size)
        gradient[problem.n_coefficients :] = found.gradient
        if found.is_sd:
            return found.value, gradient
        inside = float(np.clip(found.value, -LARGEST_CORRELATION, LARGEST_CORRELATION))
        return float(np.arctanh(inside)), gradient / (1 - inside**2)

    def root(self, target: float) -> float:
        """Root of twice the fall of the log-likelihood from its maximum with the component held at the target."""
        problem, fixed = self.maximum.problem, None
        for _ in range(MAX_STEPS):
            problem = adapted_if(problem.placement.is_adaptive, problem, self.theta)
            here = sums(problem, self.theta, GRADIENT)
            step = self.step(target, here.gradient)
            length = float(np.sqrt(step @ np.linalg.solve(self.inverse, step)))
            if length**2 < PROFILE_DECREMENT:
                gain = here.gradient @ step - length**2 / 2
                return float(np.sqrt(max(2 * (self.maximum.sums.log_likelihood - here.log_likelihood - gain), 0.0)))
            if fixed is not None and length > fixed / 2:
                self.renew(sums(problem, self.theta, INFORMATION).information)
                step = self.step(target, here.gradient)
            fixed = length
            self.theta = self.theta + step * min(1.0, LONGEST_STEP / length)
        return float("nan")

    def step(self, target: float, gradient: Floats) -> Floats:
        """The step that maximises the quadratic approximation among those that take the component to the target."""
        value, slope = self.at(self.theta)
        free, along = self.inverse @ gradient, self.inverse @ slope
        multiplier = (target - value - slope @ free) / (slope @ along)
        moved: Floats = free + multiplier * along
        return moved

    def renew(self, information: Floats) -> None:
        """Follow the curvature where the search is; where it is not positive definite, keep what was."""
        try:
            self.inverse = solve_information(information, np.eye(information.shape[0]))
        except LinAlgError:
            return


def profile_interval(maximum: Maximum, inverse: Floats, outcome: int, other: int, confidence: float) -> Interval:
    """The interval of a component; `inverse` (q, q) is the inverse exact information at the maximum."""
    elements = maximum.theta[maximum.problem.n_coefficients :]
    estimate = component(maximum.problem.structure, elements, outcome, other)
    z = float(norm.ppf((1 + confidence) / 2))
    ends = [_end(maximum, inverse, estimate, sign, z) for sign in (-1, 1)]
    (low, reaches_low), (high, reaches_high) = ends
    if estimate.is_sd:
        return Interval(0.0 if reaches_low else low, high, reaches_low, reaches_high)
    low, high = (-1.0 if reaches_low else np.tanh(low)), (1.0 if reaches_high else np.tanh(high))
    return Interval(float(low), float(high), reaches_low, reaches_high)


def _end(maximum: Maximum, inverse: Floats, estimate: Component, sign: int, z: float) -> tuple[float, bool]:
    profile = Profile(maximum, estimate.outcome, estimate.other, maximum.theta, inverse)
    start, slope = profile.at(maximum.theta)
    if estimate.is_sd:
        bound = LARGEST_DEVIATION if sign > 0 else SMALLEST_DEVIATION
    else:
        bound = sign * float(np.arctanh(LARGEST_CORRELATION))
    if sign * (bound - start) <= 0:
        return bound, True
    std_error = float(np.sqrt(slope @ inverse @ slope))
    return find_end(profile.root, start, start + sign * z * min(std_error, 1.0), bound, z)


def find_end(root: Callable[[float], float], start: float, guess: float, bound: float, z: float) -> tuple[float, bool]:
    """Where root, zero at the start, rises to z on the way to the bound; and whether it does not before the bound."""
    inner, outer = (start, 0.0), None
    point = guess
    for _ in range(MAX_POINTS):
        at_bound = (bound - start) * (bound - point) <= 0
        point = bound if at_bound else point
        height = root(point)
        if not np.isfinite(height):
            return float("nan"), False
        if abs(height - z) < ROOT_TOLERANCE:
            return start + (point - start) * z / height if not at_bound else point, False
        if height < z and at_bound:
            return bound, True
        if height < z:
            inner = (point, height)
        else:
            outer = (point, height)
        if outer is None:
            point = start + (point - start) * float(np.clip(z / max(height, 0.1), 1.2, 3.0))
        else:
            point = inner[0] + (outer[0] - inner[0]) * (z - inner[1]) / (outer[1] - inner[1])
    return float("nan"), False
