"""Tests and verdicts: from contrasts to `hypothesis_test` and `hypothesis_verdict`, by the study's rules.

Belongs here: statistics of a contrast, multiplicity, equivalence, the verdict and its note. Does not belong here: how
a contrast is estimated, or numbers of events: publication adds those from what may be published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from models_py.cells import Floats
from models_py.contrasts import Contrast, Question, UnanswerableError, contrasts
from models_py.hypotheses import Hypothesis
from models_py.study import Study

Verdict = Literal["supported", "partly_supported", "not_supported", "inconclusive"]


@dataclass(frozen=True, slots=True)
class ContrastTest:
    """A contrast tested against zero.

    Attributes:
        z, p_value: standard normal under the null, two-sided.
        p_adjusted: adjusted over the hypothesis' tests; equal to `p_value` if nothing is adjusted.
        ci_low, ci_high: unadjusted interval at the study's confidence level.
        margin, equivalent: whether two one-sided tests show equivalence within the margin; None if no margin is set.
        supports: whether the test supports the hypothesis.
        contrary: whether it is significant in the other direction; never for a hypothesis of no difference.
    """

    contrast: Contrast
    z: float
    p_value: float
    p_adjusted: float
    ci_low: float
    ci_high: float
    margin: float | None
    equivalent: bool | None
    supports: bool
    contrary: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judged hypothesis: its tests (none if the verdict is inconclusive), the verdict and a note on it."""

    hypothesis: Hypothesis
    verdict: Verdict
    tests: tuple[ContrastTest, ...]
    note: str

    @property
    def n_supporting(self) -> int:
        """Tests that speak for the hypothesis."""
        return sum(test.supports for test in self.tests)


def holm(p_values: Floats) -> Floats:
    """Holm's (1979) step-down adjusted p-values (n,), in the order given."""
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(p_values.size, 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def equivalent(estimate: float, std_error: float, margin: float, level: float) -> bool:
    """Whether |contrast| < margin is shown by two one-sided tests at `level` each (Schuirmann 1987)."""
    return bool((margin - abs(estimate)) / std_error > -ndtri(level))


def decide(direction: str, supports: Sequence[bool], contrary: Sequence[bool]) -> Verdict:
    """The verdict from a hypothesis' tests; there is at least one, and all of them could be carried out."""
    if all(supports):
        return "supported"
    if any(supports) and (direction == "none" or not any(contrary)):
        return "partly_supported"
    return "not_supported"


def judge(question: Question) -> Judgement:
    """Test a hypothesis on all its profiles and judge it."""
    try:
        found = contrasts(question)
    except UnanswerableError as reason:
        return Judgement(question.hypothesis, "inconclusive", (), f"Not tested: {reason}.")
    tests = statistics_of(question.hypothesis, found, question.study)
    verdict = decide(
        question.hypothesis.direction, [test.supports for test in tests], [test.contrary for test in tests]
    )
    return Judgement(question.hypothesis, verdict, tests, explain(question.hypothesis, verdict, tests, question.study))


def statistics_of(hypothesis: Hypothesis, found: Sequence[Contrast], study: Study) -> tuple[ContrastTest, ...]:
    """Statistics of a hypothesis' contrasts."""
    z = np.array([contrast.estimate / contrast.std_error for contrast in found])
    p_values = 2 * ndtr(-np.abs(z))
    adjusted = holm(p_values) if hypothesis.correction == "holm" else p_values
    significant = adjusted < study.tests.level
    # The contrast of a smaller gap is positive if the hypothesis holds, although its direction is "less".
    expected = -1 if hypothesis.direction == "less" and hypothesis.contrast != "smaller_gap" else 1
    in_direction = np.sign(z) == expected
    no_difference = hypothesis.direction == "none"
    supports = ~significant if no_difference else significant & in_direction
    contrary = np.zeros_like(supports) if no_difference else significant & ~in_direction
    half = ndtri((1 + study.models.confidence_level) / 2)
    return tuple(
        ContrastTest(
            contrast=contrast,
            z=float(z[i]),
            p_value=float(p_values[i]),
            p_adjusted=float(adjusted[i]),
            ci_low=contrast.estimate - half * contrast.std_error,
            ci_high=contrast.estimate + half * contrast.std_error,
            margin=hypothesis.margin,
            equivalent=None
            if hypothesis.margin is None
            else equivalent(contrast.estimate, contrast.std_error, hypothesis.margin, study.tests.level),
            supports=bool(supports[i]),
            contrary=bool(contrary[i]),
        )
        for i, contrast in enumerate(found)
    )


def explain(hypothesis: Hypothesis, verdict: Verdict, tests: Sequence[ContrastTest], study: Study) -> str:
    """The note of a verdict, in plain English.

    It distinguishes "no evidence of a difference" (a test that is not significant) from "evidence of no relevant
    difference" (equivalence within the margin is shown).
    """
    level = f"{100 * study.tests.level:g} %"
    said = _of_no_difference if hypothesis.direction == "none" else _of_a_direction
    sentences = said(hypothesis, tests, level)
    if verdict == "partly_supported":
        sentences.append(_by_family(tests))
    return " ".join(sentences)


def _of_a_direction(hypothesis: Hypothesis, tests: Sequence[ContrastTest], level: str) -> list[str]:
    supporting, against = sum(test.supports for test in tests), sum(test.contrary for test in tests)
    how = " after Holm's correction" if hypothesis.correction == "holm" else ", unadjusted"
    sentences = [f"{_of(supporting, tests, 'is', 'are')} significant in the expected direction at {level}{how}."]
    if against:
        sentences.append(f"{against} {'is' if against == 1 else 'are'} significant in the opposite direction.")
    if silent := len(tests) - supporting - against:
        sentences.append(f"{silent} {'gives' if silent == 1 else 'give'} no evidence of a difference either way.")
    return sentences


def _of_no_difference(hypothesis: Hypothesis, tests: Sequence[ContrastTest], level: str) -> list[str]:
    """What the tests of a hypothesis of no difference have shown: a small difference, or merely no evidence."""
    shown, total = sum(bool(test.equivalent) for test in tests), len(tests)
    silent = sum(test.supports and not test.equivalent for test in tests)
    small = sum(bool(test.equivalent) and not test.supports for test in tests)
    unit = "in the log ratio" if hypothesis.contrast == "between_groups" else "as a yearly probability"
    within = f"that any difference lies within ±{hypothesis.margin:g} {unit} (two one-sided tests at {level} each)"
    supporting = sum(test.supports for test in tests)
    sentences = [f"{_of(supporting, tests, 'finds', 'find')} no significant difference at {level}, unadjusted."]
    if shown == total:
        who = "It shows" if total == 1 else f"All {total} show"
        sentences.append(f"{who} {within}: evidence of no relevant difference.")
    elif shown:
        verb = "shows" if shown == 1 else "show"
        sentences.append(f"{shown} of {total} {verb} {within}: evidence of no relevant difference there.")
    else:
        sentences.append(f"None of {total} shows {within}.")
    if small:
        sentences.append(f"In {small} of {total} the difference is significant, yet within the margin.")
    if silent:
        sentences.append(
            f"In {silent} of {total} neither a difference nor equivalence is shown: no evidence of a difference, "
            "which is not evidence of no relevant difference."
        )
    return sentences


def _of(count: int, tests: Sequence[ContrastTest], singular: str, plural: str) -> str:
    """How many of the tests, with the verb that follows."""
    noun = "test" if len(tests) == 1 else "tests"
    return f"{count} of {len(tests)} {noun} {singular if 1 in (count, len(tests)) else plural}"


def _by_family(tests: Sequence[ContrastTest]) -> str:
    """In how many tests of each family situation a partly supported hypothesis holds."""
    families = dict.fromkeys(test.contrast.family for test in tests)
    parts = []
    for family in families:
        of_family = [test.supports for test in tests if test.contrast.family == family]
        parts.append(f"{family} {sum(of_family)} of {len(of_family)}")
    return f"Supporting tests by family situation: {', '.join(parts)}."
