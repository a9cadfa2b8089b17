"""A small results database in the published tables, made by hand: what a release of a simulated Norway could say.

Belongs here: its rows. Numbers are made up, but differ from cell to cell, so that a figure that mixes cells up is seen.
"""

import itertools
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from flows.home import STUDY_FILE
from models_py.hypotheses import Hypothesis
from models_py.study import Study, load_study
from models_py.tables import PUBLISHED_TABLES

GROUPS = ("immigrant", "norwegian_born", "native")
MODELS = ("pooled", "random_effects")
CLASSES = ("1", "2", "3", "4", "5*")
MOVES = ("internal_move", "emigration")
Rows = list[dict[str, object]]


def write_results(path: Path) -> None:
    """The database, with every published table, empty where no figure or table needs it."""
    study = load_study(STUDY_FILE)
    made = {
        "run": [run()],
        "observed_rate": observed_rates(),
        "coefficient": coefficients(study),
        "variance_component": variance_components(),
        "fit": fits(),
        "predicted_probability": probabilities(study),
        "hypothesis": [
            {"hypothesis_id": h.id, "statement_en": h.statement.en, "statement_nb": h.statement.nb}
            for h in study.hypotheses
        ],
        "hypothesis_test": [test for h in study.hypotheses for model in MODELS for test in tests_of(h, model, study)],
        "hypothesis_verdict": [verdict(h, model) for h in study.hypotheses for model in MODELS],
    }
    with duckdb.connect(str(path)) as con:
        con.execute("create schema results")
        for table in PUBLISHED_TABLES:
            con.execute(table.create_sql("results"))
            rows = made.get(table.name, [])
            if rows:
                whole = [dict.fromkeys(table.column_names) | {"run_id": "run-1"} | row for row in rows]
                con.register("made", pa.Table.from_pylist(whole))
                con.execute(f"insert into results.{table.name} by name select * from made")
                con.unregister("made")


def run() -> dict[str, object]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    years = {"started_at": at, "finished_at": at, "first_year": 2015, "last_year": 2020}
    return years | {"n_person_years": 1_000_000, "code_version": "0.1.0", "study_hash": "a", "input_hash": "b"}


def observed_rates() -> Rows:
    rows: Rows = []
    for (g, group), (c, centrality) in itertools.product(enumerate(GROUPS), enumerate(CLASSES)):
        events = {"internal_move": 400 + 150 * c - 40 * g * c, "emigration": 300 - 130 * g - 5 * c}
        events["stay"] = 10_000 - sum(events.values())
        for outcome, n in events.items():
            share = n / 10_000
            rows.append(
                {"population_group": group, "centrality": centrality, "year": None, "outcome": outcome,
                 "n_person_years": 10_000, "n_events": n, "share": share, "ci_low": 0.9 * share, "ci_high": 1.1 * share}
            )  # fmt: skip
    # A single year must not slip into figures of all years together.
    return [*rows, *(row | {"year": 2015, "share": 0.5} for row in rows)]


def coefficients(study: Study) -> Rows:
    rows: Rows = []
    for m, model in enumerate(MODELS):
        for (g, group), (o, outcome) in itertools.product(enumerate(GROUPS), enumerate(MOVES)):
            for t, term in enumerate(study.models.terms):
                levels = ("2015", "2016") if term.name == "year" else ("",)
                if term.reference not in (None, "first"):
                    levels = study.levels(term.name)
                for n, level in enumerate(levels):
                    is_reference = bool(level) and level in (term.reference, "2015")
                    estimate = 0.0 if is_reference else 0.1 * (n + 1) + 0.01 * t + 0.001 * (g + 3 * o) + 0.0001 * m
                    error = None if is_reference else 0.05
                    rows.append(
                        {"model": model, "population_group": group, "outcome": outcome, "term": term.name,
                         "level": level, "estimate": estimate, "std_error": error,
                         "z": error and estimate / error, "p_value": error and 0.003,
                         "ci_low": error and estimate - 0.098, "ci_high": error and estimate + 0.098,
                         "is_reference": is_reference}
                    )  # fmt: skip
    return rows


def variance_components() -> Rows:
    names = ("sd_internal_move", "sd_emigration", "correlation")
    return [
        {"population_group": group, "name": name, "estimate": 0.3 + 0.1 * n + 0.01 * g, "std_error": 0.05,
         "ci_low": 0.2, "ci_high": 0.7}
        for (g, group), (n, name) in itertools.product(enumerate(GROUPS), enumerate(names))
    ]  # fmt: skip


def fits() -> Rows:
    return [
        {"model": model, "population_group": group, "status": "ok", "message": "", "n_persons": 12_345 + g,
         "n_person_years": 50_000, "n_internal_move": 3_000, "n_emigration": 1_400, "log_likelihood": -9_000.0,
         "null_log_likelihood": -9_500.0, "pseudo_r2": 0.053, "aic": 18_100.0, "bic": 18_700.0, "iterations": 6}
        for model, (g, group) in itertools.product(MODELS, enumerate(GROUPS))
    ]  # fmt: skip


def probabilities(study: Study) -> Rows:
    rows: Rows = []
    for m, model in enumerate(MODELS):
        for (g, group), (c, centrality) in itertools.product(enumerate(GROUPS), enumerate(CLASSES)):
            for n, (family, labour) in enumerate(
                itertools.product(study.profiles.family_situation, study.profiles.labour_market_status)
            ):
                move, emigration = 0.03 + 0.01 * c + 0.001 * n + 0.0001 * m, 0.04 - 0.015 * g - 0.0005 * n
                for outcome, value in (("stay", 1 - move - emigration), ("internal_move", move),
                                       ("emigration", emigration)):  # fmt: skip
                    rows.append(
                        {"model": model, "population_group": group, "centrality": centrality, "age": 35,
                         "sex": "female", "family_situation": family, "labour_market_status": labour,
                         "education": "short_higher", "year": 2020, "outcome": outcome, "probability": value,
                         "std_error": 0.001, "ci_low": 0.9 * value, "ci_high": 1.1 * value}
                    )  # fmt: skip
    return rows


def tests_of(hypothesis: Hypothesis, model: str, study: Study) -> Rows:
    """Tests that all support, but the last of H1b; named as `models_py/contrasts.py` names them."""
    tests = study.tests
    name = {
        "between_groups": f"log ratio {hypothesis.group} / {hypothesis.other_group}",
        "urban_minus_rural": f"difference centrality {tests.urban} - {tests.rural}, {hypothesis.group}",
        "rural_minus_urban": f"difference centrality {tests.rural} - {tests.urban}, {hypothesis.group}",
        "smaller_gap": f"gap {hypothesis.other_group} + gap {hypothesis.group}, "
        f"gap = centrality {tests.rural} - {tests.urban}",
    }[hypothesis.contrast]
    places = [f", centrality {getattr(tests, place)}" for place in hypothesis.centrality] or [""]
    no_difference = hypothesis.direction == "none"
    profiles = [f"{situation.name}{place}" for situation in study.tested_situations(hypothesis) for place in places]
    return [
        {"model": model, "hypothesis_id": hypothesis.id, "profile": profile, "contrast": name,
         "estimate": 0.0123 + 0.001 * n, "std_error": 0.002, "z": 6.1, "p_value": 0.4 if no_difference else 1e-9,
         "p_adjusted": 0.4 if no_difference else 2e-9, "ci_low": 0.008, "ci_high": 0.016,
         "margin": hypothesis.margin, "equivalent": (n > 0) if no_difference else None,
         "supports": not (hypothesis.id == "H1b" and n == len(profiles) - 1)}
        for n, profile in enumerate(profiles)
    ]  # fmt: skip


def verdict(hypothesis: Hypothesis, model: str) -> dict[str, object]:
    total = 12 if hypothesis.contrast == "between_groups" else 6
    partly = hypothesis.id == "H1b"
    return {
        "model": model,
        "hypothesis_id": hypothesis.id,
        "verdict": "partly_supported" if partly else "supported",
        "n_tests": total,
        "n_supporting": total - partly,
        "note": "English alone.",
    }
