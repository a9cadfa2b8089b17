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


def suppress(counts: Integers, margins: Sequence[Margin], threshold: int) -> Booleans:
    """Which of the counts (v,) to withhold, (v,).

    Withheld are all counts below the threshold, and as many others, smallest first, as it takes that (a) no margin
    has a single withheld member, (b) the withheld parts of a published total add up to at least the threshold, and
    (c) no withheld count follows from all margins together, as a linear combination of what is published.
    """
    withheld = counts < threshold
    while True:
        weak = next((m for m in margins if _is_weak(m, counts, withheld, threshold)), None)
        weak = weak or _determined_margin(margins, withheld)
        if weak is None:
            return withheld
        withheld[_cheapest(weak, counts, withheld)] = True


def _is_weak(margin: Margin, counts: Integers, withheld: Booleans, threshold: int) -> bool:
    hidden = [member for member in margin.members if withheld[member]]
    if not hidden or len(hidden) == len(margin.members):
        return False
    total_is_published = margin.total is None or not withheld[margin.total]
    return len(hidden) == 1 or (total_is_published and int(counts[hidden].sum()) < threshold)


def _determined_margin(margins: Sequence[Margin], withheld: Booleans) -> Margin | None:
    """A margin with a withheld member that all margins together determine, and with something left to withhold.

    The withheld counts solve A x = b with b published; x_i is determined where the null space of A is zero at i.
    """
    hidden = np.flatnonzero(withheld)
    if not hidden.size:
        return None
    at = {int(member): i for i, member in enumerate(hidden)}
    A = np.zeros((len(margins), hidden.size))
    for row, margin in zip(A, margins, strict=True):
        row[[at[part] for part in margin.parts if part in at]] = 1
        if margin.total in at:
            row[at[margin.total]] = -1
    freedom = np.abs(null_space(A)).max(axis=1, initial=0.0)
    determined = {int(member) for member, free in zip(hidden, freedom, strict=True) if free < ZERO}
    open_margins = [m for m in margins if not all(withheld[member] for member in m.members)]
    return next((m for m in open_margins if determined.intersection(m.members)), None)


def _cheapest(margin: Margin, counts: Integers, withheld: Booleans) -> int:
    """The smallest count of a margin that is not withheld; parts before the total, then the first."""
    return min((member for member in margin.members if not withheld[member]), key=lambda member: counts[member])
