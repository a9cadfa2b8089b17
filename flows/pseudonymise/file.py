"""One delivered text file, row by row: numbers in its key columns become pseudonyms, everything else stays.

Belongs here: the table and its columns. Does not belong here: what a number is (`numbers`), or the folder (`delivery`).
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from flows.load.faults import SHOWN_ROWS, Fault
from flows.load.folder import DeliveredFile
from flows.load.header import describe_missing, match_column
from flows.load.staging import MISSING
from flows.load.text_file import DELIMITERS, Unreadable, first_line, python_encoding, scan
from flows.pseudonymise.numbers import RULES, broken_rule

# An identity number as people write it, wherever it stands in a text: with blanks, points or dashes between its parts.
PART = r"[\s./\u2010-\u2015-]"
IN_A_TEXT = re.compile(
    f"(?<![0-9])([0-9]{{2}}){PART}?([0-9]{{2}}){PART}?([0-9]{{2}}){PART}{{0,3}}([0-9]{{3}}){PART}?([0-9]{{2}})(?![0-9])"
)
# An identity number that a spreadsheet wrote as a number: without the first zero of days 01 to 09, with decimals, or
# with an exponent.
AS_A_NUMBER = re.compile(r"([0-9]{10,11})(?:[.,]0*)?|([0-9])[.,]([0-9]{9,10})E\+?(?:09|9|10)", re.IGNORECASE)
SHORTEST_NUMBER = 10  # digits of one that has lost its first zero
ROW_RULES = RULES | {
    "ragged_row": "rows with more or fewer columns than the header",
    "number_elsewhere": "identity numbers in columns that the contract does not declare as person keys; take them out",
}
Pseudonymiser = Callable[[str], str]


class Findings:
    """Rows that break a rule, counted by rule and column while a file is copied."""

    def __init__(self, file: DeliveredFile) -> None:
        self.file = file
        self.rows: dict[tuple[str, str | None], list[int]] = {}
        self.counts: dict[tuple[str, str | None], int] = {}

    def add(self, rule: str, column: str | None, row: int) -> None:
        """Count a row; the numbers of the first few are kept."""
        place = (rule, column)
        self.counts[place] = self.counts.get(place, 0) + 1
        if self.counts[place] <= SHOWN_ROWS:
            self.rows.setdefault(place, []).append(row)

    def faults(self) -> list[Fault]:
        """A fault for each rule and column."""
        return [
            self.file.fault(rule, ROW_RULES[rule], column, self.rows[rule, column], count)
            for (rule, column), count in self.counts.items()
        ]


def pseudonymise_file(file: DeliveredFile, target: Path, pseudonym: Pseudonymiser) -> tuple[int, list[Fault]]:
    """Write a file with pseudonyms in its key columns, in the file's own encoding. Returns its rows, and what is wrong.

    If anything is wrong, what has been written must be thrown away.
    """
    try:
        encoding = python_encoding(scan(file.path)[0])
        line = first_line(file.path, encoding)
        delimiter = max(DELIMITERS, key=line.count)
        header = next(csv.reader([line], delimiter=delimiter))
        keys = key_columns(file, header)
        if faults := missing_keys(file, keys):
            return 0, faults
        return stream(file, target, pseudonym, encoding, delimiter, keys)
    except Unreadable as reason:
        return 0, [file.fault("unreadable", f"the file cannot be read: {reason}")]
    except (UnicodeDecodeError, csv.Error):
        return 0, [file.fault("unreadable", "the file cannot be read: it is no text in columns throughout")]


def key_columns(file: DeliveredFile, header: Sequence[str]) -> dict[int, str]:
    """Every delivered column that is a person key by the contract, by its place from 0."""
    declared = [(name, column) for name, column in file.contract.columns.items() if column.kind == "key"]
    return {
        place: name
        for place, given in enumerate(header)
        for name, column in declared
        if match_column(file, name, column, given, place)
    }


def missing_keys(file: DeliveredFile, keys: dict[int, str]) -> list[Fault]:
    """A fault for each missing person key: if it has come under another name, its numbers would be passed on."""
    return [
        file.fault("missing_column", describe_missing(file.contract, name), name)
        for name, column in file.contract.columns.items()
        if column.kind == "key" and name not in keys.values()
    ]


def stream(
    file: DeliveredFile, target: Path, pseudonym: Pseudonymiser, encoding: str, delimiter: str, keys: dict[int, str]
) -> tuple[int, list[Fault]]:
    """Copy row by row."""
    found, n_rows = Findings(file), 0
    newline = "\r\n" if is_windows(file.path) else "\n"
    with file.path.open(encoding=encoding, newline="") as old, target.open("w", encoding=encoding, newline="") as new:
        reader = csv.reader(old, delimiter=delimiter)
        writer = csv.writer(new, delimiter=delimiter, lineterminator=newline)
        header = next(reader)
        writer.writerow(header)
        for row in reader:
            if row and len(row) != len(header):
                found.add("ragged_row", None, reader.line_num)
                continue
            n_rows += bool(row)
            replace_numbers(row, keys, pseudonym, found, reader.line_num)
            for column in numbers_elsewhere(row, keys):
                found.add("number_elsewhere", column, reader.line_num)
            writer.writerow(row)
    return n_rows, found.faults()


def replace_numbers(row: list[str], keys: dict[int, str], pseudonym: Pseudonymiser, found: Findings, line: int) -> None:
    """Put pseudonyms in place of a row's numbers; codes for a missing value stay."""
    if not row:
        return
    for place, column in keys.items():
        value = row[place].strip()
        if value in MISSING:
            continue
        rule = broken_rule(value)
        if rule:
            found.add(rule, column, line)
        else:
            row[place] = pseudonym(value)


def numbers_elsewhere(row: Sequence[str], keys: dict[int, str]) -> Iterator[str]:
    """The columns, by their place from 1, that hold an identity number and are no key.

    Names of columns are not reported: in a file without a header they are values.
    """
    for place, value in enumerate(row):
        if place not in keys and any(broken_rule(number) is None for number in possible_numbers(value)):
            yield f"number {place + 1}"


def possible_numbers(value: str) -> Iterator[str]:
    """Every sequence of 11 digits that a value may stand for, whatever kind of digits and blanks it is written with."""
    if len(value) < SHORTEST_NUMBER:
        return
    plain = value if value.isascii() else unicodedata.normalize("NFKC", value)
    for parts in IN_A_TEXT.findall(plain):
        yield "".join(parts)
    if number := AS_A_NUMBER.fullmatch(plain.strip()):
        yield "".join(digits for digits in number.groups() if digits).zfill(11)


def is_windows(path: Path) -> bool:
    """Whether the header line ends as Windows ends lines."""
    with path.open("rb") as file:
        return file.readline().endswith(b"\r\n")
