"""Average marginal effects over a group's estimation sample, with standard errors by the delta method.

Belongs here: the effect of each term on each outcome's probability, averaged over the person-years that were observed
(Bartus 2005). The sample is taken as given, as in Stata's `margins`. Does not belong here: predictions for profiles.
"""

from dataclasses import dataclass

import numpy as np

from models_py.cells import Cells, Floats
from models_py.design import Column, Design
from models_py.multinomial import log_probabilities, log_shares


@dataclass(frozen=True, slots=True)
class AverageEffects:
    """Effects of one column on each outcome: `values` (m,), and `gradient` (m, p) by the coefficients."""

    column: Column
    values: Floats
    gradient: Floats


def average_effects(cells: Cells, design: Design, params: Floats) -> list[AverageEffects]:
    """Effects of every level against its reference, and of a decade of age, given coefficients (k, m-1)."""
    X, weights = design.matrix(cells), cells.counts.sum(axis=1) / cells.counts.sum()
    effects = [
        effect for term in design.categorical_terms for effect in _term_effects(X, weights, design, term, params)
    ]
    return [*effects, *_age_effects(X, weights, design, params)]


def _term_effects(X: Floats, weights: Floats, design: Design, term: str, params: Floats) -> list[AverageEffects]:
    """Discrete changes: everyone at the level against everyone at the reference."""
    positions = design.positions(term)
    at_reference = X.copy()
    at_reference[:, list(positions.values())] = 0.0
    utilities = at_reference @ params
    reference_mean, reference_gradient = _average_probability(at_reference, None, utilities, weights)
    effects = []
    for level, position in positions.items():
        mean, gradient = _average_probability(at_reference, position, utilities + params[position], weights)
        effects.append(AverageEffects(Column(term, level), mean - reference_mean, gradient - reference_gradient))
    return effects


def _average_probability(
    X: Floats, switched_on: int | None, utilities: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Weighted mean of P (m,) and its gradient (m, p): sum of w P_y (1[y=j] - P_j) x.

    `switched_on` is the column of X (n, k) that is zero there but one in `utilities` (n, m-1), so that X need not be
    copied for every level.
    """
    P = np.exp(log_shares(utilities))
    m, k = P.shape[1], X.shape[1]
    slopes = np.stack([weights * P[:, y] * ((y == j) - P[:, j]) for y in range(1, m) for j in range(1, m)])
    gradient = slopes @ X
    if switched_on is not None:
        gradient[:, switched_on] = slopes.sum(axis=1)
    gradient = gradient.reshape(m - 1, (m - 1) * k)
    # Probabilities add to one, so the base outcome's gradient is what the others leave.
    return weights @ P, np.vstack([-gradient.sum(axis=0), gradient])


def _age_effects(X: Floats, weights: Floats, design: Design, params: Floats) -> list[AverageEffects]:
    """The average derivative by age in the units of the design, through age and its square together."""
    names = [column.term for column in design.columns]
    if "age" not in names:
        return []
    at = names.index("age")
    derivative = np.zeros_like(X)
    derivative[:, at] = 1.0
    if "age_squared" in names:
        derivative[:, names.index("age_squared")] = 2 * X[:, at]
    P = np.exp(log_probabilities(X, params))
    values, gradient = average_derivative(X, derivative, weights, P, params)
    return [AverageEffects(Column("age", ""), values, gradient)]


def average_derivative(X: Floats, dX: Floats, weights: Floats, P: Floats, params: Floats) -> tuple[Floats, Floats]:
    """Weighted mean of dP_y = P_y (du_y - du), du the mean of du_l = dx'b_l under P; and its gradient, (m,), (m, p).

    With r_y = du_y - du the derivative of P_y r_y by b_j is
    P_y [(1[y=j] - P_j) r_y - P_j r_j] x + P_y (1[y=j] - P_j) dx.
    """
    m = P.shape[1]
    slopes = np.column_stack([np.zeros(X.shape[0]), dX @ params])
    relative = slopes - np.sum(P * slopes, axis=1, keepdims=True)
    gradient = np.empty((m, m - 1, X.shape[1]))
    for y in range(m):
        for j in range(1, m):
            own = (y == j) - P[:, j]
            by_x = weights * P[:, y] * (own * relative[:, y] - P[:, j] * relative[:, j])
            by_dx = weights * P[:, y] * own
            gradient[y, j - 1] = by_x @ X + by_dx @ dX
    return weights @ (P * relative), gradient.reshape(m, -1)
