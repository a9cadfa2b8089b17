"""Who stays, who moves and who leaves: the study's trinomial logit with random effects, and where movers go.

Every resident who neither dies nor vanishes in the year gets an outcome with the probabilities of the model.
With `stratified_totals` the outcomes of a year are not independent of each other. Within every group and centrality
class, inside and outside the model's ages, the number of emigrants is its expectation, rounded at random. Systematic
sampling in random order draws who they are, so everybody's own probability is still exactly the model's.
This removes chance from the centrality and year levels of emigration only (otherwise a test of "no difference" would
reject for one seed in twenty). Standard errors that assume independent draws are then too wide for those levels, so
study the coverage of intervals with `stratified_totals: false`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic.norway import AGES, Norway
from synthetic.parameters import CENTRALITY, EDUCATION, FAMILY, GROUPS, LABOUR, Group, Parameters, Utility

STAY, INTERNAL_MOVE, EMIGRATION = range(3)
AGE_CENTRE, AGE_UNIT = 35, 10  # of study.yml: age in decades from 35
ADULT = 18
SVALBARD_SHARE = 0.002  # of internal moves


@dataclass(frozen=True)
class Terms:
    """The terms of the utilities; arrays of shape (n,) with indices of levels, and ages in years."""

    group: NDArray[Any]
    centrality: NDArray[Any]
    sex: NDArray[Any]
    age: NDArray[Any]
    family: NDArray[Any]
    labour: NDArray[Any]
    education: NDArray[Any]


def probabilities(
    parameters: Parameters, terms: Terms, year: int, effect_internal_move: NDArray[Any], effect_emigration: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Probabilities of an internal move and of emigration given a person's random effects, shape (n,) each.

    Outside the model's ages the utilities are an extrapolation. Children count as employed and 30 years older than
    they are (they move as parents do), and the old as having the model's last age. Half the variance replaces the
    random effect.
    """
    within = in_model_ages(parameters, terms.age)
    exponentials = []
    for outcome, effect in (("internal_move", effect_internal_move), ("emigration", effect_emigration)):
        models = [parameters.utilities[group] for group in GROUPS]
        variance = np.array([getattr(model.random_effects, f"sd_{outcome}") ** 2 for model in models])
        fixed = _fixed_part([getattr(model, outcome) for model in models], terms, year, parameters.model_ages)
        exponentials.append(np.exp(fixed + np.where(within, effect, variance[terms.group] / 2)))
    internal_move, emigration = exponentials
    total = 1 + internal_move + emigration
    return internal_move / total, emigration / total


def in_model_ages(parameters: Parameters, age: NDArray[Any]) -> NDArray[Any]:
    """Whether ages lie in the model's window."""
    first, last = parameters.model_ages
    return (age >= first) & (age <= last)


def draw_outcomes(
    parameters: Parameters,
    terms: Terms,
    internal_move: NDArray[Any],
    emigration: NDArray[Any],
    rng: np.random.Generator,
) -> NDArray[Any]:
    """Draw one outcome per person, shape (n,)."""
    if parameters.stratified_totals:
        stratum = (terms.group.astype(np.int64) * len(CENTRALITY) + terms.centrality) * 2
        leaves = _systematic(emigration, stratum + in_model_ages(parameters, terms.age), rng)
    else:
        leaves = rng.random(len(emigration)) < emigration
    moves = ~leaves & (rng.random(len(leaves)) < internal_move / (1 - emigration))
    return np.where(leaves, EMIGRATION, np.where(moves, INTERNAL_MOVE, STAY)).astype(np.int8)


def destinations(
    parameters: Parameters, norway: Norway, group: NDArray[Any], unit: NDArray[Any], year: int, rng: np.random.Generator
) -> NDArray[Any]:
    """Destination units of movers: by size, in another municipality of 2020, often in the same county; shape (n,)."""
    found = np.empty(len(unit), dtype=np.int16)
    own = norway.panel_unit(year)[unit]
    nearby = rng.random(len(unit)) < parameters.same_county
    uniform = rng.random(len(unit))
    for number, name in enumerate(GROUPS):
        weights = _attraction(parameters, norway, name)
        everywhere = np.zeros_like(norway.county)
        for same_county, areas in ((True, norway.county), (False, everywhere)):
            chosen = np.flatnonzero((group == number) & (nearby == same_county))
            found[chosen] = _elsewhere(weights, areas, norway.municipality, own[chosen], uniform[chosen])
    found[rng.random(len(unit)) < SVALBARD_SHARE] = norway.svalbard
    return found


def homecomings(parameters: Parameters, norway: Norway, group: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Units that persons come back to from abroad or from Svalbard, shape (n,)."""
    found = np.empty(len(group), dtype=np.int16)
    uniform = rng.random(len(group))
    for number, name in enumerate(GROUPS):
        weights = np.cumsum(_attraction(parameters, norway, name))
        chosen = group == number
        found[chosen] = np.searchsorted(weights, uniform[chosen] * weights[-1], side="right")
    return found


def _fixed_part(utilities: list[Utility], terms: Terms, year: int, ages: tuple[int, int]) -> NDArray[Any]:
    by_centrality = [[u.centrality.get(level, 0.0) for level in CENTRALITY] for u in utilities]
    by_sex = [[0.0, u.sex.get("female", 0.0)] for u in utilities]
    by_age = [_age_effect(u, ages) + u.intercept + u.year.get(year, 0.0) for u in utilities]
    by_family = [[u.family_situation.get(level, 0.0) for level in FAMILY] for u in utilities]
    by_labour = [[u.labour_market_status.get(level, 0.0) for level in LABOUR] for u in utilities]
    by_education = [[u.education.get(level, 0.0) for level in EDUCATION] for u in utilities]
    group, child = terms.group, terms.age < ADULT
    fixed: NDArray[Any] = (
        np.array(by_centrality)[group, terms.centrality]
        + np.array(by_sex)[group, terms.sex]
        + np.array(by_age)[group, terms.age]
        + np.array(by_family)[group, terms.family]
        + np.where(child, 0.0, np.array(by_labour)[group, terms.labour])
        + np.array(by_education)[group, terms.education]
    )
    return fixed


def _age_effect(utility: Utility, ages: tuple[int, int]) -> NDArray[Any]:
    """The polynomial of age at every age, shape (AGES,)."""
    age = np.arange(AGES)
    stand_in = np.where(age < ADULT, age + 30, np.minimum(age, ages[1]))
    decades = (stand_in - AGE_CENTRE) / AGE_UNIT
    effect: NDArray[Any] = utility.age * decades + utility.age_squared * decades**2
    return effect


def _systematic(probability: NDArray[Any], stratum: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Systematic sampling in random order within strata; totals are their expectation, rounded up or down at random."""
    shuffled = rng.permutation(len(probability))
    order = shuffled[np.argsort(stratum[shuffled], kind="stable")]
    cumulated = np.cumsum(probability[order])
    starts = np.flatnonzero(np.diff(stratum[order], prepend=-1))
    before = np.repeat(
        np.append(0.0, cumulated)[starts] - rng.random(len(starts)), np.diff(np.append(starts, len(order)))
    )
    chosen = np.zeros(len(probability), dtype=bool)
    chosen[order] = np.floor(cumulated - before) > np.floor(cumulated - probability[order] - before)
    return chosen


def _attraction(parameters: Parameters, norway: Norway, group: Group) -> NDArray[Any]:
    """Unit → weight as a destination: 0 for the smaller parts of a municipality that will be split."""
    by_class = np.array(parameters.population.location_weights[group])[norway.centrality(2020)]
    weights: NDArray[Any] = norway.population.sum(axis=1) * by_class * norway.main_part
    return weights


def _elsewhere(
    weights: NDArray[Any], areas: NDArray[Any], municipality: NDArray[Any], own: NDArray[Any], uniform: NDArray[Any]
) -> NDArray[Any]:
    """Draw a unit in the same area but another municipality, or in the whole country if the area has no other one.

    Areas and municipalities are consecutive units, so the excluded municipality is a gap in the cumulated weights.
    """
    edges = np.append(0.0, np.cumsum(weights))
    area_start, area_end = _stretch(areas, own)
    own_start, own_end = _stretch(municipality, own)
    alone = (area_start == own_start) & (area_end == own_end)
    area_start, area_end = np.where(alone, 0, area_start), np.where(alone, len(weights), area_end)
    gap = edges[own_end] - edges[own_start]
    point = edges[area_start] + uniform * (edges[area_end] - edges[area_start] - gap)
    point = np.where(point >= edges[own_start], point + gap, point)
    unit: NDArray[Any] = np.minimum(np.searchsorted(edges, point, side="right") - 1, len(weights) - 1)
    return unit


def _stretch(labels: NDArray[Any], unit: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The first unit with the same label, and the unit after the last one."""
    return np.searchsorted(labels, labels[unit], "left"), np.searchsorted(labels, labels[unit], "right")
