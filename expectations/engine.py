"""Great Expectations on DuckDB: the read-only connection, the one patch it needs, and the expectation it lacks.

No threshold and no table name belongs here.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import duckdb_engine
import sqlalchemy
from great_expectations.compatibility import pydantic
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from sqlalchemy.dialects import registry

from flows.home import SEEDS
from storage.warehouse import open_warehouse

SOURCE = "flyttepanel"
MEMORY_LIMIT = "2GB"  # a gate runs beside the caller; what does not fit spills to disk


class QueryFailed(RuntimeError):
    """The database refused a query; says the kind of error alone, since DuckDB's own text repeats values."""


class ExpectNoRows(UnexpectedRowsExpectation):
    """Holds when a query finds nothing.

    Stock `UnexpectedRowsExpectation` fetches up to 200 of the rows found and runs the query a second time to
    count them. This one counts alone: no row leaves the database, and the query runs once. It also takes a query
    that names its table: the stock placeholder puts a sub-select with an alias there, which breaks joins.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    @pydantic.validator("unexpected_rows_query")
    def _validate_query(cls, query: str) -> str:  # noqa: N805
        return query

    def _validate(
        self,
        metrics: Mapping[str, int],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, bool]:
        return {"success": metrics["unexpected_rows_query.row_count"] == 0}


def _execute_query(self: SqlAlchemyExecutionEngine, query: sqlalchemy.Executable) -> sqlalchemy.Result[Any]:
    """Run a query and hold its rows before the connection closes (great_expectations#10738).

    Raises:
        QueryFailed: in place of the driver's error, which may repeat a value from a row.
    """
    try:
        with self.get_connection() as connection:
            return self._execute_query_with_recovery(connection, query).freeze()()  # type: ignore[no-any-return]
    except (sqlalchemy.exc.DBAPIError, duckdb.Error) as error:
        cause = getattr(error, "orig", error)
        raise QueryFailed(f"query failed: {type(cause).__name__}") from None


SqlAlchemyExecutionEngine.execute_query = _execute_query  # type: ignore[method-assign]


class WarehouseDialect(duckdb_engine.Dialect):
    """SQLAlchemy's way to DuckDB, but for the connection, which is opened as everywhere, with a key if there is one."""

    supports_statement_cache = duckdb_engine.Dialect.supports_statement_cache

    def connect(self, *_cargs: Any, **cparams: Any) -> Any:
        """Called by SQLAlchemy for every connection, with what stands in the URL."""
        opened = open_warehouse(Path(cparams["database"]), read_only=True, config=settings())
        return duckdb_engine.ConnectionWrapper(opened)


registry.register("duckdb.warehouse", __name__, WarehouseDialect.__name__)


@contextmanager
def read_only_source(context: AbstractDataContext, database: Path) -> Iterator[SQLDatasource]:
    """Yield a data source on a DuckDB file; afterwards no connection to it is left to block a writer."""
    source: SQLDatasource = context.data_sources.add_or_update_sql(
        SOURCE, connection_string=f"duckdb+warehouse:///{database}", create_temp_table=False
    )
    try:
        yield source
    finally:
        source.get_execution_engine().engine.dispose()
        source.get_engine().dispose()


def settings() -> dict[str, str | bool | int | float | list[str]]:
    """DuckDB settings of a gate: suites read the public code lists by bare file name."""
    return {"file_search_path": str(SEEDS), "memory_limit": MEMORY_LIMIT}
