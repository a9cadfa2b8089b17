"""Results of the random-effects multinomial logit, with the conventions of `results`.

Belongs here: immutable results and what follows from them alone. Does not belong here: estimation, or any table.
"""

from dataclasses import dataclass

import numpy as np

from models_py.cells import Cells, Floats
from models_py.design import Design
from models_py.integration import IntegratedResponse
from models_py.marginal_effects import AverageEffects, average_effects
from models_py.results import Predictions, standard_errors
from models_py.variance_components import VarianceEstimate


@dataclass(frozen=True, slots=True)
class RandomEffectsResults:
    """A multinomial logit with k columns, m outcomes and normal random intercepts, q = (m-1)k + G parameters.

    Attributes:
        design: the k columns.
        params: (k, m-1), one column per outcome except the base; for a person whose random effects are zero.
        elements: (G,) the free elements of L; the random effects are Lz.
        response: probabilities integrated over the random effects.
        covariance: (q, q) outcome after outcome, then the free elements of L; `bse` is computed from it.
        covariance_type: its kind in words.
        model_covariance: (q, q) inverse exact information.
        variance_components: standard deviations and correlation.
        llf, llnull: marginal log-likelihood, and that of a pooled model with intercepts only.
        nobs: person-years.
        n_persons: persons; each has random effects.
        iterations: steps until the maximum.
        remarks: remarks on the estimates for `fit.message`.
    """

    design: Design
    params: Floats
    elements: Floats
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

    @property
    def bse(self) -> Floats:
        """Standard errors of the coefficients (k, m-1)."""
        return standard_errors(self.covariance, self.params)

    @property
    def prsquared(self) -> float:
        """McFadden (1974): 1 - llf / llnull."""
        return 1 - self.llf / self.llnull

    @property
    def aic(self) -> float:
        """-2 llf + 2 q."""
        return -2 * self.llf + 2 * int(self.covariance.shape[0])

    @property
    def bic(self) -> float:
        """-2 llf + q log(person-years), as in Stata; counting persons instead would make it smaller."""
        return -2 * self.llf + float(np.log(self.nobs)) * int(self.covariance.shape[0])

    def cov_params(self) -> Floats:
        """Covariance (q, q): coefficients outcome after outcome, then the free elements of L."""
        return self.covariance

    def predict(self, X: Floats) -> Predictions:
        """Probabilities at design rows (n, k), integrated over the random effects."""
        response = self.response.probabilities(X @ self.params)
        return Predictions(response.values, response.gradient(X))

    def average_effects(self, cells: Cells) -> list[AverageEffects]:
        """Average marginal effects over the person-years of cells, integrated over the random effects."""
        return average_effects(cells, self.design, self.params, self.response)
