"""The output check: which rule decided what about every table of a release, in the style of ACRO and SACRO.

Belongs here: the statuses and what they are based on. Does not belong here: any withheld count, or how the report looks
(`report/output_check`).

Source: Green, Ritchie & Smith (2021), Automatic checking of research outputs (ACRO): a tool for dynamic disclosure
checks, ESS Statistical Working Papers; the SACRO guide to statistical output checking (2023): classes of output, and
the statuses pass, review and fail.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import pyarrow as pa

from models_py.counts import CountSystem, Key
from models_py.few_events import FEW_EVENTS
from models_py.release_protection import Protection
from models_py.study import Study
from models_py.tables import DISCLOSURE, FIT, OBSERVED_RATE, PANEL_ACCOUNTING, PUBLISHED_TABLES, RUN
from models_py.told import Told

Status = Literal["pass", "review", "fail"]

# Kind of key → table that shows it.
TABLE_OF_KIND = {"rate": OBSERVED_RATE.name, "panel": PANEL_ACCOUNTING.name, "fit": FIT.name, "run": RUN.name}
STATISTICS = {
    "metadata": "about the release",
    "statement": "text of the specification",
    "estimate": "estimates of models on many persons, and tests of them",
    "controlled_count": "counts of persons and person-years, and shares of them",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What one rule decided about one table, or about one model or attack in it (`subject`).

    Attributes:
        n_checked: how many numbers the rule was applied to.
        n_affected: how many of them it withholds, rounds or points out; None if that is not reported.
    """

    table_name: str
    subject: str
    rule: str
    status: Status
    n_checked: int
    n_affected: int | None
    note: str


@dataclass(frozen=True, slots=True)
class OutputCheck:
    """All decisions of a release."""

    decisions: tuple[Decision, ...]

    @property
    def status(self) -> Status:
        """The worst status of all decisions."""
        return worst([decision.status for decision in self.decisions])

    def of_table(self, table_name: str) -> list[Decision]:
        """The decisions about one table."""
        return [decision for decision in self.decisions if decision.table_name == table_name]

    def arrow(self) -> pa.Table:
        """The rows of `audit.disclosure`, without `run_id`."""
        return DISCLOSURE.arrow(map(asdict, self.decisions))


def worst(statuses: list[Status]) -> Status:
    """The worst of several statuses."""
    order: list[Status] = ["pass", "review", "fail"]
    return max(statuses, key=order.index, default="pass")


def check_output(
    fits: pa.Table,
    n_parameters: dict[tuple[str, str], int],
    protection: Protection,
    system: CountSystem,
    earlier: Sequence[Told],
    study: Study,
) -> OutputCheck:
    """What the rules decided. None of it is `fail`: a rule that fails stops publication before this."""
    decisions: list[Decision] = []
    for table in PUBLISHED_TABLES:
        keys = {key for key in system.counts if TABLE_OF_KIND[str(key[0])] == table.name}
        if keys:
            decisions += _of_counts(table.name, keys, protection, study)
        else:
            note = STATISTICS[table.privacy]
            decisions.append(Decision(table.name, "", "no_counts", "pass", len(table.columns), 0, note))
    for record in protection.records:
        told = "known this well without this release: told by earlier ones or by public totals"
        status: Status = "review" if record.n_told_anyway else "pass"
        note = told if record.n_told_anyway else ""
        decisions.append(
            Decision("all counts", record.name, "attack", status, record.n_numbers, record.n_told_anyway, note)
        )
    decisions.append(_of_history(earlier))
    for row in fits.to_pylist():
        decisions += _of_model(row, n_parameters.get((row["model"], row["population_group"])), study)
    return OutputCheck(tuple(decisions))


def _of_history(earlier: Sequence[Told]) -> Decision:
    """The decision on earlier releases: review if the warehouse does not remember the counts of some.

    What has changed since such a release is only inferred from what it published.
    """
    forgotten = sum(release.counts is None for release in earlier)
    note = "the counts behind some are not remembered: what has changed since is taken from what was published"
    status: Status = "review" if forgotten else "pass"
    return Decision("all counts", "", "earlier_releases", status, len(earlier), forgotten, note if forgotten else "")


def _of_counts(table: str, keys: set[Key], protection: Protection, study: Study) -> Iterator[Decision]:
    """How many counts each rule withholds.

    Numbers by rule are left out if few counts fall under the primary or the secondary rules: they could reveal which
    counts are small.
    """
    rule = study.disclosure
    width, dominance = rule.protection_width, rule.dominance
    primary = {
        "threshold": (protection.small, f"fewer than {rule.threshold}"),
        "few_persons": (
            protection.few_persons,
            f"of fewer than {rule.threshold} persons, or {dominance.contributors} are {dominance.share:.0%} or more",
        ),
    }
    secondary = {
        "withheld_earlier": (protection.before, "withheld in an earlier release"),
        "secondary_margins": (protection.margins, "would give a withheld count back by addition"),
        "secondary_attack": (
            protection.attacks,
            f"would leave a withheld count an interval narrower than {width}, or tell a small change",
        ),
    }
    yield Decision(table, "", "withheld", "pass", len(keys), len(protection.withheld & keys), "by all rules together")
    sizes = [sum(len(by_rule & keys) for by_rule, _ in rules.values()) for rules in (primary, secondary)]
    is_said = min(sizes) >= rule.threshold
    for name, (by_rule, note) in (primary | secondary).items():
        unsaid = "" if is_said else "; how many is not said, lest it tell which counts are small"
        yield Decision(table, "", name, "pass", len(keys), len(by_rule & keys) if is_said else None, f"{note}{unsaid}")
    shown = len(keys - protection.withheld)
    yield Decision(table, "", "rounding", "pass", len(keys), shown, f"to base {rule.rounding_base}")
    note = f"published as before, being less than {rule.threshold} away from it"
    yield Decision(table, "", "kept", "pass", len(keys), len(protection.kept & keys), note)


def _of_model(fit: dict[str, object], n_parameters: int | None, study: Study) -> Iterator[Decision]:
    """The decisions on one group's model. Of a fit without coefficients only status and message are published."""
    subject, rule = f"{fit['model']}, {fit['population_group']}", study.disclosure
    if n_parameters is None:
        yield Decision(FIT.name, subject, "not_published", "pass", 0, 0, f"no estimates: {fit['status']}")
        return
    n_persons = fit["n_persons"]
    persons = f"about {n_persons}" if isinstance(n_persons, int) else "a withheld number of"
    note = f"{persons} persons, at least {rule.minimum_group_size} are asked for"
    yield Decision(FIT.name, subject, "minimum_group_size", "pass", 1, 0, note)
    freedom = f"about {n_persons - n_parameters}" if isinstance(n_persons, int) else "enough"
    note = f"{freedom}, at least {rule.residual_degrees_of_freedom} are asked for"
    yield Decision(FIT.name, subject, "residual_degrees_of_freedom", "pass", 1, 0, note)
    if fit["log_likelihood"] is None:
        note = "with what else is published they would tell too much of the counts, being functions of them"
        yield Decision(FIT.name, subject, "likelihoods_withheld", "pass", 1, 1, note)
    named = [part for part in str(fit["message"]).split("; ") if FEW_EVENTS in part]
    note = named[0] if named else ""
    yield Decision(FIT.name, subject, "few_events", "review" if named else "pass", n_parameters, _n_named(note), note)


def _n_named(note: str) -> int:
    """The number of coefficients that a message names, separated by commas."""
    return note.rpartition(": ")[2].count(", ") + 1 if note else 0
