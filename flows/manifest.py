"""What a release says it rests on: `manifest.json`, and the row of `results.run`.

Belongs here: inputs, code, specification, rows at each step. Does not belong here: writing a release (`publish`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from flows.home import Home
from flows.load.folder import SIMULATED
from flows.state import basis, current_manifest, judged_variants, manifest_of
from flows.versions import package_versions
from models_py.rounding import published_count
from models_py.study import Study
from storage.sql import identifier

# The row counts that a release has published: of files by delivery and name, of tables by name.
Rows = Mapping[tuple[str, ...], int | None]


def make_manifest(
    con: duckdb.DuckDBPyConnection,
    study: Study,
    run_id: str,
    started_at: datetime,
    n_person_years: int | None,
    before: Rows,
) -> dict[str, Any]:
    """What the release rests on: inputs, code, specification, packages, rows at each step.

    Row counts are published as counts of persons are, because a file has a row for each person: rounded, and repeated
    from `before` unless the count is at least the disclosure threshold away from it.
    """
    rests_on = basis(con, study)
    first_year, last_year = con.execute("select min(year), max(year) from marts.person_year").fetchone() or (None, None)
    files = con.sql("""
        select delivery.delivery_id, delivery_file.file_name, delivery_file.register, delivery_file.sha256, n_rows
        from audit.delivery_file
        inner join audit.delivery using (arrival)
        where delivery.status = 'loaded'
        order by delivery.arrival, delivery_file.file_name
    """).fetchall()

    def said(count: int, *what: str) -> int | None:
        return published_count(count, before.get(what), study.disclosure)

    return {
        "run_id": run_id,
        "started_at": started_at.isoformat(),
        "finished_at": datetime.now(UTC).isoformat(),
        "first_year": first_year,
        "last_year": last_year,
        "input_hash": rests_on.input_hash,
        "study_hash": rests_on.study_hash,
        "study": study.model_dump(mode="json"),
        "code_version": rests_on.code_version,
        "packages": package_versions(),
        "variants": judged_variants(con),
        "inputs": [
            dict(zip(("delivery", "file", "register", "sha256"), file[:4], strict=True), rows=said(file[4], *file[:2]))
            for file in files
        ],
        "rows": {"marts.person_year": n_person_years}
        | {name: said(rows, name) for name, rows in raw_rows(con).items()},
        "validation": validation(con),
    }


def rows_before(home: Home) -> Rows:
    """The row counts of the last published release; empty before the first."""
    manifest = manifest_of(home.last_published) or current_manifest(home)
    if manifest is None:
        return {}
    files = {(file["delivery"], file["file"]): file["rows"] for file in manifest["inputs"]}
    return files | {(name,): rows for name, rows in manifest["rows"].items()}


def raw_rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows now in `raw` of every register that is loaded; not a sum over deliveries, which repeat the same persons."""
    registers = con.sql("select distinct register from audit.register_year where is_current order by all").fetchall()
    return {
        f"raw.{register}": rows
        for (register,) in registers
        for (rows,) in con.sql(f"select count(*) from raw.{identifier(register)}").fetchall()
    }


def passed_gates(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The run in which each of gates 1 and 2 last looked at what is published now."""
    return dict(con.sql("select gate, arg_max(run_id, rowid) from audit.validation group by gate").fetchall())


def validation(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """How many expectations held in those runs, by suite."""
    rows = con.execute(
        """
        select gate, suite, count(*)::integer, (count(*) filter (success))::integer
        from audit.validation
        where list_contains(?, [gate, run_id])
        group by all
        order by all
        """,
        [list(map(list, passed_gates(con).items()))],
    ).fetchall()
    return [dict(zip(("gate", "suite", "expectations", "met"), row, strict=True)) for row in rows]


def simulated_deliveries(con: duckdb.DuckDBPyConnection, landing: Path) -> list[str]:
    """Deliveries that had the mark of simulated ones when they were loaded, or have it now: it may be copied last.

    Deliveries loaded before there was a mark count as simulated if the simulation's `truth.json` lies in landing.
    """
    has_marks = con.execute(
        "from duckdb_columns() where (schema_name, table_name, column_name) = ('audit', 'delivery', 'is_simulated')"
    ).fetchone()
    rows = con.execute(
        f"""
        select delivery_id, coalesce({"is_simulated" if has_marks else "null"}, ?) from audit.delivery
        where status = 'loaded' order by delivery_id
        """,
        [(landing / "truth.json").exists()],
    ).fetchall()
    marked = (name for name, was_marked in rows if was_marked or (landing / name / SIMULATED).exists())
    return list(dict.fromkeys(marked))


def run_table(manifest: dict[str, Any]) -> pa.Table:
    """The one row of `results.run`."""
    row = {name: manifest[name] for name in ("first_year", "last_year", "code_version", "study_hash", "input_hash")}
    row |= {name: datetime.fromisoformat(manifest[name]) for name in ("started_at", "finished_at")}
    row["n_person_years"] = manifest["rows"]["marts.person_year"]
    return pa.Table.from_pylist([row])
