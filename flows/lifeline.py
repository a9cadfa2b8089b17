"""Processes that end when the one that needs them does, however that ends: killed alone too, as when memory runs out.

dbt would go on working on a candidate that the next refresh takes for its own; Prefect's temporary server would stay
for good. Belongs here: pipes whose other end closes with us. Does not belong here: what runs in those processes.
"""

import os
import signal
import subprocess
import sys

WATCH = "import sys; from flows.lifeline import end_with_parent; end_with_parent(int(sys.argv[1]))"


def end_with_parent(pid: int | None = None) -> None:
    """Wait for the end of our input, a pipe whose other end the parent holds; then end a process, by default us.

    At once, without tidying up.
    """
    while os.read(0, 1):
        pass
    os.kill(pid or os.getpid(), signal.SIGKILL)


def end_with_us(pid: int) -> None:
    """See to it that a process which knows nothing of us ends when this one does, by a third that waits for that."""
    reading, _held_until_we_end = os.pipe()
    subprocess.Popen(
        [sys.executable, "-c", WATCH, str(pid)],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # the process may have ended before us, as it should
        start_new_session=True,  # so that Ctrl-C does not reach it
    )
    os.close(reading)
