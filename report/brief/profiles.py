"""The sentences about the predicted probabilities (Figure 4): who moves most, where emigration is the likelier move."""

from collections.abc import Callable, Iterator
from statistics import fmean

from report.brief.findings import Findings, Prediction
from report.brief.phrases import Phrases, paragraph

# More kinds of exceptions than this are counted per group instead of named.
MOST_NAMED = 4


def people(findings: Findings, phrases: Phrases) -> dict[str, object]:
    """Placeholders that describe the persons for whom the probabilities are predicted."""
    base = findings.study.profiles.base
    return {
        "age": base.age,
        "people": phrases.say(f"people_{base.sex}"),
        "education": phrases.say(f"education_{base.education}"),
        "year": findings.last_year if base.year == "last" else base.year,
    }


def most_mobile(findings: Findings, phrases: Phrases, of: Callable[[Prediction], str], words: str) -> str:
    """The level with the highest mean probability of moving, in each group."""
    found: dict[str, list[str]] = {}
    groups = [group for group in findings.groups if any(p.group == group for p in findings.predictions)]
    for group in groups:
        by_level: dict[str, list[float]] = {}
        for prediction in findings.predictions:
            if prediction.group == group:
                by_level.setdefault(of(prediction), []).append(prediction.internal_move + prediction.emigration)
        highest = max(by_level, key=lambda level: fmean(by_level[level]))
        found.setdefault(highest, []).append(group)
    if len(found) == 1 and len(groups) == len(findings.groups):
        return phrases.say("top_item_all", who=phrases.say(f"{words}_{next(iter(found))}"))
    return phrases.listed(
        [
            phrases.say("top_item", who=phrases.say(f"{words}_{level}"), groups=phrases.groups(of_level))
            for level, of_level in found.items()
        ]
    )


def exceptions(findings: Findings, phrases: Phrases) -> str:
    """Where emigration is likelier than an internal move, if anywhere."""
    found = [p for p in findings.predictions if p.emigration > p.internal_move]
    total = len(findings.predictions)
    if not found:
        return phrases.say("exceptions_none", total=total)
    if len(found) == total:
        return phrases.say("exceptions_all", total=total)
    key = "exceptions_most" if 2 * len(found) > total else "exceptions_one" if len(found) == 1 else "exceptions_some"
    items = _named(found, findings, phrases)
    return phrases.say(
        key, total=total, found=phrases.count(len(found)), others=total - len(found), items=phrases.listed(items)
    )


def _named(found: list[Prediction], findings: Findings, phrases: Phrases) -> list[str]:
    """The exceptions by group and labour market status with their centralities; if many, only counts by group."""
    classes: dict[tuple[str, str], set[str]] = {}
    for prediction in found:
        classes.setdefault((prediction.group, prediction.labour), set()).add(prediction.centrality)
    if len(classes) <= MOST_NAMED:
        return [
            phrases.say(
                "exception_item",
                who=_who(group, labour, phrases),
                classes=phrases.listed([name for name in findings.classes if name in of_kind]),
            )
            for (group, labour), of_kind in classes.items()
        ]
    counts = {group: sum(p.group == group for p in found) for group in findings.groups}
    return [
        phrases.say(
            "exception_group_one" if n == 1 else "exception_group",
            group=phrases.groups([group]),
            found=phrases.count(n),
        )
        for group, n in counts.items()
        if n
    ]


def _who(group: str, labour: str, phrases: Phrases) -> str:
    return phrases.say(f"of_{labour}", group=phrases.groups([group]))


def peak(findings: Findings, phrases: Phrases) -> str:
    """The combination that emigrates most."""
    highest = max(findings.predictions, key=lambda prediction: prediction.emigration)
    return phrases.say(
        "profiles_peak",
        probability=phrases.share(highest.emigration),
        who=_who(highest.group, highest.labour, phrases),
        family=phrases.say(f"family_{highest.family}"),
        centrality=highest.centrality,
    )


def paragraphs(findings: Findings, phrases: Phrases) -> Iterator[str]:
    """The paragraphs beside Figure 4."""
    how = phrases.say("profiles_how", **people(findings, phrases))
    if not findings.predictions:
        yield paragraph(how, phrases.say("profiles_all_missing"))
        return
    absent = [group for group in findings.groups if all(p.group != group for p in findings.predictions)]
    missing = phrases.say("profiles_missing", groups=phrases.groups(absent)) if absent else ""
    top = phrases.say(
        "profiles_top",
        family=most_mobile(findings, phrases, lambda p: p.family, "family"),
        labour=most_mobile(findings, phrases, lambda p: p.labour, "labour"),
    )
    yield paragraph(how, missing, top)
    yield paragraph(exceptions(findings, phrases), peak(findings, phrases))
