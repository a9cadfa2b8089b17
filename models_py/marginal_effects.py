"""Average marginal effects over a group's estimation sample, with standard errors by the delta method.

Belongs here: the effect of each term on each outcome's probability, averaged over the person-years that were observed
(Bartus 2005). The sample is taken as given, as in Stata's `margins`. Does not belong here: predictions for profiles.
"""

from dataclasses import dataclass

import numpy as np

from models_py.cells import Cells, Floats
from models_py.design import Column, Design
from models_py.response import LogitResponse, Response, ResponseModel


@dataclass(frozen=True, slots=True)
class AverageEffects:
    """Effects of one column on each outcome: `values` (m,), and `gradient` (m, p) by the parameters."""

    column: Column
    values: Floats
    gradient: Floats


def average_effects(
    cells: Cells, design: Design, params: Floats, model: ResponseModel | None = None
) -> list[AverageEffects]:
    """Effects of every level against its reference, and of age in the design's unit, given coefficients (k, m-1).

    `model` says how probabilities follow from utilities; by default as in a logit without random effects.
    """
    X, weights = design.matrix(cells), cells.counts.sum(axis=1) / cells.counts.sum()
    sample = AveragedSample(X, weights, design, params, model or LogitResponse())
    effects = [effect for term in design.categorical_terms for effect in _term_effects(sample, term)]
    return [*effects, *_age_effects(sample)]


@dataclass(frozen=True, slots=True)
class AveragedSample:
    """The sample that effects are averaged over: design X (n, k), weights (n,) that add up to one, and the model."""

    X: Floats
    weights: Floats
    design: Design
    params: Floats
    model: ResponseModel


def _term_effects(sample: AveragedSample, term: str) -> list[AverageEffects]:
    """Discrete changes: everyone moved to the level, compared with everyone moved to the reference."""
    positions = sample.design.positions(term)
    at_reference = sample.X.copy()
    at_reference[:, list(positions.values())] = 0.0
    utilities = at_reference @ sample.params
    reference_mean, reference_gradient = average(sample.model.probabilities(utilities), sample.weights, at_reference)
    effects = []
    for level, position in positions.items():
        response = sample.model.probabilities(utilities + sample.params[position])
        mean, gradient = average(response, sample.weights, at_reference, switched_on=position)
        effects.append(AverageEffects(Column(term, level), mean - reference_mean, gradient - reference_gradient))
    return effects


def average(response: Response, weights: Floats, X: Floats, switched_on: int | None = None) -> tuple[Floats, Floats]:
    """Weighted mean (m,) of a response at design X (n, k), and its gradient (m, p) by all parameters.

    `switched_on` is a column that is zero in X but was one in the utilities. This saves a copy of X for every level.
    """
    n, m, J = response.by_utility.shape
    slopes = weights[:, None, None] * response.by_utility
    # Probabilities add up to one, so the base outcome's gradient is minus the sum of the others.
    flat = slopes[:, 1:].reshape(n, -1).T
    by_coefficient = flat @ X
    if switched_on is not None:
        by_coefficient[:, switched_on] = flat.sum(axis=1)
    by_element = np.tensordot(weights, response.by_element, axes=1)
    gradient = np.hstack([by_coefficient.reshape(m - 1, J * X.shape[1]), by_element[1:]])
    return weights @ response.values, np.vstack([-gradient.sum(axis=0), gradient])


def _age_effects(sample: AveragedSample) -> list[AverageEffects]:
    """The average derivative by age, in the unit of the design, through age and its square together."""
    names = [column.term for column in sample.design.columns]
    if "age" not in names:
        return []
    at = names.index("age")
    dX = np.zeros_like(sample.X)
    dX[:, at] = 1.0
    if "age_squared" in names:
        dX[:, names.index("age_squared")] = 2 * sample.X[:, at]
    values, gradient = average_derivative(sample.X, dX, sample.weights, sample.params, sample.model)
    return [AverageEffects(Column("age", ""), values, gradient)]


def average_derivative(
    X: Floats, dX: Floats, weights: Floats, params: Floats, model: ResponseModel
) -> tuple[Floats, Floats]:
    """Weighted mean of dP in the direction dX (n, k) of the design X, and its gradient: (m,), (m, p).

    Coefficients enter twice: through the point where the derivative is taken, and through the change of utilities dX b
    itself, whose weight is dP / du.
    """
    U = X @ params
    values, gradient = average(model.slopes(U, dX @ params), weights, X)
    _, by_change = average(model.probabilities(U), weights, dX)
    gradient[:, : params.size] += by_change[:, : params.size]
    return values, gradient
