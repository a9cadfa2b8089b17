"""Contrasts of predicted probabilities: what a hypothesis compares, as an estimate with a standard error.

Each group is estimated on its own persons, so estimates of two groups are independent and their variances add.
Belongs here: the four contrasts of the specification and where they are evaluated. Does not belong here: whether a
contrast is significant, or what follows for the hypothesis.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from models_py.cells import Floats
from models_py.design import AbsentLevelError
from models_py.estimability import Status
from models_py.hypotheses import Hypothesis, Situation
from models_py.prediction import make_profile
from models_py.results import FittedModel
from models_py.study import Study


class UnanswerableError(Exception):
    """The data cannot answer a hypothesis; the message says why."""


@dataclass(frozen=True, slots=True)
class GroupModel:
    """A group's model: fitted, or a status that says why it is not."""

    status: Status
    fitted: FittedModel | None


@dataclass(frozen=True, slots=True)
class Contrast:
    """An estimated contrast. `name` says what is subtracted from what; `family` is the profile's family situation."""

    profile: str
    name: str
    family: str
    estimate: float
    std_error: float


@dataclass(frozen=True, slots=True)
class Probability:
    """A predicted probability: value, gradient (p,) and covariance (p, p) of the parameters of its model."""

    value: float
    gradient: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True)
class Question:
    """A hypothesis, and the models by group that are to answer it."""

    hypothesis: Hypothesis
    models: Mapping[str, GroupModel]
    study: Study
    last_year: int

    def probability(self, group: str, centrality: str, situation: Situation) -> Probability:
        """The probability of the hypothesis' outcome for a person of a group, in a centrality class and a situation.

        Raises:
            UnanswerableError: the group has no model, it could not be estimated, or it has no data for the situation.
        """
        model = self.models.get(group)
        if model is None:
            raise UnanswerableError(f"no model of {group} is specified")
        if model.fitted is None:
            # A verdict's note is published, but the levels that the fit's message names are not (`few_events`).
            raise UnanswerableError(f"the model of {group} could not be estimated ({model.status})")
        window = self.study.panel.age
        if not window.first <= situation.age <= window.last:
            raise UnanswerableError(f"nobody of age {situation.age} is in the panel")
        profile = make_profile(self.study, self.last_year, centrality, situation)
        try:
            row = model.fitted.design.row(asdict(profile))
        except AbsentLevelError as error:
            raise UnanswerableError(f"{group}: {error}") from None
        predictions = model.fitted.predict(row[None, :])
        y = self.study.variables.outcome.levels.index(self.hypothesis.outcome)
        return Probability(float(predictions.values[0, y]), predictions.gradient[0, y], model.fitted.cov_params())

    @property
    def other_group(self) -> str:
        """The group compared with; the specification makes sure that a contrast of two groups names one."""
        return str(self.hypothesis.other_group)


def difference(p: Probability, q: Probability) -> tuple[float, float]:
    """p - q within a group, and its standard error by the delta method."""
    gradient = p.gradient - q.gradient
    return p.value - q.value, float(np.sqrt(gradient @ p.covariance @ gradient))


def log_ratio(p: Probability, q: Probability) -> tuple[float, float]:
    """log(p / q) of two groups, and its standard error by the delta method."""
    variances = [side.gradient @ side.covariance @ side.gradient / side.value**2 for side in (p, q)]
    return float(np.log(p.value / q.value)), float(np.sqrt(sum(variances)))


def smaller_gap(gap: tuple[float, float], other_gap: tuple[float, float]) -> tuple[float, float, str]:
    """The weaker component of the claim |gap| < other gap: its estimate, standard error and sign.

    |a| < b exactly if b - a > 0 and b + a > 0. The claim is tested against the union of the two opposites (Berger
    1982): it holds if the component with the smaller z is significant. Both components have the same standard error.
    """
    std_error = float(np.hypot(gap[1], other_gap[1]))
    minus, plus = other_gap[0] - gap[0], other_gap[0] + gap[0]
    return (minus, std_error, "-") if minus <= plus else (plus, std_error, "+")


def _between_groups(question: Question, situation: Situation) -> Iterator[Contrast]:
    hypothesis, places = question.hypothesis, {"urban": question.study.tests.urban, "rural": question.study.tests.rural}
    for place in question.study.told_apart("centrality", hypothesis.centrality):
        estimate, std_error = log_ratio(
            question.probability(hypothesis.group, places[place], situation),
            question.probability(question.other_group, places[place], situation),
        )
        profile = f"{situation.name}, centrality {places[place]}"
        name = f"log ratio {hypothesis.group} / {hypothesis.other_group}"
        yield Contrast(profile, name, situation.family_situation, estimate, std_error)


def _within_group(question: Question, situation: Situation) -> Iterator[Contrast]:
    group, tests = question.hypothesis.group, question.study.tests
    upper, lower = tests.urban, tests.rural
    if question.hypothesis.contrast == "rural_minus_urban":
        upper, lower = lower, upper
    estimate, std_error = difference(
        question.probability(group, upper, situation), question.probability(group, lower, situation)
    )
    name = f"difference centrality {upper} - {lower}, {group}"
    yield Contrast(situation.name, name, situation.family_situation, estimate, std_error)


def _smaller_gap(question: Question, situation: Situation) -> Iterator[Contrast]:
    tests, groups = question.study.tests, (question.hypothesis.group, question.other_group)
    gap, other_gap = (
        difference(
            question.probability(group, tests.rural, situation),
            question.probability(group, tests.urban, situation),
        )
        for group in groups
    )
    estimate, std_error, sign = smaller_gap(gap, other_gap)
    name = f"gap {groups[1]} {sign} gap {groups[0]}, gap = centrality {tests.rural} - {tests.urban}"
    yield Contrast(situation.name, name, situation.family_situation, estimate, std_error)


CONTRASTS: dict[str, Callable[[Question, Situation], Iterator[Contrast]]] = {
    "between_groups": _between_groups,
    "urban_minus_rural": _within_group,
    "rural_minus_urban": _within_group,
    "smaller_gap": _smaller_gap,
}


def contrasts(question: Question) -> list[Contrast]:
    """All contrasts of a hypothesis, over the profiles of the specification.

    Raises:
        UnanswerableError: one of the contrasts cannot be estimated, so that the hypothesis as a whole cannot be judged.
    """
    contrast = CONTRASTS[question.hypothesis.contrast]
    situations = question.study.tested_situations(question.hypothesis)
    found = [item for situation in situations for item in contrast(question, situation)]
    if broken := next((item for item in found if not np.isfinite([item.estimate, item.std_error]).all()), None):
        raise UnanswerableError(f"the contrast at {broken.profile} is too extreme to be computed")
    # Without a centrality term urban and rural are equal by assumption, so there is nothing to test.
    fixed = next((item for item in found if not item.std_error > 0), None)
    if fixed:
        raise UnanswerableError(f"the model itself fixes the contrast at {fixed.profile} (no sampling error)")
    return found


def cells_behind(hypothesis: Hypothesis, study: Study) -> list[tuple[str, str]]:
    """The (group, centrality) cells whose events the hypothesis rests on."""
    places = {"urban": study.tests.urban, "rural": study.tests.rural}
    groups = [group for group in (hypothesis.group, hypothesis.other_group) if group]
    return [(group, places[place]) for group in groups for place in hypothesis.centrality or places]
