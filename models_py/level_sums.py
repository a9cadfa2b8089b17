"""Counts of one release that are sums of another's counts, because levels were merged or split between the two.

Belongs here: finding these sums. Does not belong here: the codes of levels (`published_levels`), or what follows from
the sums (`joint_knowledge`).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod

from models_py.counts import CountSystem, Key, KeySum
from models_py.published_levels import Codes, Partition, Place
from models_py.told import Told

# The levels of the release at hand, for each place where keys have one.
Levels = Mapping[Place, Partition]
# A key without its levels. Among the counts that share it, one may be a sum of others.
Rest = tuple[Hashable, ...]


def tie(system: CountSystem, earlier: Sequence[Told], levels: Levels) -> list[Told]:
    """Give each release those sums of its counts that another release has as a count, or also as a sum.

    Sets `system.sums` and returns the earlier releases with theirs. The counts of earlier releases must already have
    today's level names (`published_levels`).
    """
    keys = [set(system.counts), *(set(release.intervals) for release in earlier)]
    everything = set().union(*keys)
    if all(isinstance(level, str) for key in everything for level in _levels_of(key, levels)):
        return list(earlier)  # all levels are today's, so no count is a sum of others
    wanted = _combinations(everything, levels)
    sums = [_sums(of_release, wanted, levels) for of_release in keys]
    known = Counter(key for of_release in keys for key in of_release)
    known.update(total for of_release in sums for total, _ in of_release)
    shared = [[(total, parts) for total, parts in of_release if known[total] > 1] for of_release in sums]
    system.sums = shared[0]
    return [replace(release, sums=own) for release, own in zip(earlier, shared[1:], strict=True)]


def _combinations(keys: Iterable[Key], levels: Levels) -> set[Key]:
    """All candidate keys for sums: every combination of levels that any release has for the variables."""
    at: dict[Place, set[Hashable]] = defaultdict(set)
    of_rest: dict[Rest, Key] = {}
    for key in keys:
        of_rest[_rest(key, levels)] = key
        for place, level in zip(_places(key, levels), _levels_of(key, levels), strict=True):
            at[place].add(level)
    return {
        _with_levels(key, places, combination)
        for key in of_rest.values()
        if (places := _places(key, levels))
        for combination in product(*(at[place] for place in places))
    }


def _sums(keys: Collection[Key], wanted: Iterable[Key], levels: Levels) -> list[KeySum]:
    """The wanted counts that a release does not have itself but that its own counts add up to."""
    of_rest: dict[Rest, list[Key]] = defaultdict(list)
    for key in keys:
        of_rest[_rest(key, levels)].append(key)
    sums: list[KeySum] = []
    for total in wanted:
        if total not in keys:
            parts = [key for key in of_rest[_rest(total, levels)] if _is_part(key, total, levels)]
            # Levels share no codes, so comparing numbers of codes shows whether the parts are complete.
            if parts and sum(_n_codes(part, levels) for part in parts) == _n_codes(total, levels):
                sums.append((total, parts))
    return sums


def _places(key: Key, levels: Levels) -> list[Place]:
    return [place for place in levels if place[0] == key[0]]


def _levels_of(key: Key, levels: Levels) -> list[Hashable]:
    return [key[at] for _, at in _places(key, levels)]


def _rest(key: Key, levels: Levels) -> Rest:
    return _with_levels(key, _places(key, levels), [None] * len(key))


def _with_levels(key: Key, places: Sequence[Place], its_levels: Iterable[Hashable]) -> Key:
    parts = list(key)
    for (_, at), level in zip(places, its_levels, strict=False):
        parts[at] = level
    return tuple(parts)


def _codes(key: Key, levels: Levels) -> list[Codes]:
    """The codes of each of a key's levels. A level is a label of today or, if it is no longer one, a tuple of codes."""
    return [
        frozenset(level) if isinstance(level, tuple) else levels[place].get(str(level), frozenset())
        for place, level in zip(_places(key, levels), _levels_of(key, levels), strict=True)
    ]


def _n_codes(key: Key, levels: Levels) -> int:
    return prod(len(codes) for codes in _codes(key, levels))


def _is_part(key: Key, total: Key, levels: Levels) -> bool:
    return all(own <= whole for own, whole in zip(_codes(key, levels), _codes(total, levels), strict=True))
