"""Rows that are twice in a file: exact copies are dropped, contradictions about a person quarantined or refused."""

import duckdb

from flows.load.checks import count
from flows.load.contract import KEY
from flows.load.faults import SHOWN_ROWS
from flows.load.findings import Checked
from storage.sql import identifier, literal


def check_duplicates(con: duckdb.DuckDBPyConnection, checked: Checked, allowed_share: float) -> None:
    """Drop exact copies of rows from `typed`, and allow only one row per person where the contract says so."""
    find_repeated(con, checked)
    if checked.file.contract.one_row_per == "person":
        quarantine_conflicts(con, checked, allowed_share)
    drop_copies(con, checked)
    con.execute("drop table repeated")


def find_repeated(con: duckdb.DuckDBPyConnection, checked: Checked) -> None:
    """Make `repeated(row, person, content)`: the rows that share their person, or their whole content, with others.

    Only these few rows are compared later. For the whole file only hashes are counted, so some of these rows may share
    nothing but a hash.
    """
    columns = ", ".join(identifier(source.name) for source in checked.columns)
    content = ", ".join(f"{literal(source.name)}: {identifier(source.name)}" for source in checked.columns)
    together = f"hash({KEY if checked.file.contract.one_row_per == 'person' else columns})"
    con.execute(f"""
        create or replace temp table repeated as
        with several as (select {together} as mark from typed group by all having count(*) > 1)
        select typed.rowid as row, {KEY} as person, {{{content}}} as content
        from typed where {together} in (select mark from several)
    """)


def quarantine_conflicts(con: duckdb.DuckDBPyConnection, checked: Checked, allowed_share: float) -> None:
    """Take the rows of persons with contradicting rows out of `typed` and `repeated`; many such persons are a fault."""
    con.execute("""
        create or replace temp table conflicting as
        select row from repeated
        where person in (select person from repeated group by person having count(distinct content) > 1)
    """)
    n_rows, n_persons, n_conflicting = count(con, """
        select (select count(*) from conflicting),
            (select count(*) from typed) - (select count(*) - count(distinct person) from repeated),
            (select count(distinct person) from repeated where row in (select row from conflicting))
    """)  # fmt: skip
    rows = [row for (row,) in con.execute("select row from conflicting order by row").fetchall()] if n_rows else []
    lines = checked.lines.numbers(rows)
    if n_conflicting > allowed_share * n_persons:
        message = "persons with contradicting rows; deliver one row per person"
        fault = checked.file.fault("conflicting_duplicate", message, KEY, lines[:SHOWN_ROWS], n_rows)
        checked.faults.append(fault)
    elif rows:
        checked.found(None, "conflicting_duplicate", "quarantined", n_rows)
        checked.quarantined += [(line, "conflicting_duplicate") for line in lines]
        con.execute("delete from typed where rowid in (select row from conflicting)")
        con.execute("delete from repeated where row in (select row from conflicting)")
    con.execute("drop table conflicting")


def drop_copies(con: duckdb.DuckDBPyConnection, checked: Checked) -> None:
    """Keep the first of rows that are equal in every known column."""
    con.execute("""
        create or replace temp table copies as
        select row from repeated
        qualify row_number() over (partition by content order by row) > 1
    """)
    [n_rows] = count(con, "select count(*) from copies")
    if n_rows:
        con.execute("delete from typed where rowid in (select row from copies)")
        checked.found(None, "exact_duplicate", "dropped", n_rows)
    con.execute("drop table copies")
