"""Known renames of columns, per register and years, declared in `expectations/contracts/column_map.yml`.

Belongs here: reading and checking the map. Does not belong here: what a contract's column is called (the contract).
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from flows.load.contract import COLUMN_MAP, KEY, contracts, read_declaration
from models_py.part import Part

Years = tuple[int, int]


class Rename(Part):
    """A column's header in some years (first and last, both included); without `years` always."""

    register_name: Annotated[str, Field(alias="register")]
    column: str
    header: str
    years: Years | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        contract = contracts().get(self.register_name)
        if contract is None or self.column not in contract.columns:
            raise ValueError(f"there is no column {self.column} of {self.register_name}")
        if self.header != self.header.lower():
            raise ValueError("a header is written in small letters")
        if self.years and (contract.layout == "person" or self.years[0] > self.years[1]):
            raise ValueError("years are first and last, of a register that has years")
        if ("{yyyy}" in self.header or "{yy}" in self.header) != (contract.layout == "wide" and self.column != KEY):
            raise ValueError("the header of a wide file's column says {yyyy} or {yy} for its year, and no other does")
        return self


class ColumnMap(Part):
    """The whole file."""

    renames: tuple[Rename, ...]


@cache
def read_column_map(path: Path) -> ColumnMap:
    """The declared renames; raises what `read_declaration` does, and if one names what no contract has."""
    return read_declaration(path, ColumnMap)


def renamed_headers(register: str, column: str) -> list[tuple[str, Years | None]]:
    """Other headers of a contract's column, each with the years it may stand for (None: always)."""
    return [
        (rename.header, rename.years)
        for rename in read_column_map(COLUMN_MAP).renames
        if (rename.register_name, rename.column) == (register, column)
    ]
