"""Where defects are tried: good deliveries of a simulated Norway, all but the last loaded, and a try of one defect."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.home import STUDY_FILE
from flows.load import DeliveryRefused, load_deliveries
from flows.load.contract import contracts
from models_py.study import Study, load_study
from synthetic import simulate
from tests.defects.expected import Defect, Expected
from tests.defects.tables import KEY, file_of, read

PERSONS = 6000
YEARS = (2014, 2018)
LAST = f"delivery_{YEARS[1]}"


@dataclass(frozen=True)
class Stage:
    """Deliveries in `landing`, a warehouse in which all but the last are loaded, and one in which that is too."""

    root: Path
    study: Study

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def before(self) -> Path:
        return self.root / "before.duckdb"

    @property
    def good(self) -> Path:
        return self.root / "good.duckdb"


def good_deliveries(root: Path, seed: int = 1) -> Stage:
    """Simulate, and load all deliveries but the last, then the last."""
    stage = Stage(root, load_study(STUDY_FILE))
    deliveries = simulate(PERSONS, YEARS, seed, stage.landing, deliveries="yearly", quirks=False)
    load_deliveries(stage.before, stage.landing, [folder.name for folder in deliveries[:-1]], stage.study, "before")
    shutil.copyfile(stage.before, stage.good)
    load_deliveries(stage.good, stage.landing, None, stage.study, "good")
    return stage


def complaints(stage: Stage, defect: Defect, work: Path) -> list[str]:
    """What of a defect's expectation did not come true; empty: caught as declared."""
    landing, database = work / "landing", work / "warehouse.duckdb"
    for delivery in (f"delivery_{YEARS[1] - 1}", LAST):
        shutil.copytree(stage.landing / delivery, landing / delivery)
    shutil.copyfile(stage.before, database)
    keys = set(read(file_of(landing / LAST, "faste_oppl"))[KEY])
    defect.mutate(landing / LAST)
    try:
        load_deliveries(database, landing, None, stage.study, "defect")
    except DeliveryRefused as refusal:
        return [*wrong_refusal(defect.expected, refusal), *leaks(refusal, keys)]
    return wrong_load(stage, defect.expected, database)


def wrong_refusal(expected: Expected, refusal: DeliveryRefused) -> list[str]:
    """What is not as declared about a refusal."""
    found = sorted({f"{fault.rule} in {fault.file}, {fault.column}" for fault in refusal.faults})
    if expected.outcome != "refused":
        return [f"refused, expected {expected.outcome}: {found}"]
    as_declared = [
        fault
        for fault in refusal.faults
        if fault.rule == expected.rule
        and (expected.register is None or expected.register in (fault.file or ""))
        and (expected.column is None or expected.column == fault.column)
    ]
    return [] if as_declared else [f"no {expected.rule} in {expected.register}, {expected.column}, but {found}"]


def leaks(refusal: DeliveryRefused, keys: set[str]) -> list[str]:
    """Keys of persons in what a refusal says."""
    said = refusal.report() + json.dumps(refusal.records())
    return ["the report repeats a person's key"] if any(key in said for key in keys) else []


def wrong_load(stage: Stage, expected: Expected, database: Path) -> list[str]:
    """What is not as declared about a delivery that was loaded."""
    if expected.outcome == "refused":
        return [f"loaded, expected {expected.rule}; noted: {sorted(told(database))}"]
    wrong = []
    if expected.rule and not any(
        (rule, register) == (expected.rule, expected.register) and expected.column in (None, column)
        for rule, register, column in told(database)
    ):
        wrong.append(f"{expected.rule} is not noted, but {sorted(told(database))}")
    if expected.outcome == "repaired" and content(database) != content(stage.good):
        wrong.append("what is loaded is not what the good delivery brings")
    return wrong + small_counts(database, stage.study)


def told(database: Path) -> set[tuple[str, str, str]]:
    """(rule, register, column) of everything found in the last delivery."""
    with duckdb.connect(str(database), read_only=True) as con:
        rows = con.sql("""
            with last as (select max(arrival) as arrival from audit.delivery)
            select rule, register, coalesce(column_name, '') from audit.drift semi join last using (arrival)
            union
            select rule, register, coalesce(column_name, '') from audit.load_finding semi join last using (arrival)
        """).fetchall()
    return {(rule, register, column) for rule, register, column in rows}


def small_counts(database: Path, study: Study) -> list[str]:
    """Counts below the disclosure threshold in the notes."""
    with duckdb.connect(str(database), read_only=True) as con:
        found = con.sql(f"from audit.drift where n_rows < {study.disclosure.threshold}").fetchall()
    return ["a note tells a count below the threshold"] if found else []


def content(database: Path) -> dict[str, object]:
    """A fingerprint of each register's rows, whichever arrival brought them."""
    with duckdb.connect(str(database), read_only=True) as con:
        return {
            register: con.sql(f"""
                select count(*), sum(hash(here)::hugeint) from (select * exclude (arrival) from raw.{register}) as here
            """).fetchall()
            for register in contracts()
        }  # fmt: skip
