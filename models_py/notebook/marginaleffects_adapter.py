"""Adapter that makes a fitted model usable by the package `marginaleffects`.

Belongs here: what its `ModelAbstract` requires. The package is optional and imported only when needed. Rows are
covariate patterns, so averages need `wts="n"`. Does not belong here: our own margins (`margins`).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from marginaleffects.classes import ModelAbstract, ModelVault

from models_py.cells import Floats
from models_py.integration import IntegratedResponse

if TYPE_CHECKING:
    from models_py.notebook.results import FittedLogit

# The column with the number of observations of each pattern.
WEIGHT = "n"


class MarginalEffectsModel(ModelAbstract):  # type: ignore[misc]  # the package has no types
    """Predictions as a function of the parameters, coefficients first, then the elements of L."""

    # Tests use the normal distribution, as in statsmodels' MNLogit.
    df_resid = float("inf")

    def __init__(self, fitted: "FittedLogit") -> None:
        self.fitted = fitted
        sample = fitted.sample
        levels = {v.name: [*map(str, v.levels)] for v in sample.design.variables if v.kind == "categorical"}
        modeldata = pl.from_pandas(sample.observations.patterns).with_columns(
            *(pl.col(name).cast(pl.String).cast(pl.Enum(names)) for name, names in levels.items()),
            pl.Series(WEIGHT, sample.counts.sum(axis=1)),
        )
        vault = ModelVault(
            coef=fitted.theta,
            coefnames=np.array([f"[{outcome}]{term}" for outcome, term in fitted.cov_params().index]),
            modeldata=modeldata,
            formula=sample.formula,
            package="models_py",
            vcov=fitted.covariance,
            variable_names=["outcome", *(variable.name for variable in sample.design.variables)],
        )
        super().__init__(fitted, vault)

    def get_vcov(self, vcov: Any = True) -> Floats | None:
        """The covariance of the fit; None if `vcov` is False."""
        return np.array(self.fitted.covariance) if vcov is not False else None

    def get_exog(self, newdata: Any) -> Any:
        """The covariates themselves; `get_predict` makes the design."""
        return newdata

    def get_predict(self, params: Floats, newdata: Any) -> Any:
        """Probabilities in long form, outcome after outcome."""
        fitted, design = self.fitted, self.fitted.sample.design
        frame = newdata.select([variable.name for variable in design.variables]).to_pandas()
        params = np.asarray(params)
        B = params[: fitted.coefficients.size].reshape(fitted.coefficients.shape, order="F")
        response = fitted.response
        if isinstance(response, IntegratedResponse):
            response = IntegratedResponse(response.structure, params[B.size :], response.rule)
        P = response.probabilities(design.matrix(frame) @ B).values
        return pl.DataFrame(
            {
                "rowid": np.tile(np.arange(len(frame), dtype=np.int32), len(fitted.outcomes)),
                "group": np.repeat(np.array(fitted.outcomes), len(frame)),
                "estimate": P.ravel(order="F"),
            }
        )
