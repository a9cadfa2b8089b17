"""The pooled multinomial logit of a group: exact maximum likelihood, standard errors as study.yml says.

Belongs here: the order in which the numeric functions are called. Does not belong here: the numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from models_py.cells import Cells, PathBatch
from models_py.clustering import index_sample, residual_table, sum_person_scores
from models_py.covariance import covariance_remarks, describe_covariance, select_covariance
from models_py.design import Design, make_design
from models_py.estimability import (
    absent_level_remarks,
    check_columns,
    check_errors,
    check_fit,
    check_levels,
    check_outcomes,
    check_size,
    few_event_remarks,
    without_empty_unknowns,
)
from models_py.multinomial import (
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
    """

    group_cells: Cells
    cells: Cells
    design: Design
    remarks: tuple[str, ...]


def make_sample(group_cells: Cells, n_persons: int, study: Study) -> Sample:
    """Decide which cells and columns a group's models use. `n_persons` are in the group.

    Size comes before levels: of a handful of persons, not even the empty levels are told.

    Raises:
        NotEstimableError: no model with these terms can be estimated on them.
    """
    check_outcomes(group_cells, study)
    cells, remarks = without_empty_unknowns(group_cells, study)
    check_outcomes(cells, study)
    design = make_design(cells, study)
    check_size(n_persons, len(design.columns) * (cells.counts.shape[1] - 1), study)
    check_levels(cells, design, study)
    remarks += absent_level_remarks(group_cells, design)
    remarks += few_event_remarks(cells, design, study)
    return Sample(group_cells, cells, design, tuple(remarks))


def fit_pooled(sample: Sample, paths: Iterable[PathBatch], study: Study) -> MultinomialLogitResults:
    """Estimate the pooled model of a group on its sample; `paths` are all of the group's.

    Raises:
        NotEstimableError: the model has no finite, unique estimate, or too few persons for one.
        EstimationInputError: paths and cells disagree.
    """
    counts, design = sample.cells.counts, sample.design
    X = design.matrix(sample.cells)
    check_columns(X, design.columns)
    fit = newton(X, counts, null_params(counts, X.shape[1]), study.models.max_iterations)
    check_fit(fit, X, counts, design, study)
    bread = solve_information(fit.information, np.eye(fit.params.size))
    index = index_sample(sample.group_cells, sample.cells)
    P = np.exp(log_probabilities(X, fit.params))
    scores = sum_person_scores(paths, X, index, residual_table(index, P))
    check_size(scores.n_persons, fit.params.size, study)
    covariance = select_covariance(study.models, bread, scores, X, counts, P)
    check_errors(covariance, bread, design, study)
    return MultinomialLogitResults(
        design=design,
        params=fit.params,
        covariance=covariance,
        covariance_type=describe_covariance(study.models.covariance, study.models.small_sample),
        model_covariance=bread,
        llf=fit.log_likelihood,
        llnull=null_log_likelihood(counts),
        nobs=float(counts.sum()),
        n_persons=scores.n_persons,
        iterations=fit.iterations,
        remarks=covariance_remarks(study.models),
    )
