"""What a process started ends with it, also when it is killed and can do nothing about it."""

import os
import signal
import subprocess
import sys
import time

import pytest

# Starts a process that knows nothing of it, says its number, and waits.
STARTER = """
import subprocess, sys, time
from flows.lifeline import end_with_us

other = subprocess.Popen(["sleep", "600"])
end_with_us(other.pid)
print(other.pid, flush=True)
time.sleep(float(sys.argv[1]))
"""
PATIENCE = 20.0


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, None])
def test_another_ends_with_us(ending: signal.Signals | None) -> None:
    lasts = "600" if ending else "0"
    with subprocess.Popen([sys.executable, "-c", STARTER, lasts], stdout=subprocess.PIPE, text=True) as starter:
        other = int(starter.stdout.readline())
        if ending:
            assert is_there(other)
            starter.send_signal(ending)
        starter.wait(PATIENCE)
    until = time.monotonic() + PATIENCE
    while is_there(other) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there(other)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
