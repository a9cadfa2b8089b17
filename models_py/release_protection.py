"""The counts that a release withholds: small ones, and those from which small counts or small changes could be derived.

Belongs here: the order of the rules, for counts and margins of any kind. Does not belong here: reading counts, or how
they look when published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from models_py.attacker import ROUNDING_ERROR, Interval
from models_py.counts import CountSystem, Key
from models_py.joint_knowledge import (
    Direction,
    nested,
    same_counts,
    unchanged,
)
from models_py.protection import KnownNumbers, protect
from models_py.rounding import published_count, rounded_count, told_by_published
from models_py.study import Disclosure
from models_py.suppression import Margin, suppress
from models_py.told import Told, locked_keys, shown_before, withheld_before

# Keys of a fit's person-years and of its events.
FitKeys = tuple[Key, ...]


# Assumptions about two releases: persons were only added between them, or only removed.
ONE_WAY: tuple[Direction, ...] = ("added", "removed")


@dataclass(frozen=True, slots=True)
class AttackRecord:
    """One attack that was tried.

    Attributes:
        n_numbers: how many withheld counts and changes it protects.
        n_told_anyway: how many of them are known better than the rule allows even if this release shows nothing.
    """

    name: str
    n_numbers: int
    n_told_anyway: int


@dataclass(frozen=True, slots=True)
class Protection:
    """Counts as published, keys withheld by each rule, and the attacks that the published counts withstand.

    Attributes:
        shown: key → published count, None if withheld.
        small, few_persons, before, margins, attacks: withheld keys, each under the first rule that requires it.
        kept: keys published with their earlier value, though the count would round to another.
        likelihoods: keys of the fits whose log-likelihoods may be published.
        records: the attacks.
    """

    shown: dict[Key, int | None]
    small: frozenset[Key]
    few_persons: frozenset[Key]
    before: frozenset[Key]
    margins: frozenset[Key]
    attacks: frozenset[Key]
    kept: frozenset[Key]
    likelihoods: frozenset[FitKeys]
    records: tuple[AttackRecord, ...]

    @property
    def withheld(self) -> frozenset[Key]:
        """All keys that are withheld."""
        return frozenset(key for key, count in self.shown.items() if count is None)


def protect_release(
    system: CountSystem, earlier: Sequence[Told], rule: Disclosure, likelihoods: dict[FitKeys, int] | None = None
) -> Protection:
    """Decide what to publish of a release, given what earlier releases revealed.

    `likelihoods` are the null log-likelihoods of fits, as whole numbers, by the keys of their person-years and events.

    Raises:
        AttackFailed: it could not be worked out what would be known, so that nothing may be published.
    """
    small = {key for key, count in system.counts.items() if count < rule.threshold}
    few = system.few_persons - small
    locked = set(locked_keys(system, earlier))
    by_margins = _suppressed(system, small | few, locked, rule) - small - few
    before = withheld_before(system, earlier) - locked - small - few - by_margins
    last = shown_before(earlier)
    shown = {key: published_count(count, last.get(key), rule) for key, count in system.counts.items()}
    shown |= dict.fromkeys(small | few | by_margins | before)
    contradictory = _parts_above_totals(system, shown)
    shown |= dict.fromkeys(contradictory)
    intervals = {
        key: None if count is None else told_by_published(count, last.get(key), rule) for key, count in shown.items()
    }
    by_attacks, told, attacks = _withstood(system, intervals, earlier, rule, likelihoods or {})
    shown |= dict.fromkeys(by_attacks)
    return Protection(
        shown,
        frozenset(small),
        frozenset(few),
        frozenset(before),
        frozenset(by_margins | contradictory),
        frozenset(by_attacks),
        frozenset(key for key, count in shown.items() if count not in (None, rounded_count(system.counts[key], rule))),
        frozenset(told),
        tuple(AttackRecord(a.name, len(a.kinds), len(a.told_anyway)) for a in attacks),
    )


def _parts_above_totals(system: CountSystem, shown: dict[Key, int | None]) -> set[Key]:
    """Counts whose kept published value is above that of their total, so that a share would be above one."""
    return {
        part
        for total, parts in system.margins
        if total is not None and (most := shown[total]) is not None
        for part in parts
        if (shown[part] or 0) > most
    }


def _withstood(
    system: CountSystem,
    intervals: dict[Key, Interval | None],
    earlier: Sequence[Told],
    rule: Disclosure,
    likelihoods: dict[FitKeys, int],
) -> tuple[set[Key], set[FitKeys], list[KnownNumbers]]:
    """What to withhold because of attacks, the fits whose log-likelihoods may then be published, and the attacks.

    Usually nothing needs to be withheld even if all log-likelihoods are published. If something does, counts have
    priority: first it is decided what must be withheld without any log-likelihood. Then the fits are tried one by one:
    a fit's log-likelihood is published if nothing more has to be withheld for it.
    """
    told = {keys for keys in likelihoods if all(intervals[key] for key in keys)}
    attacks = _attacks(system, _narrowed(intervals, told, likelihoods), earlier)
    if not protect(attacks, rule):
        return set(), told, attacks
    attacks = _attacks(system, intervals, earlier)
    withheld = protect(attacks, rule)
    known = intervals | dict.fromkeys(withheld)
    published: set[FitKeys] = set()
    for keys in sorted(told, key=str):
        if all(known[key] for key in keys):
            more = _attacks(system, _narrowed(known, {*published, keys}, likelihoods), earlier)
            if not protect(more, rule):
                published.add(keys)
                attacks = more
    return withheld, published, attacks


def _narrowed(
    intervals: dict[Key, Interval | None], told: set[FitKeys], likelihoods: dict[FitKeys, int]
) -> dict[Key, Interval | None]:
    """The intervals of counts, narrowed by the log-likelihoods of these fits."""
    narrowed = dict(intervals)
    for keys in told:
        alone = [interval for key in keys if (interval := intervals[key])]
        narrowed |= dict(zip(keys, told_by_likelihood(alone, likelihoods[keys]), strict=True))
    return narrowed


def told_by_likelihood(alone: Sequence[Interval], likelihood: int) -> list[Interval]:
    """Narrow the intervals of a fit's person-years and events by its rounded null log-likelihood.

    The log-likelihood with intercepts only is Σ n_j log(n_j / n), a function of the counts alone. So of all counts in
    the intervals only those remain that give the published value. If none does, for example because it is not of that
    form, the intervals are returned as they are.
    """
    grids = [np.arange(low, high + 1) for low, high in alone]
    n = np.array(list(product(*grids)), dtype=float)
    n = n[n[:, 1:].sum(axis=1) < n[:, 0]]
    parts = np.column_stack([n[:, 0] - n[:, 1:].sum(axis=1), n[:, 1:]])
    fitting = n[np.abs((parts * np.log(parts / n[:, :1])).sum(axis=1) - likelihood) <= 0.5 + ROUNDING_ERROR]
    if not len(fitting):
        return list(alone)
    return [(float(low), float(high)) for low, high in zip(fitting.min(axis=0), fitting.max(axis=0), strict=True)]


def _suppressed(system: CountSystem, primary: set[Key], locked: set[Key], rule: Disclosure) -> set[Key]:
    """Secondary suppression as if published counts were exact. `locked` counts stay: they are already public."""
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
    """The attacks whose assumptions do not contradict the published counts."""
    attacks = [unchanged(system, published, earlier)]
    if with_memory := same_counts(system, published, earlier):
        attacks.append(with_memory)
    for release in earlier:
        one_way = [nested(system, published, release, direction) for direction in ONE_WAY]
        possible = [known for known in one_way if known.is_possible()]
        attacks += possible or [nested(system, published, release, "changed")]
    return attacks
