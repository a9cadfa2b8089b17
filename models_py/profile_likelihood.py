"""Profile-likelihood intervals of variance components.

Belongs here: the likelihood maximised with one component held at a value, and the values where it has fallen too far.
Wald intervals mislead if a component is near its bound; these do not (Venzon & Moolgavkar 1988; Pawitan 2001, ch. 3.4
and 9.11). Does not belong here: the maximum itself, or what an interval says about identification.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag
from scipy.special import ndtri

from models_py.cells import Booleans, Floats
from models_py.path_kernel import GRADIENT
from models_py.path_likelihood import sums
from models_py.random_effects import Maximum, adapted_if, steadied
from models_py.variance_components import Coordinates, coordinates_of

# Standard deviations are searched between these. An interval that gets to an end reaches its bound.
SMALLEST_DEVIATION, LARGEST_DEVIATION = 0.02, 20.0
# The search stops this close to the wanted root of twice the fall of the log-likelihood; the rest is interpolated.
ROOT_TOLERANCE = 0.05
# The search with a component held ends when the next step is this small, in standard errors squared. The gain that this
# step would bring is still added to the log-likelihood.
PROFILE_DECREMENT = 0.01
# No step is longer, in standard errors. A step that lowers the likelihood is not taken; the next one is shortened.
LONGEST_STEP = 3.0
MAX_STEPS, MAX_POINTS = 40, 15
# Largest share of its size that a standard deviation may lose in a step.
DESCENT = 0.75


@dataclass(frozen=True, slots=True)
class Interval:
    """Ends on the natural scale (NaN: not found), and for each whether it is the bound.

    An end is the bound if the likelihood does not fall far enough before it.
    """

    low: float
    high: float
    reaches_low: bool
    reaches_high: bool


@dataclass
class Profile:
    """The likelihood with one coordinate of the random effects held at a value.

    Attributes:
        held: position of the held coordinate among the parameters.
        point: current point of the search (q,): coefficients, then coordinates.
        known: points where earlier searches ended, the maximum first, each with the information learned by then.
    """

    maximum: Maximum
    coordinates: Coordinates
    held: int
    point: Floats
    known: list[tuple[Floats, Floats]]

    def root(self, target: float) -> float:
        """Root of twice the fall of the log-likelihood from its maximum; NaN if the search does not converge.

        The search is quasi-Newton (Broyden 1970 and others). It starts from the nearest known point and the information
        there, and updates the information by the gradients on the way.
        """
        free = np.arange(self.point.size) != self.held
        nearest, information = min(self.known, key=lambda known: abs(known[0][self.held] - target))
        self.point = nearest.copy()
        self.move_to(target, free, information)
        height, gradient = self.at(self.point)
        shrink = 1.0
        for _ in range(MAX_STEPS):
            step = np.zeros(free.size)
            step[free] = np.linalg.solve(information[np.ix_(free, free)], gradient[free])
            decrement = float(step @ gradient)
            if decrement < PROFILE_DECREMENT:
                self.remember(free, information)
                fall = 2 * (self.maximum.sums.log_likelihood - height) - decrement
                return float(np.sqrt(max(fall, 0.0)))
            step *= shrink * min(1.0, LONGEST_STEP / np.sqrt(decrement))
            below = self.deviations & free & (self.point + step < SMALLEST_DEVIATION)
            if (below & (self.point < 2 * SMALLEST_DEVIATION)).any():
                # A deviation that becomes zero is fixed there: a negative one would reverse the correlation's sign.
                self.point[below], free[below] = SMALLEST_DEVIATION, False
                height, gradient = self.at(self.point)
                continue
            if below.any():
                # Shorten the step: at zero the likelihood is flat, so no step would lead back from there.
                step *= DESCENT * np.min(self.point[below] / -step[below])
            trial = self.point + step
            ahead, slope = self.at(trial)
            information = learned(information, step, gradient - slope)
            if not ahead >= height:  # also true if `ahead` is NaN
                shrink /= 2
                continue
            shrink = min(1.0, 2 * shrink)
            self.point, height, gradient = trial, ahead, slope
        return float("nan")

    def remember(self, free: Booleans, information: Floats) -> None:
        """Let later searches begin here, unless a deviation was fixed at zero: it need not be zero elsewhere."""
        if free.sum() == free.size - 1:
            self.known.append((self.point.copy(), information))

    def move_to(self, target: float, free: Booleans, information: Floats) -> None:
        """Set the held coordinate to the target, and the others to the maximum of the quadratic approximation there.

        If that would make a deviation too small, the others stay where they are.
        """
        pull = information[free, self.held] * (target - self.point[self.held])
        trial = self.point.copy()
        trial[free] -= np.linalg.solve(information[np.ix_(free, free)], pull)
        trial[self.held] = target
        sensible = trial[self.deviations].min() >= SMALLEST_DEVIATION
        self.point[:] = trial if sensible else self.point
        self.point[self.held] = target

    @property
    def deviations(self) -> Booleans:
        """Which of the parameters (q,) are deviations."""
        are = np.zeros(self.point.size, dtype=np.bool_)
        are[
            [
                self.maximum.problem.n_coefficients + self.coordinates.position(j, j)
                for j in range(self.coordinates.structure.n_outcomes)
            ]
        ] = True
        return are

    def at(self, point: Floats) -> tuple[float, Floats]:
        """Log-likelihood and gradient (q,) by coefficients and coordinates."""
        problem = self.maximum.problem
        values = point[problem.n_coefficients :]
        theta = np.concatenate([point[: problem.n_coefficients], self.coordinates.elements(values)])
        here = sums(adapted_if(problem.placement.is_adaptive, problem, theta), theta, GRADIENT)
        return here.log_likelihood, self.carry(point).T @ here.gradient

    def information_at(self, point: Floats) -> Floats:
        """The information at the maximum, transformed to the coordinates at a point, (q, q)."""
        carry = self.carry(point)
        return steadied(self.maximum.problem, carry.T @ self.maximum.sums.information @ carry)

    def carry(self, point: Floats) -> Floats:
        """Derivative (q, q) of coefficients and free elements of L by coefficients and coordinates."""
        n_coefficients = self.maximum.problem.n_coefficients
        carried: Floats = block_diag(np.eye(n_coefficients), self.coordinates.jacobian(point[n_coefficients:]))
        return carried


def learned(information: Floats, step: Floats, fall: Floats) -> Floats:
    """The BFGS update of the information (f, f) after a step (f,) over which the gradient fell by `fall` (f,).

    Nocedal & Wright (2006), eq. 6.19. If the gradient hardly fell along the step, the information stays as it is.
    """
    along = float(step @ fall)
    curved = information @ step
    bend = float(step @ curved)
    if along <= 0.01 * bend:
        return information
    updated: Floats = information + np.outer(fall, fall) / along - np.outer(curved, curved) / bend
    return updated


def profile_interval(maximum: Maximum, outcome: int, other: int, confidence: float) -> Interval:
    """The interval of a deviation (outcome = other) or of a correlation with the first outcome (other = 0).

    Raises:
        ValueError: for any other correlation, as no single coordinate stands for it.
    """
    if other not in (outcome, 0):
        raise ValueError(f"no profile of the correlation of random effects {other} and {outcome}: neither is the first")
    structure, n_coefficients = maximum.problem.structure, maximum.problem.n_coefficients
    coordinates = coordinates_of(structure, maximum.theta[n_coefficients:])
    start = np.concatenate([maximum.theta[:n_coefficients], coordinates.values])
    held = n_coefficients + coordinates.position(outcome, other)
    is_sd, z = outcome == other, float(ndtri((1 + confidence) / 2))
    lowest, highest = (SMALLEST_DEVIATION, LARGEST_DEVIATION) if is_sd else (-np.pi / 2, np.pi / 2)
    ends = []
    for sign, bound in ((-1, lowest), (1, highest)):
        profile = Profile(maximum, coordinates, held, start.copy(), [])
        profile.known.append((start, profile.information_at(start)))
        if sign * (bound - start[held]) <= 0:
            ends.append((bound, True))
            continue
        inverse = np.linalg.inv(profile.known[0][1])
        guess = start[held] + sign * z * min(float(np.sqrt(inverse[held, held])), 1.0)
        ends.append(find_end(profile.root, float(start[held]), float(guess), bound, z))
    (low, reaches_low), (high, reaches_high) = ends
    if is_sd:
        return Interval(0.0 if reaches_low else low, high, reaches_low, reaches_high)
    return Interval(float(np.sin(low)), float(np.sin(high)), reaches_low, reaches_high)


def find_end(root: Callable[[float], float], start: float, guess: float, bound: float, z: float) -> tuple[float, bool]:
    """The point between start and bound where `root`, zero at the start, reaches z, and whether it is the bound.

    It is the bound, and True, if root stays below z there. It is NaN if the search does not end.
    Between a point below and a point above z the next point follows the Illinois rule (Dowell & Jarratt 1971): when the
    same end is kept twice its value is halved, because plain false position converges slowly where the root bends.
    """
    below: tuple[float, float] = (start, -z)
    known = [below]
    above: tuple[float, float] | None = None
    point = guess
    for _ in range(MAX_POINTS):
        at_bound = abs(point - start) >= abs(bound - start)
        point = bound if at_bound else point
        excess = root(point) - z
        if not np.isfinite(excess):
            break
        if abs(excess) < ROOT_TOLERANCE:
            across = [other for other in known if other[1] * excess < 0] or known[:1]
            return toward(min(across, key=lambda other: abs(other[0] - point)), (point, excess)), False
        if excess < 0 and at_bound:
            return bound, True
        known.append((point, excess))
        if excess < 0:
            above = above and (above[0], above[1] / 2)
            below = (point, excess)
        else:
            below = (below[0], below[1] / 2) if above else below
            above = (point, excess)
        if above is None:
            ahead = start + (point - start) * float(np.clip(z / max(excess + z, 0.1), 1.2, 3.0))
            # Past the middle of the way, try the bound itself: the interval often ends there.
            point = bound if abs(ahead - start) > abs(bound - start) / 2 else ahead
        else:
            point = toward(below, above)
    return float("nan"), False


def toward(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The x at which the line through two points (x, y) is zero."""
    return one[0] - one[1] * (other[0] - one[0]) / (other[1] - one[1])
