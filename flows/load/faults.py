"""What is wrong with a delivery: faults, the exception that carries them all, the readable report, the log line.

A fault names file, column, row numbers and rule. It never carries a value from a row, nor a column name from a header
that is not in a contract: in a file without a header those are values.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule broken in one place, by `n_rows` rows; `row_numbers`: physical lines of the first few (header = 1)."""

    delivery: str
    file: str | None
    column: str | None
    rule: str
    message: str
    row_numbers: tuple[int, ...] = ()
    n_rows: int = 0

    def line(self) -> str:
        """The fault in one line of a report."""
        place = f"column {self.column}: " if self.column else ""
        count = f" [{self.n_rows} {'row' if self.n_rows == 1 else 'rows'}]" if self.n_rows else ""
        more = ", …" if self.n_rows > len(self.row_numbers) else ""
        rows = f" First at line {', '.join(map(str, self.row_numbers))}{more}." if self.row_numbers else ""
        return f"{place}{self.message}{count} ({self.rule}).{rows}"


class DeliveryRefused(Exception):
    """One or more deliveries break their contract; nothing may be loaded. Carries every fault found."""

    outcome = "Nothing was loaded."

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.report())

    def report(self) -> str:
        """All faults, by delivery and file."""
        lines: list[str] = []
        for delivery, faults in groupby(self._ordered(), key=lambda fault: fault.delivery):
            found = list(faults)
            lines.append(f"Delivery {delivery} is refused: {len(found)} {'fault' if len(found) == 1 else 'faults'}.")
            for file, in_file in groupby(found, key=lambda fault: fault.file):
                lines.append(f"  {file or 'the delivery'}")
                lines += [f"    - {fault.line()}" for fault in in_file]
        return "\n".join([*lines, self.outcome])

    def records(self) -> list[dict[str, Any]]:
        """One JSON-able record for each refused delivery."""
        return [
            {"delivery": delivery, "faults": [without_delivery(fault) for fault in faults]}
            for delivery, faults in groupby(self._ordered(), key=lambda fault: fault.delivery)
        ]

    def _ordered(self) -> list[Fault]:
        return sorted(self.faults, key=lambda fault: (fault.delivery, fault.file or ""))


def without_delivery(fault: Fault) -> dict[str, Any]:
    """A fault's fields but the delivery."""
    fields = asdict(fault)
    del fields["delivery"]
    return fields


def write_refusal(path: Path, refusal: DeliveryRefused, run_id: str) -> None:
    """Append one JSON line for each refused delivery: rules, columns, row numbers, counts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    refused_at = datetime.now(UTC).isoformat()
    lines = [{"run_id": run_id, "refused_at": refused_at, **record} for record in refusal.records()]
    with path.open("a+b") as log:
        if log.tell():  # a line that a full disk or a kill cut short must not spoil the next
            log.seek(-1, os.SEEK_END)
            if log.read() != b"\n":
                log.write(b"\n")
        log.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
