"""Publication: disclosure-controlled tables into a new release, gate 3, and one atomic switch.

`results.*` are views on `history.*`, which holds all releases, so that a number stands in one place.
"""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from flows.candidate import sync
from flows.home import Home
from flows.log import step
from flows.state import basis, current_manifest, judged_variants
from flows.steps import docs_folder, needs
from flows.versions import package_versions
from models_py.disclosure import DisclosureError, publishable, rounded_count
from models_py.earlier_releases import remember_counts
from models_py.output_check import OutputCheck
from models_py.study import Study
from models_py.tables import PUBLISHED_TABLES
from report.output_check import write_output_check


def prepare_release(home: Home, warehouse: Path, study: Study, run_id: str, started_at: datetime) -> Path:
    """Everything of a publication but the switch: a complete release folder that nobody sees yet.

    The warehouse, a candidate, remembers the counts behind the release, which the next one is compared with.

    Raises:
        StepMissing: the estimates are not of what is loaded and specified now.
        DisclosureError: something may not be published, or it cannot be checked whether it may.
        GateFailed: the results are not fit to publish; what was published stays.
    """
    from expectations.gate import run_gate

    needs(warehouse, "build", study)
    needs(warehouse, "estimate", study)
    draft = home.work / f"release-{run_id}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    # Under another name until gate 3 has passed: in `results.duckdb`, `results.<table>` is ambiguous (flows/query.py).
    results = draft / "release.duckdb"
    with step("publish") as said:
        previous = previous_results(home)
        with duckdb.connect(str(warehouse), read_only=True) as con:
            publication = publishable(con, study, previous)
            manifest = make_manifest(con, study, run_id, started_at, publication.n_person_years)
        manifest["simulated_deliveries"] = simulated_deliveries(home, manifest)
        tables = publication.tables | {"run": run_table(manifest)}
        write_results(results, previous, tables, publication.check, run_id)
        remember_counts(warehouse, run_id, publication.counts)
        write_output_check(draft, publication.check, manifest, study)
        said.append(f"{sum(table.num_rows for table in tables.values()):,} rows")
        said.append(f"output check: {publication.check.status}")
    with step("gate 3") as said:
        result = run_gate("results", results, study, run_id, docs_folder(home))
        said.append(f"{len(result.checks)} expectations met")
    results.rename(draft / "results.duckdb")
    shutil.copytree(docs_folder(home), draft / "data_docs")
    (draft / "manifest.json").write_text(json.dumps(manifest, indent=2, default=str) + "\n", encoding="utf-8")
    return seal(draft, home.releases / run_id)


def seal(draft: Path, release: Path) -> Path:
    """Write a finished draft to disk and give it its name; the parts meant to be shared become readable."""
    for path in [*draft.rglob("*"), draft]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        sync(path)
    os.replace(draft, release)
    sync(release.parent)
    return release


def switch(home: Home, release: Path) -> None:
    """Make a release the current one: the only moment at which readers see anything change."""
    replace_link(home.current, Path("releases") / release.name)
    replace_link(home.results, Path("current") / "results.duckdb")


def replace_link(link: Path, target: Path) -> None:
    """Point a symbolic link elsewhere in one step."""
    if link.is_symlink() and Path(os.readlink(link)) == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)
    sync(link.parent)


def previous_results(home: Home) -> Path | None:
    """The database of the current release, whose history the next one carries on; None before the first release.

    Raises:
        DisclosureError: there has been a release, but its database is gone, and with it what readers know.
    """
    if home.results.exists():
        return home.results.resolve()
    if home.results.is_symlink() or home.current.is_symlink():
        raise DisclosureError(
            f"{home.results} leads nowhere: without the history of what was published nothing can be checked against "
            "it, so nothing is published; restore the release"
        )
    return None


def write_results(
    path: Path, previous: Path | None, tables: dict[str, pa.Table], check: OutputCheck, run_id: str
) -> None:
    """Write `history.*`, `results.*` and `audit.*` of a new results database."""
    with duckdb.connect(str(path)) as con:
        for schema in ("history", "results", "audit"):
            con.execute(f"create schema {schema}")
        if previous:
            con.execute(f"attach '{previous}' as previous (read_only)")
        for table in PUBLISHED_TABLES:
            con.execute(table.create_sql("history"))
            if previous and in_previous(con, table.name):
                con.execute(f"insert into history.{table.name} by name select * from previous.history.{table.name}")
            con.register("published", tables[table.name])
            con.execute(f"insert into history.{table.name} by name select ? as run_id, * from published", [run_id])
            con.execute(
                f"create view results.{table.name} as select {', '.join(table.column_names)} "
                f"from history.{table.name} where run_id = '{run_id}'"
            )
            for comment in table.comment_sql("history", "results"):
                con.execute(comment)
            con.unregister("published")
        con.register("decisions", check.arrow())
        con.execute("create table audit.disclosure as select ? as run_id, * from decisions", [run_id])
        if previous and has_decisions(con):
            con.execute("insert into audit.disclosure by name select * from previous.audit.disclosure")
        if previous:
            con.execute("detach previous")


def in_previous(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the release before already had a table."""
    return (
        con.execute(
            """
        select 1 from duckdb_tables() where database_name = 'previous' and schema_name = 'history' and table_name = ?
    """,
            [table],
        ).fetchone()
        is not None
    )


def has_decisions(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the release before kept its decisions rule by rule, as releases do now."""
    return bool(
        con.sql("""
        select 1 from duckdb_columns() where database_name = 'previous' and schema_name = 'audit'
            and table_name = 'disclosure' and column_name = 'rule'
    """).fetchall()
    )


def make_manifest(
    con: duckdb.DuckDBPyConnection, study: Study, run_id: str, started_at: datetime, n_person_years: int | None
) -> dict[str, Any]:
    """What the release rests on: inputs, code, specification, packages, rows at each step (counts rounded)."""
    rests_on = basis(con, study)
    first_year, last_year = con.execute("select min(year), max(year) from marts.person_year").fetchone() or (None, None)
    files = con.sql("""
        select delivery.delivery_id, delivery_file.file_name, delivery_file.register, delivery_file.sha256, n_rows
        from audit.delivery_file
        inner join audit.delivery using (arrival)
        where delivery.status = 'loaded'
        order by delivery.arrival, delivery_file.file_name
    """).fetchall()

    def rounded(count: int) -> int | None:
        return rounded_count(count, study.disclosure)

    return {
        "run_id": run_id,
        "started_at": started_at.isoformat(),
        "finished_at": datetime.now(UTC).isoformat(),
        "first_year": first_year,
        "last_year": last_year,
        "input_hash": rests_on.input_hash,
        "study_hash": rests_on.study_hash,
        "code_version": rests_on.code_version,
        "packages": package_versions(),
        "variants": judged_variants(con),
        "inputs": [
            dict(zip(("delivery", "file", "register", "sha256"), file[:4], strict=True), rows=rounded(file[4]))
            for file in files
        ],
        "rows": {"marts.person_year": n_person_years}
        | {
            f"raw.{register}": rounded(rows)
            for register, rows in con.sql("""
                select register, sum(n_rows) from audit.register_year where is_current group by all order by all
            """).fetchall()
        },
    }


def simulated_deliveries(home: Home, manifest: dict[str, Any]) -> list[str]:
    """Deliveries that are simulated: `simulate` leaves its truth beside what it writes."""
    deliveries = sorted({file["delivery"] for file in manifest["inputs"]})
    return deliveries if (home.landing / "truth.json").exists() else []


def run_table(manifest: dict[str, Any]) -> pa.Table:
    """The one row of `results.run`."""
    row = {name: manifest[name] for name in ("first_year", "last_year", "code_version", "study_hash", "input_hash")}
    row |= {name: datetime.fromisoformat(manifest[name]) for name in ("started_at", "finished_at")}
    row["n_person_years"] = manifest["rows"]["marts.person_year"]
    return pa.Table.from_pylist([row])


def published_run_id(home: Home) -> str | None:
    """The current release's run id."""
    manifest = current_manifest(home)
    return manifest["run_id"] if manifest else None
