"""Ctrl-C stops, whatever takes it for something else on the way, and stops us alone."""

import signal
import subprocess
import sys

import pytest

from flows.prefect_run import start_server_if_none_is_named

# Great Expectations asks again where a statement ended with an error, which is what DuckDB makes of Ctrl-C.
SWALLOWED = """
import os, signal, time
from flows.errors import without_values
from flows.interrupt import stop_at_interrupt
from flows.log import step
stop_at_interrupt()
with without_values(), step("gate 1"):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        {then}
print("went on")
"""
BLOCKED = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"


@pytest.mark.parametrize("then", ["pass", "raise RuntimeError('Query interrupted')"])
def test_what_swallows_an_interrupt_ends_at_the_end_of_the_step(then: str) -> None:
    done = subprocess.run([sys.executable, "-c", SWALLOWED.format(then=then)], capture_output=True, text=True)
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == "KeyboardInterrupt"


def test_the_temporary_server_does_not_end_with_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect would ask for it for more than a minute before it let us end."""
    blocked = []

    class Server:
        server_process = None

        def start(self) -> None:
            done = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=True)
            blocked.append(done.stdout.strip())

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("prefect.server.api.server.SubprocessASGIServer", Server)
    start_server_if_none_is_named()
    assert blocked == ["True"]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
