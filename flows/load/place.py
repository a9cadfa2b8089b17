"""Rows of a checked file into `raw`, and which arrival is current in `audit.register_year`.

A later arrival replaces `faste_oppl` person by person, wide files a year column at a time, year files whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from flows.load.checks import count
from flows.load.contract import KEY, contracts
from flows.load.corrections import note_corrected, note_corrected_persons
from flows.load.findings import Checked
from flows.load.header import SourceColumn
from storage.sql import identifier


@dataclass(frozen=True, slots=True)
class Content:
    """A fingerprint of a register-year: the number of rows and the sum of their hashes, whatever their order.

    `total` is None without rows, or if no sum was asked for.
    """

    n_rows: int
    total: int | None


def place(con: duckdb.DuckDBPyConnection, arrival: int, checked: Checked, years: Iterable[int | None]) -> None:
    """Put the rows of `typed` that belong to the given years (None: faste_oppl) in place of what is in `raw`."""
    if checked.file.contract.layout == "person":
        record_version(con, checked.file.register, None, arrival, place_persons(con, arrival, checked))
        refresh_current_persons(con)
    else:
        place_years(con, arrival, checked, [year for year in years if year is not None])


def years_of(checked: Checked) -> list[int | None]:
    """The years whose versions a file brings; None for a register without years."""
    layout = checked.file.contract.layout
    if layout == "wide":
        return sorted({source.year for source in checked.columns if source.year is not None})  # type: ignore[return-value]
    return [checked.year]


def of_year(columns: Sequence[SourceColumn], year: int | None) -> list[SourceColumn]:
    """The key and the columns of one year."""
    return [source for source in columns if source.raw == KEY or source.year == year]


def place_persons(con: duckdb.DuckDBPyConnection, arrival: int, checked: Checked) -> int:
    """Replace the persons in `typed` whose row is new or differs from the one in `raw`; leave all others as they are.

    The whole extract comes again each year, and few of its persons have changed. Rows of a delivery that no longer
    counts are replaced too, so that nobody stays with it. Returns the number of rows delivered.
    """
    table = f"raw.{checked.file.register}"
    note_corrected_persons(con, checked)
    columns = ", ".join(f"{identifier(source.name)} as {source.raw}" for source in checked.columns)
    differs = " or ".join(
        f"new.{identifier(source.name)} is distinct from old.{source.raw}"
        for source in checked.columns
        if source.raw != KEY
    )
    con.execute(f"""
        create or replace temp table changed_persons as
        select new.* from typed as new left join {table} as old on old.{KEY} = new.{KEY}
        where old.{KEY} is null or {differs}
            or old.arrival not in (select arrival from audit.delivery where status = 'loaded')
    """)
    con.execute(f"delete from {table} where {KEY} in (select {KEY} from changed_persons)")
    with in_any_order(con):
        con.execute(
            f"insert into {table} by name select {columns}, ?::integer as arrival from changed_persons", [arrival]
        )
    con.execute("drop table changed_persons")
    return count(con, "select count(*) from typed")[0]


def place_years(con: duckdb.DuckDBPyConnection, arrival: int, checked: Checked, years: Sequence[int]) -> None:
    """Replace those of the given years that differ from the current version.

    Wide files are delivered whole again each year: only the years that are new or corrected are written.
    """
    if not years:  # a file of a restored delivery, with none of the years that are asked for
        return
    register = checked.file.register
    current = current_contents(con, register, years)
    delivered = delivered_contents(con, checked, years, with_sums=bool(current))
    changed = [year for year in years if delivered[year] != current.get(year)]
    for year in years:
        if year in changed:
            note_corrected(con, checked, year, new_rows(checked, [year]))
        record_version(con, register, year, arrival, delivered[year].n_rows, year in changed)
    if not changed:
        return
    con.execute(f"delete from raw.{register} where aar in ({', '.join(map(str, changed))})")
    rows = new_rows(checked, changed)
    with in_any_order(con):
        con.execute(f"insert into raw.{register} by name select *, ?::integer as arrival from ({rows})", [arrival])


@contextmanager
def in_any_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let threads write rows in any order: rows that are held back to keep the order would be written twice.

    Before and after, order is kept, because a row's place in `delivered` is its number in the file.
    """
    con.execute("set preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("set preserve_insertion_order = true")


def new_rows(checked: Checked, years: Sequence[int]) -> str:
    """SQL: the rows of `typed` of the given years as they will be in `raw`, but for the arrival."""
    if checked.file.contract.layout == "wide" and len(years) > 1:
        return rows_of_years(checked, years)
    return rows_of_year(checked, years[0])


def rows_of_years(checked: Checked, years: Sequence[int]) -> str:
    """SQL: the rows of some years of a wide file. A person's years are side by side, which takes half the space."""
    structs = []
    for year in years:
        values = (f"'{source.raw}': {identifier(source.name)}" for source in of_year(checked.columns, year)[1:])
        structs.append(f"{{'aar': {year}::smallint, {', '.join(values)}}}")
    filled = " or ".join(f"{value} is not null" for value in checked.file.contract.values)
    return f"""
        from (select {KEY}, unnest([{", ".join(structs)}], recursive := true) from typed) where {filled}
    """


def rows_of_year(checked: Checked, year: int) -> str:
    """SQL: the rows of a year file, or of one year of a wide file, in half the time that lists of years would take."""
    is_wide = checked.file.contract.layout == "wide"
    sources = of_year(checked.columns, year) if is_wide else checked.columns
    chosen = ", ".join(f"{identifier(source.name)} as {source.raw}" for source in sources)
    filled = " or ".join(f"{identifier(source.name)} is not null" for source in sources[1:]) if is_wide else "true"
    return f"select {chosen}, {year}::smallint as aar from typed where {filled}"


def delivered_contents(
    con: duckdb.DuckDBPyConnection, checked: Checked, years: Sequence[int], with_sums: bool
) -> dict[int, Content]:
    """What `typed` holds of each year, in one pass; without sums where there is nothing to compare them with."""
    is_wide, measures = checked.file.contract.layout == "wide", []
    for year in years:
        columns = of_year(checked.columns, year) if is_wide else checked.columns
        names = {source.raw: identifier(source.name) for source in columns}
        filled = " or ".join(f"{value} is not null" for raw, value in names.items() if raw != KEY)
        hashed = content_hash([names[raw] for raw in checked.file.contract.columns])
        condition = f"filter ({filled})" if is_wide else ""
        measures += [f"count(*) {condition}", f"sum({hashed}) {condition}" if with_sums else "null"]
    row = con.execute(f"select {', '.join(measures)} from typed").fetchone() or ()
    return {year: Content(row[2 * place], row[2 * place + 1]) for place, year in enumerate(years)}


def current_contents(con: duckdb.DuckDBPyConnection, register: str, years: Sequence[int]) -> dict[int, Content]:
    """What `raw` holds of the given years, but only those whose current version is of a delivery that counts."""
    counting = con.execute("""
        select year from audit.register_year semi join audit.delivery
            on delivery.arrival = register_year.arrival and delivery.status = 'loaded'
        where register = ? and is_current and list_contains(?, year)
    """, [register, list(years)]).fetchall()  # fmt: skip
    if not counting:
        return {}
    listed = ", ".join(str(year) for (year,) in counting)
    rows = con.execute(f"""
        select aar, count(*), sum({content_hash(list(contracts()[register].columns))})
        from raw.{register} where aar in ({listed}) group by aar
    """).fetchall()  # fmt: skip
    return {year: Content(0, None) for (year,) in counting} | {year: Content(n, total) for year, n, total in rows}


def content_hash(columns: Sequence[str]) -> str:
    """SQL: a row's part in the fingerprint of a register-year; the key has its own hash, which the years share."""
    key, *values = columns
    return f"hash(hash({key}), {', '.join(values)})::hugeint"


def record_version(
    con: duckdb.DuckDBPyConnection, register: str, year: int | None, arrival: int, n_rows: int, is_current: bool = True
) -> None:
    """Record an arrival's version of a register-year; if it is current, no other version of that year is.

    A version equal to the current one does not become current: the rows in `raw` stay those of the earlier arrival.
    `same_since` is the first arrival in an unbroken series with the same content.
    """
    [(same_since,)] = con.execute(
        "select any_value(coalesce(same_since, arrival)) from audit.register_year "
        "where register = ? and year is not distinct from ? and if(?, arrival = ?, is_current)",
        [register, year, is_current, arrival],
    ).fetchall()
    con.execute(
        "delete from audit.register_year where register = ? and year is not distinct from ? and arrival = ?",
        [register, year, arrival],
    )
    if year is not None and is_current:
        retire_versions(con, register, year)
    con.execute(
        "insert into audit.register_year values (?, ?, ?, ?, ?, ?)",
        [register, year, arrival, n_rows, is_current, same_since or arrival],
    )


def retire_versions(con: duckdb.DuckDBPyConnection, register: str, year: int) -> None:
    """Let no arrival's version of a register-year be the current one."""
    con.execute("update audit.register_year set is_current = false where register = ? and year = ?", [register, year])


def refresh_current_persons(con: duckdb.DuckDBPyConnection) -> None:
    """Mark which versions of `faste_oppl` are current: those that still have a person in `raw`."""
    for register, contract in contracts().items():
        if contract.layout == "person":
            con.execute(f"""
                update audit.register_year set is_current = arrival in (select arrival from raw.{register})
                where register = '{register}'
            """)


def next_arrival(con: duckdb.DuckDBPyConnection) -> int:
    """The sequence number of the next delivery admitted."""
    return count(con, "select max(arrival) from audit.delivery")[0] + 1
