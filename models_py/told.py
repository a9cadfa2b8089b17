"""What an earlier release revealed about its counts, and about which counts of the release at hand.

Belongs here: one release. Does not belong here: reading it (`earlier_releases`), or what several releases reveal
together (`joint_knowledge`).
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from models_py.attacker import Interval
from models_py.counts import CountSystem, Key, KeySum

# Total (None: public), parts, and the value of Σ parts − total, which is known exactly.
Equation = tuple[Hashable, Sequence[Hashable], int]


@dataclass(frozen=True, slots=True)
class Told:
    """What a release reveals: the interval of each of its counts (None: withheld), and the margins between them.

    `shown` are the counts as published. `at_least` are lower bounds that its estimates revealed for some counts.
    `counts` are the true counts as the warehouse remembers them; None if it does not. Only with them are public totals
    (margins with total None) known. `sums` are counts of other releases, which had other levels.
    """

    run_id: str
    shown: dict[Key, int | None]
    intervals: dict[Key, Interval | None]
    margins: Sequence[tuple[Key | None, Sequence[Key]]]
    counts: dict[Key, int] | None = None
    at_least: dict[Key, int] = field(default_factory=dict)
    sums: Sequence[KeySum] = ()

    @property
    def keys(self) -> list[Key]:
        """Keys of its counts, and of their sums that are counts of other releases."""
        return [*self.intervals, *(total for total, _ in self.sums)]

    def with_sums(self) -> dict[Key, int]:
        """The true counts and their sums; the counts must be remembered."""
        counts = self.counts or {}
        return counts | {total: sum(counts[part] for part in parts) for total, parts in self.sums}

    def known(self, key: Key) -> Interval:
        """The interval that it reveals for one of its counts, even for a withheld one."""
        return self.intervals[key] or (self.at_least.get(key, 0), math.inf)

    def equations(self, names: dict[Key, Hashable]) -> list[Equation]:
        """The margins, with counts under these names, and those sums whose total has a name."""
        margins: list[Equation] = [
            (
                None if total is None else names[total],
                [names[part] for part in parts],
                0 if total is not None or self.counts is None else sum(self.counts[part] for part in parts),
            )
            for total, parts in self.margins
            if total is not None or self.counts is not None
        ]
        return margins + [
            (names[total], [names[part] for part in parts], 0) for total, parts in self.sums if total in names
        ]


def locked_keys(system: CountSystem, earlier: Sequence[Told]) -> dict[Key, Interval]:
    """Counts that earlier releases published and whose value today fits what they revealed, with that interval."""
    locked: dict[Key, Interval] = {}
    for release in earlier:
        for key, interval in release.intervals.items():
            if interval and key in system.counts and interval[0] <= system.counts[key] <= interval[1]:
                low, high = locked.get(key, interval)
                locked[key] = max(low, interval[0]), min(high, interval[1])
    return locked


def shown_before(earlier: Sequence[Told]) -> dict[Key, int]:
    """The last published value of each count."""
    return {key: shown for release in earlier for key, shown in release.shown.items() if shown is not None}


def withheld_before(system: CountSystem, earlier: Sequence[Told]) -> set[Key]:
    """Counts of this release that an earlier release withheld."""
    return {
        key for release in earlier for key, told in release.intervals.items() if told is None and key in system.counts
    }
