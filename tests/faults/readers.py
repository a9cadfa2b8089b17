"""Readers of `results.duckdb`, each a process of its own, as careful and as careless as users are.

Belongs here: reading while something else goes on. Does not belong here: what goes on.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.home import Home
from report.release import open_results
from tests.faults.published import NotOneRelease
from tests.faults.warm import WarmParent, Work

# As users write it: opened directly, the file is a catalog `results` with a schema `results`.
VIEWS = "select view_name from duckdb_views() where schema_name = 'results' order by all"


@dataclass(frozen=True, slots=True)
class Read:
    """How often a reader read everything, and the releases it met, in order."""

    n_times: int
    run_ids: tuple[str, ...]


def open_again_and_again(home: Path, stop: Path) -> Read:
    """Open, read every table, close, by turns as `flyttepanel sql` and as a script does it."""
    met: list[str] = []
    n_times = 0
    while not stop.exists():
        if n_times % 2:
            with open_results(Home(home).results) as con:
                met.append(only_release(con, "results"))
        else:
            with duckdb.connect(str(Home(home).results), read_only=True) as con:
                met.append(only_release(con, "results.results"))
        n_times += 1
    return Read(n_times, tuple(dict.fromkeys(met)))


def hold_open(home: Path, stop: Path) -> Read:
    """Open once and read every table again and again: it is one release from beginning to end."""
    met: list[str] = []
    n_times = 0
    with duckdb.connect(str(Home(home).results), read_only=True) as con:
        while not stop.exists():
            met.append(only_release(con, "results.results"))
            n_times += 1
            time.sleep(0.05)
    return Read(n_times, tuple(dict.fromkeys(met)))


def only_release(con: duckdb.DuckDBPyConnection, schema: str) -> str:
    """The release that all tables of a connection are of.

    Raises:
        NotOneRelease: they are of several.
    """
    views = [name for (name,) in con.sql(VIEWS).fetchall()]
    run_ids = {run for view in views for (run,) in con.sql(f"select distinct run_id from {schema}.{view}").fetchall()}
    if len(run_ids) != 1:
        raise NotOneRelease(f"a reader sees {sorted(run_ids)}")
    return str(run_ids.pop())


def open_for_writing(home: Path, opened: Path) -> None:
    """Open the database as for writing, which locks it, and do nothing, until killed."""
    with duckdb.connect(str(Home(home).results)):
        opened.touch()
        time.sleep(3600)


@contextmanager
def writing_reader(warm: WarmParent, home: Home) -> Iterator[None]:
    """Someone who holds the published database open for writing."""
    opened = home.path.with_name(f"{home.path.name}-opened")
    work = warm.start(open_for_writing, home.path, opened)
    try:
        while not opened.exists() and work.ended(0.1) is None:
            time.sleep(0.1)
        yield
    finally:
        work.kill()
        if opened.exists():
            work.ended()  # its lock goes when it has, not when it is killed
        opened.unlink(missing_ok=True)


def reading(warm: WarmParent, home: Home, stop: Path) -> list[Work]:
    """Start readers that go on until the file `stop` is there."""
    return [warm.start(reader, home.path, stop) for reader in (open_again_and_again, hold_open)]
