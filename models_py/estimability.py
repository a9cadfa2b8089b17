"""Checks before and after a fit. A model that cannot be estimated raises an error that names the cause.

Belongs here: statuses, messages and the rule that leaves out `unknown` levels without events. Messages round counts,
because they reach logs. Levels that they name stay in the warehouse; `few_events` makes the published message.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from models_py.cells import Cells, Floats
from models_py.design import Column, Design
from models_py.few_events import BIAS_REDUCED, LEFT_OUT, SEPARATED, event_name, few_events_remark
from models_py.multinomial import NewtonFit, log_shares
from models_py.naming import IN_STUDY, Naming, Remedies
from models_py.products import Rows
from models_py.rounding import spoken_count
from models_py.separation import separating_direction
from models_py.study import NUMERIC_TERMS, Study

Status = Literal[
    "ok",
    "withheld",
    "too_few_observations",
    "empty_outcome",
    "separation",
    "collinear",
    "singular",
    "overflow",
    "not_converged",
]

# Under separation Newton stops only when some probability is as small as its tolerance; no true rate is that small.
SUSPICIOUS_PROBABILITY = 1e-8
# A column is collinear if the columns before it leave at most this share of its sum of squares unexplained.
COLLINEAR_SHARE = 1e-10
# A variance that is at most this share of the model-based variance counts as zero.
ZERO_VARIANCE = 1e-10


class NotEstimableError(Exception):
    """A group's model cannot be estimated: `status` is the kind of failure, the message says why and what to do."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status: Status = status


def without_empty_unknowns(cells: Cells, study: Study) -> tuple[Cells, list[str]]:
    """Leave out the rows at a covariate's missing level if some outcome never happens there.

    Leaving rows out can take the events from another such level, so this is repeated until nothing changes. Returns the
    cells kept and a remark for each level left out.
    """
    remarks = []
    again = True
    while again:
        again = False
        for term in cells.factors:
            missing = None if term == "year" else study.missing_level(term)
            if missing is None:
                continue
            at = study.levels(term).index(missing)
            counts = cells.level_counts(term)[at]
            if counts.any() and not counts.all():
                spoken = spoken_count(int(counts.sum()), study.disclosure)
                remarks.append(
                    f"{spoken} person-years with {term}={missing}, where some outcome never occurs, {LEFT_OUT}"
                )
                cells, again = cells.where(cells.factors[term].codes != at), True
    return cells, remarks


def check_outcomes(cells: Cells, study: Study) -> None:
    """Check that every outcome happens.

    Raises:
        NotEstimableError: with status `too_few_observations` or `empty_outcome`.
    """
    if not cells.counts.any():
        raise NotEstimableError("too_few_observations", "the group has no person-years")
    empty = [o for o, n in zip(study.variables.outcome.levels, cells.counts.sum(axis=0), strict=True) if not n]
    if empty:
        raise NotEstimableError(
            "empty_outcome", f"no {' and no '.join(empty)} in this group: pool groups or add years of data"
        )


def check_references(cells: Cells, design: Design) -> None:
    """Check that every reference level has person-years.

    Raises:
        NotEstimableError: with status `collinear`, naming term and level.
    """
    for term in design.categorical_terms:
        reference = design.reference(term)
        if not cells.level_counts(term)[cells.factors[term].levels.index(reference)].any():
            raise NotEstimableError(
                "collinear",
                f"the reference level of {term}, {reference}, has no person-years in this group, so the other levels "
                "add up to the intercept: choose another reference in study.yml",
            )


def separated_levels(cells: Cells, design: Design, study: Study) -> str:
    """Name the levels that have person-years but lack some outcome; empty if there are none."""
    faults = []
    for term in design.categorical_terms:
        for level, by_outcome in zip(cells.factors[term].levels, cells.level_counts(term), strict=True):
            never = [o for o, n in zip(study.variables.outcome.levels, by_outcome, strict=True) if not n]
            faults += [f"no {outcome} at {term}={level}" for outcome in never if by_outcome.any()]
    return "; ".join(faults)


def check_levels(cells: Cells, design: Design, study: Study) -> None:
    """Check that every level with person-years has every outcome.

    Raises:
        NotEstimableError: with status `separation`, naming term, level and outcome.
    """
    if faults := separated_levels(cells, design, study):
        raise NotEstimableError(
            "separation",
            f"{faults}: the estimate would be infinite. Merge the level with another or leave the term out "
            "in study.yml",
        )


def check_columns(rows: Rows, columns: Sequence[object], remedies: Remedies = IN_STUDY) -> None:
    """Check that no column of the rows is a linear combination of the columns before it.

    Raises:
        NotEstimableError: with status `overflow`, or `collinear`, naming each such column and its components.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        gram = rows.cross_products(np.ones((1, 1, rows.n_rows)))
    if not np.isfinite(gram).all():
        raise NotEstimableError("overflow", f"a term has values that cannot be represented: {remedies.rescale}")
    kept: list[int] = []
    faults = []
    for j in range(rows.n_columns):
        weights = np.linalg.solve(gram[np.ix_(kept, kept)], gram[kept, j]) if kept else np.empty(0)
        unexplained = gram[j, j] - gram[j, kept] @ weights
        if unexplained > COLLINEAR_SHARE * gram[j, j]:
            kept.append(j)
            continue
        parts = [str(columns[i]) for i, weight in zip(kept, weights, strict=True) if abs(weight) > 1e-6]
        faults.append(f"{columns[j]} is a combination of {', '.join(parts) or 'nothing: it is zero everywhere'}")
    if faults:
        raise NotEstimableError("collinear", f"{'; '.join(faults)}: {remedies.leave_out}")


def check_size(n_persons: int, n_parameters: int, study: Study) -> None:
    """Check that there are enough persons; persons, not person-years, are the independent observations.

    Raises:
        NotEstimableError: with status `too_few_observations`, or `withheld` if the disclosure rule forbids the fit.
    """
    check_persons(n_persons, n_parameters)
    needed = study.disclosure.residual_degrees_of_freedom
    if n_persons - n_parameters < needed:
        raise NotEstimableError(
            "withheld", f"fewer than {needed} residual degrees of freedom: the disclosure rule withholds the fit"
        )
    if n_persons < study.disclosure.minimum_group_size:
        raise NotEstimableError(
            "withheld",
            f"fewer than {study.disclosure.minimum_group_size} persons: the disclosure rule withholds the fit",
        )


def check_persons(n_persons: int, n_parameters: int) -> None:
    """Check that there are more persons than parameters.

    Raises:
        NotEstimableError: with status `too_few_observations`.
    """
    if n_persons <= n_parameters:
        raise NotEstimableError("too_few_observations", f"no more persons than the {n_parameters} parameters")


def check_fit(fit: NewtonFit, rows: Rows, counts: Floats, naming: Naming) -> None:
    """Check that Newton's method ended at a finite maximum.

    Raises:
        NotEstimableError: with status `separation` (naming the terms that separate), `singular`, `overflow` or
            `not_converged`.
    """
    if separation := separation_in_combination(fit, rows, counts, naming):
        raise NotEstimableError(
            "separation",
            f"the data separate {separation}: the estimates would be infinite. {naming.remedies.merge}",
        )
    check_ending(fit, naming.remedies)


def separation_in_combination(fit: NewtonFit, rows: Rows, counts: Floats, naming: Naming) -> str:
    """Name the outcomes and terms that separate rows (n, k) with counts (n, m).

    Searched only if Newton's method did not converge or ended at a suspiciously small probability. Empty if nothing
    separates, or if the likelihood cannot be represented.
    """
    if fit.ending == "overflow":
        return ""
    if fit.ending == "converged" and log_shares(rows.utilities(fit.params)).min() >= np.log(SUSPICIOUS_PROBABILITY):
        return ""
    direction = separating_direction(rows.dense(), counts)
    return "" if direction is None else _name_separation(direction, naming)


def check_ending(fit: NewtonFit, remedies: Remedies) -> None:
    """Check that the iterations ended at a maximum.

    Raises:
        NotEstimableError: with status `singular`, `overflow` or `not_converged`.
    """
    if fit.ending == "overflow":
        raise NotEstimableError("overflow", f"the likelihood cannot be represented: {remedies.rescale}")
    if fit.ending == "singular":
        raise NotEstimableError("singular", f"the information matrix is singular: {remedies.leave_out}")
    if fit.ending == "not_converged":
        raise NotEstimableError("not_converged", f"not converged after {fit.iterations} iterations: {remedies.iterate}")


def check_errors(covariance: Floats, model_covariance: Floats, naming: Naming) -> None:
    """Check that none of the p coefficients has a standard error of zero, as happens if all persons are alike.

    Raises:
        NotEstimableError: with status `singular`, naming the coefficients.
    """
    without = np.diag(covariance) <= ZERO_VARIANCE * np.diag(model_covariance)
    if without.any():
        at_fault = ", ".join(name for name, is_zero in zip(naming.coefficients, without, strict=True) if is_zero)
        raise NotEstimableError(
            "singular", f"persons are all alike: no standard error, clustered by person, for {at_fault}"
        )


def _name_separation(direction: Floats, naming: Naming) -> str:
    largest = np.abs(direction).max()
    at_fault = []
    for j, outcome in enumerate(naming.outcomes[1:]):
        named = [c for c, weight in zip(naming.columns, direction[:, j], strict=True) if abs(weight) > 1e-6 * largest]
        if named:
            at_fault.append(f"{outcome} by {', '.join(named)}")
    return f"{'; '.join(at_fault)} in combination"


def bias_reduction_remark(separation: str, covariance_type: str, kind: str) -> str:
    """The remark in `fit.message` on a group that is fitted by bias reduction because of `separation`.

    Its last part, on its own after "; ", says what separates the data. It is not published
    (`few_events.published_message`).
    """
    pseudo_counts = "" if kind == "model" else ", and with the reduction's pseudo-counts as observations of their own"
    return (
        f"{BIAS_REDUCED} (Firth-type, Kosmidis & Firth 2011), because the data separate; "
        "log-likelihood, AIC and BIC are of the plain likelihood at these estimates; standard errors "
        f"{covariance_type}, with the unpenalised information at these estimates{pseudo_counts}; "
        f"{SEPARATED} {separation.replace('; ', ', ')}"
    )


def few_event_remarks(cells: Cells, design: Design, study: Study) -> list[str]:
    """Name the levels whose coefficients rest on fewer events than may be published as a count."""
    outcomes = study.variables.outcome.levels
    thin = []
    for column in (*design.columns, *design.references):
        if column.term in NUMERIC_TERMS:
            continue
        counts = cells.level_counts(column.term)[cells.factors[column.term].levels.index(column.level)]
        threshold = study.disclosure.threshold
        few = (outcome for outcome, n in zip(outcomes, counts, strict=True) if n < threshold)
        thin += [event_name(outcome, column.term, column.level) for outcome in few]
    return [few_events_remark(thin, study.disclosure.threshold)] if thin else []


def absent_level_remarks(cells: Cells, design: Design) -> list[str]:
    """Name the levels without person-years in the group, which therefore have no parameter."""
    absent = [
        str(Column(term, level))
        for term in design.categorical_terms
        for level in cells.factors[term].levels
        if level != design.reference(term)
        and level not in design.positions(term)
        and not cells.level_counts(term)[cells.factors[term].levels.index(level)].any()
    ]
    return [f"no parameter, as no person-years: {', '.join(absent)}"] if absent else []
