"""Publication: disclosure-controlled tables into a new release, gate 3, its report.

Belongs here: what a release is made of. Does not belong here: how readers come to see it (`flows/switch.py`).
`results.*` are views on `history.*`, which holds all releases, so that a database stores each number once.
"""

import json
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from flows.candidate import remove
from flows.dbt_docs import kept_manifest, write_dbt_docs
from flows.home import Home
from flows.log import step
from flows.manifest import make_manifest, passed_gates, rows_before, run_table, simulated_deliveries
from flows.rendering import report
from flows.steps import docs_folder, needs
from flows.switch import seal
from models_py.disclosure import DisclosureError, publishable
from models_py.earlier_releases import HistoryUnreadable, longest_history, remember_counts, remember_rule
from models_py.output_check import OutputCheck
from models_py.study import Study
from models_py.tables import DISCLOSURE, DISCLOSURE_LEVEL, DISCLOSURE_RULE, PUBLISHED_TABLES
from report.exports import write_exports
from report.output_check import write_output_check
from report.release import read_release
from storage.catalogue import has_table
from storage.sql import literal
from storage.warehouse import open_warehouse


def publish(home: Home, candidate: Path, study: Study, run_id: str, started_at: datetime) -> Path:
    """Make a release that has passed gate 3 and is rendered. Returns its folder.

    Readers do not see it until `publish_release` makes it the current one.

    Raises:
        StepMissing, DisclosureError, GateFailed: as for `draft_release`; what was published stays.
    """
    draft = draft_release(home, candidate, study, run_id, started_at)
    report(home, draft)
    return seal(draft, home.releases / run_id)


def draft_release(home: Home, candidate: Path, study: Study, run_id: str, started_at: datetime) -> Path:
    """Write a release's tables, past gate 3, and its manifest into a folder that no reader sees yet; returns it.

    The candidate warehouse remembers the counts behind the release: the next release is compared with them.

    Raises:
        StepMissing: the estimates are not of what is loaded and specified now.
        DisclosureError: something may not be published, or it cannot be checked whether it may be.
        GateFailed: the results are not fit to publish; what was published stays.
    """
    from expectations.gate import run_gate

    needs(candidate, "build", study)
    needs(candidate, "estimate", study)
    draft = home.work / f"release-{run_id}"
    if draft.exists():  # an earlier try of the same run
        remove(draft)
        remember_counts(candidate, run_id, {})
    draft.mkdir(mode=0o700)
    # Not `results.duckdb` until gate 3 has passed: there, `results.<table>` would be ambiguous (report/release.py).
    results = draft / "release.duckdb"
    with step("publish") as said:
        previous = history_for(draft, home)
        with open_warehouse(candidate, read_only=True) as con:
            publication = publishable(con, study, previous)
            manifest = make_manifest(con, study, run_id, started_at, publication.n_person_years, rows_before(home))
            manifest["simulated_deliveries"] = simulated_deliveries(con, home.landing)
            passed, described = passed_gates(con) | {"results": run_id}, kept_manifest(con)
        tables = publication.tables | {"run": run_table(manifest)}
        write_results(results, previous, tables, publication.check, run_id, study)
        remember_counts(candidate, run_id, publication.counts)
        if previous:
            previous.unlink()
        write_output_check(draft, publication.check, manifest, study)
        said.append(f"{sum(table.num_rows for table in tables.values()):,} rows")
        said.append(f"output check: {publication.check.status}")
    with step("gate 3") as said:
        result = run_gate("results", results, study, run_id, docs_folder(home))
        said.append(f"{len(result.checks)} expectations met")
    results.rename(draft / "results.duckdb")
    copy_data_docs(docs_folder(home), draft / "data_docs", passed)
    write_dbt_docs(described, draft / "dbt_docs" / "index.html")
    (draft / "manifest.json").write_text(json.dumps(manifest, indent=2, default=str) + "\n", encoding="utf-8")
    write_exports(read_release(draft), draft)
    return draft


def copy_data_docs(docs: Path, target: Path, passed: Mapping[str, str]) -> None:
    """Copy the pages of each gate if they are of the run in which the release has passed it (`passed`: gate → run).

    A run that was thrown away since may have left pages about other data, which belong to no release.
    """
    target.mkdir()
    for gate, run_id in passed.items():
        if any((docs / gate).glob(f"validations/**/{run_id}")):
            shutil.copytree(docs / gate, target / gate)


def history_for(draft: Path, home: Home) -> Path | None:
    """Copy into the draft the database whose history the new release continues; returns it, or None if there is none.

    It is a copy so that no reader's lock can stop a publication.

    Raises:
        DisclosureError: as for `published_results`, or one of them cannot be read.
    """
    # Not named after a schema: in `history.duckdb`, `history.<table>` would be ambiguous (report/release.py).
    copies = [
        Path(shutil.copyfile(path, draft / f"previous_{number}.duckdb"))
        for number, path in enumerate(published_results(home))
    ]
    try:
        longest = longest_history(copies)
    except HistoryUnreadable as error:
        raise DisclosureError(f"nothing can be checked against the history, so nothing is published: {error}") from None
    for copy in copies:
        if copy != longest:
            copy.unlink()
    return longest


def published_results(home: Home) -> list[Path]:
    """The databases of the current release, and of the last published one if an operator has pointed `current` back.

    If all links are lost, as in a copy that does not keep them: those of all releases that are there.

    Raises:
        DisclosureError: there has been a release, but its database is gone, and so is our record of what readers know.
    """
    links = (home.current, home.last_published)
    found = {(link / "results.duckdb").resolve() for link in links if (link / "results.duckdb").exists()}
    for link in (*links, home.results):
        if link.is_symlink() and not link.exists():
            raise DisclosureError(
                f"{link} leads nowhere: without the history of what was published "
                "nothing can be checked against it, so nothing is published; restore it and what it leads to "
                f"(docs/operators.md, back-up), or remove it and {home.releases} if none of it was ever shared"
            )
    return sorted(found or (path.resolve() for path in home.releases.glob("*/results.duckdb")))


def write_results(
    path: Path, previous: Path | None, tables: dict[str, pa.Table], check: OutputCheck, run_id: str, study: Study
) -> None:
    """Write `history.*`, `results.*` and `audit.*` of a new results database."""
    with duckdb.connect(str(path)) as con:
        for schema in ("history", "results", "audit"):
            con.execute(f"create schema {schema}")
        if previous:
            con.execute(f"attach {literal(str(previous))} as previous (read_only)")
        for table in PUBLISHED_TABLES:
            con.execute(table.create_sql("history"))
            if previous and has_table(con, "history", table.name, "previous"):
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
        con.execute(DISCLOSURE.create_sql("audit"))
        con.execute("insert into audit.disclosure by name select ? as run_id, * from decisions", [run_id])
        if previous and has_decisions(con):
            con.execute("insert into audit.disclosure by name select * from previous.audit.disclosure")
        remember_rule(con, run_id, study)
        for table in (DISCLOSURE, DISCLOSURE_RULE, DISCLOSURE_LEVEL):
            for comment in table.comment_sql("audit"):
                con.execute(comment)
        if previous:
            con.execute("detach previous")


def has_decisions(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the previous release recorded its disclosure decisions by rule, as releases do now."""
    return bool(
        con.sql("""
        select 1 from duckdb_columns() where database_name = 'previous' and schema_name = 'audit'
            and table_name = 'disclosure' and column_name = 'rule'
    """).fetchall()
    )
