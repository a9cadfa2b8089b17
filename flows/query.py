"""`flyttepanel sql`: a read-only query on the published results, locked to that one file."""

import sys

import click
import duckdb
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from flows.home import Home
from report.release import open_results


def run_query(home: Home, query: str, output: str) -> None:
    """Print a query's rows as a table, CSV, JSON (one array) or Parquet.

    Raises:
        click.ClickException: there is no release yet, or the query is wrong.
    """
    if not home.results.exists():
        raise click.ClickException(f"{home.results}: nothing has been published yet; run `flyttepanel refresh`")
    with open_results(home.results) as con:
        # No other file can be read or written: the query may come from anybody, and the warehouse lies next door.
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        try:
            relation = con.sql(query)
            if relation is not None:
                WRITERS[output](relation)
        except duckdb.Error as error:
            # Published aggregates only stand behind this connection, so that DuckDB's own words may be shown.
            raise click.ClickException(str(error)) from None
        except pyarrow.ArrowException as error:
            raise click.ClickException(f"these rows cannot be written as {output}: {error}") from None


def write_table(relation: duckdb.DuckDBPyRelation) -> None:
    """All rows and columns, boxed."""
    relation.show(max_rows=1_000_000, max_width=10_000)


def write_csv(relation: duckdb.DuckDBPyRelation) -> None:
    """Comma-separated, with a header."""
    pyarrow.csv.write_csv(relation.to_arrow_table(), sys.stdout.buffer)


def write_json(relation: duckdb.DuckDBPyRelation) -> None:
    """One array of objects."""
    rows = relation.query("rows", "select coalesce(to_json(list(rows)), '[]') from rows").fetchone()
    click.echo(rows[0] if rows else "[]")


def write_parquet(relation: duckdb.DuckDBPyRelation) -> None:
    """A Parquet file on standard output."""
    pyarrow.parquet.write_table(relation.to_arrow_table(), pyarrow.PythonFile(sys.stdout.buffer, mode="w"))


WRITERS = {"table": write_table, "csv": write_csv, "json": write_json, "parquet": write_parquet}
