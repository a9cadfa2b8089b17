"""What must hold of what is published, at any moment, and what makes two releases the same.

Belongs here: looking. All of it runs in a warm process, because a database opened where processes are forked would not
survive the forking.
"""

import json
import re
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any

import duckdb

from flows.home import Home
from report.release import open_results

# Of a release itself, not of what it says.
RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
ITS_OWN = {"run_id", "started_at", "finished_at"}
# A few bits of a sum of floats depend on the order in which threads finish.
RELATIVE, ABSOLUTE = 1e-6, 1e-9
Tables = dict[str, list[tuple[Any, ...]]]


class NotOneRelease(AssertionError):
    """What is published cannot be read, or is not one release."""


@dataclass(frozen=True, slots=True)
class State:
    """The current release, and the tables that must come out the same whatever happened before."""

    run_id: str
    tables: Tables


def current_release(home: Path) -> str:
    """The id of the published release, after looking at everything a reader has.

    Raises:
        NotOneRelease: something is missing or belongs to another release.
    """
    where = Home(home)
    folder = where.current.resolve()
    try:
        manifest = json.loads((where.current / "manifest.json").read_text(encoding="utf-8"))
        with open_results(where.results) as con:
            views = con.sql("select view_name from duckdb_views() where schema_name = 'results'").fetchall()
            of_tables = [con.sql(f"select distinct run_id from results.{view}").fetchall() for (view,) in views]
            con.sql("select count(*) from audit.disclosure").fetchall()
        pages = [where.site / "index.html", *where.site.glob("*.html"), *where.current.glob("brief_*")]
        empty = [page.name for page in pages if not page.stat().st_size]
    except (OSError, ValueError, duckdb.Error) as error:
        raise NotOneRelease(f"cannot be read: {type(error).__name__} {error}") from error
    if len(views) < 12 or len(pages) < 3 or empty:
        raise NotOneRelease(f"{len(views)} tables, {len(pages)} pages, empty: {empty}")
    run_ids = {run_id for found in of_tables for (run_id,) in found}
    named = {manifest["run_id"], folder.name, where.site.resolve().parents[1].name}
    if len(run_ids) != 1 or run_ids != named:
        raise NotOneRelease(f"tables are of {run_ids}, folder, site and manifest of {named}")
    return str(manifest["run_id"])


def state(home: Path) -> State:
    """The published release with its tables, and the marts behind it."""
    run_id = current_release(home)
    tables: Tables = {}
    with open_results(Home(home).results) as con:
        for (view,) in con.sql("select view_name from duckdb_views() where schema_name = 'results'").fetchall():
            tables[f"results.{view}"] = rows(con, f"results.{view}")
        tables["audit.disclosure"] = rows(con, "audit.disclosure", f"where run_id = '{run_id}'")
        tables["releases in history"] = [(con.sql("select count(*) from history.run").fetchall()[0][0],)]
    with duckdb.connect(str(Home(home).warehouse), read_only=True) as con:
        for mart in ("person_year", "move_event"):  # keys are given at first arrival, in any order
            tables[f"marts.{mart}"] = con.sql(f"""
                select count(*), sum(hash(mart)::hugeint)::varchar
                from (select * exclude person_key from marts.{mart}) as mart
            """).fetchall()
        tables["deliveries"] = con.sql("""
            select delivery_id from audit.delivery where status = 'loaded' order by all
        """).fetchall()
        tables["files"] = con.sql("""
            select delivery_id, file_name, sha256, n_rows
            from audit.delivery_file inner join audit.delivery using (arrival) where status = 'loaded' order by all
        """).fetchall()
    return State(run_id, tables)


def rows(con: duckdb.DuckDBPyConnection, table: str, where: str = "") -> list[tuple[Any, ...]]:
    """The rows of a table without what is the release's own, sorted by whatever is no float."""
    found = con.sql(f"from {table} {where}")
    kept = [place for place, name in enumerate(found.columns) if name not in ITS_OWN]
    exact = [tuple(without_run_id(row[place]) for place in kept) for row in found.fetchall()]
    return sorted(exact, key=lambda row: repr([value for value in row if not isinstance(value, float)]))


def without_run_id(value: Any) -> Any:
    """A value; in a text, decisions of disclosure control name the earlier release that they speak of."""
    return RUN_ID.sub("(run)", value) if isinstance(value, str) else value


def differing(one: Tables, other: Tables) -> list[str]:
    """The tables that are not the same."""
    return [name for name in sorted(one.keys() | other.keys()) if not same(one.get(name), other.get(name))]


def same(one: list[tuple[Any, ...]] | None, other: list[tuple[Any, ...]] | None) -> bool:
    """Whether two tables are the same, up to the last bits of floats."""
    if one is None or other is None or len(one) != len(other):
        return False
    return all(
        a == b or (isinstance(a, float) and isinstance(b, float) and isclose(a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE))
        for row, its_like in zip(one, other, strict=True)
        for a, b in zip(row, its_like, strict=True)
    )
