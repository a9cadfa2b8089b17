"""Results of a notebook's models, with the conventions of statsmodels' `MNLogit`.

Belongs here: immutable results and their methods. Does not belong here: estimation, or how text and tables look
(`reports`). k columns, m outcomes, q parameters: the (m-1)k coefficients, outcome after outcome, then with random
effects Lz the free elements of L.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from models_py.cells import EstimationInputError, Floats
from models_py.integration import IntegratedResponse
from models_py.notebook.hypotheses import (
    LinearTests,
    WaldTest,
    linear_hypotheses,
    linear_tests,
    wald_test,
)
from models_py.notebook.margins import Averaging, Effect, average_effects
from models_py.notebook.quantities import Part, Quantities
from models_py.notebook.reports import Summary, glance_table, summarise, tidy_table
from models_py.notebook.sample import Sample
from models_py.response import LogitResponse
from models_py.results import standard_errors
from models_py.variance_components import VarianceEstimate

if TYPE_CHECKING:
    from models_py.notebook.marginaleffects_adapter import MarginalEffectsModel


@dataclass(frozen=True, slots=True, eq=False)
class FittedLogit:
    """A fitted multinomial logit, with random effects or without.

    Attributes:
        sample: the data of the fit.
        coefficients: (k, m-1).
        response: how probabilities follow from utilities; integrated over random effects if there are any.
        covariance: (q, q) of all parameters; `bse` is computed from it, `covariance_type` is its kind in words.
        model_covariance: (q, q) inverse information.
        llf, llnull: log-likelihood, and that with intercepts only.
        iterations: number until convergence.
        remarks: remarks on the estimates.
        components: standard deviations and correlations of the random effects.
    """

    sample: Sample
    coefficients: Floats
    response: LogitResponse | IntegratedResponse
    covariance: Floats
    covariance_type: str
    model_covariance: Floats
    llf: float
    llnull: float
    iterations: int
    remarks: tuple[str, ...]
    components: tuple[VarianceEstimate, ...] = ()

    def __post_init__(self) -> None:
        for array in (self.coefficients, self.covariance, self.model_covariance):
            array.setflags(write=False)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """m names, the base first."""
        return self.sample.outcomes

    @property
    def data_identity(self) -> object:
        """The data of the fit."""
        return self.sample.observations

    @property
    def theta(self) -> Floats:
        """All parameters (q,)."""
        elements = self.response.elements if isinstance(self.response, IntegratedResponse) else np.empty(0)
        return np.concatenate([self.coefficients.ravel(order="F"), elements])

    @property
    def params(self) -> pd.DataFrame:
        """Coefficients, one row per column of the design, one column per outcome except the base."""
        return self._frame(self.coefficients)

    @property
    def bse(self) -> pd.DataFrame:
        """Standard errors."""
        return self._frame(standard_errors(self.covariance, self.coefficients))

    @property
    def tvalues(self) -> pd.DataFrame:
        """Coefficient over standard error; standard normal if the true coefficient is zero."""
        return self.params / self.bse

    @property
    def pvalues(self) -> pd.DataFrame:
        """Two-sided p-values."""
        return self._frame(2 * ndtr(-np.abs(self.tvalues.to_numpy())))

    @property
    def nobs(self) -> int:
        """Observations: rows, or the sum of their weights."""
        return int(self.sample.counts.sum())

    @property
    def n_persons(self) -> int | None:
        """Number of persons; None if persons are not known."""
        return self.sample.n_persons

    @property
    def df_model(self) -> int:
        """Parameters without the intercepts, as statsmodels counts them."""
        ones = np.ones(self.sample.X.shape[0])
        fitted = self.sample.X @ np.linalg.lstsq(self.sample.X, ones)[0]
        return self.theta.size - (len(self.outcomes) - 1) * bool(np.allclose(fitted, 1))

    @property
    def df_resid(self) -> int:
        """Observations minus parameters."""
        return self.nobs - self.theta.size

    @property
    def prsquared(self) -> float:
        """McFadden (1974): 1 - llf / llnull."""
        return 1 - self.llf / self.llnull

    @property
    def aic(self) -> float:
        """-2 llf + 2 q."""
        return -2 * self.llf + 2 * self.theta.size

    @property
    def bic(self) -> float:
        """-2 llf + q log(observations)."""
        return -2 * self.llf + float(np.log(self.nobs)) * self.theta.size

    @property
    def variance_components(self) -> pd.DataFrame:
        """Standard deviations and correlations of the random effects, with profile-likelihood intervals."""
        columns = ["name", "estimate", "std.error", "conf.low", "conf.high", "remark"]
        rows = [(c.name, c.value, c.std_error, c.low, c.high, c.remark) for c in self.components]
        return pd.DataFrame(rows, columns=columns)

    def cov_params(self) -> pd.DataFrame:
        """Covariance of all parameters by outcome and column; the elements of L come last."""
        index = self._index()
        return pd.DataFrame(self.covariance.copy(), index=index, columns=index)

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Intervals of the coefficients at confidence 1 - alpha, columns `lower` and `upper`."""
        b, half = self.coefficients, -ndtri(alpha / 2) * self.bse.to_numpy()
        ends = {"lower": (b - half).ravel(order="F"), "upper": (b + half).ravel(order="F")}
        return pd.DataFrame(ends, index=self._index()[: b.size])

    def wald_test(self, hypotheses: Any) -> WaldTest:
        """Test that all hypotheses hold: text such as `"[emigration]age = [internal_move]age, sex"`, R, or (R, value).

        Raises:
            ValueError: they are not hypotheses on the coefficients.
        """
        return wald_test(self._hypotheses(hypotheses), self.theta, self.covariance)

    def t_test(self, hypotheses: Any) -> LinearTests:
        """Test each hypothesis by itself with a z test; the notation is that of `wald_test`.

        Raises:
            ValueError: they are not hypotheses on the coefficients.
        """
        return linear_tests(self._hypotheses(hypotheses), self.theta, self.covariance)

    def predict(self, new_data: Any = None) -> Quantities:
        """Probabilities for each outcome and each row of new data (by default the observed patterns).

        With random effects they are integrated over the effects' distribution, whose uncertainty the intervals include.

        Raises:
            EstimationInputError: a covariate or a value is missing.
            AbsentLevelError: a level has no parameter.
        """
        design = self.sample.design
        frame = self.sample.observations.patterns if new_data is None else design.frame(new_data)
        X = design.matrix(frame)
        response = self.response.probabilities(X @ self.coefficients)
        m = len(self.outcomes)
        labels: dict[str, tuple[object, ...]] = {"row": tuple(np.repeat(np.arange(len(frame)), m).tolist())}
        for variable in design.variables:
            labels[variable.name] = tuple(value for value in frame[variable.name].tolist() for _ in range(m))
        labels["outcome"] = self.outcomes * len(frame)
        gradient = response.gradient(X).reshape(len(frame) * m, -1)
        return Quantities(labels, response.values.ravel(), (Part(self, gradient),), "probability")

    def margins(self, variables: Sequence[str] | None = None) -> Quantities:
        """Average marginal effects of covariates on every outcome, over the observations.

        For a categorical covariate: every level against the reference. For a numeric one: the derivative.

        Raises:
            EstimationInputError: there is no such covariate, or it enters only through categories made from it.
        """
        effects = list(self._effects(variables))
        labels: dict[str, tuple[object, ...]] = {
            "variable": tuple(effect.variable for effect in effects for _ in self.outcomes),
            "contrast": tuple(effect.contrast for effect in effects for _ in self.outcomes),
            "outcome": self.outcomes * len(effects),
        }
        values = np.concatenate([effect.values for effect in effects])
        gradient = np.vstack([effect.gradient for effect in effects])
        return Quantities(labels, values, (Part(self, gradient),), "linear")

    def relative_risk_ratios(self, alpha: float = 0.05) -> pd.DataFrame:
        """exp(coefficients), with intervals."""
        return self.tidy(exponentiate=True, alpha=alpha)

    def tidy(self, exponentiate: bool = False, alpha: float = 0.05) -> pd.DataFrame:
        """A row for each coefficient, with broom's column names. Standard errors always stay on the log scale."""
        return tidy_table(self, exponentiate, alpha)

    def glance(self) -> pd.DataFrame:
        """A row about the fit, with broom's column names."""
        return glance_table(self)

    def summary(self, alpha: float = 0.05) -> Summary:
        """A summary as text, and as HTML in a notebook."""
        return summarise(self, alpha)

    def for_marginaleffects(self) -> "MarginalEffectsModel":
        """The model for the package `marginaleffects`; average with `wts="n"`, because rows are patterns."""
        from models_py.notebook.marginaleffects_adapter import MarginalEffectsModel  # an optional package

        return MarginalEffectsModel(self)

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def _effects(self, variables: Sequence[str] | None) -> Iterator[Effect]:
        known = {variable.name: variable for variable in self.sample.design.variables}
        wanted = list(known) if variables is None else [variables] if isinstance(variables, str) else list(variables)
        if absent := [name for name in wanted if name not in known] or ([] if wanted else ["(none)"]):
            raise EstimationInputError(f"no covariate {', '.join(absent)} in the model: {', '.join(known)}")
        totals = self.sample.counts.sum(axis=1)
        over = Averaging(
            self.sample.design,
            self.sample.observations.patterns,
            self.sample.X,
            totals / totals.sum(),
            self.coefficients,
            self.response,
        )
        for name in wanted:
            yield from average_effects(over, known[name])

    def _hypotheses(self, given: Any) -> Any:
        return linear_hypotheses(given, self.sample.design.names, self.outcomes[1:], self.theta.size)

    def _frame(self, values: Floats) -> pd.DataFrame:
        return pd.DataFrame(values.copy(), index=list(self.sample.design.names), columns=list(self.outcomes[1:]))

    def _index(self) -> pd.MultiIndex:
        pairs = [(outcome, name) for outcome in self.outcomes[1:] for name in self.sample.design.names]
        if isinstance(self.response, IntegratedResponse):
            pairs += [(self.outcomes[1 + j], f"L[{r + 1}]") for j, r in self.response.structure.free]
        return pd.MultiIndex.from_tuples(pairs, names=["outcome", "term"])
