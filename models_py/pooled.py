"""The pooled multinomial logit of a group: exact maximum likelihood, or bias reduction if the data separate and
study.yml asks for it; standard errors of the kind that study.yml names.

Belongs here: the order in which the numeric functions are called. Does not belong here: the numeric functions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models_py.bias_reduction import pseudo_counts, reduce_bias
from models_py.cells import Cells, Floats, PathBatch
from models_py.clustering import index_sample, residual_table, sum_person_scores
from models_py.covariance import (
    CovarianceKind,
    covariance_remarks,
    describe_covariance,
    pseudo_count_covariance,
    select_covariance,
)
from models_py.design import Design, make_design
from models_py.estimability import (
    absent_level_remarks,
    bias_reduction_remark,
    check_columns,
    check_ending,
    check_errors,
    check_fit,
    check_levels,
    check_outcomes,
    check_references,
    check_size,
    few_event_remarks,
    separated_levels,
    separation_in_combination,
    without_empty_unknowns,
)
from models_py.multinomial import (
    NewtonFit,
    log_shares,
    newton,
    null_log_likelihood,
    solve_information,
    starting_params,
)
from models_py.naming import Naming, study_naming
from models_py.products import Rows
from models_py.results import MultinomialLogitResults
from models_py.study import Study

OnSeparation = Literal["refuse", "bias_reduction"]


@dataclass(frozen=True, slots=True)
class Sample:
    """The data that a group's models are estimated on.

    Attributes:
        group_cells: all the group's cells.
        cells: the cells in the fit.
        design: the columns of the model.
        remarks: remarks on the sample for `fit.message`.
        separation: the levels without some outcome, for an estimator that can handle them; otherwise empty.
    """

    group_cells: Cells
    cells: Cells
    design: Design
    remarks: tuple[str, ...]
    separation: str = ""


def make_sample(group_cells: Cells, n_persons: int, study: Study, may_separate: bool = False) -> Sample:
    """Decide which cells and columns a group's models use. `n_persons` are in the group.

    Size is checked before levels, so that for a handful of persons no message names levels. `may_separate` says that
    the sample is for an estimator that reduces bias if study.yml asks for it.

    Raises:
        NotEstimableError: no model with these terms can be estimated on the cells.
    """
    check_outcomes(group_cells, study)
    cells, remarks = without_empty_unknowns(group_cells, study)
    check_outcomes(cells, study)
    design = make_design(cells, study)
    check_size(n_persons, len(design.columns) * (cells.counts.shape[1] - 1), study)
    check_references(cells, design)
    reduces_bias = may_separate and study.models.on_separation == "bias_reduction"
    if not reduces_bias:
        check_levels(cells, design, study)
    remarks += absent_level_remarks(group_cells, design)
    remarks += few_event_remarks(cells, design, study)
    separation = separated_levels(cells, design, study) if reduces_bias else ""
    return Sample(group_cells, cells, design, tuple(remarks), separation)


def fit_pooled(sample: Sample, paths: Iterable[PathBatch], study: Study) -> MultinomialLogitResults:
    """Estimate the pooled model of a group on its sample; `paths` are all paths of the group.

    Raises:
        NotEstimableError: the model has no finite, unique estimate, or too few persons for one.
        EstimationInputError: paths and cells disagree.
    """
    counts, design, models = sample.cells.counts, sample.design, study.models
    rows, naming = design.rows(sample.cells), study_naming(design, study)
    check_columns(rows, design.columns)
    fit, separation = find_estimates(
        rows, counts, naming, models.on_separation, models.max_iterations, sample.separation
    )
    bread = solve_information(fit.information, np.eye(fit.params.size))
    index = index_sample(sample.group_cells, sample.cells)
    P = np.exp(log_shares(rows.utilities(fit.params)))
    scores = sum_person_scores(paths, rows, index, residual_table(index, P))
    check_size(scores.n_persons, fit.params.size, study)
    covariance = select_covariance(models.covariance, models.small_sample, bread, scores, rows, counts, P)
    check_errors(covariance, bread, naming)
    covariance_type = describe_covariance(models.covariance, models.small_sample)
    remarks = covariance_remarks(models)
    if separation:
        remarks = (bias_reduction_remark(separation, covariance_type, models.covariance),)
        covariance = covariance + penalty_covariance(models.covariance, bread, rows, counts, P)
    return MultinomialLogitResults(
        design=design,
        params=fit.params,
        covariance=covariance,
        covariance_type=covariance_type,
        model_covariance=bread,
        llf=fit.log_likelihood,
        llnull=null_log_likelihood(counts),
        nobs=float(counts.sum()),
        n_persons=scores.n_persons,
        iterations=fit.iterations,
        remarks=remarks,
    )


def find_estimates(
    rows: Rows,
    counts: Floats,
    naming: Naming,
    on_separation: OnSeparation,
    max_iterations: int,
    separation: str = "",
) -> tuple[NewtonFit, str]:
    """Estimates from rows (n, k) and counts (n, m), and what separates the data if bias reduction was needed.

    Without separation the estimates are maximum likelihood and the text is empty. `separation` names what is known
    beforehand to separate the data.

    Raises:
        NotEstimableError: no estimates were found, or the data separate and `on_separation` is to refuse.
    """
    start = starting_params(rows, counts)
    if not separation:
        fit = newton(rows, counts, start, max_iterations)
        if on_separation == "refuse":
            check_fit(fit, rows, counts, naming)
            return fit, ""
        separation = separation_in_combination(fit, rows, counts, naming)
    if separation:
        fit = reduce_bias(rows.dense(), counts, start, max_iterations)
    check_ending(fit, naming.remedies)
    return fit, separation


def penalty_covariance(kind: CovarianceKind, bread: Floats, rows: Rows, counts: Floats, P: Floats) -> Floats:
    """What bias reduction adds to a covariance (p, p): a term for its pseudo-counts, but only to a sandwich."""
    if kind == "model":
        return np.zeros_like(bread)
    return pseudo_count_covariance(bread, rows, pseudo_counts(rows.dense(), counts.sum(axis=1), P, bread), P)
