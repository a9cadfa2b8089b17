"""Results of a fitted model, with the conventions of statsmodels' `LikelihoodModelResults`.

Belongs here: immutable results and what follows from them alone. Does not belong here: estimation, or any table.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtr, ndtri

from models_py.cells import Cells, Floats
from models_py.design import Design
from models_py.marginal_effects import AverageEffects, average_effects
from models_py.response import LogitResponse
from models_py.variance_components import VarianceEstimate


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predicted probabilities: `values` (n, m), base outcome first, and `gradient` (n, m, p) by the p parameters."""

    values: Floats
    gradient: Floats


class FittedModel(Protocol):
    """What predictions, tests and tables need from any fitted model, pooled or with random effects."""

    @property
    def design(self) -> Design:
        """The k columns."""

    @property
    def params(self) -> Floats:
        """Coefficients (k, m-1), one column per outcome except the base."""

    @property
    def llf(self) -> float:
        """Log-likelihood."""

    @property
    def llnull(self) -> float:
        """Log-likelihood with intercepts only."""

    @property
    def prsquared(self) -> float:
        """McFadden's pseudo R squared."""

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""

    @property
    def bic(self) -> float:
        """Schwarz's information criterion."""

    @property
    def iterations(self) -> int:
        """Iterations until convergence."""

    @property
    def n_persons(self) -> int:
        """Persons in the sample."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks on the estimates for `fit.message`."""

    @property
    def variance_components(self) -> tuple[VarianceEstimate, ...]:
        """Standard deviations and correlation of the random effects; a pooled model has none."""

    def cov_params(self) -> Floats:
        """Covariance (p, p) of all parameters; the first (m-1)k are the coefficients, outcome after outcome."""

    def predict(self, X: Floats) -> Predictions:
        """Probabilities at design rows (n, k)."""

    def average_effects(self, cells: Cells) -> list[AverageEffects]:
        """Average marginal effects over the person-years of cells."""


@dataclass(frozen=True, slots=True)
class MultinomialLogitResults:
    """A pooled multinomial logit with k columns and m outcomes, p = (m-1)k parameters.

    Attributes:
        design: the k columns.
        params: (k, m-1), one column per outcome except the base.
        covariance: (p, p) outcome after outcome; `bse` is computed from it.
        covariance_type: its kind in words, such as "clustered by person, G/(G-1)".
        model_covariance: (p, p) inverse information, for comparison.
        llf, llnull: log-likelihood, and that with intercepts only.
        nobs: person-years.
        n_persons: persons, which are the clusters.
        iterations: Newton steps.
        remarks: remarks on the estimates for `fit.message`.
    """

    design: Design
    params: Floats
    covariance: Floats
    covariance_type: str
    model_covariance: Floats
    llf: float
    llnull: float
    nobs: float
    n_persons: int
    iterations: int
    remarks: tuple[str, ...]

    @property
    def variance_components(self) -> tuple[VarianceEstimate, ...]:
        """Empty: there are no random effects."""
        return ()

    @property
    def bse(self) -> Floats:
        """Standard errors (k, m-1)."""
        return standard_errors(self.covariance, self.params)

    @property
    def tvalues(self) -> Floats:
        """Coefficient over standard error (k, m-1), standard normal under the null."""
        return self.params / self.bse

    @property
    def pvalues(self) -> Floats:
        """Two-sided p-values (k, m-1)."""
        p_values: Floats = 2 * ndtr(-np.abs(self.tvalues))
        return p_values

    @property
    def prsquared(self) -> float:
        """McFadden (1974): 1 - llf / llnull."""
        return 1 - self.llf / self.llnull

    @property
    def aic(self) -> float:
        """-2 llf + 2 p."""
        return -2 * self.llf + 2 * self.params.size

    @property
    def bic(self) -> float:
        """-2 llf + p log(person-years)."""
        return -2 * self.llf + float(np.log(self.nobs)) * self.params.size

    def cov_params(self) -> Floats:
        """Covariance (p, p), outcome after outcome."""
        return self.covariance

    def conf_int(self, alpha: float = 0.05) -> Floats:
        """Interval (k, m-1, 2) at confidence 1 - alpha."""
        half = -ndtri(alpha / 2) * self.bse
        return np.stack([self.params - half, self.params + half], axis=-1)

    def predict(self, X: Floats) -> Predictions:
        """Probabilities at design rows (n, k)."""
        response = LogitResponse().probabilities(X @ self.params)
        return Predictions(response.values, response.gradient(X))

    def average_effects(self, cells: Cells) -> list[AverageEffects]:
        """Average marginal effects over the person-years of cells."""
        return average_effects(cells, self.design, self.params)


def standard_errors(covariance: Floats, params: Floats) -> Floats:
    """Standard errors of coefficients (k, m-1), which are the first parameters of the covariance (p, p)."""
    return np.sqrt(np.diag(covariance)[: params.size]).reshape(params.shape, order="F")
