"""The page of hypotheses: verdicts, the tests behind each, and which verdict depends on which choice."""

from dataclasses import dataclass

from report.language import Language, number
from report.release import Release, Row
from report.tables import HypothesisTable
from report.tables.hypotheses import TestRow

VERDICTS = ("supported", "partly_supported", "not_supported", "inconclusive")


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval, as texts."""

    estimate: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class ShownTest:
    """A test with its estimate and equivalence margin (empty: none) in the unit that readers see."""

    row: TestRow
    shown: Interval
    margin: str


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """A variant under a model, with its row of `sensitivity` for each hypothesis."""

    variant: str
    statement: str
    model: str
    verdicts: dict[str, Row]


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """What the page shows; `tests` by hypothesis and model."""

    table: HypothesisTable
    tests: dict[tuple[str, str], list[ShownTest]]
    sensitivity: list[Sensitivity]


def hypotheses(table: HypothesisTable, release: Release) -> Hypotheses:
    """What the page shows, made from Table 2 with all tests."""
    are_ratios = {one.id for one in release.study.hypotheses if one.contrast == "between_groups"}
    tests = {
        (row.hypothesis_id, verdict.model): [
            shown_test(test, row.hypothesis_id in are_ratios, table.language) for test in verdict.tests
        ]
        for row in table.rows
        for verdict in row.verdicts
    }
    return Hypotheses(table, tests, sensitivity(release, table.language))


def shown_test(test: TestRow, is_ratio: bool, language: Language) -> ShownTest:
    """A test in the unit that readers see: percentage points, or an unchanged log ratio of two probabilities."""
    unit = 1 if is_ratio else 100
    values = [number(unit * value, language, 2) for value in (test.estimate, test.ci_low, test.ci_high)]
    margin = "" if test.margin is None else number(unit * test.margin, language, 2)
    return ShownTest(test, Interval(*values), margin)


def sensitivity(release: Release, language: Language) -> list[Sensitivity]:
    """Verdicts under every variant, one item per variant and model."""
    found: dict[tuple[str, str], Sensitivity] = {}
    for row in release.rows(f"""
        select sensitivity.*, variant.statement_{language} as statement
        from results.sensitivity
        inner join results.variant using (variant)
        order by variant, model, hypothesis_id
    """):
        key = (row["variant"], row["model"])
        one = found.setdefault(key, Sensitivity(row["variant"], row["statement"], row["model"], {}))
        one.verdicts[row["hypothesis_id"]] = row
    return list(found.values())
