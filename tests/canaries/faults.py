"""The faults: in every field of every register a mark that does not belong there, and files that are marked throughout.

Belongs here: what is done to a delivery, and to the table in the warehouse as if the check had missed it.
"""

import gzip
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flows.load.contract import contracts
from tests.canaries.marks import NUMBER, TEXT, Table, read_table
from tests.defects.catalogue import DEFECTS

FEW = 2  # rows: few enough to be emptied and noted


@dataclass(frozen=True, slots=True)
class Fault:
    """`spoil` changes a delivery's folder; `sql` is what the warehouse would hold had nothing been noticed."""

    name: str
    spoil: Callable[[Path], None]
    sql: str | None = None


def every_fault() -> list[Fault]:
    """All faults: of fields, of files, and the catalogue of defects, in a delivery whose persons are marks."""
    of_files = [
        Fault(f"{register}: {name}", spoil(register)) for register in contracts() for name, spoil in FILE_FAULTS.items()
    ]
    return [*field_faults(), *of_files, *(Fault(f"defect: {defect.name}", defect.mutate) for defect in DEFECTS)]


def field_faults() -> list[Fault]:
    """A text in few rows and in all, and a number in all, of every column that a contract knows."""
    found = []
    for register, contract in contracts().items():
        for column, declared in contract.columns.items():
            in_file = re.sub(r"\{y+\}", r"\\d+", declared.name or column)
            for kind, value in (("text", f"{TEXT} {column}"), ("number", NUMBER)):
                shares = (("few", FEW), ("all", None)) if kind == "text" else (("all", None),)
                for share, rows in shares:
                    found.append(
                        Fault(
                            f"{register}.{column}: {kind} in {share} rows",
                            in_column(register, in_file, value, rows),
                            f"alter table raw.{register} alter {column} type varchar; "
                            f"update raw.{register} set {column} = '{value} ' || rowid where rowid % 3 = 0; "
                            f"update raw.{register} set arrival = arrival + 1000",  # or no year would be built anew
                        )
                    )
    return found


def file_of(folder: Path, register: str) -> Path:
    """The first file of a register."""
    return next(path for path in sorted(folder.glob("*.csv")) if register in path.name.lower())


def in_column(register: str, column: str, value: str, rows: int | None) -> Callable[[Path], None]:
    """Put a value, different in every row, into the first column whose name ends in `column`, a regular expression."""

    def spoil(folder: Path) -> None:
        table = read_table(file_of(folder, register))
        name = next(name for name in table.header if re.search(f"{column}$", name.lower()))
        table.put(name, lambda row: f"{value}{row}", range(min(rows or len(table.rows), len(table.rows))))
        table.write()

    return spoil


def changing(change: Callable[[Table], None]) -> Callable[[str], Callable[[Path], None]]:
    """A fault of a file's table."""

    def of(register: str) -> Callable[[Path], None]:
        def spoil(folder: Path) -> None:
            table = read_table(file_of(folder, register))
            change(table)
            table.write()

        return spoil

    return of


def rewriting(change: Callable[[bytes], bytes], suffix: str | None = None) -> Callable[[str], Callable[[Path], None]]:
    """A fault of a file's bytes, or of the file under another suffix."""

    def of(register: str) -> Callable[[Path], None]:
        def spoil(folder: Path) -> None:
            path = file_of(folder, register)
            path.write_bytes(change(path.read_bytes()))
            if suffix:
                shutil.move(path, path.with_suffix(suffix))

        return spoil

    return of


def without_header(table: Table) -> None:
    """The first person's row stands where the header should."""
    table.header, table.rows = table.rows[0], table.rows[1:]


def with_unknown_column(table: Table) -> None:
    """A column that no contract knows, marked in its name and in every row."""
    table.header.append(f"{TEXT}_fnr")
    for number, row in enumerate(table.rows):
        row.append(f"{TEXT}{number}")


def ragged(table: Table) -> None:
    """Rows of another length than the header."""
    table.rows[1].append(f"{TEXT} too much")
    table.rows[2] = table.rows[2][:1]


def contradicting(table: Table) -> None:
    """Every person a second time, with something else in the last column."""
    table.rows += [[*row[:-1], f"{TEXT}x"] for row in table.rows]


FILE_FAULTS: dict[str, Callable[[str], Callable[[Path], None]]] = {
    "no header": changing(without_header),
    "unknown column": changing(with_unknown_column),
    "ragged rows": changing(ragged),
    "contradicting rows": changing(contradicting),
    "UTF-16": rewriting(lambda data: data.decode("cp1252").encode("utf-16")),
    "null bytes": rewriting(lambda data: data + b"\0" + TEXT.encode()),
    "no Parquet": rewriting(lambda data: data, ".parquet"),
    "gzip": rewriting(gzip.compress, ".gz"),
    "open quotation mark": rewriting(lambda data: data.replace(TEXT.encode(), b'"' + TEXT.encode(), 3)),
    "cut": rewriting(lambda data: data[: len(data) * 2 // 3]),
    "undefined bytes": rewriting(lambda data: data.replace(TEXT.encode(), b"\x81" + TEXT.encode(), 5)),
}
