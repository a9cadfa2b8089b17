"""The incoming contracts: what a file of each register must look like, declared in `expectations/contracts/`.

Belongs here: reading and checking the declarations, and what follows from them alone (types of raw tables, allowed
codes). Does not belong here: anything that looks at a delivery.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import yaml
from pydantic import Field, ValidationError, model_validator

from flows.home import PROJECT_ROOT, SEEDS
from models_py.part import Part, faults_in

CONTRACTS = PROJECT_ROOT / "expectations" / "contracts"
COLUMN_MAP = CONTRACTS / "column_map.yml"
KEY = "lopenr_person"
SQL_TYPES = {"key": "VARCHAR", "code": "VARCHAR", "date": "DATE", "month": "INTEGER", "integer": "SMALLINT"}


class ContractError(ValueError):
    """A declaration in `expectations/contracts/` is wrong; the message names file and key."""


Declared = TypeVar("Declared", bound=Part)


class Column(Part):
    """A column of a register.

    `name` is its header where that differs from the name in `raw`, with `{yyyy}` or `{yy}` for the year of a wide
    file's column. A municipality code has the dates it must be valid on: `valid_on` (MM-DD of the year) or
    `valid_on_columns`. A long code is compared between years by its first `compared_digits`. `least_filled`: the least
    share of rows that must have a value. `unreadable`: what a value of no known form becomes where these are few. It
    becomes missing, or the study's code for an unknown municipality, or a code on no list is kept as it is.
    """

    kind: Literal["key", "code", "date", "month", "integer"]
    name: str | None = None
    aliases: tuple[str, ...] = ()
    digits: Annotated[int, Field(ge=1)] | None = None
    least_digits: Annotated[int, Field(ge=1)] | None = None
    codes: tuple[str, ...] = ()
    codes_of: str | None = None
    mandatory: bool = False
    least_filled: Annotated[float, Field(gt=0, le=1)] | None = None
    compared_digits: Annotated[int, Field(ge=1)] | None = None
    valid_on: str | None = None
    valid_on_columns: tuple[str, ...] = ()
    unreadable: Literal["missing", "unknown_municipality", "kept"] = "missing"

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        lists = [bool(self.digits), bool(self.codes), bool(self.codes_of)]
        if sum(lists) != (self.kind == "code"):
            raise ValueError("a code has digits, codes or codes_of; other kinds have none of them")
        if (self.digits is None) != (self.least_digits is None):
            raise ValueError("digits and least_digits go together")
        if self.unreadable == "unknown_municipality" and not self.is_municipality:
            raise ValueError("only a column of municipality codes has a code for an unknown municipality")
        if self.unreadable == "kept" and not self.allowed:
            raise ValueError("only a column of listed codes can keep what it does not know: others have a form")
        return self

    @property
    def is_municipality(self) -> bool:
        """Whether the codes must be valid municipality codes on some date."""
        return bool(self.valid_on or self.valid_on_columns)

    @property
    def allowed(self) -> tuple[str, ...]:
        """Allowed codes; empty where the column is checked by form only."""
        return self.codes or (register_codes()[self.codes_of] if self.codes_of else ())


class Note(Part):
    """An SQL condition on a typed row. The rows that meet it are counted, never refused."""

    name: str
    column: str
    violated: str


class Rule(Note):
    """Something refused if more than a share of the rows violates it (default: study.load.form_error_share).

    Below that share the rows are counted as a finding, and with `empties` their value is emptied.
    """

    empties: bool = False
    refused_above: Annotated[float, Field(ge=0, le=1)] | None = None
    advice: str


class Changed(Part):
    """The least and largest share of persons whose value of a column has changed since the year before.

    A smaller share means last year's file again; a larger one another column, another coding, or mixed-up persons.
    """

    column: str
    least: Annotated[float, Field(ge=0, le=1)]
    most: Annotated[float, Field(ge=0, le=1)]


class Contract(Part):
    """What a file of one register must look like. `columns` are in the order of the raw table, the key first."""

    register_name: Annotated[str, Field(alias="register")]
    describes: str
    layout: Literal["person", "wide", "year_file"]
    one_row_per: Literal["person", "event"]
    columns: dict[str, Column]
    rules: tuple[Rule, ...] = ()
    notes: tuple[Note, ...] = ()
    changed_persons: Changed | None = None

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        if next(iter(self.columns)) != KEY:
            raise ValueError(f"the first column must be {KEY}")
        named = {note.column for note in (*self.rules, *self.notes)}
        named |= {self.changed_persons.column} if self.changed_persons else set()
        named |= {name for column in self.columns.values() for name in column.valid_on_columns}
        if unknown := sorted(named - set(self.columns)):
            raise ValueError(f"there is no column {', '.join(unknown)}")
        return self

    @property
    def values(self) -> dict[str, Column]:
        """The columns beside the person key."""
        return {name: column for name, column in self.columns.items() if name != KEY}

    def raw_columns(self) -> list[tuple[str, str]]:
        """Columns and SQL types of the raw table, in order."""
        columns = [(name, SQL_TYPES[column.kind]) for name, column in self.columns.items()]
        year = [] if self.layout == "person" else [("aar", "SMALLINT")]
        return [columns[0], *year, *columns[1:], ("arrival", "INTEGER")]


@cache
def contracts() -> dict[str, Contract]:
    """All contracts by register name.

    Raises:
        ContractError: a declaration is wrong.
    """
    found = [read_declaration(path, Contract) for path in sorted(CONTRACTS.glob("*.yml")) if path != COLUMN_MAP]
    return {contract.register_name: contract for contract in found}


def read_declaration(path: Path, kind: type[Declared]) -> Declared:
    """A file of this folder as what it declares.

    Raises:
        ContractError: it is not YAML, has an unknown key or contradicts itself or another declaration.
    """
    try:
        return kind.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ContractError(f"{path}: not YAML: {error}") from None
    except ValidationError as error:
        raise ContractError(faults_in(path, error)) from None


@cache
def register_codes() -> dict[str, tuple[str, ...]]:
    """Code lists of the seed `register_code`, by variable."""
    lists: dict[str, list[str]] = {}
    with (SEEDS / "register_code.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lists.setdefault(row["variable"], []).append(row["code"])
    return {variable: tuple(codes) for variable, codes in lists.items()}
