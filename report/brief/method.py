"""How the hypotheses are tested, and the size of the data behind the models (Table 3)."""

from collections.abc import Iterator
from dataclasses import dataclass

from report.brief.findings import Findings, Size
from report.brief.phrases import Phrases, paragraph
from report.brief.profiles import people
from report.language import label, percent


@dataclass(frozen=True, slots=True)
class Table:
    """A plain table: its head, and rows with the same number of cells, the first of which names the row."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def paragraphs(findings: Findings, phrases: Phrases) -> Iterator[str]:
    """The tests in words."""
    tests = findings.study.tests
    families, labours = tests.profiles.family_situation or (), tests.profiles.labour_market_status or ()
    own = [judged.name for judged in findings.judged if judged.declared.profiles.named]
    yield paragraph(
        phrases.say(
            "method_profiles",
            families=phrases.listed([phrases.say(f"family_{family}") for family in families]),
            labours=phrases.listed([phrases.say(f"in_{labour}") for labour in labours], "or"),
            urban=tests.urban,
            rural=tests.rural,
            **people(findings, phrases),
        ),
        phrases.say("method_own_profiles", names=phrases.listed(own)) if own else "",
        phrases.say("method_rule", level=percent(tests.level, phrases.language, 0)),
    )


def sizes(findings: Findings, phrases: Phrases) -> Table:
    """Table 3: persons, person-years and events of each group, and whether its models could be estimated."""
    counts = ("persons", "person_years", "internal_move", "emigration")
    models = (findings.model, findings.other_model)
    head = (
        phrases.say("table_3_group"),
        *(phrases.say(f"table_3_{name}") for name in counts),
        *(label(model, phrases.language) for model in models),
    )
    nothing = Size(None, None, None, None)
    rows = []
    for group in findings.groups:
        size = findings.sizes.get(group, nothing)
        told = [_count(getattr(size, name), phrases) for name in counts]
        statuses = [phrases.status(findings.status[model, group]) for model in models]
        rows.append((label(group, phrases.language), *told, *statuses))
    return Table(head, tuple(rows))


def _count(n: int | None, phrases: Phrases) -> str:
    return phrases.say("withheld") if n is None else phrases.number(n)
