"""What changed in the published tables: coefficients, fits, panel accounting, verdicts.

Belongs here: the comparisons, in SQL on both databases, using only columns that every version of them has. Does not
belong here: reasons (`explanation`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from flows.diff.basis import Change
from report.difference import NOISE
from report.release import Release
from storage.sql import literal

LARGEST = 10  # changes of coefficients that are shown, for each model


@dataclass(frozen=True, slots=True)
class CoefficientChange:
    """A coefficient of both releases; `standard_errors`: its change in standard errors of the first release."""

    model: str
    population_group: str
    outcome: str
    term: str
    level: str
    before: float
    after: float
    standard_errors: float


@dataclass(frozen=True, slots=True)
class TermChange:
    """Coefficients of a term and level that are in one release only, though the model is fitted in both."""

    model: str
    population_group: str
    term: str
    level: str
    change: str


@dataclass(frozen=True, slots=True)
class FitChange:
    """A fit whose status or message has changed; None where the fit was not asked for."""

    model: str
    population_group: str
    status_before: str | None
    status_after: str | None
    message_before: str | None
    message_after: str | None


@dataclass(frozen=True, slots=True)
class AccountingChange:
    """Persons of a year and disposition, rounded; None where withheld or the year is not in that release's panel."""

    year: int
    disposition: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A verdict, or a number of supporting tests, that has changed; None where the hypothesis was not asked."""

    model: str
    hypothesis_id: str
    before: str | None
    after: str | None
    tests_before: str | None
    tests_after: str | None

    @property
    def flipped(self) -> bool:
        """Whether both releases judged the hypothesis, and not alike."""
        return None not in (self.before, self.after) and self.before != self.after


@dataclass(frozen=True, slots=True)
class PublishedDiff:
    """What changed between two releases' results. `coefficients` are those in both that changed most, by model."""

    n_coefficients: int
    n_coefficients_changed: int
    coefficients: tuple[CoefficientChange, ...]
    terms: tuple[TermChange, ...]
    fits: tuple[FitChange, ...]
    years: tuple[Change, ...]
    accounting: tuple[AccountingChange, ...]
    verdicts: tuple[VerdictChange, ...]


COMPARED = """
    select model, population_group, outcome, term, level, a.estimate as before, b.estimate as after,
        (b.estimate - a.estimate) / a.std_error as standard_errors
    from a_coefficient as a
    inner join b_coefficient as b using (model, population_group, outcome, term, level)
    where a.std_error > 0
"""
LARGEST_CHANGES = f"""
    from ({COMPARED}) where abs(standard_errors) > {NOISE}
    qualify row_number() over (
        partition by model order by abs(standard_errors) desc, population_group, outcome, term, level
    ) <= {LARGEST}
    order by model, abs(standard_errors) desc, population_group, outcome, term, level
"""
TERMS = """
    with fitted as (
        select model, population_group from a_fit where status = 'ok'
        intersect select model, population_group from b_fit where status = 'ok'),
    keyed as (
        select model, population_group, term, level, bool_or(side = 'a') as in_a, bool_or(side = 'b') as in_b
        from (select *, 'a' as side from a_coefficient union all by name select *, 'b' as side from b_coefficient)
        inner join fitted using (model, population_group)
        group by all)
    select model, population_group, term, level, case when in_b then 'new' else 'lost' end
    from keyed where in_a <> in_b order by all
"""
FITS = """
    select model, population_group, a.status, b.status, a.message, b.message
    from a_fit as a full join b_fit as b using (model, population_group)
    where a.status is distinct from b.status or a.message is distinct from b.message
    order by all
"""
ACCOUNTING = """
    select year, disposition, a.persons, b.persons
    from a_panel_accounting as a full join b_panel_accounting as b using (year, disposition)
    where a.persons is distinct from b.persons
    order by all
"""
VERDICTS = """
    select model, hypothesis_id, a.verdict, b.verdict,
        a.n_supporting || ' of ' || a.n_tests as tests_before, b.n_supporting || ' of ' || b.n_tests as tests_after
    from a_hypothesis_verdict as a full join b_hypothesis_verdict as b using (model, hypothesis_id)
    where a.verdict is distinct from b.verdict or tests_before is distinct from tests_after
    order by all
"""
TABLES = ("coefficient", "fit", "panel_accounting", "hypothesis_verdict")


def compare_published(a: Release, b: Release) -> PublishedDiff:
    """What changed between two releases' results."""
    with both(a, b) as con:
        n_compared, n_changed = con.sql(
            f"select count(*), count(*) filter (abs(standard_errors) > {NOISE}) from ({COMPARED})"
        ).fetchone() or (0, 0)
        years = [{year for (year,) in con.sql(f"select year from {side}_panel_accounting").fetchall()} for side in "ab"]
        accounting = [AccountingChange(*row) for row in con.sql(ACCOUNTING).fetchall()]
        return PublishedDiff(
            n_coefficients=n_compared,
            n_coefficients_changed=n_changed,
            coefficients=tuple(CoefficientChange(*row) for row in con.sql(LARGEST_CHANGES).fetchall()),
            terms=tuple(TermChange(*row) for row in con.sql(TERMS).fetchall()),
            fits=tuple(FitChange(*row) for row in con.sql(FITS).fetchall()),
            years=tuple(Change(str(year), year in years[0], year in years[1]) for year in sorted(years[0] ^ years[1])),
            accounting=tuple(change for change in accounting if change.year in years[0] & years[1]),
            verdicts=tuple(VerdictChange(*row) for row in con.sql(VERDICTS).fetchall()),
        )


@contextmanager
def both(a: Release, b: Release) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which `a_<table>` and `b_<table>` are the two releases' own rows."""
    with duckdb.connect() as con:
        for side, release in (("a", a), ("b", b)):
            con.execute(f"attach {literal(str(release.results.resolve()))} as {side} (read_only)")
            for table in TABLES:
                con.execute(
                    f"create temp view {side}_{table} as "
                    f"select * from {side}.history.{table} where run_id = '{release.manifest['run_id']}'"
                )
        yield con
