"""Which counts a release withholds: small ones, and what would give them or a small change back.

Belongs here: the order of the rules, on counts and margins whatever they are of. Does not belong here: reading counts,
or how they look when published.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models_py.attacker import Interval
from models_py.counts import CountSystem, Key
from models_py.joint_knowledge import Direction, Told, locked_keys, nested, same_counts, unchanged, withheld_before
from models_py.protection import KnownNumbers, protect, published_interval
from models_py.rounding import rounded_count
from models_py.study import Disclosure
from models_py.suppression import Margin, suppress

# What a published count tells, where that is more than its rounding: key → interval, given all that is published.
Telling = Callable[[dict[Key, Interval | None]], dict[Key, Interval]]


# Persons were only added between two releases, or only removed.
ONE_WAY: tuple[Direction, ...] = ("added", "removed")


@dataclass(frozen=True, slots=True)
class AttackRecord:
    """One attack that was tried.

    Attributes:
        n_numbers: withheld counts and changes looked at.
        n_told_anyway: those of which more is known than the rule allows even if this release told nothing.
    """

    name: str
    n_numbers: int
    n_told_anyway: int


@dataclass(frozen=True, slots=True)
class Protection:
    """Keys withheld by each rule, a key under the first that asks for it, and the attacks that all withstand."""

    small: frozenset[Key]
    few_persons: frozenset[Key]
    before: frozenset[Key]
    margins: frozenset[Key]
    attacks: frozenset[Key]
    records: tuple[AttackRecord, ...]

    @property
    def withheld(self) -> frozenset[Key]:
        """All keys that are withheld."""
        return self.small | self.few_persons | self.before | self.margins | self.attacks


def protect_release(
    system: CountSystem, earlier: Sequence[Told], rule: Disclosure, telling: Telling | None = None
) -> Protection:
    """What to withhold of a release, given what earlier ones told.

    Raises:
        AttackFailed: what would be known could not be worked out, so that nothing may be published.
    """
    small = {key for key, count in system.counts.items() if count < rule.threshold}
    few = system.few_persons - small
    locked = set(locked_keys(system, earlier))
    before = withheld_before(system, earlier) - locked - small - few
    by_margins = _suppressed(system, small | few | before, locked, rule)
    published: dict[Key, Interval | None] = {
        key: None if key in by_margins else _published_interval(count, rule) for key, count in system.counts.items()
    }
    if telling is not None:
        published |= telling(published)
    attacks = _attacks(system, published, earlier)
    by_attacks = protect(attacks, rule)
    records = tuple(AttackRecord(a.name, len(a.kinds), len(a.told_anyway)) for a in attacks)
    return Protection(
        frozenset(small),
        frozenset(few),
        frozenset(before),
        frozenset(by_margins - small - few - before),
        frozenset(by_attacks),
        records,
    )


def _suppressed(system: CountSystem, primary: set[Key], locked: set[Key], rule: Disclosure) -> set[Key]:
    """Secondary suppression as if published counts were exact; locked ones are told already, withholding is in vain."""
    at = {key: position for position, key in enumerate(system.counts)}
    margins = [
        Margin(tuple(at[part] for part in parts), None if total is None else at[total])
        for total, parts in system.margins
    ]
    hidden = suppress(
        np.array(list(system.counts.values()), dtype=np.int64),
        margins,
        rule.threshold,
        primary=np.array([key in primary for key in system.counts]),
        fixed=np.array([key in locked for key in system.counts]),
    )
    return {key for key, is_hidden in zip(system.counts, hidden, strict=True) if is_hidden}


def _attacks(system: CountSystem, published: dict[Key, Interval | None], earlier: Sequence[Told]) -> list[KnownNumbers]:
    """The attacks that what is published does not refute by itself."""
    attacks = [unchanged(system, published, earlier)]
    if with_memory := same_counts(system, published, earlier):
        attacks.append(with_memory)
    for release in earlier:
        one_way = [nested(system, published, release, direction) for direction in ONE_WAY]
        possible = [known for known in one_way if known.is_possible()]
        attacks += possible or [nested(system, published, release, "changed")]
    return attacks


def _published_interval(count: int, rule: Disclosure) -> Interval:
    rounded = rounded_count(count, rule)
    if rounded is None:
        raise ValueError("a count below the threshold is about to be published")
    return published_interval(rounded, rule)
