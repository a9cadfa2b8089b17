"""Predicted probabilities of profiles, with intervals by the delta method.

Belongs here: the specification's profiles and their probabilities. Does not belong here: contrasts between them.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import expit, ndtri

from models_py.cells import Floats
from models_py.design import AbsentLevelError
from models_py.hypotheses import Situation
from models_py.results import FittedModel
from models_py.study import Study


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's values of all covariates of the panel."""

    centrality: str
    age: int
    sex: str
    family_situation: str
    labour_market_status: str
    education: str
    year: int


def make_profile(study: Study, last_year: int, centrality: str, situation: Situation) -> Profile:
    """A person in a situation and a centrality class, in the year of the specification's base profile."""
    year = study.profiles.base.year
    return Profile(
        centrality=centrality,
        age=situation.age,
        sex=situation.sex,
        family_situation=situation.family_situation,
        labour_market_status=situation.labour_market_status,
        education=situation.education,
        year=last_year if year == "last" else year,
    )


def figure_profiles(study: Study, last_year: int) -> Iterator[Profile]:
    """Figure 4's profiles, in every centrality class."""
    for situation in study.figure_situations():
        for centrality in study.levels("centrality"):
            yield make_profile(study, last_year, centrality, situation)


def delta_method(gradient: Floats, covariance: Floats) -> Floats:
    """Standard errors (…,) of functions with gradients (…, p), given the covariance (p, p) of the parameters."""
    variance: Floats = np.sum(gradient @ covariance * gradient, axis=-1)
    return np.sqrt(variance)


def logit_interval(probability: Floats, std_error: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Ends (n,) of an interval that is symmetric on the logit scale, so that it stays inside (0, 1)."""
    logit = np.log(probability) - np.log1p(-probability)
    half = ndtri((1 + confidence) / 2) * std_error / (probability * (1 - probability))
    return expit(logit - half), expit(logit + half)


def predicted_rows(fitted: FittedModel, study: Study, last_year: int) -> list[dict[str, object]]:
    """Rows of `predicted_probability` for one group, without model and group.

    Profiles with a level for which the group has no parameter are left out; `fit.message` names such levels.
    """
    profiles, design_rows = [], []
    for profile in figure_profiles(study, last_year):
        try:
            design_rows.append(fitted.design.row(asdict(profile)))
        except AbsentLevelError:
            continue
        profiles.append(profile)
    if not profiles:
        return []
    predictions = fitted.predict(np.array(design_rows))
    errors = delta_method(predictions.gradient, fitted.cov_params())
    low, high = logit_interval(predictions.values, errors, study.models.confidence_level)
    return [
        asdict(profile)
        | {
            "outcome": outcome,
            "probability": predictions.values[i, j],
            "std_error": errors[i, j],
            "ci_low": low[i, j],
            "ci_high": high[i, j],
        }
        for i, profile in enumerate(profiles)
        for j, outcome in enumerate(study.variables.outcome.levels)
    ]
