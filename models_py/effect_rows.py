"""The rows of average marginal effects, and of their contrasts between groups.

Belongs here: standard errors, intervals and differences of effects. Does not belong here: the effects themselves
(`marginal_effects`).
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from models_py.cells import Floats
from models_py.design import Column
from models_py.fit_rows import GroupFit, Row
from models_py.prediction import delta_method
from models_py.results import FittedModel
from models_py.study import Study


@dataclass(frozen=True, slots=True)
class GroupEffects:
    """A model's average marginal effects in a group: for each column effects (m,) and standard errors (m,)."""

    model: str
    group: str
    effects: dict[Column, tuple[Floats, Floats]]


def effects_of_group(fit: GroupFit, results: FittedModel) -> GroupEffects:
    """Effects over the fit's sample, with standard errors by the delta method."""
    found = results.average_effects(fit.sample.cells) if fit.sample else []
    covariance = results.cov_params()
    effects = {effect.column: (effect.values, delta_method(effect.gradient, covariance)) for effect in found}
    return GroupEffects(fit.model, fit.group, effects)


def effect_rows(of_group: GroupEffects, study: Study) -> Iterator[Row]:
    """Rows of `marginal_effect`."""
    quantile = ndtri((1 + study.models.confidence_level) / 2)
    for column, (values, errors) in of_group.effects.items():
        for j, outcome in enumerate(study.variables.outcome.levels):
            yield {
                "model": of_group.model,
                "population_group": of_group.group,
                "term": column.term,
                "level": column.level,
                "outcome": outcome,
                "effect": values[j],
                "std_error": errors[j],
                "ci_low": values[j] - quantile * errors[j],
                "ci_high": values[j] + quantile * errors[j],
            }


def effect_contrast_rows(effects: Sequence[GroupEffects], study: Study) -> Iterator[Row]:
    """Rows of `marginal_effect_contrast`: each pair of groups of a model, for effects that both have.

    Groups are estimated on different persons, so the variances of their effects add.
    """
    quantile = ndtri((1 + study.models.confidence_level) / 2)
    for one, other in itertools.combinations(effects, 2):
        if one.model != other.model:
            continue
        for column in [column for column in one.effects if column in other.effects]:
            (values, errors), (other_values, other_errors) = one.effects[column], other.effects[column]
            differences, std_errors = values - other_values, np.hypot(errors, other_errors)
            for j, outcome in enumerate(study.variables.outcome.levels):
                z = differences[j] / std_errors[j]
                yield {
                    "model": one.model,
                    "population_group": one.group,
                    "other_group": other.group,
                    "term": column.term,
                    "level": column.level,
                    "outcome": outcome,
                    "difference": differences[j],
                    "std_error": std_errors[j],
                    "z": z,
                    "p_value": 2 * ndtr(-abs(z)),
                    "ci_low": differences[j] - quantile * std_errors[j],
                    "ci_high": differences[j] + quantile * std_errors[j],
                }
