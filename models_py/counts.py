"""All counts of a release as one system: what is published, and which sums tie it together.

Belongs here: reading the counts that the published tables show, and their margins. Does not belong here: which counts
are withheld (`release_protection`) and how they look when published (`published_counts`).
"""

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import duckdb

from models_py.few_events import says_every_level_has_events
from models_py.study import Study

# One of these:
# - ("rate", group, centrality, year, outcome): the span in place of the year means all years together; outcome None
#   means all outcomes, hence the person-years at risk.
# - ("panel", year, disposition) and ("run", span).
# - ("fit", model, group, what, span): what is an outcome, None for person-years, or `persons` for persons.
Key = tuple[Hashable, ...]
# First and last year of a panel.
Span = tuple[int, int]
# A total and its parts. The total is None if it is public whatever we do.
KeyMargin = tuple[Key | None, list[Key]]
# A count that no table of the release shows, and the counts of the release that add up to it.
KeySum = tuple[Key, list[Key]]

PERSONS = "persons"


@dataclass(slots=True)
class CountSystem:
    """Counts by key, margins between them, and the keys whose counts rest on few persons though they are not small.

    `at_least` are lower bounds that the published estimates reveal, even of withheld counts. `sums` are counts of
    earlier releases, which had other levels.
    """

    counts: dict[Key, int] = field(default_factory=dict)
    margins: list[KeyMargin] = field(default_factory=list)
    few_persons: set[Key] = field(default_factory=set)
    at_least: dict[Key, int] = field(default_factory=dict)
    sums: list[KeySum] = field(default_factory=list)

    def with_sums(self) -> dict[Key, int]:
        """All counts, and the sums that correspond to counts of earlier releases."""
        return self.counts | {total: sum(self.counts[part] for part in parts) for total, parts in self.sums}


def read_counts(con: duckdb.DuckDBPyConnection, study: Study) -> CountSystem:
    """All counts that a release of this warehouse publishes."""
    system = CountSystem()
    span = panel_span(con)
    _add_rates(system, con, study, span)
    _add_panel(system, con, study)
    _add_fits(system, con, study, span)
    fits = con.sql("""
        select distinct population_group, level, status, message
        from estimation.coefficient inner join estimation.fit using (model, population_group)
        where term = 'centrality'
    """).fetchall()
    system.at_least = told_by_estimates(fits, study.variables.outcome.levels, span)
    return system


def panel_span(con: duckdb.DuckDBPyConnection) -> Span:
    """First and last panel year."""
    first, last = con.sql("select min(year), max(year) from marts.observed_rate").fetchone() or (None, None)
    return int(first or 0), int(last or 0)


def _add_rates(system: CountSystem, con: duckdb.DuckDBPyConnection, study: Study, span: Span) -> None:
    """Observed person-years and events. A combination without persons counts zero: leaving it out would reveal that."""
    observed = {
        tuple(row[:4]): int(row[4])
        for row in con.sql("""
            select population_group, centrality, year, outcome, n_events from marts.observed_rate where year is not null
        """).fetchall()
    }
    years = sorted({key[2] for key in observed})
    groups, classes = study.levels("population_group"), study.levels("centrality")
    for group in groups:
        for centrality in classes:
            for outcome in study.variables.outcome.levels:
                for year in years:
                    count = observed.get((group, centrality, year, outcome), 0)
                    system.counts["rate", group, centrality, year, outcome] = count
    margins = rate_margins(groups, classes, years, study.variables.outcome.levels, span)
    for total, parts in margins:
        system.counts[total] = sum(system.counts[part] for part in parts)
    system.margins += margins


def rate_margins(
    groups: Collection[str],
    classes: Collection[str],
    years: Collection[int],
    outcomes: Sequence[str],
    span: Span,
) -> list[tuple[Key, list[Key]]]:
    """Sums over outcomes and years, and the grand total; a total is listed before the sums that it is a part of."""
    margins: list[tuple[Key, list[Key]]] = []
    for group in groups:
        for centrality in classes:
            of_cell: Key = ("rate", group, centrality)
            margins += [((*of_cell, year, None), [(*of_cell, year, what) for what in outcomes]) for year in years]
            margins += [
                ((*of_cell, span, what), [(*of_cell, year, what) for year in years]) for what in [*outcomes, None]
            ]
            margins.append(((*of_cell, span, None), [(*of_cell, span, outcome) for outcome in outcomes]))
    margins.append((("run", span), [("rate", group, c, span, None) for group in groups for c in classes]))
    return margins


def panel_margins(
    panel: Iterable[tuple[int, str]], rates: Collection[Key], outcomes: Sequence[str]
) -> list[tuple[Key, list[Key]]]:
    """An outcome's persons in a year are the sum over all groups and centrality classes."""
    margins: list[tuple[Key, list[Key]]] = []
    for year, disposition in panel:
        cells = [key for key in rates if key[0] == "rate" and (key[3], key[4]) == (year, disposition)]
        if disposition in outcomes and cells:
            margins.append((("panel", year, disposition), cells))
    return margins


def fit_margins(
    model: str, group: str, classes: Collection[str], events: Sequence[str], span: Span
) -> list[tuple[Key, list[Key]]]:
    """Person-years and events of a fit are sums over centralities, except for rows that the fit leaves out."""
    return [
        (("fit", model, group, what, span), [("rate", group, c, span, what) for c in classes])
        for what in [None, *events]
    ]


def told_by_estimates(
    centralities: Iterable[tuple[str, str, str, str | None]], outcomes: Sequence[str], span: Span
) -> dict[Key, int]:
    """Lower bounds that fits reveal of counts over all years: 1 for each outcome at each centrality of such a fit.

    `centralities` holds group, level, status and message. Only fits that are "ok" and not bias-reduced reveal this: a
    level without events of some outcome has no finite estimate (Albert & Anderson 1984, Biometrika 71(1), 1-10).
    """
    return {
        ("rate", group, level, span, outcome): 1
        for group, level, status, message in centralities
        if says_every_level_has_events(status, message)
        for outcome in outcomes
    }


def _add_panel(system: CountSystem, con: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Panel accounting: a year's rows add up to its residents, a number that Statistics Norway publishes."""
    rows = con.sql(
        "select year, disposition, persons from marts.panel_accounting order by year, disposition"
    ).fetchall()
    system.counts |= {("panel", int(year), disposition): int(persons) for year, disposition, persons in rows}
    for year in sorted({row[0] for row in rows}):
        system.margins.append((None, [("panel", int(row[0]), row[1]) for row in rows if row[0] == year]))
    panel = [(int(year), disposition) for year, disposition, _ in rows]
    system.margins += panel_margins(panel, system.counts.keys(), study.variables.outcome.levels)


def _add_fits(system: CountSystem, con: duckdb.DuckDBPyConnection, study: Study, span: Span) -> None:
    """Counts behind each fit."""
    outcomes = study.variables.outcome.levels
    columns = ", ".join(["n_persons", "n_person_years", *(f"n_{event}" for event in outcomes[1:])])
    for model, group, n_persons, n_person_years, *n_events in con.sql(
        f"select model, population_group, {columns} from estimation.fit"
    ).fetchall():
        whats = dict(zip((PERSONS, None, *outcomes[1:]), (n_persons, n_person_years, *n_events), strict=True))
        system.counts |= {("fit", model, group, what, span): int(count) for what, count in whats.items()}
        system.margins += fit_margins(model, group, study.levels("centrality"), outcomes[1:], span)
