"""The panel accounting as a flow chart: residents on 1 January, exclusions, the panel, outcomes."""

from collections.abc import Iterable
from dataclasses import dataclass

from models_py.dispositions import EXCLUSIONS
from report.release import Release, Row

OUTCOMES = ("stay", "internal_move", "emigration")


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of published counts, without the `n_withheld` parts that are withheld."""

    persons: int
    n_withheld: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What became of the residents of a year, or of all years together (`year` is None).

    Counts of `exclusions` and `outcomes` are by disposition; a withheld count is only in `n_withheld`.
    """

    year: int | None
    residents: Sum
    excluded: Sum
    panel: Sum
    exclusions: dict[str, Sum]
    outcomes: dict[str, Sum]


@dataclass(frozen=True, slots=True)
class Accounting:
    """The flow of all years together first, then of each year."""

    flows: list[Flow]


def accounting(release: Release) -> Accounting:
    """Read the flows of a release."""
    rows = release.rows("select year, disposition, persons from results.panel_accounting order by year, disposition")
    years = sorted({row["year"] for row in rows})
    by_year = [flow(year, [row for row in rows if row["year"] == year]) for year in years]
    return Accounting([flow(None, rows), *by_year])


def flow(year: int | None, rows: list[Row]) -> Flow:
    """The flow of some rows of `panel_accounting`."""
    there = {row["disposition"] for row in rows}
    known = [*EXCLUSIONS, *sorted(there - set(EXCLUSIONS) - set(OUTCOMES))]

    def summed(dispositions: Iterable[str]) -> Sum:
        counts = [row["persons"] for row in rows if row["disposition"] in dispositions]
        return Sum(sum(count for count in counts if count is not None), sum(count is None for count in counts))

    return Flow(
        year,
        summed(there),
        summed(there - set(OUTCOMES)),
        summed(OUTCOMES),
        {one: summed([one]) for one in known if one in there},
        {one: summed([one]) for one in OUTCOMES if one in there},
    )
