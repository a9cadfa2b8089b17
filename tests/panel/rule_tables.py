"""The examples of docs/panel_rules.md: from its tables to registers, and to what is expected of each person."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flows.home import PROJECT_ROOT

RULES_PAGE = PROJECT_ROOT / "docs" / "panel_rules.md"
RULE = re.compile(
    r"^## §(?P<title>.+)\n\nyear (?P<year>\d{4})(?:, outcome_rule (?P<outcome_rule>\w+))?\n\n(?P<table>(?:\|.*\n)+)",
    re.MULTILINE,
)
EVENT = re.compile(
    r"(?P<kind>\w+) (?P<moved>\S+)(?: reg (?P<registered>\S+))?(?: (?P<from_code>\d{4})>(?P<to_code>\d{4}))?"
)
DEFAULTS = {"on 1 Jan": "0301", "next 1 Jan": "0301", "born": "1980-06", "sex": "1", "invkat": "A"}
EVENT_TYPES = {"internal_move": "1", "immigration": "2", "emigration": "3"}
OUTCOMES = ("stay", "internal_move", "emigration")
# Columns of marts.person_year by the name of the table's column; two of them are also names of what registers say.
EXPECTED_COLUMNS = {
    "age": "age",
    "population_group": "population_group",
    "sex is": "sex",
    "family_situation": "family_situation",
    "labour_market_status": "labour_market_status",
    "education is": "education",
    "centrality": "centrality",
    "municipality_code_2020": "municipality_code_2020",
}


@dataclass(frozen=True)
class Case:
    """A person of a rule's table."""

    key: str
    rule: str
    outcome_rule: str
    year: int
    cells: Mapping[str, str]

    @property
    def name(self) -> str:
        return f"{self.rule} | {self.cells['person']}"

    @property
    def disposition(self) -> str:
        return self.cells["becomes"].split()[0]

    @property
    def outcome_date(self) -> date | None:
        return day(*self.cells["becomes"].split()[1:])

    @property
    def expected(self) -> dict[str, str]:
        """Columns of marts.person_year that the table names."""
        if self.disposition not in OUTCOMES:
            return {}
        return {column: self.cells[cell] for cell, column in EXPECTED_COLUMNS.items() if cell in self.cells}


def all_cases() -> list[Case]:
    """Every person of every table on the page; no two have the same key."""
    return [
        Case(
            key=f"rule{number:02d}person{row_number:02d}",
            rule=rule["title"],
            outcome_rule=rule["outcome_rule"] or "year_end",
            year=int(rule["year"]),
            cells=cells,
        )
        for number, rule in enumerate(RULE.finditer(RULES_PAGE.read_text(encoding="utf-8")))
        for row_number, cells in enumerate(parse(rule["table"]))
    ]


def parse(table: str) -> list[dict[str, str]]:
    """Rows of a Markdown table, with the defaults for what it does not name."""
    header, _line, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return [DEFAULTS | dict(zip(header, row, strict=True)) for row in rows]


def registers_of(cases: Iterable[Case]) -> dict[str, list[dict[str, Any]]]:
    """Rows of raw.* that say what the tables say."""
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("faste_oppl", "bostedskommune", "regstat", "flytting", "hush_fam", "bu_utd", "regsys")
    }
    for case in cases:
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
            yield "regstat", {"aar": year, "regstat": known(status), "regstat_dat": day(*since)}
    for event in filter(None, cells.get("events", "").split(", ")):
        yield "flytting", event_row(event, case.year)
    if cells.get("family"):
        family_type, _couple, couple_status, whose = cells["family"].split()
        yield (
            "hush_fam",
            {
                "aar": case.year,
                "regstat_famtyp": known(family_type),
                "parstatus": known(couple_status),
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
        "flyttetype": EVENT_TYPES[said["kind"]],
        "flyttedato": day(said["moved"]),
        "regdato": day(said["registered"] or said["moved"]),
        "fra_kommnr": said["from_code"],
        "til_kommnr": said["to_code"],
    }


def known(text: str) -> str | None:
    """The text, or nothing where the table has a line."""
    return None if text == "-" else text


def day(text: str = "") -> date | None:
    """A day, or nothing."""
    return date.fromisoformat(text) if text else None


def month(text: str) -> int | None:
    """YYYYMM of YYYY-MM, or nothing."""
    return int(text.replace("-", "")) if text else None
