"""The steps, each on a candidate warehouse: load, build, validate, estimate, with or without Prefect around them.

Each step does its work, passes its gate and records that it is done. The caller decides who may run, and when the
candidate becomes the warehouse.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from flows.home import Home
from flows.log import step
from flows.long_lived import import_for_good
from flows.state import EMPTIED, basis, is_emptied, last_basis, record_step
from flows.versions import code_version
from models_py.study import Study, study_hash
from storage.catalogue import has_table
from storage.warehouse import open_warehouse

LATER_ONES_FIRST = """
What remains without the delivery is not what a panel can be made of, so that it was not withdrawn. If it must go,
withdraw those that came after it first, the last one first; then load the right ones by name."""


class StepMissing(RuntimeError):
    """A step was asked for before the one it needs."""


def load(home: Home, candidate: Path, study: Study, run_id: str, names: Sequence[str] | None = None) -> int:
    """Load deliveries (all that are due, or those named) and pass gate 1. Returns how many were loaded.

    Raises:
        DeliveryRefused: something in a delivery breaks its contract; also written to logs/refusals.jsonl.
        GateFailed: no panel can be made of the registers as they are now.
    """
    from flows.load import DeliveryRefused, load_deliveries, write_refusal
    from flows.load.drift_notes import count_notes

    started = datetime.now(UTC)
    every_year = is_full("load", candidate, study)
    with step("load") as said:
        try:
            loaded = load_deliveries(candidate, home.landing, names, study, run_id)
        except DeliveryRefused as refusal:
            write_refusal(home.refusals, refusal, run_id)
            raise
        said.append(f"{len(loaded)} {'delivery' if len(loaded) == 1 else 'deliveries'}")
        if loaded and (n_notes := count_notes(candidate)):
            said.append(f"{n_notes} {'note' if n_notes == 1 else 'notes'} on drift (flyttepanel status)")
    if loaded:
        pass_gate_1(home, candidate, study, run_id, None if every_year else run_id)
        record_step(candidate, "load", run_id, study, started)
    return len(loaded)


def pass_gate_1(home: Home, candidate: Path, study: Study, run_id: str, news_of: str | None = None) -> None:
    """Check everything that is loaded. With `news_of`, rules about a year look only at the years that run has loaded.

    Raises:
        GateFailed: no panel can be made of it.
    """
    from expectations.gate import run_gate

    with step("gate 1") as said:
        result = run_gate("incoming", candidate, study, run_id, docs_folder(home), news_of)
        said.append(f"{len(result.checks)} expectations met")


def withdraw(home: Home, candidate: Path, study: Study, run_id: str, delivery: str) -> None:
    """Take a delivery out and pass gate 1 with what remains.

    If nothing remains, the gate is left to the next load. Otherwise a wrong delivery that is the only one could be
    replaced only by making a new warehouse, which would lose the counts of earlier releases.

    Raises:
        NotLoaded: there is no such delivery in the warehouse.
        DeliveryRefused: an earlier version that counts again is no longer in landing as it was loaded.
        GateFailed: no panel can be made of what remains.
    """
    from expectations.gate import GateFailed
    from flows.load import withdraw as take_out

    started = datetime.now(UTC)
    with step("withdraw") as said:
        take_out(candidate, home.landing, delivery, study, run_id)
        said.append(delivery)
    with open_warehouse(candidate, read_only=True) as con:
        if is_emptied(con):
            return
    try:
        pass_gate_1(home, candidate, study, run_id)
    except GateFailed as failed:
        raise GateFailed(f"{failed}{LATER_ONES_FIRST}", failed.result) from None
    record_step(candidate, "load", run_id, study, started)


def build(
    home: Home, candidate: Path, study: Study, run_id: str, full: bool = False, target: str | None = None
) -> None:
    """Build marts and the estimation input with dbt and pass gate 2; with `full` every year, changed or not.

    `target` is a target of `profiles.yml`; the default comes from the environment. On `spark` every year is built.

    Raises:
        StepMissing: nothing has been loaded, or not enough for one panel year.
        BuildFailed: a model or a data test failed.
        GateFailed: what is loaded fails gate 1 by the current rules, or the marts are not what the study says.
        SparkMissing: Spark is asked for and not installed.
        SparkReadsClear: Spark is asked for and the warehouse is encrypted.
    """
    from flows.build import chosen_target
    from flows.dbt_docs import keep_manifest

    needs(candidate, "load")
    needs_a_panel_year(candidate, study)
    check_loaded(home, candidate, study, run_id)
    started = datetime.now(UTC)
    if (target or chosen_target()) == "spark":
        manifest = build_on_spark(home, candidate, study, run_id)
    else:
        manifest = build_in_duckdb(home, candidate, study, run_id, full)
    keep_manifest(candidate, manifest)
    record_step(candidate, "build", run_id, study, started)


def check_loaded(home: Home, candidate: Path, study: Study, run_id: str) -> None:
    """Pass gate 1 again with all that is loaded, if it last passed under other code or another specification.

    Raises:
        GateFailed: by the current rules no panel can be made of what is loaded.
    """
    if not is_full("load", candidate, study):
        return
    started = datetime.now(UTC)
    pass_gate_1(home, candidate, study, run_id)
    record_step(candidate, "load", run_id, study, started)


def build_in_duckdb(home: Home, candidate: Path, study: Study, run_id: str, full: bool) -> Path:
    """Build in the candidate and pass gate 2 there; raises what `build` does. Returns dbt's manifest."""
    from flows.build import build as build_with_dbt

    with step("build") as said:
        every_year = full or is_full("build", candidate, study)
        manifest = build_with_dbt(candidate, study, home.dbt, every_year)
        said.append("all years" if every_year else "changed years")
    from expectations.gate import run_gate

    with step("gate 2") as said:
        result = run_gate("marts", candidate, study, run_id, docs_folder(home), None if every_year else run_id)
        said.append(f"{len(result.checks)} expectations met")
    return manifest


@contextmanager
def gates_at_the_ready() -> Iterator[None]:
    """Import the gates while the block copies, loads or builds: Great Expectations takes seconds to import.

    The end of the block always waits for the import: cut off by the end of the process, it fails with a long message.
    """
    beside = threading.Thread(target=import_for_good, args=["expectations.gate"])
    beside.start()
    try:
        yield
    finally:
        beside.join()


def build_at_the_ready(home: Home, study: Study) -> AbstractContextManager[None]:
    """During the block, another process imports dbt and reads its project, to build the candidate by this study."""
    from flows.build import build_at_the_ready as dbt_at_the_ready

    return dbt_at_the_ready(home.candidate, study, home.dbt)


def build_on_spark(home: Home, candidate: Path, study: Study, run_id: str) -> Path:
    """Build on Spark, pass gate 2 there and take the tables in; raises and returns what `build_in_duckdb` does."""
    from flows import spark

    with spark.scratch_storage(home.work) as storage:
        with step("build") as said:
            manifest = spark.build(candidate, storage, study, home.work / "dbt_spark")
            said.append("all years on Spark")
        with step("gate 2") as said:
            result = spark.run_gate("marts", storage, manifest, candidate, study, run_id, docs_folder(home))
            said.append(f"{len(result.checks)} expectations met")
        with step("take in"):
            spark.take_in(storage, manifest, candidate)
    return manifest


def is_full(name: str, candidate: Path, study: Study) -> bool:
    """Whether a step has to look at every year: it was never done, or last by other code or another specification."""
    if not candidate.exists():
        return True
    with open_warehouse(candidate, read_only=True) as con:
        last = last_basis(con, name)
    return last is None or (last.study_hash, last.code_version) != (study_hash(study), code_version())


def estimate(candidate: Path, study: Study, run_id: str) -> None:
    """Fit the models, predict, test the hypotheses.

    Raises:
        StepMissing: the marts have not been built from what is loaded now, by this specification and code.
    """
    from flows.fit_progress import watched_fits
    from models_py.estimate import estimate as estimate_models

    needs(candidate, "build", study)
    started = datetime.now(UTC)
    with step("estimate"), watched_fits(candidate, study) as watch:
        estimate_models(candidate, study, watch)
    record_step(candidate, "estimate", run_id, study, started)


def estimate_variants(home: Home, candidate: Path, study: Study, run_id: str) -> None:
    """Judge the hypotheses under every variant of the study.

    Raises:
        StepMissing: the study itself has not been estimated from what is loaded now.
        VariantFailed: a variant's panel could not be built, or cannot be estimated.
    """
    from flows.variants import estimate_variants as estimate_them

    needs(candidate, "estimate", study)
    started = datetime.now(UTC)
    estimate_them(home, candidate, study)
    record_step(candidate, "variants", run_id, study, started)


def validate(home: Home, candidate: Path, study: Study, run_id: str) -> int:
    """Run gates 1 and 2 again on what is loaded and built. Returns the number of expectations met.

    Raises:
        GateFailed: an expectation is not met.
        StepMissing: nothing has been loaded.
    """
    from expectations.gate import run_gate

    needs(candidate, "load")
    gates: list[Literal["incoming", "marts"]] = ["incoming"]
    with open_warehouse(candidate, read_only=True) as con:
        gates += ["marts"] if last_basis(con, "build") else []
    with step("validate") as said:
        results = [run_gate(gate, candidate, study, run_id, docs_folder(home)) for gate in gates]
        met = sum(len(result.checks) for result in results)
        said.append(f"{met} expectations met")
    return met


def needs_a_panel_year(candidate: Path, study: Study) -> None:
    """Insist on at least one panel year: a loaded 1 January, not before the study's first year, and the one after it.

    Raises:
        StepMissing: there is none.
    """
    with open_warehouse(candidate, read_only=True) as con:
        years = {
            year
            for (year,) in con.sql("""
                select year from audit.register_year where register = 'bostedskommune' and is_current
            """).fetchall()
        }
    first = study.panel.years.first
    if not any(year >= first and year + 1 in years for year in years):
        raise StepMissing(
            f"no panel year can be made yet: the first needs the registers of 1 January {first} and {first + 1}, moves "
            f"(flytting) of {first}, work and education (regsys, bu_utd) of {first - 1}; loaded are municipalities of "
            f"{', '.join(map(str, sorted(years))) or 'no year'}; add what is missing to landing/"
        )


def docs_folder(home: Home) -> Path:
    """Where the gates of a run leave their Data Docs until the release copies them."""
    return home.work / "data_docs"


def needs(candidate: Path, earlier: str, study: Study | None = None) -> None:
    """Insist that an earlier step has been done; with a study, on the current inputs, specification and code.

    Raises:
        StepMissing: it has not, or every delivery has been withdrawn.
    """
    if candidate.exists():
        with open_warehouse(candidate, read_only=True) as con:
            is_loaded_into = has_table(con, "audit", "delivery")
            if is_loaded_into and is_emptied(con):
                raise StepMissing(f"{EMPTIED}; what was published stays")
            done = last_basis(con, earlier) if is_loaded_into else None
            if done and study is None:
                return
            if done and study and done == basis(con, study):
                return
    raise StepMissing(
        f"run `flyttepanel {earlier}` first: what is loaded or specified now has not been through it, or not by this "
        "code"
    )
