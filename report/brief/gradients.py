"""How shares and coefficients vary with centrality, and which group has the highest share.

Belongs here: judgements that follow from published numbers and their intervals alone. Does not belong here: words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from models_py.published_counts import wilson_interval
from report.brief.findings import Coefficient, Findings, Share

# rural: rises towards less central classes; central: rises towards more central ones; uneven: differs without a trend;
# level: no clear difference; unknown: too little is published to say.
Shape = Literal["rural", "central", "uneven", "level", "unknown"]
# With fewer classes than this no pattern can be seen.
LEAST_CLASSES = 3


@dataclass(frozen=True, slots=True)
class Gradient:
    """The shape of a quantity over the classes of centrality that are known, the most central first."""

    shape: Shape
    known: tuple[str, ...]
    withheld: tuple[str, ...]


def is_rising(values: Sequence[float]) -> bool:
    """Whether each value is greater than the one before."""
    return all(before < after for before, after in pairwise(values))


def gradient_of_shares(shares: Mapping[str, Share], classes: Sequence[str]) -> Gradient:
    """How an observed share varies with centrality.

    A difference is clear if the intervals of the lowest and the highest share do not overlap.
    """
    known = tuple(name for name in classes if name in shares and shares[name].share is not None)
    withheld = tuple(name for name in classes if name not in known)
    if len(known) < LEAST_CLASSES:
        return Gradient("unknown", known, withheld)
    values = [shares[name].share or 0.0 for name in known]
    lowest, highest = extremes(shares, known)
    high_end, low_start = shares[lowest].ci_high, shares[highest].ci_low
    if high_end is None or low_start is None or high_end >= low_start:
        return Gradient("level", known, withheld)
    if is_rising(values):
        return Gradient("rural", known, withheld)
    return Gradient("central" if is_rising(values[::-1]) else "uneven", known, withheld)


def extremes(shares: Mapping[str, Share], known: Sequence[str]) -> tuple[str, str]:
    """The classes with the lowest and the highest share."""
    return (
        min(known, key=lambda name: shares[name].share or 0.0),
        max(known, key=lambda name: shares[name].share or 0.0),
    )


def is_significant(coefficient: Coefficient) -> bool:
    """Whether a coefficient's interval excludes zero; never true for the reference."""
    low, high = coefficient.ci_low, coefficient.ci_high
    return low is not None and high is not None and (low > 0 or high < 0)


def gradient_of_coefficients(coefficients: Mapping[str, Coefficient], classes: Sequence[str]) -> Gradient:
    """How a modelled outcome varies with centrality.

    It has a trend only if the most central class, and at least half of all classes beside the reference, differ
    significantly from the reference.
    """
    known = tuple(name for name in classes if name in coefficients)
    missing = tuple(name for name in classes if name not in known)
    if len(known) < LEAST_CLASSES:
        return Gradient("unknown", known, missing)
    values = [coefficients[name].estimate for name in known]
    significant = [name for name in known if is_significant(coefficients[name])]
    if not significant:
        return Gradient("level", known, missing)
    if known[0] in significant and 2 * len(significant) >= len(known) - 1:
        if is_rising(values):
            return Gradient("rural", known, missing)
        if is_rising(values[::-1]):
            return Gradient("central", known, missing)
    return Gradient("uneven", known, missing)


@dataclass(frozen=True, slots=True)
class Overall:
    """A group's share over all classes of centrality, from the published counts, with its interval."""

    share: float
    low: float
    high: float


def overall(findings: Findings, group: str, outcomes: Sequence[str]) -> Overall | None:
    """The share of a group's person-years with one of the outcomes; None where a count behind it is withheld."""
    events, person_years = 0, 0
    for name in findings.classes:
        parts = [findings.shares.get((group, outcome, name)) for outcome in outcomes]
        for part in parts:
            if part is None or part.n_events is None:
                return None
            events += part.n_events
        counted = parts[0]
        if counted is None or counted.n_person_years is None:
            return None
        person_years += counted.n_person_years
    if not person_years:
        return None
    low, high = wilson_interval(events, person_years, findings.study.models.confidence_level)
    return Overall(events / person_years, low, high)


def leaders(findings: Findings, outcomes: Sequence[str]) -> tuple[str, ...] | None:
    """The groups with the highest share of the outcomes: the highest one and those whose intervals overlap with its.

    None if a group's share is withheld: then nobody can be said to have the highest. All groups: none stands out.
    """
    totals = {group: overall(findings, group, outcomes) for group in findings.groups}
    known = {group: total for group, total in totals.items() if total is not None}
    if len(known) < len(totals):
        return None
    highest = max(known.values(), key=lambda total: total.share)
    return tuple(group for group, total in known.items() if total.high >= highest.low)
