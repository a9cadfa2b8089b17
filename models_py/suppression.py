"""Secondary suppression: which further counts to withhold so that margins do not give a withheld one back.

Belongs here: the rule on bare numbers and their margins. Does not belong here: which tables have which margins, or any
other release than the one at hand. Source: Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import null_space

from models_py.cells import Booleans, Integers

# Entries of an orthonormal basis below this are zero.
ZERO = 1e-9


@dataclass(frozen=True, slots=True)
class Margin:
    """Parts that add up to a total, as positions in an array of counts.

    `total` is None where the total is public whatever we do.
    """

    parts: tuple[int, ...]
    total: int | None

    @property
    def members(self) -> tuple[int, ...]:
        """Parts and total."""
        return self.parts if self.total is None else (*self.parts, self.total)


def suppress(
    counts: Integers,
    margins: Sequence[Margin],
    threshold: int,
    primary: Booleans | None = None,
    fixed: Booleans | None = None,
) -> Booleans:
    """Which of the counts (v,) to withhold, (v,).

    Withheld are all `primary` counts (those below the threshold, if left out), and as many others as it takes that (a)
    no margin has a single withheld member, (b) the withheld parts of a published total add up to at least the
    threshold, and (c) no primary count follows from all margins together, as a linear combination of what is
    published. Counts that are `fixed` are not withheld for others' sake, whatever follows from them.
    """
    small = counts < threshold if primary is None else primary
    withheld = small.copy()
    can_be_withheld = np.ones(counts.size, dtype=bool) if fixed is None else ~fixed
    while True:
        # A margin whose published members are all fixed cannot be mended.
        mendable = [m for m in margins if (can_be_withheld & ~withheld)[list(m.members)].any()]
        weak = next((m for m in mendable if _is_weak(m, counts, withheld, threshold)), None)
        weak = weak or _telling_margin(mendable, margins, small, withheld)
        if weak is None:
            return withheld
        withheld[_cheapest(weak, margins, counts, withheld, can_be_withheld)] = True


def _is_weak(margin: Margin, counts: Integers, withheld: Booleans, threshold: int) -> bool:
    hidden = [member for member in margin.members if withheld[member]]
    if not hidden or len(hidden) == len(margin.members):
        return False
    total_is_published = margin.total is None or not withheld[margin.total]
    return len(hidden) == 1 or (total_is_published and int(counts[hidden].sum()) < threshold)


def _telling_margin(
    mendable: Sequence[Margin], margins: Sequence[Margin], small: Booleans, withheld: Booleans
) -> Margin | None:
    """A margin to withhold more of because all margins together determine a small count, nearest to it if possible.

    The withheld counts solve A x = b with b published; x_i is determined where the null space of A is zero at i.
    """
    hidden = np.flatnonzero(withheld)
    at = {int(member): i for i, member in enumerate(hidden)}
    A = np.zeros((len(margins), hidden.size))
    for row, margin in zip(A, margins, strict=True):
        row[[at[part] for part in margin.parts if part in at]] = 1
        if margin.total in at:
            row[at[margin.total]] = -1
    freedom = np.abs(null_space(A)).max(axis=1, initial=0.0) if hidden.size else np.empty(0)
    determined = set(hidden[(freedom < ZERO) & small[hidden]].tolist())
    if not determined:
        return None
    partly_hidden = [m for m in mendable if 0 < withheld[list(m.members)].sum() < len(m.members)]
    nearest = (m for m in partly_hidden if determined.intersection(m.members))
    return next(nearest, next(iter(partly_hidden), None))


def _cheapest(
    margin: Margin, margins: Sequence[Margin], counts: Integers, withheld: Booleans, can_be_withheld: Booleans
) -> int:
    """What costs readers least: a part before the total, few further margins with a first gap, a small count."""

    def new_gaps(member: int) -> int:
        return sum(member in m.members and not withheld[list(m.members)].any() for m in margins)

    open_members = [member for member in margin.members if can_be_withheld[member] and not withheld[member]]
    return min(open_members, key=lambda member: (member == margin.total, new_gaps(member), counts[member]))
