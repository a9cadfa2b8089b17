"""From a rule's table to registers, and to what is expected of each person."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.panel.rules import Rule

DEFAULTS = {
    "on 1 Jan": "0301",
    "next 1 Jan": "0301",
    "born": "1980-06",
    "sex": "1",
    "invkat": "A",
}
EXPECTED_COLUMNS = {"sex_is": "sex", "education_is": "education"}
EVENT = re.compile(
    r"(?P<kind>\w+) (?P<moved>\S+)(?: reg (?P<registered>\S+))?(?: (?P<from_code>\d{4})>(?P<to_code>\d{4}))?"
)
KINDS = {"internal_move": "1", "immigration": "2", "emigration": "3"}


@dataclass(frozen=True)
class Case:
    """A person of a rule's table."""

    key: str
    name: str
    year: int
    cells: Mapping[str, str]

    @property
    def disposition(self) -> str:
        return self.cells["becomes"].split()[0]

    @property
    def outcome_date(self) -> date | None:
        said = self.cells["becomes"].split()[1:]
        return date.fromisoformat(said[0]) if said else None

    @property
    def expected(self) -> dict[str, str]:
        """Columns of marts.person_year that the table names."""
        named = ("age", "population_group", "centrality", "municipality_code_2020", "family_situation")
        columns = {name: name for name in (*named, "labour_market_status")} | EXPECTED_COLUMNS
        return {
            column: self.cells[cell]
            for cell, column in columns.items()
            if cell in self.cells and self.disposition in KINDS.keys() | {"stay"}
        }


def parse(table: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table drawn with bars."""
    header, *rows = [
        [cell.strip() for cell in line.split("|")] for line in table.strip().splitlines() if line.strip()
    ]
    assert all(len(row) == len(header) for row in rows), f"a row is too short or long under {header}"
    return header, rows


def cases(number: int, rule: Rule) -> list[Case]:
    """The persons of a rule; their keys are unlike any other rule's."""
    header, rows = parse(rule.table)
    named = [name for name in header if name not in DEFAULTS]
    return [
        Case(
            key=f"rule{number:02d}person{row_number:02d}",
            name=row[0],
            year=rule.year,
            cells={**DEFAULTS, **dict.fromkeys(named, ""), **dict(zip(header, row, strict=True))},
        )
        for row_number, row in enumerate(rows)
    ]


def registers_of(found: Iterable[Case]) -> dict[str, list[dict[str, Any]]]:
    """Rows of raw.* that say what the tables say."""
    tables: dict[str, list[dict[str, Any]]] = {
        name: []
        for name in ("faste_oppl", "bostedskommune", "regstat", "flytting", "hush_fam", "bu_utd", "regsys")
    }
    for case in found:
        for table, row in rows_of(case):
            tables[table].append({"lopenr_person": case.key, **row})
    return tables


def rows_of(case: Case) -> Iterable[tuple[str, dict[str, Any]]]:
    """Register and row for each thing the table says of a person."""
    cells = case.cells
    if cells["born"] != "-":
        yield (
            "faste_oppl",
            {
                "foedsels_aar_mnd": month(cells["born"]),
                "doeds_aar_mnd": month(cells.get("died", "")),
                "kjoenn": cells["sex"] or None,
                "invkat": cells["invkat"] or None,
            },
        )
    for year, column in ((case.year, "on 1 Jan"), (case.year + 1, "next 1 Jan")):
        if cells[column] != "-":
            yield "bostedskommune", {"aar": year, "bostedskommune": cells[column]}
    for year, column in ((case.year, "status"), (case.year + 1, "next status")):
        if cells.get(column):
            status, *since = cells[column].split()
            yield (
                "regstat",
                {"aar": year, "regstat": None if status == "-" else status, "regstat_dat": day(*since)},
            )
    for event in filter(None, cells.get("events", "").split(", ")):
        yield "flytting", event_row(event, case.year)
    if cells.get("family"):
        family_type, _, couple, whose = cells["family"].split()
        yield (
            "hush_fam",
            {
                "aar": case.year,
                "regstat_famtyp": None if family_type == "-" else family_type,
                "parstatus": None if couple == "-" else couple,
                "lopenr_familie": {"own": case.key, "other": "someone else", "-": None}[whose],
            },
        )
    if cells.get("work"):
        yield "regsys", {"aar": case.year - 1, "arb_arbmark_status": cells["work"]}
    if cells.get("education"):
        yield "bu_utd", {"aar": case.year - 1, "bu": cells["education"]}


def event_row(event: str, year: int) -> dict[str, Any]:
    """A row of raw.flytting; registered on the day of the move unless said."""
    said = EVENT.fullmatch(event)
    assert said, event
    return {
        "aar": year,
        "flyttetype": KINDS[said["kind"]],
        "flyttedato": day(said["moved"]),
        "regdato": day(said["registered"] or said["moved"]),
        "fra_kommnr": said["from_code"],
        "til_kommnr": said["to_code"],
    }


def day(text: str = "") -> date | None:
    """A day, or nothing."""
    return date.fromisoformat(text) if text else None


def month(text: str) -> int | None:
    """YYYYMM of YYYY-MM, or nothing."""
    return int(text.replace("-", "")) if text else None
