"""The rows of the tables that hold fits: `fit`, coefficients, variance components and covariances.

Belongs here: a group's fit and its rows. Does not belong here: numbers that are not in the results, effects
(`effect_rows`), or tests.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from models_py.design import Column
from models_py.estimability import Status
from models_py.pooled import Sample
from models_py.results import FittedModel, standard_errors
from models_py.study import Study

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class GroupFit:
    """A model of a group: fitted on `sample`, or the reason why it is not.

    Counts are of the sample if the model is fitted, otherwise of the whole group.

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
    """Rows of `coefficient`: every column of the design, and every reference level with an estimate of zero."""
    errors = standard_errors(results.cov_params(), results.params)
    half = ndtri((1 + study.models.confidence_level) / 2) * errors
    z = results.params / errors
    p_values = 2 * ndtr(-np.abs(z))
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
    """Rows of `covariance`, for coefficients only."""
    names: list[tuple[str, Column]] = [
        (outcome, column) for outcome in study.variables.outcome.levels[1:] for column in results.design.columns
    ]
    # Rounding errors make a sandwich slightly asymmetric, which shows in covariances near zero. Gate 3 would refuse it.
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


def risk_ratio_rows(coefficients: Iterable[Row]) -> Iterator[Row]:
    """Rows of `relative_risk_ratio`, one for each row of `coefficient`."""
    ratios = {"estimate": "ratio", "ci_low": "ci_low", "ci_high": "ci_high"}
    for row in coefficients:
        key = {name: row[name] for name in ("model", "population_group", "outcome", "term", "level")}
        yield key | {ratio: math.exp(value) for of, ratio in ratios.items() if isinstance(value := row.get(of), float)}
