"""The published tables, declared once: columns, types, keys, privacy and what each means.

Belongs here: declarations. They are the source of tables, SQL comments, the data dictionary and the checks of a
release. Does not belong here: any data.
"""

from models_py.effect_tables import (
    MARGINAL_EFFECT,
    MARGINAL_EFFECT_CONTRAST,
    PREDICTED_PROBABILITY,
    RELATIVE_RISK_RATIO,
)
from models_py.table import (
    CENTRALITY,
    CI_HIGH,
    CI_LOW,
    GROUP,
    HYPOTHESIS_ID,
    LEVEL,
    MODEL,
    MODELLED_OUTCOME,
    OF_REFERENCE,
    OUTCOME,
    STD_ERROR,
    TERM,
    Table,
    TableColumn,
)
from models_py.verdict_tables import HYPOTHESIS, HYPOTHESIS_VERDICT, SENSITIVITY, VARIANT

PROFILE_LOW = TableColumn("ci_low", "DOUBLE", "Lower end of the profile-likelihood interval.")
PROFILE_HIGH = TableColumn("ci_high", "DOUBLE", "Upper end of the profile-likelihood interval.")

WITHHELD = "NULL: withheld."
NOT_PROFILED = "NULL where the covariance structure fixes the component, or the profile has no end: see fit.message."
OF_UNFITTED = "NULL where the model could not be estimated, or where it is withheld."

RUN = Table(
    "run",
    "The release: when it was made, from what, by which code and specification.",
    "metadata",
    (),
    (
        TableColumn("started_at", "TIMESTAMPTZ", "Start of the run."),
        TableColumn("finished_at", "TIMESTAMPTZ", "When its tables were complete."),
        TableColumn("first_year", "SMALLINT", "First panel year."),
        TableColumn("last_year", "SMALLINT", "Last panel year."),
        TableColumn("n_person_years", "BIGINT", f"Person-years in the panel, rounded. {WITHHELD}", nullable=True),
        TableColumn("code_version", "VARCHAR", "Version of the code."),
        TableColumn("study_hash", "VARCHAR", "SHA-256 of the study specification."),
        TableColumn("input_hash", "VARCHAR", "SHA-256 over all input files in force."),
    ),
)

COEFFICIENT = Table(
    "coefficient",
    "Estimated coefficients (log relative risks against stay) of each group's model.",
    "estimate",
    ("model", "population_group", "outcome", "term", "level"),
    (
        MODEL,
        GROUP,
        MODELLED_OUTCOME,
        TERM,
        LEVEL,
        TableColumn("estimate", "DOUBLE", "Coefficient; 0 for reference levels. Age in decades from 35."),
        STD_ERROR.or_null(OF_REFERENCE),
        TableColumn("z", "DOUBLE", f"estimate / std_error. {OF_REFERENCE}", nullable=True),
        TableColumn("p_value", "DOUBLE", f"Two-sided, standard normal. {OF_REFERENCE}", nullable=True),
        CI_LOW.or_null(OF_REFERENCE),
        CI_HIGH.or_null(OF_REFERENCE),
        TableColumn("is_reference", "BOOLEAN", "Whether the level is the reference of its term."),
    ),
)

VARIANCE_COMPONENT = Table(
    "variance_component",
    "Standard deviations and correlation of the person-level random effects.",
    "estimate",
    ("population_group", "name"),
    (
        GROUP,
        TableColumn("name", "VARCHAR", "sd_internal_move, sd_emigration or correlation."),
        TableColumn(
            "estimate",
            "DOUBLE",
            "Estimate on the natural scale. NULL: a correlation where a deviation is zero.",
            nullable=True,
        ),
        STD_ERROR.or_null("NULL where the covariance structure fixes it, or at the boundary."),
        PROFILE_LOW.or_null(NOT_PROFILED),
        PROFILE_HIGH.or_null(NOT_PROFILED),
    ),
)

COVARIANCE = Table(
    "covariance",
    "Covariance matrix of the coefficients, on which their standard errors rest; every pair in both orders.",
    "estimate",
    ("model", "population_group", "row_outcome", "row_term", "row_level", "col_outcome", "col_term", "col_level"),
    (
        MODEL,
        GROUP,
        TableColumn("row_outcome", "VARCHAR", "Outcome of the row's coefficient."),
        TableColumn("row_term", "VARCHAR", "Term of the row's coefficient."),
        TableColumn("row_level", "VARCHAR", "Level of the row's coefficient, or empty."),
        TableColumn("col_outcome", "VARCHAR", "Outcome of the column's coefficient."),
        TableColumn("col_term", "VARCHAR", "Term of the column's coefficient."),
        TableColumn("col_level", "VARCHAR", "Level of the column's coefficient, or empty."),
        TableColumn("value", "DOUBLE", "Covariance, of the kind that models.covariance in study.yml names."),
    ),
)

FIT = Table(
    "fit",
    "How each group's model fits, or why it could not be estimated.",
    "controlled_count",
    ("model", "population_group"),
    (
        MODEL,
        GROUP,
        TableColumn(
            "status",
            "VARCHAR",
            "ok, or why there are no estimates: withheld, too_few_observations, empty_outcome, separation, collinear, "
            "singular, overflow, not_converged.",
        ),
        TableColumn("message", "VARCHAR", "What a researcher should know or do; empty where there is nothing."),
        TableColumn("n_persons", "BIGINT", f"Persons, rounded. {WITHHELD}", nullable=True),
        TableColumn("n_person_years", "BIGINT", f"Person-years, rounded. {WITHHELD}", nullable=True),
        TableColumn("n_internal_move", "BIGINT", f"Internal moves, rounded. {WITHHELD}", nullable=True),
        TableColumn("n_emigration", "BIGINT", f"Emigrations, rounded. {WITHHELD}", nullable=True),
        TableColumn("log_likelihood", "DOUBLE", f"At the estimates, whole number. {OF_UNFITTED}", nullable=True),
        TableColumn(
            "null_log_likelihood", "DOUBLE", f"Of intercepts alone, whole number. {OF_UNFITTED}", nullable=True
        ),
        TableColumn("pseudo_r2", "DOUBLE", f"McFadden's, three decimals. {OF_UNFITTED}", nullable=True),
        TableColumn("aic", "DOUBLE", f"Akaike's criterion, whole number. {OF_UNFITTED}", nullable=True),
        TableColumn("bic", "DOUBLE", f"Schwarz's criterion, whole number. {OF_UNFITTED}", nullable=True),
        TableColumn("iterations", "INTEGER", f"Newton iterations. {OF_UNFITTED}", nullable=True),
    ),
)

OBSERVED_RATE = Table(
    "observed_rate",
    "Observed yearly shares by group and centrality (Figure 2), from rounded counts.",
    "controlled_count",
    ("population_group", "centrality", "year", "outcome"),
    (
        GROUP,
        CENTRALITY,
        TableColumn("year", "SMALLINT", "Panel year. NULL: all years together.", nullable=True),
        OUTCOME,
        TableColumn("n_person_years", "BIGINT", f"Person-years at risk, rounded. {WITHHELD}", nullable=True),
        TableColumn("n_events", "BIGINT", f"Person-years with the outcome, rounded. {WITHHELD}", nullable=True),
        TableColumn("share", "DOUBLE", f"n_events / n_person_years as published. {WITHHELD}", nullable=True),
        TableColumn("ci_low", "DOUBLE", f"Lower end of Wilson's interval of the share. {WITHHELD}", nullable=True),
        TableColumn("ci_high", "DOUBLE", f"Upper end of Wilson's interval of the share. {WITHHELD}", nullable=True),
    ),
)

HYPOTHESIS_TEST = Table(
    "hypothesis_test",
    "The tests a verdict rests on: one contrast of predicted probabilities each.",
    "estimate",
    ("model", "hypothesis_id", "profile", "contrast"),
    (
        MODEL,
        HYPOTHESIS_ID,
        TableColumn(
            "profile",
            "VARCHAR",
            "Family and labour market situation, what else is not the base profile's, and centrality if not compared.",
        ),
        TableColumn(
            "contrast", "VARCHAR", "What is compared: a log ratio of groups, or a difference of probabilities."
        ),
        TableColumn("estimate", "DOUBLE", "The contrast."),
        STD_ERROR,
        TableColumn("z", "DOUBLE", "estimate / std_error."),
        TableColumn("p_value", "DOUBLE", "Two-sided, standard normal."),
        TableColumn("p_adjusted", "DOUBLE", "Adjusted over the hypothesis' tests as study.yml says."),
        CI_LOW,
        CI_HIGH,
        TableColumn("margin", "DOUBLE", "Equivalence margin. NULL: none is set.", nullable=True),
        TableColumn(
            "equivalent",
            "BOOLEAN",
            "Whether two one-sided tests show the contrast inside the margin. NULL: no margin.",
            nullable=True,
        ),
        TableColumn("supports", "BOOLEAN", "Whether the test speaks for the hypothesis."),
    ),
)

PANEL_ACCOUNTING = Table(
    "panel_accounting",
    "What became of every person with a municipality on 1 January of each year.",
    "controlled_count",
    ("year", "disposition"),
    (
        TableColumn("year", "SMALLINT", "Panel year."),
        TableColumn("disposition", "VARCHAR", "An outcome, or the reason for exclusion from the panel."),
        TableColumn("persons", "BIGINT", f"Persons, rounded. {WITHHELD}", nullable=True),
    ),
)

# Tables in schema `audit` of the results database, with rows of all releases: how their counts were protected.
DISCLOSURE = Table(
    "disclosure",
    "What each rule of disclosure control decided about each table, model or attack, release by release.",
    "metadata",
    ("run_id", "table_name", "subject", "rule"),
    (
        TableColumn("table_name", "VARCHAR", "Table of the release, or what several tables tell together."),
        TableColumn("subject", "VARCHAR", "Model or attack that the rule looked at; empty: the whole table."),
        TableColumn("rule", "VARCHAR", "Rule, as docs/disclosure.md describes it."),
        TableColumn("status", "VARCHAR", "pass, review or fail, as in ACRO."),
        TableColumn("n_checked", "BIGINT", "Numbers that the rule was applied to."),
        TableColumn(
            "n_affected", "BIGINT", "Those it withholds, rounds or points out. NULL: that is not said.", nullable=True
        ),
        TableColumn("note", "VARCHAR", "What the decision rests on."),
    ),
)

DISCLOSURE_RULE = Table(
    "disclosure_rule",
    "The thresholds by which the counts of each release were protected (disclosure in study.yml).",
    "metadata",
    ("run_id",),
    (
        TableColumn("threshold", "INTEGER", "Counts below it are withheld."),
        TableColumn("rounding_base", "INTEGER", "Counts are rounded to multiples of it."),
    ),
)

DISCLOSURE_LEVEL = Table(
    "disclosure_level",
    "The register codes behind the levels that the counts of each release are published by: one row a code.",
    "metadata",
    ("run_id", "variable", "code"),
    (
        TableColumn("variable", "VARCHAR", "centrality or population_group."),
        TableColumn("level", "VARCHAR", "Level as published."),
        TableColumn("code", "VARCHAR", "Register code, or `(any other)`: those of no level, and a missing row."),
    ),
)

# In schema `audit` of both the warehouse and the results database; each has the rows of its own gates.
VALIDATION = Table(
    "validation",
    "What became of every expectation at every gate.",
    "metadata",
    ("run_id", "gate", "suite", "expectation", "table_name", "column_name"),
    (
        TableColumn("gate", "VARCHAR", "incoming, marts or results."),
        TableColumn("suite", "VARCHAR", "Suite file that the expectation stands in."),
        TableColumn("expectation", "VARCHAR", "Name of the expectation."),
        TableColumn("table_name", "VARCHAR", "Table it is about."),
        TableColumn("column_name", "VARCHAR", "Column it is about. NULL: the whole table.", nullable=True),
        TableColumn("success", "BOOLEAN", "Whether it was met."),
    ),
)

PUBLISHED_TABLES = (
    RUN,
    COEFFICIENT,
    RELATIVE_RISK_RATIO,
    VARIANCE_COMPONENT,
    COVARIANCE,
    FIT,
    OBSERVED_RATE,
    PREDICTED_PROBABILITY,
    MARGINAL_EFFECT,
    MARGINAL_EFFECT_CONTRAST,
    HYPOTHESIS,
    HYPOTHESIS_TEST,
    HYPOTHESIS_VERDICT,
    VARIANT,
    SENSITIVITY,
    PANEL_ACCOUNTING,
)

# Tables that estimation writes into the warehouse with exact numbers; `fit` is protected when it is published.
ESTIMATION_TABLES = (
    COEFFICIENT,
    RELATIVE_RISK_RATIO,
    VARIANCE_COMPONENT,
    COVARIANCE,
    FIT,
    PREDICTED_PROBABILITY,
    MARGINAL_EFFECT,
    MARGINAL_EFFECT_CONTRAST,
    HYPOTHESIS_TEST,
    HYPOTHESIS_VERDICT,
    SENSITIVITY,
)
