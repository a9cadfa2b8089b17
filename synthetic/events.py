"""Migration events: the moves of a year with their dates, as the registers record them."""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

INTERNAL, IMMIGRATION, EMIGRATION = 1, 2, 3
NO_UNIT = -1
HOME_COUNTRY, NOT_STATED, NO_COUNTRY = "000", "990", ""


@dataclass(frozen=True)
class Events:
    """Arrays of one length: an event is an index. Days are counted from 1970-01-01."""

    person: NDArray[Any]
    kind: NDArray[Any]  # flyttetype
    moved: NDArray[Any]  # day of flyttedato
    registered: NDArray[Any]  # day of regdato
    origin: NDArray[Any]  # unit, or NO_UNIT
    destination: NDArray[Any]
    origin_country: NDArray[Any]  # 3 digits, or empty
    destination_country: NDArray[Any]
    file_year: NDArray[Any]  # of the flytting file that has the event

    def __len__(self) -> int:
        return len(self.person)

    def take(self, index: NDArray[Any]) -> "Events":
        """These events, in this order."""
        return Events(**{column.name: getattr(self, column.name)[index] for column in fields(self)})


@dataclass
class Diary:
    """Collects the events of one year."""

    year: int
    pages: list[Events] = field(default_factory=list)

    def internal(
        self,
        person: NDArray[Any],
        moved: NDArray[Any],
        origin: NDArray[Any],
        destination: NDArray[Any],
        registered: NDArray[Any],
    ) -> None:
        """Moves between municipalities."""
        self._add(person, INTERNAL, moved, registered, origin, destination, NO_COUNTRY, NO_COUNTRY)

    def immigration(
        self,
        person: NDArray[Any],
        moved: NDArray[Any],
        destination: NDArray[Any],
        country: NDArray[Any],
        registered: NDArray[Any],
    ) -> None:
        """Arrivals from abroad."""
        self._add(person, IMMIGRATION, moved, registered, NO_UNIT, destination, country, HOME_COUNTRY)

    def emigration(
        self,
        person: NDArray[Any],
        moved: NDArray[Any],
        origin: NDArray[Any],
        country: NDArray[Any],
        registered: NDArray[Any],
    ) -> None:
        """Departures."""
        self._add(person, EMIGRATION, moved, registered, origin, NO_UNIT, HOME_COUNTRY, country)

    def close(self) -> Events:
        """All events, ordered by person and day."""
        columns = {
            column.name: np.concatenate([getattr(page, column.name) for page in self.pages])
            for column in fields(Events)
        }
        events = Events(**columns)
        return events.take(np.lexsort((events.moved, events.person)))

    def _add(
        self,
        person: NDArray[Any],
        kind: int,
        moved: NDArray[Any],
        registered: NDArray[Any],
        origin: Any,
        destination: Any,
        origin_country: Any,
        destination_country: Any,
    ) -> None:
        count = len(person)
        # Only a late registration in the following year moves the event into that year's file.
        late = registered > last_day(self.year) + REGISTERED_IN_TIME
        self.pages.append(
            Events(
                person.astype(np.int32),
                np.full(count, kind, dtype=np.int8),
                moved.astype(np.int32),
                registered.astype(np.int32),
                np.broadcast_to(np.int16(origin), count),
                np.broadcast_to(np.int16(destination), count),
                np.broadcast_to(np.array(origin_country, "U3"), count),
                np.broadcast_to(np.array(destination_country, "U3"), count),
                (self.year + late).astype(np.int16),
            )
        )


REGISTERED_IN_TIME = 20  # days into January that still belong to the year's file


def first_day(year: int) -> int:
    """1 January, in days from 1970-01-01."""
    return int(np.datetime64(f"{year}-01-01", "D").astype(int))


def last_day(year: int) -> int:
    """31 December, in days from 1970-01-01."""
    return first_day(year + 1) - 1


def days_in(year: int, count: int, rng: np.random.Generator, quirks: bool) -> NDArray[Any]:
    """Days spread over a year. With quirks also its first and last day, somewhat more often than other days."""
    first, last = first_day(year), last_day(year)
    days = rng.integers(first + 1, last, count)
    if quirks:
        edge = rng.random(count)
        days = np.where(edge < 0.005, first, np.where(edge > 0.995, last, days))
    return days.astype(np.int32)


def registered_after(moved: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Day of registration, 1 to 20 days after the move."""
    return (moved + np.minimum(rng.geometric(0.2, len(moved)), 20)).astype(np.int32)


def month_of(day: NDArray[Any]) -> NDArray[Any]:
    """YYYYMM of days."""
    months = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return ((months // 12 + 1970) * 100 + months % 12 + 1).astype(np.int32)
