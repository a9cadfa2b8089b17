"""What the release at hand and the earlier ones reveal together, under the assumptions that an attacker may make.

Belongs here: the unknown numbers, the equations between them, and the bounds that each release gives. Does not belong
here: what follows from these (`attacker`), or how much may follow (`protection`). docs/disclosure.md states the
assumptions.
"""

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from models_py.attacker import Attack, Interval
from models_py.counts import CountSystem, Key
from models_py.protection import Kind, KnownNumbers
from models_py.told import Equation, Told

Direction = Literal["added", "removed", "changed"]


def unchanged(system: CountSystem, published: dict[Key, Interval | None], earlier: Sequence[Told]) -> KnownNumbers:
    """All releases together, assuming that a count of the same year is equal in all of them unless it cannot be.

    A count cannot be equal if its true value is now outside the interval that the earlier release published. If the
    releases still contradict each other, further counts are taken as changed: those whose changes add up to the fewest
    persons. Changed counts become numbers of their own, tied to the others by the earlier release's margins.
    """
    changed: dict[str, set[Key]] = {}
    for release in earlier:
        changed[release.run_id] = _published_otherwise(system, release)
        if not _unchanged(system, published, [release], changed).is_possible():
            changed[release.run_id] |= _changed_too(system, published, release, changed[release.run_id])
    kept = list(earlier)
    known = _unchanged(system, published, kept, changed)
    while kept and not known.is_possible():
        # Earlier releases contradict each other: a year was corrected between them and has since left the panel.
        kept.pop(0)
        known = _unchanged(system, published, kept, changed)
    return known


def same_counts(
    system: CountSystem, published: dict[Key, Interval | None], earlier: Sequence[Told]
) -> KnownNumbers | None:
    """All releases together, for an attacker who knows which counts are equal in which releases, but not the counts.

    None if the warehouse does not remember the counts of any earlier release.
    """
    own: dict[str, dict[Key, Hashable]] = {}
    now = system.with_sums()
    for release in earlier:
        if release.counts is not None:
            counts = release.with_sums()
            own[release.run_id] = {
                key: ("was", key, counts[key]) for key in release.keys if counts[key] != now.get(key)
            }
    remembered = [release for release in earlier if release.run_id in own]
    if not remembered:
        return None
    name = f"this release and {len(remembered)} earlier, knowing which counts are the same"
    return _joint(name, system, published, remembered, own)


def _unchanged(
    system: CountSystem,
    published: dict[Key, Interval | None],
    earlier: Sequence[Told],
    changed: dict[str, set[Key]],
) -> KnownNumbers:
    """The joint system, in which each release's `changed` counts are separate numbers."""
    own: dict[str, dict[Key, Hashable]] = {
        release.run_id: {key: (release.run_id, key) for key in changed[release.run_id]} for release in earlier
    }
    together = str(len(earlier)) if len(earlier) == len(changed) else f"{len(earlier)} of {len(changed)}"
    name = "this release" if not earlier else f"this release and {together} earlier, same counts for the same years"
    return _joint(name, system, published, earlier, own)


def _joint(
    name: str,
    system: CountSystem,
    published: dict[Key, Interval | None],
    earlier: Sequence[Told],
    own: dict[str, dict[Key, Hashable]],
) -> KnownNumbers:
    """This release and earlier ones. An earlier count is the same number as this release's unless `own` names it.

    Sums that are no release's count only tie numbers to each other; the rule does not protect them.
    """
    anything: Interval = (0.0, _ceiling(system))
    told: dict[Hashable, Interval] = dict(_anyway(system).items())
    counted: set[Hashable] = set(told)
    told |= {total: anything for total, _ in system.sums}
    shown: set[Hashable] = {key for key in published if published[key]}
    open_to = set(shown)
    equations = _equations(system)
    for release in earlier:
        named = own[release.run_id]
        for key, interval in release.intervals.items():
            one = named.get(key, key)
            told[one] = _both(release.known(key), told.get(one, anything))
            counted.add(one)
            if interval:
                shown.add(one)
        for total, _ in release.sums:
            told.setdefault(named.get(total, total), anything)
        equations += release.equations({key: named.get(key, key) for key in release.keys})
    names = list(told)
    now = {one: _both(published.get(one), told[one]) for one in names}  # type: ignore[call-overload]
    attack = _attack(names, equations, now, told, open_to, system)
    kinds = {i: Kind.WITHHELD for i, one in enumerate(names) if one in counted - shown}
    return KnownNumbers(name, attack, {one: i for i, one in enumerate(names) if one in system.counts}, kinds)  # type: ignore[misc]


def _published_otherwise(system: CountSystem, release: Told) -> set[Key]:
    """Counts whose value today is outside the interval that the earlier release revealed."""
    now = system.with_sums()
    return {
        key
        for key in release.intervals
        if key in now and not release.known(key)[0] <= now[key] <= release.known(key)[1]
    }


def _changed_too(
    system: CountSystem, published: dict[Key, Interval | None], release: Told, changed: set[Key]
) -> set[Key]:
    """Further counts that must have changed for the two releases to agree, with as few persons changed as possible."""
    anything: Interval = (0.0, _ceiling(system))
    now = system.with_sums()
    perhaps = [key for key in release.keys if key in now and key not in changed]
    own: dict[Key, Hashable] = {key: (release.run_id, key) for key in [*perhaps, *changed]}
    bounds: dict[Hashable, Interval] = {key: published[key] or known for key, known in _anyway(system).items()}
    bounds |= {total: anything for total, _ in system.sums}
    for key in release.intervals:
        bounds[own.get(key, key)] = _both(release.known(key), bounds.get(own.get(key, key), anything))
    for total, _ in release.sums:
        bounds.setdefault(own.get(total, total), anything)
    equations = _equations(system)
    equations += release.equations({key: own.get(key, key) for key in release.keys})
    more: dict[Hashable, Key] = {("more", key): key for key in perhaps}
    less: dict[Hashable, Key] = {("less", key): key for key in perhaps}
    bounds |= dict.fromkeys([*more, *less], anything)
    # then + more = now + less, written as two sums that both equal one further number.
    for key in perhaps:
        bounds["sum", key] = (0.0, 2 * anything[1])
        equations += [(("sum", key), [own[key], ("more", key)], 0), (("sum", key), [key, ("less", key)], 0)]
    names = list(bounds)
    attack = _attack(names, equations, bounds, bounds, set(), system)
    cost = np.array([float(name in more or name in less) for name in names])
    z = attack.solution(cost)
    if z is None:
        return set(perhaps)
    return {(more | less)[name] for name, value in zip(names, z, strict=True) if name in more | less and value > 1e-6}


def nested(
    system: CountSystem,
    published: dict[Key, Interval | None],
    earlier: Told,
    direction: Direction,
) -> KnownNumbers:
    """This release and an earlier one, assuming that in between persons were only added, or only removed.

    The numbers are the counts of both releases, and the changes of the counts that both have. With `changed`, persons
    may have been both added and removed.
    """
    ceiling = _ceiling(system)
    anything: Interval = (0.0, ceiling)
    now = system.with_sums()
    common = [key for key in earlier.keys if key in now]
    names: list[tuple[str, Key]] = [
        *(("now", key) for key in now),
        *(("then", key) for key in earlier.keys),
        *(("change", key) for key in common),
    ]
    change = {"added": anything, "removed": (-ceiling, 0.0), "changed": (-ceiling, ceiling)}[direction]
    withheld_now = _anyway(system)
    bounds: dict[Hashable, Interval] = dict.fromkeys(names, anything)
    bounds |= {("now", key): published[key] or known for key, known in withheld_now.items()}
    bounds |= {("then", key): _both(earlier.known(key), anything) for key in earlier.intervals}
    bounds |= {("change", key): change for key in common}
    anyway = bounds | {("now", key): known for key, known in withheld_now.items()}
    equations: list[Equation] = [
        (None if total is None else ("now", total), [("now", part) for part in parts], known)
        for total, parts, known in _equations(system)
    ]
    equations += earlier.equations({key: ("then", key) for key in earlier.keys})
    equations += [(("now", key), [("then", key), ("change", key)], 0) for key in common]
    attack = _attack(names, equations, bounds, anyway, {("now", key) for key in published if published[key]}, system)
    kinds = {i: Kind.CHANGE for i, (when, _) in enumerate(names) if when == "change"}
    withheld = {("now", key) for key in system.counts if not published[key]}
    withheld |= {("then", key) for key, interval in earlier.intervals.items() if not interval}
    kinds |= {i: Kind.WITHHELD for i, name in enumerate(names) if name in withheld}
    at = {key: i for i, (when, key) in enumerate(names) if when == "now"}
    return KnownNumbers(f"this release and {earlier.run_id}, persons {direction}", attack, at, kinds)


def _attack(
    names: Sequence[Hashable],
    equations: Iterable[Equation],
    bounds: dict[Hashable, Interval],
    anyway: dict[Hashable, Interval],
    published: set[Hashable],
    system: CountSystem,
) -> Attack:
    """The linear system of these numbers, without duplicate equations."""
    at = {name: i for i, name in enumerate(names)}
    rows = {(total, tuple(parts)): known for total, parts, known in equations}
    i, j, value = [], [], []
    for row, (total, parts) in enumerate(rows):
        members = [(part, 1.0) for part in parts] + ([] if total is None else [(total, -1.0)])
        i += [row] * len(members)
        j += [at[member] for member, _ in members]
        value += [sign for _, sign in members]
    low, high = np.array([bounds[name] for name in names], dtype=float).T
    anyway_low, anyway_high = np.array([anyway[name] for name in names], dtype=float).T
    is_open = np.array([name in published for name in names])
    # The information lost by withholding a count grows with its logarithm, as in tau-Argus' logarithmic costs.
    cost = np.log(2 + np.clip(np.where(is_open, high, 0), 0, None))
    return Attack(
        csr_array((value, (i, j)), shape=(len(rows), len(names))),
        np.array(list(rows.values()), dtype=float),
        low.copy(),
        high.copy(),
        anyway_low.copy(),
        anyway_high.copy(),
        cost,
        is_open & ((anyway_low < low) | (anyway_high > high)),
    )


def _equations(system: CountSystem) -> list[Equation]:
    """The margins and sums of the release at hand.

    Each has a known value of Σ parts − total. It is zero unless the total is public (None), or a fit leaves out rows:
    an attacker is assumed to know their number exactly.
    """
    counts = system.with_sums()
    return [
        (total, parts, sum(counts[part] for part in parts) - (0 if total is None else counts[total]))
        for total, parts in [*system.margins, *system.sums]
    ]


def _anyway(system: CountSystem) -> dict[Key, Interval]:
    """What would be known of each count of the release at hand if it were withheld."""
    ceiling = _ceiling(system)
    return {key: (float(system.at_least.get(key, 0)), ceiling) for key in system.counts}


def _both(published: Interval | None, told: Interval) -> Interval:
    return told if published is None else (max(published[0], told[0]), min(published[1], told[1]))


def _ceiling(system: CountSystem) -> float:
    """A bound above every count, which an attacker may take for granted."""
    return float(10 ** math.ceil(math.log10(10 + 10 * max(system.counts.values(), default=0))))
