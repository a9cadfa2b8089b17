"""The sentences about the hypotheses as a whole: result, conclusion, and whether they depend on the choice of model."""

from collections.abc import Iterator

from report.brief.findings import ABSENT, OK, Findings
from report.brief.phrases import Phrases, capital, paragraph

VERDICTS = ("supported", "partly_supported", "not_supported", "inconclusive")


def named(findings: Findings, verdict: str) -> list[str]:
    """Names of the hypotheses with a verdict."""
    return [judged.name for judged in findings.judged if judged.verdict == verdict]


def result(findings: Findings, phrases: Phrases, with_names: bool = False) -> str:
    """How many hypotheses got which verdict; `with_names` adds the names of those that are not fully supported."""
    found = {verdict: named(findings, verdict) for verdict in VERDICTS}
    if len(found["inconclusive"]) == len(findings.judged):
        return phrases.say("verdicts_none_tested")
    clauses = []
    for verdict, names in found.items():
        told = phrases.say("names_in_brackets", names=phrases.listed(names))
        shown = told if with_names and verdict != "supported" else ""
        key = f"verdict_clause_{verdict}_{'one' if len(names) == 1 else 'many'}"
        if names:
            everything = verdict == "supported" and len(names) == len(findings.judged) > 1
            n = phrases.say("count_all") if everything else phrases.count(len(names))
            clauses.append(phrases.say(key, n=n, names=shown))
    return phrases.say("verdicts_result", total=phrases.count(len(findings.judged)), clauses=phrases.listed(clauses))


def judgement(findings: Findings, phrases: Phrases) -> str:
    """The overall conclusion: how many are supported, and whether any is not; `unknown` if most were not tested."""
    supported, total = len(named(findings, "supported")), len(findings.judged)
    if 2 * len(named(findings, "inconclusive")) > total:
        return phrases.say("conclusion_unknown")
    if supported == total:
        return phrases.say("conclusion_all")
    if not supported:
        return phrases.say("conclusion_little")
    mostly = 2 * supported > total and not named(findings, "not_supported")
    return phrases.say("conclusion_most" if mostly else "conclusion_mixed")


def other_model(findings: Findings, phrases: Phrases) -> str:
    """Whether the verdicts are the same in the other model."""
    model = phrases.say(f"model_{findings.other_model}")
    statuses = {group: findings.status[findings.other_model, group] for group in findings.groups}
    if not findings.other_verdicts or all(status == ABSENT for status in statuses.values()):
        return phrases.say("robust_absent", model=model)
    unfitted = [group for group, status in statuses.items() if status != OK]
    failed = phrases.say("robust_unfitted", Model=capital(model), groups=phrases.groups(unfitted)) if unfitted else ""
    changed = [
        phrases.say("robust_item", hypothesis=judged.name, verdict=phrases.say(f"verdict_{other}"))
        for judged in findings.judged
        if (other := findings.other_verdicts.get(judged.name)) and other != judged.verdict
    ]
    if changed:
        return paragraph(failed, phrases.say("robust_differ", model=model, items=phrases.listed(changed)))
    return paragraph(failed, phrases.say("robust_same", Model=capital(model)))


def sensitivity(findings: Findings, phrases: Phrases) -> str:
    """Whether a variant of the study changes a verdict."""
    if not findings.variants:
        return phrases.say("sensitivity_absent")
    if findings.inconclusive == findings.varied:
        return phrases.say("sensitivity_inconclusive")
    n = phrases.count(findings.variants)
    unsaid = ""
    if findings.inconclusive:
        of_all = phrases.number(findings.varied)
        unsaid = phrases.say("sensitivity_unsaid", varied=of_all, inconclusive=phrases.number(findings.inconclusive))
    if not findings.changed:
        return paragraph(phrases.say("sensitivity_same_compared" if unsaid else "sensitivity_same", n=n), unsaid)
    items = [
        phrases.say(
            "sensitivity_item",
            names=phrases.listed(changed.names),
            statement=changed.statement[phrases.language],
        )
        for changed in findings.changed
    ]
    return paragraph(phrases.say("sensitivity_differ", n=n, items=phrases.listed(items)), unsaid)


def paragraphs(findings: Findings, phrases: Phrases) -> Iterator[str]:
    """The conclusion."""
    yield paragraph(
        judgement(findings, phrases),
        result(findings, phrases, with_names=True),
        phrases.say("conclusion_table"),
    )
    yield paragraph(
        phrases.say("main_model", model=phrases.say(f"model_{findings.model}")),
        other_model(findings, phrases),
        sensitivity(findings, phrases),
        phrases.say("more"),
    )
