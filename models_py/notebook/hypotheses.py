"""Linear hypotheses on coefficients: their notation, Wald tests of several at once, z tests of each.

Belongs here: `[outcome]term` notation and tests; an invalid test gives the reason. Does not belong here: contrasts of
predictions (`quantities`). q parameters, r hypotheses R theta = value.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from formulaic.utils.constraints import LinearConstraints
from scipy.special import chdtrc, ndtr, ndtri

from models_py.cells import Floats

# An eigenvalue of R V R', scaled to unit diagonal, counts as zero below this.
SINGULAR_SHARE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class LinearHypotheses:
    """R theta = value: R (r, q), value (r,), and each hypothesis as text (`null`)."""

    R: Floats
    value: Floats
    null: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaldTest:
    """A test that all hypotheses hold. If it is invalid, `invalid` says why, and statistic and p-value are NaN."""

    null: tuple[str, ...]
    statistic: float
    df: int
    p_value: float
    invalid: str = ""

    @property
    def distribution(self) -> str:
        """The distribution of the statistic under the null."""
        return f"chi2({self.df})"

    def __str__(self) -> str:
        found = self.invalid or f"{self.distribution} = {self.statistic:.4f}, p = {self.p_value:.4g}"
        return f"Wald test of {', '.join(self.null)}: {found}"


@dataclass(frozen=True, slots=True, eq=False)
class LinearTests:
    """A z test of each hypothesis.

    Attributes:
        null: (r) the hypotheses.
        effect: (r,) R theta.
        value: (r,) the effect under the null.
        std_error: (r,) of the effect.
        invalid: (r) why a test is invalid; empty if it is valid.
    """

    null: tuple[str, ...]
    effect: Floats
    value: Floats
    std_error: Floats
    invalid: tuple[str, ...]

    distribution = "normal"

    @property
    def statistic(self) -> Floats:
        """(effect - value) / std_error; NaN if the test is invalid."""
        valid = np.array([not reason for reason in self.invalid], dtype=np.bool_)
        z = np.full(valid.size, np.nan)
        np.divide(self.effect - self.value, self.std_error, out=z, where=valid)
        return z

    @property
    def p_value(self) -> Floats:
        """Two-sided p-values (r,)."""
        return np.asarray(2 * ndtr(-np.abs(self.statistic)))

    def conf_int(self, alpha: float = 0.05) -> Floats:
        """Intervals (r, 2) of the effects."""
        half = -ndtri(alpha / 2) * self.std_error
        return np.column_stack([self.effect - half, self.effect + half])

    def table(self, alpha: float = 0.05) -> pd.DataFrame:
        """A row for each hypothesis, with broom's column names."""
        low, high = self.conf_int(alpha).T
        columns: dict[str, object] = {"null": self.null, "estimate": self.effect, "std.error": self.std_error}
        columns |= {"statistic": self.statistic, "p.value": self.p_value, "conf.low": low, "conf.high": high}
        return pd.DataFrame(columns | ({"invalid": self.invalid} if any(self.invalid) else {}))

    def __repr__(self) -> str:
        shown: str = self.table().to_string(index=False)
        return shown

    def _repr_html_(self) -> str:
        shown: str = self.table().to_html(index=False)
        return shown


def linear_hypotheses(given: Any, names: tuple[str, ...], outcomes: tuple[str, ...], q: int) -> LinearHypotheses:
    """Hypotheses given as text, as R, or as (R, value), on the q parameters; `outcomes` are without the base.

    In text, `[outcome]term` is a coefficient. A bare `term` makes one hypothesis for each outcome. `= 0` may be left
    out, and commas separate hypotheses. R is (r, q), or without the columns for the random effects.

    Raises:
        ValueError: the text names something that is not a coefficient, or R has another shape.
    """
    coefficients = [f"[{outcome}]{name}" for outcome in outcomes for name in names]
    if isinstance(given, str):
        R, value = _parsed(given, names, outcomes, coefficients)
    else:
        R, value = given if isinstance(given, tuple) else (given, 0.0)
    R = np.atleast_2d(np.asarray(R, dtype=np.float64))
    if R.shape[1] not in (q, len(coefficients)):
        raise ValueError(f"hypotheses on {q} parameters have as many columns, not {R.shape[1]}")
    R = np.hstack([R, np.zeros((R.shape[0], q - R.shape[1]))])
    value = np.broadcast_to(np.asarray(value, dtype=np.float64), R.shape[0]).copy()
    labels = coefficients + [f"L{g + 1}" for g in range(q - len(coefficients))]
    return LinearHypotheses(R, value, tuple(_spoken(row, v, labels) for row, v in zip(R, value, strict=True)))


def _parsed(
    text: str, names: tuple[str, ...], outcomes: tuple[str, ...], coefficients: list[str]
) -> tuple[Floats, Floats]:
    """R and value from a text. Names may hold any character: plain words first replace them, the longest name first."""
    spoken = {name: f"zb{i}_" for i, name in enumerate(names)} | {c: f"zc{i}_" for i, c in enumerate(coefficients)}
    longest_first = sorted(spoken, key=len, reverse=True)
    known = re.compile(r"(?<![\w.\])])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![\w.(\[])")
    replaced = known.sub(lambda match: spoken[match.group()], text)
    rows: list[str] = []
    for part in replaced.split(","):
        if re.search(r"[^\W\d]\w*|[\[\]]", re.sub(r"z[bc]\d+_|\d+e", "", part)):
            raise ValueError(f"not a hypothesis on coefficients: {text}. They are {', '.join(coefficients)}")
        bare = re.findall(r"zb\d+_", part)
        if bare and "zc" in part:
            raise ValueError(f"terms with and without an outcome in one hypothesis: {text}")
        rows += [_of_outcome(part, j * len(names)) for j in (range(len(outcomes)) if bare else range(1))]
    words = [spoken[c] for c in coefficients]
    constraints = LinearConstraints.from_spec(", ".join(rows), variable_names=words)
    return constraints.constraint_matrix, constraints.constraint_values


def _of_outcome(part: str, shift: int) -> str:
    """Replace the words for bare terms by the words for an outcome's coefficients."""
    return re.sub(r"zb(\d+)_", lambda match: f"zc{int(match.group(1)) + shift}_", part)


def _spoken(row: Floats, value: float, labels: list[str]) -> str:
    said = ""
    for weight, label in zip(row, labels, strict=True):
        if weight:
            sign = ("- " if weight < 0 else "+ ") if said else ("-" if weight < 0 else "")
            said += f"{' ' if said else ''}{sign}{'' if abs(weight) == 1 else f'{abs(weight):g}*'}{label}"
    return f"{said or '0'} = {value:g}"


def wald_test(hypotheses: LinearHypotheses, theta: Floats, covariance: Floats) -> WaldTest:
    """Test that all hypotheses hold: (R theta - value)' (R V R')^-1 (R theta - value) is chi2(r)."""
    R, null = hypotheses.R, hypotheses.null
    gap, V = R @ theta - hypotheses.value, R @ covariance @ R.T
    reason = ""
    if empty := [text for text, row in zip(null, R, strict=True) if not row.any()]:
        reason = f"no coefficient in {', '.join(empty)}"
    elif np.linalg.matrix_rank(R) < R.shape[0]:
        at = next(i for i in range(R.shape[0]) if np.linalg.matrix_rank(R[: i + 1]) <= i)
        reason = f"{null[at]} is a combination of the hypotheses before it: leave it out"
    elif np.diag(V).min() <= 0 or np.linalg.eigvalsh(_correlation(V)).min() < SINGULAR_SHARE:
        reason = "the covariance of the hypotheses is singular: too few persons for so many"
    if reason:
        return WaldTest(null, float("nan"), R.shape[0], float("nan"), reason)
    statistic = float(gap @ np.linalg.solve(V, gap))
    return WaldTest(null, statistic, R.shape[0], float(chdtrc(R.shape[0], statistic)))


def _correlation(V: Floats) -> Floats:
    scale = 1 / np.sqrt(np.diag(V))
    return V * np.outer(scale, scale)


def linear_tests(hypotheses: LinearHypotheses, theta: Floats, covariance: Floats) -> LinearTests:
    """A z test of each hypothesis."""
    R = hypotheses.R
    std_error = np.sqrt(np.sum(R @ covariance * R, axis=1))
    invalid = tuple(
        "no coefficient in the hypothesis" if not row.any() else ("" if error > 0 else "no sampling error")
        for row, error in zip(R, std_error, strict=True)
    )
    return LinearTests(hypotheses.null, R @ theta, hypotheses.value, std_error, invalid)
