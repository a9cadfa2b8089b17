"""Families on 1 January: who lives with whom, in the codes of the household register.

The model's unit is the person: each moves alone. Families are therefore formed anew every 1 January from
residents of the same municipality whose family situations fit; couples are paired by age.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic.parameters import FAMILY
from synthetic.people import MAN, NOBODY, People

(
    ALONE,
    SINGLE_PARENT,
    COHABITING_NO_CHILDREN,
    COHABITING_WITH_CHILDREN,
    MARRIED_NO_CHILDREN,
    MARRIED_WITH_CHILDREN,
    OTHER,
) = range(len(FAMILY) - 1)
PARENTS = (SINGLE_PARENT, COHABITING_WITH_CHILDREN, MARRIED_WITH_CHILDREN)
COUPLES = (COHABITING_NO_CHILDREN, COHABITING_WITH_CHILDREN, MARRIED_NO_CHILDREN, MARRIED_WITH_CHILDREN)

FAMILY_TYPES = (
    "1.1.1",
    "1.1.2",
    "1.1.3",
    "1.1.4",
    "2.1.1",
    "2.1.2",
    "2.2.1",
    "2.2.2",
    "2.3.1",
    "2.3.2",
    "2.4.1",
    "2.4.2",
    "3.1.1",
    "3.1.2",
    "3.1.3",
    "3.1.4",
    "3.1.5",
    "3.1.6",
    "3.1.7",
    "3.1.8",
    "3.2.1",
    "3.2.2",
    "3.3.1",
    "3.3.2",
    "3.4.1",
)
COUPLE_STATUSES = ("0", "1", "2", "3", "5", "6", "7", "8", "u", "p")
SMALL_CHILDREN_UNTIL = 38  # age of the reference person up to which the youngest child is taken to be under 6
GROWN_CHILDREN_FROM = 45  # age from which a childless couple or an `other` adult may live with grown children


@dataclass(frozen=True)
class Households:
    """One row per person; the values of non-residents have no meaning."""

    reference: NDArray[Any]  # index of the family's reference person
    partner: NDArray[Any]  # index, or NOBODY
    family_type: NDArray[Any]  # index into FAMILY_TYPES
    couple_status: NDArray[Any]  # index into COUPLE_STATUSES
    children: NDArray[Any]  # number in the family


def form_households(people: People, year: int, rng: np.random.Generator) -> Households:
    """Put families together on 1 January."""
    age = people.age(year)
    resident = people.unit >= 0
    partner = _partners(people, resident)
    reference = np.arange(len(people), dtype=np.int32)
    follows = (partner != NOBODY) & (people.sex != MAN)
    reference[follows] = partner[follows]
    at_home = np.flatnonzero(resident & (people.family == OTHER) & (age < GROWN_CHILDREN_FROM))
    parents = np.flatnonzero(resident & np.isin(people.family, PARENTS))
    reference[at_home] = reference[_neighbours(people.unit, at_home, parents, rng)]
    family_type = _types(people, age)[reference]
    with_children = np.isin(people.family[reference], PARENTS)
    children = np.where(with_children, 1 + _die(reference, 3), 0).astype(np.int8)
    return Households(reference, partner, family_type, _couple_status(people, reference, family_type), children)


def _partners(people: People, resident: NDArray[Any]) -> NDArray[Any]:
    """Pair men and women of a unit and family situation in order of age; shape (n,), NOBODY for those left over."""
    couple = resident & np.isin(people.family, COUPLES)
    ranked = []
    for sex in (MAN, 1 - MAN):
        index = np.flatnonzero(couple & (people.sex == sex))
        key = people.unit[index].astype(np.int64) * len(FAMILY) + people.family[index]
        order = np.lexsort((people.birth_month[index], key))
        index, key = index[order], key[order]
        ranked.append((index, key * len(people) + np.arange(len(key)) - np.searchsorted(key, key)))
    (men, places_of_men), (women, places_of_women) = ranked
    _, first, second = np.intersect1d(places_of_men, places_of_women, assume_unique=True, return_indices=True)
    partner = np.full(len(people), NOBODY, dtype=np.int32)
    partner[men[first]] = women[second]
    partner[women[second]] = men[first]
    return partner


def _neighbours(
    unit: NDArray[Any], seekers: NDArray[Any], offered: NDArray[Any], rng: np.random.Generator
) -> NDArray[Any]:
    """For each seeker one of `offered` in the same unit, or the seeker if there is none; shape (seekers,)."""
    order = offered[np.argsort(unit[offered], kind="stable")]
    first = np.searchsorted(unit[order], unit[seekers], "left")
    count = np.searchsorted(unit[order], unit[seekers], "right") - first
    chosen = first + (rng.random(len(seekers)) * count).astype(np.int64)
    found = seekers.copy()
    found[count > 0] = order[chosen[count > 0]]
    return found


def _types(people: People, age: NDArray[Any]) -> NDArray[Any]:
    """Index into FAMILY_TYPES of a family with this person as its reference person."""
    by_age = np.searchsorted([30, 45, 67], age, side="right")
    grown = (age >= GROWN_CHILDREN_FROM) & (_die(np.arange(len(people)), 4) == 0)
    older = np.where(age < SMALL_CHILDREN_UNTIL, 0, 2)
    father = people.sex == MAN
    start = FAMILY_TYPES.index
    kinds = [
        start("1.1.1") + by_age,
        start("2.3.1") + older + father,
        np.where(grown, start("3.2.2"), start("3.1.5") + by_age),
        start("2.1.2") + older,
        np.where(grown, start("3.2.1"), start("3.1.1") + by_age),
        start("2.1.1") + older,
        np.where(age >= GROWN_CHILDREN_FROM, start("3.3.1") + father, start("3.4.1")),
    ]
    return np.choose(people.family, kinds).astype(np.int8)


def _couple_status(people: People, reference: NDArray[Any], family_type: NDArray[Any]) -> NDArray[Any]:
    """Index into COUPLE_STATUSES; a die that a couple shares decides where the model does not distinguish codes."""
    die = _die(reference, 100)
    married = np.where(die < 1, "2", "1")
    with_common = np.where(die < 85, "3", "5")
    childless = np.array(["5"] * 78 + ["6"] * 8 + ["7"] * 8 + ["u"] * 3 + ["p"] * 3)[die]
    childless = np.where(family_type == FAMILY_TYPES.index("3.2.2"), "3", childless)
    in_couple = np.isin(people.family[reference], COUPLES)
    child = np.where(in_couple, "8", "0")
    status = np.choose(
        people.family,
        [np.full(len(people), "0"), np.full(len(people), "0"), childless, with_common, married, married, child],
    )
    names = np.array(sorted(COUPLE_STATUSES))
    place = np.array([COUPLE_STATUSES.index(name) for name in names])
    return place[np.searchsorted(names, status)].astype(np.int8)


def _die(index: NDArray[Any], sides: int) -> NDArray[Any]:
    """A pseudo-random number 0 … sides−1 that is the same for a person every year."""
    return (index.astype(np.int64) * 2654435761 >> 7) % sides
