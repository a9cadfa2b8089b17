"""How results look: tidy tables with broom's column names, and the summary as text and HTML.

Belongs here: layout. Does not belong here: any number that is not in the results.
"""

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from models_py.notebook.results import FittedLogit


@dataclass(frozen=True, slots=True)
class Summary:
    """A text that a notebook shows unchanged."""

    text: str

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text)}</pre>"


def tidy_table(fitted: "FittedLogit", exponentiate: bool, alpha: float) -> pd.DataFrame:
    """A row for each coefficient, outcome after outcome."""
    interval = fitted.conf_int(alpha)
    shown = np.exp if exponentiate else np.asarray
    outcome, term = zip(*interval.index, strict=True)
    columns = {"y.level": outcome, "term": term, "estimate": shown(fitted.coefficients.ravel(order="F"))}
    columns |= {
        name: frame.to_numpy().ravel(order="F")
        for name, frame in (("std.error", fitted.bse), ("statistic", fitted.tvalues), ("p.value", fitted.pvalues))
    }
    columns |= {"conf.low": shown(interval["lower"].to_numpy()), "conf.high": shown(interval["upper"].to_numpy())}
    return pd.DataFrame(columns)


def glance_table(fitted: "FittedLogit") -> pd.DataFrame:
    """One row about the fit, with broom's column names."""
    columns = {
        "edf": fitted.theta.size,
        "deviance": -2 * fitted.llf,
        "logLik": fitted.llf,
        "null.logLik": fitted.llnull,
        "pseudo.r.squared": fitted.prsquared,
        "AIC": fitted.aic,
        "BIC": fitted.bic,
        "nobs": fitted.nobs,
        "df.residual": fitted.df_resid,
        "n.persons": fitted.n_persons,
        "vcov.type": fitted.covariance_type,
    }
    return pd.DataFrame([columns])


def summarise(fitted: "FittedLogit", alpha: float) -> Summary:
    """The fit, a table for each outcome, random effects, and remarks."""
    kind = "Random-effects multinomial logit" if fitted.components else "Multinomial logit"
    persons = "" if fitted.n_persons is None else f", {fitted.n_persons:,} persons"
    lines = [
        f"{kind}: {fitted.sample.formula}".rstrip(": "),
        f"base outcome {fitted.outcomes[0]}; {fitted.nobs:,} observations{persons}",
        f"log-likelihood {fitted.llf:.6g} (intercepts alone {fitted.llnull:.6g}), "
        f"pseudo R2 {fitted.prsquared:.4f}, AIC {fitted.aic:.6g}, BIC {fitted.bic:.6g}",
        f"standard errors {fitted.covariance_type}",
    ]
    table = fitted.tidy(alpha=alpha)
    for outcome in fitted.outcomes[1:]:
        of_outcome = table[table["y.level"] == outcome].drop(columns="y.level")
        lines += ["", outcome, _text(of_outcome)]
    if fitted.components:
        lines += ["", "random effects (profile-likelihood intervals)"]
        lines += [_text(fitted.variance_components.drop(columns="remark"))]
    if fitted.remarks:
        lines += ["", *(f"- {remark}" for remark in fitted.remarks)]
    return Summary("\n".join(lines))


def _text(table: pd.DataFrame) -> str:
    return str(table.to_string(index=False, float_format=lambda value: f"{value:.4f}"))
