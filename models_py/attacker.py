"""What someone who has the published tables can work out about a number, by linear programming.

Belongs here: a system of linear equations and bounds, the least and most a number can be under it, and the cheapest
numbers to withhold so that it can be something else. Does not belong here: what is known (`joint_knowledge`), or how
much may be (`protection`).

Sources: Hundepool et al. (2012), Statistical Disclosure Control, chapter 4 (the attacker's problems); Fischetti &
Salazar-González (2000), Models and algorithms for optimizing cell suppression in tabular data with linear constraints,
JASA 95(451), 916-928 (the same bounds, and withholding what an infeasible attacker's problem asks for).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

from models_py.cells import Booleans, Floats
from models_py.linear_program import LinearProgram, NoAnswer

Interval = tuple[float, float]
Ends = Literal["least", "most"]

# Counts are whole numbers: what the solver misses an integer by.
ROUNDING_ERROR = 1e-6
# Of milp, which, with no number asked to be whole, solves the linear program at half of linprog's overhead.
OPTIMAL = 0


class AttackFailed(RuntimeError):
    """The solver gave no answer, so nothing is known to be protected."""


@dataclass(slots=True)
class Attack:
    """Numbers z (n,) of which A z = b and low <= z <= high is known.

    Attributes:
        A: (rows, n). b: (rows,).
        low, high: (n,) what is known of each number now; finite.
        anyway_low, anyway_high: (n,) what would be known of each were it withheld.
        cost: (n,) of withholding a number that is not yet withheld; unlocking takes those where `open` is true.
        open: (n,) published by the release at hand alone, so that withholding them helps.
        seen_low, seen_high: (n,) the ends of what has turned up in any solution: each number can be all between.
    """

    A: csr_array
    b: Floats
    low: Floats
    high: Floats
    anyway_low: Floats
    anyway_high: Floats
    cost: Floats
    open: Booleans
    seen_low: Floats = field(init=False)
    seen_high: Floats = field(init=False)
    _program: LinearProgram = field(init=False)

    def __post_init__(self) -> None:
        self._program = LinearProgram(self.A, self.b, self.low, self.high)
        self.seen_low, self.seen_high = np.full(self.low.size, np.inf), np.full(self.low.size, -np.inf)

    def seen(self, member: int) -> Interval:
        """An interval in which a number can certainly lie anywhere, as whole numbers."""
        return whole(self.seen_low[member], self.seen_high[member])

    def interval(self, member: int) -> Interval:
        """The least and most that a number can be, as whole numbers.

        Raises:
            AttackFailed: the solver gave no answer.
        """
        ends = []
        for sign in (1.0, -1.0):
            objective = np.zeros(self.low.size)
            objective[member] = sign
            z = self.solution(objective)
            if z is None:
                raise AttackFailed("what is published contradicts itself")
            ends.append(float(z[member]))
        return whole(*ends)

    def interval_anyway(self, member: int) -> Interval:
        """The interval of a number were everything withheld that can be."""
        kept = self.low, self.high
        self.low, self.high = (
            np.where(self.open, self.anyway_low, self.low),
            np.where(self.open, self.anyway_high, self.high),
        )
        seen = self.seen_low.copy(), self.seen_high.copy()
        try:
            return self.interval(member)
        finally:
            (self.low, self.high), (self.seen_low, self.seen_high) = kept, seen

    def withhold(self, members: Iterable[int]) -> None:
        """From now on these are known no better than they would be anyway."""
        for member in members:
            self.low[member], self.high[member] = self.anyway_low[member], self.anyway_high[member]
            self.open[member] = False

    def cheapest_unlocking(self, member: int, end: Ends, value: float) -> list[int]:
        """Which numbers to withhold so that `member` can be at most (`least`) or at least (`most`) a value.

        Least cost-weighted distance by which open numbers leave their bounds: those that leave them are withheld.

        Raises:
            AttackFailed: it cannot be, whatever is withheld, or the solver gave no answer.
        """
        n, at = self.low.size, np.flatnonzero(self.open)
        low, high = np.where(self.open, self.anyway_low, self.low), np.where(self.open, self.anyway_high, self.high)
        low[member], high[member] = (low[member], value) if end == "least" else (value, high[member])
        picked = csr_array((np.ones(at.size), (np.arange(at.size), at)), shape=(at.size, n))
        excess = eye_array(at.size, format="csr")
        nothing = csr_array((at.size, at.size))
        beside = csr_array((self.A.shape[0], 2 * at.size))
        within = vstack([hstack([picked, -excess, nothing]), hstack([-picked, nothing, -excess])], format="csr")
        found = milp(
            np.concatenate([np.zeros(n), self.cost[at], self.cost[at]]),
            constraints=[
                LinearConstraint(hstack([self.A, beside], format="csr"), self.b, self.b),
                LinearConstraint(within, ub=np.concatenate([self.high[at], -self.low[at]])),
            ],
            bounds=Bounds(
                np.concatenate([low, np.zeros(2 * at.size)]), np.concatenate([high, np.full(2 * at.size, np.inf)])
            ),
        )
        if found.status != OPTIMAL:
            raise AttackFailed(f"no way found to withhold enough: {found.message}")
        z = found.x[:n]
        self._remember(z)
        left = (z[at] > self.high[at] + ROUNDING_ERROR) | (z[at] < self.low[at] - ROUNDING_ERROR)
        return [int(i) for i in at[left]]

    def solution(self, objective: Floats) -> Floats | None:
        """A z (n,) at the least of an objective (n,), which is remembered; None if what is known contradicts itself.

        Raises:
            AttackFailed: the solver gave no answer.
        """
        try:
            z = self._program.solution(objective, self.low, self.high)
        except NoAnswer as reason:
            raise AttackFailed(f"the solver gave no answer: {reason}") from None
        if z is not None:
            self._remember(z)
        return z

    def _remember(self, z: Floats) -> None:
        """Valid for good: withholding only ever adds to what z can be."""
        self.seen_low, self.seen_high = np.minimum(self.seen_low, z), np.maximum(self.seen_high, z)


def whole(low: float, high: float) -> Interval:
    """The whole numbers between two ends; infinite ends stay."""
    return (
        math.ceil(low - ROUNDING_ERROR) if math.isfinite(low) else low,
        math.floor(high + ROUNDING_ERROR) if math.isfinite(high) else high,
    )
