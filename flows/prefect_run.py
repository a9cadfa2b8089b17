"""Starting Prefect from the command line: its settings must stand in the environment before it is imported."""

import os

from flows.home import Home
from flows.lifeline import end_with_us
from flows.versions import new_run_id
from storage.permissions import process_owner_alone


def run_refresh_flow(home: Home) -> None:
    """Run `refresh` as a Prefect flow: on the server PREFECT_API_URL names, else with a temporary one."""
    keep_state_in(home)
    from flows.prefect_flows import refresh_run

    start_server_if_none_is_named()
    refresh_run(str(home.path), new_run_id())


def start_server_if_none_is_named() -> None:
    """Start the temporary server that Prefect would start itself, and stop at our end, but not if we are killed."""
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import PREFECT_API_URL

    if PREFECT_API_URL.value():
        return
    server = SubprocessASGIServer()  # there is one a process: Prefect's clients take this one
    server.start()
    if server.server_process:
        end_with_us(server.server_process.pid)


def serve_deployments(home: Home) -> None:
    """Serve the deployments of prefect.yaml until stopped."""
    keep_state_in(home)
    from flows import prefect_flows

    prefect_flows.serve_deployments(home)


def keep_state_in(home: Home) -> None:
    """Set what Prefect reads at import: its own files belong into our home directory, like all state.

    They are the owner's alone, and so is what every process writes that is started from here.
    """
    process_owner_alone()
    home.create()
    settings = {
        "PREFECT_HOME": str(home.work / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # The temporary server needs 11-17 s on its first start, more on a busy machine.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        # Seconds; a run that misses three is taken for dead (flows/prefect_upkeep.py).
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
