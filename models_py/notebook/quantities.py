"""Estimated quantities: predictions, marginal effects, and their contrasts, within one fit or between independent fits.

Belongs here: values with gradients, hence standard errors by the delta method, intervals and tables. Does not belong
here: how a quantity follows from a model. r quantities, q parameters of a fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from models_py.cells import Floats
from models_py.notebook.data import level_name
from models_py.prediction import delta_method, logit_interval


class DependentFitsError(ValueError):
    """Two fits use the same data, so their estimates are not independent."""


class Source(Protocol):
    """What quantities need to know about a fit to compute their uncertainty."""

    @property
    def covariance(self) -> Floats:
        """Covariance (q, q) of the fit's parameters."""

    @property
    def data_identity(self) -> object:
        """The data of the fit: fits on the same data are not independent."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The gradient (r, q) of quantities by the parameters of one fit."""

    source: Source
    gradient: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Quantities:
    """r estimated quantities.

    `a - b` and `a.log_ratio(b)` compare quantities one by one, or all with a single one. They may come from two fits,
    which must then use different persons.

    Attributes:
        labels: column → (r,) labels that say what each quantity is.
        values: (r,) the estimates.
        parts: their gradients, by fit.
        scale: intervals of a `probability` are symmetric in logits, others in the quantity itself.
    """

    labels: Mapping[str, tuple[object, ...]]
    values: Floats
    parts: tuple[Part, ...]
    scale: Literal["probability", "linear"]

    def __post_init__(self) -> None:
        for array in (self.values, *(part.gradient for part in self.parts)):
            array.setflags(write=False)

    def __len__(self) -> int:
        return int(self.values.size)

    def __repr__(self) -> str:
        shown: str = self.table().to_string(index=False)
        return shown

    def _repr_html_(self) -> str:
        shown: str = self.table().to_html(index=False)
        return shown

    @property
    def covariance(self) -> Floats:
        """Covariance (r, r) of the estimates by the delta method; variances of independent fits add."""
        total = np.zeros((len(self), len(self)))
        for part in self.parts:
            total += part.gradient @ part.source.covariance @ part.gradient.T
        return total

    @property
    def std_errors(self) -> Floats:
        """Standard errors (r,)."""
        errors: Floats = np.hypot.reduce([delta_method(p.gradient, p.source.covariance) for p in self.parts])
        return errors

    def interval(self, alpha: float = 0.05) -> tuple[Floats, Floats]:
        """Ends (r,) of intervals at confidence 1 - alpha."""
        if self.scale == "probability":
            return logit_interval(self.values, self.std_errors, 1 - alpha)
        half = -ndtri(alpha / 2) * self.std_errors
        return self.values - half, self.values + half

    def table(self, alpha: float = 0.05) -> pd.DataFrame:
        """A row for each quantity, with broom's column names; on the linear scale with z tests against zero."""
        low, high = self.interval(alpha)
        columns: dict[str, object] = dict(self.labels) | {"estimate": self.values, "std.error": self.std_errors}
        if self.scale == "linear":
            with np.errstate(divide="ignore", invalid="ignore"):
                z = self.values / self.std_errors
            columns |= {"statistic": z, "p.value": 2 * ndtr(-np.abs(z))}
        return pd.DataFrame(columns | {"conf.low": low, "conf.high": high})

    def where(self, **labels: object) -> "Quantities":
        """The quantities with these labels; numbers and texts are compared as text.

        Raises:
            KeyError: there is no such label column, or no quantity has these labels.
        """
        kept = np.ones(len(self), dtype=np.bool_)
        for name, wanted in labels.items():
            if name not in self.labels:
                raise KeyError(f"no label {name}: {', '.join(self.labels)}")
            kept &= np.array([level_name(value) == level_name(wanted) for value in self.labels[name]], dtype=np.bool_)
        if not kept.any():
            raise KeyError(f"nothing has {', '.join(f'{name}={wanted}' for name, wanted in labels.items())}")
        return self[kept]

    def __getitem__(self, kept: Any) -> "Quantities":
        rows = np.atleast_1d(np.arange(len(self))[kept])
        labels = {name: tuple(values[row] for row in rows) for name, values in self.labels.items()}
        parts = tuple(Part(part.source, part.gradient[rows]) for part in self.parts)
        return Quantities(labels, self.values[rows], parts, self.scale)

    def __sub__(self, other: "Quantities") -> "Quantities":
        """Differences, self - other.

        Raises:
            DependentFitsError: they come from two fits on the same data.
        """
        parts = merged(self.parts, scaled(other.parts, np.full(len(other), -1.0)))
        return Quantities(joined_labels(self, other, " - "), self.values - other.values, parts, "linear")

    def log_ratio(self, other: "Quantities") -> "Quantities":
        """log(self / other), for probabilities.

        Raises:
            DependentFitsError: they come from two fits on the same data.
            ValueError: a quantity is not positive.
        """
        if not ((self.values > 0).all() and (other.values > 0).all()):
            raise ValueError("a log ratio needs positive quantities")
        parts = merged(scaled(self.parts, 1 / self.values), scaled(other.parts, -1 / other.values))
        return Quantities(joined_labels(self, other, " / "), np.log(self.values / other.values), parts, "linear")


def scaled(parts: tuple[Part, ...], factors: Floats) -> tuple[Part, ...]:
    """The gradients multiplied by factors (r,)."""
    return tuple(Part(part.source, factors[:, None] * part.gradient) for part in parts)


def merged(parts: tuple[Part, ...], others: tuple[Part, ...]) -> tuple[Part, ...]:
    """Gradients of sums: gradients by the same fit are added, different fits stay separate parts.

    A single row is combined with every row of the other side.

    Raises:
        DependentFitsError: two fits use the same data.
        ValueError: the numbers of quantities do not match.
    """
    lengths = {part.gradient.shape[0] for part in (*parts, *others)} - {1}
    if len(lengths) > 1:
        raise ValueError(f"{' and '.join(map(str, sorted(lengths)))} quantities cannot be compared one by one")
    n = lengths.pop() if lengths else 1
    found: list[Part] = []
    for part in (*parts, *others):
        gradient = np.broadcast_to(part.gradient, (n, part.gradient.shape[1]))
        for position, before in enumerate(found):
            if before.source is part.source:
                found[position] = Part(part.source, before.gradient + gradient)
                break
            if before.source.data_identity is part.source.data_identity:
                raise DependentFitsError("two fits on the same data are not independent: compare within one of them")
        else:
            found.append(Part(part.source, gradient))
    return tuple(found)


def joined_labels(left: Quantities, right: Quantities, sign: str) -> dict[str, tuple[object, ...]]:
    """Labels of a comparison: labels that both sides share stay; labels that differ are joined by the sign."""
    n = max(len(left), len(right))
    joined: dict[str, tuple[object, ...]] = {}
    for name in {**left.labels, **right.labels}:
        sides = [side.labels.get(name, ("",) * len(side)) for side in (left, right)]
        pairs = zip(*(side * n if len(side) == 1 else side for side in sides), strict=True)
        joined[name] = tuple(a if a == b else f"{a}{sign}{b}" for a, b in pairs)
    return joined
