"""The protection rule: how much may be worked out about a withheld count or a change, and what to withhold to meet it.

Belongs here: the rule on intervals, and withholding until attacks meet it. Does not belong here: how an interval is
found (`attacker`), or the numbers of an attack (`joint_knowledge`). docs/disclosure.md states the rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np

from models_py.attacker import Attack, Ends, Interval
from models_py.cells import Floats
from models_py.counts import Key
from models_py.study import Disclosure


class Kind(Enum):
    """The kind of a number, which decides how much may be known about it."""

    WITHHELD = auto()  # a count that this release or an earlier one withholds
    CHANGE = auto()  # the difference of a count from what it was in an earlier release


@dataclass(slots=True)
class KnownNumbers:
    """An attack whose numbers have names, and the progress of checking it.

    Attributes:
        name: the releases it combines and its assumption, for the audit.
        at: key of the release at hand → position.
        kinds: position → kind, for the numbers that the rule protects; `withhold` adds to it.
        done: positions that have been checked and protected; withholding more cannot undo that.
        told_anyway: positions about which more is known than the rule allows even if this release shows nothing.
    """

    name: str
    attack: Attack
    at: dict[Key, int]
    kinds: dict[int, Kind]
    done: set[int] = field(default_factory=set)
    told_anyway: set[int] = field(default_factory=set)

    def is_possible(self) -> bool:
        """Whether the constraints are consistent; the solution that makes the numbers smallest is remembered."""
        return self.attack.solution(self._sum()) is not None

    def look_again(self) -> None:
        """Remember a solution that makes the numbers largest, so that most of them need no program of their own."""
        self.attack.solution(-self._sum())

    def _sum(self) -> Floats:
        """Σ |number| over all that the rule protects, as an objective.

        A number that can be positive counts as positive. Only a change may have either sign.
        """
        members = list(self.kinds)
        objective = np.zeros(self.attack.low.size)
        objective[members] = np.where(self.attack.high[members] > 0, 1.0, -1.0)
        return objective

    def withhold(self, keys: set[Key]) -> None:
        """Note that the release withholds these numbers from now on."""
        members = [self.at[key] for key in keys if key in self.at]
        self.attack.withhold(members)
        self.kinds |= {member: Kind.WITHHELD for member in members if member not in self.kinds}


def is_protected(kind: Kind, interval: Interval, rule: Disclosure) -> bool:
    """Whether the rule allows this interval to be known about a number."""
    low, high = interval
    if kind is Kind.CHANGE:
        return low <= 0 <= high or high >= rule.threshold or low <= -rule.threshold
    return (low <= 0 and high >= rule.threshold - 1) or high - low >= rule.protection_width


def protect(attacks: Sequence[KnownNumbers], rule: Disclosure) -> set[Key]:
    """Withhold keys, in all attacks alike, until every number of each attack is protected. Returns the withheld keys.

    Raises:
        AttackFailed: the solver gave no answer, so that nothing may be published.
    """
    withheld: set[Key] = set()
    settled = False
    while not settled:
        settled = True
        for known in attacks:
            fresh = _bring_under_rule(known, rule)
            if fresh:
                settled = False
                withheld |= fresh
                for each in attacks:
                    each.withhold(fresh)
    return withheld


def _bring_under_rule(known: KnownNumbers, rule: Disclosure) -> set[Key]:
    """Withhold what one attack requires, and return the keys."""
    attack, fresh = known.attack, set()
    key_at = {position: key for key, position in known.at.items()}
    if not all(is_protected(kind, attack.seen(i), rule) for i, kind in known.kinds.items() if i not in known.done):
        known.look_again()
    for member, kind in sorted(known.kinds.items()):
        if member in known.done:
            continue
        if not is_protected(kind, attack.seen(member), rule):
            interval = attack.interval(member)
            if not is_protected(kind, interval, rule):
                for end, value in _goals(known, member, kind, interval, rule):
                    if _is_reached(attack, member, end, value):
                        continue
                    unlocked = attack.cheapest_unlocking(member, end, value)
                    attack.withhold(unlocked)
                    fresh |= {key_at[position] for position in unlocked}
        known.done.add(member)
    return fresh


def _is_reached(attack: Attack, member: int, end: Ends, value: float) -> bool:
    low, high = attack.interval(member)
    return low <= value if end == "least" else high >= value


def _goals(
    known: KnownNumbers, member: int, kind: Kind, interval: Interval, rule: Disclosure
) -> list[tuple[Ends, float]]:
    """The values that a number must be able to reach for the rule to hold.

    If no withholding can make the rule hold, they are the ends of the number's `anyway` interval.
    """
    anyway = known.attack.interval_anyway(member)
    if not is_protected(kind, anyway, rule):
        known.told_anyway.add(member)
        return [("most", anyway[1]), ("least", anyway[0])]
    low, high = interval
    if kind is Kind.CHANGE:
        if anyway[0] <= 0 <= anyway[1]:
            return [("least", 0)] if low > 0 else [("most", 0)]
        return [("most", rule.threshold)] if anyway[1] >= rule.threshold else [("least", -rule.threshold)]
    if anyway[1] - anyway[0] < rule.protection_width:
        return [("least", 0), ("most", rule.threshold - 1)]
    most = min(anyway[1], low + rule.protection_width)
    return [("most", max(most, high)), ("least", max(most, high) - rule.protection_width)]
