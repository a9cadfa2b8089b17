"""The declaration of a table: columns, types, key and privacy, and the SQL and Arrow types that follow from them.

Belongs here: the form of a declaration. Does not belong here: the declarations themselves (`tables`), or any data.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from storage.sql import literal

# metadata: about the release. statement: text of the specification. estimate: from a model of many persons.
# controlled_count: counts of persons, published only after disclosure control.
Privacy = Literal["metadata", "statement", "estimate", "controlled_count"]
SqlType = Literal["VARCHAR", "BOOLEAN", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE", "TIMESTAMPTZ"]

ARROW_TYPES: dict[SqlType, pa.DataType] = {
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column. If it is `nullable`, the description says what NULL means."""

    name: str
    sql_type: SqlType
    description: str
    nullable: bool = False

    def or_null(self, meaning: str) -> "TableColumn":
        """The same column, but nullable, with the meaning of NULL added to its description."""
        return TableColumn(self.name, self.sql_type, f"{self.description} {meaning}", nullable=True)


# Columns that several tables share, described once.
RUN_ID = TableColumn("run_id", "VARCHAR", "The release the row belongs to.")
MODEL = TableColumn("model", "VARCHAR", "pooled or random_effects.")
GROUP = TableColumn("population_group", "VARCHAR", "immigrant, norwegian_born (to two immigrant parents) or native.")
CENTRALITY = TableColumn("centrality", "VARCHAR", "Class of the municipality of residence, 1 most central, to 5*.")
OUTCOME = TableColumn("outcome", "VARCHAR", "stay, internal_move or emigration, within the year.")
MODELLED_OUTCOME = TableColumn("outcome", "VARCHAR", "internal_move or emigration, against stay.")
TERM = TableColumn("term", "VARCHAR", "Model term as in study.yml.")
LEVEL = TableColumn("level", "VARCHAR", "Level of a categorical term, otherwise empty.")
STD_ERROR = TableColumn("std_error", "DOUBLE", "Standard error (models.covariance in study.yml); delta if derived.")
CI_LOW = TableColumn("ci_low", "DOUBLE", "Lower end of the 95 % interval (models.confidence_level in study.yml).")
CI_HIGH = TableColumn("ci_high", "DOUBLE", "Upper end of the 95 % interval.")
OF_REFERENCE = "NULL for reference levels."
HYPOTHESIS_ID = TableColumn("hypothesis_id", "VARCHAR", "Identifier in study.yml; H1a to H6b are those of Table 2.")


@dataclass(frozen=True, slots=True)
class Table:
    """A published table. `key` identifies a row within a release; `columns` are all columns except `run_id`."""

    name: str
    description: str
    privacy: Privacy
    key: tuple[str, ...]
    columns: tuple[TableColumn, ...]

    @property
    def published_columns(self) -> tuple[TableColumn, ...]:
        """All columns as published, `run_id` first."""
        return (RUN_ID, *self.columns)

    @property
    def column_names(self) -> list[str]:
        """Names of the columns as published."""
        return [column.name for column in self.published_columns]

    def create_sql(self, schema: str) -> str:
        """Statement that creates the published table in a schema."""
        return _create_sql(schema, self.name, self.published_columns)

    def create_estimation_sql(self) -> str:
        """Statement that creates the table inside the warehouse, where it has no `run_id`."""
        return _create_sql("estimation", self.name, self.columns)

    def comment_sql(self, *schemas: str) -> list[str]:
        """Statements that describe the published table `schemas[0].name` and views of it in further schemas."""
        statements = []
        for kind, schema in zip(["table", *["view"] * (len(schemas) - 1)], schemas, strict=True):
            statements.append(f"comment on {kind} {schema}.{self.name} is {literal(self.description)}")
            statements += [
                f"comment on column {schema}.{self.name}.{column.name} is {literal(column.description)}"
                for column in self.published_columns
            ]
        return statements

    def arrow(self, rows: Iterable[dict[str, object]]) -> pa.Table:
        """Rows as an Arrow table with exactly `columns`, without `run_id`."""
        schema = pa.schema([(column.name, ARROW_TYPES[column.sql_type]) for column in self.columns])
        return pa.Table.from_pylist(list(rows), schema=schema)


def _create_sql(schema: str, name: str, columns: tuple[TableColumn, ...]) -> str:
    lines = [f"{column.name} {column.sql_type}{'' if column.nullable else ' not null'}" for column in columns]
    return f"create table {schema}.{name} ({', '.join(lines)})"
