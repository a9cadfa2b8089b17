"""The estimation step: from `estimation.cell` and `estimation.path` to fits, predictions, tests and verdicts.

Belongs here: the order of the work and the rows of each table. Does not belong here: any number.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from scipy.stats import norm
from threadpoolctl import threadpool_limits

from models_py.cells import Cells, PathBatch, panel_years, read_cells, read_paths
from models_py.contrasts import GroupModel, Question
from models_py.design import Column
from models_py.estimability import NotEstimableError, Status
from models_py.pooled import Sample, fit_pooled, make_sample
from models_py.prediction import delta_method, predicted_rows
from models_py.random_effects_fit import fit_random_effects
from models_py.results import FittedModel, standard_errors
from models_py.study import Study
from models_py.tables import (
    COEFFICIENT,
    COVARIANCE,
    ESTIMATION_TABLES,
    FIT,
    HYPOTHESIS_TEST,
    MARGINAL_EFFECT,
    PREDICTED_PROBABILITY,
    VARIANCE_COMPONENT,
)
from models_py.verdict_tables import HYPOTHESIS_VERDICT
from models_py.verdicts import Judgement, judge

Row = dict[str, object]
Estimator = Callable[[Sample, Iterable[PathBatch], Study], FittedModel]

# The models of the study by their published names, estimated for every group.
ESTIMATORS: dict[str, Estimator] = {"pooled": fit_pooled, "random_effects": fit_random_effects}
# Of these, the ones that reduce bias where the data separate and study.yml says so; the others refuse separation.
BIAS_REDUCED = ("pooled",)


@dataclass(frozen=True, slots=True)
class GroupFit:
    """A model of a group: fitted on `sample`, or the reason why not. Counts are of the sample, or of the whole group.

    Attributes:
        counts: (m,) person-years by outcome.
    """

    model: str
    group: str
    status: Status
    message: str
    n_persons: int
    counts: np.ndarray
    sample: Sample | None
    fitted: FittedModel | None


def estimate(database: Path, study: Study) -> None:
    """Estimate everything the study asks for and write it into the warehouse's `estimation` schema, all or nothing.

    Raises:
        EstimationInputError: cells and paths contradict each other or the specification.
    """
    with duckdb.connect(str(database)) as con:
        # Matrices are small: a second BLAS thread on a busy machine costs far more than it gives.
        with threadpool_limits(limits=1, user_api="blas"):
            fits, last_year = fit_all(con, study, tuple(ESTIMATORS))
            tables = make_tables(fits, study, last_year)
        write_tables(con, tables)


def verdicts(database: Path, study: Study, models: Collection[str] = tuple(ESTIMATORS)) -> list[Row]:
    """The rows of `hypothesis_verdict` that a study comes to by these models; nothing is written.

    Raises:
        EstimationInputError: cells and paths contradict each other or the specification.
    """
    with (
        duckdb.connect(str(database), read_only=True) as con,
        threadpool_limits(limits=1, user_api="blas"),
    ):
        fits, last_year = fit_all(con, study, models)
        return [verdict_row(model, judge(question)) for model, question in questions(fits, study, last_year)]


def fit_all(con: duckdb.DuckDBPyConnection, study: Study, models: Collection[str]) -> tuple[list[GroupFit], int]:
    """The models of every group, and the last panel year."""
    years = panel_years(con)
    fits = [
        fit_group(con, model, group, read_cells(con, group, years, study), study)
        for model in models
        for group in study.models.groups
    ]
    return fits, int(years[-1])


def fit_group(con: duckdb.DuckDBPyConnection, model: str, group: str, cells: Cells, study: Study) -> GroupFit:
    """Fit a model to a group, or say why that cannot be done."""
    counts, n_persons = cells.counts.sum(axis=0), count_persons(con, group)
    try:
        sample = make_sample(cells, n_persons, study, may_separate=model in BIAS_REDUCED)
        fitted = ESTIMATORS[model](sample, read_paths(con, group), study)
    except NotEstimableError as reason:
        return GroupFit(model, group, reason.status, str(reason), n_persons, counts, None, None)
    message = "; ".join([*fitted.remarks, *sample.remarks])
    counts = sample.cells.counts.sum(axis=0)
    return GroupFit(model, group, "ok", message, fitted.n_persons, counts, sample, fitted)


def count_persons(con: duckdb.DuckDBPyConnection, group: str) -> int:
    """Persons of a group in the panel."""
    row = con.execute(
        "select coalesce(sum(n_persons), 0)::bigint from estimation.path where population_group = ?", [group]
    ).fetchone()
    return int(row[0]) if row else 0


def make_tables(fits: list[GroupFit], study: Study, last_year: int) -> dict[str, list[Row]]:
    """The rows of every estimation table."""
    fitted = [(fit, fit.fitted) for fit in fits if fit.fitted is not None]
    judgements = [(model, judge(question)) for model, question in questions(fits, study, last_year)]
    rows: dict[str, Iterator[Row]] = {
        FIT.name: (fit_row(fit, study) for fit in fits),
        COEFFICIENT.name: (row for fit, results in fitted for row in coefficient_rows(fit, results, study)),
        VARIANCE_COMPONENT.name: (row for fit, results in fitted for row in variance_rows(fit, results)),
        COVARIANCE.name: (row for fit, results in fitted for row in covariance_rows(fit, results, study)),
        PREDICTED_PROBABILITY.name: (
            {"model": fit.model, "population_group": fit.group} | row
            for fit, results in fitted
            for row in predicted_rows(results, study, last_year)
        ),
        MARGINAL_EFFECT.name: (row for fit, results in fitted for row in effect_rows(fit, results, study)),
        HYPOTHESIS_TEST.name: (row for model, judgement in judgements for row in contrast_test_rows(model, judgement)),
        HYPOTHESIS_VERDICT.name: (verdict_row(model, judgement) for model, judgement in judgements),
    }
    return {name: list(of_table) for name, of_table in rows.items()}


def questions(fits: list[GroupFit], study: Study, last_year: int) -> Iterator[tuple[str, Question]]:
    """Every hypothesis put to every model."""
    for model in dict.fromkeys(fit.model for fit in fits):
        groups = {fit.group: GroupModel(fit.status, fit.message, fit.fitted) for fit in fits if fit.model == model}
        for hypothesis in study.hypotheses:
            yield model, Question(hypothesis, groups, study, last_year)


def write_tables(con: duckdb.DuckDBPyConnection, rows: dict[str, list[Row]]) -> None:
    """Replace all estimation tables in one transaction; `sensitivity` stays empty until variants are estimated."""
    con.execute("begin transaction")
    for table in ESTIMATION_TABLES:
        con.execute(f"drop table if exists estimation.{table.name}")
        con.execute(table.create_estimation_sql())
        con.register("estimated", table.arrow(rows.get(table.name, [])))
        con.execute(f"insert into estimation.{table.name} by name select * from estimated")
        con.unregister("estimated")
    con.execute("commit")


def fit_row(fit: GroupFit, study: Study) -> Row:
    """A row of `fit`."""
    events = {f"n_{o}": int(n) for o, n in zip(study.variables.outcome.levels[1:], fit.counts[1:], strict=True)}
    row: Row = {"model": fit.model, "population_group": fit.group, "status": fit.status, "message": fit.message}
    row |= {"n_persons": fit.n_persons, "n_person_years": int(fit.counts.sum())} | events
    if fit.fitted is not None:
        row |= {
            "log_likelihood": fit.fitted.llf,
            "null_log_likelihood": fit.fitted.llnull,
            "pseudo_r2": fit.fitted.prsquared,
            "aic": fit.fitted.aic,
            "bic": fit.fitted.bic,
            "iterations": fit.fitted.iterations,
        }
    return row


def coefficient_rows(fit: GroupFit, results: FittedModel, study: Study) -> Iterator[Row]:
    """Rows of `coefficient`: every column of the design and, at zero, every reference."""
    errors = standard_errors(results.cov_params(), results.params)
    half = norm.ppf((1 + study.models.confidence_level) / 2) * errors
    z = results.params / errors
    p_values = 2 * norm.sf(np.abs(z))
    for j, outcome in enumerate(study.variables.outcome.levels[1:]):
        same: Row = {"model": fit.model, "population_group": fit.group, "outcome": outcome}
        for i, column in enumerate(results.design.columns):
            estimate = results.params[i, j]
            yield same | {
                "term": column.term,
                "level": column.level,
                "estimate": estimate,
                "std_error": errors[i, j],
                "z": z[i, j],
                "p_value": p_values[i, j],
                "ci_low": estimate - half[i, j],
                "ci_high": estimate + half[i, j],
                "is_reference": False,
            }
        for column in results.design.references:
            yield same | {"term": column.term, "level": column.level, "estimate": 0.0, "is_reference": True}


def variance_rows(fit: GroupFit, results: FittedModel) -> Iterator[Row]:
    """Rows of `variance_component`; a model without random effects has none."""
    for component in results.variance_components:
        yield {
            "population_group": fit.group,
            "name": component.name,
            "estimate": component.value,
            "std_error": component.std_error,
            "ci_low": component.low,
            "ci_high": component.high,
        }


def covariance_rows(fit: GroupFit, results: FittedModel, study: Study) -> Iterator[Row]:
    """Rows of `covariance`, of the coefficients alone."""
    names: list[tuple[str, Column]] = [
        (outcome, column) for outcome in study.variables.outcome.levels[1:] for column in results.design.columns
    ]
    # Rounding makes a sandwich a little lopsided, which shows in covariances near zero: gate 3 would refuse them.
    covariance = (results.cov_params() + results.cov_params().T) / 2
    for i, (row_outcome, row) in enumerate(names):
        for j, (col_outcome, col) in enumerate(names):
            yield {
                "model": fit.model,
                "population_group": fit.group,
                "row_outcome": row_outcome,
                "row_term": row.term,
                "row_level": row.level,
                "col_outcome": col_outcome,
                "col_term": col.term,
                "col_level": col.level,
                "value": covariance[i, j],
            }


def effect_rows(fit: GroupFit, results: FittedModel, study: Study) -> Iterator[Row]:
    """Rows of `marginal_effect`."""
    if fit.sample is None:
        return
    quantile = norm.ppf((1 + study.models.confidence_level) / 2)
    for effect in results.average_effects(fit.sample.cells):
        errors = delta_method(effect.gradient, results.cov_params())
        for j, outcome in enumerate(study.variables.outcome.levels):
            yield {
                "model": fit.model,
                "population_group": fit.group,
                "term": effect.column.term,
                "level": effect.column.level,
                "outcome": outcome,
                "effect": effect.values[j],
                "std_error": errors[j],
                "ci_low": effect.values[j] - quantile * errors[j],
                "ci_high": effect.values[j] + quantile * errors[j],
            }


def contrast_test_rows(model: str, judgement: Judgement) -> Iterator[Row]:
    """Rows of `hypothesis_test`; none where the hypothesis could not be tested."""
    for test in judgement.tests:
        yield {
            "model": model,
            "hypothesis_id": judgement.hypothesis.id,
            "profile": test.contrast.profile,
            "contrast": test.contrast.name,
            "estimate": test.contrast.estimate,
            "std_error": test.contrast.std_error,
            "z": test.z,
            "p_value": test.p_value,
            "p_adjusted": test.p_adjusted,
            "ci_low": test.ci_low,
            "ci_high": test.ci_high,
            "margin": test.margin,
            "equivalent": test.equivalent,
            "supports": test.supports,
        }


def verdict_row(model: str, judgement: Judgement) -> Row:
    """A row of `hypothesis_verdict`."""
    return {
        "model": model,
        "hypothesis_id": judgement.hypothesis.id,
        "verdict": judgement.verdict,
        "n_tests": len(judgement.tests),
        "n_supporting": judgement.n_supporting,
        "note": judgement.note,
    }
