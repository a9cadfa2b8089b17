"""The checks of a file's values, each on the temporary table `delivered` (text) or `typed`, all in SQL.

Each function appends faults and findings to the `Checked` it is given. A share of wrong values above the study's
threshold is a fault. Below it the values are counted, and emptied or kept as the contract says.
"""

from collections.abc import Sequence

import duckdb

from flows.load.contract import KEY
from flows.load.faults import SHOWN_ROWS
from flows.load.findings import Checked
from flows.load.forms import (
    PLAIN_REPAIRS,
    WITH_DECIMALS,
    form_rule,
    kept,
    plainly_typed,
    repairs,
    typed,
    whole,
    without_decimals,
)
from flows.load.header import SourceColumn
from flows.load.identity import holds_identity_numbers, identity_conditions, identity_counts
from models_py.study import Load
from storage.sql import identifier

LONGEST_KEY = 20
# Every whole number of up to this many digits has its own double.
DIGITS_OF_DOUBLE = 15
# A column may well be wholly missing among a handful of persons; in a register it means that something went wrong.
FEWEST_ROWS_TO_JUDGE = 30


def first_rows(con: duckdb.DuckDBPyConnection, checked: Checked, table: str, condition: str) -> tuple[int, ...]:
    """Line numbers of the first rows of `delivered` or `typed` for which an SQL condition holds."""
    rows = con.execute(f"select rowid from {table} where {condition} order by rowid limit {SHOWN_ROWS}").fetchall()
    return checked.lines.numbers(row for (row,) in rows)


def count(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    """The counts in a query's one row; NULL as 0."""
    row = con.execute(query).fetchone() or ()
    return tuple(int(value or 0) for value in row)


def check_identity(
    con: duckdb.DuckDBPyConnection, checked: Checked, name: str, value: str, counts: Sequence[int], limits: Load
) -> None:
    """Refuse identity numbers in a column of `delivered`; `value`: its SQL, `counts`: see `holds_identity_numbers`."""
    if holds_identity_numbers(counts, limits.identity_number_share):
        _, condition = identity_conditions(value)
        rows = first_rows(con, checked, "delivered", condition)
        message = "identity numbers; deliver pseudonyms only, and delete this file from landing"
        checked.faults.append(checked.file.fault("identity_number", message, name, rows, counts[-1]))


def check_key(con: duckdb.DuckDBPyConnection, checked: Checked, key: SourceColumn, limits: Load) -> None:
    """Refuse identity numbers, keys longer than a pseudonym or rounded, and rows without a person key.

    Mandatory keys must be filled.
    """
    column = identifier(key.name)
    decimals = f"(contains({column}, '.') and {WITH_DECIMALS.format(x=column)})"
    number = without_decimals(column)
    conditions = {
        "long_key": (f"length({column}) > {LONGEST_KEY}", f"keys longer than {LONGEST_KEY} characters"),
        "rounded_key": (
            f"contains({column}, '+') and regexp_full_match({column}, '[0-9]([.][0-9]+)?[eE][+][0-9]+')"
            f" or {decimals} and length(split_part({column}, '.', 1)) > {DIGITS_OF_DOUBLE}",
            "keys written as numbers that have lost digits; deliver them as text or whole numbers",
        ),
    }
    if key.raw == KEY:
        conditions["missing_key"] = (f"{column} is null", "rows without a person key; deliver every row with its key")
    counts = ", ".join(
        [
            *identity_counts(number),
            f"count(*) filter ({decimals})",
            *(f"count(*) filter ({condition})" for condition, _ in conditions.values()),
        ]
    )
    n_filled, n_eleven, n_passing, n_decimals, *found = count(con, f"select count({column}), {counts} from delivered")
    n_wrong = dict(zip(conditions, found, strict=True))
    if 0 < n_decimals == n_filled and not n_wrong["rounded_key"]:
        # Some programs write whole numbers as `7.0` if the column has a missing one. Such keys would match nobody.
        con.execute(f"update delivered set {column} = {whole(column)} where {decimals}")
        checked.found(key, "decimal_point", "repaired", n_decimals)
        return check_key(con, checked, key, limits)
    check_filled(checked, key, n_filled)
    check_identity(con, checked, key.name, number, (n_filled, n_eleven, n_passing), limits)
    for rule, (condition, message) in conditions.items():
        if n_wrong[rule]:
            rows = first_rows(con, checked, "delivered", condition)
            checked.faults.append(checked.file.fault(rule, message, key.name, rows, n_wrong[rule]))


def check_unknown(con: duckdb.DuckDBPyConnection, checked: Checked, name: str, limits: Load) -> None:
    """Refuse identity numbers in a column that the contract does not know, also inside a text; then drop the column."""
    column = identifier(name)
    together = f"regexp_replace({without_decimals(column)}, '([0-9])[ ./-]([0-9])', '\\1\\2', 'g')"
    digits = f"regexp_extract({together}, '(?:^|[^0-9])([0-9]{{11}})(?:[^0-9]|$)', 1)"
    counts = count(con, f"select count({column}), {', '.join(identity_counts(digits))} from delivered")
    check_identity(con, checked, name, digits, counts, limits)
    con.execute(f"alter table delivered drop column {column}")


def check_filled(checked: Checked, source: SourceColumn, n_filled: int) -> None:
    """Refuse a mandatory column without values, or one filled in too few rows; note an optional one without values."""
    if checked.n_rows < FEWEST_ROWS_TO_JUDGE:
        return
    least = source.column.least_filled or 0
    if not n_filled and not source.column.mandatory:
        checked.found(source, "empty_column", "noted", checked.n_rows)
    elif not n_filled:
        message = "no value in the whole column; deliver it filled"
        checked.faults.append(checked.file.fault("all_missing", message, source.name, n_rows=checked.n_rows))
    elif n_filled < least * checked.n_rows:
        message = f"fewer than {least:.0%} of the rows have a value; deliver the column filled"
        fault = checked.file.fault("mostly_missing", message, source.name, n_rows=checked.n_rows - n_filled)
        checked.faults.append(fault)


def check_form(con: duckdb.DuckDBPyConnection, checked: Checked, source: SourceColumn, limits: Load) -> None:
    """Every value has a known form, and none is an identity number; what was repaired is counted.

    Works on the distinct values of the column.
    """
    column, value = identifier(source.name), typed(source.column, "x")
    rules = repairs(source.column, "x")
    repaired = "".join(f", sum(n) filter (value is not null and ({rule}))" for rule in rules.values())
    eleven, passing = identity_conditions("x")
    n_filled, n_eleven, n_passing, n_wrong, *n_repaired = count(con, f"""
        with tally as (select {column} as x, count(*) as n from delivered where {column} is not null group by all)
        select
            sum(n), sum(n) filter ({eleven}), sum(n) filter ({passing}), sum(n) filter (value is null) {repaired}
        from (select x, n, {value} as value from tally)
    """)  # fmt: skip
    check_identity(con, checked, source.name, column, (n_filled, n_eleven, n_passing), limits)
    check_filled(checked, source, n_filled)
    repaired_by = {rule for rule, n_rows in zip(rules, n_repaired, strict=True) if n_rows}
    if not n_wrong and repaired_by <= PLAIN_REPAIRS:
        checked.plain[source.name] = repaired_by
    for rule, n_rows in zip(rules, n_repaired, strict=True):
        checked.found(source, rule, "repaired", n_rows)
    rule, message = form_rule(source.column)
    if n_wrong > limits.form_error_share * n_filled:
        condition = f"{column} is not null and ({typed(source.column, column)}) is null"
        rows = first_rows(con, checked, "delivered", condition)
        checked.faults.append(checked.file.fault(rule, message, source.name, rows, n_wrong))
    else:
        checked.found(source, rule, "noted", n_wrong)


def make_typed(con: duckdb.DuckDBPyConnection, checked: Checked, unknown_municipality: str) -> None:
    """Turn `delivered` into `typed`: the same rows in the same order, values repaired and typed."""
    values = {source.name: typed_value(checked, source, unknown_municipality) for source in checked.columns}
    con.execute("drop table if exists typed")
    if all(value == identifier(column) for column, value in values.items()):
        con.execute("alter table delivered rename to typed")
        return
    columns = ", ".join(f"{value} as {identifier(column)}" for column, value in values.items())
    con.execute(f"create temp table typed as select {columns} from delivered")
    con.execute("drop table delivered")


def typed_value(checked: Checked, source: SourceColumn, unknown_municipality: str) -> str:
    """SQL: the typed value of a column of `delivered`, with as little work as the findings of `check_form` allow."""
    value = identifier(source.name)
    repaired = checked.plain.get(source.name)
    if repaired is None:
        return kept(source.column, value, unknown_municipality)
    return plainly_typed(source.column, value, repaired)


def check_rules(con: duckdb.DuckDBPyConnection, checked: Checked, limits: Load, this_year: int) -> None:
    """Check the contract's rules and notes about the values of a row."""
    sources = {source.raw: source for source in checked.columns}
    known = {"first_birth_year": limits.first_birth_year, "this_year": this_year, "year": checked.year}
    for rule in checked.file.contract.rules:
        condition, source = rule.violated.format(**known), sources[rule.column]
        [n_rows] = count(con, f"select count(*) filter ({condition}) from typed")
        allowed = limits.form_error_share if rule.refused_above is None else rule.refused_above
        if n_rows > allowed * checked.n_rows:
            rows = first_rows(con, checked, "typed", condition)
            checked.faults.append(checked.file.fault(rule.name, rule.advice, source.name, rows, n_rows))
        else:
            if n_rows and rule.empties:
                con.execute(f"update typed set {identifier(source.name)} = null where {condition}")
            checked.found(source, rule.name, "noted", n_rows)
    for note in checked.file.contract.notes:
        [n_rows] = count(con, f"select count(*) filter ({note.violated.format(**known)}) from typed")
        checked.found(sources[note.column], note.name, "noted", n_rows)
