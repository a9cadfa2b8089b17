"""Secondary suppression: further counts to withhold, so that a withheld count cannot be derived from margins.

Belongs here: the rule on bare numbers and their margins. Does not belong here: the margins of tables, or any release
other than the one at hand. Source: Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import null_space

from models_py.cells import Booleans, Integers

# Entries of an orthonormal basis below this count as zero.
ZERO = 1e-9


@dataclass(frozen=True, slots=True)
class Margin:
    """Parts that add up to a total, as positions in an array of counts.

    `total` is None if the total is public whatever we do.
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

    All `primary` counts are withheld (by default those below the threshold), and as many others as are needed so that
    (a) no margin has just one withheld member, (b) the withheld parts of a published total add up to at least the
    threshold, and (c) no primary count follows from all margins together, as a linear combination of published counts.
    `fixed` counts are never withheld to protect others, even if a rule stays broken.
    """
    small = counts < threshold if primary is None else primary
    withheld = small.copy()
    can_be_withheld = np.ones(counts.size, dtype=bool) if fixed is None else ~fixed
    while True:
        # If all published members of a margin are fixed, there is nothing to withhold in it.
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
    """A margin to withhold more of, because all margins together determine a small count; None if they determine none.

    A margin that contains such a count is preferred. The withheld counts solve A x = b with b published; x_i is
    determined if the null space of A is zero at i.
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
    """The member whose loss costs readers least.

    Parts come before the total, then members that make the fewest further margins incomplete, then small counts.
    """

    def new_gaps(member: int) -> int:
        return sum(member in m.members and not withheld[list(m.members)].any() for m in margins)

    open_members = [member for member in margin.members if can_be_withheld[member] and not withheld[member]]
    return min(open_members, key=lambda member: (member == margin.total, new_gaps(member), counts[member]))
