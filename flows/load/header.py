"""A file's header against its register's contract: which delivered column is which, and what is missing.

Order and case do not matter; key columns may have a project prefix. Header names that are not in the contract are
never repeated: in a file without a header they are values.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flows.load.column_map import renamed_headers
from flows.load.contract import COLUMN_MAP, KEY, Column, Contract, contracts
from flows.load.faults import Fault
from flows.load.folder import DeliveredFile


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A delivered column that the contract knows.

    `raw`: its name in the raw table; `name`: its name in reports and staging, year included; `year`: the year of a
    wide file's column, the year of a year file, None otherwise; `position`: in the file, from 0; `renamed`: known by
    the column map only.
    """

    raw: str
    name: str
    column: Column
    year: int | None
    position: int
    renamed: bool = False


def match_header(file: DeliveredFile, header: Sequence[str], first_year: int) -> tuple[list[SourceColumn], list[Fault]]:
    """The known columns of a file, key first and in the contract's order, years ascending; and what is wrong."""
    found: list[SourceColumn] = []
    for raw, column in file.contract.columns.items():
        matches = [match_column(file, raw, column, name, place) for place, name in enumerate(header)]
        found += sorted((match for match in matches if match), key=lambda match: match.year or 0)
    faults = [*missing_faults(file, header, found), *repeated_faults(file, found)]
    if file.contract.layout == "wide" and not faults:
        faults += wide_year_faults(file, found, first_year)
    return found, faults


def match_column(file: DeliveredFile, raw: str, column: Column, header: str, position: int) -> SourceColumn | None:
    """A delivered column as this column of the contract; None if its header does not name it."""
    declared = column.name or raw
    file_year = file.year
    renames = renamed_headers(file.register, raw)
    for pattern, years in [*((own, None) for own in (declared, *column.aliases)), *renames]:
        expected = re.escape(pattern).replace(r"\{yyyy\}", r"(\d{4})").replace(r"\{yy\}", r"(\d{2})")
        prefix = r".*" if column.kind == "key" else ""
        if found := re.fullmatch(prefix + expected, header.strip().lower()):
            year = full_year(found[1], file.years) if found.groups() else file_year
            if years is None or (year is not None and years[0] <= year <= years[1]):
                renamed = (pattern, years) in renames
                return SourceColumn(raw, column_name(declared, year), column, year, position, renamed)
    return None


def full_year(digits: str, period: Sequence[int]) -> int:
    """The year of two or four digits: within the file's period if it names one, else the latest that has begun."""
    if len(digits) == 4:
        return int(digits)
    this_year = date.today().year
    candidates = [this_year - back for back in range(100) if (this_year - back) % 100 == int(digits)]
    within = [year for year in range(min(period), max(period) + 1) if year % 100 == int(digits)] if period else []
    return (within or candidates)[0]


def column_name(declared: str, year: int | None) -> str:
    """A declared name with its year filled in."""
    return declared.replace("{yyyy}", str(year)).replace("{yy}", f"{(year or 0) % 100:02d}")


def missing_faults(file: DeliveredFile, header: Sequence[str], found: Sequence[SourceColumn]) -> list[Fault]:
    """A fault for each contract column that is missing; a single one if the file is of another register."""
    present = {source.raw for source in found}
    missing = [name for name in file.contract.columns if name not in present]
    if missing and (other := register_of(file.contract, header)):
        message = f"the columns are those of {other}; name the file accordingly or deliver {file.register}"
        return [file.fault("wrong_register", message)]
    gaps = [] if missing else year_gaps(file.contract, found)
    return [
        *(file.fault("missing_column", describe_missing(file.contract, name), name) for name in missing),
        *(file.fault("missing_column", "the column is missing for this year", name) for name in gaps),
    ]


def describe_missing(contract: Contract, name: str) -> str:
    """What to look for when a column is missing."""
    column = contract.columns[name]
    if name == KEY:
        return f"no column whose name ends in {KEY}"
    return (
        f"the column is missing; its header should be {column.name or name}. If it has come under another name, "
        f"declare that in expectations/contracts/{COLUMN_MAP.name}"
    )


def register_of(own: Contract, header: Sequence[str]) -> str | None:
    """Another register whose columns are all in the header."""
    for name, contract in contracts().items():
        names = [column.name or raw for raw, column in contract.columns.items()]
        if name != own.register_name and all(any(stands_for(name, given) for given in header) for name in names):
            return name
    return None


def stands_for(declared: str, header: str) -> bool:
    """Whether a header is a declared name of any year, prefix allowed."""
    expected = re.escape(declared).replace(r"\{yyyy\}", r"\d{4}").replace(r"\{yy\}", r"\d{2}")
    return re.fullmatch(".*" + expected, header.strip().lower()) is not None


def year_gaps(contract: Contract, found: Sequence[SourceColumn]) -> list[str]:
    """Columns of a wide file that are missing for a year for which there are other columns."""
    years = sorted({source.year for source in found if source.year is not None})
    present = {(source.raw, source.year) for source in found}
    return [
        column_name(column.name or raw, year)
        for raw, column in contract.values.items()
        for year in years
        if contract.layout == "wide" and (raw, year) not in present
    ]


def repeated_faults(file: DeliveredFile, found: Sequence[SourceColumn]) -> list[Fault]:
    """Faults for columns that are in a header more than once."""
    names = [source.name for source in found]
    return [
        file.fault("repeated_column", f"the column stands {names.count(name)} times; deliver it once", name)
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]


def wide_year_faults(file: DeliveredFile, found: Sequence[SourceColumn], first_year: int) -> list[Fault]:
    """Year columns that cannot be, and a period in the file name that the columns contradict."""
    years = sorted({source.year for source in found if source.year is not None})
    impossible = [
        file.fault("impossible_year", f"a year that cannot be; expected {first_year} or later, not in the future",
                   source.name)
        for source in found
        if source.year is not None and not first_year <= source.year <= date.today().year
    ]  # fmt: skip
    named = (min(file.years), max(file.years)) if len(file.years) > 1 else None
    if named and named != (years[0], years[-1]):
        message = (
            f"the file name says {named[0]}–{named[1]}, the columns are of {years[0]}–{years[-1]}; "
            "correct the name or the columns"
        )
        return [*impossible, file.fault("period_disagrees", message)]
    return impossible
