"""Prefect flows: a flow for each step, and `refresh`, which the schedules run.

Importing this module imports Prefect; everything else in `flows/` works without it. Prefect keeps messages of
exceptions in its own database, so that only exceptions whose text is free of data may reach it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from flows.home import PROJECT_ROOT, STUDY_FILE, Home, home_from, insist_that_there
from flows.prefect_run import keep_state_in

keep_state_in(home_from(None))

import yaml
from prefect import flow, serve, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.deployments.runner import RunnerDeployment
from prefect.runtime import flow_run as this_run
from prefect.schedules import Cron

from flows import pipeline
from flows.alerts import alerting
from flows.errors import without_values
from flows.hypothesis_table import markdown_table
from flows.liveness import alive, sole_server
from flows.prefect_logs import log_failures_once
from flows.prefect_upkeep import (
    SCHEDULED_FLOW,
    ensure_automation,
    mark_dead_runs,
    mark_never_started,
    reconcile,
    tell_of_dead,
)
from flows.retention import tidy
from flows.versions import new_run_id
from models_py.study import load_study

log_failures_once()


def is_passing_trouble(_task: object, _run: object, state: Any) -> bool:
    """Whether trying again can help: a file still being copied in, a full disk; never a refusal or a failed gate."""
    return isinstance(state.result(raise_on_failure=False), OSError)


@task(
    name="step",
    task_run_name="{name}",
    retries=2,
    retry_delay_seconds=30,
    retry_condition_fn=is_passing_trouble,
    persist_result=False,
)
def run_step(name: str, work: Callable[[], object]) -> object:
    """One step as a Prefect task."""
    with without_values():
        return work()


def timed(timings: list[dict[str, object]]) -> pipeline.Runner:
    """A runner that puts a task around each step and notes how long it took; the last entry is the step under way."""

    def around(name: str, work: Callable[[], object]) -> object:
        start = time.perf_counter()
        timings.append({"step": name})
        result = run_step(name, work)
        timings[-1]["seconds"] = round(time.perf_counter() - start, 1)
        return result

    return around


@flow(name="refresh", flow_run_name="refresh {run_id}", persist_result=False)
def refresh_run(home: str, run_id: str, full: bool = False) -> bool:
    """Do everything that is due, or with `full` everything, as one named run. Returns whether something was done."""
    where = Home(Path(home))
    timings: list[dict[str, object]] = []
    at_work = alerting(where, run_id, lambda: str(timings[-1]["step"]) if timings else "start")
    with under_way(where, run_id), at_work:
        tidy(where)
        done = pipeline.run_refresh(where, load_study(STUDY_FILE), run_id, timed(timings), full)
    if done:
        create_table_artifact(timings, key="timings", description=f"Seconds per step of {run_id}")
        create_markdown_artifact(markdown_table(where.results), key="hypotheses", description=f"Release {run_id}")
    return bool(done)


@contextmanager
def under_way(home: Home, run_id: str) -> Iterator[None]:
    """Mark earlier runs that died, and be known as alive during the block. If either fails, an alert is sent.

    Raises:
        FileNotFoundError: the home directory is not there.
    """
    with ExitStack() as stack:
        with alerting(home, run_id, lambda: "start"):
            insist_that_there(home.path)
            reconcile(home)
            stack.enter_context(alive(home, str(this_run.id)))
        yield


def tell_of_crash(flow: object, flow_run: Any, state: object) -> None:
    """Hook for a run whose process ended too early; the process that serves the deployments calls it."""
    home = home_from(flow_run.parameters.get("home"))
    tell_of_dead(home, list(dict.fromkeys([*mark_dead_runs(home), flow_run.name])))


@flow(name=SCHEDULED_FLOW, persist_result=False, on_crashed=[tell_of_crash])
def refresh(home: str | None = None, full: bool = False) -> bool:
    """What the deployments run: a refresh of a home directory (default FLYTTEPANEL_HOME or ./var)."""
    where, run_id = home_from(home), new_run_id()
    with under_way(where, run_id):
        return bool(refresh_run(str(where.path), run_id, full))


def step_flow(name: str, work: Callable[..., object]) -> Any:
    """A flow that runs one step of the pipeline."""

    @flow(name=name, flow_run_name=f"{name} of {{home}}", persist_result=False)
    def run(home: str | None = None) -> None:
        where = home_from(home)
        insist_that_there(where.path)
        run_step(name, lambda: work(where, load_study(STUDY_FILE)))

    return run


load = step_flow("load", pipeline.run_load)
build = step_flow("build", pipeline.run_build)
validate = step_flow("validate", pipeline.run_validate)
estimate = step_flow("estimate", pipeline.run_estimate)
publish = step_flow("publish", pipeline.run_publish)
report = step_flow("report", pipeline.run_report)


def deployments(home: Home) -> list[RunnerDeployment]:
    """The deployments of prefect.yaml, for this home directory."""
    declared = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    return [
        refresh.to_deployment(  # type: ignore[misc]
            name=deployment["name"],
            description=deployment["description"],
            schedules=[Cron(schedule["cron"], timezone=schedule["timezone"]) for schedule in deployment["schedules"]],
            concurrency_limit=1,
            parameters={"home": str(home.path)} | deployment["parameters"],
        )
        for deployment in declared
    ]


def serve_deployments(home: Home) -> None:
    """Serve the deployments with their schedules until stopped; needs a running Prefect server.

    Raises:
        AlreadyServed: another process does.
    """
    with sole_server(home):
        ensure_automation()
        reconcile(home)
        tell_of_dead(home, mark_never_started(home))
        serve(*deployments(home), limit=1)
