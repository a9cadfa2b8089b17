"""The country: municipalities through the reforms, their residents by age, and their centrality.

A `unit` is a municipality of 1 January 2014, or a part of one that was later split. Its borders never change, only
its code. One more unit stands for Svalbard. Sources: `synthetic/facts/README.md` and the seeds.
"""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.home import SEEDS

FACTS = Path(__file__).parent / "facts"
FIRST_YEAR = 2014  # the year of the facts
GEOGRAPHY_YEAR = 2020  # the edition of the centrality classes and of the panel's municipalities
AGES = 106
SVALBARD = "2111"
UNKNOWN = "9999"


@dataclass(frozen=True)
class Norway:
    """Units in order of their municipality of 2020, so that each county and municipality is a range of units."""

    code_chain: list[dict[int, str]]  # unit → year of change → code from then on
    main_unit: NDArray[Any]  # unit → the unit that stands for its whole municipality before a split
    population: NDArray[Any]  # (units, AGES) residents in 2014
    class_of_code: dict[str, int]  # municipality of 2020 → index into CENTRALITY

    @property
    def main_part(self) -> NDArray[Any]:
        """Unit → whether it is (the largest part of) its municipality of 2014."""
        found: NDArray[Any] = self.main_unit == np.arange(len(self.main_unit))
        return found

    @property
    def svalbard(self) -> int:
        """The unit that stands for Svalbard."""
        return len(self.code_chain) - 1

    @cached_property
    def vocabulary(self) -> NDArray[Any]:
        """Every municipality code of any year, and the code of an unknown one."""
        return np.array(sorted({code for chain in self.code_chain for code in chain.values()} | {UNKNOWN}))

    @cached_property
    def municipality(self) -> NDArray[Any]:
        """Unit → number of its municipality of 2020, ascending."""
        codes = [_code_in(chain, GEOGRAPHY_YEAR) for chain in self.code_chain]
        return np.unique(np.array([f"{code == SVALBARD:d}{code}" for code in codes]), return_inverse=True)[1]

    @cached_property
    def county(self) -> NDArray[Any]:
        """Unit → number of its county of 2020, ascending."""
        codes = [_code_in(chain, GEOGRAPHY_YEAR) for chain in self.code_chain]
        return np.unique([f"{code == SVALBARD:d}{code[:2]}" for code in codes], return_inverse=True)[1]

    def codes(self, year: int) -> NDArray[Any]:
        """Unit → index into the vocabulary of the code that is valid in a year."""
        return np.searchsorted(self.vocabulary, [_code_in(chain, year) for chain in self.code_chain])

    def panel_unit(self, year: int) -> NDArray[Any]:
        """Unit → the unit where the panel places its residents: before a split, the largest part."""
        return self.main_unit if year < GEOGRAPHY_YEAR else np.arange(len(self.code_chain))

    def panel_municipality(self, year: int) -> NDArray[Any]:
        """Unit → number of its municipality of 2020 as the panel sees it in a year."""
        found: NDArray[Any] = self.municipality[self.panel_unit(year)]
        return found

    def centrality(self, year: int) -> NDArray[Any]:
        """Unit → index into CENTRALITY as the panel sees it in a year (Svalbard: arbitrary, it is never at risk)."""
        codes = [_code_in(self.code_chain[unit], GEOGRAPHY_YEAR) for unit in self.panel_unit(year)]
        return np.array([self.class_of_code.get(code, 0) for code in codes])


def read_norway() -> Norway:
    """Put the country together from facts and seeds."""
    population = _population()
    units = [(code, parts, share) for code in population for parts, share in _parts(code)]
    changes = _changes()
    chains = [_chain(code, parts, changes) for code, parts, _ in units]
    order = sorted(range(len(units)), key=lambda unit: _code_in(chains[unit], GEOGRAPHY_YEAR))
    chains = [chains[unit] for unit in order] + [{FIRST_YEAR: SVALBARD}]
    shares = np.array([units[unit][2] for unit in order])
    origins = [units[unit][0] for unit in order] + [SVALBARD]
    people = np.array([population[units[unit][0]] for unit in order]) * shares[:, None]
    largest: dict[str, int] = {}
    for unit in np.argsort(-np.append(shares, 1.0), kind="stable"):
        largest.setdefault(origins[unit], int(unit))
    main_unit = np.array([largest[origin] for origin in origins])
    return Norway(chains, main_unit, np.vstack([people, np.zeros(AGES)]), _centrality())


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _population() -> dict[str, NDArray[Any]]:
    """Municipality of 2014 → residents by age; age groups like 80+ are spread over ages as in the whole country."""
    national = np.zeros(AGES)
    for row in _rows(FACTS / "age_2014.csv"):
        national[int(row["age"])] = float(row["persons"])
    found = {}
    for row in _rows(FACTS / "population_2014.csv"):
        people = np.zeros(AGES)
        for group, persons in row.items():
            if group != "municipality_code":
                ages = _ages(group)
                people[ages] = float(persons) * national[ages] / national[ages].sum()
        found[row["municipality_code"]] = people
    return found


def _ages(group: str) -> slice:
    first, _, last = group.rstrip("+").partition("-")
    return slice(int(first), int(last) + 1 if last else AGES)


def _parts(code: str) -> list[tuple[dict[str, str], float]]:
    """Parts of a municipality of 2014: each part's successor at a split, and its share of the residents."""
    rows = [row for row in _rows(FACTS / "split_share.csv") if row["municipality_code"] == code]
    return [({row["split_code"]: row["successor"]}, float(row["share"])) for row in rows] or [({}, 1.0)]


def _changes() -> dict[int, dict[str, list[str]]]:
    """Year → old code → new codes. All reforms take effect on 1 January."""
    found: dict[int, dict[str, list[str]]] = {}
    for row in _rows(SEEDS / "municipality_change.csv"):
        year = found.setdefault(int(row["valid_from"][:4]), {})
        year.setdefault(row["old_code"], []).append(row["new_code"])
    return dict(sorted(found.items()))


def _chain(code: str, parts: dict[str, str], changes: dict[int, dict[str, list[str]]]) -> dict[int, str]:
    chain = {FIRST_YEAR: code}
    for year, successors in changes.items():
        if year > FIRST_YEAR and code in successors:
            new = successors[code]
            code = new[0] if len(new) == 1 else parts[code]
            chain[year] = code
    return chain


def _code_in(chain: dict[int, str], year: int) -> str:
    return chain[max(start for start in chain if start <= year)]


def _centrality() -> dict[str, int]:
    rows = _rows(SEEDS / "municipality_centrality.csv")
    return {row["municipality_code_2020"]: min(int(row["centrality_class"]), 5) - 1 for row in rows}
