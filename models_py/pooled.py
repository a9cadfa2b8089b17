"""The pooled multinomial logit of a group: exact maximum likelihood, or bias reduction where the data separate and
study.yml says so; standard errors of the kind that study.yml names.

Belongs here: the order in which the numeric functions are called. Does not belong here: the numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from models_py.bias_reduction import pseudo_counts, reduce_bias
from models_py.cells import Cells, Floats, PathBatch
from models_py.clustering import index_sample, residual_table, sum_person_scores
from models_py.covariance import covariance_remarks, describe_covariance, pseudo_count_covariance, select_covariance
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
    log_probabilities,
    newton,
    null_log_likelihood,
    null_params,
    solve_information,
)
from models_py.results import MultinomialLogitResults
from models_py.study import Study


@dataclass(frozen=True, slots=True)
class Sample:
    """What a group's models are estimated on.

    Attributes:
        group_cells: all the group's cells.
        cells: those in the fit.
        design: the columns they need.
        remarks: what `fit.message` has to say about it.
        separation: the levels without some outcome, for an estimator that can do with them; otherwise empty.
    """

    group_cells: Cells
    cells: Cells
    design: Design
    remarks: tuple[str, ...]
    separation: str = ""


def make_sample(group_cells: Cells, n_persons: int, study: Study, may_separate: bool = False) -> Sample:
    """Decide which cells and columns a group's models use. `n_persons` are in the group.

    Size comes before levels: of a handful of persons, not even the empty levels are told. `may_separate` says that the
    sample is for an estimator that reduces bias where study.yml says so.

    Raises:
        NotEstimableError: no model with these terms can be estimated on them.
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
    """Estimate the pooled model of a group on its sample; `paths` are all of the group's.

    Raises:
        NotEstimableError: the model has no finite, unique estimate, or too few persons for one.
        EstimationInputError: paths and cells disagree.
    """
    counts, design = sample.cells.counts, sample.design
    X = design.matrix(sample.cells)
    check_columns(X, design.columns)
    fit, separation = find_estimates(sample, X, study)
    bread = solve_information(fit.information, np.eye(fit.params.size))
    index = index_sample(sample.group_cells, sample.cells)
    P = np.exp(log_probabilities(X, fit.params))
    scores = sum_person_scores(paths, X, index, residual_table(index, P))
    check_size(scores.n_persons, fit.params.size, study)
    covariance = select_covariance(study.models, bread, scores, X, counts, P)
    check_errors(covariance, bread, design, study)
    covariance_type = describe_covariance(study.models.covariance, study.models.small_sample)
    remarks = covariance_remarks(study.models)
    if separation:
        remarks = (bias_reduction_remark(separation, covariance_type, study.models.covariance),)
        if study.models.covariance != "model":
            covariance = covariance + pseudo_count_covariance(
                bread, X, pseudo_counts(X, counts.sum(axis=1), P, bread), P
            )
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


def find_estimates(sample: Sample, X: Floats, study: Study) -> tuple[NewtonFit, str]:
    """Estimates by maximum likelihood, or by bias reduction and then what separates the data X (n, k).

    Raises:
        NotEstimableError: they are not found, or the data separate and study.yml says to refuse that.
    """
    counts, models = sample.cells.counts, study.models
    start, separation = null_params(counts, X.shape[1]), sample.separation
    if not separation:
        fit = newton(X, counts, start, models.max_iterations)
        if models.on_separation == "refuse":
            check_fit(fit, X, counts, sample.design, study)
            return fit, ""
        separation = separation_in_combination(fit, X, counts, sample.design, study)
    if separation:
        fit = reduce_bias(X, counts, start, models.max_iterations)
    check_ending(fit)
    return fit, separation
