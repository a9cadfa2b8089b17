"""Starting Prefect from the command line: its settings must be in the environment before it is imported."""

import os
import signal

from flows.candidate import sole_writer
from flows.home import Home
from flows.interrupt import leave_interrupts_to_prefect
from flows.lifeline import end_with_us
from flows.operations import load_operations
from flows.prefect_logs import log_failures_once
from flows.versions import new_run_id
from storage.permissions import process_owner_alone


class NoServer(RuntimeError):
    """There is no Prefect server to serve deployments to."""


def run_refresh_flow(home: Home) -> None:
    """Run `refresh` as a Prefect flow: on the server that PREFECT_API_URL names, else with a temporary one.

    Raises:
        HomeBusy: another process is at work; this is checked first, because Prefect takes seconds to start.
    """
    with sole_writer(home):
        pass
    keep_state_in(home)
    from flows.prefect_flows import refresh_run

    log_failures_once(command_says_so=True)
    start_server_if_none_is_named()
    refresh_run(str(home.path), new_run_id())


def start_server_if_none_is_named() -> None:
    """Start the temporary server ourselves: Prefect's own would stop when we end, but not if we are killed.

    Ctrl-C must reach us alone: with its server gone, Prefect would call it for more than a minute before we can end.
    """
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import PREFECT_API_URL

    if PREFECT_API_URL.value():
        return
    server = SubprocessASGIServer()  # there is one per process: Prefect's clients use this one
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # the server inherits it
    try:
        server.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if server.server_process:
        end_with_us(server.server_process.pid)


def serve_deployments(home: Home) -> None:
    """Serve the deployments of prefect.yaml until stopped.

    Raises:
        NoServer: no Prefect server is named, or none answers.
        AlreadyServed: another process serves them.
        OperationsError: the operators' settings cannot be read: every run would fail, and maybe tell nobody.
    """
    load_operations(home)
    keep_state_in(home)
    from flows import prefect_flows

    insist_on_server()
    leave_interrupts_to_prefect()
    prefect_flows.serve_deployments(home)


def insist_on_server() -> None:
    """Insist on a lasting server: schedules live there, and a temporary one would end with us and lose them.

    Raises:
        NoServer: PREFECT_API_URL names none, or none answers there.
    """
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():
        raise NoServer(
            "PREFECT_API_URL is not set, and serving needs a Prefect server that stays: start one and name it "
            "(docs/operators.md)"
        )
    with get_client(sync_client=True) as client:
        reason = client.api_healthcheck()
    if reason:
        raise NoServer(
            f"no Prefect server answers where PREFECT_API_URL says ({type(reason).__name__}): start it, or mend that"
        )


def keep_state_in(home: Home) -> None:
    """Set what Prefect reads at import: its own files belong in our home directory, like all state.

    They are the owner's alone, and so is whatever is written by processes started from here. A missing home is not
    created: the code that is about to work in it reports that.
    """
    process_owner_alone()
    if home.path.is_dir():
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
