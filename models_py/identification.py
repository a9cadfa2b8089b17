"""How well the data identify the distribution of the random effects.

Belongs here: intervals of the variance components, boundaries and weak identification, in words for `fit.message`.
Emigration ends a person's panel, so the data say little about its standard deviation and the correlation (study.md).
Does not belong here: computing the profile likelihood.
"""

from collections.abc import Sequence

import numpy as np

from models_py.cells import Floats
from models_py.profile_likelihood import SMALLEST_DEVIATION, Interval, profile_interval
from models_py.random_effects import Maximum
from models_py.variance_components import Structure, VarianceEstimate, component, free_components

# A correlation closer to one than this is at its boundary.
LARGEST_CORRELATION = 0.995
# Condition number of the information scaled to unit diagonal. Above it the covariance loses digits to rounding.
LARGEST_CONDITION = 1e8


def variance_estimates(
    maximum: Maximum, covariance: Floats, outcomes: Sequence[str], confidence: float
) -> tuple[VarianceEstimate, ...]:
    """Estimates of all variance components of the random effects of `outcomes` (J names, without the base).

    Standard errors come from `covariance` (q, q) of all parameters, intervals from the profile likelihood alone.
    """
    structure, n_coefficients = maximum.problem.structure, maximum.problem.n_coefficients
    elements, of_elements = maximum.theta[n_coefficients:], covariance[n_coefficients:, n_coefficients:]
    free, n = free_components(structure), structure.n_outcomes
    estimates = []
    for outcome, other in [*((j, j) for j in range(n)), *((a, b) for a in range(n) for b in range(a))]:
        found = component(structure, elements, outcome, other)
        name = component_name(outcomes, outcome, other)
        if not found.is_sd and (still := without_deviation(structure, elements, (other, outcome))):
            names = " and ".join(f"sd_{outcomes[j]}" for j in still)
            remark = f"{name} does not exist: {names} at 0"
            estimates.append(VarianceEstimate(name, None, None, None, None, remark, False))
            continue
        if (outcome, other) not in free:
            estimates.append(VarianceEstimate(name, found.value, None, None, None, "", False))
            continue
        interval = profile_interval(maximum, outcome, other, confidence)
        at_boundary = found.value < SMALLEST_DEVIATION if found.is_sd else abs(found.value) > LARGEST_CORRELATION
        std_error = None if at_boundary else float(np.sqrt(found.gradient @ of_elements @ found.gradient))
        remark = identification_remark(name, found.value, found.is_sd, interval, at_boundary)
        low = None if np.isnan(interval.low) else interval.low
        endless = np.isnan(interval.high) or (found.is_sd and interval.reaches_high)
        high = None if endless else interval.high
        estimates.append(VarianceEstimate(name, found.value, std_error, low, high, remark, at_boundary))
    return tuple(estimates)


def without_deviation(structure: Structure, elements: Floats, outcomes: tuple[int, ...]) -> list[int]:
    """Those of `outcomes` whose random effect has an estimated standard deviation of practically zero."""
    return [j for j in outcomes if component(structure, elements, j, j).value < SMALLEST_DEVIATION]


def component_name(outcomes: Sequence[str], outcome: int, other: int) -> str:
    """The published name of a component; with more than two random effects a correlation names its outcomes."""
    if outcome == other:
        return f"sd_{outcomes[outcome]}"
    return "correlation" if len(outcomes) == 2 else f"correlation_{outcomes[other]}_{outcomes[outcome]}"


def identification_remark(name: str, value: float, is_sd: bool, interval: Interval, at_boundary: bool) -> str:
    """A remark if the data identify a component poorly or not at all; empty otherwise."""
    if is_sd and at_boundary:
        said = f"{name} is estimated at its boundary, 0: no difference between persons is found beside the terms"
        return f"{said}, and its profile-likelihood interval has no upper end" if interval.reaches_high else said
    lost = bool(np.isnan([interval.low, interval.high]).any())
    followed = f"the profile likelihood of {name} could not be followed to the end of its interval" if lost else ""
    if at_boundary:
        bound = "1" if value > 0 else "-1"
        said = f"{name} is estimated at its boundary, {bound}: the data do not tell the random effects apart"
        return f"{said}; {followed}" if lost else said
    if lost:
        return f"{followed}: weakly identified"
    ends = ("reaches 0", "has no upper end") if is_sd else ("reaches -1", "reaches 1")
    found = [end for end, is_so in zip(ends, (interval.reaches_low, interval.reaches_high), strict=True) if is_so]
    return f"{name} is weakly identified: its profile-likelihood interval {' and '.join(found)}" if found else ""


def condition_remark(information: Floats) -> tuple[str, ...]:
    """A remark if the information, scaled to unit diagonal, is so ill-conditioned that digits are lost."""
    scale = 1 / np.sqrt(np.diag(information))
    condition = float(np.linalg.cond(information * np.outer(scale, scale)))
    if condition < LARGEST_CONDITION:
        return ()
    return (f"the information is nearly singular (condition number {condition:.0e}): weakly identified",)
