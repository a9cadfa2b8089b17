"""The registers' tables about a block's history, before they are written as text files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from synthetic import events as calendar
from synthetic.events import Events
from synthetic.households import COUPLE_STATUSES, FAMILY_TYPES
from synthetic.life import UNKNOWN_FAMILY, History, Snapshot
from synthetic.norway import Norway
from synthetic.parameters import EDUCATION, LABOUR
from synthetic.people import NO_DAY, NO_STATUS, RESIDENT

Kind = Literal["key", "code", "zero_code", "day", "month", "count"]
MISSING = -1  # for keys, codes and counts
KEY = "lopenr_person"
WORKING_AGES = (15, 74)
SCHOOL_LEAVERS = 16  # age from which there is an education
REFERENCE_WEEK = 318  # day of the year, in November

# NUS2000 codes by level; each entry is equally likely, so a repeated one is commoner. Source: microdata.no, variable
# list of NUS2000.
NUS = {
    "compulsory": ("201199", "201101", "101101", "099901"),
    "upper_secondary": ("401199", "301101", "401101", "411101", "599999"),
    "short_higher": ("699999",),
    "long_higher": ("799999", "799999", "799999", "899999"),
    "unknown": ("999999", ""),
}


@dataclass(frozen=True)
class Column:
    """Values of one kind: indices of persons or of codes, days, months YYYYMM, or counts.

    A missing value is MISSING for keys, codes and counts, NO_DAY for days, 0 for months.
    """

    kind: Kind
    values: NDArray[Any]
    vocabulary: NDArray[Any] | None = None

    def take(self, index: NDArray[Any]) -> "Column":
        """These rows, in this order."""
        return Column(self.kind, self.values[index], self.vocabulary)


Table = dict[str, Column]


@dataclass(frozen=True)
class Source:
    """A block's history from 1 January `first` to 1 January `cutoff`, as known on the latter."""

    history: History
    norway: Norway
    first: int
    cutoff: int

    @property
    def latest(self) -> Snapshot:
        """1 January of the cutoff."""
        return self.history.snapshots[self.cutoff]

    @property
    def known(self) -> NDArray[Any]:
        """Indices of the persons known by then."""
        return np.arange(len(self.latest.unit))


def faste_oppl(source: Source) -> Table:
    """The fixed attributes of a person, and the death if it is known."""
    people, count, now = source.history.people, len(source.known), source.cutoff * 100
    died, came = people.death_month[:count], people.first_immigration[:count]
    return {
        KEY: Column("key", source.known),
        "foedsels_aar_mnd": Column("month", people.birth_month[:count]),
        "doeds_aar_mnd": Column("month", np.where(died < now, died, 0)),
        "kjoenn": Column("code", people.sex[:count], np.array(["1", "2"])),
        "fodeland": _texts("zero_code", people.birth_country[:count]),
        "invkat": _texts("code", people.category[:count]),
        "landbak3gen": _texts("zero_code", people.background[:count]),
        "forst_aar_mnd": Column("month", np.where(came < now, came, 0)),
        "lopenr_mor": Column("key", people.mother[:count]),
        "lopenr_far": Column("key", people.father[:count]),
    }


def bostedskommune(source: Source) -> Table:
    """Where persons live on every 1 January, in the municipality codes valid on that day."""
    table = {KEY: Column("key", source.known)}
    for year in range(source.first, source.cutoff + 1):
        unit = _known_so_far(source, year, "unit", MISSING)
        codes = np.where(unit >= 0, source.norway.codes(year)[unit], MISSING)
        table[f"bostedskommune_01_01_{year}"] = Column("zero_code", codes, source.norway.vocabulary)
    return table


def regstat(source: Source) -> Table:
    """Status on every 1 January, and since when."""
    table = {KEY: Column("key", source.known)}
    statuses = np.array([str(status) for status in range(10)])
    for year in range(source.first, source.cutoff + 1):
        status = _known_so_far(source, year, "status", NO_STATUS)
        name = f"regstat_{year % 100:02d}"
        table[name] = Column("code", np.where(status == NO_STATUS, MISSING, status), statuses)
        table[f"{name}_dat"] = Column("day", _known_so_far(source, year, "since", NO_DAY))
    return table


def flytting(source: Source, year: int) -> Table:
    """The migration events in a year's file: those of the year, and late ones of the year before."""
    parts = [_of_file(source.history.events[t], year) for t in (year - 1, year) if t in source.history.events]
    moved = np.concatenate([part.moved for part in parts])
    before = moved < calendar.first_day(year)
    columns: Table = {
        KEY: Column("key", np.concatenate([part.person for part in parts])),
        "flyttedato": Column("day", moved),
        "regdato": Column("day", np.concatenate([part.registered for part in parts])),
        "flyttetype": Column("code", np.concatenate([part.kind for part in parts]) - 1, np.array(["1", "2", "3"])),
    }
    for name, place in (("fra_kommnr", "origin"), ("til_kommnr", "destination")):
        unit = np.concatenate([getattr(part, place) for part in parts])
        code = np.where(before, source.norway.codes(max(year - 1, source.first))[unit], source.norway.codes(year)[unit])
        columns[name] = Column("zero_code", np.where(unit >= 0, code, MISSING), source.norway.vocabulary)
    for name, country in (("fra_land", "origin_country"), ("til_land", "destination_country")):
        columns[name] = _texts("zero_code", np.concatenate([getattr(part, country) for part in parts]))
    return columns


def hush_fam(source: Source, year: int) -> Table:
    """The families of residents."""
    snapshot = source.history.snapshots[year]
    rows = np.flatnonzero((snapshot.unit >= 0) & (snapshot.family != UNKNOWN_FAMILY))
    households = snapshot.households
    return {
        KEY: Column("key", rows),
        "lopenr_familie": Column("key", households.reference[rows]),
        "regstat_famtyp": Column("code", households.family_type[rows], np.array(FAMILY_TYPES)),
        "parstatus": Column("code", households.couple_status[rows], np.array(COUPLE_STATUSES)),
        "barn_i_regstat_famnr": Column("count", households.children[rows]),
    }


def bu_utd(source: Source) -> Table:
    """Highest completed education on every 1 October, of those old enough to have one."""
    people = source.history.people
    rows = source.known[people.age(source.cutoff)[: len(source.known)] >= SCHOOL_LEAVERS]
    vocabulary = np.array([code for level in EDUCATION for code in NUS[level]])
    start = np.cumsum([0, *(len(NUS[level]) for level in EDUCATION[:-1])])
    size = np.array([len(NUS[level]) for level in EDUCATION])
    table = {KEY: Column("key", rows)}
    for year in range(source.first, source.cutoff):
        level = _known_so_far(source, year + 1, "education", MISSING)[rows]
        code = start[level] + (rows * 48271 >> 5) % size[level]
        shown = (level != MISSING) & (people.age(year + 1)[rows] >= SCHOOL_LEAVERS) & (vocabulary[code] != "")
        table[f"bu_{year}"] = Column("zero_code", np.where(shown, code, MISSING), vocabulary)
    return table


def regsys(source: Source, year: int) -> Table:
    """Persons of working age who were resident in the reference week in November, unless the register misses them."""
    after, people = source.history.snapshots[year + 1], source.history.people
    age = people.age(year + 1)[: len(after.unit)]
    week = calendar.first_day(year) + REFERENCE_WEEK
    there = np.where(after.unit >= 0, (after.status == RESIDENT) & (after.since < week), after.since > week)
    of_age = (age >= WORKING_AGES[0]) & (age <= WORKING_AGES[1])
    rows = np.flatnonzero(there & of_age & (after.labour != LABOUR.index("unknown")))
    die = (rows * 69621 >> 4) % 100
    statuses = np.array(["1", "2", "3", "0", "4", "9"])
    status = np.choose(
        after.labour[rows],
        [np.where(die < 92, 0, 1), np.full(len(rows), 2), np.where(die < 70, 3, np.where(die < 85, 4, 5))],
    )
    unit = after.unit[rows]
    at_work = (after.labour[rows] == LABOUR.index("employed")) & (unit >= 0)
    work = np.where(at_work, source.norway.codes(year)[unit], MISSING)
    return {
        KEY: Column("key", rows),
        "arb_arbmark_status": Column("code", status, statuses),
        "arb_arbkomm": Column("zero_code", work, source.norway.vocabulary),
    }


WHOLE: dict[str, Callable[[Source], Table]] = {
    "faste_oppl": faste_oppl,
    "bostedskommune": bostedskommune,
    "regstat": regstat,
    "bu_utd": bu_utd,
}
BY_YEAR: dict[str, Callable[[Source, int], Table]] = {"flytting": flytting, "hush_fam": hush_fam, "regsys": regsys}


def _known_so_far(source: Source, year: int, name: str, missing: int) -> NDArray[Any]:
    """A snapshot's values for everybody known at the cutoff; `missing` for persons who came after the snapshot."""
    values = getattr(source.history.snapshots[year], name)
    found = np.full(len(source.known), missing, dtype=np.int64)
    found[: len(values)] = values
    return found


def _of_file(events: Events, year: int) -> Events:
    return events.take(np.flatnonzero(events.file_year == year))


def _texts(kind: Kind, values: NDArray[Any]) -> Column:
    """Texts as codes; an empty text is missing."""
    vocabulary, codes = np.unique(values, return_inverse=True)
    return Column(kind, np.where(vocabulary[codes] == "", MISSING, codes), vocabulary)
