"""Small panels of persons with random effects, and their likelihood by brute force, to hold the estimator against.

Belongs here: what the tests of random effects share. Does not belong here: anything of the library but its containers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models_py.path_likelihood import Paths

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Panel:
    """Design X (n, k), paths on its rows, and counts (n, m): what the likelihood is a function of."""

    X: Array
    paths: Paths
    counts: Array

    @property
    def data(self) -> tuple[Array, Array, Paths]:
        """In the order in which `make_problem` and `maximise` take them."""
        return self.X, self.counts, self.paths


def panel_of(
    X: Array, rows: Sequence[Array], outcomes: Sequence[Array], weights: Array | None = None, n_outcomes: int = 3
) -> Panel:
    """A panel from each person's rows and outcomes."""
    lengths = np.array([len(own) for own in rows])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    weights = np.ones(lengths.size) if weights is None else np.asarray(weights, dtype=float)
    flat_rows, flat = np.concatenate(rows).astype(np.int32), np.concatenate(outcomes).astype(np.int8)
    each = np.repeat(weights, lengths)
    counts = np.bincount(flat_rows * n_outcomes + flat, weights=each, minlength=len(X) * n_outcomes)
    return Panel(X, Paths(weights, offsets, flat_rows, flat), counts.reshape(len(X), n_outcomes))


def persons_of(panel: Panel) -> list[tuple[float, Array, Array]]:
    """Weight, rows and outcomes of each path."""
    paths = panel.paths
    spans = zip(paths.offsets[:-1], paths.offsets[1:], strict=True)
    return [
        (float(weight), paths.rows[first:last], paths.outcomes[first:last])
        for weight, (first, last) in zip(paths.weights, spans, strict=True)
    ]


def design(n_rows: int = 12, k: int = 3, seed: int = 1) -> Array:
    """Rows (n_rows, k): an intercept, a dummy, and what varies."""
    rng = np.random.default_rng(seed)
    columns = [np.ones(n_rows), (np.arange(n_rows) % 2).astype(float), rng.normal(size=(n_rows, max(k - 2, 0)))]
    return np.column_stack(columns)[:, :k]


def simulate_panel(
    rng: np.random.Generator,
    n_persons: int,
    years: int | tuple[int, int],
    X: Array,
    B: Array,
    L: Array,
    absorbing: int | None = None,
) -> Panel:
    """Persons over so many years (or first to last of them), u = Lz; an `absorbing` outcome ends a panel."""
    first, last = (years, years) if isinstance(years, int) else years
    effects = rng.normal(size=(n_persons, L.shape[1])) @ L.T
    rows, outcomes = [], []
    for effect in effects:
        own = rng.integers(0, len(X), rng.integers(first, last + 1))
        utilities = np.column_stack([np.zeros(own.size), X[own] @ B + effect])
        drawn = (utilities + rng.gumbel(size=utilities.shape)).argmax(axis=1)
        ends = np.flatnonzero(drawn == absorbing)
        stop = ends[0] + 1 if ends.size else own.size
        rows.append(own[:stop])
        outcomes.append(drawn[:stop])
    return panel_of(X, rows, outcomes, n_outcomes=B.shape[1] + 1)


def brute_force(panel: Panel, B: Array, L: Array, per_dimension: int = 200, farthest: float = 8.0) -> float:
    """The marginal log-likelihood in plain numpy, person by person, in logarithms throughout.

    By the trapezoidal rule on a grid as far as so many standard deviations, which converges exponentially for smooth
    integrands that vanish at both ends (Trefethen & Weideman 2014): nothing of Gauss and Hermite in it.
    """
    axis, step = np.linspace(-farthest, farthest, per_dimension, retstep=True)
    Z = np.stack([z.ravel() for z in np.meshgrid(*[axis] * L.shape[1], indexing="ij")])
    log_density = -0.5 * (Z**2).sum(axis=0) + L.shape[1] * np.log(step / np.sqrt(2 * np.pi))
    effects, total = np.vstack([np.zeros(Z.shape[1]), L @ Z]), 0.0
    for weight, rows, outcomes in persons_of(panel):
        log_integrand = log_density.copy()
        for row, outcome in zip(rows, outcomes, strict=True):
            utilities = effects + np.concatenate([[0.0], panel.X[row] @ B])[:, None]
            log_integrand += utilities[outcome] - np.logaddexp.reduce(utilities, axis=0)
        total += weight * np.logaddexp.reduce(log_integrand)
    return float(total)


def central_differences(function: Callable[[Array], Array], theta: Array, step: float = 1e-5) -> Array:
    """Derivatives of a function of theta, whatever the shape of its values, a column per parameter last."""
    shifts = step * np.eye(theta.size)
    columns = [(function(theta + shift) - function(theta - shift)) / (2 * step) for shift in shifts]
    return np.stack(columns, axis=-1)
