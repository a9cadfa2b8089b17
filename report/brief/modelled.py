"""The sentences about the estimated association with centrality (Figure 3)."""

from collections.abc import Iterator, Sequence
from math import exp

from report.brief.findings import MOVES, Coefficient, Findings
from report.brief.gradients import gradient_of_coefficients, is_significant
from report.brief.phrases import Phrases, paragraph

# Terms that the text does not list as controls: the intercept, the term the sentence is about, and age's square.
NOT_CONTROLS = ("intercept", "centrality", "age_squared")


def reference(findings: Findings) -> str:
    """The class of centrality that the others are compared with."""
    found = [term.reference for term in findings.study.models.terms if term.name == "centrality"]
    return (found[0] if found else None) or findings.classes[-1]


def controls(findings: Findings, phrases: Phrases) -> str:
    """The model's terms beside centrality."""
    names = [term.name for term in findings.study.models.terms if term.name not in NOT_CONTROLS]
    return phrases.listed([phrases.say(f"control_{name}") for name in names])


def missing(findings: Findings, phrases: Phrases) -> str:
    """Which groups have no model, and why; empty if all have one."""
    reasons: dict[str, list[str]] = {}
    for group in findings.groups:
        if any(not findings.coefficients.get((group, outcome)) for outcome in MOVES):
            reasons.setdefault(findings.status[findings.model, group], []).append(group)
    return " ".join(
        phrases.say("fitted_missing", groups=phrases.groups(groups), reason=phrases.reason(status))
        for status, groups in reasons.items()
    )


def gradients(findings: Findings, phrases: Phrases, outcome: str) -> str:
    """How the modelled outcome varies with centrality: one sentence per set of groups with the same pattern."""
    alike: dict[str, list[str]] = {}
    for group in findings.groups:
        if coefficients := findings.coefficients.get((group, outcome)):
            alike.setdefault(gradient_of_coefficients(coefficients, findings.classes).shape, []).append(group)
    said = []
    for shape, groups in alike.items():
        if shape == "uneven":
            said += [_uneven(findings, phrases, group, outcome) for group in groups]
        elif shape != "unknown":
            said.append(_even(findings, phrases, shape, groups, outcome))
    return " ".join(said)


def _even(findings: Findings, phrases: Phrases, shape: str, groups: Sequence[str], outcome: str) -> str:
    first = findings.classes[0]
    ratios = [_ratio(phrases, findings.coefficients[group, outcome][first]) for group in groups]
    if len(groups) > 1:
        named = zip(ratios, groups, strict=True)
        ratios = [phrases.say("ratio_of", ratio=ratio, group=phrases.groups([group])) for ratio, group in named]
    return phrases.sentence(
        "fitted_none" if shape == "level" else f"fitted_{shape}",
        groups=phrases.groups(groups),
        noun=phrases.say(f"noun_{outcome}"),
        first=first,
        reference=reference(findings),
        ratios=phrases.listed(ratios),
    )


def _uneven(findings: Findings, phrases: Phrases, group: str, outcome: str) -> str:
    coefficients = findings.coefficients[group, outcome]
    differing = [name for name in findings.classes if name in coefficients and is_significant(coefficients[name])]
    items = [phrases.say("class_ratio", level=name, ratio=_ratio(phrases, coefficients[name])) for name in differing]
    return phrases.sentence(
        "fitted_uneven_single" if len(items) == 1 else "fitted_uneven",
        groups=phrases.groups([group]),
        noun=phrases.say(f"noun_{outcome}"),
        reference=reference(findings),
        classes=phrases.listed(items),
    )


def _ratio(phrases: Phrases, coefficient: Coefficient) -> str:
    return phrases.number(exp(coefficient.estimate), 2)


def paragraphs(findings: Findings, phrases: Phrases) -> Iterator[str]:
    """The paragraphs beside Figure 3."""
    how = phrases.say("fitted_how", controls=controls(findings, phrases), reference=reference(findings))
    if not findings.coefficients:
        yield paragraph(how, phrases.say("fitted_all_missing"), missing(findings, phrases))
        return
    yield paragraph(how, missing(findings, phrases))
    yield gradients(findings, phrases, "internal_move")
    yield gradients(findings, phrases, "emigration")
