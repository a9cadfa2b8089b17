"""Municipality codes against the classification of their own date.

A code that is not valid on its date is counted and stays in the data. Many of them in a year mean that the file is
coded in another year's classification: the whole file is refused. Persons are never excluded one by one for this.
"""

import duckdb

from flows.load.checks import count, first_rows
from flows.load.findings import Checked
from flows.load.header import SourceColumn
from models_py.study import Geography, Load
from storage.sql import identifier, literal


def check_municipality(
    con: duckdb.DuckDBPyConnection, checked: Checked, source: SourceColumn, geography: Geography, limits: Load
) -> None:
    """Count the invalid codes of a column of `typed`; refuse the file above the study's share."""
    invalid = invalid_condition(source, geography)
    # There are few codes and many rows, so each code is looked up once with each combination of its dates.
    # (Materialised: otherwise DuckDB would look up every row, and count afterwards.)
    tally = f"select {', '.join(told_by(source))}, count(*) as n from typed group by all"
    n_filled, n_invalid = count(con, f"""
        with tally as materialized ({tally})
        select (select sum(n) from tally where {identifier(source.name)} is not null),
            (select sum(n) from tally where {invalid})
    """)  # fmt: skip
    if n_invalid > limits.invalid_municipality_share * n_filled:
        message = "coded in another year's classification; deliver codes as they were valid on their date"
        rows = first_rows(con, checked, "typed", invalid)
        checked.faults.append(checked.file.fault("municipality_classification", message, source.name, rows, n_invalid))
    else:
        checked.found(source, "invalid_municipality", "noted", n_invalid)


def invalid_condition(source: SourceColumn, geography: Geography) -> str:
    """SQL: the code is neither unknown nor outside the mainland, and valid on none of its dates."""
    code = identifier(source.name)
    unknown = ", ".join(literal(listed) for listed in geography.unknown_codes)
    outside = ", ".join(literal(prefix) for prefix in geography.not_mainland_prefixes)
    valid = " or ".join(f"({date}) >= valid_from and ({date}) < valid_to" for date in dates(source))
    known = " or ".join(f"({date}) is not null" for date in dates(source))
    return (
        f"({code} is not null and {code} not in ({unknown}) and left({code}, 2) not in ({outside}) and ({known}) "
        f"and not exists (select 1 from municipality_code where municipality_code = {code} and ({valid})))"
    )


def told_by(source: SourceColumn) -> list[str]:
    """The columns that decide whether a code is valid: its own and those of its dates."""
    beside = [] if source.column.valid_on else source.column.valid_on_columns
    return [identifier(column) for column in (source.name, *beside)]


def dates(source: SourceColumn) -> list[str]:
    """SQL dates on which the code may be valid: of the year, or of the event and its registration.

    The day before an event counts too: on the day of a reform people leave municipalities that no longer exist.
    """
    if source.column.valid_on:
        return [f"date '{source.year}-{source.column.valid_on}'"]
    columns = [identifier(column) for column in source.column.valid_on_columns]
    return [*columns, *(f"{column} - 1" for column in columns)]
