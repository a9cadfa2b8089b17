"""Any sequence of deliveries that leaves the same versions current leaves the same rows as one delivery of them.

Property test: deliveries of random registers, years and persons, in any order, repeated, overlapping, corrected under
their own name, withdrawn and loaded again. An account in plain Python says which versions are current.
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.load.contract import contracts
from models_py.study import Study
from tests.deliveries import Table, write_files
from tests.load.conftest import Warehouse

PERSONS = ("p0001", "p0002", "p0003", "p0004")
YEARS = (2015, 2016, 2017)
DELIVERIES = ("a", "b", "c")

Rows = frozenset[tuple[object, ...]]
Value = TypeVar("Value")
RegisterYear = tuple[str, int | None]  # None for faste_oppl
Version = dict[str, str]  # a person's value; a person without a row is not there
Content = dict[RegisterYear, Version]


def versions(values: tuple[str, ...]) -> st.SearchStrategy[Version]:
    """A register-year of some persons."""
    return st.dictionaries(st.sampled_from(PERSONS), st.sampled_from(values), min_size=1)


def of_years(register: str, values: tuple[str, ...]) -> st.SearchStrategy[Content]:
    """Several years of a register, or none."""
    chosen = st.dictionaries(st.sampled_from(YEARS), versions(values), max_size=3)
    return chosen.map(lambda found: {(register, year): version for year, version in found.items()})


def of_persons() -> st.SearchStrategy[Content]:
    """`faste_oppl` of some persons, or none."""
    return st.one_of(st.just({}), versions(("1", "2")).map(lambda version: {("faste_oppl", None): version}))


contents = (
    st.tuples(of_persons(), of_years("bostedskommune", ("0301", "1201")), of_years("hush_fam", ("1", "2", "3")))
    .map(lambda parts: {key: version for part in parts for key, version in part.items()})
    .filter(bool)
)
deliver = st.tuples(st.just("deliver"), st.sampled_from(DELIVERIES), contents)
other: st.SearchStrategy[tuple[str, str, Content]] = st.tuples(
    st.sampled_from(("withdraw", "load again")), st.sampled_from(DELIVERIES), st.just({})
)
sequences = st.lists(st.one_of(deliver, deliver, other), min_size=2, max_size=7)


Part = RegisterYear  # what is replaced as a whole: a year file, or a register that brings its years in one file


def part_of(key: RegisterYear) -> Part:
    """The part of its delivery that a register-year belongs to."""
    register, year = key
    return register, year if contracts()[register].layout == "year_file" else None


@dataclass
class Account(Generic[Value]):
    """Which parts of deliveries count, in order of arrival, each with what it brought, in plain Python."""

    parts: dict[tuple[str, Part], dict[RegisterYear, dict[str, Value]]] = field(default_factory=dict)

    @property
    def counting(self) -> set[str]:
        """The deliveries that count."""
        return {delivery for delivery, _ in self.parts}

    def arrives(self, delivery: str, content: dict[RegisterYear, dict[str, Value]]) -> None:
        """A part that is loaded with this content already keeps its place; any other becomes the newest."""
        brought: dict[tuple[str, Part], dict[RegisterYear, dict[str, Value]]] = {}
        for key, version in content.items():
            brought.setdefault((delivery, part_of(key)), {})[key] = version
        self.parts = {
            part: version for part, version in self.parts.items() if part[0] != delivery or brought.get(part) == version
        }
        self.parts |= brought

    def withdrawn(self, delivery: str) -> None:
        """A delivery counts no longer."""
        self.parts = {part: version for part, version in self.parts.items() if part[0] != delivery}

    def current(self) -> dict[RegisterYear, dict[str, Value]]:
        """The current version of each register-year; persons of `faste_oppl` each from the latest that has them."""
        current: dict[RegisterYear, dict[str, Value]] = {}
        for content in self.parts.values():
            for key, version in content.items():
                current[key] = {**current.get(key, {}), **version} if key[1] is None else version
        return current


def write(landing: Path, delivery: str, content: Content) -> None:
    """Write a delivery anew."""
    shutil.rmtree(landing / delivery, ignore_errors=True)
    write_files(landing / delivery, **tables(content))


def tables(content: Content) -> dict[str, Table]:
    """Files by register: `bostedskommune` wide, with persons that a year does not have left empty."""
    found: dict[str, Table] = {}
    wide = {year: content[register, year] for register, year in content if year and register == "bostedskommune"}
    if wide:
        keys = sorted({person for version in wide.values() for person in version})
        columns = {f"bostedskommune_01_01_{year}": [wide[year].get(key, "") for key in keys] for year in sorted(wide)}
        found["bostedskommune"] = {"lopenr_person": keys, **columns}
    for (register, year), version in content.items():
        if register == "hush_fam":
            found[f"hush_fam_{year}"] = families(dict(sorted(version.items())))
        elif register == "faste_oppl":
            found["faste_oppl"] = fixed(dict(sorted(version.items())))
    return found


def families(parstatus: Version) -> Table:
    """A `hush_fam` in which only the couple status differs."""
    n_rows = len(parstatus)
    return {
        "lopenr_person": list(parstatus),
        "lopenr_familie": list(parstatus),
        "regstat_famtyp": ["1.1.2"] * n_rows,
        "parstatus": list(parstatus.values()),
        "barn_i_regstat_famnr": ["0"] * n_rows,
    }


def fixed(sex: Version) -> Table:
    """A `faste_oppl` in which only sex differs."""
    columns = {"foedsels_aar_mnd": "198003", "doeds_aar_mnd": "", "fodeland": "000", "invkat": "A",
               "landbak3gen": "000", "forst_aar_mnd": "", "lopenr_mor": "", "lopenr_far": ""}  # fmt: skip
    same = {column: [value] * len(sex) for column, value in columns.items()}
    return {"lopenr_person": list(sex), "kjoenn": list(sex.values()), **same}


def expected(content: Content) -> dict[str, Rows]:
    """What `raw` must hold."""
    registers = ("faste_oppl", "bostedskommune", "hush_fam")
    return {
        wanted: frozenset(
            (person, year, value)
            for (register, year), version in content.items()
            if register == wanted
            for person, value in version.items()
        )
        for wanted in registers
    }


def raw(warehouse: Warehouse) -> dict[str, Rows]:
    """What `raw` holds; a row that stands twice is an error."""
    queries = {
        "faste_oppl": "select lopenr_person, null, kjoenn from raw.faste_oppl",
        "bostedskommune": "select lopenr_person, aar, bostedskommune from raw.bostedskommune",
        "hush_fam": "select lopenr_person, aar, parstatus from raw.hush_fam",
    }
    found = {register: warehouse.rows(query) for register, query in queries.items()}
    assert all(len(set(rows)) == len(rows) for rows in found.values())
    return {register: frozenset(rows) for register, rows in found.items()}


FAMILIES_OF_TWO_YEARS = {("hush_fam", 2015): {"p0001": "1", "p0002": "1"}, ("hush_fam", 2016): {"p0001": "1"}}
FAMILIES_OF_ONE = {("hush_fam", 2015): {"p0001": "1", "p0002": "1"}}
MUNICIPALITIES = {("bostedskommune", 2015): {"p0001": "0301"}}
OTHER_FAMILIES = {("hush_fam", 2015): {"p0001": "2"}, ("hush_fam", 2016): {"p0001": "2"}}
PERSON, SAME_CORRECTED = {("faste_oppl", None): {"p0001": "1"}}, {("faste_oppl", None): {"p0001": "2"}}


@settings(max_examples=8, deadline=None)
@example(  # one year of `b` comes back, and of its other file nothing
    sequence=[
        ("deliver", "a", MUNICIPALITIES),
        ("deliver", "a", FAMILIES_OF_ONE),
        ("deliver", "b", FAMILIES_OF_TWO_YEARS),
        ("deliver", "a", MUNICIPALITIES),
    ]
)
@example(  # what stays as it was in `a` takes nothing back of what came after it
    sequence=[
        ("deliver", "a", PERSON | FAMILIES_OF_ONE),
        ("deliver", "b", SAME_CORRECTED | OTHER_FAMILIES | MUNICIPALITIES),
        ("deliver", "a", PERSON | FAMILIES_OF_TWO_YEARS | MUNICIPALITIES),
        ("deliver", "a", PERSON | MUNICIPALITIES),
        ("withdraw", "a", {}),
    ]
)
@example(  # a correction is taken back by what was there before it
    sequence=[
        ("deliver", "a", PERSON),
        ("deliver", "b", SAME_CORRECTED),
        ("deliver", "c", PERSON),
        ("withdraw", "c", {}),
    ]
)
@given(sequence=sequences)
def test_the_current_versions_alone_decide(study: Study, sequence: list[tuple[str, str, Content]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "landing", Path(folder) / "warehouse.duckdb", study)
        account: Account[str] = Account()
        on_disk: dict[str, Content] = {}
        by_hash: dict[str, dict[str, Rows]] = {}
        for event, delivery, content in sequence:
            if event == "withdraw" and delivery in account.counting:
                warehouse.withdraw(delivery)
                account.withdrawn(delivery)
            elif event != "withdraw" and (content or delivery in on_disk):
                if content:
                    write(warehouse.landing, delivery, content)
                    on_disk[delivery] = content
                warehouse.load(delivery)
                account.arrives(delivery, on_disk[delivery])
            if warehouse.database.exists():
                found = raw(warehouse)
                assert found == expected(account.current())
                # What is built from one hash is not built anew: nothing else may come to the same.
                assert by_hash.setdefault(warehouse.input_hash(), found) == found
                assert_audit_agrees(warehouse, account)


def assert_audit_agrees(warehouse: Warehouse, account: Account[str]) -> None:
    """`audit.register_year` names one current version of each register-year there is, and no other."""
    current = warehouse.rows("""
        select register, year, count(*) from audit.register_year
        where is_current and register <> 'faste_oppl' group by all
    """)
    years_there = {key for key in account.current() if key[1] is not None}
    assert {(register, year): n for register, year, n in current} == dict.fromkeys(years_there, 1)
