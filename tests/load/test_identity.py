"""Identity numbers: the SQL check against a plain reference, and the shares that decide about a column."""

from collections.abc import Iterator
from itertools import islice

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.load.identity import IDENTITY_NUMBER_MACRO
from tests.deliveries import FASTE, change, repeated, write_files
from tests.load.conftest import Warehouse


def is_identity_number(value: str) -> bool:
    """Folkeregisteret's rules, with D-, H- and synthetic numbers, written independently of the SQL."""
    if len(value) != 11 or any(digit not in "0123456789" for digit in value):
        return False
    day, month = int(value[:2]), int(value[2:4])
    if day % 40 not in range(1, 32) or day > 71:
        return False
    if not any(1 <= month - shift <= 12 for shift in (0, 40, 65, 80)):
        return False
    digits = [int(digit) for digit in value]
    first = -sum(weight * digit for weight, digit in zip((3, 7, 6, 1, 8, 9, 4, 5, 2), digits, strict=False)) % 11
    second = -sum(weight * digit for weight, digit in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), digits, strict=False)) % 11
    return digits[9:] == [first, second]


def with_control_digits(stem: str) -> str | None:
    """The identity number of nine digits; None if it has none."""
    candidates = (f"{stem}{control:02d}" for control in range(100))
    return next((candidate for candidate in candidates if is_identity_number(candidate)), None)


def identity_numbers(count: int) -> list[str]:
    """So many identity numbers, all synthetic."""
    candidates = (with_control_digits(f"01819{serial:04d}") for serial in range(10_000))
    return list(islice(filter(None, candidates), count))


def other_numbers(count: int) -> list[str]:
    """So many 11-digit pseudonyms that are no identity numbers."""
    return [f"99{serial:09d}" for serial in range(count)]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(IDENTITY_NUMBER_MACRO)
        yield connection


days = st.integers(1, 31).flatmap(lambda day: st.sampled_from([day, day + 40]))
months = st.integers(1, 12).flatmap(lambda month: st.sampled_from([month, month + 40, month + 65, month + 80]))
dated = st.builds(lambda day, month, rest: f"{day:02d}{month:02d}{rest:07d}", days, months, st.integers(0, 9_999_999))
controlled = dated.map(lambda value: with_control_digits(value[:9]) or value)


@given(values=st.lists(controlled | dated | st.from_regex(r"[0-9]{9,12}", fullmatch=True) | st.text(), min_size=1))
@example(values=["01019010046", "41019010046", "00019010046", "0101901004", "010190100460", "O1019010046"])
@example(values=["٠1019010046", "-1019010046", "+1019010046", "1019010046.", " 1019010046"])
def test_the_sql_agrees_with_the_reference(con: duckdb.DuckDBPyConnection, values: list[str]) -> None:
    found = con.execute("select list_transform(?::varchar[], lambda v: is_identity_number(v))", [values]).fetchone()
    assert found == ([is_identity_number(value) for value in values],)


def test_there_are_identity_numbers_of_every_kind(con: duckdb.DuckDBPyConnection) -> None:
    for stem in ("010190100", "410190100", "014190100", "016690100", "018190100", "418190100"):
        number = next(filter(None, (with_control_digits(f"{stem[:6]}{serial:03d}") for serial in range(1000))))
        assert con.execute("select is_identity_number(?)", [number]).fetchone() == (True,)


def persons(warehouse: Warehouse, keys: list[str]) -> None:
    """A delivery of `faste_oppl` with these keys."""
    times = len(keys) // 3 + 1
    table = {name: list(values)[: len(keys)] for name, values in repeated(FASTE, times).items()}
    write_files(warehouse.landing / "d1", faste_oppl=change(table, lopenr_person=keys))


def test_a_chance_share_of_eleven_digit_pseudonyms_may_pass(warehouse: Warehouse) -> None:
    persons(warehouse, identity_numbers(5) + other_numbers(995))
    [loaded] = warehouse.load()
    assert loaded.n_rows == 1000


def test_more_than_the_chance_share_is_refused(warehouse: Warehouse) -> None:
    persons(warehouse, identity_numbers(6) + other_numbers(994))
    [fault] = warehouse.refused()
    assert (fault.rule, fault.column, fault.n_rows) == ("identity_number", "lopenr_person", 6)
    assert fault.row_numbers == (2, 3, 4, 5, 6)


def test_a_single_one_among_pseudonyms_of_another_length_is_refused(warehouse: Warehouse) -> None:
    persons(warehouse, identity_numbers(1) + [f"p{serial}" for serial in range(999)])
    [fault] = warehouse.refused()
    assert fault.n_rows == 1


def test_shorter_numbers_are_not_padded_to_identity_numbers(warehouse: Warehouse) -> None:
    persons(warehouse, [number[1:] for number in identity_numbers(30)])
    assert len(warehouse.load()) == 1
