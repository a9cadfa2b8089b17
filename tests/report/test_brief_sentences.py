"""Sentences read whole whatever the findings: every verdict, gradient, gap and failure, in both languages."""

import io
import re
import string
from dataclasses import replace
from itertools import combinations_with_replacement
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from report.brief.document import Brief, put_together
from report.brief.findings import Findings
from report.brief.phrases import Phrases
from report.brief.typesetting import typeset
from report.brief.verdicts import VERDICTS, result
from report.language import LANGUAGES, Language, words
from report.release import Release
from tests.report.brief_findings import findings
from tests.report.brief_release import BLANKS, MANIFEST, build

SENTENCES = Path(put_together.__code__.co_filename).parent
UNFINISHED = re.compile(
    r"[{}]|\bNone\b(?! of the study)|\bnan\b|  | [,.;:]|\.\.|\(\)|, \.|: \.|,,| \)|\( |\b(\w+) \1\b"
)

# Findings are large, and a failure is seen in its text: shrinking would take minutes.


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    path: Path = tmp_path_factory.mktemp("sentences") / "release.duckdb"
    build(path)
    return Release(path, MANIFEST)


def texts(brief: Brief) -> list[str]:
    """Everything in a brief that is made of sentences."""
    sections = (brief.framework, brief.observed, brief.profiles, brief.conclusion, brief.method)
    paragraphs = [told for section in sections for told in section.paragraphs]
    return [brief.lead, brief.authorship, *brief.introduction, *paragraphs, *brief.fitted, *brief.notes, brief.counts]


def faults(brief: Brief) -> list[str]:
    """Texts that are not whole sentences."""
    found = [told for told in texts(brief) if not re.match(r"[A-ZÆØÅ]", told) or told[-1] not in ".?"]
    # A sentence begins with a capital; so does one after a question mark.
    found += [told for told in texts(brief) if re.search(r"(?<!doi)[a-zæøå)%][.?] [a-zæøå]", told)]
    headings = [brief.title, brief.subtitle, brief.observed.heading, brief.description]
    return found + [told for told in [*texts(brief), *headings] if UNFINISHED.search(told) or not told]


@settings(max_examples=40, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(found=findings())
def test_every_text_is_whole_sentences(release: Release, found: Findings) -> None:
    for language in LANGUAGES:
        assert faults(put_together(release, found, language, BLANKS)) == []


@settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(found=findings(), language=st.sampled_from(LANGUAGES))
def test_every_brief_compiles_and_keeps_to_four_pages(release: Release, found: Findings, language: Language) -> None:
    brief = put_together(release, found, language, BLANKS)
    assert len(PdfReader(io.BytesIO(typeset(brief))).pages) == 4


@settings(max_examples=1, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(found=findings())
def test_every_mixture_of_verdicts_is_summed_up_in_its_own_words(found: Findings) -> None:
    for language in LANGUAGES:
        told = {}
        for mixture in combinations_with_replacement(VERDICTS, 3):
            judged = tuple(replace(each, verdict=verdict) for each, verdict in zip(found.judged, mixture, strict=False))
            told[mixture] = result(replace(found, judged=judged), Phrases(language), with_names=True)
        assert [each for each in told.values() if UNFINISHED.search(each) or not each.endswith(".")] == []
        assert len(set(told.values())) == len(told)


def test_no_text_is_missing_in_a_language_or_has_other_placeholders() -> None:
    for key, told in words("brief").items():
        assert set(told) == set(LANGUAGES), key
        assert all(isinstance(each, str) and each.strip() for each in told.values()), key
        names = [{name for _, name, _, _ in string.Formatter().parse(each) if name} for each in told.values()]
        assert names[0] == names[1], key


def test_every_text_is_used() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SENTENCES.rglob("*.py"))
    spoken = re.findall(r'f?"([a-z_0-9{}\.\'\[\]= ]+)"', source)
    patterns = [re.compile(re.sub(r"\\\{.*?\\\}", ".+", re.escape(each))) for each in spoken]
    unused = [key for key in words("brief") if not any(pattern.fullmatch(key) for pattern in patterns)]
    assert unused == []
