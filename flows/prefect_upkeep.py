"""Keeps Prefect's view of our runs true: runs whose process is dead are marked as crashed, and the operators told.

There are three ways to notice, from the fastest to the surest. The process that serves the deployments sees a run's
process end; an automation on the server sees its heartbeats stop, even if everything else is dead too; the next start
checks the locks of `liveness`. Importing this module imports Prefect.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.automations import Automation
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings
from prefect.states import Crashed

from flows.alerts import send
from flows.home import Home
from flows.liveness import bury, dead_runs

SCHEDULED_FLOW = "scheduled-refresh"
FLOWS = (SCHEDULED_FLOW, "refresh")
AUTOMATION = "flyttepanel: runs without a heartbeat are dead"
MISSED_HEARTBEATS = 3
UNDER_WAY = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
GONE = "The process of this run is gone."


def mark_dead_runs(home: Home) -> list[str]:
    """Mark runs of this home directory whose process is dead and that Prefect still believes to be running.

    Returns the names of all dead runs, whoever marked them, without runs inside other runs.
    """
    if not (dead := dead_runs(home)):
        return []
    names: list[str] = []
    with get_client(sync_client=True) as client:
        for run_id in dead:
            run = known_run(client, UUID(run_id))
            if run:
                mark(client, run)
            names += [] if run and run.parent_task_run_id else [run.name if run else run_id]
            bury(home, run_id)
    return names


def mark_never_started(home: Home) -> list[str]:
    """Mark scheduled runs that a serving process took on but did not start before it died.

    Only the process that has just become the one that serves them may call this (`liveness.sole_server`).
    """
    with get_client(sync_client=True) as client:
        taken_on = client.read_flow_runs(
            flow_filter=FlowFilter.model_validate({"name": {"any_": [SCHEDULED_FLOW]}}),
            flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": [StateType.PENDING]}}}),
        )
        ours = [run for run in taken_on if run.parameters.get("home") == str(home.path)]
        for run in ours:
            mark(client, run)
    return [run.name for run in ours]


def known_run(client: SyncPrefectClient, run_id: UUID) -> FlowRun | None:
    """A run by its id; None if this server does not have it (any more)."""
    try:
        return client.read_flow_run(run_id)
    except ObjectNotFound:
        return None


def mark(client: SyncPrefectClient, run: FlowRun) -> None:
    """Mark a run, and its tasks, as crashed if they are under way; the automation marks runs but not their tasks."""
    crashed: Any = Crashed(message=GONE)
    if run.state and run.state.type in UNDER_WAY:
        client.set_flow_run_state(run.id, crashed, force=True)
    of_this_run = FlowRunFilter.model_validate({"id": {"any_": [run.id]}})
    for task in client.read_task_runs(flow_run_filter=of_this_run):
        if task.state and task.state.type in UNDER_WAY:
            client.set_task_run_state(task.id, crashed, force=True)


def tell_of_dead(home: Home, names: list[str]) -> None:
    """Alert the operators of runs that died."""
    for name in names:
        send(home, "Flyttepanel: run died", f"Run {name}: its process ended before it had finished. {STAYS}")


STAYS = "The published release stays; the next refresh starts clean."


def reconcile(home: Home) -> None:
    """Mark dead runs and alert the operators; called at every start."""
    tell_of_dead(home, mark_dead_runs(home))


def heartbeat_automation() -> Automation:
    """An automation that marks each of our runs as crashed if its heartbeats stop before it ends."""
    frequency = get_current_settings().flows.heartbeat_frequency
    if frequency is None:
        raise RuntimeError("PREFECT_FLOWS_HEARTBEAT_FREQUENCY is switched off: dead runs would not be seen")
    ends = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
    return Automation(
        name=AUTOMATION,
        description=f"No heartbeat for {MISSED_HEARTBEATS * frequency} seconds",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *ends},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            match_related={"prefect.resource.role": "flow", "prefect.resource.name": list(FLOWS)},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=MISSED_HEARTBEATS * frequency),
        ),
        actions=[
            ChangeFlowRunState(name="Crashed", state=StateType.CRASHED, message=f"No heartbeat. {GONE}", force=False)
        ],
    )


def ensure_automation() -> None:
    """Make the server hold exactly one copy of the automation, as it is now."""
    wanted = heartbeat_automation()
    with get_client(sync_client=True) as client:
        there = client.read_automations_by_name(AUTOMATION)
        for outdated in there:
            client.delete_automation(outdated.id)
    wanted.create()
