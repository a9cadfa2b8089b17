"""Rows of a checked file into `raw`, and which arrival is current in `audit.register_year`.

A later arrival replaces `faste_oppl` person by person, wide files a year column at a time, year files whole.
"""

from collections.abc import Iterable, Sequence

import duckdb

from flows.load.checks import count
from flows.load.contract import KEY, contracts
from flows.load.corrections import note_changed_constants, note_corrected
from flows.load.findings import Checked
from flows.load.header import SourceColumn
from flows.load.session import name


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
    """Replace the persons in `typed`, and leave all others as they are. Returns the rows placed."""
    table = f"raw.{checked.file.register}"
    note_changed_constants(con, checked)
    con.execute(f"delete from {table} where {KEY} in (select {KEY} from typed)")
    columns = ", ".join(f"{name(source.name)} as {source.raw}" for source in checked.columns)
    con.execute(f"insert into {table} by name select {columns}, ?::integer as arrival from typed", [arrival])
    return count(con, "select count(*) from typed")[0]


def place_years(con: duckdb.DuckDBPyConnection, arrival: int, checked: Checked, years: Sequence[int]) -> None:
    """Replace those of the given years that differ from the current version."""
    register, changed = checked.file.register, []
    for year in years:
        make_year(con, checked, year)
        [n_rows] = count(con, "select count(*) from of_year")
        is_new = not is_current_version(con, register, year)
        if is_new:
            note_corrected(con, checked, year)
        changed += [year] if is_new else []
        record_version(con, register, year, arrival, n_rows, is_new)
    if not changed:
        return
    con.execute(f"delete from raw.{register} where aar in ({', '.join(map(str, changed))})")
    rows = long_rows(checked, changed) if checked.file.contract.layout == "wide" else "from of_year"
    con.execute(f"insert into raw.{register} by name select *, ?::integer as arrival from ({rows})", [arrival])


def long_rows(checked: Checked, years: Sequence[int]) -> str:
    """SQL: the rows of several years of a wide file; a person's years together, which takes half the space."""
    structs = []
    for year in years:
        values = (f"'{source.raw}': {name(source.name)}" for source in of_year(checked.columns, year)[1:])
        structs.append(f"{{'aar': {year}::smallint, {', '.join(values)}}}")
    filled = " or ".join(f"{value} is not null" for value in checked.file.contract.values)
    return f"""
        from (select {KEY}, unnest([{", ".join(structs)}], recursive := true) from typed) where {filled}
    """


def make_year(con: duckdb.DuckDBPyConnection, checked: Checked, year: int) -> None:
    """Make the view `of_year`: the rows of `typed` as they will be in `raw`, but for the arrival."""
    is_wide = checked.file.contract.layout == "wide"
    columns = of_year(checked.columns, year) if is_wide else checked.columns
    chosen = ", ".join(f"{name(source.name)} as {source.raw}" for source in columns)
    filled = " or ".join(f"{name(source.name)} is not null" for source in columns if source.raw != KEY)
    con.execute(f"""
        create or replace temp view of_year as
        select {chosen}, {year}::smallint as aar from typed where {filled if is_wide else "true"}
    """)


def is_current_version(con: duckdb.DuckDBPyConnection, register: str, year: int) -> bool:
    """Whether `of_year` holds what a delivery that counts brought already and is current.

    Wide files are delivered whole again each year: only what is new or corrected in them is written again.
    """
    counting = con.execute("""
        select 1 from audit.register_year semi join audit.delivery
            on delivery.arrival = register_year.arrival and delivery.status = 'loaded'
        where register = ? and year = ? and is_current
    """, [register, year]).fetchone()  # fmt: skip
    columns = ", ".join(contracts()[register].columns)
    fingerprint = f"count(*) as n_rows, sum(hash({columns})::hugeint) as content"
    return bool(counting) and con.execute(f"""
        select new_version is not distinct from current_version
        from (select {fingerprint} from of_year) as new_version,
            (select {fingerprint} from raw.{register} where aar = {year}) as current_version
    """).fetchone() == (True,)  # fmt: skip


def record_version(
    con: duckdb.DuckDBPyConnection, register: str, year: int | None, arrival: int, n_rows: int, is_current: bool = True
) -> None:
    """Write down an arrival's version of a register-year; if it is current, no other is.

    A version equal to the current one does not become current: the rows in `raw` stay those of the earlier arrival.
    """
    con.execute(
        "delete from audit.register_year where register = ? and year is not distinct from ? and arrival = ?",
        [register, year, arrival],
    )
    if year is not None and is_current:
        retire_versions(con, register, year)
    con.execute("insert into audit.register_year values (?, ?, ?, ?, ?)", [register, year, arrival, n_rows, is_current])


def retire_versions(con: duckdb.DuckDBPyConnection, register: str, year: int) -> None:
    """No arrival's version of a register-year is the current one."""
    con.execute("update audit.register_year set is_current = false where register = ? and year = ?", [register, year])


def refresh_current_persons(con: duckdb.DuckDBPyConnection) -> None:
    """A version of `faste_oppl` is current while it still has a person in `raw`."""
    for register, contract in contracts().items():
        if contract.layout == "person":
            con.execute(f"""
                update audit.register_year set is_current = arrival in (select arrival from raw.{register})
                where register = '{register}'
            """)


def next_arrival(con: duckdb.DuckDBPyConnection) -> int:
    """The sequence number of the next delivery admitted."""
    return count(con, "select max(arrival) from audit.delivery")[0] + 1
