"""The private call that `expectations/engine.py` patches: these tests fail when another Great Expectations moves it."""

import inspect
from pathlib import Path

import duckdb
import great_expectations
import pytest
import sqlalchemy
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine

from expectations import engine


@pytest.fixture
def execution_engine(tmp_path: Path) -> SqlAlchemyExecutionEngine:
    path = tmp_path / "small.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE word AS SELECT unnest(['one', 'two', 'three']) AS word")
    return SqlAlchemyExecutionEngine(
        connection_string=f"duckdb:///{path}", connect_args={"read_only": True}, create_temp_table=False
    )


def test_pinned_version() -> None:
    assert great_expectations.__version__ == "1.24.1"


def test_patched_call_is_the_one_that_is_called() -> None:
    assert SqlAlchemyExecutionEngine.execute_query is engine._execute_query
    assert list(inspect.signature(SqlAlchemyExecutionEngine._execute_query_with_recovery).parameters) == [
        "connection",
        "query",
    ]


def test_rows_outlive_the_connection(execution_engine: SqlAlchemyExecutionEngine) -> None:
    rows = execution_engine.execute_query(sqlalchemy.text("SELECT word FROM word ORDER BY word"))
    execution_engine.engine.dispose()
    assert [row.word for row in rows.fetchall()] == ["one", "three", "two"]


def test_errors_do_not_repeat_values(execution_engine: SqlAlchemyExecutionEngine) -> None:
    with pytest.raises(engine.QueryFailed) as caught:
        execution_engine.execute_query(sqlalchemy.text("SELECT word::INTEGER FROM word"))
    assert str(caught.value) == "query failed: ConversionException"
    assert caught.value.__suppress_context__
