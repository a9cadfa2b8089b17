"""The life of a block of persons over the years: where each is on every 1 January, and what happens in between."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic import migration, moves
from synthetic.chain import living_state
from synthetic.events import Diary, Events
from synthetic.households import COHABITING_WITH_CHILDREN, MARRIED_WITH_CHILDREN, Households, form_households
from synthetic.norway import Norway
from synthetic.parameters import EDUCATION, FAMILY, GROUPS, LABOUR, Parameters
from synthetic.people import (
    ABROAD,
    EMIGRATED,
    MAN,
    NEVER,
    NO_DAY,
    NO_STATUS,
    RESIDENT,
    WOMAN,
    Covariates,
    People,
    arrivals,
    births,
    first_people,
)
from synthetic.streams import Streams

# Outcomes besides migration's STAY, INTERNAL_MOVE, EMIGRATION, in the order of OUTCOMES.
DIED, VANISHED, ON_SVALBARD, NOT_RESIDENT = range(3, 7)
OUTCOMES = ("stay", "internal_move", "emigration", "died", "unexplained_exit", "not_mainland", "not_resident")
UNKNOWN_FAMILY = FAMILY.index("unknown")
FERTILE = (18, 44)


@dataclass(frozen=True)
class World:
    """What all blocks share."""

    parameters: Parameters
    norway: Norway
    covariates: Covariates
    balanced: bool
    quirks: bool


@dataclass(frozen=True)
class Snapshot:
    """1 January: one row per person known by then; covariates as of the autumn before."""

    unit: NDArray[Any]
    status: NDArray[Any]
    since: NDArray[Any]
    family: NDArray[Any]  # as in the household register: `unknown` means no row
    labour: NDArray[Any]
    education: NDArray[Any]
    households: Households


@dataclass
class History:
    """A block's whole history."""

    people: People
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    outcomes: dict[int, NDArray[Any]] = field(default_factory=dict)  # year → index into OUTCOMES, per person
    events: dict[int, Events] = field(default_factory=dict)

    def terms(self, world: World, year: int) -> migration.Terms:
        """The model's terms of all persons on 1 January; rows of non-residents have no meaning."""
        snapshot = self.snapshots[year]
        count = len(snapshot.unit)
        return migration.Terms(
            self.people.group[:count],
            world.norway.centrality(year)[snapshot.unit],
            self.people.sex[:count],
            self.people.age(year)[:count],
            snapshot.family,
            snapshot.labour,
            snapshot.education,
        )


def make_world(parameters: Parameters, norway: Norway, balanced: bool, quirks: bool) -> World:
    """Tabulate what all blocks share."""
    covariates = Covariates(
        living_state(parameters.family, FAMILY[:-1]),
        living_state(parameters.labour_market_status, LABOUR),
        living_state(parameters.education, EDUCATION),
    )
    return World(parameters, norway, covariates, balanced, quirks)


def live(world: World, sizes: dict[str, int], first: int, last: int, streams: Streams) -> History:
    """Simulate from 1 January of the first year, with `sizes` residents per group, to 1 January of the last."""
    people = first_people(world.parameters, world.norway, world.covariates, sizes, world.balanced, first, streams)
    history = History(people)
    for year in range(first, last + 1):
        history.snapshots[year] = _snapshot(world, people, year, streams.rng("snapshot", year))
        if year == first:
            _known_parents(people, history.snapshots[year].households, first)
        if year < last:
            history.outcomes[year], history.events[year] = _live_year(world, history, year, streams)
    return history


def _snapshot(world: World, people: People, year: int, rng: np.random.Generator) -> Snapshot:
    without_row = rng.random(len(people)) < world.parameters.family.without_row
    return Snapshot(
        people.unit.copy(),
        people.status.copy(),
        people.since.copy(),
        np.where(without_row, UNKNOWN_FAMILY, people.family).astype(np.int8),
        people.labour.copy(),
        people.education.copy(),
        form_households(people, year, rng),
    )


def _known_parents(people: People, households: Households, year: int) -> None:
    """Make the adults with whom the children of the first year live their parents."""
    child = np.flatnonzero(people.age(year) < 18)
    parent = households.reference[child]
    child, parent = child[parent != child], parent[parent != child]
    other = households.partner[parent]
    is_man = people.sex[parent] == MAN
    people.father[child] = np.where(is_man, parent, other)
    people.mother[child] = np.where(is_man, other, parent)


def _live_year(world: World, history: History, year: int, streams: Streams) -> tuple[NDArray[Any], Events]:
    people, diary = history.people, Diary(year)
    resident = people.unit != ABROAD
    on_svalbard = people.unit == world.norway.svalbard
    dies = _dies(world, people, year, streams.rng("death", year))
    vanishes = resident & ~dies & (streams.rng("vanish", year).random(len(people)) < world.parameters.unexplained_exit)
    outcome = np.full(len(people), NOT_RESIDENT, dtype=np.int8)
    outcome[on_svalbard] = ON_SVALBARD
    at_risk = np.flatnonzero(resident & ~on_svalbard & ~dies & ~vanishes)
    outcome[at_risk] = _draw(world, history, year, at_risk, streams.rng("outcome", year))
    outcome[resident & dies], outcome[vanishes] = DIED, VANISHED
    abroad = np.flatnonzero((people.status == EMIGRATED) & ~dies)
    on_svalbard &= ~dies & ~vanishes

    moves.bury(people, np.flatnonzero(dies), year, streams.rng("burial", year))
    people.unit[vanishes], people.status[vanishes], people.since[vanishes] = ABROAD, NO_STATUS, NO_DAY
    moves.move(
        world.parameters,
        world.norway,
        people,
        np.flatnonzero(outcome == migration.INTERNAL_MOVE),
        diary,
        streams.rng("move", year),
        world.quirks,
    )
    moves.emigrate(
        world.parameters,
        world.norway,
        people,
        np.flatnonzero(outcome == migration.EMIGRATION),
        diary,
        streams.rng("emigrate", year),
        world.quirks,
    )
    moves.come_home(
        world.parameters,
        world.norway,
        people,
        abroad,
        np.flatnonzero(on_svalbard),
        diary,
        streams.rng("come_home", year),
    )
    stayers = np.flatnonzero(outcome == migration.STAY)
    moves.move_within_future_municipality(world.norway, people, stayers, diary, streams.rng("sibling", year))
    if world.quirks:
        moves.round_trips(world.parameters, world.norway, people, stayers, diary, streams.rng("round_trip", year))
    _newcomers(world, history, year, diary, streams)
    return outcome, diary.close()


def _dies(world: World, people: People, year: int, rng: np.random.Generator) -> NDArray[Any]:
    deaths = world.parameters.deaths
    risk = np.exp(
        deaths.intercept + deaths.age * people.age(year) + np.where(people.sex == WOMAN, deaths.woman, deaths.man)
    )
    alive = (people.status == RESIDENT) | (people.status == EMIGRATED)
    dies: NDArray[Any] = alive & (people.death_month == NEVER) & (rng.random(len(people)) < np.minimum(risk, 1.0))
    return dies


def _draw(world: World, history: History, year: int, at_risk: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    people = history.people
    everyone = history.terms(world, year)
    terms = migration.Terms(*(getattr(everyone, name)[at_risk] for name in everyone.__dataclass_fields__))
    chances = migration.probabilities(
        world.parameters, terms, year, people.effect_internal_move[at_risk], people.effect_emigration[at_risk]
    )
    return migration.draw_outcomes(world.parameters, terms, *chances, rng)


def _newcomers(world: World, history: History, year: int, diary: Diary, streams: Streams) -> None:
    """Change the covariates, then add births and arrivals: newcomers' covariates are those of the next 1 January."""
    people, parameters = history.people, world.parameters
    residents = [np.sum((people.group == number) & (people.unit != ABROAD)) for number in range(len(GROUPS))]
    _covariates_move(world, people, year, streams.rng("covariates", year))
    rng = streams.rng("birth", year)
    mother = _mothers(world, people, year, rng)
    father = history.snapshots[year].households.partner[mother]
    children = births(parameters, world.norway, world.covariates, people, mother, father, year, rng)
    first_new = len(people) + len(children)
    people.append(children)
    for number, name in enumerate(GROUPS):
        rng = streams.rng("arrival", year, number)
        count = rng.poisson(parameters.arrivals.new[name] * residents[number])
        people.append(arrivals(parameters, world.norway, world.covariates, number, count, year, rng))
    moves.immigrate(people, np.arange(first_new, len(people)), diary, streams.rng("immigrate", year), world.quirks)


def _covariates_move(world: World, people: People, year: int, rng: np.random.Generator) -> None:
    at = (people.group, world.norway.centrality(year)[people.unit], people.sex, people.age(year))
    people.family = world.covariates.family.next(rng, people.family, *at)
    people.labour = world.covariates.labour.next(rng, people.labour, *at)
    people.education = world.covariates.education.next(rng, people.education, *at)


def _mothers(world: World, people: People, year: int, rng: np.random.Generator) -> NDArray[Any]:
    """Indices of women who are resident at the year's end and have a child in that year."""
    age = people.age(year)
    fertile = (people.sex == WOMAN) & (people.unit != ABROAD) & (age >= FERTILE[0]) & (age <= FERTILE[1])
    in_couple = np.isin(people.family, (COHABITING_WITH_CHILDREN, MARRIED_WITH_CHILDREN))
    chance = np.where(in_couple, world.parameters.births.with_children_in_couple, world.parameters.births.others)
    return np.flatnonzero(fertile & (rng.random(len(people)) < chance))
