"""The marks, and a delivery that carries them in every key.

A mark is recognised whatever stands around it, in either case: identifiers and texts hold `KANARI`, numbers hold ten
digits that nothing else has.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TEXT, NUMBER = "KANARI", "9876501234"
MARK = re.compile(rb"(?i)kanari|9876501234")
DELIMITER = ";"


@dataclass
class Table:
    """A delivered file: its header and rows, of which a fault may change anything."""

    path: Path
    header: list[str]
    rows: list[list[str]]

    def place(self, column: str) -> int:
        """Where a column stands whose name ends so; keys carry a project's prefix."""
        return next(place for place, name in enumerate(self.header) if name.lower().endswith(column.lower()))

    def put(self, column: str, value: Callable[[int], str], rows: range) -> None:
        """Put values into some rows of a column."""
        place = self.place(column)
        for row in rows:
            self.rows[row][place] = value(row)

    def write(self) -> None:
        """Write the file as it is now."""
        with self.path.open("w", encoding="cp1252", newline="") as file:
            writer = csv.writer(file, delimiter=DELIMITER)
            writer.writerows([self.header, *self.rows])


def marked(data: bytes) -> bool:
    """Whether a mark is in the bytes."""
    return MARK.search(data) is not None


def read_table(path: Path) -> Table:
    """A delivered text file."""
    with path.open(encoding="cp1252", newline="") as file:
        header, *rows = csv.reader(file, delimiter=DELIMITER)
    return Table(path, header, rows)


def mark_keys(*folders: Path) -> None:
    """Give every person of some deliveries an identifier that is a mark, the same in every file and column."""
    marks: dict[str, str] = {}
    for path in sorted(path for folder in folders for path in folder.glob("*.csv")):
        table = read_table(path)
        for place, name in enumerate(table.header):
            if "lopenr" in name.lower():
                for row in table.rows:
                    if row[place] not in ("", "NA", "."):
                        row[place] = marks.setdefault(row[place], f"{TEXT}{len(marks):06d}")
        table.write()
