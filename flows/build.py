"""Build the marts and the estimation input with dbt, run as a separate process on one database file, or on Spark.

Belongs here: the part of the study that the SQL needs (`dbt_vars`), the call, and what a failure may say. dbt's logs,
results and messages can repeat values from rows. So only names, counts and errors from before any row was read are
passed on, and the files are deleted.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

from flows.build_progress import Event, Nodes, count_raw_rows
from flows.dbt_process import Project, dbt_at_the_ready, started
from flows.home import DBT_PROJECT, PROJECT_ROOT
from flows.progress import progress
from models_py.dispositions import dispositions
from models_py.study import Study, Variable
from storage.catalogue import has_table
from storage.warehouse import open_warehouse, warehouse_key

# In dbt's work folder: the manifest of the last run that succeeded.
MANIFEST = "manifest.json"
Watch = Callable[[Event], None]
TARGETS = ("dev", "spark")
CATEGORIES = ("population_group", "sex", "centrality", "labour_market_status", "education")
LEVELS = (*CATEGORIES, "family_situation", "outcome")
GOOD_STATUSES = ("success", "pass", "no-op")
# Unit tests are left out: they test the SQL, not the data (`tests/panel`).
EVERYTHING = ("build", "--exclude-resource-type", "unit_test")
# Build every year again, whatever is there already. Persons keep their keys (`intermediate.person_key`).
FULL = ("--full-refresh",)
# Only what depends on a register. Changed years are built by the same code as the last build, so what depends on none,
# such as code lists, is there already.
CHANGED_YEARS = ("--select", "source:*+")
# The paths and everything upstream of them, such as the cells. Seeds are there from the build. Every year is made
# again, so registers and events need no fingerprints (the two models left out).
ESTIMATION_INPUT = ("run", "--select", "+path", "--exclude", "register_year_content", "event_content", *FULL)


@dataclass(frozen=True, slots=True)
class Place:
    """Where dbt builds: a target of `profiles.yml`, and the environment variables that it needs."""

    target: str
    environment: Mapping[str, str | None]


class UnknownTarget(ValueError):
    """FLYTTEPANEL_TARGET is none of the targets that panels are built on."""


class BuildFailed(Exception):
    """dbt could not build, or a data test failed; names what failed and how often, never a value."""


def build(database: Path, study: Study, work: Path, full: bool = False) -> Path:
    """Build everything in `dbt_project` from `raw.*` in this database, tests included. Returns dbt's manifest.

    Panel years whose inputs have not changed since the last build, and tables that depend on no register, are left as
    they are. `full` builds them too; it is needed if code or specification have changed since then.

    Raises:
        BuildFailed: a model, seed or test failed, or dbt did not start.
    """
    of_registers = not full and was_built(database)
    with progress("build, all years" if full else "build", work) as bar:
        nodes = Nodes(bar, work / "target" / MANIFEST, count_raw_rows(database), of_registers)
        what = (*EVERYTHING, *(FULL if full else CHANGED_YEARS if of_registers else ()))
        return run_dbt(what, duckdb_file(database, work), study, work, nodes.watch)


def was_built(database: Path) -> bool:
    """Whether a warehouse holds a DuckDB build; one on Spark leaves no intermediate tables there but the keys."""
    with open_warehouse(database, read_only=True) as con:
        return has_table(con, "intermediate", "changed_year")


def chosen_target() -> str:
    """The target of `profiles.yml` that panels are built on: `dev` is DuckDB, `spark` is Spark.

    Raises:
        UnknownTarget: the variable says another, as `Spark`: DuckDB is not built on by mistake.
    """
    target = os.environ.get("FLYTTEPANEL_TARGET") or "dev"
    if target not in TARGETS:
        raise UnknownTarget(f"FLYTTEPANEL_TARGET={target}: no such target; say {' or '.join(TARGETS)}")
    return target


def rebuild_estimation_input(database: Path, study: Study, work: Path) -> None:
    """Make `estimation.cell` and `estimation.path` again under another specification, in a database with a build.

    Raises:
        BuildFailed: a model failed, or dbt did not start.
    """
    if chosen_target() == "spark":
        from flows.spark import rebuild_estimation_input as rebuild_on_spark

        return rebuild_on_spark(database, study, work)
    run_dbt(ESTIMATION_INPUT, duckdb_file(database, work), study, work)


def build_at_the_ready(database: Path, study: Study, work: Path) -> AbstractContextManager[None]:
    """While the database is still being made, let a process import dbt and read its project for the first build."""
    on_duckdb = chosen_target() != "spark"
    return dbt_at_the_ready(project_of(duckdb_file(database, work), study, work) if on_duckdb else None)


def duckdb_file(database: Path, work: Path) -> Place:
    """A warehouse file, with its key if there is one; what does not fit in memory spills into `work`.

    Paths are relative to `work`, where dbt runs. dbt parses the whole project again when paths change, and absolute
    ones would change in a home that was copied.
    """
    key = warehouse_key()
    environment = {"FLYTTEPANEL_DATABASE": os.path.relpath(database, work), "FLYTTEPANEL_TEMP": "spill"}
    if key is None:
        return Place("dev", environment)
    # dbt keeps the value of a variable with this prefix out of its logs and files.
    return Place("encrypted", environment | {"DBT_ENV_SECRET_FLYTTEPANEL_KEY": key})


def environment_of(place: Place) -> dict[str, str | None]:
    """Our environment, and the variables that the target needs; None: a variable that must not be set.

    Raises:
        BuildFailed: FLYTTEPANEL_THREADS is no number.
    """
    threads = os.environ.get("FLYTTEPANEL_THREADS")
    if threads is not None and (not threads.isdecimal() or int(threads) < 1):
        raise BuildFailed(f"FLYTTEPANEL_THREADS={threads}: not a number of threads; say 1 or more")
    return {**os.environ, **place.environment, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}


def run_dbt(what: Sequence[str], place: Place, study: Study, work: Path, watch: Watch | None = None) -> Path:
    """Run a command of dbt. Returns its manifest.

    Args:
        what: the command with its selection.
        place: the warehouse, or a candidate copy of it, or Spark.
        study: the specification; everything that the SQL needs from it becomes a dbt var.
        work: a folder for dbt's own files; at the end only files without values remain in it.
        watch: called with every event of dbt's log as it happens.

    Raises:
        BuildFailed: a model, seed or test failed, or dbt did not start.
    """
    target, logs, spill = work / "target", work / "logs", work / "spill"
    project = project_of(place, study, work)
    _remove_what_may_hold_values(target, logs, spill)
    try:
        exit_code, events = _events_of(project, what, watch)
        results = _results(target / "run_results.json")
    finally:
        _remove_what_may_hold_values(target, logs, spill)
    failures = [_failure(result) for result in results if result["status"] not in (*GOOD_STATUSES, "skipped")]
    if failures:
        raise BuildFailed("dbt build failed:\n" + "\n".join(f"  {failure}" for failure in failures))
    if exit_code != 0:
        said = "\n".join(f"  {line}" for line in _said_before_any_row_was_read(events))
        raise BuildFailed(f"dbt ended with exit code {exit_code}\n{said}".rstrip())
    os.replace(target / MANIFEST, work / MANIFEST)
    return work / MANIFEST


def project_of(place: Place, study: Study, work: Path) -> Project:
    """Our dbt project with the options for this specification and place; creates `work` for dbt's own files.

    dbt prints no log and writes none: we receive its events instead.
    """
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = work.resolve()
    options = (
        *("--no-use-colors", "--log-level", "none", "--log-level-file", "none", "--no-version-check", "--warn-error"),
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(PROJECT_ROOT), "--target", place.target),
        *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        *("--vars", json.dumps(dbt_vars(study) | {"test_changed_years_alone": True})),
    )
    return Project(str(folder), options, environment_of(place))


def dbt_vars(study: Study) -> dict[str, Any]:
    """What the SQL needs from the study: years, ages, codes, prefixes, levels, geography."""
    panel, geography, family = study.panel, study.geography, study.variables.family_situation
    confidence = study.models.confidence_level
    return {
        "first_year": panel.years.first,
        "last_year": panel.years.bound,
        "age_first": panel.age.first,
        "age_last": panel.age.last,
        "outcome_rule": panel.outcome_rule,
        "late_registration_statuses": list(panel.late_registration_statuses),
        "resident_status": panel.resident_status,
        "dead_status": panel.dead_status,
        "geography_date": geography.date.isoformat(),
        "split_successors": dict(geography.split_successors),
        "unknown_codes": list(geography.unknown_codes),
        "not_mainland_prefixes": list(geography.not_mainland_prefixes),
        "categories": {name: _category(getattr(study.variables, name)) for name in CATEGORIES},
        "family_situation": {
            "missing": family.missing,
            "other": family.other,
            "couple_statuses": list(family.couple_statuses),
            "married_statuses": list(family.married_statuses),
            "alone_families": list(family.alone_families),
            "children_families": list(family.children_families),
            "single_parent_families": list(family.single_parent_families),
        },
        "levels": {name: list(study.levels(name)) for name in LEVELS},
        "outcomes": list(study.levels("outcome")),
        "dispositions": list(dispositions(study)),
        "confidence_z": NormalDist().inv_cdf(0.5 + confidence / 2),
    }


def _category(variable: Variable) -> dict[str, Any]:
    """A variable's codes by level, and its level for missing."""
    return {
        "codes": {level: list(codes) for level, codes in variable.codes.items()},
        "missing": variable.missing,
    }


def _results(path: Path) -> list[Mapping[str, Any]]:
    """dbt's result for each node; empty if dbt did not get that far."""
    if not path.exists():
        return []
    results: list[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return results


def _failure(result: Mapping[str, Any]) -> str:
    """One failed node: kind, name, status and number of failures, never dbt's message, which can repeat values."""
    kind, _project, name = result["unique_id"].split(".")[:3]
    failures = result["failures"]
    return f"{kind} {name}: {result['status']}" + ("" if failures is None else f", {failures} rows")


def _events_of(project: Project, command: Sequence[str], watch: Watch | None) -> tuple[int, list[Event]]:
    """Run a command of dbt. Returns its exit code, and the events of its log except those for debugging."""
    try:
        dbt = started(project, command)
    except BrokenPipeError:
        raise BuildFailed("dbt ended before it was told what to do: is all of it installed (make setup)?") from None
    with dbt as process:
        events = []
        try:
            for line in process.stdout or ():
                event = _event(line)
                if event:
                    events.append(event)
                    if watch:
                        watch(event)
        except BaseException:  # whatever stops us must stop dbt too
            process.kill()
            raise
    return process.returncode, events


def _event(line: str) -> Event | None:
    """The event in a line of dbt's output; None if the line is none."""
    try:
        event: Event = json.loads(line)
        return event if {"name", "level", "msg"} <= event["info"].keys() and "data" in event else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _said_before_any_row_was_read(events: Iterable[Event]) -> Iterator[str]:
    """Error messages from before the first node ran: they can be about our files and the connection only."""
    for event in events:
        if "node_info" in event["data"]:
            return
        if event["info"]["level"] == "error" and event["info"]["name"] != "MainStackTrace":
            yield event["info"]["msg"]


def _remove_what_may_hold_values(target: Path, logs: Path, spill: Path) -> None:
    """Delete results, compiled SQL, logs and spilled rows; keep the manifest and the parser's cache."""
    for folder in (logs, spill, target / "compiled", target / "run"):
        shutil.rmtree(folder, ignore_errors=True)
    for file in ("run_results.json", "sources.json", "semantic_manifest.json", "graph.gpickle", "graph_summary.json"):
        (target / file).unlink(missing_ok=True)
