"""Faults that real extracts have, in small amounts, none of them related to anybody's outcome.

There are two sorts. Faults in values (a wrong code, a duplicated row) stay with the person or the year. The dress of
a file (names, formats, marks for missing values) changes from file to file.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic.norway import GEOGRAPHY_YEAR, UNKNOWN, Norway
from synthetic.people import NOBODY, RESIDENT, UNREGISTERED
from synthetic.registers import KEY, MISSING, Column, Table
from synthetic.streams import Streams

UNKNOWN_CODE_SHARE = 0.0003  # of municipality codes
INVALID_CODE_SHARE = 0.001
UNREGISTERED_SHARE = 0.0002  # of residents on a 1 January: they have regstat 9 nevertheless
MISSING_PERSON_SHARE = 0.0003  # of persons: they are not in faste_oppl
MISSING_CATEGORY_SHARE = 0.0003
CONFLICT_SHARE = 0.0002  # of persons in faste_oppl: they have two different rows there
DUPLICATE_SHARE = 0.0005  # of rows
STRANGER_SHARE = 0.0005  # of events: copies of them belong to persons who are nowhere else
STRANGERS = 64  # such persons per block
FIRST_STRANGER = NOBODY - 1  # the index of the first; the others count down from it


@dataclass(frozen=True)
class Dress:
    """How one file looks."""

    suffix: str = "_ut"
    key: str = "w21_1234_lopenr_person"
    capitals: bool = False
    order: tuple[int, ...] | None = None  # of columns
    lost_zeros: bool = False
    doubles: bool = False  # months and counts as 201503.0
    mixed_dates: bool = False
    marked_missing: bool = False  # NA and . besides empty


PLAIN = Dress()


def dress_of(rng: np.random.Generator, columns: int) -> Dress:
    """Draw a file's dress."""
    suffix = ("_ut", "", "_nodub_ut", "_nodup_ut")[rng.choice(4, p=[0.6, 0.15, 0.15, 0.1])]
    key = "w21_1234_lopenr_person" if rng.random() < 0.6 else "lopenr_person"
    flags = rng.random(5) < [0.25, 0.3, 0.25, 0.35, 0.4]
    capitals, lost_zeros, doubles, mixed_dates, marked_missing = flags.tolist()
    return Dress(
        suffix,
        key,
        capitals,
        tuple(rng.permutation(columns).tolist()),
        lost_zeros,
        doubles,
        mixed_dates,
        marked_missing,
    )


def blemish(register: str, table: Table, norway: Norway, streams: Streams, year: int) -> Table:
    """A register's table with faults added; `year` is the year of a year file, else 0."""
    if register == "bostedskommune":
        table = {name: _wrong_codes(name, column, norway, streams) for name, column in table.items()}
    if register == "regstat":
        table = {name: _unregistered(name, column, streams) for name, column in table.items()}
    if register == "faste_oppl":
        table = _incomplete(table, streams)
    if register == "flytting":
        table = _strangers(table, streams.rng("strangers", year))
    return _duplicates(table, streams.rng(f"duplicates {register}", year))


def _wrong_codes(name: str, column: Column, norway: Norway, streams: Streams) -> Column:
    """Make some municipality codes unknown, or codes of another time than their date."""
    if name == KEY:
        return column
    year = int(name[-4:])
    die = streams.rng("codes", year).random(len(column.values))
    other = norway.codes(GEOGRAPHY_YEAR if year < GEOGRAPHY_YEAR else GEOGRAPHY_YEAR - 1)
    translated = np.arange(len(norway.vocabulary))
    translated[norway.codes(year)] = other
    filled = column.values != MISSING
    unknown = int(np.searchsorted(norway.vocabulary, UNKNOWN))
    values = np.where(filled & (die < UNKNOWN_CODE_SHARE), unknown, column.values)
    values = np.where(filled & (die > 1 - INVALID_CODE_SHARE), translated[column.values], values)
    return replace(column, values=values)


def _unregistered(name: str, column: Column, streams: Streams) -> Column:
    """Give some residents the status of a person who is not registered."""
    if column.kind != "code":
        return column
    die = streams.rng("status", int(name[-2:])).random(len(column.values))
    struck = (column.values == RESIDENT) & (die < UNREGISTERED_SHARE)
    return replace(column, values=np.where(struck, UNREGISTERED, column.values))


def _incomplete(table: Table, streams: Streams) -> Table:
    """Leave some persons out, some without a category, and give some a second row with another birth month."""
    count = len(table[KEY].values)
    missing, category = streams.rng("missing persons").random((count, 2)).T
    values = np.where(category < MISSING_CATEGORY_SHARE, MISSING, table["invkat"].values)
    table = table | {"invkat": replace(table["invkat"], values=values)}
    conflicts = np.flatnonzero((category > 1 - CONFLICT_SHARE) & (missing >= MISSING_PERSON_SHARE))
    conflicts = conflicts[: int(count * CONFLICT_SHARE)]
    index = np.concatenate([np.flatnonzero(missing >= MISSING_PERSON_SHARE), conflicts])
    taken = {name: column.take(index) for name, column in table.items()}
    born = taken["foedsels_aar_mnd"].values.copy()
    other = born[len(born) - len(conflicts) :]
    born[len(born) - len(conflicts) :] = np.where(other % 100 == 1, other + 1, other - 1)
    return taken | {"foedsels_aar_mnd": Column("month", born)}


def _strangers(table: Table, rng: np.random.Generator) -> Table:
    """Copy some events to persons whom no other register knows."""
    count = len(table[KEY].values)
    extra = rng.permutation(count)[: int(count * STRANGER_SHARE)]
    index = np.concatenate([np.arange(count), extra])
    taken = {name: column.take(index) for name, column in table.items()}
    key = taken[KEY].values.copy()
    key[count:] = FIRST_STRANGER - rng.integers(0, STRANGERS, len(extra))
    return taken | {KEY: Column("key", key)}


def _duplicates(table: Table, rng: np.random.Generator) -> Table:
    """Duplicate some rows."""
    count = len(table[KEY].values)
    twice: NDArray[Any] = np.sort(rng.permutation(count)[: int(count * DUPLICATE_SHARE)])
    index = np.sort(np.concatenate([np.arange(count), twice]), kind="stable")
    return {name: column.take(index) for name, column in table.items()}
