"""The protection rule: what may be worked out of a withheld count or a change, and what to withhold until it holds.

Belongs here: the rule on intervals, and bringing attacks under it. Does not belong here: how an interval is found
(`attacker`), or which numbers an attack is made of (`joint_knowledge`). docs/disclosure.md states the rule.
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
    """What a number is, which decides how much may be known of it."""

    WITHHELD = auto()  # a count that this release or an earlier one withholds
    CHANGE = auto()  # the difference of a count from what it was in an earlier release


@dataclass(slots=True)
class KnownNumbers:
    """An attack whose numbers have names, and what of it has been looked at.

    Attributes:
        name: which releases it combines and on which assumption, for the audit.
        at: key of the release at hand → position.
        kinds: position → kind of the numbers that the rule protects from the start.
        done: positions that are protected; withholding more cannot undo it.
        told_anyway: positions of which more is known than the rule allows even if this release told nothing.
    """

    name: str
    attack: Attack
    at: dict[Key, int]
    kinds: dict[int, Kind]
    done: set[int] = field(default_factory=set)
    told_anyway: set[int] = field(default_factory=set)

    def is_possible(self) -> bool:
        """Whether what is known does not contradict itself; what makes the numbers least is remembered."""
        return self.attack.solution(self._sum()) is not None

    def look_again(self) -> None:
        """What makes the numbers greatest, which spares most of them a look of their own."""
        self.attack.solution(-self._sum())

    def _sum(self) -> Floats:
        """Σ |number| of all that the rule protects, as an objective: no number can be of either sign but changes."""
        members = list(self.kinds)
        objective = np.zeros(self.attack.low.size)
        objective[members] = np.where(self.attack.high[members] > 0, 1.0, -1.0)
        return objective

    def withhold(self, keys: set[Key]) -> None:
        """Numbers that the release withholds from now on."""
        members = [self.at[key] for key in keys if key in self.at]
        self.attack.withhold(members)
        self.kinds |= {member: Kind.WITHHELD for member in members if member not in self.kinds}


def is_protected(kind: Kind, interval: Interval, rule: Disclosure) -> bool:
    """Whether the rule allows that this much is known of a number."""
    low, high = interval
    if kind is Kind.CHANGE:
        return low <= 0 <= high or high >= rule.threshold or low <= -rule.threshold
    return (low <= 0 and high >= rule.threshold - 1) or high - low >= rule.protection_width


def protect(attacks: Sequence[KnownNumbers], rule: Disclosure) -> set[Key]:
    """Withhold, in all attacks alike, until every number of each is protected. Returns what was withheld for it.

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
    """Withhold what one attack asks for."""
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
    """What a number must be able to be for the rule to hold, or, where it cannot, all that it can be anyway."""
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
