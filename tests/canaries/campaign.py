"""The campaign: every fault at every step, and after each command a search of everything it could have written.

    python -m tests.canaries.campaign [--faults N] [--first K] [--folder DIR]

A fault comes in the delivery of a further year, to a home that has a release of good ones; all persons are marks.
Where the delivery is refused, the later steps meet the marks in the warehouse, put there as if no check had been, and
estimation and publication meet them in a column of their own input too. Prints what was tried and exits 1 on any hit.
"""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import yaml

from flows.home import STUDY_FILE, Home
from synthetic import simulate
from tests.canaries.commands import PLAIN_REFRESH, PREFECT_REFRESH, Ran, preload, run
from tests.canaries.faults import Fault, every_fault
from tests.canaries.marks import mark_keys, marked
from tests.canaries.search import search

PERSONS, YEARS = 6000, (2014, 2018)
STEPS = (
    *("load", "build", "validate", "estimate", "publish", "report"),
    *("status", "diff --no-explain", f"withdraw delivery_{YEARS[1]}"),
)
REFRESHES = (PLAIN_REFRESH, PREFECT_REFRESH)
# What the steps after the build read. Counts may be anything; texts are what could be repeated. Estimates are left out:
# their texts are our own, and are published.
DOWNSTREAM = """
    select schema_name || '.' || table_name, column_name from duckdb_columns()
    where schema_name in ('marts', 'estimation') and data_type = 'VARCHAR' and not internal
    and table_name in ('person_year', 'cell', 'observed_rate', 'panel_accounting')
    order by all
"""


class Campaign:
    """The stage, and the counts so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = Home(folder / "base")
        self.last = folder / "all" / f"delivery_{YEARS[1]}"
        self.study_file = folder / "study.yml"
        self.commands: Counter[tuple[str, bool]] = Counter()
        self.hits: list[str] = []

    def prepare(self) -> None:
        """A home with a release of deliveries whose persons are marks, made by the commands themselves."""
        specification = yaml.safe_load(STUDY_FILE.read_text(encoding="utf-8")) | {"variants": []}
        self.study_file.write_text(yaml.safe_dump(specification, allow_unicode=True), encoding="utf-8")
        out = self.folder / "all"
        deliveries = simulate(PERSONS, YEARS, 1, out, deliveries="yearly", quirks=False, sampling="balanced")
        mark_keys(*deliveries)
        self.base.create()
        for delivery in deliveries:
            if delivery != self.last:
                shutil.copytree(delivery, self.base.landing / delivery.name)
        if not self.tried("good deliveries", PREFECT_REFRESH, self.base).succeeded:
            raise RuntimeError(f"the good deliveries were not published: see {self.folder / 'stage'}")

    def tried(self, fault: str, command: str, home: Home) -> Ran:
        """Run a command and search."""
        stage = self.folder / "stage"
        ran = run(command, home, self.study_file, stage)
        spared = [home.landing, home.warehouse]
        for place in search(ran.roots, marked, spared, since=ran.started):
            self.hits.append(f"{fault} · {command} · {place}")
            print(f"HIT  {self.hits[-1]}", flush=True)
        self.commands[command, ran.succeeded] += 1
        return ran

    def home_with(self, name: str, fault: Fault) -> Home:
        """A copy of the base home with the year after it delivered, with the fault."""
        home = Home(self.folder / name)
        shutil.rmtree(home.path, ignore_errors=True)
        shutil.copytree(self.base.path, home.path, symlinks=True)
        shutil.copytree(self.last, home.landing / self.last.name)
        fault.spoil(home.landing / self.last.name)
        return home

    def try_fault(self, number: int, fault: Fault) -> None:
        """One fault at every step."""
        home = self.home_with("steps", fault)
        loaded = self.tried(fault.name, "load", home).succeeded
        if not loaded and fault.sql:
            change(home, fault.sql)
        for step in STEPS[1:]:
            if step == "validate":
                change(home, downstream(home, number))
            self.tried(fault.name, step, home)
        for refresh in REFRESHES:
            self.tried(fault.name, refresh, self.home_with("refreshed", fault))


def change(home: Home, sql: str) -> None:
    """Change the warehouse behind everybody's back."""
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute(sql)


def downstream(home: Home, number: int) -> str:
    """SQL that marks a column of what the later steps read, another for each fault."""
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        columns = con.sql(DOWNSTREAM).fetchall()
    table, column = columns[number % len(columns)]
    return f"update {table} set {column} = 'KANARI ' || {column} where rowid % 5 = 0"


def chosen(faults: Sequence[Fault], count: int | None, first: int) -> Iterator[tuple[int, Fault]]:
    """So many of the faults, evenly spread over all of them."""
    step = max(1, len(faults) // count) if count else 1
    yield from list(enumerate(faults))[first::step][:count]


def main() -> int:
    """Run the campaign. Returns the exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--faults", type=int, help="so many, evenly spread; default all")
    options.add_argument("--first", type=int, default=0, help="begin at this one")
    options.add_argument("--folder", type=Path, help="keep everything here")
    given = options.parse_args()
    preload()
    with tempfile.TemporaryDirectory() as scratch:
        campaign = Campaign(given.folder or Path(scratch))
        campaign.folder.mkdir(parents=True, exist_ok=True)
        campaign.prepare()
        faults = list(chosen(every_fault(), given.faults, given.first))
        for done, (number, fault) in enumerate(faults, start=1):
            campaign.try_fault(number, fault)
            print(f"{done} of {len(faults)}  {fault.name}  hits so far: {len(campaign.hits)}", flush=True)
    tell(campaign, len(faults))
    return 1 if campaign.hits else 0


def tell(campaign: Campaign, n_faults: int) -> None:
    """Print the counts."""
    print(f"{n_faults} faults × {len(STEPS) + len(REFRESHES)} steps, {campaign.commands.total()} commands searched:")
    for command in dict.fromkeys(name for name, _ in campaign.commands):
        good, bad = campaign.commands[command, True], campaign.commands[command, False]
        print(f"  {command:<26} {good:>5} succeeded {bad:>5} failed or refused")
    print(f"{len(campaign.hits)} hits")
    for hit in campaign.hits:
        print(f"  {hit}")


if __name__ == "__main__":
    sys.exit(main())
