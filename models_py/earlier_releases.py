"""What the earlier releases told, read from `history` of the results database that the next one carries on.

Belongs here: their counts by the keys of `counts`, as intervals, and the true ones that the warehouse remembers. Does
not belong here: what follows from them.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from models_py.attacker import Interval
from models_py.counts import PERSONS, Key, KeyMargin, Span, fit_margins, panel_margins, rate_margins
from models_py.joint_knowledge import Told
from models_py.protection import published_interval
from models_py.study import Disclosure, Study

# What `fit.message` says of rows that a fit leaves out: its counts are then no sums over centralities.
LEFT_OUT = "are left out"

# In the warehouse, confidential: the counts behind each release, by key as JSON.
REMEMBERED = "audit.released_count"


class HistoryUnreadable(RuntimeError):
    """What was published earlier is not known, so that nothing may be published beside it."""


def read_earlier(con: duckdb.DuckDBPyConnection, previous: Path | None, study: Study) -> list[Told]:
    """What each release in the history told, oldest first; releases that told the same of the same counts once.

    `con` is the warehouse, which remembers the counts behind them (`remember_counts`).

    Raises:
        HistoryUnreadable: the database or one of its tables of counts cannot be read.
    """
    if previous is None:
        return []
    try:
        with duckdb.connect(str(previous), read_only=True) as old:
            runs = old.sql("select run_id, first_year, last_year, n_person_years from history.run order by started_at")
            told = [_read_release(old, str(run), (first, last), n, study) for run, first, last, n in runs.fetchall()]
    except duckdb.Error as error:
        raise HistoryUnreadable(f"the history of releases cannot be read: {type(error).__name__}") from None
    remembered = _remembered_counts(con)
    told = [_with_counts(release, remembered.get(release.run_id)) for release in told]
    distinct = {
        (frozenset(release.intervals.items()), frozenset((release.counts or {}).items())): release
        for release in reversed(told)
    }
    return list(reversed(distinct.values()))


def remember_counts(database: Path, run_id: str, counts: dict[Key, int]) -> None:
    """Keep the true counts of a release in the warehouse, where the next one compares its own with them."""
    with duckdb.connect(str(database)) as con:
        con.execute("create schema if not exists audit")
        con.execute(f"create table if not exists {REMEMBERED} (run_id varchar, count_key varchar, n bigint)")
        rows = pa.Table.from_pydict(
            {"count_key": [json.dumps(key) for key in counts], "n": pa.array(counts.values(), pa.int64())}
        )
        con.register("counts", rows)
        con.execute(f"insert into {REMEMBERED} select ?, count_key, n from counts", [run_id])


def _remembered_counts(con: duckdb.DuckDBPyConnection) -> dict[str, dict[Key, int]]:
    schema, table = REMEMBERED.split(".")
    if not con.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, table]
    ).fetchone():
        return {}
    found: dict[str, dict[Key, int]] = {}
    for run_id, key, n in con.sql(f"select run_id, count_key, n from {REMEMBERED}").fetchall():
        parts = (tuple(part) if isinstance(part, list) else part for part in json.loads(key))
        found.setdefault(str(run_id), {})[tuple(parts)] = int(n)
    return found


def _with_counts(release: Told, counts: dict[Key, int] | None) -> Told:
    """A release with its true counts, if all that it told are remembered."""
    return replace(release, counts=counts) if counts and release.intervals.keys() <= counts.keys() else release


def _read_release(
    con: duckdb.DuckDBPyConnection, run_id: str, span: Span, n_person_years: int | None, study: Study
) -> Told:
    rule = study.disclosure
    intervals: dict[Key, Interval | None] = {("run", span): _interval(n_person_years, rule)}
    rates = con.execute(
        "select population_group, centrality, year, outcome, n_person_years, n_events from history.observed_rate "
        "where run_id = ?",
        [run_id],
    ).fetchall()
    for group, centrality, year, outcome, at_risk, events in rates:
        when = span if year is None else year
        intervals["rate", group, centrality, when, outcome] = _interval(events, rule)
        intervals["rate", group, centrality, when, None] = _interval(at_risk, rule)
    panel = con.execute(
        "select year, disposition, persons from history.panel_accounting where run_id = ?", [run_id]
    ).fetchall()
    intervals |= {("panel", year, disposition): _interval(persons, rule) for year, disposition, persons in panel}
    outcomes = study.variables.outcome.levels
    classes = list(dict.fromkeys(row[1] for row in rates))
    margins: list[KeyMargin] = []
    margins += rate_margins(
        list(dict.fromkeys(row[0] for row in rates)),
        classes,
        sorted({row[2] for row in rates if row[2] is not None}),
        outcomes,
        span,
    )
    for panel_year in sorted({year for year, _, _ in panel}):
        margins.append((None, [("panel", year, disposition) for year, disposition, _ in panel if year == panel_year]))
    margins += panel_margins([(year, disposition) for year, disposition, _ in panel], intervals.keys(), outcomes)
    for fit in con.execute("select * from history.fit where run_id = ?", [run_id]).df().to_dict("records"):
        intervals |= _fit_intervals(fit, span, outcomes, rule)
        if LEFT_OUT not in str(fit["message"]):
            margins += fit_margins(str(fit["model"]), str(fit["population_group"]), classes, outcomes[1:], span)
    known = [(total, parts) for total, parts in margins if {*parts, *([total] if total else [])} <= intervals.keys()]
    return Told(run_id, intervals, known)


def _fit_intervals(
    fit: dict[Any, Any], span: Span, outcomes: Sequence[str], rule: Disclosure
) -> dict[Key, Interval | None]:
    counts = {what: fit[f"n_{what}"] for what in (PERSONS, *outcomes[1:])} | {None: fit["n_person_years"]}
    published = {what: None if count != count or count is None else int(count) for what, count in counts.items()}
    intervals = {what: _interval(count, rule) for what, count in published.items()}
    likelihood = fit["null_log_likelihood"]
    events = [published[outcome] for outcome in outcomes[1:]]
    total = published[None]
    if total is not None and None not in events and likelihood == likelihood and likelihood is not None:
        narrower = told_by_likelihood(total, [int(event or 0) for event in events], int(likelihood), rule)
        intervals |= dict(zip((None, *outcomes[1:]), narrower, strict=True))
    return {("fit", fit["model"], fit["population_group"], what, span): found for what, found in intervals.items()}


def told_by_likelihood(total: int, events: Sequence[int], likelihood: int, rule: Disclosure) -> list[Interval]:
    """What a fit's published person-years and events tell together with its null log-likelihood, a whole number.

    The log-likelihood of intercepts alone is Σ n_j log(n_j / n), a function of the counts and nothing else: of all
    counts that round to the published ones only those that give it are left. Falls back on rounding alone where no
    counts give it, as when it is not of that form.
    """
    alone = [published_interval(count, rule) for count in (total, *events)]
    grids = [np.arange(low, high + 1) for low, high in alone]
    n = np.array(list(product(*grids)), dtype=float)
    n = n[n[:, 1:].sum(axis=1) < n[:, 0]]
    parts = np.column_stack([n[:, 0] - n[:, 1:].sum(axis=1), n[:, 1:]])
    value = (parts * np.log(parts / n[:, :1])).sum(axis=1)
    fitting = n[np.abs(value - likelihood) <= 0.5 + 1e-6]
    if not len(fitting):
        return alone
    return [(float(low), float(high)) for low, high in zip(fitting.min(axis=0), fitting.max(axis=0), strict=True)]


def _interval(published: int | None, rule: Disclosure) -> Interval | None:
    return None if published is None else published_interval(published, rule)
