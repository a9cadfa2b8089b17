"""The numbers and verdicts that the brief uses, read once from a release.

Belongs here: queries and the frozen results of them. Does not belong here: what they mean, or any words.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models_py.hypotheses import Hypothesis
from models_py.study import Study
from report.release import Release

MOVES = ("internal_move", "emigration")
OK = "ok"
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Share:
    """An observed yearly share with its interval, and the published counts behind it; None: withheld."""

    share: float | None
    ci_low: float | None
    ci_high: float | None
    n_events: int | None
    n_person_years: int | None


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A class of centrality against the reference class (log odds against staying); no interval for the reference."""

    estimate: float
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """The yearly probabilities of moving within Norway and of emigrating for one combination of characteristics."""

    group: str
    centrality: str
    family: str
    labour: str
    internal_move: float
    emigration: float


@dataclass(frozen=True, slots=True)
class Test:
    """What a note needs to know about a test: its family situation, and which way its result points."""

    family: str
    supports: bool
    contrary: bool
    equivalent: bool | None


@dataclass(frozen=True, slots=True)
class Size:
    """The persons, person-years and events behind a group's model, rounded; None: withheld."""

    persons: int | None
    person_years: int | None
    internal_move: int | None
    emigration: int | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A hypothesis as declared in the release's results, its verdict and the tests behind it."""

    name: str
    statement: Mapping[str, str]
    declared: Hypothesis
    verdict: str
    n_tests: int
    n_supporting: int
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """The hypotheses whose verdict a variant of the study changes."""

    statement: Mapping[str, str]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything a brief's sentences are chosen from.

    Attributes:
        model, other_model: the model that the brief reports, and the one its verdicts are compared with.
        shares: (group, outcome, centrality) → observed share over all years.
        coefficients: (group, outcome) → class of centrality → coefficient, for groups whose model is ok.
        status: (model, group) → status of the fit; `absent` where the release has no such model.
        sizes: group → size of the data behind its model; groups without a row in `fit` are left out.
        other_verdicts: hypothesis → verdict of the other model; empty where there is none.
        variants, changed: number of variants judged, and those that change a verdict.
        varied, inconclusive: number of verdicts under variants, and of those that cannot be compared.
    """

    study: Study
    model: str
    other_model: str
    first_year: int
    last_year: int
    shares: Mapping[tuple[str, str, str], Share]
    coefficients: Mapping[tuple[str, str], Mapping[str, Coefficient]]
    predictions: tuple[Prediction, ...]
    status: Mapping[tuple[str, str], str]
    sizes: Mapping[str, Size]
    judged: tuple[Judged, ...]
    other_verdicts: Mapping[str, str]
    variants: int
    varied: int
    inconclusive: int
    changed: tuple[Changed, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups in declared order."""
        return self.study.models.groups

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of centrality, the most central first."""
        return self.study.levels("centrality")


def read_findings(release: Release, model: str = "pooled", other_model: str = "random_effects") -> Findings:
    """Read a release's findings."""
    study = release.study
    (run,) = release.rows("select first_year, last_year from results.run")
    (tried,) = release.rows(
        """
        select
          count(distinct variant) as variants,
          count(*) as verdicts,
          count(*) filter (where agrees is null) as inconclusive
        from results.sensitivity where model = ?
        """,
        model,
    )
    return Findings(
        study=study,
        model=model,
        other_model=other_model,
        first_year=run["first_year"],
        last_year=run["last_year"],
        shares=_shares(release),
        coefficients=_coefficients(release, model),
        predictions=_predictions(release, model),
        status=_status(release, study, (model, other_model)),
        sizes=_sizes(release, model),
        judged=_judged(release, study, model),
        other_verdicts={
            row["hypothesis_id"]: row["verdict"]
            for row in release.rows(
                "select hypothesis_id, verdict from results.hypothesis_verdict where model = ?", other_model
            )
        },
        variants=tried["variants"],
        varied=tried["verdicts"],
        inconclusive=tried["inconclusive"],
        changed=_changed(release, model),
    )


def _shares(release: Release) -> dict[tuple[str, str, str], Share]:
    rows = release.rows("""
        select population_group, outcome, centrality, share, ci_low, ci_high, n_events, n_person_years
        from results.observed_rate where year is null
    """)
    return {
        (row["population_group"], row["outcome"], row["centrality"]): Share(
            row["share"], row["ci_low"], row["ci_high"], row["n_events"], row["n_person_years"]
        )
        for row in rows
    }


def _coefficients(release: Release, model: str) -> dict[tuple[str, str], dict[str, Coefficient]]:
    rows = release.rows(
        """
        select population_group, outcome, level, estimate, ci_low, ci_high
        from results.coefficient
        inner join results.fit using (model, population_group)
        where term = 'centrality' and model = ? and status = ?
        """,
        model,
        OK,
    )
    found: dict[tuple[str, str], dict[str, Coefficient]] = {}
    for row in rows:
        of_outcome = found.setdefault((row["population_group"], row["outcome"]), {})
        of_outcome[row["level"]] = Coefficient(row["estimate"], row["ci_low"], row["ci_high"])
    return found


def _predictions(release: Release, model: str) -> tuple[Prediction, ...]:
    rows = release.rows(
        """
        select
          population_group, centrality, family_situation, labour_market_status,
          max(probability) filter (where outcome = 'internal_move') as internal_move,
          max(probability) filter (where outcome = 'emigration') as emigration
        from results.predicted_probability
        where model = ?
        group by all
        order by all
        """,
        model,
    )
    return tuple(Prediction(*row.values()) for row in rows)


def _status(release: Release, study: Study, models: tuple[str, ...]) -> dict[tuple[str, str], str]:
    told = {
        (row["model"], row["population_group"]): row["status"]
        for row in release.rows("select model, population_group, status from results.fit")
    }
    return {(model, group): told.get((model, group), ABSENT) for model in models for group in study.models.groups}


def _sizes(release: Release, model: str) -> dict[str, Size]:
    rows = release.rows(
        """
        select population_group, n_persons, n_person_years, n_internal_move, n_emigration
        from results.fit where model = ?
        """,
        model,
    )
    return {group: Size(*counts) for group, *counts in (row.values() for row in rows)}


def _judged(release: Release, study: Study, model: str) -> tuple[Judged, ...]:
    declared = {hypothesis.id: hypothesis for hypothesis in study.hypotheses}
    rows = release.rows(
        """
        select hypothesis_id, statement_en, statement_nb, verdict, n_tests, n_supporting
        from results.hypothesis inner join results.hypothesis_verdict using (hypothesis_id)
        where model = ?
        """,
        model,
    )
    by_name, tests = {row["hypothesis_id"]: row for row in rows}, _tests(release, study, model)
    return tuple(
        Judged(
            name=name,
            statement={"en": row["statement_en"], "nb": row["statement_nb"]},
            declared=hypothesis,
            verdict=row["verdict"],
            n_tests=row["n_tests"],
            n_supporting=row["n_supporting"],
            tests=tests.get(name, ()),
        )
        for name, hypothesis in declared.items()
        if (row := by_name.get(name))
    )


def _tests(release: Release, study: Study, model: str) -> dict[str, tuple[Test, ...]]:
    """The tests of each hypothesis; a test that is significant but does not support it is `contrary`.

    For a hypothesis of no difference no test is contrary.
    """
    rows = release.rows(
        """
        select
          hypothesis_id, split_part(profile, ',', 1) as family, supports, p_adjusted < ? as is_significant, equivalent
        from results.hypothesis_test where model = ? order by hypothesis_id, profile
        """,
        study.tests.level,
        model,
    )
    directed = {hypothesis.id for hypothesis in study.hypotheses if hypothesis.direction != "none"}
    found: dict[str, tuple[Test, ...]] = {}
    for row in rows:
        name = row["hypothesis_id"]
        contrary = name in directed and row["is_significant"] and not row["supports"]
        test = Test(row["family"], row["supports"], contrary, row["equivalent"])
        found[name] = (*found.get(name, ()), test)
    return found


def _changed(release: Release, model: str) -> tuple[Changed, ...]:
    rows = release.rows(
        """
        select variant, statement_en, statement_nb, list(hypothesis_id order by hypothesis_id) as names
        from results.sensitivity inner join results.variant using (variant)
        where model = ? and not agrees
        group by all order by all
        """,
        model,
    )
    return tuple(Changed({"en": row["statement_en"], "nb": row["statement_nb"]}, tuple(row["names"])) for row in rows)
