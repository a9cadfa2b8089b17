"""What load repaired, dropped, quarantined or noticed: rows of `audit.load_finding` and `audit.quarantine`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from flows.load.faults import Fault
from flows.load.folder import DeliveredFile
from flows.load.header import SourceColumn
from flows.load.staging import Lines

Action = Literal["repaired", "dropped", "quarantined", "noted"]


@dataclass(frozen=True, slots=True)
class Finding:
    """How many rows of a file met a rule, and what was done; `column` is None if it is about whole rows."""

    column: str | None
    year: int | None
    rule: str
    action: Action
    n_rows: int


@dataclass(slots=True)
class Checked:
    """A file under check: what it is, and what the checks have found so far; they append to it.

    `plain`: columns whose values all have the declared form, apart from the listed repairs, which are cheap to make.
    """

    file: DeliveredFile
    columns: Sequence[SourceColumn]
    lines: Lines
    n_rows: int
    faults: list[Fault] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    quarantined: list[tuple[int, str]] = field(default_factory=list)
    plain: dict[str, set[str]] = field(default_factory=dict)

    @property
    def year(self) -> int | None:
        """The year of a year file that names it."""
        return self.file.year

    def found(self, source: SourceColumn | None, rule: str, action: Action, n_rows: int) -> None:
        """Note a finding, unless there is nothing to note."""
        if n_rows:
            year = source.year if source else self.year
            self.findings.append(Finding(source.name if source else None, year, rule, action, n_rows))


def record_findings(con: duckdb.DuckDBPyConnection, arrival: int, checked: Checked) -> None:
    """Write a file's findings and quarantined rows into `audit`."""
    # One statement for each table: with one per row, each would wait for the disk.
    name, register = checked.file.name, checked.file.register
    if checked.findings:
        rows = [(found.year, found.column, found.rule, found.action, found.n_rows) for found in checked.findings]
        con.execute(
            """
            insert into audit.load_finding
            select ?, ?, ?, unnest(?::smallint[]), unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::varchar[]),
                unnest(?::bigint[])
            """,
            [arrival, name, register, *zip(*rows, strict=True)],
        )
    if checked.quarantined:
        lines, rules = zip(*checked.quarantined, strict=True)
        con.execute(
            "insert into audit.quarantine select ?, ?, unnest(?::bigint[]), unnest(?::varchar[])",
            [arrival, name, lines, rules],
        )
