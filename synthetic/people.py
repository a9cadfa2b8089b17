"""The persons of a block, and how they come into it: the first population, arrivals and births."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic.chain import LivingState
from synthetic.norway import AGES, Norway
from synthetic.parameters import EDUCATION, GROUPS, LABOUR, Group, Parameters
from synthetic.streams import Streams

IMMIGRANT, NORWEGIAN_BORN, NATIVE = range(3)
MAN, WOMAN = range(2)
ABROAD = -1  # unit of non-residents
NOBODY = -1
NEVER = 0  # month of an event that has not happened or is not known
RESIDENT, EMIGRATED, DISAPPEARED, DEAD, UNREGISTERED = 1, 3, 4, 5, 9
NO_STATUS = 0
NO_DAY = np.iinfo(np.int32).min
ADULT = 18


@dataclass
class People:
    """Arrays of one length: a person is an index. Months are YYYYMM, days are counted from 1970-01-01."""

    group: NDArray[Any]
    sex: NDArray[Any]
    birth_month: NDArray[Any]
    death_month: NDArray[Any]
    first_immigration: NDArray[Any]
    category: NDArray[Any]  # invkat: one letter, or empty
    birth_country: NDArray[Any]  # 3 digits
    background: NDArray[Any]  # landbak3gen, 3 digits
    mother: NDArray[Any]
    father: NDArray[Any]
    unit: NDArray[Any]  # where resident, or ABROAD
    status: NDArray[Any]  # regstat
    since: NDArray[Any]  # day of the status, or NO_DAY
    last_event: NDArray[Any]  # day of the last move in the registers, or NO_DAY
    family: NDArray[Any]
    labour: NDArray[Any]
    education: NDArray[Any]
    effect_internal_move: NDArray[Any]  # the person's random effects
    effect_emigration: NDArray[Any]

    def __len__(self) -> int:
        return len(self.group)

    def age(self, year: int) -> NDArray[Any]:
        """Completed years on 1 January, at most the last age of the tables."""
        found: NDArray[Any] = np.clip(year - self.birth_month // 100 - 1, 0, AGES - 1)
        return found

    def take(self, index: NDArray[Any]) -> "People":
        """These persons, in this order."""
        return People(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def append(self, others: "People") -> None:
        """Add persons at the end."""
        for field in fields(self):
            setattr(self, field.name, np.concatenate([getattr(self, field.name), getattr(others, field.name)]))


@dataclass(frozen=True)
class Covariates:
    """The three covariates that change, tabulated."""

    family: LivingState
    labour: LivingState
    education: LivingState


def first_people(
    parameters: Parameters,
    norway: Norway,
    covariates: Covariates,
    sizes: dict[str, int],
    balanced: bool,
    year: int,
    streams: Streams,
) -> People:
    """Residents on 1 January of the first year: `sizes` persons per group, in random order."""
    rng = streams.rng("first_people")
    tables = residents_by_group(parameters, norway, balanced)
    group = rng.permutation(np.repeat(np.arange(len(GROUPS)), [sizes[name] for name in GROUPS]))
    cell = np.empty(len(group), dtype=np.int64)
    for number, name in enumerate(GROUPS):
        of_group = group == number
        weights = np.cumsum(tables[name].ravel())
        cell[of_group] = np.searchsorted(weights, rng.random(of_group.sum()) * weights[-1], side="right")
    unit, age = np.divmod(cell, AGES)
    people = _blank(parameters, rng, group, age, unit, year)
    draw_covariates(people, covariates, norway, year, rng)
    arrived = people.birth_country != "000"
    latest = np.array((year - 1) * 12 + 11)
    earliest = np.maximum(people.birth_month // 100 * 12 + 12, latest - 12 * 30)
    month = earliest + (rng.random(len(people)) ** 0.5 * (latest - earliest)).astype(np.int64)
    people.first_immigration = np.where(arrived, _yyyymm(np.minimum(month, latest)), NEVER).astype(np.int32)
    known = rng.random(len(people)) < 0.9
    people.since = np.where(known & arrived, first_day(people.first_immigration), NO_DAY).astype(np.int32)
    return people


def residents_by_group(parameters: Parameters, norway: Norway, balanced: bool) -> dict[Group, NDArray[Any]]:
    """One table per group of residents by unit and age, shape (units, AGES); natives are all who remain."""
    settings = parameters.population
    location = norway.centrality(2020)
    tables: dict[Group, NDArray[Any]] = {}
    for name in (GROUPS[IMMIGRANT], GROUPS[NORWEGIAN_BORN]):
        knots = settings.age_weights[name]
        by_age = np.interp(np.arange(AGES), sorted(knots), [knots[age] for age in sorted(knots)])
        by_class = np.array(settings.location_weights[name])[location]
        table = norway.population * by_class[:, None] * by_age
        share = settings.shares[name]
        tables[name] = table * share * norway.population.sum() / table.sum()
    rest = norway.population - tables[GROUPS[IMMIGRANT]] - tables[GROUPS[NORWEGIAN_BORN]]
    tables[GROUPS[NATIVE]] = np.maximum(rest, 0.02 * norway.population)
    if balanced:
        for name, adult_share in settings.balanced_adult_share.items():
            tables[name] = _with_adults(tables[name], adult_share)
    return tables


def arrivals(
    parameters: Parameters,
    norway: Norway,
    covariates: Covariates,
    group: int,
    count: int,
    year: int,
    rng: np.random.Generator,
) -> People:
    """New persons from abroad during a year, resident on the next 1 January; `immigrate` dates their statuses later."""
    age = np.clip(
        np.where(rng.random(count) < 0.18, rng.integers(0, 17, count), 17 + rng.gamma(3.2, 4.6, count)), 0, AGES - 1
    ).astype(np.int64)
    weights = np.cumsum(
        norway.population.sum(axis=1)
        * np.array(parameters.population.location_weights[GROUPS[group]])[norway.centrality(2020)]
    )
    unit = np.searchsorted(weights, rng.random(count) * weights[-1], side="right")
    people = _blank(parameters, rng, np.full(count, group), age, unit, year + 1)
    if group == NATIVE:
        people.category = np.where(rng.random(count) < 0.6, "E", "G")
        people.birth_country = np.where(rng.random(count) < 0.5, "106", "684")
    draw_covariates(people, covariates, norway, year + 1, rng)
    adults = people.age(year + 1) >= ADULT
    unknown = adults & (rng.random(count) < parameters.arrivals.unknown_education)
    people.education[unknown] = EDUCATION.index("unknown")
    unknown = adults & (rng.random(count) < parameters.arrivals.unknown_labour_market_status)
    people.labour[unknown] = LABOUR.index("unknown")
    return people


def births(
    parameters: Parameters,
    norway: Norway,
    covariates: Covariates,
    parents: People,
    mother: NDArray[Any],
    father: NDArray[Any],
    year: int,
    rng: np.random.Generator,
) -> People:
    """Children born in a year to these parents (indices; the father may be NOBODY); they live with the mother."""
    of_mother = parents.group[mother]
    foreign_father = np.where(father == NOBODY, rng.random(len(mother)) < 0.7, parents.group[father] == IMMIGRANT)
    both = (of_mother == IMMIGRANT) & foreign_father
    group = np.where(both, NORWEGIAN_BORN, NATIVE)
    people = _blank(parameters, rng, group, np.zeros(len(mother), dtype=np.int64), parents.unit[mother], year + 1)
    one = ~both & ((of_mother == IMMIGRANT) | foreign_father)
    people.category = np.where(both, "C", np.where(one, "F", "A"))
    people.birth_country = np.full(len(mother), "000")
    people.background = np.where(both, parents.background[mother], "000")
    people.mother, people.father = mother.astype(np.int32), father.astype(np.int32)
    draw_covariates(people, covariates, norway, year + 1, rng)
    people.since = first_day(people.birth_month)
    return people


def draw_covariates(
    people: People, covariates: Covariates, norway: Norway, year: int, rng: np.random.Generator
) -> None:
    """Draw each person's states on 1 January by age, group, sex and centrality."""
    at = (people.group, norway.centrality(year)[people.unit], people.sex, people.age(year))
    people.family = covariates.family.at_age(rng, *at)
    people.labour = covariates.labour.at_age(rng, *at)
    people.education = covariates.education.at_age(rng, *at)


def first_day(month: NDArray[Any]) -> NDArray[Any]:
    """First day of months YYYYMM, in days from 1970-01-01."""
    months = (month // 100 - 1970) * 12 + month % 100 - 1
    days: NDArray[Any] = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)
    return days


def _blank(
    parameters: Parameters,
    rng: np.random.Generator,
    group: NDArray[Any],
    age: NDArray[Any],
    unit: NDArray[Any],
    year: int,
) -> People:
    """Persons of an age on 1 January of a year, with the attributes that do not depend on how they came."""
    count = len(group)
    birth_month = ((year - 1 - age) * 100 + rng.integers(1, 13, count)).astype(np.int32)
    internal_move, emigration = _random_effects(parameters, rng, group)
    born_abroad = group == IMMIGRANT
    category = np.array(["B", "C", "A"])[group]
    rare = rng.random(count)
    native = group == NATIVE
    category = np.where(native & (rare < 0.05), "F", category)
    category = np.where(native & (rare >= 0.05) & (rare < 0.065), "E", category)
    category = np.where(native & (rare >= 0.065) & (rare < 0.075), "G", category)
    abroad = _countries(parameters, rng, GROUPS[IMMIGRANT], count)
    parents = _countries(parameters, rng, GROUPS[NORWEGIAN_BORN], count)
    outside = born_abroad | np.isin(category, ["E", "G"])
    return People(
        group=group.astype(np.int8),
        sex=rng.integers(0, 2, count).astype(np.int8),
        birth_month=birth_month,
        death_month=np.full(count, NEVER, dtype=np.int32),
        first_immigration=np.full(count, NEVER, dtype=np.int32),
        category=category,
        birth_country=np.where(outside, abroad, "000"),
        background=np.where(born_abroad, abroad, np.where(group == NORWEGIAN_BORN, parents, "000")),
        mother=np.full(count, NOBODY, dtype=np.int32),
        father=np.full(count, NOBODY, dtype=np.int32),
        unit=unit.astype(np.int16),
        status=np.full(count, RESIDENT, dtype=np.int8),
        since=np.full(count, NO_DAY, dtype=np.int32),
        last_event=np.full(count, NO_DAY, dtype=np.int32),
        family=np.zeros(count, dtype=np.int8),
        labour=np.zeros(count, dtype=np.int8),
        education=np.zeros(count, dtype=np.int8),
        effect_internal_move=internal_move,
        effect_emigration=emigration,
    )


def _random_effects(
    parameters: Parameters, rng: np.random.Generator, group: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    effects = [parameters.utilities[name].random_effects for name in GROUPS]
    sd = np.array([[effect.sd_internal_move, effect.sd_emigration, effect.correlation] for effect in effects])[group]
    first, second = rng.standard_normal((2, len(group)))
    second = sd[:, 2] * first + np.sqrt(1 - sd[:, 2] ** 2) * second
    return (sd[:, 0] * first).astype(np.float32), (sd[:, 1] * second).astype(np.float32)


def _countries(parameters: Parameters, rng: np.random.Generator, group: Group, count: int) -> NDArray[Any]:
    weights = parameters.population.countries[group]
    cumulated = np.cumsum(list(weights.values()))
    chosen = np.searchsorted(cumulated, rng.random(count) * cumulated[-1], side="right")
    countries: NDArray[Any] = np.array(list(weights))[chosen]
    return countries


def _with_adults(table: NDArray[Any], share: float) -> NDArray[Any]:
    """The same table, reweighted so that this share is 18–64 years old."""
    adult = np.zeros(AGES, dtype=bool)
    adult[ADULT:65] = True
    total = table.sum()
    adults, others = table * adult, table * ~adult
    weighted: NDArray[Any] = adults * (share * total / adults.sum()) + others * ((1 - share) * total / others.sum())
    return weighted


def _yyyymm(months: NDArray[Any]) -> NDArray[Any]:
    """Months counted from year 0 → YYYYMM."""
    found: NDArray[Any] = months // 12 * 100 + months % 12 + 1
    return found
