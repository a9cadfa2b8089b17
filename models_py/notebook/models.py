"""The two models for notebooks: built from a formula and data or from cells, then fitted.

Belongs here: construction, and the order in which the numeric functions are called. Does not belong here: the numeric
functions, or what results can do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from models_py.cells import EstimationInputError
from models_py.clustering import PersonScores, SmallSample, residual_table, sum_person_scores
from models_py.covariance import CovarianceKind, describe_covariance, select_covariance
from models_py.estimability import (
    NotEstimableError,
    bias_reduction_remark,
    check_columns,
    check_errors,
    check_fit,
    check_persons,
)
from models_py.multinomial import log_probabilities, newton, null_log_likelihood, solve_information, starting_params
from models_py.notebook.results import FittedLogit
from models_py.notebook.sample import Sample, sample_from_cells, sample_from_formula, separated_levels
from models_py.pooled import OnSeparation, find_estimates, penalty_covariance
from models_py.products import DenseRows
from models_py.random_effects_fit import Estimation, Settings, paths_of
from models_py.response import LogitResponse
from models_py.variance_components import make_structure

MAX_ITERATIONS = 100
# Confidence level of the variance components' profile-likelihood intervals.
CONFIDENCE_LEVEL = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class MultinomialLogit:
    """The pooled multinomial logit."""

    sample: Sample

    @classmethod
    def from_formula(
        cls, formula: str, data: Any, *, groups: str | None = None, weights: str | None = None, base: object = None
    ) -> "MultinomialLogit":
        """From `outcome ~ terms` and a pandas or polars data frame, an Arrow table or a DuckDB relation.

        `groups` is the column that identifies persons, `weights` the column with the number of observations of a row,
        `base` the outcome that the others are compared with (by default the first).

        Raises:
            EstimationInputError: formula and data do not fit together.
            NotEstimableError: an outcome never happens.
        """
        return cls(sample_from_formula(formula, data, groups, weights, base))

    @classmethod
    def from_cells(
        cls, X: Any, counts: Any, names: Sequence[str], outcomes: Sequence[object], *,
        groups: Any = None, base: object = None,
    ) -> "MultinomialLogit":  # fmt: skip
        """From a design X (c, k) with column names and counts (c, m) by outcome; `groups` (c,) is each cell's person.

        Raises:
            EstimationInputError: the arguments do not fit together.
            NotEstimableError: an outcome never happens.
        """
        return cls(sample_from_cells(X, counts, names, outcomes, groups, base))

    def fit(
        self,
        covariance: CovarianceKind | None = None,
        small_sample: SmallSample = "stata",
        on_separation: OnSeparation = "refuse",
        max_iterations: int = MAX_ITERATIONS,
    ) -> FittedLogit:
        """Fit by maximum likelihood, or by bias reduction if the data separate and `on_separation` asks for it.

        Unless `covariance` says otherwise, standard errors are clustered by person if persons are known, and otherwise
        model-based.

        Raises:
            NotEstimableError: there is no finite, unique estimate; its message names the cause.
            EstimationInputError: errors clustered by person are asked for, but persons are not known.
        """
        with threadpool_limits(limits=1, user_api="blas"):
            return self._fit(covariance, small_sample, on_separation, max_iterations)

    def _fit(
        self, kind: CovarianceKind | None, small_sample: SmallSample, on_separation: OnSeparation, max_iterations: int
    ) -> FittedLogit:
        sample, naming = self.sample, self.sample.naming
        rows, counts = DenseRows(sample.X), sample.counts
        kind = default_covariance(kind, sample)
        check_sample(sample, rows.n_columns * (counts.shape[1] - 1), kind)
        separation = separated_levels(sample)
        if separation and on_separation == "refuse":
            raise separation_error(separation, sample)
        fit, separation = find_estimates(rows, counts, naming, on_separation, max_iterations, separation)
        bread = solve_information(fit.information, np.eye(fit.params.size))
        P = np.exp(log_probabilities(sample.X, fit.params))
        scores: PersonScores | None = None
        if kind == "clustered":
            index = sample.index
            scores = sum_person_scores(sample.observations.paths, rows, index, residual_table(index, P))
        covariance = select_covariance(kind, small_sample, bread, scores, rows, counts, P)
        check_errors(covariance, bread, naming)
        covariance_type = describe_covariance(kind, small_sample)
        remarks: tuple[str, ...] = ()
        if separation:
            covariance = covariance + penalty_covariance(kind, bread, rows, counts, P)
            remarks = (bias_reduction_remark(separation, covariance_type, kind),)
        return FittedLogit(
            sample=sample,
            coefficients=fit.params,
            response=LogitResponse(),
            covariance=covariance,
            covariance_type=covariance_type,
            model_covariance=bread,
            llf=fit.log_likelihood,
            llnull=null_log_likelihood(counts),
            iterations=fit.iterations,
            remarks=remarks,
        )


@dataclass(frozen=True, slots=True, eq=False)
class RandomEffectsMultinomialLogit:
    """The multinomial logit with normal random intercepts for every person and every outcome except the base.

    Attributes:
        random_effects: covariance of the intercepts, `unstructured`, `shared` (one factor) or `independent`.
    """

    sample: Sample
    random_effects: str

    @classmethod
    def from_formula(
        cls, formula: str, data: Any, *, groups: str, weights: str | None = None, base: object = None,
        covariance: Literal["unstructured", "shared", "independent"] = "unstructured",
    ) -> "RandomEffectsMultinomialLogit":  # fmt: skip
        """As `MultinomialLogit.from_formula`; `covariance` is that of the random effects.

        Raises:
            EstimationInputError: formula and data do not fit together.
            NotEstimableError: an outcome never happens.
        """
        return cls(sample_from_formula(formula, data, groups, weights, base), covariance)

    @classmethod
    def from_cells(
        cls, X: Any, counts: Any, names: Sequence[str], outcomes: Sequence[object], *, groups: Any,
        base: object = None, covariance: Literal["unstructured", "shared", "independent"] = "unstructured",
    ) -> "RandomEffectsMultinomialLogit":  # fmt: skip
        """As `MultinomialLogit.from_cells`; `covariance` is that of the random effects.

        Raises:
            EstimationInputError: the arguments do not fit together.
            NotEstimableError: an outcome never happens.
        """
        return cls(sample_from_cells(X, counts, names, outcomes, groups, base), covariance)

    def fit(
        self,
        covariance: Literal["clustered", "model"] = "clustered",
        small_sample: SmallSample = "stata",
        max_iterations: int = MAX_ITERATIONS,
    ) -> FittedLogit:
        """Fit by maximum likelihood with quadrature; standard errors are clustered by person or model-based.

        Raises:
            NotEstimableError: there is no finite, unique estimate; its message names the cause.
            EstimationInputError: another covariance is asked for, such as robust: no smaller unit is independent.
        """
        if covariance not in ("clustered", "model"):
            raise EstimationInputError(f"with random effects, standard errors are clustered or model, not {covariance}")
        sample, naming = self.sample, self.sample.naming
        X, counts, rows = sample.X, sample.counts, DenseRows(sample.X)
        structure = make_structure(self.random_effects, counts.shape[1] - 1)
        with threadpool_limits(limits=1, user_api="blas"):
            check_sample(sample, X.shape[1] * (counts.shape[1] - 1) + len(structure.free), covariance)
            if separation := separated_levels(sample):
                raise separation_error(separation, sample)
            pooled = newton(rows, counts, starting_params(rows, counts), max_iterations)
            check_fit(pooled, rows, counts, naming)
            paths = paths_of(sample.observations.paths, sample.index, counts)
            settings = Settings(covariance, small_sample, max_iterations, CONFIDENCE_LEVEL)
            found = Estimation(X, counts, paths, pooled.params, naming, settings).maximum(structure)
        return FittedLogit(
            sample=sample,
            coefficients=found.params,
            response=found.response,
            covariance=found.covariance,
            covariance_type=found.covariance_type,
            model_covariance=found.model_covariance,
            llf=found.llf,
            llnull=found.llnull,
            iterations=found.iterations,
            remarks=found.remarks,
            components=found.variance_components,
        )


def default_covariance(kind: CovarianceKind | None, sample: Sample) -> CovarianceKind:
    """The kind asked for; by default clustered if persons are known, otherwise model-based.

    Raises:
        EstimationInputError: clustered is asked for, but persons are not known.
    """
    if kind == "clustered" and not sample.observations.paths:
        raise EstimationInputError("standard errors clustered by person need groups, the column of the person")
    return kind or ("clustered" if sample.observations.paths else "model")


def check_sample(sample: Sample, n_parameters: int, kind: CovarianceKind) -> None:
    """Check that columns are linearly independent, and that independent observations outnumber the parameters.

    Raises:
        NotEstimableError: with status `overflow`, `collinear` or `too_few_observations`.
    """
    check_columns(DenseRows(sample.X), sample.design.names, sample.naming.remedies)
    if kind == "clustered":
        check_persons(sample.n_persons or 0, n_parameters)
    elif sample.counts.sum() <= n_parameters:
        raise NotEstimableError("too_few_observations", f"fewer observations than the {n_parameters} parameters")


def separation_error(separation: str, sample: Sample) -> NotEstimableError:
    """The error to raise if levels lack outcomes."""
    return NotEstimableError(
        "separation", f"{separation}: the estimate would be infinite. {sample.naming.remedies.merge}"
    )
