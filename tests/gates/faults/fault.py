"""What a fault is."""

from dataclasses import dataclass

from expectations.suite_files import Gate


@dataclass(frozen=True)
class Fault:
    gate: Gate
    batch: str
    table: str
    expectation: str
    sql: str

    def __str__(self) -> str:
        return f"{self.table}-{self.expectation}"


def faults(gate: Gate, batch: str, *rows: tuple[str, str, str]) -> list[Fault]:
    return [Fault(gate, batch, *row) for row in rows]
