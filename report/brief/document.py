"""The brief as a document: its parts in order, in one language, before it is typeset or rendered as HTML.

Belongs here: the order of the parts. Does not belong here: which sentence is chosen, or how anything looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from report.brief import method, modelled, observed, profiles, provenance, verdicts
from report.brief.findings import Findings, read_findings
from report.brief.method import Table
from report.brief.notes import note, numbered
from report.brief.phrases import Phrases, paragraph
from report.brief.pictures import Figure
from report.language import Language, label
from report.release import Release
from report.tables import Grid, framework_grid, framework_table


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HypothesisRow:
    """A row of Table 2; `verdict` is the value in the results, `told` the label that readers see."""

    name: str
    statement: str
    verdict: str
    told: str
    tests: str
    note: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of Table 2 about one outcome."""

    heading: str
    rows: tuple[HypothesisRow, ...]


@dataclass(frozen=True, slots=True)
class Brief:
    """A brief in one language."""

    language: Language
    finished_at: datetime
    kicker: str
    title: str
    subtitle: str
    description: str
    authorship: str
    authorship_short: str
    notice: provenance.Notice | None
    lead: str
    introduction: tuple[str, ...]
    facts: tuple[provenance.Fact, ...]
    counts: str
    framework: Section
    framework_table: Grid
    observed: Section
    fitted: tuple[str, ...]
    profiles: Section
    conclusion: Section
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    method: Section
    sizes: Table
    references: tuple[str, ...]
    figures: Mapping[str, Figure]


def compose(release: Release, language: Language, figures: Mapping[str, Figure]) -> Brief:
    """The brief of a release in a language, with the figures drawn for it."""
    return put_together(release, read_findings(release), language, figures)


def put_together(release: Release, findings: Findings, language: Language, figures: Mapping[str, Figure]) -> Brief:
    """Compose the brief from findings; from the release itself only provenance and size of the panel are read."""
    phrases, study = Phrases(language), findings.study
    parts, notes = hypothesis_parts(findings, phrases)
    years = phrases.years(findings.first_year, findings.last_year)
    return Brief(
        language=language,
        finished_at=provenance.finished_at(release),
        kicker=phrases.say("kicker"),
        title=observed.headline(findings, phrases),
        subtitle=phrases.say("subtitle", title=getattr(study.title, language), years=years),
        description=phrases.say("description", years=years),
        authorship=phrases.say("authorship", doi=provenance.DOI),
        authorship_short=phrases.say("authorship_short"),
        notice=provenance.notice(release, phrases),
        lead=_lead(release, findings, phrases),
        introduction=_introduction(release, findings, phrases),
        facts=provenance.facts(release, findings, phrases),
        counts=provenance.counts(study, phrases),
        framework=Section(
            phrases.say("framework_heading"),
            tuple(phrases.say(f"framework_{name}") for name in ("experience", "ties", "centralisation")),
        ),
        framework_table=framework_grid(framework_table(study, language)),
        observed=Section(observed.heading(findings, phrases), tuple(observed.paragraphs(findings, phrases))),
        fitted=tuple(modelled.paragraphs(findings, phrases)),
        profiles=Section(phrases.say("profiles_heading"), tuple(profiles.paragraphs(findings, phrases))),
        conclusion=Section(phrases.say("conclusion_heading"), tuple(verdicts.paragraphs(findings, phrases))),
        parts=parts,
        notes=notes,
        method=Section(phrases.say("method_heading"), tuple(method.paragraphs(findings, phrases))),
        sizes=method.sizes(findings, phrases),
        references=provenance.references(phrases),
        figures=figures,
    )


def _lead(release: Release, findings: Findings, phrases: Phrases) -> str:
    place = phrases.say("in_simulated_norway" if release.is_simulated else "in_norway")
    return paragraph(
        phrases.say("lead_question", place=place),
        observed.level(findings, phrases, "emigration"),
        observed.gradients(findings, phrases, "internal_move"),
        verdicts.result(findings, phrases),
    )


def _introduction(release: Release, findings: Findings, phrases: Phrases) -> tuple[str, ...]:
    study, classes = findings.study, findings.classes
    (run,) = release.rows("select n_person_years from results.run")
    size = run["n_person_years"]
    merged = [
        phrases.say("intro_merged", classes=phrases.listed(codes), merged=name)
        for name, codes in study.variables.centrality.codes.items()
        if len(codes) > 1
    ]
    return (
        phrases.say("intro_purpose"),
        paragraph(
            phrases.say("intro_groups"), phrases.say("intro_centrality", first=classes[0], last=classes[-1]), *merged
        ),
        paragraph(
            phrases.say(
                "intro_panel",
                first=findings.first_year,
                last=findings.last_year,
                youngest=study.panel.age.first,
                oldest=study.panel.age.last,
                size="" if size is None else phrases.say("intro_panel_size", n=phrases.number(size)),
            ),
            phrases.say(f"intro_{study.panel.outcome_rule}"),
        ),
    )


def hypothesis_parts(findings: Findings, phrases: Phrases) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Table 2 by outcome, and its notes."""
    numbers, notes = numbered([note(judged, findings, phrases) for judged in findings.judged])
    by_outcome: dict[str, list[HypothesisRow]] = {}
    for judged, number in zip(findings.judged, numbers, strict=True):
        by_outcome.setdefault(judged.declared.outcome, []).append(
            HypothesisRow(
                name=judged.name,
                statement=judged.statement[phrases.language],
                verdict=judged.verdict,
                told=label(judged.verdict, phrases.language),
                tests=phrases.say("tests_of", found=judged.n_supporting, total=judged.n_tests)
                if judged.n_tests
                else phrases.say("no_tests"),
                note=number,
            )
        )
    parts = tuple(Part(phrases.say(f"table_2_{outcome}"), tuple(rows)) for outcome, rows in by_outcome.items())
    return parts, tuple(phrases.say("note", n=n, text=text) for n, text in enumerate(notes, start=1))
