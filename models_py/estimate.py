"""The estimation step: from `estimation.cell` and `estimation.path` to fits, predictions, tests and verdicts.

Belongs here: the order of the work, and the rows of tests and verdicts. Does not belong here: computing any number, or
the rows of fits (`fit_rows`) and effects (`effect_rows`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

import duckdb
from threadpoolctl import threadpool_limits

from models_py.cells import Cells, PathBatch, count_persons, panel_years, read_cells, read_paths
from models_py.contrasts import GroupModel, Question
from models_py.effect_rows import effect_contrast_rows, effect_rows, effects_of_group
from models_py.effect_tables import (
    MARGINAL_EFFECT,
    MARGINAL_EFFECT_CONTRAST,
    PREDICTED_PROBABILITY,
    RELATIVE_RISK_RATIO,
)
from models_py.estimability import NotEstimableError
from models_py.fit_rows import (
    GroupFit,
    Row,
    coefficient_rows,
    covariance_rows,
    fit_row,
    risk_ratio_rows,
    variance_rows,
)
from models_py.pooled import Sample, fit_pooled, make_sample
from models_py.prediction import predicted_rows
from models_py.random_effects_fit import fit_random_effects
from models_py.results import FittedModel
from models_py.study import Study
from models_py.tables import COEFFICIENT, COVARIANCE, ESTIMATION_TABLES, FIT, HYPOTHESIS_TEST, VARIANCE_COMPONENT
from models_py.verdict_tables import HYPOTHESIS_VERDICT
from models_py.verdicts import Judgement, judge
from storage.warehouse import open_warehouse

Estimator = Callable[[Sample, Iterable[PathBatch], Study], FittedModel]
# Called with the model and the group after each fit.
Watch = Callable[[str, str], object]

# The models of the study by their published names. Each is estimated for every group.
ESTIMATORS: dict[str, Estimator] = {"pooled": fit_pooled, "random_effects": fit_random_effects}
# Models that reduce bias if the data separate and study.yml allows it; the others refuse separated data.
BIAS_REDUCED = ("pooled",)


def estimate(database: Path, study: Study, watch: Watch | None = None) -> None:
    """Estimate everything the study asks for and write all of it, or nothing, into the warehouse's `estimation` schema.

    Raises:
        EstimationInputError: cells and paths contradict each other or the specification.
    """
    with open_warehouse(database) as con:
        # Matrices are small: on a busy machine a second BLAS thread costs far more time than it saves.
        with threadpool_limits(limits=1, user_api="blas"):
            fits, last_year = fit_all(con, study, tuple(ESTIMATORS), watch)
            tables = make_tables(fits, study, last_year)
        write_tables(con, tables)


def verdicts(database: Path, study: Study, models: Collection[str] = tuple(ESTIMATORS)) -> list[Row]:
    """The rows of `hypothesis_verdict` for a study and these models; nothing is written.

    Raises:
        EstimationInputError: cells and paths contradict each other or the specification.
    """
    with (
        open_warehouse(database, read_only=True) as con,
        threadpool_limits(limits=1, user_api="blas"),
    ):
        fits, last_year = fit_all(con, study, models)
        return [verdict_row(model, judge(question)) for model, question in questions(fits, study, last_year)]


def fit_all(
    con: duckdb.DuckDBPyConnection, study: Study, models: Collection[str], watch: Watch | None = None
) -> tuple[list[GroupFit], int]:
    """The models of every group, and the last panel year."""
    years, fits = panel_years(con), []
    for model in models:
        for group in study.models.groups:
            fits.append(fit_group(con, model, group, read_cells(con, group, years, study), study))
            if watch:
                watch(model, group)
    return fits, int(years[-1])


def fit_group(con: duckdb.DuckDBPyConnection, model: str, group: str, cells: Cells, study: Study) -> GroupFit:
    """Fit a model to a group, or return the reason why it cannot be fitted."""
    counts, n_persons = cells.counts.sum(axis=0), count_persons(con, group)
    try:
        sample = make_sample(cells, n_persons, study, may_separate=model in BIAS_REDUCED)
        fitted = ESTIMATORS[model](sample, read_paths(con, group), study)
    except NotEstimableError as reason:
        return GroupFit(model, group, reason.status, str(reason), n_persons, counts, None, None)
    message = "; ".join([*fitted.remarks, *sample.remarks])
    counts = sample.cells.counts.sum(axis=0)
    return GroupFit(model, group, "ok", message, fitted.n_persons, counts, sample, fitted)


def make_tables(fits: list[GroupFit], study: Study, last_year: int) -> dict[str, list[Row]]:
    """The rows of every estimation table."""
    fitted = [(fit, fit.fitted) for fit in fits if fit.fitted is not None]
    coefficients = [row for fit, results in fitted for row in coefficient_rows(fit, results, study)]
    effects = [effects_of_group(fit, results) for fit, results in fitted]
    judgements = [(model, judge(question)) for model, question in questions(fits, study, last_year)]
    rows: dict[str, Iterator[Row]] = {
        FIT.name: (fit_row(fit, study) for fit in fits),
        COEFFICIENT.name: iter(coefficients),
        RELATIVE_RISK_RATIO.name: risk_ratio_rows(coefficients),
        VARIANCE_COMPONENT.name: (row for fit, results in fitted for row in variance_rows(fit, results)),
        COVARIANCE.name: (row for fit, results in fitted for row in covariance_rows(fit, results, study)),
        PREDICTED_PROBABILITY.name: (
            {"model": fit.model, "population_group": fit.group} | row
            for fit, results in fitted
            for row in predicted_rows(results, study, last_year)
        ),
        MARGINAL_EFFECT.name: (row for of_group in effects for row in effect_rows(of_group, study)),
        MARGINAL_EFFECT_CONTRAST.name: effect_contrast_rows(effects, study),
        HYPOTHESIS_TEST.name: (row for model, judgement in judgements for row in contrast_test_rows(model, judgement)),
        HYPOTHESIS_VERDICT.name: (verdict_row(model, judgement) for model, judgement in judgements),
    }
    return {name: list(of_table) for name, of_table in rows.items()}


def questions(fits: list[GroupFit], study: Study, last_year: int) -> Iterator[tuple[str, Question]]:
    """Every combination of model and hypothesis, as a question."""
    for model in dict.fromkeys(fit.model for fit in fits):
        groups = {fit.group: GroupModel(fit.status, fit.fitted) for fit in fits if fit.model == model}
        for hypothesis in study.hypotheses:
            yield model, Question(hypothesis, groups, study, last_year)


def write_tables(con: duckdb.DuckDBPyConnection, rows: dict[str, list[Row]]) -> None:
    """Replace all estimation tables in one transaction; `sensitivity` stays empty until variants are estimated."""
    con.execute("begin transaction")
    for table in ESTIMATION_TABLES:
        con.execute(f"drop table if exists estimation.{table.name}")
        con.execute(table.create_estimation_sql())
        con.register("estimated", table.arrow(rows.get(table.name, [])))
        con.execute(f"insert into estimation.{table.name} by name select * from estimated")
        con.unregister("estimated")
    con.execute("commit")


def contrast_test_rows(model: str, judgement: Judgement) -> Iterator[Row]:
    """Rows of `hypothesis_test`; none where the hypothesis could not be tested."""
    for test in judgement.tests:
        yield {
            "model": model,
            "hypothesis_id": judgement.hypothesis.id,
            "profile": test.contrast.profile,
            "contrast": test.contrast.name,
            "estimate": test.contrast.estimate,
            "std_error": test.contrast.std_error,
            "z": test.z,
            "p_value": test.p_value,
            "p_adjusted": test.p_adjusted,
            "ci_low": test.ci_low,
            "ci_high": test.ci_high,
            "margin": test.margin,
            "equivalent": test.equivalent,
            "supports": test.supports,
        }


def verdict_row(model: str, judgement: Judgement) -> Row:
    """A row of `hypothesis_verdict`."""
    return {
        "model": model,
        "hypothesis_id": judgement.hypothesis.id,
        "verdict": judgement.verdict,
        "n_tests": len(judgement.tests),
        "n_supporting": judgement.n_supporting,
        "note": judgement.note,
    }
