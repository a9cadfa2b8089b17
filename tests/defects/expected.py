"""What a defect is: a named change of a good delivery, and what the load must make of it."""

from dataclasses import dataclass
from typing import Literal

from tests.defects.tables import Mutation

Outcome = Literal["refused", "repaired", "noted"]


@dataclass(frozen=True)
class Expected:
    """What must follow.

    `refused`: the rule, in that register's file and column, and nothing loaded. `repaired`: the rows are those of the
    good delivery, and the rule is in audit.load_finding (None: there is nothing to tell). `noted`: loaded, and the
    rule is in audit.drift or audit.load_finding.
    """

    outcome: Outcome
    rule: str | None
    register: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class Defect:
    """A corrupted delivery. `mutate` changes a good delivery's folder, which lies in `landing` beside earlier ones."""

    name: str
    mutate: Mutation
    expected: Expected

    def __str__(self) -> str:
        return self.name


def refused(name: str, mutate: Mutation, rule: str, register: str | None, column: str | None = None) -> Defect:
    """A defect for which nothing is loaded."""
    return Defect(name, mutate, Expected("refused", rule, register, column))


def repaired(name: str, mutate: Mutation, rule: str | None, register: str, column: str | None = None) -> Defect:
    """A defect that does not change what is loaded."""
    return Defect(name, mutate, Expected("repaired", rule, register, column))


def noted(name: str, mutate: Mutation, rule: str, register: str, column: str | None = None) -> Defect:
    """A defect that is loaded as it is and reported."""
    return Defect(name, mutate, Expected("noted", rule, register, column))
