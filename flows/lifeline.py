"""Processes that end with the one that needs them, even if that alone is killed, as when memory runs out.

Otherwise dbt would go on working on a candidate that the next refresh takes for its own, and Prefect's temporary server
would stay for good. Belongs here: pipes whose other end closes with us. Does not belong here: what runs in those
processes.
"""

import os
import signal
import subprocess
import sys

WATCH = "import sys; from flows.lifeline import end_with_parent; end_with_parent(int(sys.argv[1]))"


def end_with_parent(pid: int | None = None) -> None:
    """Wait until our input ends, a pipe whose other end the parent holds; then kill a process, by default our own.

    SIGKILL ends it at once, without cleaning up.
    """
    while os.read(0, 1):
        pass
    os.kill(pid or os.getpid(), signal.SIGKILL)


def end_with_us(pid: int) -> None:
    """Start a third process that waits for our end and then kills the given one, which knows nothing of us."""
    reading, _held_until_we_end = os.pipe()
    subprocess.Popen(
        [sys.executable, "-c", WATCH, str(pid)],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # the process may have ended before us, as it should
        start_new_session=True,  # so that Ctrl-C does not reach it
    )
    os.close(reading)
