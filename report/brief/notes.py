"""The notes to Table 2, in both languages (those in `hypothesis_verdict` are only in English)."""

from collections.abc import Sequence
from dataclasses import dataclass

from models_py.contrasts import cells_behind
from models_py.hypotheses import Hypothesis
from report.brief.findings import OK, Findings, Judged
from report.brief.phrases import Phrases, paragraph


@dataclass(frozen=True, slots=True)
class SmallestCell:
    """The cell with the fewest events behind a verdict; `events` is None where the number is withheld."""

    group: str
    centrality: str
    events: int | None


def note(judged: Judged, findings: Findings, phrases: Phrases) -> str:
    """The note to a verdict; empty if it needs none."""
    if judged.verdict == "inconclusive":
        return _untested(judged.declared, findings, phrases)
    contrary = sum(test.contrary for test in judged.tests)
    return paragraph(
        _by_family(judged, phrases) if judged.verdict == "partly_supported" else "",
        phrases.say("note_contrary", found=contrary, total=len(judged.tests)) if contrary else "",
        _equivalence(judged, phrases) if judged.declared.direction == "none" else "",
        _few_events(judged.declared, findings, phrases),
    )


def _untested(declared: Hypothesis, findings: Findings, phrases: Phrases) -> str:
    reasons: dict[str, list[str]] = {}
    for group in sorted(_groups(declared), key=findings.groups.index):
        status = findings.status[findings.model, group]
        if status != OK:
            reasons.setdefault(status, []).append(group)
    if not reasons:
        return phrases.say("note_untested_otherwise")
    return " ".join(
        phrases.say("note_untested", groups=phrases.groups(groups), reason=phrases.reason(status))
        for status, groups in reasons.items()
    )


def _by_family(judged: Judged, phrases: Phrases) -> str:
    items = []
    for family in dict.fromkeys(test.family for test in judged.tests):
        of_family = [test.supports for test in judged.tests if test.family == family]
        who = phrases.say(f"family_{family}")
        items.append(phrases.say("note_by_family_item", who=who, found=sum(of_family), total=len(of_family)))
    return phrases.say("note_by_family", items=phrases.listed(items)) if items else ""


def _equivalence(judged: Judged, phrases: Phrases) -> str:
    """Whether a hypothesis of no difference is shown, or merely not refuted."""
    margin, total = judged.declared.margin or 0.0, len(judged.tests)
    shown = sum(bool(test.equivalent) for test in judged.tests)
    suffix = "_log" if judged.declared.contrast == "between_groups" else ""
    told = phrases.number(margin, 2) if suffix else phrases.number(100 * margin, 1)
    key = "note_equivalent" if shown == total else "note_not_equivalent"
    return phrases.say(f"{key}{suffix}", margin=told, found=shown, total=total)


def _few_events(declared: Hypothesis, findings: Findings, phrases: Phrases) -> str:
    smallest = smallest_cell(declared, findings)
    few = findings.study.disclosure.few_events
    if smallest is None or (smallest.events is not None and smallest.events >= few):
        return ""
    said = {
        "group": phrases.groups([smallest.group]),
        "centrality": smallest.centrality,
        "noun": phrases.say(f"events_{declared.outcome}"),
    }
    if smallest.events is None:
        return phrases.say("note_few_withheld", **said)
    return phrases.say("note_few", events=phrases.number(smallest.events), **said)


def smallest_cell(declared: Hypothesis, findings: Findings) -> SmallestCell | None:
    """The cell with the fewest events among those a hypothesis compares; a withheld one counts as the smallest."""
    cells = [
        SmallestCell(group, centrality, share.n_events)
        for group, centrality in cells_behind(declared, findings.study)
        if (share := findings.shares.get((group, declared.outcome, centrality)))
    ]
    return min(cells, key=lambda cell: -1 if cell.events is None else cell.events, default=None)


def _groups(declared: Hypothesis) -> tuple[str, ...]:
    return (declared.group, *([declared.other_group] if declared.other_group else []))


def numbered(texts: Sequence[str]) -> tuple[list[int | None], list[str]]:
    """The note number of each text (None: no text), and the notes in order; equal texts share one note."""
    notes = list(dict.fromkeys(text for text in texts if text))
    return [notes.index(text) + 1 if text else None for text in texts], notes
