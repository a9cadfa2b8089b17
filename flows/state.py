"""What has been done and what is due, read from the warehouse's own audit tables and the release manifest.

Prefect's state is never used: it does not survive a kill.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from flows.home import Home
from flows.versions import code_version
from models_py.study import Study, study_hash
from storage.catalogue import has_table
from storage.warehouse import open_warehouse

STEPS = ("load", "build", "estimate", "publish")
EMPTIED = "every delivery is withdrawn; `flyttepanel load DELIVERY` loads one of them again, or a new one"


@dataclass(frozen=True, slots=True)
class Basis:
    """What a result rests on: if two are equal, so are all tables made from them."""

    input_hash: str
    study_hash: str
    code_version: str


@dataclass(frozen=True, slots=True)
class Due:
    """Deliveries to load, and steps to run: the first that is out of date, and all after it."""

    deliveries: list[str]
    steps: list[str]

    def __bool__(self) -> bool:
        return bool(self.deliveries or self.steps)


def basis(con: duckdb.DuckDBPyConnection, study: Study) -> Basis:
    """What a step would rest on now."""
    return Basis(input_hash(con), study_hash(study), code_version())


def input_hash(con: duckdb.DuckDBPyConnection) -> str:
    """SHA-256 over the files behind the current versions, whatever the history that made them current.

    `faste_oppl` is replaced person by person, so every delivery of it counts, in order of arrival: a file that comes
    again after a correction takes the correction back. The same file twice in a row counts once.
    """
    from flows.load.parts import brings

    files = con.sql("""
        select register_year.register, register_year.year, delivery_file.file_name, delivery_file.sha256
        from audit.register_year
        inner join audit.delivery_file
            on register_year.arrival = delivery_file.arrival and register_year.register = delivery_file.register
        inner join audit.delivery on register_year.arrival = delivery.arrival
        where delivery.status = 'loaded' and (register_year.is_current or register_year.register = 'faste_oppl')
        order by register_year.register, year, register_year.arrival, sha256
    """).fetchall()
    versions = [(register, year, sha256) for register, year, name, sha256 in files if brings(name, year)]
    return hashlib.sha256(json.dumps([version for version, _ in groupby(versions)]).encode()).hexdigest()


def record_step(database: Path, step: str, run_id: str, study: Study, started_at: datetime) -> None:
    """Record that a step is done, and what it rested on."""
    with open_warehouse(database) as con:
        con.execute("""
            create table if not exists audit.step (
                step varchar, run_id varchar, input_hash varchar, study_hash varchar, code_version varchar,
                started_at timestamptz, finished_at timestamptz)
        """)
        now = basis(con, study)
        con.execute(
            "insert into audit.step values (?, ?, ?, ?, ?, ?, now())",
            [step, run_id, now.input_hash, now.study_hash, now.code_version, started_at],
        )


def last_basis(con: duckdb.DuckDBPyConnection, step: str) -> Basis | None:
    """What the last run of a step rested on; None if it never ran. Last by row, not time: clocks can be set back."""
    if not has_table(con, "audit", "step"):
        return None
    row = con.execute(
        """
        select input_hash, study_hash, code_version from audit.step where step = ? order by rowid desc limit 1
    """,
        [step],
    ).fetchone()
    return Basis(*row) if row else None


def current_manifest(home: Home) -> dict[str, Any] | None:
    """The published release's manifest; None before the first release."""
    return manifest_of(home.current)


def manifest_of(release: Path) -> dict[str, Any] | None:
    """The manifest in a release's folder; None where there is none."""
    path = release / "manifest.json"
    if not path.exists():
        return None
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def published_basis(home: Home) -> Basis | None:
    """What the published release rests on; None before the first, and while a link that readers follow is missing."""
    manifest = current_manifest(home)
    if manifest is None or not (home.results.is_symlink() and home.site.is_symlink()):
        return None
    return Basis(manifest["input_hash"], manifest["study_hash"], manifest["code_version"])


def judged_variants(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The variants under which the hypotheses have been judged since the last estimation, which empties the table."""
    if not has_table(con, "estimation", "sensitivity"):
        return []
    return [name for (name,) in con.sql("select distinct variant from estimation.sensitivity order by all").fetchall()]


def is_emptied(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether deliveries have come but none counts any more, so that there is nothing to build from."""
    row = con.sql("select count(*), count(*) filter (status = 'loaded') from audit.delivery").fetchone()
    return row is not None and row[0] > 0 and row[1] == 0


def due(home: Home, study: Study) -> Due:
    """What a refresh would do now. Reads sizes and times of files, not the files, so it answers at once."""
    from flows.load import due_deliveries

    deliveries = due_deliveries(home.warehouse, home.landing)
    if deliveries:
        return Due(deliveries, list(STEPS))
    return Due([], late_steps(home, home.warehouse, study) if home.warehouse.exists() else [])


def late_steps(home: Home, warehouse: Path, study: Study) -> list[str]:
    """The steps after loading that are out of date for the content of a warehouse or candidate.

    Empty if every delivery is withdrawn: what was published stays until something can replace it.
    """
    with open_warehouse(warehouse, read_only=True) as con:
        if is_emptied(con):
            return []
        now = basis(con, study)
        done = {
            "build": last_basis(con, "build"),
            "estimate": last_basis(con, "estimate"),
            "publish": published_basis(home),
        }
        judged = {"estimate": judged_variants(con), "publish": (current_manifest(home) or {}).get("variants", [])}
    # `flyttepanel estimate` may leave the variants out; a refresh never does.
    named = sorted(variant.name for variant in study.variants)
    late = [step for step in done if done[step] != now or judged.get(step, named) != named]
    return list(STEPS[STEPS.index(late[0]) :]) if late else []


def everything(home: Home, study: Study) -> Due:
    """What a full refresh would do: load what is new, and run all steps after loading again."""
    late = due(home, study)
    if late.deliveries or not home.warehouse.exists():
        return late
    with open_warehouse(home.warehouse, read_only=True) as con:
        if is_emptied(con):
            return late
    return Due([], list(STEPS[STEPS.index("build") :]))
