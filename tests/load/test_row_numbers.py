"""A row's number in `typed` is its number in the file: what makes `typed` must leave DuckDB's rows in their order."""

import duckdb
import pytest

from flows.load.contract import contracts
from flows.load.forms import plainly_typed, typed
from storage.sql import identifier


@pytest.mark.parametrize("register", contracts())
def test_no_form_takes_a_join(register: str) -> None:
    """A scan and a projection keep the order. A join does not, and DuckDB makes one of `in` with a list of six."""
    columns = contracts()[register].columns
    declared = ", ".join(f"{identifier(column)} varchar" for column in columns)
    forms = [typed(column, identifier(raw)) for raw, column in columns.items()]
    forms += [plainly_typed(column, identifier(raw), ()) for raw, column in columns.items()]
    with duckdb.connect() as con:
        con.execute(f"create table delivered ({declared})")
        [(_, plan)] = con.execute(f"explain select {', '.join(forms)} from delivered").fetchall()
    assert "PROJECTION" in plan
    assert "JOIN" not in plan
