"""The random-effects multinomial logit of a group: from its paths to results, or to the reason why there are none.

Belongs here: the order in which the numeric functions are called. Does not belong here: the numeric functions.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError

from models_py.cells import EstimationInputError, Floats, PathBatch
from models_py.clustering import PersonScores, SampleIndex, SmallSample, clustered_covariance, index_sample
from models_py.covariance import CovarianceKind, covariance_remarks, describe_covariance
from models_py.design import Design
from models_py.estimability import NotEstimableError, check_columns, check_errors, check_fit, check_size
from models_py.identification import condition_remark, variance_estimates
from models_py.integration import IntegratedResponse
from models_py.multinomial import newton, null_log_likelihood, solve_information, starting_params
from models_py.naming import Naming, Remedies, study_naming
from models_py.path_likelihood import Paths
from models_py.path_partitions import counts_of, paths_on_design
from models_py.pooled import Sample
from models_py.quadrature import product_rule
from models_py.random_effects import Maximum, maximise
from models_py.random_effects_results import RandomEffectsResults
from models_py.study import Study
from models_py.variance_components import Structure, VarianceEstimate, make_structure

# Nodes a dimension for integrating predictions if the fit used adaptive nodes: a profile has no data to place nodes by.
NODES_IF_ADAPTIVE = 41


def fit_random_effects(sample: Sample, batches: Iterable[PathBatch], study: Study) -> RandomEffectsResults:
    """Estimate the random-effects model of a group on its sample; `batches` are all of the group's paths.

    If the data do not identify the declared covariance of the random effects and study.yml declares a simpler one as
    fallback, the simpler one is estimated, and the results say so.

    Raises:
        NotEstimableError: the model has no finite, unique estimate, or too few persons for one.
        EstimationInputError: paths and cells disagree.
    """
    counts, design, models = sample.cells.counts, sample.design, study.models
    rows, naming = design.rows(sample.cells), study_naming(design, study)
    check_columns(rows, design.columns)
    pooled = newton(rows, counts, starting_params(rows, counts), models.max_iterations)
    check_fit(pooled, rows, counts, naming)
    paths = paths_of(batches, index_sample(sample.group_cells, sample.cells), counts)
    # A person's years share random effects, so only persons are independent: `robust` becomes `clustered`.
    kind: CovarianceKind = "model" if models.covariance == "model" else "clustered"
    settings = Settings(kind, models.small_sample, models.max_iterations, models.confidence_level)
    estimate = Estimation(rows.dense(), counts, paths, pooled.params, naming, settings)
    said_of_errors = covariance_remarks(models) and (f"standard errors {estimate.covariance_type}",)

    def results(structure_name: str, remarks: tuple[str, ...] = ()) -> RandomEffectsResults:
        structure = make_structure(structure_name, counts.shape[1] - 1)
        check_size(estimate.n_persons, pooled.params.size + len(structure.free), study)
        return study_results(estimate.maximum(structure), design, remarks, said_of_errors)

    wanted, fallback = models.random_effects.covariance, models.random_effects.fallback
    if fallback is None:
        return results(wanted)
    try:
        found = results(wanted)
        reason = "; ".join(part.remark for part in found.variance_components if part.at_boundary)
        if not reason:
            return found
    except NotEstimableError as error:
        reason = str(error)
    asked_for = f"{wanted} random effects were asked for, but {reason}"
    try:
        return results(fallback, (asked_for,))
    except NotEstimableError as error:
        raise NotEstimableError(error.status, f"{asked_for}; with {fallback} ones, {error}") from None


def study_results(
    found: "Estimates", design: Design, before: tuple[str, ...], after: tuple[str, ...]
) -> RandomEffectsResults:
    """Estimates as the results of a group, with remarks before and after those of the estimation."""
    return RandomEffectsResults(
        design=design,
        params=found.params,
        elements=found.response.elements,
        response=found.response,
        covariance=found.covariance,
        covariance_type=found.covariance_type,
        model_covariance=found.model_covariance,
        variance_components=found.variance_components,
        llf=found.llf,
        llnull=found.llnull,
        nobs=found.nobs,
        n_persons=found.n_persons,
        iterations=found.iterations,
        remarks=(*before, *found.remarks, *after),
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """How the model is estimated; standard errors are `clustered` by person, or model-based (`model`)."""

    covariance: CovarianceKind
    small_sample: SmallSample
    max_iterations: int
    confidence_level: float


@dataclass(frozen=True, slots=True)
class Estimates:
    """The estimated random-effects model, without names of columns; fields as in `RandomEffectsResults`."""

    params: Floats
    response: IntegratedResponse
    covariance: Floats
    covariance_type: str
    model_covariance: Floats
    variance_components: tuple[VarianceEstimate, ...]
    llf: float
    llnull: float
    nobs: float
    n_persons: int
    iterations: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Estimation:
    """The input of an estimation: design X (n, k), counts (n, m), paths and pooled coefficients (k, m-1)."""

    X: Floats
    counts: Floats
    paths: Paths
    coefficients: Floats
    naming: Naming
    settings: Settings

    @property
    def n_persons(self) -> int:
        """Persons on the paths."""
        return int(self.paths.weights.sum())

    @property
    def covariance_type(self) -> str:
        """The kind of the standard errors, in words."""
        return describe_covariance(self.settings.covariance, self.settings.small_sample)

    def maximum(self, structure: Structure) -> Estimates:
        """The estimates with random effects of a structure.

        Raises:
            NotEstimableError: there is no maximum.
        """
        settings, n_coefficients = self.settings, self.coefficients.size
        maximum = maximise(self.X, self.counts, self.paths, structure, self.coefficients, settings.max_iterations)
        inverse = inverse_information(maximum, self.naming.remedies)
        covariance = inverse
        if settings.covariance == "clustered":
            scores = PersonScores(maximum.sums.meat, self.n_persons)
            covariance = clustered_covariance(inverse, scores, self.counts.sum(), settings.small_sample)
        of_coefficients = (slice(n_coefficients), slice(n_coefficients))
        check_errors(covariance[of_coefficients], inverse[of_coefficients], self.naming)
        components = variance_estimates(maximum, covariance, self.naming.outcomes[1:], settings.confidence_level)
        problem = maximum.problem
        adaptive = problem.placement.is_adaptive
        rule = product_rule(NODES_IF_ADAPTIVE, structure.dimensions) if adaptive else problem.rule
        return Estimates(
            params=maximum.theta[:n_coefficients].reshape(self.coefficients.shape, order="F"),
            response=IntegratedResponse(structure, maximum.theta[n_coefficients:], rule),
            covariance=covariance,
            covariance_type=self.covariance_type,
            model_covariance=inverse,
            variance_components=components,
            llf=maximum.sums.log_likelihood,
            llnull=null_log_likelihood(self.counts),
            nobs=float(self.counts.sum()),
            n_persons=self.n_persons,
            iterations=maximum.iterations,
            remarks=estimation_remarks(maximum, components),
        )


def paths_of(batches: Iterable[PathBatch], index: SampleIndex, counts: Floats) -> Paths:
    """All paths of a group on the rows of the design, without the person-years that are not in the sample.

    Raises:
        EstimationInputError: the paths' person-years differ from those of the cells, `counts` (n, m).
    """
    paths = paths_on_design(batches, index, counts.shape[1])
    if not np.array_equal(counts_of(paths, (counts.shape[0], counts.shape[1])), counts):
        raise EstimationInputError("estimation.path and estimation.cell disagree about person-years of a group")
    return paths


def inverse_information(maximum: Maximum, remedies: Remedies) -> Floats:
    """The inverse (q, q) of the exact information at the maximum.

    Raises:
        NotEstimableError: with status `overflow`, `not_converged` or `singular`; there is no unique maximum.
    """
    if maximum.ending == "overflow":
        raise NotEstimableError("overflow", f"the likelihood cannot be represented: {remedies.rescale}")
    if maximum.ending == "not_converged":
        raise NotEstimableError(
            "not_converged",
            f"random effects not converged after {maximum.iterations} iterations: {remedies.simplify}, or "
            f"{remedies.iterate}",
        )
    try:
        if maximum.ending == "singular":
            raise LinAlgError
        return solve_information(maximum.sums.information, np.eye(maximum.theta.size))
    except LinAlgError:
        raise NotEstimableError(
            "singular",
            f"the information matrix with random effects is singular: {remedies.simplify}",
        ) from None


def estimation_remarks(maximum: Maximum, components: tuple[VarianceEstimate, ...]) -> tuple[str, ...]:
    """The remarks on random effects for `fit.message`: their covariance, the quadrature, and what is not identified."""
    problem = maximum.problem
    per_dimension = round(problem.rule.weights.size ** (1 / problem.structure.dimensions))
    kind = "adaptive " if problem.placement.is_adaptive else ""
    said = f"{problem.structure.name} random effects, {per_dimension} {kind}Gauss-Hermite nodes a dimension"
    unsettled = () if maximum.settled else ("estimates still move by more than 0.05 standard errors with more nodes",)
    weak = tuple(found.remark for found in components if found.remark)
    return (said, *unsettled, *weak, *condition_remark(maximum.sums.information))
