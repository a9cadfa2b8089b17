"""The random-effects multinomial logit of a group: from its paths to results, or to the reason why there are none.

Belongs here: the order in which the numeric functions are called. Does not belong here: the numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError

from models_py.cells import EstimationInputError, Floats, PathBatch
from models_py.clustering import PersonScores, SampleIndex, clustered_covariance, index_sample
from models_py.covariance import CovarianceKind, covariance_remarks, describe_covariance
from models_py.estimability import NotEstimableError, check_columns, check_errors, check_fit, check_size
from models_py.identification import VarianceEstimate, condition_remark, variance_estimates
from models_py.integration import IntegratedResponse
from models_py.multinomial import newton, null_log_likelihood, null_params, solve_information
from models_py.path_likelihood import Paths
from models_py.pooled import Sample
from models_py.quadrature import product_rule
from models_py.random_effects import Maximum, maximise
from models_py.random_effects_results import RandomEffectsResults
from models_py.study import Study
from models_py.variance_components import make_structure

# Nodes a dimension that predictions are integrated with where the fit's are adaptive: of a profile there are no data to
# place nodes by.
NODES_IF_ADAPTIVE = 41


def fit_random_effects(sample: Sample, batches: Iterable[PathBatch], study: Study) -> RandomEffectsResults:
    """Estimate the random-effects model of a group on its sample; `batches` are all of the group's paths.

    Where the declared covariance of the random effects cannot be told from the data and study.yml declares a simpler
    one to fall back to, that one is estimated, and the results say so.

    Raises:
        NotEstimableError: the model has no finite, unique estimate, or too few persons for one.
        EstimationInputError: paths and cells disagree.
    """
    counts, design, models = sample.cells.counts, sample.design, study.models
    X = design.matrix(sample.cells)
    check_columns(X, design.columns)
    pooled = newton(X, counts, null_params(counts, X.shape[1]), models.max_iterations)
    check_fit(pooled, X, counts, design, study)
    paths = paths_of(batches, index_sample(sample.group_cells, sample.cells), counts)
    estimate = Estimation(X, sample, paths, pooled.params, study)
    wanted, fallback = models.random_effects.covariance, models.random_effects.fallback
    if fallback is None:
        return estimate.results(wanted)
    try:
        results = estimate.results(wanted)
        reason = "; ".join(found.remark for found in results.variance_components if found.at_boundary)
        if not reason:
            return results
    except NotEstimableError as error:
        reason = str(error)
    asked_for = f"{wanted} random effects were asked for, but {reason}"
    try:
        return estimate.results(fallback, (asked_for,))
    except NotEstimableError as error:
        raise NotEstimableError(error.status, f"{asked_for}; with {fallback} ones, {error}") from None


@dataclass(frozen=True, slots=True)
class Estimation:
    """What the estimation of a group rests on: design X (n, k), sample, paths and pooled coefficients (k, m-1)."""

    X: Floats
    sample: Sample
    paths: Paths
    coefficients: Floats
    study: Study

    def results(self, structure_name: str, remarks: tuple[str, ...] = ()) -> RandomEffectsResults:
        """The results with random effects of a structure.

        Raises:
            NotEstimableError: there is no maximum, or too few persons for it.
        """
        counts, models = self.sample.cells.counts, self.study.models
        structure = make_structure(structure_name, counts.shape[1] - 1)
        n_persons = int(self.paths.weights.sum())
        check_size(n_persons, self.coefficients.size + len(structure.free), self.study)
        maximum = maximise(self.X, counts, self.paths, structure, self.coefficients, models.max_iterations)
        inverse = inverse_information(maximum)
        # A person's years share random effects, so that no smaller unit than the person is independent.
        kind: CovarianceKind = "model" if models.covariance == "model" else "clustered"
        scores = PersonScores(maximum.sums.meat, n_persons)
        by_person = clustered_covariance(inverse, scores, counts.sum(), models.small_sample)
        covariance = inverse if kind == "model" else by_person
        n_coefficients = self.coefficients.size
        of_coefficients = (slice(n_coefficients), slice(n_coefficients))
        check_errors(covariance[of_coefficients], inverse[of_coefficients], self.sample.design, self.study)
        elements = maximum.theta[n_coefficients:]
        outcomes = self.study.variables.outcome.levels[1:]
        components = variance_estimates(maximum, covariance, outcomes, models.confidence_level)
        problem = maximum.problem
        adaptive = problem.placement.is_adaptive
        rule = product_rule(NODES_IF_ADAPTIVE, structure.dimensions) if adaptive else problem.rule
        response = IntegratedResponse(structure, elements, rule)
        covariance_type = describe_covariance(kind, models.small_sample)
        said_of_errors = (f"standard errors {covariance_type}",) if covariance_remarks(models) else ()
        return RandomEffectsResults(
            design=self.sample.design,
            params=maximum.theta[:n_coefficients].reshape(self.coefficients.shape, order="F"),
            elements=elements,
            response=response,
            covariance=covariance,
            covariance_type=covariance_type,
            model_covariance=inverse,
            variance_components=components,
            llf=maximum.sums.log_likelihood,
            llnull=null_log_likelihood(counts),
            nobs=float(counts.sum()),
            n_persons=n_persons,
            iterations=maximum.iterations,
            remarks=(*remarks, *estimation_remarks(maximum, components), *said_of_errors),
        )


def paths_of(batches: Iterable[PathBatch], index: SampleIndex, counts: Floats) -> Paths:
    """All paths of a group on the rows of the design, without the person-years that are not in the sample.

    Raises:
        EstimationInputError: their person-years are not those of the cells, counts (n, m).
    """
    m = counts.shape[1]
    weights, lengths, rows, outcomes = [], [], [], []
    for batch in batches:
        if batch.codes.min() < 0 or batch.codes.max() >= index.row.size:
            raise EstimationInputError("estimation.path has a cell that is not in estimation.cell for its group")
        kept = index.in_sample[batch.codes]
        length = np.add.reduceat(kept.astype(np.int64), batch.offsets[:-1])
        codes = batch.codes[kept]
        weights.append(batch.n_persons[length > 0])
        lengths.append(length[length > 0])
        rows.append(index.row[codes])
        outcomes.append((codes % m).astype(np.int8))
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    paths = Paths(np.concatenate(weights), offsets, np.concatenate(rows), np.concatenate(outcomes))
    per_year = np.repeat(paths.weights, np.diff(offsets))
    seen = np.bincount(paths.rows.astype(np.int64) * m + paths.outcomes, weights=per_year, minlength=counts.size)
    if not np.array_equal(seen, counts.ravel()):
        raise EstimationInputError("estimation.path and estimation.cell disagree about person-years of a group")
    return paths


def inverse_information(maximum: Maximum) -> Floats:
    """The inverse (q, q) of the exact information at the maximum.

    Raises:
        NotEstimableError: there is no maximum, or none that is unique: `overflow`, `not_converged` or `singular`.
    """
    if maximum.ending == "overflow":
        raise NotEstimableError("overflow", "the likelihood cannot be represented: see models.age_scale")
    if maximum.ending == "not_converged":
        raise NotEstimableError(
            "not_converged",
            f"random effects not converged after {maximum.iterations} iterations: declare a simpler covariance in "
            "models.random_effects, or see models.max_iterations in study.yml",
        )
    try:
        if maximum.ending == "singular":
            raise LinAlgError
        return solve_information(maximum.sums.information, np.eye(maximum.theta.size))
    except LinAlgError:
        raise NotEstimableError(
            "singular",
            "the information matrix with random effects is singular: declare a simpler covariance in "
            "models.random_effects in study.yml",
        ) from None


def estimation_remarks(maximum: Maximum, components: tuple[VarianceEstimate, ...]) -> tuple[str, ...]:
    """What `fit.message` says of the random effects: their covariance, the quadrature, and what is not identified."""
    problem = maximum.problem
    per_dimension = round(problem.rule.weights.size ** (1 / problem.structure.dimensions))
    kind = "adaptive " if problem.placement.is_adaptive else ""
    said = f"{problem.structure.name} random effects, {per_dimension} {kind}Gauss-Hermite nodes a dimension"
    unsettled = () if maximum.settled else ("estimates still move by more than 0.05 standard errors with more nodes",)
    weak = tuple(found.remark for found in components if found.remark)
    return (said, *unsettled, *weak, *condition_remark(maximum.sums.information))
