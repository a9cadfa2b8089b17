"""The note of a verdict in either language, built from its tests and the published counts.

Belongs here: sentences about tests. Does not belong here: judging. `results.hypothesis_verdict` has the same notes as
plain English text, made by the same rules (`models_py/verdicts.py`, `models_py/disclosure.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models_py.contrasts import cells_behind
from models_py.hypotheses import Hypothesis
from models_py.study import Study
from report.language import Language, in_sentence, number, percent, text
from report.release import Release, Row

EVENTS = """
select population_group, centrality, outcome, n_events from results.observed_rate
where year is null
"""
UNFITTED = "select model, population_group, status from results.fit where status <> 'ok'"


@dataclass(frozen=True, slots=True)
class Published:
    """The data of a release that notes need, read once.

    Attributes:
        events: (group, centrality, outcome) → published number of events, None where withheld.
        unfitted: (model, group) → why there are no estimates.
    """

    events: dict[tuple[str, str, str], int | None]
    unfitted: dict[tuple[str, str], str]


def read_published(release: Release) -> Published:
    """The events and the failed fits of a release."""
    return Published(
        {(row["population_group"], row["centrality"], row["outcome"]): row["n_events"] for row in release.rows(EVENTS)},
        {(row["model"], row["population_group"]): row["status"] for row in release.rows(UNFITTED)},
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict to be explained: a row of `hypothesis_verdict`, and its rows of `hypothesis_test`."""

    hypothesis: Hypothesis
    verdict: Row
    tests: Sequence[Row]


def note_of(judged: Judged, published: Published, study: Study, language: Language) -> str:
    """The evidence behind the verdict, in sentences."""
    if judged.verdict["verdict"] == "inconclusive":
        return why_inconclusive(judged, published, language)
    if judged.hypothesis.direction == "none":
        sentences = no_difference(judged, study, language)
    else:
        sentences = directional(judged, study, language)
    if judged.verdict["verdict"] == "partly_supported":
        sentences.append(by_family(judged.tests, language))
    return " ".join([*sentences, events_sentence(judged.hypothesis, published, study, language)])


def directional(judged: Judged, study: Study, language: Language) -> list[str]:
    """How many tests point the expected way, and how many the other."""
    counts = {"n": sum(test["supports"] for test in judged.tests), "total": len(judged.tests)}
    how = "note_holm" if judged.hypothesis.correction == "holm" else "note_unadjusted"
    said = [text("tables", "note_directional", language, **counts, level=percent(study.tests.level, language, 0),
                 correction=text("tables", how, language))]  # fmt: skip
    # Significant without support: the effect has the other sign.
    total = len(judged.tests)
    contrary = sum(test["p_adjusted"] < study.tests.level and not test["supports"] for test in judged.tests)
    if contrary:
        said.append(text("tables", "note_contrary", language, n=contrary, total=total))
    if silent := total - counts["n"] - contrary:
        said.append(text("tables", "note_silent", language, n=silent, total=total))
    return said


def no_difference(judged: Judged, study: Study, language: Language) -> list[str]:
    """How many tests find no difference, and whether that is evidence that there is none."""
    total, level = len(judged.tests), percent(study.tests.level, language, 0)
    shown = sum(bool(test["equivalent"]) for test in judged.tests)
    silent = sum(test["supports"] and not test["equivalent"] for test in judged.tests)
    small = sum(bool(test["equivalent"]) and not test["supports"] for test in judged.tests)
    unit = "unit_log_ratio" if judged.hypothesis.contrast == "between_groups" else "unit_probability"
    margin = judged.tests[0]["margin"]
    within = {
        "total": total,
        "level": level,
        "margin": number(margin, language, decimals_of(margin)),
        "unit": text("tables", unit, language),
    }
    supporting = sum(test["supports"] for test in judged.tests)
    said = [text("tables", "note_no_difference", language, n=supporting, total=total, level=level)]
    key = "note_equivalent_all" if shown == total else "note_equivalent_some" if shown else "note_equivalent_none"
    said.append(text("tables", key, language, n=shown, **within))
    if small:
        said.append(text("tables", "note_small", language, n=small, total=total))
    if silent:
        said.append(text("tables", "note_undecided", language, n=silent, total=total))
    return said


def decimals_of(value: float) -> int:
    """The number of decimals of a declared number."""
    return len(f"{value:.10f}".rstrip("0").split(".")[1])


def by_family(tests: Sequence[Row], language: Language) -> str:
    """In which family situations a partly supported hypothesis holds."""
    families: dict[str, list[bool]] = {}
    for test in tests:
        families.setdefault(test["profile"].split(", ")[0], []).append(test["supports"])
    said = [
        text("tables", "note_family", language, family=in_sentence(family, language), n=sum(of_family),
             total=len(of_family))
        for family, of_family in families.items()
    ]  # fmt: skip
    return text("tables", "note_by_family", language, families="; ".join(said))


def events_sentence(hypothesis: Hypothesis, published: Published, study: Study, language: Language) -> str:
    """The smallest number of events behind a verdict, by the published counts."""
    counts = {cell: published.events.get((*cell, hypothesis.outcome)) for cell in cells_behind(hypothesis, study)}
    outcome = in_sentence(hypothesis.outcome, language)
    hidden = [cell_name(cell, language) for cell, count in counts.items() if count is None]
    if hidden:
        return text("tables", "note_events_withheld", language, outcome=outcome, cells="; ".join(hidden))
    smallest, cell = min((count, cell) for cell, count in counts.items() if count is not None)
    key = "note_few_events" if smallest < study.disclosure.few_events else "note_smallest_cell"
    return text("tables", key, language, cell=cell_name(cell, language), n=number(smallest, language), outcome=outcome)


def cell_name(cell: tuple[str, str], language: Language) -> str:
    """A group and class of centrality in words."""
    return text("tables", "note_cell", language, group=in_sentence(cell[0], language), level=cell[1])


def why_inconclusive(judged: Judged, published: Published, language: Language) -> str:
    """Which models could not be estimated; if all were, the reason in the results' own note."""
    groups = [group for group in (judged.hypothesis.group, judged.hypothesis.other_group) if group]
    statuses = {group: published.unfitted.get((judged.verdict["model"], group)) for group in groups}
    failed = [
        text("tables", "note_inconclusive_group", language, group=in_sentence(group, language),
             status=in_sentence(status, language))
        for group, status in statuses.items()
        if status
    ]  # fmt: skip
    if failed:
        return text("tables", "note_inconclusive", language, groups="; ".join(failed))
    reason = str(judged.verdict["note"]).removeprefix("Not tested: ")
    return text("tables", "note_unanswerable", language, reason=reason[:1].upper() + reason[1:])
