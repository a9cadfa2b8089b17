"""Registers of random persons in which every rule of the panel has something to decide.

Rules are per person, so one register of thousands of persons tries thousands of cases for the price of one build.
Everything is drawn from one seed; oddities are far more frequent than in any real register.
"""

import random
from datetime import date, timedelta
from typing import Any

YEARS = (2014, 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2023, 2024, 2025)  # 2022 is not loaded: 2021, 2022 not closed
# Where the reforms of 2017–2024 bit: splits, mergers, renumberings, and towns that nothing happened to.
CODES = {
    2014: (
        "0301",
        "1103",
        "5012",
        "1850",
        "1849",
        "1854",
        "0104",
        "0136",
        "0706",
        "0719",
        "1601",
        "1612",
        "1850",
        "1850",
    ),
    2018: ("0301", "1103", "5012", "5012", "5012", "5016", "1850", "1850", "1850", "1849", "0104", "0136", "0710"),
    2020: ("0301", "1103", "5055", "5056", "5059", "1806", "1875", "3002", "3803", "5001", "5012", "1507"),
    2024: ("0301", "1103", "5055", "5056", "5059", "1806", "1875", "3103", "3907", "5001", "1508", "1580", "1507"),
}
# What reforms made of codes above: the first 1 January of it, and the successors.
REFORMED = {
    "5012": (2020, ("5055", "5056", "5059")),
    "1850": (2020, ("1806", "1875")),
    "0104": (2020, ("3002",)),
    "0136": (2020, ("3002",)),
    "1507": (2024, ("1508", "1580")),
    "3002": (2024, ("3103",)),
}
ODD_CODES = ("9999", "2111", "2580", "0000", "3002", "0104", "5012", "1507")


class RandomRegisters:
    """Draws the registers of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tables: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("faste_oppl", "bostedskommune", "regstat", "flytting", "hush_fam", "bu_utd", "regsys")
        }

    def draw(self, persons: int) -> dict[str, list[dict[str, Any]]]:
        """Rows of raw.* for so many persons."""
        keys = self.random.sample(range(10**9, 10**10), persons)
        for key in map(str, keys):
            self._person(key)
            self._residences(key)
            self._events(key)
            self._covariates(key)
        return self.tables

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _code(self, year: int) -> str:
        if self._chance(0.04):
            return self.random.choice(ODD_CODES)
        return self.random.choice(CODES[max(first for first in CODES if first <= year)])

    def _day(self, year: int) -> date:
        special = self._chance(0.15)
        if special:
            return self.random.choice([date(year, 1, 1), date(year, 12, 31)])
        return date(year, 1, 1) + timedelta(days=self.random.randrange(365))

    def _person(self, key: str) -> None:
        if self._chance(0.03):
            return
        born = self.random.choice([1949, 1950, 1956, 1960, 1980, 1985, 1990, 1991, 1994, 1998])
        self.tables["faste_oppl"].append(
            {
                "lopenr_person": key,
                "foedsels_aar_mnd": None if self._chance(0.02) else born * 100 + self.random.randint(1, 12),
                "doeds_aar_mnd": self._month() if self._chance(0.3) else None,
                "kjoenn": self.random.choices(["1", "2", None, "9"], [48, 48, 2, 2])[0],
                "invkat": self.random.choices(["A", "B", "C", "E", "F", "G", None, "X"], [5, 5, 5, 1, 1, 1, 0.3, 0.2])[
                    0
                ],
            }
        )

    def _month(self) -> int:
        return self.random.choice(YEARS) * 100 + self.random.randint(1, 12)

    def _residences(self, key: str) -> None:
        code = self._code(YEARS[0])
        for year in YEARS:
            reformed_in, successors = REFORMED.get(code, (9999, ()))
            if year >= reformed_in and self._chance(0.8):
                code = self.random.choice(successors)
            elif self._chance(0.25) or (self._chance(0.8) and year == 2018):
                code = self._code(year)
            if self._chance(0.85):
                self.tables["bostedskommune"].append({"lopenr_person": key, "aar": year, "bostedskommune": code})
            if self._chance(0.5):
                self.tables["regstat"].append(self._status(key, year))

    def _status(self, key: str, year: int) -> dict[str, Any]:
        status = self.random.choices(["1", "3", "4", "5", "6", None], [70, 10, 5, 8, 2, 5])[0]
        since = None if self._chance(0.15) else self._day(year - self.random.choice([0, 1, 1, 1, 2, 3]))
        return {"lopenr_person": key, "aar": year, "regstat": status, "regstat_dat": since}

    def _events(self, key: str) -> None:
        for _ in range(self.random.choice([0, 1, 2, 4, 6, 10])):
            year = self.random.choice(YEARS)
            moved = self._day(year)
            registered = moved + timedelta(days=self.random.choice([0, 0, 5, 30, 200, 400, -3, -40]))
            self.tables["flytting"].append(
                {
                    "lopenr_person": key,
                    "aar": year,
                    "flyttedato": None if self._chance(0.04) else moved,
                    "regdato": None if self._chance(0.1) else registered,
                    "flyttetype": self.random.choices(["1", "2", "3"], [5, 1, 4])[0],
                    "fra_kommnr": None if self._chance(0.2) else self._code(year),
                    "til_kommnr": None if self._chance(0.2) else self._code(year),
                }
            )

    def _covariates(self, key: str) -> None:
        draw = self.random.choice
        for year in YEARS:
            if self._chance(0.7):
                self.tables["hush_fam"].append(
                    {
                        "lopenr_person": key,
                        "aar": year,
                        "lopenr_familie": draw([key, key, "1", None]),
                        "regstat_famtyp": draw(
                            ["1.1.2", "2.1.1", "2.2.2", "2.3.1", "2.4.2", "3.1.1", "3.2.1", "3.3.1", "3.4.1", None]
                        ),
                        "parstatus": draw(["0", "1", "2", "3", "5", "6", "7", "8", "u", "p", None]),
                    }
                )
            if self._chance(0.7):
                self.tables["regsys"].append(
                    {
                        "lopenr_person": key,
                        "aar": year,
                        "arb_arbmark_status": draw(["0", "1", "2", "3", "4", "9", None, "7"]),
                    }
                )
            if self._chance(0.7):
                self.tables["bu_utd"].append(
                    {"lopenr_person": key, "aar": year, "bu": draw("0123456789x") + draw(["00000", "41103"])}
                )
