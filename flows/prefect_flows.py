"""Prefect flows: a flow for each step, and `refresh`, which the schedules run.

Importing this module imports Prefect; everything else in `flows/` works without it. Prefect keeps messages of
exceptions in its own database, so that only exceptions whose text is free of data may reach it.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.home import PROJECT_ROOT, STUDY_FILE, Home, home_from
from flows.prefect_run import keep_state_in

keep_state_in(home_from(None))

import yaml
from prefect import flow, serve, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows import pipeline
from flows.errors import without_values
from flows.hypothesis_table import markdown_table
from flows.versions import new_run_id
from models_py.study import load_study


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
    """A runner that puts a task around a step and notes how long it took."""

    def around(name: str, work: Callable[[], object]) -> object:
        start = time.perf_counter()
        result = run_step(name, work)
        timings.append({"step": name, "seconds": round(time.perf_counter() - start, 1)})
        return result

    return around


@flow(name="refresh", flow_run_name="refresh {run_id}", persist_result=False)
def refresh_run(home: str, run_id: str) -> bool:
    """Everything that is due, as one named run. Returns whether something was."""
    where = Home(Path(home))
    timings: list[dict[str, object]] = []
    done = pipeline.run_refresh(where, load_study(STUDY_FILE), run_id, timed(timings))
    if done:
        create_table_artifact(timings, key="timings", description=f"Seconds per step of {run_id}")
        create_markdown_artifact(markdown_table(where.results), key="hypotheses", description=f"Release {run_id}")
    return bool(done)


@flow(name="scheduled-refresh", persist_result=False)
def refresh(home: str | None = None) -> bool:
    """What the deployments run: a refresh of a home directory (default FLYTTEPANEL_HOME or ./var)."""
    return bool(refresh_run(str(home_from(home).path), new_run_id()))


def step_flow(name: str, work: Callable[..., object]) -> Any:
    """A flow that runs one step of the pipeline."""

    @flow(name=name, flow_run_name=f"{name} of {{home}}", persist_result=False)
    def run(home: str | None = None) -> None:
        run_step(name, lambda: work(home_from(home), load_study(STUDY_FILE)))

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
            parameters={"home": str(home.path)},
        )
        for deployment in declared
    ]


def serve_deployments(home: Home) -> None:
    """Serve the deployments with their schedules until stopped; needs a running Prefect server."""
    serve(*deployments(home), limit=1)
