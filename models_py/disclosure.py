"""Disclosure control: what may leave the warehouse, and in which form (design §7).

Belongs here: the rules for counts, shares and fit statistics, and the published form of every table. Does not belong
here: writing a release, or how secondary suppression picks its counts (`suppression`, `counts`).
"""

import math
from typing import NamedTuple

import duckdb
import pyarrow as pa
from scipy.special import ndtri

from models_py.contrasts import cells_behind
from models_py.counts import CountSystem, Key, rate_years, read_counts
from models_py.hypotheses import Hypothesis
from models_py.rounding import rounded_count
from models_py.study import Study
from models_py.tables import (
    ESTIMATION_TABLES,
    FIT,
    OBSERVED_RATE,
    PANEL_ACCOUNTING,
)
from models_py.verdict_tables import HYPOTHESIS, HYPOTHESIS_VERDICT, VARIANT

__all__ = ["DisclosureError", "Publication", "publishable", "rounded_count"]

Row = dict[str, object]

# Each of these would tell a withheld count of a fit, being a function of the counts.
TELLING_STATISTICS = ("log_likelihood", "null_log_likelihood", "pseudo_r2", "aic", "bic")


class DisclosureError(RuntimeError):
    """Something that may not be published is about to be; nothing is."""


class Publication(NamedTuple):
    """What may be published: every table but `run`, without `run_id`, and how many counts each withholds."""

    tables: dict[str, pa.Table]
    withheld: pa.Table


def publishable(con: duckdb.DuckDBPyConnection, study: Study) -> Publication:
    """The published form of all tables of a warehouse with marts and estimates.

    Raises:
        DisclosureError: estimates stand there that rest on too few persons.
    """
    _check_degrees_of_freedom(con, study)
    system = read_counts(con, study)
    withheld = system.withheld(study.disclosure)
    published = {
        key: None if key in withheld else rounded_count(count, study.disclosure) for key, count in system.counts.items()
    }
    tables = {
        table.name: con.sql(
            f"select {', '.join(column.name for column in table.columns)} from estimation.{table.name}"
        ).to_arrow_table()
        for table in ESTIMATION_TABLES
    }
    tables[FIT.name] = FIT.arrow(_fit_row(row, published, study) for row in tables[FIT.name].to_pylist())
    tables[OBSERVED_RATE.name] = OBSERVED_RATE.arrow(_rate_rows(published, rate_years(system), study))
    tables[PANEL_ACCOUNTING.name] = PANEL_ACCOUNTING.arrow(
        {"year": key[1], "disposition": key[2], "persons": count}
        for key, count in published.items()
        if key[0] == "panel"
    )
    tables[HYPOTHESIS.name] = HYPOTHESIS.arrow(
        {"hypothesis_id": h.id, "statement_en": h.statement.en, "statement_nb": h.statement.nb}
        for h in study.hypotheses
    )
    tables[VARIANT.name] = VARIANT.arrow(
        {"variant": v.name, "statement_en": v.statement.en, "statement_nb": v.statement.nb} for v in study.variants
    )
    tables[HYPOTHESIS_VERDICT.name] = HYPOTHESIS_VERDICT.arrow(
        _verdict_row(row, published, study) for row in tables[HYPOTHESIS_VERDICT.name].to_pylist()
    )
    return Publication(tables, _withheld_table(system, withheld, study))


def wilson_interval(events: int, total: int, confidence: float) -> tuple[float, float]:
    """Wilson's (1927) score interval of events / total."""
    z = float(ndtri((1 + confidence) / 2))
    share = events / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _check_degrees_of_freedom(con: duckdb.DuckDBPyConnection, study: Study) -> None:
    """Estimation already refuses such fits; this holds whatever wrote the tables."""
    too_small = con.execute(
        """
        select fit.model, fit.population_group
        from estimation.fit
        inner join estimation.coefficient using (model, population_group)
        where not coefficient.is_reference
        group by fit.model, fit.population_group, fit.n_persons
        having fit.n_persons - count(*) < ?
        """,
        [study.disclosure.residual_degrees_of_freedom],
    ).fetchall()
    if too_small:
        raise DisclosureError(f"too few residual degrees of freedom to publish: {too_small}")


def _fit_row(row: Row, published: dict[Key, int | None], study: Study) -> Row:
    """A fit as published: rounded counts, statistics that do not give the true ones back."""
    counts = {
        "n_person_years" if what is None else f"n_{what}": published["fit", row["model"], row["population_group"], what]
        for what in (None, *study.variables.outcome.levels[1:])
    }
    counts["n_persons"] = rounded_count(int(str(row["n_persons"])), study.disclosure)
    statistics: Row = dict.fromkeys(TELLING_STATISTICS)
    if row["status"] == "ok" and None not in counts.values():
        statistics = {name: round(float(str(row[name]))) for name in TELLING_STATISTICS}
        statistics["pseudo_r2"] = round(float(str(row["pseudo_r2"])), 3)
    return row | counts | statistics


def _rate_rows(published: dict[Key, int | None], years: list[int | None], study: Study) -> list[Row]:
    """Observed rates as published, on the whole grid of groups, classes, years and outcomes."""
    return [
        {"population_group": group, "centrality": centrality, "year": year, "outcome": outcome}
        | _share(
            published["rate", group, centrality, year, outcome],
            published["rate", group, centrality, year, None],
            study.models.confidence_level,
        )
        for group in study.levels("population_group")
        for centrality in study.levels("centrality")
        for year in years
        for outcome in study.variables.outcome.levels
    ]


def _share(events: int | None, total: int | None, confidence: float) -> Row:
    """Share and interval from published counts, where both are."""
    row: Row = {"n_person_years": total, "n_events": events, "share": None, "ci_low": None, "ci_high": None}
    if events is not None and total is not None:
        low, high = wilson_interval(events, total, confidence)
        row |= {"share": events / total, "ci_low": low, "ci_high": high}
    return row


def _verdict_row(row: Row, published: dict[Key, int | None], study: Study) -> Row:
    """A verdict whose note says on how few events it rests, by the counts that are published elsewhere."""
    if row["verdict"] == "inconclusive":
        return row
    hypothesis = next(h for h in study.hypotheses if h.id == row["hypothesis_id"])
    return row | {"note": f"{row['note']} {_events_sentence(hypothesis, published, study)}"}


def _events_sentence(hypothesis: Hypothesis, published: dict[Key, int | None], study: Study) -> str:
    counts = {
        f"{group}, centrality {centrality}": published["rate", group, centrality, None, hypothesis.outcome]
        for group, centrality in cells_behind(hypothesis, study)
    }
    events = f"{hypothesis.outcome} events"
    hidden = [cell for cell, count in counts.items() if count is None]
    if hidden:
        return (
            f"Few events: the number of {events} is withheld for {'; '.join(hidden)} "
            f"(fewer than {study.disclosure.threshold}, or withheld to protect another number)."
        )
    smallest, cell = min((count, cell) for cell, count in counts.items() if count is not None)
    warning = "Few events: the" if smallest < study.disclosure.few_events else "The"
    return f"{warning} smallest cell behind it ({cell}) has about {smallest:,} {events}."


def _withheld_table(system: CountSystem, withheld: set[Key], study: Study) -> pa.Table:
    """How many counts each table has and withholds, small ones and those withheld to protect them; for the audit."""
    rows = []
    for kind, table in {"rate": OBSERVED_RATE, "panel": PANEL_ACCOUNTING, "fit": FIT}.items():
        keys = {key for key in system.counts if key[0] == kind}
        if kind == "fit":  # its base outcome stands in no table
            keys = {key for key in keys if key[-1] != study.models.base_outcome}
        small = {key for key in keys if system.counts[key] < study.disclosure.threshold}
        rows.append(
            {
                "table_name": table.name,
                "n_counts": len(keys),
                "n_withheld_small": len(small),
                "n_withheld_secondary": len(withheld & keys - small),
            }
        )
    return pa.Table.from_pylist(rows)
