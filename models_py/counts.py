"""All counts of a release as one system: what is published, and which sums tie it together.

Belongs here: reading the counts that the published tables show, and their margins. Does not belong here: what is
withheld (`suppression`) and how it looks when published (`disclosure`).
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

import duckdb
import numpy as np

from models_py.study import Disclosure, Study
from models_py.suppression import Margin, suppress

# A rate's key is ("rate", group, centrality, year, outcome), with year None for all years and outcome None for all
# outcomes, hence for the person-years at risk; ("panel", year, disposition); ("fit", model, group, what).
Key = tuple[Hashable, ...]


@dataclass(slots=True)
class CountSystem:
    """Counts by key, and margins between them, while they are being put together."""

    counts: dict[Key, int] = field(default_factory=dict)
    margins: list[tuple[Key | None, list[Key]]] = field(default_factory=list)

    def withheld(self, rule: Disclosure) -> set[Key]:
        """The keys to withhold, small counts and those that would give them back."""
        at = {key: position for position, key in enumerate(self.counts)}
        margins = [
            Margin(tuple(at[part] for part in parts), None if total is None else at[total])
            for total, parts in self.margins
        ]
        hidden = suppress(np.array(list(self.counts.values()), dtype=np.int64), margins, rule.threshold)
        return {key for key, is_hidden in zip(self.counts, hidden, strict=True) if is_hidden}


def read_counts(con: duckdb.DuckDBPyConnection, study: Study) -> CountSystem:
    """All counts that a release of this warehouse publishes."""
    system = CountSystem()
    _add_rates(system, con, study)
    _add_panel(system, con, study)
    _add_fits(system, con, study)
    return system


def rate_years(system: CountSystem) -> list[int | None]:
    """Years of the observed rates, and None for all of them together."""
    years = {key[3] for key in system.counts if key[0] == "rate"}
    return [*sorted(year for year in years if isinstance(year, int)), None]


def _add_rates(system: CountSystem, con: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Observed person-years and events. A combination that nobody is in counts zero: its absence would say so too."""
    observed = {
        tuple(row[:4]): int(row[4])
        for row in con.sql("""
            select population_group, centrality, year, outcome, n_events from marts.observed_rate where year is not null
        """).fetchall()
    }
    years = sorted({key[2] for key in observed})
    outcomes = study.variables.outcome.levels
    for group in study.levels("population_group"):
        for centrality in study.levels("centrality"):
            for outcome in outcomes:
                of_year = {year: observed.get((group, centrality, year, outcome), 0) for year in years}
                for year, count in [*of_year.items(), (None, sum(of_year.values()))]:
                    system.counts["rate", group, centrality, year, outcome] = count
            for year in [*years, None]:
                parts: list[Key] = [("rate", group, centrality, year, outcome) for outcome in outcomes]
                at_risk: Key = ("rate", group, centrality, year, None)
                system.counts[at_risk] = sum(system.counts[part] for part in parts)
                system.margins.append((at_risk, parts))
            for what in [*outcomes, None]:
                over_years: list[Key] = [("rate", group, centrality, year, what) for year in years]
                system.margins.append((("rate", group, centrality, None, what), over_years))
    everyone: list[Key] = [key for key in system.counts if key[0] == "rate" and key[3:] == (None, None)]
    system.margins.append((None, everyone))  # run.n_person_years


def _add_panel(system: CountSystem, con: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Panel accounting: a year adds up to its residents, which Statistics Norway publishes."""
    for year, disposition, persons in con.sql(
        "select year, disposition, persons from marts.panel_accounting order by year, disposition"
    ).fetchall():
        system.counts["panel", year, disposition] = int(persons)
    panel: list[Key] = [key for key in system.counts if key[0] == "panel"]
    for year in sorted({str(key[1]) for key in panel}):
        system.margins.append((None, [key for key in panel if str(key[1]) == year]))
    for key in panel:
        if key[2] in study.variables.outcome.levels:
            cells: list[Key] = [
                rate for rate in system.counts if rate[0] == "rate" and (rate[3], rate[4]) == (key[1], key[2])
            ]
            if cells:
                system.margins.append((key, cells))


def _add_fits(system: CountSystem, con: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Counts behind each fit: totals over centrality, but for the rows a fit leaves out."""
    events = study.variables.outcome.levels[1:]
    columns = ", ".join(["model", "population_group", "n_person_years", *(f"n_{event}" for event in events)])
    for model, group, n_person_years, *n_events in con.sql(f"select {columns} from estimation.fit").fetchall():
        whats = dict(zip((None, *events), (n_person_years, *n_events), strict=True))
        # What is left is the base outcome; nobody need publish it for everybody to know it.
        whats[study.models.base_outcome] = n_person_years - sum(n_events)
        for what, count in whats.items():
            key: Key = ("fit", model, group, what)
            system.counts[key] = int(count)
            over_centrality: list[Key] = [("rate", group, c, None, what) for c in study.levels("centrality")]
            system.margins.append((key, over_centrality))
        parts: list[Key] = [("fit", model, group, outcome) for outcome in study.variables.outcome.levels]
        system.margins.append((("fit", model, group, None), parts))
