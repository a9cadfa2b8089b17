"""Average marginal effects as published: for groups with few covariate patterns, to two digits of their standard error.

An effect is a mean over the person-years of a group, Σ n_c ΔP_c / n, of differences that follow from the coefficients.
Published to the last digit, such equations give the numbers n_c exactly if there are few patterns. Rounded to two
digits of the error they leave n_c open, and still say all that is known about the effect.
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
    """Rows of `marginal_effect`, and rows of `marginal_effect_contrast` computed only from those published effects.

    `rows` are the warehouse's rows of `marginal_effect`; `few_patterns` are the groups whose effects are rounded.
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
    """Round a value and its standard error to the place of the error's second digit.

    If the error is not positive or either is not finite, both stay as they are: gate 3 then names the table.
    """
    if not (error > 0 and math.isfinite(error) and math.isfinite(value)):
        return value, error
    place = DIGITS_OF_ERROR - 1 - math.floor(math.log10(error))
    return round(value, place), round(error, place)
