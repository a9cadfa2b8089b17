"""A register's year against the years beside it: its size, the shares of its codes, and how many persons have changed.

Belongs here: measuring and judging one register. Does not belong here: registers against each other (`drift_links`).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import duckdb

from flows.load.contract import KEY, Column, contracts
from flows.load.drift_sample import Touched
from flows.load.header import column_name
from models_py.drift_bounds import Bounds, Drift
from storage.sql import literal

# Most persons are the same from year to year: their number varies by chance like this many events per person.
TURNOVER = 0.1
MISSING, GIVEN = "missing", "given"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that has changed, and the message if it is refused.

    `before`, `now`: a share of rows or persons, or a number of rows; `n_rows`: how many rows or persons are behind
    `now` (of the sample, for most shares); `code`: of a contract's list, first digits of a long code, `missing` or
    `given`.
    """

    register: str
    year: int | None
    arrival: int
    column: str | None
    rule: str
    code: str | None
    before: float | None
    now: float
    n_rows: int
    message: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Share:
    """A number `n` of rows out of `of` rows."""

    n: int
    of: int

    @property
    def value(self) -> float:
        """The share."""
        return self.n / self.of


def yearly_changes(con: duckdb.DuckDBPyConnection, touched: Sequence[Touched], bounds: Drift) -> Iterator[Change]:
    """Everything in the touched years that differs from the years beside them."""
    sizes = register_sizes(con)
    for register in sorted({place.register for place in touched if place.year is not None}):
        here = [place for place in touched if place.register == register]
        for place in here:
            yield from size_changes(place, sizes[register], bounds)
        yield from share_changes(con, here, bounds)
        yield from person_changes(con, here, bounds)


def beside(year: int, years: Sequence[int], most: int) -> list[int]:
    """The years that a year is compared to: the last ones before it, else the first ones after it."""
    before = sorted(other for other in years if other < year)[-most:]
    return before or sorted(other for other in years if other > year)[:most]


def register_sizes(con: duckdb.DuckDBPyConnection) -> dict[str, dict[int, int]]:
    """Rows of every current register-year."""
    sizes: dict[str, dict[int, int]] = defaultdict(dict)
    rows = con.execute("select register, year, n_rows from audit.register_year where is_current and year is not null")
    for register, year, n_rows in rows.fetchall():
        sizes[register][year] = n_rows
    return sizes


def size_changes(place: Touched, sizes: dict[int, int], bounds: Drift) -> Iterator[Change]:
    """A year with far fewer rows than the smallest, or far more than the largest, of the years beside it."""
    assert place.year is not None
    now = sizes[place.year]
    others = [sizes[year] for year in beside(place.year, list(sizes), bounds.years_compared)]
    if not others or max(now, *others) < bounds.least_rows:
        return
    of_events = contracts()[place.register].one_row_per == "event"
    for rule, other, change, limit in (
        ("fewer_rows", min(others), min(others) - now, bounds.fewer_rows),
        ("more_rows", max(others), now - max(others), bounds.more_rows),
    ):
        chance = bounds.standard_errors * sqrt(other * (1 if of_events else TURNOVER))
        if change > limit.noted * other + chance:
            message = f"{now} rows where a year beside it has {other}; ask whether the register is whole"
            refused = change > limit.refused * other + chance
            yield Change(place.register, place.year, place.arrival, None, rule, None, other, now, now, message, refused)


def share_changes(con: duckdb.DuckDBPyConnection, places: Sequence[Touched], bounds: Drift) -> Iterator[Change]:
    """Codes whose share of a year's rows lies outside those of the years beside it; the worst per column and year."""
    register = places[0].register
    found = tallies(con, register)
    for place in places:
        assert place.year is not None
        for raw, column in contracts()[register].values.items():
            by_year = found[raw]
            others = [by_year[year] for year in beside(place.year, list(by_year), bounds.years_compared)]
            now = by_year.get(place.year)
            if now is None or not others or min(total(now), *map(total, others)) < bounds.least_rows:
                continue
            jumps = [jump(code, now, others, bounds) for code in sorted({*now, *(c for o in others for c in o)})]
            worst = max(jumps, key=lambda found: found.excess)
            if worst.excess > bounds.share_change.noted:
                named = column_name(column.name or raw, place.year)
                message = (
                    f"the share of {worst.code} is {worst.now.value:.3f}, in the years beside it {worst.before:.3f}; "
                    "ask whether the coding has changed"
                )
                refused = worst.excess > bounds.share_change.refused
                yield Change(
                    register, place.year, place.arrival, named, "share_change", worst.code, worst.before,
                    worst.now.value, worst.now.n, message, refused,
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Jump:
    """How far a code's share lies outside the shares beside it, beyond chance."""

    code: str
    now: Share
    before: float
    excess: float


def jump(code: str, now: dict[str, int], others: Sequence[dict[str, int]], bounds: Drift) -> Jump:
    """A code's share against the nearest of its shares in the years beside."""
    here = Share(now.get(code, 0), total(now))
    there = [Share(other.get(code, 0), total(other)) for other in others]
    nearest = min(there, key=lambda share: abs(share.value - here.value))
    inside = min(share.value for share in there) <= here.value <= max(share.value for share in there)
    pooled = (here.n + nearest.n) / (here.of + nearest.of)
    chance = bounds.standard_errors * sqrt(pooled * (1 - pooled) * (1 / here.of + 1 / nearest.of))
    return Jump(code, here, nearest.value, 0.0 if inside else abs(here.value - nearest.value) - chance)


def total(tally: dict[str, int]) -> int:
    """Rows of a year."""
    return sum(tally.values())


def tallies(con: duckdb.DuckDBPyConnection, register: str) -> dict[str, dict[int, dict[str, int]]]:
    """Column → year → code → rows, in the sample of a register."""
    found: dict[str, dict[int, dict[str, int]]] = {}
    for raw, column in contracts()[register].values.items():
        found[raw] = defaultdict(dict)
        rows = con.execute(
            f"select aar, {code_of(column, raw)}, count(*) from sample_{register} group by all"
        ).fetchall()
        for year, code, n_rows in rows:
            found[raw][year][code] = n_rows
    return found


def code_of(column: Column, x: str) -> str:
    """SQL: the part of a value that is compared between years."""
    if column.compared_digits:
        return f"coalesce(left({x}, {column.compared_digits}), {literal(MISSING)})"
    if column.unreadable == "kept":
        # A code on no list is whatever stood in the file, and must not be told.
        listed = ", ".join(map(literal, column.allowed))
        return f"case when {x} is null then {literal(MISSING)} when {x} in ({listed}) then {x} else 'unlisted' end"
    if column.allowed:
        return f"coalesce({x}, {literal(MISSING)})"
    return f"if({x} is null, {literal(MISSING)}, {literal(GIVEN)})"


def person_changes(con: duckdb.DuckDBPyConnection, places: Sequence[Touched], bounds: Drift) -> Iterator[Change]:
    """Years in which far too few, or far too many, persons have another value than the year before."""
    register = places[0].register
    expected = contracts()[register].changed_persons
    if expected is None:
        return
    of_year = {place.year: place for place in places}
    column = contracts()[register].columns[expected.column]
    for year, n, n_changed in con.execute(changed_persons(register, expected.column, column)).fetchall():
        place = of_year.get(year) or of_year.get(year - 1)
        if place is None or n < bounds.least_rows:
            continue
        share = n_changed / n
        chance = bounds.standard_errors * sqrt(share * (1 - share) / n)
        named = column_name(column.name or expected.column, place.year)
        if share + chance < expected.least or n_changed == 0:
            message = (
                f"the same for all but the share {share:.4f} of the persons in {year - 1} and in {year}; "
                "one year seems to be delivered for both"
            )
            yield Change(register, place.year, place.arrival, named, "unchanged", None, None, share, n, message, True)
        if share - chance > expected.most:
            message = (
                f"the share {share:.3f} of the persons has another value in {year} than in {year - 1}; "
                "ask whether keys, rows or codes were mixed up"
            )
            yield Change(
                register, place.year, place.arrival, named, "persons_changed", None, expected.most, share, n_changed,
                message, True,
            )  # fmt: skip


def changed_persons(register: str, raw: str, column: Column) -> str:
    """SQL: year, persons who have a value that year and the year before, and for how many it is another one.

    For municipalities, persons count only if their old code is valid on both dates: a reform moves nobody.
    """
    lasting = f"""
        and exists (select 1 from municipality_code
            where municipality_code = old.{raw} and valid_from <= make_date(old.aar, 1, 1)
                and valid_to > make_date(new.aar, 1, 1))
    """
    return f"""
        select new.aar, count(*), count(*) filter (new.{raw} <> old.{raw})
        from sample_{register} as new
        inner join sample_{register} as old on old.{KEY} = new.{KEY} and old.aar = new.aar - 1
        where new.{raw} is not null and old.{raw} is not null {lasting if column.is_municipality else ""}
        group by new.aar order by new.aar
    """


def judged(share: float, n: int, limit: Bounds, standard_errors: float) -> bool | None:
    """Whether a share of n is refused; None if it is not even noted."""
    above = [
        share > bound + standard_errors * sqrt(bound * (1 - bound) / n) for bound in (limit.noted, limit.refused)
    ]  # fmt: skip
    return above[1] if above[0] else None
