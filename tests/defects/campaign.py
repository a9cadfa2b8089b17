"""All defects, and clean years of ten seeds: `make test-defects` (some minutes).

Prints counts; exit code 0 only if every defect is caught as declared and no clean delivery is refused or noted as
drift.
"""

import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import duckdb

from flows.home import STUDY_FILE
from flows.load import DeliveryRefused, load_deliveries
from models_py.study import load_study
from synthetic import simulate
from tests.defects.catalogue import DEFECTS
from tests.defects.stage import PERSONS, Stage, complaints, good_deliveries

SEEDS = range(1, 11)
CLEAN_YEARS = (2014, 2021)  # two reforms of municipalities among them
# What is true of clean deliveries too: nobody has died before the first year, and quirky files have other forms.
NO_ALARM = {"empty_column", "retyped_column"}


def try_defect(stage: Stage, place: int) -> list[str]:
    """What did not come true of one defect."""
    with tempfile.TemporaryDirectory() as work:
        return complaints(stage, DEFECTS[place], Path(work))


def alarms(seed: int) -> list[str]:
    """Refusals and notes on drift over the clean years of a seed, delivered year by year; even seeds with quirks."""
    with tempfile.TemporaryDirectory() as work:
        landing, database = Path(work) / "landing", Path(work) / "warehouse.duckdb"
        study = load_study(STUDY_FILE)
        simulate(PERSONS, CLEAN_YEARS, seed, landing, deliveries="yearly", quirks=seed % 2 == 0)
        for folder in sorted(path for path in landing.iterdir() if path.is_dir()):
            try:
                load_deliveries(database, landing, [folder.name], study, folder.name)
            except DeliveryRefused as refusal:
                return [refusal.report()]
        with duckdb.connect(str(database), read_only=True) as con:
            notes = con.sql(
                "select arrival, register, year, column_name, rule, before, now from audit.drift"
            ).fetchall()
        return [str(note) for note in notes if note[4] not in NO_ALARM]


def defects_uncaught(pool: ProcessPoolExecutor, stage: Stage) -> Iterator[str]:
    """A line for every defect that was not caught as declared."""
    for defect, wrong in zip(DEFECTS, pool.map(partial(try_defect, stage), range(len(DEFECTS))), strict=True):
        yield from (f"{defect}: {complaint}" for complaint in wrong)


def main() -> int:
    """Try everything and print the counts."""
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as root, ProcessPoolExecutor(2) as pool:
        uncaught = list(defects_uncaught(pool, good_deliveries(Path(root))))
        false = [
            f"seed {seed}: {alarm}"
            for seed, found in zip(SEEDS, pool.map(alarms, SEEDS), strict=True)
            for alarm in found
        ]
    for line in [*uncaught, *false]:
        print(line)
    outcomes = Counter(defect.expected.outcome for defect in DEFECTS)
    missed = len({line.split(":")[0] for line in uncaught})
    said = ", ".join(f"{n} to be {outcome}" for outcome, n in outcomes.items())
    print(f"{len(DEFECTS)} defects ({said}): {len(DEFECTS) - missed} caught as declared, {missed} not")
    n_clean = len(SEEDS) * (CLEAN_YEARS[1] - CLEAN_YEARS[0] + 1)
    print(f"{n_clean} clean deliveries of {len(SEEDS)} seeds: {len(false)} false alarms")
    return 1 if uncaught or false else 0


if __name__ == "__main__":
    sys.exit(main())
