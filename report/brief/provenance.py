"""What the brief says about itself: its data, period, code and release, its author, and what is simulated."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models_py.study import Study
from report.brief.findings import Findings
from report.brief.phrases import Phrases
from report.release import Release

DOI = "10.1007/s00168-025-01362-w"
# More deliveries than this are counted instead of named.
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the box; codes (hashes, run ids) are set in a fixed width."""

    name: str
    value: str
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """The notice that data are simulated: in full for the first page, in short for every page."""

    full: str
    short: str


def finished_at(release: Release) -> datetime:
    """When the release was complete: the brief's date, so that the same release gives the same brief."""
    return datetime.fromisoformat(release.manifest["finished_at"])


def deliveries(manifest: dict[str, Any]) -> list[str]:
    """The deliveries that the release was made from."""
    return sorted({file["delivery"] for file in manifest["inputs"]})


def notice(release: Release, phrases: Phrases) -> Notice | None:
    """The notice about simulated data, or None if all data are real."""
    if not release.is_simulated:
        return None
    simulated = release.manifest["simulated_deliveries"]
    if set(deliveries(release.manifest)) <= set(simulated):
        return Notice(phrases.say("simulated_notice"), phrases.say("simulated_short"))
    told = phrases.say("partly_simulated_notice", deliveries=_named(simulated, phrases))
    return Notice(told, phrases.say("partly_simulated_short"))


def facts(release: Release, findings: Findings, phrases: Phrases) -> tuple[Fact, ...]:
    """The box with the brief's data, period, release, code, specification and input."""
    manifest = release.manifest
    (run,) = release.rows("select run_id, n_person_years, code_version, study_hash, input_hash from results.run")
    years = phrases.years(findings.first_year, findings.last_year)
    period = (
        phrases.say("box_period_withheld", years=years)
        if run["n_person_years"] is None
        else phrases.say("box_period_value", years=years, n=phrases.number(run["n_person_years"]))
    )
    when = finished_at(release).strftime("%Y-%m-%d")
    return (
        Fact(phrases.say("box_data"), _data(manifest, phrases)),
        Fact(phrases.say("box_period"), period),
        Fact(phrases.say("box_release"), f"{run['run_id']} ({when})", is_code=True),
        Fact(phrases.say("box_code"), run["code_version"], is_code=True),
        Fact(phrases.say("box_study"), run["study_hash"], is_code=True),
        Fact(phrases.say("box_input"), run["input_hash"], is_code=True),
    )


def _data(manifest: dict[str, Any], phrases: Phrases) -> str:
    named = deliveries(manifest)
    said: dict[str, object] = {
        "files": phrases.number(len(manifest["inputs"])),
        "deliveries": _named(named, phrases),
    }
    simulated = set(manifest["simulated_deliveries"]) & set(named)
    if not simulated:
        return phrases.say("box_data_value", **said)
    if simulated == set(named):
        return phrases.say("box_data_simulated", **said)
    return phrases.say("box_data_partly", simulated=_named(sorted(simulated), phrases), **said)


def _named(names: list[str], phrases: Phrases) -> str:
    if len(names) <= MOST_NAMED:
        return phrases.listed(names)
    return phrases.say("box_data_many", n=phrases.number(len(names)), last=names[-1])


def counts(study: Study, phrases: Phrases) -> str:
    """How published counts are protected."""
    return phrases.say("box_counts", base=study.disclosure.rounding_base, threshold=study.disclosure.threshold)


def references(phrases: Phrases) -> tuple[str, ...]:
    """The publications that the brief refers to."""
    return (phrases.say("reference_article", doi=DOI), phrases.say("reference_moves"))
