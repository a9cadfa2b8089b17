"""What an outcome means for a person and how the registers record it: dates, places, countries.

Each function changes the persons with the given indices and writes their events into the year's diary.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic.events import HOME_COUNTRY, NOT_STATED, Diary, days_in, first_day, last_day, month_of, registered_after
from synthetic.migration import destinations, homecomings
from synthetic.norway import Norway
from synthetic.parameters import GROUPS, Parameters
from synthetic.people import ABROAD, DEAD, DISAPPEARED, EMIGRATED, NEVER, NO_DAY, RESIDENT, People

STOPOVER_SHARE = 0.10  # of movers: they live somewhere else for a while in the same year
MOVED_FIRST_SHARE = 0.05  # of emigrants: they move within the country earlier in the same year
DIED_ABROAD_SHARE = 0.002  # of emigrants: they die later in the same year
ROUND_TRIP_SHARE = 0.003  # of stayers: they move away and back within the year
TRIP_ABROAD_SHARE = 0.001  # of stayers: they emigrate and return within the year
SIBLING_SHARE = 0.01  # of stayers: they move between municipalities that will merge
SVALBARD_RETURN = 0.5  # of residents of Svalbard, per year
SILENT_ARRIVAL_SHARE = 0.01  # of new arrivals: they have no event
OTHER_COUNTRIES = np.array(["106", "101", "139", "144", "137", "684", "131", "148", NOT_STATED, NOT_STATED])


def bury(people: People, dead: NDArray[Any], year: int, rng: np.random.Generator) -> None:
    """Record deaths of residents and of persons abroad."""
    day = days_in(year, len(dead), rng, quirks=False)
    people.death_month[dead] = month_of(day)
    people.status[dead], people.since[dead], people.unit[dead] = DEAD, day, ABROAD


def move(
    parameters: Parameters,
    norway: Norway,
    people: People,
    movers: NDArray[Any],
    diary: Diary,
    rng: np.random.Generator,
    quirks: bool,
) -> None:
    """Moves to another municipality, some by way of a third one."""
    origin, group = people.unit[movers], people.group[movers]
    destination = destinations(parameters, norway, group, origin, diary.year, rng)
    day = days_in(diary.year, len(movers), rng, quirks)
    registered = registered_after(day, rng)
    stopover = destinations(parameters, norway, group, origin, diary.year, rng)
    earlier = _earlier(day, diary.year, rng)
    codes = norway.codes(diary.year)
    by_way = (
        (rng.random(len(movers)) < STOPOVER_SHARE)
        & quirks
        & (earlier > first_day(diary.year))
        & (codes[stopover] != codes[destination])
        & (stopover != norway.svalbard)
    )
    diary.internal(
        movers[by_way], earlier[by_way], origin[by_way], stopover[by_way], np.minimum(earlier, registered)[by_way]
    )
    start = np.where(by_way, stopover, origin)
    diary.internal(movers, day, start, destination, registered)
    people.unit[movers], people.last_event[movers] = destination, day


def emigrate(
    parameters: Parameters,
    norway: Norway,
    people: People,
    leavers: NDArray[Any],
    diary: Diary,
    rng: np.random.Generator,
    quirks: bool,
) -> None:
    """Departures: most registered at once, some late, some never as an event. A few move first; a few die abroad."""
    shares, count = parameters.emigration_records, len(leavers)
    kind = np.searchsorted(
        np.cumsum([shares.moved_year_before, shares.registered_next_year, shares.disappeared]),
        rng.random(count),
        side="right",
    )
    moved = days_in(diary.year, count, rng, quirks)
    registered = np.minimum(registered_after(moved, rng), last_day(diary.year))
    before = first_day(diary.year) - rng.integers(1, 180, count)
    free = before > np.maximum(people.last_event[leavers], people.since[leavers])
    late, next_year, disappeared = (kind == 0) & free, kind == 1, kind == 2
    moved = np.where(late, before, np.where(next_year, last_day(diary.year) - rng.integers(0, 60, count), moved))
    registered = np.where(
        late,
        first_day(diary.year) + rng.integers(0, 100, count),
        np.where(next_year, last_day(diary.year) + rng.integers(25, 90, count), registered),
    )
    origin = people.unit[leavers].copy()
    if quirks:
        first = (kind == 3) & (rng.random(count) < MOVED_FIRST_SHARE)
        origin = _move_first(parameters, norway, people, leavers, origin, moved, first, diary, rng)
    with_event = ~disappeared
    diary.emigration(
        leavers[with_event],
        moved[with_event],
        origin[with_event],
        _country(people, leavers, rng)[with_event],
        registered[with_event],
    )
    undated = disappeared & (rng.random(count) < 0.5)
    people.unit[leavers] = ABROAD
    people.status[leavers] = np.where(disappeared, DISAPPEARED, EMIGRATED)
    people.since[leavers] = np.where(undated, NO_DAY, moved)
    people.last_event[leavers] = moved
    if quirks:
        _die_abroad(people, leavers[(kind == 3) & (rng.random(count) < DIED_ABROAD_SHARE)], diary.year)


def come_home(
    parameters: Parameters,
    norway: Norway,
    people: People,
    abroad: NDArray[Any],
    svalbard: NDArray[Any],
    diary: Diary,
    rng: np.random.Generator,
) -> None:
    """Returns from abroad, and from Svalbard to the mainland."""
    rate = np.array([parameters.arrivals.returns[name] for name in GROUPS])
    returns = abroad[rng.random(len(abroad)) < rate[people.group[abroad]]]
    day = (first_day(diary.year) + rng.integers(100, 360, len(returns))).astype(np.int32)
    unit = homecomings(parameters, norway, people.group[returns], rng)
    diary.immigration(returns, day, unit, _country(people, returns, rng), registered_after(day, rng))
    people.unit[returns], people.status[returns], people.since[returns] = unit, RESIDENT, day
    people.last_event[returns] = day
    first_time = returns[people.first_immigration[returns] == NEVER]
    people.first_immigration[first_time] = month_of(people.since[first_time])

    movers = svalbard[rng.random(len(svalbard)) < SVALBARD_RETURN]
    day = days_in(diary.year, len(movers), rng, quirks=False)
    unit = homecomings(parameters, norway, people.group[movers], rng)
    diary.internal(movers, day, people.unit[movers], unit, registered_after(day, rng))
    people.unit[movers], people.last_event[movers] = unit, day


def immigrate(people: People, new: NDArray[Any], diary: Diary, rng: np.random.Generator, quirks: bool) -> None:
    """Date the arrivals of new persons; children do not arrive before they are born."""
    born = (people.birth_month[new] // 100) == diary.year
    day = days_in(diary.year, len(new), rng, quirks)
    day = np.where(born, last_day(diary.year) - rng.integers(1, 28, len(new)), day).astype(np.int32)
    people.birth_month[new[born]] = diary.year * 100 + 11
    people.since[new], people.last_event[new] = day, day
    people.first_immigration[new] = month_of(day)
    told = (rng.random(len(new)) >= SILENT_ARRIVAL_SHARE) | np.full(len(new), not quirks)
    diary.immigration(
        new[told], day[told], people.unit[new[told]], people.birth_country[new[told]], registered_after(day, rng)[told]
    )


def move_within_future_municipality(
    norway: Norway, people: People, stayers: NDArray[Any], diary: Diary, rng: np.random.Generator
) -> None:
    """Moves between municipalities that are one in 2020: the registers have them as moves, the panel does not."""
    weights = np.cumsum(norway.population.sum(axis=1) * norway.main_part)
    chosen = stayers[(rng.random(len(stayers)) < SIBLING_SHARE) & ~_split(norway)[people.unit[stayers]]]
    own = people.unit[chosen]
    number = norway.municipality[own]
    start = np.append(0.0, weights)[np.searchsorted(norway.municipality, number, "left")]
    end = weights[np.searchsorted(norway.municipality, number, "right") - 1]
    unit = np.searchsorted(weights, start + rng.random(len(chosen)) * (end - start), side="right").astype(np.int16)
    codes = norway.codes(diary.year)
    seen = (codes[unit] != codes[own]) & (norway.municipality[unit] == number)
    day = days_in(diary.year, len(chosen), rng, quirks=False)
    diary.internal(chosen[seen], day[seen], own[seen], unit[seen], registered_after(day, rng)[seen])
    people.unit[chosen[seen]], people.last_event[chosen[seen]] = unit[seen], day[seen]


def round_trips(
    parameters: Parameters,
    norway: Norway,
    people: People,
    stayers: NDArray[Any],
    diary: Diary,
    rng: np.random.Generator,
) -> None:
    """Moves away and back within the year, within Norway or abroad. For the panel these persons have stayed."""
    stayers = stayers[~_split(norway)[people.unit[stayers]] & (people.last_event[stayers] < first_day(diary.year))]
    die = rng.random(len(stayers))
    out = first_day(diary.year) + rng.integers(1, 170, len(stayers))
    back = out + rng.integers(20, 170, len(stayers))
    away = die < ROUND_TRIP_SHARE
    movers, home = stayers[away], people.unit[stayers[away]]
    other = destinations(parameters, norway, people.group[movers], home, diary.year, rng)
    diary.internal(movers, out[away], home, other, registered_after(out[away], rng))
    diary.internal(movers, back[away], other, home, registered_after(back[away], rng))
    abroad = die > 1 - TRIP_ABROAD_SHARE
    leavers, country = stayers[abroad], _country(people, stayers[abroad], rng)
    diary.emigration(leavers, out[abroad], people.unit[leavers], country, out[abroad])
    diary.immigration(leavers, back[abroad], people.unit[leavers], country, back[abroad])
    people.since[leavers] = back[abroad]
    people.last_event[movers], people.last_event[leavers] = back[away], back[abroad]


def _earlier(day: NDArray[Any], year: int, rng: np.random.Generator) -> NDArray[Any]:
    """A day of the same year before the given one; 1 January if there is none."""
    start = first_day(year)
    earlier: NDArray[Any] = (start + rng.random(len(day)) * (day - start)).astype(np.int32)
    return earlier


def _move_first(
    parameters: Parameters,
    norway: Norway,
    people: People,
    leavers: NDArray[Any],
    origin: NDArray[Any],
    moved: NDArray[Any],
    chosen: NDArray[Any],
    diary: Diary,
    rng: np.random.Generator,
) -> NDArray[Any]:
    """Internal moves before emigration; returns the units from which persons emigrate, shape (leavers,)."""
    place = destinations(parameters, norway, people.group[leavers], origin, diary.year, rng)
    day = _earlier(moved, diary.year, rng)
    chosen = chosen & (day < moved)
    diary.internal(leavers[chosen], day[chosen], origin[chosen], place[chosen], day[chosen])
    start: NDArray[Any] = np.where(chosen, place, origin)
    return start


def _die_abroad(people: People, dead: NDArray[Any], year: int) -> None:
    """Let those who left in the year before December die in its December."""
    dead = dead[(people.since[dead] < last_day(year) - 31) & (people.since[dead] >= first_day(year))]
    people.death_month[dead] = year * 100 + 12
    people.status[dead], people.since[dead] = DEAD, last_day(year) - 10


def _country(people: People, index: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Countries that persons go to or come from, often the country of their background; shape (index,)."""
    own = people.background[index]
    other = OTHER_COUNTRIES[rng.integers(0, len(OTHER_COUNTRIES), len(index))]
    return np.where((own != HOME_COUNTRY) & (rng.random(len(index)) < 0.6), own, other)


def _split(norway: Norway) -> NDArray[Any]:
    """Unit → whether its municipality of 2014 is later split over several municipalities of 2020."""
    found: NDArray[Any] = np.bincount(norway.main_unit, minlength=len(norway.main_unit))[norway.main_unit] > 1
    return found
