"""A small complete release, made up from the study specification: every group, class, profile, hypothesis and variant.

Belongs here: what tests of figures, pages and exports look at. Its numbers follow simple rules, so that a test can say
what to expect; nothing was estimated. Does not belong here: any expectation.
"""

import json
from datetime import UTC, datetime
from itertools import product
from math import exp, sqrt
from pathlib import Path
from typing import Any

import duckdb

from flows.home import STUDY_FILE
from flows.publish import write_results
from models_py.output_check import Decision, OutputCheck
from models_py.study import Hypothesis, Study, load_study
from models_py.tables import PUBLISHED_TABLES, VALIDATION

Row = dict[str, Any]
RUN_ID = "20260101T000000Z-aaaaaa"
YEARS = (2015, 2016, 2017)
MODELS = ("pooled", "random_effects")
OUTCOMES = ("internal_move", "emigration")
PERSON_YEARS = 20_000
MADE = datetime(2026, 1, 1, tzinfo=UTC)
VERDICTS = ("supported", "partly_supported", "not_supported", "inconclusive")
ACCOUNTING = {
    "unknown_municipality": 5,
    "not_mainland": 10,
    "not_resident": 15,
    "unknown_person": 20,
    "unknown_group": 25,
    "age_outside_window": 9000,
    "died": 50,
    "unexplained_exit": 30,
    "stay": 9200,
    "internal_move": 600,
    "emigration": 200,
}
CHECK = OutputCheck(
    tuple(Decision(name, "", "withheld", "pass", 90, 0, "") for name in ("observed_rate", "panel_accounting", "fit"))
)
# Yearly share of each outcome in the most central class, and what a step towards 5* adds to it.
SHARES = {
    "immigrant": {"internal_move": (0.04, 0.010), "emigration": (0.03, 0.001)},
    "norwegian_born": {"internal_move": (0.05, 0.015), "emigration": (0.01, 0.0005)},
    "native": {"internal_move": (0.05, -0.002), "emigration": (0.008, -0.0015)},
}


def write_release(folder: Path, study: Study) -> Path:
    """Write `results.duckdb` and `manifest.json` into a new folder, which is returned."""
    return write_rows(folder, release_rows(study), manifest(study))


def write_rows(folder: Path, rows: dict[str, list[Row]], told: Row, previous: Path | None = None) -> Path:
    """Write a release of these rows under this manifest; it may follow the one in another results database."""
    folder.mkdir(parents=True)
    tables = {table.name: table.arrow(rows[table.name]) for table in PUBLISHED_TABLES}
    # Made under another name: in `results.duckdb`, `results.<table>` is ambiguous while it is written.
    making = folder / "release.duckdb"
    write_results(making, previous, tables, CHECK, told["run_id"], load_study(STUDY_FILE))
    with duckdb.connect(str(making)) as con:
        con.execute(VALIDATION.create_sql("audit"))
        con.execute(
            "insert into audit.validation values (?, 'results', 'results', 'expect_table', 'fit', null, true)",
            [told["run_id"]],
        )
    making.rename(folder / "results.duckdb")
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def manifest(study: Study) -> Row:
    """A manifest as `flows.publish` writes it."""
    return {
        "run_id": RUN_ID,
        "started_at": MADE.isoformat(),
        "finished_at": MADE.isoformat(),
        "first_year": YEARS[0],
        "last_year": YEARS[-1],
        "input_hash": "1" * 64,
        "study_hash": "2" * 64,
        "study": study.model_dump(mode="json"),
        "code_version": "0.1.0+test",
        "packages": {"duckdb": "1.5.5"},
        "variants": [variant.name for variant in study.variants],
        "inputs": [
            {
                "delivery": "delivery_1",
                "file": "w21_faste_oppl.csv",
                "register": "faste_oppl",
                "sha256": "3" * 64,
                "rows": 1000,
            }
        ],
        "validation": [{"gate": "marts", "suite": "person_year", "expectations": 20, "met": 20}],
        "rows": {"marts.person_year": PERSON_YEARS, "raw.faste_oppl": 1000},
        "simulated_deliveries": ["delivery_1"],
    }


def release_rows(study: Study) -> dict[str, list[Row]]:
    """The rows of every published table, without `run_id`."""
    groups, classes = study.models.groups, study.variables.centrality.levels
    coefficients = [
        coefficient(model, group, outcome, term, level, reference)
        for model, group, outcome in product(MODELS, groups, OUTCOMES)
        for term, level, reference in term_levels(study)
    ]
    effects = [
        {"model": model, "population_group": group, "term": term, "level": level, "outcome": outcome}
        | {"effect": 0.01, "std_error": 0.001, "ci_low": 0.008, "ci_high": 0.012}
        for model, group, outcome in product(MODELS, groups, ("stay", *OUTCOMES))
        for term, level, reference in term_levels(study)
        if term not in ("intercept", "age_squared") and not reference
    ]
    return {
        "run": [
            {"started_at": MADE, "finished_at": MADE, "first_year": YEARS[0], "last_year": YEARS[-1]}
            | {
                "n_person_years": PERSON_YEARS,
                "code_version": "0.1.0+test",
                "study_hash": "2" * 64,
                "input_hash": "1" * 64,
            }
        ],
        "coefficient": coefficients,
        "relative_risk_ratio": [relative_risk_ratio(row) for row in coefficients],
        "variance_component": [
            {"population_group": group, "name": name, "estimate": 0.5, "std_error": 0.1, "ci_low": 0.3, "ci_high": 0.7}
            for group, name in product(groups, ("sd_internal_move", "sd_emigration", "correlation"))
        ],
        "covariance": [
            {"model": model, "population_group": group, "value": 0.01}
            | {f"{side}_{part}": value for side in ("row", "col") for part, value in intercept(outcome).items()}
            for model, group, outcome in product(MODELS, groups, OUTCOMES)
        ],
        "fit": [
            {"model": model, "population_group": group, "status": "ok", "message": "", "n_persons": 5000}
            | {"n_person_years": PERSON_YEARS, "n_internal_move": 1000, "n_emigration": 200, "iterations": 6}
            | {
                "log_likelihood": -2000.0,
                "null_log_likelihood": -2100.0,
                "pseudo_r2": 0.048,
                "aic": 4.0e3,
                "bic": 4.1e3,
            }
            for model, group in product(MODELS, groups)
        ],
        "observed_rate": [
            observed_rate(group, centrality, step, year, outcome)
            for group, (step, centrality), year in product(groups, enumerate(classes), (*YEARS, None))
            for outcome in ("stay", *OUTCOMES)
        ],
        "predicted_probability": predicted_probabilities(study),
        "marginal_effect": effects,
        "marginal_effect_contrast": [
            effect_contrast(row, other)
            for row in effects
            for other in groups
            if groups.index(row["population_group"]) < groups.index(other)
        ],
        "panel_accounting": [
            {"year": year, "disposition": disposition, "persons": persons}
            for year, (disposition, persons) in product(YEARS, ACCOUNTING.items())
        ],
    } | hypothesis_rows(study)


def intercept(outcome: str) -> Row:
    """What names the intercept of an outcome."""
    return {"outcome": outcome, "term": "intercept", "level": ""}


def term_levels(study: Study) -> list[tuple[str, str, bool]]:
    """Each model term with its levels, and whether the level is the reference."""
    listed = []
    for term in study.models.terms:
        if term.reference is None:
            listed.append((term.name, "", False))
        elif term.name == "year":
            listed += [(term.name, str(year), year == YEARS[0]) for year in YEARS]
        else:
            listed += [(term.name, level, level == term.reference) for level in study.levels(term.name)]
    names = [name for name, _, _ in listed]
    return listed if "intercept" in names else [("intercept", "", False), *listed]


def coefficient(model: str, group: str, outcome: str, term: str, level: str, is_reference: bool) -> Row:
    """A coefficient of 0.3, that of random effects slightly more; the reference level 0."""
    names = {"model": model, "population_group": group, "outcome": outcome, "term": term, "level": level}
    if is_reference:
        return names | {"estimate": 0.0, "is_reference": True}
    estimate = 0.3 if model == "pooled" else 0.35
    interval = {"ci_low": estimate - 0.196, "ci_high": estimate + 0.196}
    tested = {"std_error": 0.1, "z": estimate / 0.1, "p_value": 0.0027}
    return names | {"estimate": estimate, "is_reference": False} | tested | interval


def relative_risk_ratio(row: Row) -> Row:
    """The ratio that a coefficient stands for."""
    names = {name: row[name] for name in ("model", "population_group", "outcome", "term", "level")}
    ends = {name: exp(row[name]) for name in ("ci_low", "ci_high") if name in row}
    return names | {"ratio": exp(row["estimate"])} | ends


def effect_contrast(row: Row, other_group: str) -> Row:
    """An effect held against that of another group, which is the same."""
    names = {name: row[name] for name in ("model", "population_group", "term", "level", "outcome")}
    tested = {"std_error": 0.0014, "z": 0.0, "p_value": 1.0, "ci_low": -0.0028, "ci_high": 0.0028}
    return names | {"other_group": other_group, "difference": 0.0} | tested


def share(group: str, step: int, outcome: str) -> float:
    """The yearly share of an outcome, so many steps from the most central class."""
    if outcome == "stay":
        return 1 - sum(share(group, step, other) for other in OUTCOMES)
    first, added = SHARES[group][outcome]
    return first + step * added


def observed_rate(group: str, centrality: str, step: int, year: int | None, outcome: str) -> Row:
    """An observed share with an interval of two standard errors."""
    p = share(group, step, outcome)
    margin = 2 * sqrt(p * (1 - p) / PERSON_YEARS)
    counted = {"n_person_years": PERSON_YEARS, "n_events": round(PERSON_YEARS * p)}
    names = {"population_group": group, "centrality": centrality, "year": year, "outcome": outcome}
    return names | counted | {"share": p, "ci_low": p - margin, "ci_high": p + margin}


def predicted_probabilities(study: Study) -> list[Row]:
    """The observed shares, tilted a little from profile to profile."""
    base = study.profiles.base
    fixed = {"age": base.age, "sex": base.sex, "education": base.education, "year": YEARS[-1]}
    rows = []
    for model, group, (step, centrality) in product(
        MODELS, study.models.groups, enumerate(study.variables.centrality.levels)
    ):
        for place, situation in enumerate(study.figure_situations()):
            moves = {outcome: share(group, step, outcome) * (0.5 + place / 20) for outcome in OUTCOMES}
            for outcome, p in ({"stay": 1 - sum(moves.values())} | moves).items():
                names = {"model": model, "population_group": group, "centrality": centrality, "outcome": outcome}
                at = {name: getattr(situation, name) for name in ("family_situation", "labour_market_status")}
                interval = {"probability": p, "std_error": p / 20, "ci_low": p * 0.9, "ci_high": min(p * 1.1, 1)}
                rows.append(names | fixed | at | interval)
    return rows


def hypothesis_rows(study: Study) -> dict[str, list[Row]]:
    """Hypotheses whose verdicts go through all there are, with two tests each where there are any."""
    judged = [
        (model, hypothesis, VERDICTS[place % len(VERDICTS)])
        for model in MODELS
        for place, hypothesis in enumerate(study.hypotheses)
    ]
    verdicts = [
        {"model": model, "hypothesis_id": hypothesis.id, "verdict": verdict, "note": "A note."}
        | {"n_tests": len(support(verdict)), "n_supporting": sum(support(verdict))}
        for model, hypothesis, verdict in judged
    ]
    tests = [
        {
            "model": model,
            "hypothesis_id": hypothesis.id,
            "profile": f"{family}, employed",
            "contrast": contrast(hypothesis),
        }
        | {
            "estimate": 0.5,
            "std_error": 0.1,
            "z": 5.0,
            "p_value": 0.001,
            "p_adjusted": 0.002,
            "ci_low": 0.3,
            "ci_high": 0.7,
        }
        | {
            "margin": hypothesis.margin,
            "equivalent": None if hypothesis.margin is None else False,
            "supports": supports,
        }
        for model, hypothesis, verdict in judged
        for family, supports in zip(("alone", "married_with_children"), support(verdict), strict=False)
    ]
    statements = [
        {"hypothesis_id": one.id, "statement_en": one.statement.en, "statement_nb": one.statement.nb}
        for one in study.hypotheses
    ]
    variants = [
        {"variant": one.name, "statement_en": one.statement.en, "statement_nb": one.statement.nb}
        for one in study.variants
    ]
    sensitivity = [
        verdict | {"variant": one.name, "base_verdict": verdict["verdict"], "agrees": True}
        for one in study.variants
        for verdict in verdicts
    ]
    return {
        "hypothesis": statements, "hypothesis_verdict": verdicts, "hypothesis_test": tests,
        "variant": variants, "sensitivity": sensitivity,
    }  # fmt: skip


def contrast(hypothesis: Hypothesis) -> str:
    """What a hypothesis compares, as `models_py.contrasts` names it."""
    group, other = hypothesis.group, hypothesis.other_group
    return {
        "between_groups": f"log ratio {group} / {other}",
        "urban_minus_rural": f"difference centrality 1 - 5*, {group}",
        "rural_minus_urban": f"difference centrality 5* - 1, {group}",
        "smaller_gap": f"gap {other} - gap {group}, gap = centrality 5* - 1",
    }[hypothesis.contrast]


def support(verdict: str) -> tuple[bool, ...]:
    """Whether each test behind a verdict speaks for the hypothesis."""
    tests = {"supported": (True, True), "partly_supported": (True, False), "not_supported": (False, False)}
    return tests.get(verdict, ())
