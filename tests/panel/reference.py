"""The panel's rules in plain Python, one person and year at a time: what the SQL must say, row for row.

Written from the panel rules (docs/panel_rules.md) alone and not from the SQL. Slow and simple on purpose. Takes rows of
`raw.*` as dictionaries, gives rows of `marts.person_year` (with the pseudonym as key) and `marts.panel_accounting`.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from models_py.study import Study

Row = Mapping[str, Any]
EXCLUSIONS = (
    "unknown_municipality",
    "not_mainland",
    "not_resident",
    "unknown_person",
    "unknown_group",
    "age_outside_window",
    "died",
    "unexplained_exit",
)


class Municipalities:
    """The classification: which codes are valid when, and what became of them."""

    def __init__(self, seeds: Path, study: Study) -> None:
        self.geography = study.geography
        self.validity = {
            row["municipality_code"]: (date.fromisoformat(row["valid_from"]), date.fromisoformat(row["valid_to"]))
            for row in read_seed(seeds, "municipality_code")
        }
        self.changes = [
            (row["old_code"], row["new_code"], date.fromisoformat(row["valid_from"]))
            for row in read_seed(seeds, "municipality_change")
        ]
        self.centrality_class = {
            row["municipality_code_2020"]: row["centrality_class"]
            for row in read_seed(seeds, "municipality_centrality")
        }

    def is_valid(self, code: str, day: date) -> bool:
        valid_from, valid_to = self.validity.get(code, (date.max, date.min))
        return valid_from <= day < valid_to

    def kind(self, code: str, day: date) -> str:
        if code in self.geography.unknown_codes:
            return "unknown"
        if code.startswith(self.geography.not_mainland_prefixes):
            return "not_mainland"
        return "known" if self.is_valid(code, day) else "unknown"

    def in_2020(self, code: str) -> str | None:
        """The code carried to the study's geography; None for codes not in the classification."""
        if code not in self.validity:
            return None
        if self.is_valid(code, self.geography.date):
            return code
        valid_from, valid_to = self.validity[code]
        if valid_to <= self.geography.date:
            became = [new for old, new, day in self.changes if old == code and day == valid_to]
            return self.in_2020(self.geography.split_successors[code] if len(became) > 1 else became[0])
        [was] = [old for old, new, day in self.changes if new == code and day == valid_from]
        return self.in_2020(was)

    def is_successor(self, later: str, earlier: str) -> bool:
        """Whether all or part of the earlier municipality became the later one, through any number of changes."""
        _, ended = self.validity.get(earlier, (date.min, date.min))
        became = [new for old, new, day in self.changes if old == earlier and day == ended]
        return later in became or any(self.is_successor(later, new) for new in became)

    def same(self, earlier: str, later: str) -> bool:
        """Whether both codes are of one municipality of the study's geography."""
        return self.in_2020(earlier) is not None and self.in_2020(earlier) == self.in_2020(later)


@dataclass(frozen=True)
class Event:
    """A migration event; `dated` is the date of the move, or of its registration where that is all we have."""

    kind: str
    moved: date | None
    registered: date | None
    from_code: str | None
    to_code: str | None

    @property
    def dated(self) -> date | None:
        return self.moved or self.registered

    def belongs_to(self, year: int) -> bool:
        return year in {day.year for day in (self.moved, self.registered) if day}

    def lies_in(self, year: int) -> tuple[int, int]:
        """Month in which an event of this year lies: of the move, but of the registration for older moves."""
        if self.moved and self.moved.year >= year:
            return self.moved.year, self.moved.month
        assert self.registered is not None
        return self.registered.year, self.registered.month


class Registers:
    """Rows of `raw.*` by person and year."""

    def __init__(self, tables: Mapping[str, Sequence[Row]]) -> None:
        self.person = {row["lopenr_person"]: row for row in tables.get("faste_oppl", ())}
        self.municipality = {
            key: row["bostedskommune"] for key, row in by_person_year(tables.get("bostedskommune", ()))
        }
        self.status = dict(by_person_year(tables.get("regstat", ())))
        self.family = dict(by_person_year(tables.get("hush_fam", ())))
        self.work = dict(by_person_year(tables.get("regsys", ())))
        self.education = dict(by_person_year(tables.get("bu_utd", ())))
        self.events: dict[str, list[Event]] = defaultdict(list)
        kinds = {"1": "internal_move", "2": "immigration", "3": "emigration"}
        for row in tables.get("flytting", ()):
            kind = kinds.get(row.get("flyttetype") or "", "")
            self.events[row["lopenr_person"]].append(
                Event(kind, row.get("flyttedato"), row.get("regdato"), row.get("fra_kommnr"), row.get("til_kommnr"))
            )
        self.dead_since: dict[str, list[date]] = defaultdict(list)
        for (person, _year), row in self.status.items():
            if row.get("regstat") == "5" and row.get("regstat_dat"):
                self.dead_since[person].append(row["regstat_dat"])

    def status_code(self, person: str, year: int) -> str | None:
        found: str | None = self.status.get((person, year), {}).get("regstat")
        return found

    def events_dated_in(self, person: str, year: int, kind: str) -> list[Event]:
        return [
            event for event in self.events[person] if event.kind == kind and event.dated and event.dated.year == year
        ]

    def death_month(self, person: str, year: int) -> tuple[int, int] | None:
        """Month of a death in the year: faste_oppl's, else the status's."""
        died = self.person.get(person, {}).get("doeds_aar_mnd")
        if died and died // 100 == year:
            return year, died % 100
        return min(((day.year, day.month) for day in self.dead_since[person] if day.year == year), default=None)


class Panel:
    """The panel rules, docs/panel_rules.md."""

    def __init__(self, tables: Mapping[str, Sequence[Row]], study: Study, seeds: Path) -> None:
        self.study = study
        self.registers = Registers(tables)
        self.municipalities = Municipalities(seeds, study)
        self.years = self._panel_years()

    def _panel_years(self) -> list[int]:
        loaded = {year for _person, year in self.registers.municipality}
        first, last = self.study.panel.years.first, self.study.panel.years.last
        return sorted(
            year
            for year in loaded
            if year + 1 in loaded and year >= first and (last == "latest_closed" or year <= last)
        )

    def person_years(self) -> list[dict[str, Any]]:
        """Rows of marts.person_year, by person and year."""
        found = [
            self._person_year(person, year, *self.becomes(person, year))
            for person, year in sorted(self.registers.municipality)
            if year in self.years
        ]
        return [row for row in found if row["outcome"] not in EXCLUSIONS]

    def accounting(self) -> dict[tuple[int, str], int]:
        """Persons by year and disposition, zeros included."""
        counted = Counter(
            (year, self.becomes(person, year)[0]) for person, year in self.registers.municipality if year in self.years
        )
        outcomes = self.study.levels("outcome")
        return {(year, each): counted[year, each] for year in self.years for each in (*EXCLUSIONS, *outcomes)}

    def becomes(self, person: str, year: int) -> tuple[str, date | None]:
        """What becomes of a person with a municipality on 1 January, and when."""
        excluded = self._exclusion(person, year)
        if excluded:
            return excluded, None
        if self.study.panel.outcome_rule == "first_event":
            event = self._first_event(person, year)
            if event:
                return event.kind, event.dated
        return self._year_end(person, year)

    def _exclusion(self, person: str, year: int) -> str | None:
        """§5.5 as far as 1 January goes; the first match counts."""
        kind = self.municipalities.kind(self.registers.municipality[person, year], date(year, 1, 1))
        if kind == "unknown":
            return "unknown_municipality"
        if kind == "not_mainland":
            return "not_mainland"
        if self.registers.status_code(person, year) not in (self.study.panel.resident_status, None):
            return "not_resident"
        about = self.registers.person.get(person, {})
        if self._level("sex", about.get("kjoenn")) is None or about.get("foedsels_aar_mnd") is None:
            return "unknown_person"
        if self._level("population_group", about.get("invkat")) is None:
            return "unknown_group"
        window = self.study.panel.age
        if not window.first <= self._age(person, year) <= window.last:
            return "age_outside_window"
        return None

    def _year_end(self, person: str, year: int) -> tuple[str, date | None]:
        """§5.3 for a person at risk: 1 January against the next."""
        if self._is_resident(person, year + 1):
            before = self.registers.municipality[person, year]
            after = self.registers.municipality[person, year + 1]
            if self.municipalities.kind(after, date(year + 1, 1, 1)) == "unknown":
                return "unknown_municipality", None
            moves = self.registers.events_dated_in(person, year, "internal_move")
            by_reform = self.municipalities.is_successor(after, before) and not moves
            if self.municipalities.same(before, after) or by_reform:
                return "stay", None
            return "internal_move", max((move.dated for move in moves if move.dated), default=None)
        return self._exit(person, year)

    def _exit(self, person: str, year: int) -> tuple[str, date | None]:
        """§5.3 for a person at risk who is not resident on the next 1 January."""
        emigrations = [
            event for event in self.registers.events[person] if event.kind == "emigration" and event.belongs_to(year)
        ]
        death = self.registers.death_month(person, year)
        if death and not any(event.lies_in(year) <= death for event in emigrations):
            return "died", None
        if emigrations:
            moved = [event.moved for event in emigrations if event.moved and event.moved.year == year]
            registered = [event.registered for event in emigrations if event.registered]
            return "emigration", max(moved or [day for day in registered if day.year == year])
        status = self.registers.status.get((person, year + 1), {})
        since = status.get("regstat_dat")
        late = status.get("regstat") in self.study.panel.late_registration_statuses
        if late and (since is None or since.year in (year - 1, year)):
            return "emigration", since
        return "unexplained_exit", None

    def _first_event(self, person: str, year: int) -> Event | None:
        """The event that decides under first_event, if any."""
        death = self.registers.death_month(person, year)
        events = [
            event
            for kind in ("emigration", "internal_move")
            for event in self.registers.events_dated_in(person, year, kind)
            if event.dated
            and (death is None or (event.dated.year, event.dated.month) <= death)
            and not (kind == "internal_move" and self.municipalities.same(event.from_code or "", event.to_code or ""))
        ]
        return min(events, key=lambda event: (event.dated, event.kind != "emigration"), default=None)

    def _is_resident(self, person: str, year: int) -> bool:
        status = self.registers.status_code(person, year)
        return (person, year) in self.registers.municipality and status in (
            self.study.panel.resident_status,
            None,
        )

    def _age(self, person: str, year: int) -> int:
        born: int = self.registers.person[person]["foedsels_aar_mnd"] // 100
        return year - born - 1

    def _level(self, variable: str, code: str | None) -> str | None:
        described = getattr(self.study.variables, variable)
        for level, codes in described.codes.items():
            if code in codes:
                found: str = level
                return found
        missing: str | None = described.missing
        return missing

    def _person_year(self, person: str, year: int, outcome: str, day: date | None) -> dict[str, Any]:
        if outcome in EXCLUSIONS:
            return {"outcome": outcome}
        about = self.registers.person[person]
        code = self.registers.municipality[person, year]
        code_2020 = self.municipalities.in_2020(code) or ""
        work = self.registers.work.get((person, year - 1), {})
        education = self.registers.education.get((person, year - 1), {})
        return {
            "lopenr_person": person,
            "year": year,
            "population_group": self._level("population_group", about["invkat"]),
            "age": self._age(person, year),
            "sex": self._level("sex", about["kjoenn"]),
            "family_situation": self._family_situation(person, year),
            "labour_market_status": self._level("labour_market_status", work.get("arb_arbmark_status")),
            "education": self._level("education", (education.get("bu") or "")[:1]),
            "centrality": self._level("centrality", self.municipalities.centrality_class[code_2020]),
            "municipality_code": code,
            "municipality_code_2020": code_2020,
            "outcome": outcome,
            "outcome_date": day,
        }

    def _family_situation(self, person: str, year: int) -> str:
        """§5.6, family situation on 1 January."""
        family = self.registers.family.get((person, year))
        if family is None:
            return "unknown"
        kind, couple = family.get("regstat_famtyp") or "", family.get("parstatus")
        if couple in ("1", "2", "3", "5", "6", "7", "u", "p"):
            together = "married" if couple in ("1", "2") else "cohabiting"
            return together + ("_with_children" if kind.startswith("2.") else "_no_children")
        if kind.startswith("1.1."):
            return "alone"
        if kind.startswith(("2.3.", "2.4.")) and family.get("lopenr_familie") == person:
            return "single_parent"
        return "other"


def read_seed(seeds: Path, name: str) -> list[dict[str, str]]:
    """Rows of a code list."""
    with (seeds / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_person_year(rows: Iterable[Row]) -> list[tuple[tuple[str, int], Row]]:
    """Rows with their person and year."""
    return [((row["lopenr_person"], row["aar"]), row) for row in rows]
