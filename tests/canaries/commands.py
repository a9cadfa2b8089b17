"""Commands as they are typed, in processes of their own that need not import everything anew.

Belongs here: running, and where a command may leave anything. Does not belong here: which commands, and on what.
"""

import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from flows.home import Home

# Imported once, before the processes branch off: together they take ten seconds.
PRELOADED = ("expectations.gate", "flows.pipeline", "models_py.estimate", "report.render", "flows.load")
PLAIN_REFRESH = "refresh without Prefect"
PREFECT_REFRESH = "refresh through Prefect"


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended: how, and everywhere it may have written anything since `started` (seconds)."""

    succeeded: bool
    started: float
    roots: tuple[Path, ...]


def run(command: str, home: Home, study_file: Path, stage: Path) -> Ran:
    """Run a command in a home directory; what it prints, and its temporary files, are kept under `stage`."""
    shutil.rmtree(stage, ignore_errors=True)
    for folder in ("printed", "tmp", "user", "cwd"):
        (stage / folder).mkdir(parents=True, exist_ok=True)
    started = time.time() - 1  # file systems round
    process = multiprocessing.get_context("fork").Process(target=work, args=(command, home, study_file, stage))
    process.start()
    process.join()
    return Ran(process.exitcode == 0, started, (home.path, stage))


def preload() -> None:
    """Import what the commands need."""
    for module in PRELOADED:
        __import__(module)


def work(command: str, home: Home, study_file: Path, stage: Path) -> None:
    """In the new process: send what is printed to files, set up its surroundings, and go."""
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        path = stage / "printed" / f"{command.replace(' ', '_')}.{name}"
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    tempfile.tempdir = None
    os.environ |= {
        "TMPDIR": str(stage / "tmp"),
        "HOME": str(stage / "user"),
        "OPENBLAS_NUM_THREADS": "1",
        "PREFECT_LOGGING_LEVEL": "DEBUG",
    }
    os.chdir(stage / "cwd")
    try:
        go(command, home, study_file)
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        finish(0 if error.code in (None, 0) else 1)
    except BaseException:
        traceback.print_exc()
        finish(1)
    finish(0)


def finish(code: int) -> None:
    """End the process at once: what it inherited is not its to clean up."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def go(command: str, home: Home, study_file: Path) -> None:
    """Run the command under another study file than the project's."""
    import flows.cli
    from flows.errors import without_values
    from flows.pipeline import run_refresh
    from flows.prefect_run import keep_state_in
    from flows.versions import new_run_id
    from models_py.study import load_study

    if command == PLAIN_REFRESH:
        with without_values():
            run_refresh(home, load_study(study_file), new_run_id())
        return
    flows.cli.STUDY_FILE = study_file
    if command == PREFECT_REFRESH:
        keep_state_in(home)
        import flows.prefect_flows

        flows.prefect_flows.STUDY_FILE = study_file
        command = "refresh"
    sys.argv = ["flyttepanel", *command.split(), "--home", str(home.path)]
    flows.cli.main()
