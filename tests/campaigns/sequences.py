"""Random sequences of deliveries, builds between them, and what one delivery of the final state comes to.

    python -m tests.campaigns.sequences [--sequences N] [--seed S]          (`make test-sequences`)

A small simulated Norway is cut into register-years, each in two versions. Deliveries bring any of them: late, twice,
overlapping, corrected under their own name, withdrawn and loaded again, with builds at any moment. Then the marts must
be those of a fresh home with one delivery of the versions that are current, row for row with keys mapped back to
pseudonyms, and so must the estimates. Exits 1 if any differs. That `raw` is right is `tests/load`'s.
"""

import argparse
import csv
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb

from expectations.gate import GateFailed
from flows.home import STUDY_FILE, Home
from flows.load import DeliveryRefused
from flows.pipeline import run_build, run_estimate, run_load, run_withdraw
from flows.state import late_steps
from flows.steps import StepMissing
from models_py.study import Study, load_study
from synthetic import simulate
from tests.deliveries import Table, write_files
from tests.faults import published
from tests.load.test_delivery_sequences import Account, RegisterYear

PERSONS, YEARS = 3000, (2014, 2018)
KEY, PREFIX = "lopenr_person", "w21_1234_"
# Prefixes of a wide register's columns, and how a year is written in them.
WIDE = {
    "bostedskommune": ("bostedskommune_01_01_{}",),
    "bu_utd": ("bu_{}",),
    "regstat": ("regstat_{}", "regstat_{}_dat"),
}
SHORT_YEARS = {"regstat"}
YEAR_FILES = {"flytting_g": "flytting", "hush_fam_": "hush_fam", "regsys_": "regsys"}
EVERY = 97  # of the persons, one in so many is another in a corrected version
OfPerson = tuple[tuple[str, ...], ...]  # a person's rows in a register-year, without the key
Rows = dict[str, OfPerson]


def wide_names(register: str, year: int) -> list[str]:
    """The columns of a year in a wide file."""
    written = f"{year % 100:02d}" if register in SHORT_YEARS else year
    return [form.format(written) for form in WIDE[register]]


class Norway:
    """Register-years of a simulated Norway: `versions[key]` as delivered first and as corrected."""

    def __init__(self, folder: Path) -> None:
        [delivery] = simulate(PERSONS, YEARS, 1, folder, quirks=False, sampling="balanced")
        self.columns: dict[str, tuple[str, ...]] = {}
        self.versions: dict[RegisterYear, tuple[Rows, Rows]] = {}
        for path in sorted(delivery.glob("*.csv")):
            with path.open(encoding="cp1252", newline="") as file:
                header, *rows = csv.reader(file, delimiter=";")
            self._take(path.stem.lower(), [name.lower().removeprefix(PREFIX) for name in header], rows)

    def _take(self, stem: str, header: list[str], rows: list[list[str]]) -> None:
        """A file's register-years."""
        key = header.index(KEY)
        for register, forms in WIDE.items():
            if register in stem:
                for year in range(YEARS[0] - 1, YEARS[1] + 1):
                    names = wide_names(register, year)
                    if set(names) <= set(header):
                        self._keep(register, year, key, forms, [header.index(name) for name in names], rows)
                return
        others = [place for place in range(len(header)) if place != key]
        for prefix, register in YEAR_FILES.items():
            if found := re.search(rf"{prefix}(\d{{4}})", stem):
                self._keep(register, int(found[1]), key, [header[place] for place in others], others, rows)
                return
        self._keep("faste_oppl", None, key, [header[place] for place in others], others, rows)

    def _keep(
        self, register: str, year: int | None, key: int, names: Iterable[str], places: list[int], rows: list[list[str]]
    ) -> None:
        """A register-year in both versions: in the corrected one some have the rows of others, or none."""
        self.columns[register] = tuple(names)
        found: dict[str, list[tuple[str, ...]]] = {}
        for row in rows:
            if any(values := tuple(row[place] for place in places)):
                found.setdefault(row[key], []).append(values)
        first: Rows = {person: tuple(of_person) for person, of_person in sorted(found.items())}
        corrected, persons = dict(first), list(first)
        for place in range(year or 0, len(persons) - 1, EVERY):
            corrected[persons[place]] = first[persons[place + 1]]
        if register in YEAR_FILES.values():  # a residence less would be an exit that nothing explains
            corrected = {person: rows for place, (person, rows) in enumerate(corrected.items()) if place % EVERY != 3}
        self.versions[register, year] = (first, corrected)

    def write(self, landing: Path, delivery: str, content: dict[RegisterYear, Rows]) -> None:
        """Write a delivery anew."""
        shutil.rmtree(landing / delivery, ignore_errors=True)
        files: dict[str, Table] = {}
        for register in sorted({register for register, _ in content}):
            years = sorted(year for name, year in content if name == register and year is not None)
            if register in WIDE:
                period = f"_{years[0]}_{years[-1]}" if register == "regstat" else ""
                files[register + period] = self._wide(register, {year: content[register, year] for year in years})
            elif years:
                prefix = next(prefix for prefix, name in YEAR_FILES.items() if name == register)
                files |= {f"{prefix}{year}": self._plain(register, content[register, year]) for year in years}
            else:
                files[register] = self._plain(register, content[register, None])
        write_files(landing / delivery, **files)

    def _plain(self, register: str, rows: Rows) -> Table:
        """A file of one register-year."""
        flat = [(person, *values) for person, of_person in rows.items() for values in of_person]
        return dict(zip((KEY, *self.columns[register]), map(list, zip(*flat, strict=True)), strict=True))

    def _wide(self, register: str, years: dict[int, Rows]) -> Table:
        """A wide file; persons that a year does not have are left empty."""
        persons = sorted(set().union(*years.values()))
        table: dict[str, list[str]] = {KEY: persons}
        for year, rows in years.items():
            for place, name in enumerate(wide_names(register, year)):
                table[name] = [rows[person][0][place] if person in rows else "" for person in persons]
        return table

    def some(self, chance: random.Random, whole: bool) -> dict[RegisterYear, Rows]:
        """What a delivery may bring: everything up to a year, or some register-years, in either version."""
        keys = list(self.versions)
        if whole or chance.random() < 0.3:
            last = chance.randint(YEARS[0] + 1, YEARS[1])
            chosen = [key for key in keys if key[1] is None or key[1] <= last]
        else:
            chosen = chance.sample(keys, chance.randint(1, 6))
        return {key: self.version(key, chance, whole) for key in chosen}

    def version(self, key: RegisterYear, chance: random.Random, whole: bool) -> Rows:
        """Either version; of `faste_oppl` at times of half the persons, unless `whole`."""
        rows = self.versions[key][chance.random() < 0.3]
        if key[1] is None and not whole and chance.random() < 0.3:
            return {person: rows[person] for person in sorted(rows)[chance.randint(0, 1) :: 2]}
        return rows


def play(norway: Norway, home: Home, study: Study, chance: random.Random) -> tuple[Account[OfPerson], list[str]]:
    """A random sequence. Returns which versions count after it, and what happened."""
    account: Account[OfPerson] = Account()
    on_disk: dict[str, dict[RegisterYear, Rows]] = {}
    told: list[str] = []
    for step in range(chance.randint(5, 9)):
        event = (
            chance.choice(("deliver", "deliver", "deliver", "withdraw", "load again", "build")) if step else "deliver"
        )
        delivery = chance.choice("abcd")
        if event == "deliver":
            content = norway.some(chance, whole=not step)
            norway.write(home.landing, delivery, content)
            on_disk[delivery] = content
        told.append(f"{event} {delivery}" if event != "build" else event)
        try:
            if event == "build" and (home.warehouse).exists() and account.counting:
                run_build(home, study)
            elif event == "withdraw" and delivery in account.counting:
                run_withdraw(home, study, delivery)
                account.withdrawn(delivery)
            elif event in ("deliver", "load again") and delivery in on_disk:
                run_load(home, study, [delivery])
                account.arrives(delivery, on_disk[delivery])
        except (GateFailed, DeliveryRefused, StepMissing) as refusal:  # no panel, or too unlike the years before
            told[-1] += f" ({type(refusal).__name__})"
    missing = norway.versions.keys() - account.current().keys()
    last = {key: norway.versions[key][0] for key in missing} | {
        ("faste_oppl", None): norway.versions["faste_oppl", None][0]
    }
    norway.write(home.landing, "last", last)
    run_load(home, study, ["last"])
    account.arrives("last", last)
    return account, told


def outcome(home: Home, study: Study) -> published.Tables:
    """Marts and estimation after a build, where a refresh would find that one is due, and an estimation; keys as
    pseudonyms.
    """
    if "build" in late_steps(home, home.warehouse, study):
        run_build(home, study)
    run_estimate(home, study)
    tables: published.Tables = {}
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        there = con.sql("""
            select schema_name || '.' || table_name from duckdb_tables()
            where schema_name in ('marts', 'estimation') order by all
        """).fetchall()
        for (table,) in there:
            is_keyed = "person_key" in [name for name, *_ in con.sql(f"describe {table}").fetchall()]
            keyed = f"select * exclude person_key from {table} inner join intermediate.person_key using (person_key)"
            tables[table] = published.rows(con, f"({keyed})" if is_keyed else table)
    return tables


def main() -> int:
    """Run the campaign. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    study = load_study(STUDY_FILE)
    n_differing = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        norway = Norway(folder / "norway")
        for seed in range(asked.seed, asked.seed + asked.sequences):
            grown, single = Home(folder / "grown"), Home(folder / "single")
            grown.create()
            single.create()
            account, told = play(norway, grown, study, random.Random(seed))
            norway.write(single.landing, "all", account.current())
            run_load(single, study, ["all"])
            differ = published.differing(outcome(grown, study), outcome(single, study))
            n_differing += bool(differ)
            print(f"seed {seed}: {', '.join(told)}: {', '.join(differ) or 'the same'}", flush=True)
            shutil.rmtree(grown.path)
            shutil.rmtree(single.path)
    print(f"{asked.sequences} sequences, {n_differing} of them ended in other tables than one delivery would")
    return int(n_differing > 0)


if __name__ == "__main__":
    sys.exit(main())
