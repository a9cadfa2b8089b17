"""How counts look when published: fits, observed rates and the notes of verdicts, made from counts not withheld.

Belongs here: the published form of rows. Does not belong here: the choice of counts to withhold (`release_protection`).
"""

import math
from collections.abc import Collection

from scipy.special import ndtri

from models_py.contrasts import cells_behind
from models_py.counts import PERSONS, Key, Span
from models_py.few_events import CENTRALITY, UNSAID, event_name, published_message
from models_py.hypotheses import Hypothesis
from models_py.study import Study

Row = dict[str, object]
Published = dict[Key, int | None]

UNTESTED_BY_STUDY = (
    "Not published: the study itself could not test it, and why it could not would be told (the warehouse's "
    "estimation.sensitivity has the verdict)."
)
# Each of these could reveal a withheld count of a fit, because it is a function of the counts.
TELLING_STATISTICS = ("log_likelihood", "null_log_likelihood", "pseudo_r2", "aic", "bic")


def wilson_interval(events: int, total: int, confidence: float) -> tuple[float, float]:
    """Wilson's (1927) score interval of events / total."""
    z = float(ndtri((1 + confidence) / 2))
    share = events / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def fit_row(row: Row, published: Published, likelihoods: Collection[tuple[Key, ...]], span: Span, study: Study) -> Row:
    """A fit as published: published counts, and statistics if its `likelihoods` may be published beside them."""
    model, group = str(row["model"]), str(row["population_group"])
    whats = (None, *study.variables.outcome.levels[1:])
    counts = {
        "n_person_years" if what is None else f"n_{what}": published["fit", model, group, what, span]
        for what in (PERSONS, *whats)
    }
    keys: tuple[Key, ...] = tuple(("fit", model, group, what, span) for what in whats)
    statistics: Row = dict.fromkeys(TELLING_STATISTICS)
    if row["status"] == "ok" and None not in counts.values() and keys in likelihoods:
        statistics = {name: round(float(str(row[name]))) for name in TELLING_STATISTICS}
        statistics["pseudo_r2"] = round(float(str(row["pseudo_r2"])), 3)
    return row | counts | statistics | {"message": _message(row, published, span, study)}


def _message(row: Row, published: Published, span: Span, study: Study) -> str:
    """The published message of a fit. It names no level without events; by centrality it only says what is withheld."""
    message = str(row["message"])
    if row["status"] != "ok":
        return UNSAID.get(str(row["status"]), message)
    has_centrality = CENTRALITY in {term.name for term in study.models.terms}
    withheld = [
        event_name(outcome, CENTRALITY, level)
        for level in (study.levels(CENTRALITY) if has_centrality else ())
        for outcome in study.variables.outcome.levels
        if published["rate", str(row["population_group"]), level, span, outcome] is None
    ]
    return published_message(message, withheld, study.disclosure.threshold)


def rate_rows(published: Published, span: Span, study: Study) -> list[Row]:
    """Observed rates as published, on the whole grid of groups, classes, years and outcomes."""
    years = sorted({key[3] for key in published if key[0] == "rate" and isinstance(key[3], int)})
    return [
        {
            "population_group": group,
            "centrality": centrality,
            "year": None if year == span else year,
            "outcome": outcome,
        }
        | _share(
            published["rate", group, centrality, year, outcome],
            published["rate", group, centrality, year, None],
            study.models.confidence_level,
        )
        for group in study.levels("population_group")
        for centrality in study.levels("centrality")
        for year in [*years, span]
        for outcome in study.variables.outcome.levels
    ]


def _share(events: int | None, total: int | None, confidence: float) -> Row:
    """Share and interval from published counts, if both are published."""
    row: Row = {"n_person_years": total, "n_events": events, "share": None, "ci_low": None, "ci_high": None}
    if events is not None and total is not None:
        low, high = wilson_interval(events, total, confidence)
        row |= {"share": events / total, "ci_low": low, "ci_high": high}
    return row


def verdict_row(row: Row, published: Published, span: Span, study: Study) -> Row:
    """A verdict with a note on the smallest number of events behind it, taken from published counts."""
    if row["verdict"] == "inconclusive":
        return row
    hypothesis = next(h for h in study.hypotheses if h.id == row["hypothesis_id"])
    return row | {"note": f"{row['note']} {_events_sentence(hypothesis, published, span, study)}"}


def sensitivity_row(row: Row) -> Row:
    """A verdict under a variant, shown only if the study itself could test the hypothesis.

    If a variant's model can be estimated where the study's own cannot, this would reveal which levels have events.
    Therefore all hypotheses that the study could not test look alike.
    """
    if row["base_verdict"] != "inconclusive":
        return row
    return row | {"verdict": "inconclusive", "n_tests": 0, "n_supporting": 0, "agrees": None, "note": UNTESTED_BY_STUDY}


def _events_sentence(hypothesis: Hypothesis, published: Published, span: Span, study: Study) -> str:
    counts = {
        f"{group}, centrality {centrality}": published["rate", group, centrality, span, hypothesis.outcome]
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
