"""What the data say of the random effects' distribution, and what they do not.

Belongs here: intervals of the variance components, boundaries and weak identification, in words for `fit.message`.
Where emigration ends a person's panel, its standard deviation and the correlation are known from little (study.md).
Does not belong here: how the profile is found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models_py.cells import Floats
from models_py.profile_likelihood import SMALLEST_DEVIATION, Interval, profile_interval
from models_py.random_effects import Maximum
from models_py.variance_components import component, free_components

# A correlation closer to one than this is at its boundary.
LARGEST_CORRELATION = 0.995
# Of the information scaled to unit diagonal: above it, digits of the covariance are lost to rounding.
LARGEST_CONDITION = 1e8


@dataclass(frozen=True, slots=True)
class VarianceEstimate:
    """A standard deviation or correlation of random effects.

    Attributes:
        name: `sd_<outcome>` or `correlation`.
        value: None for a correlation where a deviation is zero: there is nothing to correlate.
        std_error: by the delta method; None where the structure fixes the component or it is at its boundary.
        low, high: profile-likelihood interval; None where the structure fixes the component.
        remark: what is to be known about its identification; empty if nothing.
        at_boundary: whether the estimate is at the boundary of what is possible.
    """

    name: str
    value: float | None
    std_error: float | None
    low: float | None
    high: float | None
    remark: str
    at_boundary: bool


def variance_estimates(
    maximum: Maximum, covariance: Floats, outcomes: Sequence[str], confidence: float
) -> tuple[VarianceEstimate, ...]:
    """All components of the random effects of `outcomes` (J names, without the base).

    `covariance` (q, q) of all parameters gives standard errors; intervals rest on the likelihood alone.
    """
    structure, n_coefficients = maximum.problem.structure, maximum.problem.n_coefficients
    elements, of_elements = maximum.theta[n_coefficients:], covariance[n_coefficients:, n_coefficients:]
    free, n = free_components(structure), structure.n_outcomes
    estimates = []
    for outcome, other in [*((j, j) for j in range(n)), *((a, b) for a in range(n) for b in range(a))]:
        found = component(structure, elements, outcome, other)
        name = component_name(outcomes, outcome, other)
        deviations = [component(structure, elements, j, j).value for j in (outcome, other)]
        if not found.is_sd and min(deviations) < SMALLEST_DEVIATION:
            estimates.append(VarianceEstimate(name, None, None, None, None, "", False))
            continue
        if (outcome, other) not in free:
            estimates.append(VarianceEstimate(name, found.value, None, None, None, "", False))
            continue
        interval = profile_interval(maximum, outcome, other, confidence)
        at_boundary = found.value < SMALLEST_DEVIATION if found.is_sd else abs(found.value) > LARGEST_CORRELATION
        std_error = None if at_boundary else float(np.sqrt(found.gradient @ of_elements @ found.gradient))
        remark = identification_remark(name, found.value, found.is_sd, interval, at_boundary)
        low, high = (None if np.isnan(end) else end for end in (interval.low, interval.high))
        estimates.append(VarianceEstimate(name, found.value, std_error, low, high, remark, at_boundary))
    return tuple(estimates)


def component_name(outcomes: Sequence[str], outcome: int, other: int) -> str:
    """The published name; with more than two random effects a correlation names its outcomes."""
    if outcome == other:
        return f"sd_{outcomes[outcome]}"
    return "correlation" if len(outcomes) == 2 else f"correlation_{outcomes[other]}_{outcomes[outcome]}"


def identification_remark(name: str, value: float, is_sd: bool, interval: Interval, at_boundary: bool) -> str:
    """What to know about how far the data identify a component; empty where there is nothing to know."""
    if is_sd and at_boundary:
        return f"{name} is estimated at its boundary, 0: no difference between persons is found beside the terms"
    if at_boundary:
        bound = "1" if value > 0 else "-1"
        return f"{name} is estimated at its boundary, {bound}: the data do not tell the random effects apart"
    if np.isnan([interval.low, interval.high]).any():
        return f"the profile likelihood of {name} could not be followed to the end of its interval: weakly identified"
    if is_sd and interval.reaches_low:
        return f"{name} is weakly identified: its profile-likelihood interval reaches 0"
    if interval.reaches_low or interval.reaches_high:
        bounds = [text for text, reached in (("-1", interval.reaches_low), ("1", interval.reaches_high)) if reached]
        if is_sd:
            return f"{name} is weakly identified: its profile-likelihood interval has no upper end"
        return f"{name} is weakly identified: its profile-likelihood interval reaches {' and '.join(bounds)}"
    return ""


def condition_remark(information: Floats) -> tuple[str, ...]:
    """A remark where the information, scaled to unit diagonal, is so ill-conditioned that digits are lost."""
    scale = 1 / np.sqrt(np.diag(information))
    condition = float(np.linalg.cond(information * np.outer(scale, scale)))
    if condition < LARGEST_CONDITION:
        return ()
    return (f"the information is nearly singular (condition number {condition:.0e}): weakly identified",)
