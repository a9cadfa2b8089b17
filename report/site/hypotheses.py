"""The hypotheses: verdicts, the tests behind each, and which verdict depends on which choice."""

import math
import re
from dataclasses import dataclass

from models_py.study import Study
from report.brief.findings import read_findings
from report.brief.notes import note
from report.brief.phrases import Phrases
from report.language import Language, label, number
from report.release import Release, Row
from report.site.page import say

VERDICTS = ("supported", "partly_supported", "not_supported", "inconclusive")
MODELS = ("pooled", "random_effects")


@dataclass(frozen=True, slots=True)
class Judged:
    """A hypothesis with its verdict (row of `hypothesis_verdict`) under each model."""

    hypothesis_id: str
    statement: str
    verdicts: dict[str, Row]


@dataclass(frozen=True, slots=True)
class Overview:
    """All hypotheses, and the models that judged them."""

    models: list[str]
    hypotheses: list[Judged]


@dataclass(frozen=True, slots=True)
class Test:
    """A test as it is shown: `estimate`, `low` and `high` in the unit that readers know."""

    profile: str
    contrast: str
    estimate: str
    low: str
    high: str
    row: Row


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """A variant under a model, with its row of `sensitivity` for each hypothesis."""

    variant: str
    statement: str
    model: str
    verdicts: dict[str, Row]


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """What the page shows; `notes` and `tests` by hypothesis and model."""

    overview: Overview
    notes: dict[str, dict[str, str]]
    tests: dict[str, dict[str, list[Test]]]
    sensitivity: list[Sensitivity]


def hypotheses(release: Release, study: Study, language: Language) -> Hypotheses:
    """Read what the page shows."""
    found = overview(release, language)
    told = notes(release, study, found.models, language)
    return Hypotheses(found, told, tests(release, language), sensitivity(release, language))


def notes(release: Release, study: Study, models: list[str], language: Language) -> dict[str, dict[str, str]]:
    """What to know of each verdict, as in the brief: those of `hypothesis_verdict` are in English alone."""
    found: dict[str, dict[str, str]] = {}
    for model in models:
        findings = read_findings(release, study, model)
        for judged in findings.judged:
            found.setdefault(judged.name, {})[model] = note(judged, findings, Phrases(language))
    return found


def overview(release: Release, language: Language) -> Overview:
    """Verdicts by hypothesis and model."""
    rows = release.rows(f"""
        select *, statement_{language} as statement
        from results.hypothesis
        inner join results.hypothesis_verdict using (hypothesis_id)
        order by hypothesis_id, model
    """)
    models = [model for model in MODELS if any(row["model"] == model for row in rows)]
    verdicts: dict[str, dict[str, Row]] = {}
    for row in rows:
        verdicts.setdefault(row["hypothesis_id"], {})[row["model"]] = row
    judged = [
        Judged(hypothesis_id, next(iter(given.values()))["statement"], given)
        for hypothesis_id, given in verdicts.items()
    ]
    return Overview(models, judged)


def tests(release: Release, language: Language) -> dict[str, dict[str, list[Test]]]:
    """Every test by hypothesis and model."""
    found: dict[str, dict[str, list[Test]]] = {}
    for row in release.rows("select * from results.hypothesis_test order by hypothesis_id, model, profile, contrast"):
        found.setdefault(row["hypothesis_id"], {}).setdefault(row["model"], []).append(as_shown(row, language))
    return found


def as_shown(row: Row, language: Language) -> Test:
    """A test in the units of readers: a ratio of probabilities, or percentage points."""
    if row["contrast"].startswith("log ratio "):
        values = [number(math.exp(row[name]), language, 2) for name in ("estimate", "ci_low", "ci_high")]
    else:
        values = [number(100 * row[name], language, 2) for name in ("estimate", "ci_low", "ci_high")]
    return Test(profile_text(row["profile"], language), contrast_text(row["contrast"], language), *values, row)


def profile_text(profile: str, language: Language) -> str:
    """`alone, employed, centrality 1` in words."""
    parts = profile.split(", ")
    return " · ".join(
        f"{label('centrality', language)} {part.removeprefix('centrality ')}"
        if part.startswith("centrality ")
        else label(part, language)
        for part in parts
    )


# How `models_py.contrasts` names what a test compares, and the text that says it.
CONTRASTS = {
    "contrast_ratio": r"log ratio (?P<group>\w+) / (?P<other>\w+)",
    "contrast_difference": r"difference centrality (?P<first>\S+) - (?P<second>\S+), (?P<group>\w+)",
    "contrast_gap": r"gap (?P<group>\w+) (?P<sign>[+-]) gap (?P<other>\w+), "
    r"gap = centrality (?P<first>\S+) - (?P<second>\S+)",
}


def contrast_text(contrast: str, language: Language) -> str:
    """What a test compares, in words; its own name where that is of another form."""
    for key, form in CONTRASTS.items():
        if named := re.fullmatch(form, contrast):
            parts = named.groupdict()
            groups = {part: label(parts[part], language) for part in ("group", "other") if part in parts}
            return say(key, language, **(parts | groups))
    return contrast


def sensitivity(release: Release, language: Language) -> list[Sensitivity]:
    """Verdicts under every variant, a row a variant and model."""
    found: dict[tuple[str, str], Sensitivity] = {}
    for row in release.rows(f"""
        select sensitivity.*, variant.statement_{language} as statement
        from results.sensitivity
        inner join results.variant using (variant)
        order by variant, model, hypothesis_id
    """):
        key = (row["variant"], row["model"])
        one = found.setdefault(key, Sensitivity(row["variant"], row["statement"], row["model"], {}))
        one.verdicts[row["hypothesis_id"]] = row
    return list(found.values())
