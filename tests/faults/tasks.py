"""What is run in a warm process: a step of the pipeline, undisturbed or with something wrong in the process itself.

Belongs here: functions that a warm process is asked for by name. Does not belong here: who disturbs it from outside
(`faults`).
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import flows.build
from flows.home import STUDY_FILE, Home
from flows.pipeline import run_build, run_estimate, run_load, run_publish, run_refresh, run_report, run_validate
from flows.versions import new_run_id
from models_py.study import Study, load_study
from synthetic import simulate
from tests.faults.warm import run_dbt_warm

PERSONS, FIRST_YEAR, LAST_YEAR, SEED = 1_500, 2014, 2017, 7
NEXT_DELIVERY = f"delivery_{LAST_YEAR}"

STEPS: dict[str, Callable[[Home, Study], object]] = {
    "load": run_load,
    "build": run_build,
    "validate": run_validate,
    "estimate": run_estimate,
    "publish": run_publish,
    "report": run_report,
    "refresh": lambda home, study: bool(run_refresh(home, study, new_run_id())),
}


class WarmDbt:
    """Stands for the module `subprocess` in `flows.build`."""

    DEVNULL = flows.build.subprocess.DEVNULL
    run = staticmethod(run_dbt_warm)


def the_study() -> Study:
    """study.yml without its variants, each of which would cost every refresh a run of dbt."""
    return load_study(STUDY_FILE).model_copy(update={"variants": ()})


def step(home: Path, name: str, wrong: AbstractContextManager[object] | None = None) -> Any:
    """Run a step, inside of something that is wrong where that is given."""
    silence()
    flows.build.subprocess = WarmDbt  # type: ignore[assignment]
    with wrong or nullcontext():
        result = STEPS[name](Home(home), the_study())
    return result if isinstance(result, bool | int | None) else None


def make_deliveries(folder: Path) -> None:
    """Simulate the deliveries of a tiny Norway."""
    simulate(persons=PERSONS, years=(FIRST_YEAR, LAST_YEAR), seed=SEED, out=folder, deliveries="yearly",
             sampling="balanced")  # fmt: skip


def silence() -> None:
    """Say nothing: hundreds of these run at a time when only one table is of interest."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
