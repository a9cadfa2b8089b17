"""How a delivered text becomes a typed value, as SQL: forms that are known, repairs that are counted.

Each function returns SQL expressions on a text expression that is trimmed and NULL where missing. A value of no known
form becomes NULL; `kept` keeps something else of it where the contract says so.
"""

from collections.abc import Collection

from flows.load.contract import Column
from storage.sql import literal

PLAIN_DATE = "regexp_full_match({x}, '[0-9]{{8}}')"
WITH_DECIMALS = "regexp_full_match({x}, '[0-9]+[.]0+')"


def typed(column: Column, x: str) -> str:
    """The typed value."""
    if column.kind == "key":
        return x
    if column.kind == "date":
        return typed_date(x)
    if column.kind == "month":
        return typed_month(x)
    if column.kind == "integer":
        return f"case when regexp_full_match({whole(x)}, '[0-9]{{1,4}}') then {whole(x)}::smallint end"
    return typed_digits(column, x) if column.digits else typed_listed(column, x)


def kept(column: Column, x: str, unknown_municipality: str) -> str:
    """The typed value that is kept. One that cannot be read is what the contract says: missing, unknown, or itself.

    A readable municipality code that is on no list is unknown too: it stays, and the panel excludes it by the
    classification.
    """
    value = typed(column, x)
    if column.unreadable == "unknown_municipality":
        return f"coalesce({value}, case when {x} is not null then {literal(unknown_municipality)} end)"
    return f"coalesce({value}, {x})" if column.unreadable == "kept" else value


# Repairs that `plainly_typed` can make too.
PLAIN_REPAIRS = {"leading_zeros"}


def plainly_typed(column: Column, x: str, repaired: Collection[str]) -> str:
    """The typed value if all texts of a column have a known form and need no repair but `repaired`: far less work."""
    if "leading_zeros" in repaired:
        return f"lpad({x}, {column.digits}, '0')"
    conversions = {"date": f"strptime({x}, '%Y%m%d')::date", "month": f"{x}::integer", "integer": f"{x}::smallint"}
    return conversions.get(column.kind, x)


def whole(x: str) -> str:
    """The digits of a number that another program wrote as `2015.0`; everything else unchanged."""
    return rf"regexp_replace({x}, '^([0-9]+)[.]0+$', '\1')"


def without_decimals(x: str) -> str:
    """The digits of a whole number that was written as `7.0` or `7,0`; only the few values with either are matched."""
    return (
        rf"case when {x} like '%.%' or {x} like '%,%' then regexp_replace({x}, '^([0-9]+)[.,]0*$', '\1') else {x} end"
    )


def typed_digits(column: Column, x: str) -> str:
    """A code with a fixed number of digits; leading zeros are put back."""
    right = f"regexp_full_match({x}, '[0-9]{{{column.digits}}}')"
    nearly = f"regexp_full_match({whole(x)}, '[0-9]{{{column.least_digits},{column.digits}}}')"
    return f"case when {right} then {x} when {nearly} then lpad({whole(x)}, {column.digits}, '0') end"


def typed_listed(column: Column, x: str) -> str:
    """A code of a list, in the list's own case.

    Not `in (…)`: DuckDB turns a long list into a join, after which rows are no longer in the file's order.
    """
    allowed = ", ".join(literal(code) for code in column.allowed)
    cases = "".join(f" when {literal(code.lower())} then {literal(code)}" for code in column.allowed)
    return f"case when list_contains([{allowed}], {x}) then {x} else case lower({whole(x)}){cases} end end"


def typed_date(x: str) -> str:
    """A date from 20150314 (also with `.0`), 14.03.2015, or 2015-03-14 (also with midnight as its time)."""
    return f"""case
        when {PLAIN_DATE.format(x=x)} then try_strptime({x}, '%Y%m%d')
        when {WITH_DECIMALS.format(x=x)} then try_strptime({whole(x)}, '%Y%m%d')
        when regexp_full_match({x}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}( 00:00(:00([.]0*)?)?)?')
            then try_strptime(left({x}, 10), '%Y-%m-%d')
        when regexp_full_match({x}, '[0-9]{{1,2}}[.][0-9]{{1,2}}[.][0-9]{{4}}') then try_strptime({x}, '%d.%m.%Y')
        end::date"""


def typed_month(x: str) -> str:
    """A month as the integer YYYYMM, from 201503, 2015-03, or anything that is a date."""
    digits = f"""case
        when regexp_full_match({whole(x)}, '[0-9]{{6}}') then {whole(x)}::integer
        when regexp_full_match({x}, '[0-9]{{4}}-[0-9]{{2}}') then replace({x}, '-', '')::integer
        else (year({typed_date(x)}) * 100 + month({typed_date(x)}))::integer end"""
    return f"case when ({digits}) % 100 between 1 and 12 then {digits} end"


def repairs(column: Column, x: str) -> dict[str, str]:
    """SQL conditions, by rule, for values that are delivered in another form and still understood."""
    decimals = {"decimal_point": WITH_DECIMALS.format(x=x)}
    if column.kind == "key":
        return {}
    if column.kind == "integer":
        return decimals
    if column.kind == "date":
        return decimals | {"date_format": f"not {PLAIN_DATE.format(x=x)} and not {decimals['decimal_point']}"}
    if column.kind == "month":
        plain = f"regexp_full_match({x}, '[0-9]{{6}}')"
        return decimals | {"date_format": f"not {plain} and not {decimals['decimal_point']}"}
    if column.digits:
        return decimals | {"leading_zeros": f"length({whole(x)}) < {column.digits}"}
    return decimals | {"letter_case": f"{x} <> {typed(column, x)} and not {decimals['decimal_point']}"}


def form_rule(column: Column) -> tuple[str, str]:
    """The rule that a value of no known form breaks, and what to do about it."""
    if column.kind == "date":
        return "date_form", "values that are no date; expected YYYYMMDD, DD.MM.YYYY or YYYY-MM-DD"
    if column.kind == "month":
        return "month_form", "values that are no month; expected YYYYMM"
    if column.kind == "integer":
        return "integer_form", "values that are no small whole number"
    if column.digits:
        return "code_form", f"values that are no code of {column.digits} digits"
    return "unknown_code", f"codes that are not in the list: {', '.join(column.allowed)}"
