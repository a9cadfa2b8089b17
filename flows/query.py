"""`flyttepanel sql`: a read-only query on the published results, locked to that one file."""

import json
import sys

import click
import duckdb
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from flows.home import Home
from report.release import open_results

MOST_BOXED_ROWS = 10_000  # DuckDB shows no more, whatever `max_rows` says


def run_query(home: Home, query: str, output: str) -> None:
    """Print a query's rows as a table, CSV, JSON (one array) or Parquet.

    Raises:
        click.ClickException: there is no release yet, or the query is wrong.
    """
    if not home.results.exists():
        raise click.ClickException(f"{home.results}: nothing has been published yet; run `flyttepanel refresh`")
    with open_results(home.results) as con:
        # No other file can be read or written: anybody may write the query, and the warehouse lies in the same home.
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        try:
            if not con.extract_statements(query):
                raise click.ClickException("the query is empty")
            relation = con.sql(query)
            if relation is not None:
                WRITERS[output](relation)
        except duckdb.Error as error:
            # This connection reaches published aggregates only, so DuckDB's own message may be shown.
            raise click.ClickException(str(error)) from None
        except pyarrow.ArrowException as error:
            raise click.ClickException(f"these rows cannot be written as {output}: {error}") from None


def write_table(relation: duckdb.DuckDBPyRelation) -> None:
    """A boxed table of all columns and the first `MOST_BOXED_ROWS` rows; a message says if there are more."""
    relation.show(max_rows=MOST_BOXED_ROWS, max_width=10_000)
    if relation.limit(1, offset=MOST_BOXED_ROWS).fetchone():
        click.echo(f"These are the first {MOST_BOXED_ROWS:,} rows; --format csv prints all.", err=True)


def write_csv(relation: duckdb.DuckDBPyRelation) -> None:
    """Comma-separated, with a header."""
    pyarrow.csv.write_csv(relation.to_arrow_table(), sys.stdout.buffer)


def write_json(relation: duckdb.DuckDBPyRelation) -> None:
    """One array of objects. JSON has no NaN or infinity, which DuckDB writes for 0 / 0 and such: they become null."""
    rows = relation.query("rows", "select coalesce(to_json(list(rows)), '[]') from rows").fetchone()
    text = rows[0] if rows else "[]"
    if "NaN" in text or "Infinity" in text:
        text = json.dumps(json.loads(text, parse_constant=lambda _: None), ensure_ascii=False, separators=(",", ":"))
    click.echo(text)


def write_parquet(relation: duckdb.DuckDBPyRelation) -> None:
    """A Parquet file on standard output."""
    pyarrow.parquet.write_table(relation.to_arrow_table(), pyarrow.PythonFile(sys.stdout.buffer, mode="w"))


WRITERS = {"table": write_table, "csv": write_csv, "json": write_json, "parquet": write_parquet}
