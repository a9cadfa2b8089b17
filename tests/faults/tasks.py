"""What is run in a warm process: a step of the pipeline, undisturbed or with something wrong in the process itself.

Belongs here: functions that a warm process is asked for by name. Does not belong here: who disturbs it from outside
(`faults`).
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import duckdb

import flows.dbt_process
from flows.home import STUDY_FILE, Home
from flows.links import replace_link
from flows.pipeline import run_build, run_estimate, run_load, run_publish, run_refresh, run_report, run_validate
from flows.retention import tidy
from flows.versions import new_run_id
from models_py.study import Study, load_study
from synthetic import simulate
from tests.faults.warm import WarmDbt

PERSONS, FIRST_YEAR, LAST_YEAR, SEED = 1_500, 2014, 2017, 7
LATER = "started_at = started_at + interval 1 year, finished_at = finished_at + interval 1 year"
VARIANT = "first_event"
NEXT_DELIVERY = f"delivery_{LAST_YEAR}"


def refresh(home: Home, study: Study) -> bool:
    """As the flow does it, without Prefect."""
    tidy(home)
    return bool(run_refresh(home, study, new_run_id()))


STEPS: dict[str, Callable[[Home, Study], object]] = {
    "load": run_load,
    "build": run_build,
    "validate": run_validate,
    "estimate": lambda home, study: run_estimate(home, study, variants=True),
    "publish": run_publish,
    "report": run_report,
    "refresh": refresh,
}


def the_study() -> Study:
    """study.yml with one variant, of another panel: each costs every refresh a run of dbt."""
    study = load_study(STUDY_FILE)
    return study.model_copy(update={"variants": tuple(v for v in study.variants if v.name == VARIANT)})


def step(home: Path, name: str, wrong: AbstractContextManager[object] | None = None) -> Any:
    """Run a step, inside of something that is wrong where that is given."""
    silence()
    flows.dbt_process.start = WarmDbt  # type: ignore[assignment]
    with wrong or nullcontext():
        result = STEPS[name](Home(home), the_study())
    return result if isinstance(result, bool | int | None) else None


def make_deliveries(folder: Path, persons: int) -> None:
    """Simulate the deliveries of a tiny Norway."""
    simulate(persons=persons, years=(FIRST_YEAR, LAST_YEAR), seed=SEED, out=folder, deliveries="yearly",
             sampling="balanced")  # fmt: skip


def make_later(home: Path) -> None:
    """Have everything done so far bear times a year later: what a clock finds that has since been set back."""
    where = Home(home)
    old = where.current.resolve()
    new = old.with_name(f"{int(old.name[:4]) + 1}{old.name[4:]}")
    run_id = "(left(run_id, 4)::integer + 1)::varchar || run_id[5:]"
    with duckdb.connect(str(where.warehouse)) as con:
        con.execute(f"update audit.step set {LATER}")
        con.execute("update audit.delivery set loaded_at = loaded_at + interval 1 year")
        for table in ("step", "delivery", "validation", "released_count"):
            con.execute(f"update audit.{table} set run_id = {run_id}")
    con = duckdb.connect()
    con.execute(f"attach '{old / 'results.duckdb'}' as release")
    con.execute("use release")
    con.execute(f"update history.run set {LATER}")
    for (table,) in con.sql("select table_name from duckdb_tables() where schema_name = 'history'").fetchall():
        con.execute(f"update history.{table} set run_id = {run_id}")
    for table in ("disclosure", "disclosure_rule", "disclosure_level"):
        con.execute(f"update audit.{table} set run_id = {run_id}")
    for (view,) in con.sql("select sql from duckdb_views() where schema_name = 'results'").fetchall():
        con.execute(view.replace("CREATE VIEW", "CREATE OR REPLACE VIEW").replace(old.name, new.name))
    con.close()
    manifest = old / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(old.name, new.name), encoding="utf-8")
    old.rename(new)
    replace_link(where.current, Path("releases") / new.name)
    replace_link(where.last_published, Path(new.name))


def silence() -> None:
    """Say nothing: hundreds of these run at a time when only one table is of interest."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
