"""Disclosure control: what may leave the warehouse, and in which form (docs/disclosure.md).

Belongs here: the order of the checks, and the published form of every table. Does not belong here: writing a release,
the choice of counts to withhold (`release_protection`), or the report on the decisions (`output_check`).
"""

from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from models_py.attacker import AttackFailed
from models_py.contributions import ContributionError, few_persons_keys
from models_py.counts import Key, Span, panel_span, read_counts
from models_py.earlier_releases import HistoryUnreadable, read_earlier
from models_py.effect_tables import MARGINAL_EFFECT, MARGINAL_EFFECT_CONTRAST
from models_py.level_sums import tie
from models_py.output_check import OutputCheck, check_output
from models_py.published_counts import Published, fit_row, rate_rows, sensitivity_row, verdict_row
from models_py.published_effects import published_effects
from models_py.published_levels import counted_levels
from models_py.release_protection import FitKeys, protect_release
from models_py.rounding import rounded_count
from models_py.study import NUMERIC_TERMS, Study
from models_py.table import Table
from models_py.tables import ESTIMATION_TABLES, FIT, OBSERVED_RATE, PANEL_ACCOUNTING, PUBLISHED_TABLES
from models_py.verdict_tables import HYPOTHESIS, HYPOTHESIS_VERDICT, SENSITIVITY, VARIANT

__all__ = ["DisclosureError", "Publication", "publishable", "rounded_count"]

# Columns of whole numbers that do not count persons: numbers of tests, ages and years.
NOT_OF_PERSONS = {"n_tests", "n_supporting", "age", "year", "first_year", "last_year"}
# With at least this many covariate patterns per coefficient there are far more patterns than equations between them.
PATTERNS_A_PARAMETER = 20


class DisclosureError(RuntimeError):
    """Something may not be published, or cannot be checked; nothing is published then."""


class Publication(NamedTuple):
    """What may be published: every table but `run`, without `run_id`; the panel's person-years; and the decisions.

    `counts` are the true counts. The warehouse remembers them; they must not be published.
    """

    tables: dict[str, pa.Table]
    n_person_years: int | None
    check: OutputCheck
    counts: dict[Key, int]


def publishable(con: duckdb.DuckDBPyConnection, study: Study, previous: Path | None = None) -> Publication:
    """The published form of all tables of a warehouse with marts and estimates.

    `previous` is the results database with the `history` that readers already have.

    Raises:
        DisclosureError: an estimate rests on too few persons or would reveal counts, or a rule could not be checked.
    """
    _check_no_counts()
    n_patterns, n_parameters = _n_patterns(con, study), _n_parameters(con)
    _check_fits(con, study, n_patterns, n_parameters)
    try:
        system, span = read_counts(con, study), panel_span(con)
        system.few_persons = few_persons_keys(con, study, system, span)
        earlier = tie(system, read_earlier(con, previous, study), counted_levels(study))
        protection = protect_release(system, earlier, study.disclosure, _likelihoods(con, span, study))
    except (AttackFailed, ContributionError, HistoryUnreadable) as error:
        raise DisclosureError(f"disclosure control cannot be checked, so nothing is published: {error}") from error
    published: Published = protection.shown
    tables = _tables(con, published, protection.likelihoods, span, study, _few_patterns(n_patterns, n_parameters))
    check = check_output(tables[FIT.name], n_parameters, protection, system, earlier, study)
    return Publication(tables, published["run", span], check, system.counts)


def _tables(
    con: duckdb.DuckDBPyConnection,
    published: Published,
    likelihoods: frozenset[FitKeys],
    span: Span,
    study: Study,
    few_patterns: set[str],
) -> dict[str, pa.Table]:
    tables = {
        table.name: con.sql(
            f"select {', '.join(column.name for column in table.columns)} from estimation.{table.name}"
        ).to_arrow_table()
        for table in ESTIMATION_TABLES
    }
    tables[FIT.name] = FIT.arrow(
        fit_row(row, published, likelihoods, span, study) for row in tables[FIT.name].to_pylist()
    )
    tables[OBSERVED_RATE.name] = OBSERVED_RATE.arrow(rate_rows(published, span, study))
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
    effects, contrasts = published_effects(tables[MARGINAL_EFFECT.name].to_pylist(), study, few_patterns)
    tables[MARGINAL_EFFECT.name] = MARGINAL_EFFECT.arrow(effects)
    tables[MARGINAL_EFFECT_CONTRAST.name] = MARGINAL_EFFECT_CONTRAST.arrow(contrasts)
    tables[SENSITIVITY.name] = SENSITIVITY.arrow(map(sensitivity_row, tables[SENSITIVITY.name].to_pylist()))
    tables[HYPOTHESIS_VERDICT.name] = HYPOTHESIS_VERDICT.arrow(
        verdict_row(row, published, span, study) for row in tables[HYPOTHESIS_VERDICT.name].to_pylist()
    )
    return tables


def _check_no_counts() -> None:
    """Check that only `run` and tables declared `controlled_count` have columns that could count persons."""
    for table in PUBLISHED_TABLES:
        if found := _could_count_persons(table):
            raise DisclosureError(f"{table.name} is declared {table.privacy} and has whole numbers: {sorted(found)}")


def _could_count_persons(table: Table) -> set[str]:
    if table.privacy == "controlled_count" or table.name == "run":
        return set()
    return {c.name for c in table.columns if c.sql_type in ("SMALLINT", "INTEGER", "BIGINT")} - NOT_OF_PERSONS


def _n_parameters(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Estimated coefficients by model and group."""
    return {
        (str(model), str(group)): int(n)
        for model, group, n in con.sql("""
            select model, population_group, count(*) from estimation.coefficient where not is_reference group by all
        """).fetchall()
    }


def _check_fits(
    con: duckdb.DuckDBPyConnection, study: Study, patterns: dict[str, int], parameters: dict[tuple[str, str], int]
) -> None:
    """Check that no fit rests on few persons, which estimation already refuses, or reveals the counts behind it."""
    _check_covariance(study)
    persons = {
        (str(model), str(group)): int(n)
        for model, group, n in con.sql("select model, population_group, n_persons from estimation.fit").fetchall()
    }
    rule = study.disclosure
    for fit, n_parameters in parameters.items():
        if fit not in persons:
            raise DisclosureError(f"coefficients of a model that is in no fit: {fit}")
        if persons[fit] - n_parameters < rule.residual_degrees_of_freedom:
            raise DisclosureError(f"too few residual degrees of freedom to publish: {fit}")
        if persons[fit] < rule.minimum_group_size:
            raise DisclosureError(f"a model of fewer than {rule.minimum_group_size} persons to publish: {fit}")
        n_columns = n_parameters // (len(study.variables.outcome.levels) - 1)
        if patterns.get(fit[1], 0) - n_columns < rule.residual_degrees_of_freedom:
            raise DisclosureError(
                f"as good as saturated, so that predictions would tell the counts of every covariate pattern: {fit}; "
                f"it needs {rule.residual_degrees_of_freedom} more patterns than columns: add a covariate to study.yml"
            )


def _check_covariance(study: Study) -> None:
    """Only covariances clustered by person may be published.

    The inverse of a covariance by person-year is the information matrix. Its diagonal is nearly the number of events at
    each level; for rare events it is that number. Clustering sums scores over a person's years, which blurs this.
    """
    kind = study.models.covariance
    if kind != "clustered":
        raise DisclosureError(
            f"models.covariance is {kind} in study.yml: from such covariances events can be counted, few ones too; "
            "nothing is published but with `clustered`"
        )


def _n_patterns(con: duckdb.DuckDBPyConnection, study: Study) -> dict[str, int]:
    """The number of distinct patterns of the study's covariates in each group's person-years."""
    terms = {term.name for term in study.models.terms} - {"intercept"}
    columns = ["population_group", *sorted({"age" if term in NUMERIC_TERMS else term for term in terms})]
    patterns = f"select distinct {', '.join(columns)} from estimation.cell"
    return dict(con.sql(f"select population_group, count(*) from ({patterns}) group by all").fetchall())


def _few_patterns(patterns: dict[str, int], parameters: dict[tuple[str, str], int]) -> set[str]:
    """Groups with so few covariate patterns that average effects would reveal how many persons each pattern has."""
    return {
        group
        for (_, group), n_parameters in parameters.items()
        if patterns.get(group, 0) < PATTERNS_A_PARAMETER * n_parameters
    }


def _likelihoods(con: duckdb.DuckDBPyConnection, span: Span, study: Study) -> dict[FitKeys, int]:
    """Null log-likelihoods as they would be published, by the keys of the counts that they are computed from."""
    whats = (None, *study.variables.outcome.levels[1:])
    return {
        tuple(("fit", model, group, what, span) for what in whats): round(value)
        for model, group, value in con.sql("""
            select model, population_group, null_log_likelihood from estimation.fit
            where null_log_likelihood is not null
        """).fetchall()
    }
