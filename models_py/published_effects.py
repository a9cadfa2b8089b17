"""Average marginal effects as they are published: of models with few covariate patterns to two digits of their error.

An effect is a mean over the person-years of a group, Σ n_c ΔP_c / n, of differences that follow from the coefficients.
Told to the last digit, such equations give the numbers n_c exactly where these are few; to two digits of the error they
leave them open, and say all that there is to know of the effect.
"""

import math
from collections.abc import Collection, Iterable

import numpy as np

from models_py.cells import Floats
from models_py.design import Column
from models_py.effect_rows import GroupEffects, effect_contrast_rows, effect_rows
from models_py.fit_rows import Row
from models_py.study import Study

DIGITS_OF_ERROR = 2


def published_effects(rows: Iterable[Row], study: Study, few_patterns: Collection[str]) -> tuple[list[Row], list[Row]]:
    """Rows of `marginal_effect` and, from what it publishes alone, of `marginal_effect_contrast`.

    `rows` are the warehouse's of `marginal_effect`; `few_patterns` are the groups of which effects are rounded.
    """
    found: dict[tuple[str, str], dict[Column, dict[str, tuple[float, float]]]] = {}
    for row in rows:
        effects = found.setdefault((str(row["model"]), str(row["population_group"])), {})
        column = Column(str(row["term"]), str(row["level"]))
        effect = float(str(row["effect"])), float(str(row["std_error"]))
        if row["population_group"] in few_patterns:
            effect = round_to_error(*effect)
        effects.setdefault(column, {})[str(row["outcome"])] = effect
    groups = [
        GroupEffects(model, group, {column: _arrays(by_outcome, study) for column, by_outcome in effects.items()})
        for (model, group), effects in found.items()
    ]
    return [row for one in groups for row in effect_rows(one, study)], list(effect_contrast_rows(groups, study))


def _arrays(by_outcome: dict[str, tuple[float, float]], study: Study) -> tuple[Floats, Floats]:
    values, errors = np.array([by_outcome[outcome] for outcome in study.variables.outcome.levels]).T
    return values, errors


def round_to_error(value: float, error: float) -> tuple[float, float]:
    """A value and its standard error, both to the place of the error's second digit.

    An error that is none is left as it is: gate 3 names the table then.
    """
    if not (error > 0 and math.isfinite(error) and math.isfinite(value)):
        return value, error
    place = DIGITS_OF_ERROR - 1 - math.floor(math.log10(error))
    return round(value, place), round(error, place)
