"""What changed between two releases, from `history.*`: data, code, specification, counts, estimates, verdicts.

Belongs here: comparing. Does not belong here: how the difference is shown.
"""

from dataclasses import dataclass

from report.release import Release, Row

# The columns that identify a coefficient's row.
COEFFICIENT_KEY = "model, population_group, outcome, term, level"
LARGEST = 10
# Sums in another order differ by rounding: a change of fewer standard errors than this is none.
NOISE = 1e-6


@dataclass(frozen=True, slots=True)
class Compared:
    """How many numbers two releases share and how many of these differ; `largest` has the largest differences."""

    n_shared: int
    n_changed: int
    n_appeared: int
    n_vanished: int
    largest: list[Row]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from release `before` to release `after` (rows of `history.run`).

    `basis` has a row (what, before, after) for each input, version and size of a release. `verdicts` and `counts` have
    those that changed. `estimates` compares coefficients; changes are in standard errors of the release before.
    """

    before: Row
    after: Row
    basis: list[Row]
    verdicts: list[Row]
    counts: list[Row]
    estimates: Compared


def release_before(release: Release, run_id: str) -> str | None:
    """The release before a release, or None for the first. In the order of the history, as clocks can be set back."""
    rows = release.rows(
        """
        select run_id from history.run
        where rowid < (select rowid from history.run where run_id = ?)
        order by rowid desc limit 1
        """,
        run_id,
    )
    return str(rows[0]["run_id"]) if rows else None


def difference(release: Release, before: str, after: str) -> Difference:
    """Compare two releases by their run ids, both in the history of `release`."""
    runs = {
        row["run_id"]: row for row in release.rows("select * from history.run where run_id in (?, ?)", before, after)
    }
    return Difference(
        runs[before],
        runs[after],
        basis(runs[before], runs[after]),
        verdicts(release, before, after),
        counts(release, before, after),
        estimates(release, before, after),
    )


def basis(before: Row, after: Row) -> list[Row]:
    """Inputs, specification, code, years and size of two releases, side by side."""
    told = ("input_hash", "study_hash", "code_version", "first_year", "last_year", "n_person_years")
    return [{"what": name, "before": before[name], "after": after[name]} for name in told]


def verdicts(release: Release, before: str, after: str) -> list[Row]:
    """Verdicts that differ, or that only one of the releases has."""
    return release.rows(
        """
        with earlier as (from history.hypothesis_verdict where run_id = ?),
        later as (from history.hypothesis_verdict where run_id = ?)
        select model, hypothesis_id, earlier.verdict as before, later.verdict as after
        from earlier full join later using (model, hypothesis_id)
        where earlier.verdict is distinct from later.verdict
        order by model, hypothesis_id
        """,
        before,
        after,
    )


def counts(release: Release, before: str, after: str) -> list[Row]:
    """Rows of the panel accounting that differ; NULL is a withheld count, or a year that the release does not cover."""
    return release.rows(
        """
        with earlier as (from history.panel_accounting where run_id = ?),
        later as (from history.panel_accounting where run_id = ?)
        select
            year, disposition, earlier.persons as before, later.persons as after,
            earlier.run_id is not null as was_there, later.run_id is not null as is_there
        from earlier full join later using (year, disposition)
        where earlier.persons is distinct from later.persons or earlier.run_id is null or later.run_id is null
        order by year, disposition
        """,
        before,
        after,
    )


def estimates(release: Release, before: str, after: str) -> Compared:
    """Coefficients of both releases, compared."""
    pairs = f"""
        with earlier as (from history.coefficient where run_id = ? and not is_reference),
        later as (from history.coefficient where run_id = ? and not is_reference),
        pairs as (
            select
                {COEFFICIENT_KEY}, earlier.estimate as before, later.estimate as after,
                (later.estimate - earlier.estimate) / nullif(earlier.std_error, 0) as in_std_errors
            from earlier full join later using ({COEFFICIENT_KEY}))
    """
    tally = release.rows(
        f"""{pairs}
        select
            count(*) filter (before is not null and after is not null) as n_shared,
            count(*) filter (abs(in_std_errors) > {NOISE}) as n_changed,
            count(*) filter (before is null) as n_appeared,
            count(*) filter (after is null) as n_vanished
        from pairs
        """,
        before,
        after,
    )[0]
    largest = release.rows(
        f"""{pairs}
        from pairs where abs(in_std_errors) > {NOISE}
        order by abs(in_std_errors) desc nulls last, {COEFFICIENT_KEY} limit {LARGEST}
        """,
        before,
        after,
    )
    return Compared(**tally, largest=largest)
