"""What a gate needs from an engine, and Great Expectations on DuckDB: connection, the one patch it needs, the
expectation it lacks. For Spark, see `expectations/spark.py`.

No threshold and no table name belongs here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol

import duckdb
import duckdb_engine
import sqlalchemy
from great_expectations.compatibility import pydantic
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from sqlalchemy.dialects import registry

from expectations.dialect import DUCKDB_WORDS
from expectations.suite_files import Suite
from flows.home import SEEDS
from storage.warehouse import open_warehouse

SOURCE = "flyttepanel"

WholeTable = Callable[[Suite], BatchDefinition[Any]]


class QueryFailed(RuntimeError):
    """The database refused a query; says only the kind of error, because DuckDB's own text repeats values."""


class ExpectNoRows(UnexpectedRowsExpectation):
    """Holds when a query finds nothing.

    Stock `UnexpectedRowsExpectation` fetches up to 200 of the rows found and runs the query a second time to
    count them. This one only counts: no row leaves the database, and the query runs once. It also accepts a query
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
    """Run a query and fetch its rows before the connection closes (great_expectations#10738).

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
    """SQLAlchemy's dialect for DuckDB, but connections are opened as everywhere else, with a key if there is one."""

    supports_statement_cache = duckdb_engine.Dialect.supports_statement_cache

    def connect(self, *_cargs: Any, **cparams: Any) -> Any:
        """Called by SQLAlchemy for every connection, with the parts of the URL."""
        opened = open_warehouse(Path(cparams["database"]), read_only=True, config=settings())
        return duckdb_engine.ConnectionWrapper(opened)


registry.register("duckdb.warehouse", __name__, WarehouseDialect.__name__)


class Engine(Protocol):
    """Where the tables of a gate are, and how they are queried."""

    words: ClassVar[Mapping[str, Any]]
    errors_hold_no_values: ClassVar[bool]

    def tables(self) -> set[str]:
        """Tables and views, as schema.name."""

    def source(self, context: AbstractDataContext) -> AbstractContextManager[WholeTable]:
        """A data source of Great Expectations: yields the function that defines the batch of a suite's table."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""


class DuckDBFile:
    """A DuckDB file, read only.

    The file must not be named after one of its schemas: in `results.duckdb`, `results.fit` is ambiguous to DuckDB.
    """

    words: ClassVar[Mapping[str, Any]] = DUCKDB_WORDS
    errors_hold_no_values: ClassVar[bool] = True

    def __init__(self, database: Path):
        self.database = database

    def tables(self) -> set[str]:
        """Tables and views, as schema.name."""
        rows = self.rows(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database()"
        )
        return {f"{schema}.{name}" for schema, name in rows}

    @contextmanager
    def source(self, context: AbstractDataContext) -> Iterator[WholeTable]:
        """A data source on the file; afterwards no connection stays open that could block a writer."""
        source: SQLDatasource = context.data_sources.add_or_update_sql(
            SOURCE, connection_string=f"duckdb+warehouse:///{self.database}", create_temp_table=False
        )

        def whole_table(suite: Suite) -> BatchDefinition[Any]:
            schema, table = suite.table.split(".")
            asset = source.add_table_asset(suite.name, table_name=table, schema_name=schema)
            return asset.add_batch_definition_whole_table("whole")

        try:
            yield whole_table
        finally:
            source.get_execution_engine().engine.dispose()
            source.get_engine().dispose()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with open_warehouse(self.database, read_only=True, config=settings()) as connection:
            return connection.sql(sql).fetchall()


def settings() -> dict[str, str | bool | int | float | list[str]]:
    """DuckDB settings of a gate: suites read the public code lists by bare file name."""
    return {"file_search_path": str(SEEDS)}
