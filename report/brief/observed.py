"""The sentences about the observed shares (Figure 2): headline, heading, levels and gradients."""

from collections.abc import Iterator

from report.brief.findings import MOVES, Findings, Share
from report.brief.gradients import Gradient, extremes, gradient_of_shares, leaders, overall
from report.brief.phrases import Phrases, capital


def headline(findings: Findings, phrases: Phrases) -> str:
    """Who emigrates most and who moves most; the study's own title if neither can be said."""
    abroad, within = leaders(findings, ["emigration"]), leaders(findings, ["internal_move"])
    stands_out = abroad is not None and len(abroad) < len(findings.groups)
    if stands_out and abroad == within:
        return phrases.sentence("clause_same", groups=phrases.groups_in_full(abroad or ()))
    clauses = []
    if abroad is not None:
        clauses.append(_clause("emigrate", "emigrate_most", abroad, findings, phrases))
    if within is not None:
        most = "move_most" if stands_out else "move_most_alone"
        clauses.append(_clause("move", most, within, findings, phrases))
    if not clauses:
        return str(getattr(findings.study.title, phrases.language))
    said = clauses[0] if len(clauses) == 1 else phrases.say("headline_pair", first=clauses[0], second=clauses[1])
    return capital(said)


def _clause(verb: str, most: str, found: tuple[str, ...], findings: Findings, phrases: Phrases) -> str:
    if len(found) == len(findings.groups):
        return phrases.say(f"clause_{verb}_alike")
    return phrases.say(f"clause_{most}", groups=phrases.groups_in_full(found))


def heading(findings: Findings, phrases: Phrases) -> str:
    """Who moves most, within the country or abroad."""
    found = leaders(findings, MOVES)
    if found is None:
        return phrases.say("observed_heading_unknown")
    if len(found) == len(findings.groups):
        return phrases.say("observed_heading_alike")
    return phrases.sentence("observed_heading_most", groups=phrases.groups_in_full(found))


def level(findings: Findings, phrases: Phrases, outcome: str) -> str:
    """The groups' shares over all centralities, the highest first; then the groups whose shares are withheld."""
    totals = {group: overall(findings, group, [outcome]) for group in findings.groups}
    known = sorted(
        ((total.share, group) for group, total in totals.items() if total is not None),
        key=lambda pair: -pair[0],
    )
    items = [
        phrases.say("level_item", share=phrases.share(share), group=phrases.groups([group])) for share, group in known
    ]
    said = [phrases.say(f"level_{outcome}", items=phrases.listed(items))] if items else []
    if missing := [group for group, total in totals.items() if total is None]:
        said.append(phrases.say(f"level_unknown_{outcome}", groups=phrases.groups(missing)))
    return " ".join(said)


def gradients(findings: Findings, phrases: Phrases, outcome: str) -> str:
    """How the outcome's share varies with centrality: one sentence per set of groups with the same pattern."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for group in findings.groups:
        gradient = _gradient(findings, group, outcome)
        ends = (gradient.known[0], gradient.known[-1]) if gradient.shape in ("rural", "central") else ("", "")
        alike.setdefault((gradient.shape, *ends), []).append(group)
    noun = phrases.say(f"noun_{outcome}")
    said = []
    for (shape, first, last), groups in alike.items():
        ranges = [_range(findings, phrases, group, outcome) for group in groups]
        if len(groups) > 1:
            named = zip(ranges, groups, strict=True)
            ranges = [phrases.say("range_of", range=told, group=phrases.groups([group])) for told, group in named]
        said.append(
            phrases.sentence(
                f"observed_{shape}",
                groups=phrases.groups(groups),
                noun=noun,
                first=first,
                last=last,
                ranges=phrases.listed(ranges),
            )
        )
    return " ".join(said)


def withheld(findings: Findings, phrases: Phrases) -> str:
    """Which of the figure's shares are withheld; empty if none is."""
    items = []
    for group in findings.groups:
        missing = {name for outcome in MOVES for name in _gradient(findings, group, outcome).withheld}
        if missing:
            classes = phrases.listed([name for name in findings.classes if name in missing])
            items.append(phrases.say("withheld_item", group=phrases.groups([group]), classes=classes))
    return phrases.say("observed_withheld", items=phrases.listed(items)) if items else ""


def _of(findings: Findings, group: str, outcome: str) -> dict[str, Share]:
    keys = ((name, (group, outcome, name)) for name in findings.classes)
    return {name: findings.shares[key] for name, key in keys if key in findings.shares}


def _gradient(findings: Findings, group: str, outcome: str) -> Gradient:
    return gradient_of_shares(_of(findings, group, outcome), findings.classes)


def _range(findings: Findings, phrases: Phrases, group: str, outcome: str) -> str:
    """A group's shares in short: from one end to the other, or the extremes."""
    shares, gradient = _of(findings, group, outcome), _gradient(findings, group, outcome)
    told = {name: phrases.share(shares[name].share or 0.0) for name in gradient.known}
    if gradient.shape in ("rural", "central"):
        return phrases.say("range_from_to", first=told[gradient.known[0]], last=told[gradient.known[-1]])
    if gradient.shape == "unknown":
        return ""
    lowest, highest = extremes(shares, gradient.known)
    low, high = told[lowest], told[highest]
    if gradient.shape == "uneven":
        return phrases.say("range_extremes", highest=highest, high=high, lowest=lowest, low=low)
    return phrases.say("range_equal", low=low) if low == high else phrases.say("range_between", low=low, high=high)


def paragraphs(findings: Findings, phrases: Phrases) -> Iterator[str]:
    """The paragraphs beside Figure 2."""
    yield " ".join([phrases.say("observed_how"), level(findings, phrases, "emigration")])
    yield gradients(findings, phrases, "emigration")
    yield " ".join([level(findings, phrases, "internal_move"), gradients(findings, phrases, "internal_move")])
    if told := withheld(findings, phrases):
        yield told
