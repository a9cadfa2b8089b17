"""Table 2: each hypothesis, its verdict by each model, the note, and all tests behind it.

Belongs here: the table's rows in words of a language. Does not belong here: how it is shown (`hypothesis_grids.py`),
or judging.
"""

import re
from dataclasses import dataclass

from models_py.study import Study
from report.language import Language, in_sentence, label, text
from report.release import Release, Row
from report.tables.notes import Judged, Published, note_of, read_published

VERDICTS = "select model, hypothesis_id, verdict, n_tests, n_supporting, note from results.hypothesis_verdict"
TESTS = "select * from results.hypothesis_test order by model, hypothesis_id, profile, contrast"
HYPOTHESES = "select hypothesis_id, statement_en, statement_nb from results.hypothesis order by hypothesis_id"

# The contrasts as models_py/contrasts.py names them.
LOG_RATIO = re.compile(r"log ratio (?P<group>\w+) / (?P<other>\w+)")
DIFFERENCE = re.compile(r"difference centrality (?P<upper>\S+) - (?P<lower>\S+), (?P<group>\w+)")
GAP = re.compile(
    r"gap (?P<other>\w+) (?P<sign>[+-]) gap (?P<group>\w+), gap = centrality (?P<upper>\S+) - (?P<lower>\S+)"
)


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test, as in `results.hypothesis_test`, with profile and contrast in words."""

    profile: str
    contrast: str
    estimate: float
    std_error: float
    z: float
    p_value: float
    p_adjusted: float
    ci_low: float
    ci_high: float
    margin: float | None
    equivalent: bool | None
    supports: bool


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """A model's verdict: as published and in words, how many tests support it, the note, and the tests."""

    model: str
    verdict: str
    verdict_label: str
    n_tests: int
    n_supporting: int
    note: str
    tests: tuple[TestRow, ...]


@dataclass(frozen=True, slots=True)
class HypothesisRow:
    """A hypothesis with a verdict for each model, pooled first."""

    hypothesis_id: str
    statement: str
    outcome: str
    verdicts: tuple[VerdictRow, ...]


@dataclass(frozen=True, slots=True)
class HypothesisTable:
    """Table 2 of a release in a language."""

    language: Language
    models: tuple[str, ...]
    confidence: float
    rows: tuple[HypothesisRow, ...]


def hypothesis_table(release: Release, language: Language) -> HypothesisTable:
    """Table 2 with all tests behind it.

    Raises:
        KeyError: a hypothesis of the release is not declared in its specification.
    """
    study = release.study
    declared = {hypothesis.id: hypothesis for hypothesis in study.hypotheses}
    verdicts, tests, published = release.rows(VERDICTS), release.rows(TESTS), read_published(release)
    models = tuple(sorted({row["model"] for row in verdicts}))

    def verdict_row(verdict: Row) -> VerdictRow:
        key = (verdict["model"], verdict["hypothesis_id"])
        of_verdict = [test for test in tests if (test["model"], test["hypothesis_id"]) == key]
        judged = Judged(declared[verdict["hypothesis_id"]], verdict, of_verdict)
        return in_words(judged, published, study, language)

    rows = tuple(
        HypothesisRow(
            row["hypothesis_id"],
            row[f"statement_{language}"],
            declared[row["hypothesis_id"]].outcome,
            tuple(
                verdict_row(verdict)
                for verdict in sorted(verdicts, key=lambda verdict: str(verdict["model"]))
                if verdict["hypothesis_id"] == row["hypothesis_id"]
            ),
        )
        for row in release.rows(HYPOTHESES)
    )
    return HypothesisTable(language, models, study.models.confidence_level, rows)


def in_words(judged: Judged, published: Published, study: Study, language: Language) -> VerdictRow:
    """A verdict and its tests in words."""
    verdict = judged.verdict
    return VerdictRow(
        model=verdict["model"],
        verdict=verdict["verdict"],
        verdict_label=label(verdict["verdict"], language),
        n_tests=verdict["n_tests"],
        n_supporting=verdict["n_supporting"],
        note=note_of(judged, published, study, language),
        tests=tuple(worded_test(test, language) for test in judged.tests),
    )


def worded_test(test: Row, language: Language) -> TestRow:
    """A test with profile and contrast in words."""
    numbers = {name: test[name] for name in TestRow.__dataclass_fields__ if name not in ("profile", "contrast")}
    profile = profile_in_words(test["profile"], language)
    return TestRow(profile=profile, contrast=contrast_in_words(test["contrast"], language), **numbers)


def profile_in_words(profile: str, language: Language) -> str:
    """`alone, employed, centrality 1` in words of the language."""

    def part_in_words(part: str) -> str:
        kind, _, level = part.partition(" ")
        if kind == "centrality":
            return text("tables", "centrality_class", language, level=level)
        if kind == "age":
            return text("tables", "age", language, age=level)
        return in_sentence(part, language)

    return ", ".join(part_in_words(part) for part in profile.split(", "))


def contrast_in_words(contrast: str, language: Language) -> str:
    """A contrast of `models_py/contrasts.py` in words of the language.

    Raises:
        ValueError: it is none of them.
    """
    for key, pattern in (("log_ratio", LOG_RATIO), ("difference", DIFFERENCE), ("gap", GAP)):
        found = pattern.fullmatch(contrast)
        if found:
            parts = found.groupdict()
            groups = {name: in_sentence(parts[name], language) for name in ("group", "other") if name in parts}
            sign = parts.get("sign")
            suffix = "" if sign is None else "_plus" if sign == "+" else "_less"
            return text("tables", f"contrast_{key}{suffix}", language, **(parts | groups))
    raise ValueError(f"no words for the contrast {contrast!r}")
