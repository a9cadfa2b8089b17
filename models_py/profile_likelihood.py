"""Profile-likelihood intervals of variance components.

Belongs here: the likelihood maximised with one component held at a value, and where it falls too far. Wald's intervals
mislead where a component is near its bound; these do not (Venzon & Moolgavkar 1988; Pawitan 2001, ch. 3.4 and 9.11).
Does not belong here: the maximum itself, or what an interval says of identification.
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

# Deviations are searched between these: at the ends, an interval reaches its bound.
SMALLEST_DEVIATION, LARGEST_DEVIATION = 0.02, 20.0
# The root of twice the fall of the likelihood is met this closely, and the rest interpolated.
ROOT_TOLERANCE = 0.05
# The search with a component held ends when the next step is this small, in standard errors squared; what it would add
# to the likelihood is added.
PROFILE_DECREMENT = 0.01
# No step is longer, in standard errors; none that lowers the likelihood is taken, but half of it.
LONGEST_STEP = 3.0
MAX_STEPS, MAX_POINTS = 40, 15
# Of its size, what a deviation may lose in a step.
DESCENT = 0.75


@dataclass(frozen=True, slots=True)
class Interval:
    """Ends on the natural scale (NaN: not found); whether the likelihood never falls far enough before the bound."""

    low: float
    high: float
    reaches_low: bool
    reaches_high: bool


@dataclass
class Profile:
    """The likelihood with one coordinate of the random effects held.

    Attributes:
        held: position of the held coordinate among the parameters.
        point: coefficients, then coordinates, (q,); it follows the search.
        known: points where earlier searches ended, the maximum first, each with the information learned until then.
    """

    maximum: Maximum
    coordinates: Coordinates
    held: int
    point: Floats
    known: list[tuple[Floats, Floats]]

    def root(self, target: float) -> float:
        """Root of twice the fall of the log-likelihood from its maximum; NaN if the search does not end.

        Quasi-Newton (Broyden 1970 and others): from the nearest point that is known and the information there, which
        learns from the gradients on the way.
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
                # A deviation that becomes zero stays there: a negative one would turn the correlation round.
                self.point[below], free[below] = SMALLEST_DEVIATION, False
                height, gradient = self.at(self.point)
                continue
            if below.any():
                # Not at once: at zero the likelihood is flat, so that from there no step leads back.
                step *= DESCENT * np.min(self.point[below] / -step[below])
            trial = self.point + step
            ahead, slope = self.at(trial)
            information = learned(information, step, gradient - slope)
            if not ahead >= height:  # nor where it cannot be represented
                shrink /= 2
                continue
            shrink = min(1.0, 2 * shrink)
            self.point, height, gradient = trial, ahead, slope
        return float("nan")

    def remember(self, free: Booleans, information: Floats) -> None:
        """Let later searches begin here, unless a deviation is zero here that need not be so elsewhere."""
        if free.sum() == free.size - 1:
            self.known.append((self.point.copy(), information))

    def move_to(self, target: float, free: Booleans, information: Floats) -> None:
        """Hold the coordinate at the target, and the others where the quadratic approximation has its maximum then."""
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
        """The information of the maximum carried over to the coordinates at a point, (q, q)."""
        carry = self.carry(point)
        return steadied(self.maximum.problem, carry.T @ self.maximum.sums.information @ carry)

    def carry(self, point: Floats) -> Floats:
        """Derivative (q, q) of coefficients and free elements of L by coefficients and coordinates."""
        n_coefficients = self.maximum.problem.n_coefficients
        carried: Floats = block_diag(np.eye(n_coefficients), self.coordinates.jacobian(point[n_coefficients:]))
        return carried


def learned(information: Floats, step: Floats, fall: Floats) -> Floats:
    """The information (f, f) after a step (f,) over which the gradient fell by `fall` (f,): the BFGS update.

    Nocedal & Wright (2006), eq. 6.19. Where the gradient did not fall along the step, nothing is learned.
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
        ValueError: any other correlation, of which no coordinate stands alone.
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
    """Where root, zero at the start, rises to z on the way to the bound; and whether it does not before the bound.

    Between a point below and one above by the Illinois rule (Dowell & Jarratt 1971): what stands at an end twice counts
    half, because false position creeps where the root bends.
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
            # Beyond the middle of the way the bound itself is asked: often it is where the interval ends.
            point = bound if abs(ahead - start) > abs(bound - start) / 2 else ahead
        else:
            point = toward(below, above)
    return float("nan"), False


def toward(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Where the line through two points (x, y) is zero."""
    return one[0] - one[1] * (other[0] - one[0]) / (other[1] - one[1])
