"""Rows of a checked file into `raw`, and which arrival is current in `audit.register_year`.

A later arrival replaces `faste_oppl` person by person, wide files a year column at a time, year files whole.
"""

from collections.abc import Iterable, Sequence

import duckdb

from flows.load.checks import count
from flows.load.contract import KEY, contracts
from flows.load.findings import Checked
from flows.load.header import SourceColumn
from flows.load.session import name


def place(con: duckdb.DuckDBPyConnection, arrival: int, checked: Checked, years: Iterable[int | None]) -> None:
    """Put the rows of `typed` that belong to the given years (None: faste_oppl) in place of what is in `raw`."""
    layout = checked.file.contract.layout
    for year in years:
        if layout == "person":
            n_rows = place_persons(con, arrival, checked)
        elif layout == "wide":
            n_rows = place_year(con, arrival, checked, year, of_year(checked.columns, year), only_filled=True)
        else:
            n_rows = place_year(con, arrival, checked, year, checked.columns, only_filled=False)
        record_version(con, checked.file.register, year, arrival, n_rows)


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
    con.execute(f"delete from {table} where {KEY} in (select {KEY} from typed)")
    columns = ", ".join(f"{name(source.name)} as {source.raw}" for source in checked.columns)
    con.execute(f"insert into {table} by name select {columns}, ?::integer as arrival from typed", [arrival])
    refresh_current_persons(con)
    return count(con, "select count(*) from typed")[0]


def place_year(
    con: duckdb.DuckDBPyConnection,
    arrival: int,
    checked: Checked,
    year: int | None,
    columns: Sequence[SourceColumn],
    only_filled: bool,
) -> int:
    """Replace one year of a register. Returns the rows placed."""
    table = f"raw.{checked.file.register}"
    chosen = ", ".join(f"{name(source.name)} as {source.raw}" for source in columns)
    filled = " or ".join(f"{name(source.name)} is not null" for source in columns if source.raw != KEY)
    con.execute(f"delete from {table} where aar = ?", [year])
    con.execute(
        f"insert into {table} by name select {chosen}, ?::smallint as aar, ?::integer as arrival "
        f"from typed where {filled if only_filled else 'true'}",
        [year, arrival],
    )
    row = con.execute(f"select count(*) from {table} where aar = ?", [year]).fetchone()
    return int(row[0]) if row else 0


def record_version(con: duckdb.DuckDBPyConnection, register: str, year: int | None, arrival: int, n_rows: int) -> None:
    """Make an arrival's version of a register-year the current one; persons of earlier ones may stay current too."""
    con.execute(
        "delete from audit.register_year where register = ? and year is not distinct from ? and arrival = ?",
        [register, year, arrival],
    )
    if year is not None:
        con.execute(
            "update audit.register_year set is_current = false where register = ? and year = ?", [register, year]
        )
    con.execute("insert into audit.register_year values (?, ?, ?, ?, true)", [register, year, arrival, n_rows])


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
