"""What someone who has the published tables can work out about a number, by linear programming.

Belongs here: a system of linear equations and bounds, the smallest and largest value of a number under it, and the
cheapest numbers to withhold so that the number can have another value. Does not belong here: what is known
(`joint_knowledge`), or how much may be known (`protection`).

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

# Counts are whole numbers; the solver's answers miss them by at most this much.
ROUNDING_ERROR = 1e-6
# `milp`'s status for an optimum. Without integer constraints it solves a plain LP, at half of `linprog`'s overhead.
OPTIMAL = 0


class AttackFailed(RuntimeError):
    """The solver gave no answer, so nothing is known to be protected."""


@dataclass(slots=True)
class Attack:
    """Unknown numbers z (n,) with known constraints A z = b and low <= z <= high.

    Attributes:
        A: (rows, n). b: (rows,).
        low, high: (n,) bounds of each number as now known; finite.
        anyway_low, anyway_high: (n,) bounds of each number that remain known if it is withheld.
        cost: (n,) of withholding a number that is not yet withheld; unlocking only chooses numbers that are `open`.
        open: (n,) whether only the release at hand publishes the number, so that withholding it helps.
        seen_low, seen_high: (n,) smallest and largest value in any solution so far; every value between is possible.
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
        """An interval of which every value is certainly possible for a number; whole numbers."""
        return whole(self.seen_low[member], self.seen_high[member])

    def interval(self, member: int) -> Interval:
        """The smallest and largest possible value of a number, as whole numbers.

        Raises:
            AttackFailed: the solver gave no answer, or the constraints contradict each other.
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
        """The interval of a number if everything that can be withheld were withheld."""
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
        """Withhold these numbers: from now on only their `anyway` bounds are known."""
        for member in members:
            self.low[member], self.high[member] = self.anyway_low[member], self.anyway_high[member]
            self.open[member] = False

    def cheapest_unlocking(self, member: int, end: Ends, value: float) -> list[int]:
        """Which numbers to withhold so that `member` can be at most (`least`) or at least (`most`) a value.

        The linear program lets open numbers leave their bounds and minimises the cost-weighted distance by which they
        do. The numbers that leave their bounds are the ones to withhold.

        Raises:
            AttackFailed: no withholding makes the value possible, or the solver gave no answer.
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
        """A z (n,) that minimises an objective (n,), and is remembered; None if the constraints contradict each other.

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
        """Widen `seen`. It never has to shrink again: withholding only makes more values of z possible."""
        self.seen_low, self.seen_high = np.minimum(self.seen_low, z), np.maximum(self.seen_high, z)


def whole(low: float, high: float) -> Interval:
    """Round two ends inwards to whole numbers; infinite ends stay."""
    return (
        math.ceil(low - ROUNDING_ERROR) if math.isfinite(low) else low,
        math.floor(high + ROUNDING_ERROR) if math.isfinite(high) else high,
    )
