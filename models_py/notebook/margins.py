"""Average marginal effects of covariates, for any columns that a formula made from them.

Belongs here: discrete changes of categorical covariates and derivatives by numeric ones, averaged over the rows that
were observed. The averages and their gradients are those of `models_py.marginal_effects`. Does not belong here: tables.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models_py.cells import EstimationInputError, Floats
from models_py.marginal_effects import average, average_derivative
from models_py.notebook.data import level_name
from models_py.notebook.design import Design, Variable
from models_py.response import ResponseModel

# Step of central differences, as a share of a covariate's range; their error is about its square.
STEP = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Averaging:
    """The sample that effects are averaged over: patterns (n rows), weights (n,) that add up to one, and the model.

    X (n, k) is the patterns' design.
    """

    design: Design
    patterns: pd.DataFrame
    X: Floats
    weights: Floats
    coefficients: Floats
    response: ResponseModel


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """The effect of a covariate on each outcome: values (m,) and gradient (m, q)."""

    variable: str
    contrast: str
    values: Floats
    gradient: Floats


def average_effects(over: Averaging, variable: Variable) -> Iterator[Effect]:
    """Effects of every level of a categorical covariate against its reference, or the derivative by a numeric one.

    Raises:
        EstimationInputError: the covariate is categorical only through a function of it.
    """
    if variable.kind == "derived":
        raise EstimationInputError(
            f"{variable.name} enters as categories made of it in the formula: make them a column of the data first"
        )
    yield from _changes(over, variable) if variable.kind == "categorical" else _derivative(over, variable)


def _changes(over: Averaging, variable: Variable) -> Iterator[Effect]:
    at_reference = _mean_at(over, variable, variable.reference)
    for level in variable.levels:
        if level != variable.reference:
            values, gradient = _mean_at(over, variable, level)
            contrast = f"{level_name(level)} - {level_name(variable.reference)}"
            yield Effect(variable.name, contrast, values - at_reference[0], gradient - at_reference[1])


def _mean_at(over: Averaging, variable: Variable, level: object) -> tuple[Floats, Floats]:
    """Mean probabilities (m,) with everyone at a level, and their gradient (m, q)."""
    X = over.design.remade(over.X, over.patterns.assign(**{variable.name: level}), variable.name)
    return average(over.response.probabilities(X @ over.coefficients), over.weights, X)


def _derivative(over: Averaging, variable: Variable) -> Iterator[Effect]:
    dX = design_derivative(over, variable.name)
    values, gradient = average_derivative(over.X, dX, over.weights, over.coefficients, over.response)
    yield Effect(variable.name, "dY/dX", values, gradient)


def design_derivative(over: Averaging, name: str) -> Floats:
    """Derivative (n, k) of the design by a numeric covariate, by central differences."""
    x = over.patterns[name].to_numpy(dtype=np.float64)
    step = STEP * max(float(np.ptp(x)), 1e-8 * float(np.abs(x).max()), np.finfo(np.float64).tiny)
    up, down = x + step, x - step
    above, below = (over.design.remade(over.X, over.patterns.assign(**{name: moved}), name) for moved in (up, down))
    derivative: Floats = (above - below) / (up - down)[:, None]
    return derivative
