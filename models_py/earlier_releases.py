"""What the earlier releases revealed, read from the `history` of the results database that the next release continues.

Belongs here: the earlier releases' counts by the keys of `counts`, as intervals, and the true counts that the warehouse
remembers. Does not belong here: what follows from them.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from models_py.attacker import Interval
from models_py.counts import PERSONS, Key, KeyMargin, Span, fit_margins, panel_margins, rate_margins, told_by_estimates
from models_py.few_events import LEFT_OUT
from models_py.published_levels import (
    LevelsUnknown,
    Partition,
    key_renamed,
    named_today,
    remember_levels,
    remembered_levels,
)
from models_py.release_protection import FitKeys, told_by_likelihood
from models_py.rounding import ImpossibleCount, told_by_published
from models_py.study import Disclosure, Study
from models_py.tables import DISCLOSURE_RULE
from models_py.told import Told
from storage.catalogue import has_table
from storage.warehouse import open_warehouse

# Table in the warehouse, confidential: the true counts behind each release; the key is JSON.
REMEMBERED = "audit.released_count"
# Table in a results database: the rules by which each release was made. Its intervals follow from them.
RULES = "audit.disclosure_rule"


class HistoryUnreadable(RuntimeError):
    """It is not known what was published earlier, so nothing more may be published."""


def longest_history(databases: Sequence[Path]) -> Path | None:
    """The results database with the most releases in its history; None if there is no database.

    Raises:
        HistoryUnreadable: a database cannot be read, or has releases that are missing from the longest history.
    """
    runs = {path: runs_in_history(path) for path in databases}
    longest = max(databases, key=lambda path: len(runs[path]), default=None)
    if apart := set().union(*runs.values()) - set(runs[longest] if longest else ()):
        raise HistoryUnreadable(
            f"releases that stand in no history with the others: {', '.join(sorted(apart))}; delete none, and lead the "
            "link releases/last_published to the one that was published last"
        )
    return longest


def runs_in_history(database: Path) -> list[str]:
    """The releases in a results database's history, oldest first.

    Raises:
        HistoryUnreadable: it cannot be read.
    """
    try:
        with duckdb.connect(str(database), read_only=True) as con:
            return [str(run) for (run,) in con.sql("select run_id from history.run order by rowid").fetchall()]
    except duckdb.Error as error:
        raise HistoryUnreadable(f"the history of releases cannot be read: {type(error).__name__}") from None


def read_earlier(con: duckdb.DuckDBPyConnection, previous: Path | None, study: Study) -> list[Told]:
    """What each release in the history revealed, oldest first. Releases that revealed exactly the same appear once.

    `con` is the warehouse, which remembers the counts behind the releases (`remember_counts`).

    Raises:
        HistoryUnreadable: the database or one of its tables of counts cannot be read, the warehouse remembers
            releases that the database lacks, or a release's levels cannot be related to today's.
    """
    remembered = _remembered_counts(con)
    if previous is None:
        _insist_on_all(remembered, set())
        return []
    try:
        with duckdb.connect(str(previous), read_only=True) as old:
            # In the order of insertion, not by time: a clock may have been set back between releases.
            runs = old.sql("select run_id, first_year, last_year, n_person_years from history.run order by rowid")
            read = [_read_release(old, str(run), (first, last), n, study) for run, first, last, n in runs.fetchall()]
            rules, levels = _rules(old, study.disclosure), remembered_levels(old)
    except duckdb.Error as error:
        raise HistoryUnreadable(f"the history of releases cannot be read: {type(error).__name__}") from None
    _insist_on_all(remembered, {release.run_id for release, _ in read})
    try:
        named = [
            _named_today(_with_counts(release, remembered.get(release.run_id)), likelihoods, levels, study)
            for release, likelihoods in read
        ]
    except LevelsUnknown as error:
        raise HistoryUnreadable(str(error)) from None
    told = _with_intervals(named, rules, study.disclosure)
    distinct = {
        tuple(frozenset(of.items()) for of in (release.intervals, release.at_least, release.counts or {})): release
        for release in reversed(told)
    }
    return list(reversed(distinct.values()))


def _insist_on_all(remembered: dict[str, dict[Key, int]], published: set[str]) -> None:
    """Check that the history has every release whose counts are remembered.

    A publication that a crash interrupted before the switch is finished first (`flows.pipeline`), so it is not missing.

    Raises:
        HistoryUnreadable: a release is missing.
    """
    if lost := [run_id for run_id in remembered if run_id not in published]:
        raise HistoryUnreadable(
            f"the warehouse remembers releases that are in no history: {', '.join(lost)}; restore the "
            "folder of the last in releases/ (docs/operators.md, back-up), or, if none of it was ever shared, delete "
            "the warehouse and refresh, which loads everything anew"
        )


def remember_rule(con: duckdb.DuckDBPyConnection, run_id: str, study: Study) -> None:
    """Record in a release's results database the rules by which it was made and the codes that its levels stand for.

    If an earlier results database is attached as `previous`, what it recorded is copied too.
    """
    rule = study.disclosure
    con.execute(DISCLOSURE_RULE.create_sql("audit"))
    con.execute(f"insert into {RULES} values (?, ?, ?)", [run_id, rule.threshold, rule.rounding_base])
    schema, table = RULES.split(".")
    if has_table(con, schema, table, "previous"):
        con.execute(f"insert into {RULES} by name select * from previous.{RULES}")
    remember_levels(con, study)


def _rules(con: duckdb.DuckDBPyConnection, today: Disclosure) -> dict[str, Disclosure]:
    """The rules of those releases that recorded them."""
    if not has_table(con, *RULES.split(".")):
        return {}
    return {
        str(run_id): today.model_copy(update={"threshold": threshold, "rounding_base": base})
        for run_id, threshold, base in con.sql(f"select run_id, threshold, rounding_base from {RULES}").fetchall()
    }


def remember_counts(database: Path, run_id: str, counts: dict[Key, int]) -> None:
    """Keep the true counts of a release in the warehouse, so that the next release can compare its own with them.

    They replace the counts that an earlier attempt at the same release left.
    """
    with open_warehouse(database) as con:
        con.execute("create schema if not exists audit")
        con.execute(f"create table if not exists {REMEMBERED} (run_id varchar, count_key varchar, n bigint)")
        rows = pa.Table.from_pydict(
            {"count_key": [json.dumps(key) for key in counts], "n": pa.array(counts.values(), pa.int64())}
        )
        con.register("counts", rows)
        con.execute(f"delete from {REMEMBERED} where run_id = ?", [run_id])
        con.execute(f"insert into {REMEMBERED} select ?, count_key, n from counts", [run_id])


def _remembered_counts(con: duckdb.DuckDBPyConnection) -> dict[str, dict[Key, int]]:
    """The true counts of releases, in the order in which they were made."""
    if not has_table(con, *REMEMBERED.split(".")):
        return {}
    found: dict[str, dict[Key, int]] = {}
    for run_id, key, n in con.sql(f"select run_id, count_key, n from {REMEMBERED} order by rowid").fetchall():
        parts = (tuple(part) if isinstance(part, list) else part for part in json.loads(key))
        found.setdefault(str(run_id), {})[tuple(parts)] = int(n)
    return found


def _named_today(
    release: Told, likelihoods: dict[FitKeys, int], levels: dict[str, dict[str, Partition]], study: Study
) -> tuple[Told, dict[FitKeys, int]]:
    """A release and its log-likelihoods, with the keys of counts renamed to today's level names.

    Raises:
        LevelsUnknown: the release's levels cannot be related to today's.
    """
    told, names = named_today(release, levels.get(release.run_id), study)
    return told, {tuple(key_renamed(key, names) for key in keys): value for keys, value in likelihoods.items()}


def _with_counts(release: Told, counts: dict[Key, int] | None) -> Told:
    """A release with its true counts, if the warehouse remembers all counts that the release shows."""
    return replace(release, counts=counts) if counts and release.shown.keys() <= counts.keys() else release


def _read_release(
    con: duckdb.DuckDBPyConnection, run_id: str, span: Span, n_person_years: int | None, study: Study
) -> tuple[Told, dict[FitKeys, int]]:
    """What a release published, still without intervals, and its null log-likelihoods."""
    shown: dict[Key, int | None] = {("run", span): n_person_years}
    rates = con.execute(
        "select population_group, centrality, year, outcome, n_person_years, n_events from history.observed_rate "
        "where run_id = ?",
        [run_id],
    ).fetchall()
    for group, centrality, year, outcome, at_risk, events in rates:
        when = span if year is None else year
        shown["rate", group, centrality, when, outcome] = events
        shown["rate", group, centrality, when, None] = at_risk
    panel = con.execute(
        "select year, disposition, persons from history.panel_accounting where run_id = ?", [run_id]
    ).fetchall()
    shown |= {("panel", year, disposition): persons for year, disposition, persons in panel}
    outcomes = study.variables.outcome.levels
    groups, classes = (list(dict.fromkeys(row[i] for row in rates)) for i in (0, 1))
    years = sorted({row[2] for row in rates if row[2] is not None})
    margins: list[KeyMargin] = [*rate_margins(groups, classes, years, outcomes, span)]
    margins += [
        (None, [("panel", year, disposition) for year, disposition, _ in panel if year == one])
        for one in sorted({year for year, _, _ in panel})
    ]
    margins += panel_margins([(year, disposition) for year, disposition, _ in panel], shown.keys(), outcomes)
    likelihoods: dict[FitKeys, int] = {}
    whats = (None, *outcomes[1:])
    columns = ", ".join(["n_persons", "n_person_years", *(f"n_{event}" for event in outcomes[1:])])
    for model, group, message, likelihood, *counts in con.execute(
        f"select model, population_group, message, null_log_likelihood, {columns} from history.fit where run_id = ?",
        [run_id],
    ).fetchall():
        shown |= {("fit", model, group, what, span): n for what, n in zip((PERSONS, *whats), counts, strict=True)}
        if likelihood is not None and None not in counts:
            likelihoods[tuple(("fit", model, group, what, span) for what in whats)] = int(likelihood)
        if LEFT_OUT not in (message or ""):  # otherwise the fit's counts are not sums over centralities
            margins += fit_margins(model, group, classes, outcomes[1:], span)
    centralities = con.execute(
        "select distinct population_group, level, status, message "
        "from history.coefficient inner join history.fit using (run_id, model, population_group) "
        "where run_id = ? and term = 'centrality'",
        [run_id],
    ).fetchall()
    at_least = told_by_estimates(centralities, outcomes, span)
    known = [(total, parts) for total, parts in margins if {*parts, *([total] if total else [])} <= shown.keys()]
    return Told(run_id, shown, {}, known, at_least=at_least), likelihoods


def _with_intervals(
    releases: Sequence[tuple[Told, dict[FitKeys, int]]], rules: dict[str, Disclosure], today: Disclosure
) -> list[Told]:
    """The intervals that each release revealed, by the rules it was made with.

    Releases come oldest first, because a published count may have kept the value that it had in the release before.

    Raises:
        HistoryUnreadable: a release's rules could not have produced a count that it published.
    """
    last: dict[Key, int] = {}
    told: list[Told] = []
    for release, likelihoods in releases:
        rule = rules.get(release.run_id, today)
        intervals: dict[Key, Interval | None] = {
            key: None if shown is None else _told(shown, last.get(key), rule) for key, shown in release.shown.items()
        }
        for keys, likelihood in likelihoods.items():
            alone = [interval for key in keys if (interval := intervals[key])]
            intervals |= dict(zip(keys, told_by_likelihood(alone, likelihood), strict=True))
        told.append(replace(release, intervals=intervals))
        last |= {key: shown for key, shown in release.shown.items() if shown is not None}
    return told


def _told(shown: int, before: int | None, rule: Disclosure) -> Interval:
    try:
        return told_by_published(shown, before, rule)
    except ImpossibleCount:
        raise HistoryUnreadable(
            f"a published count is no multiple of {rule.rounding_base}, or below {rule.threshold}, which were the rules"
        ) from None
