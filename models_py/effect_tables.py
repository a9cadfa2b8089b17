"""The published tables of model results as probabilities and ratios, declared as in `tables`, which lists them."""

from models_py.table import (
    CENTRALITY,
    CI_HIGH,
    CI_LOW,
    GROUP,
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

RELATIVE_RISK_RATIO = Table(
    "relative_risk_ratio",
    "Relative risk ratios (the brief's odds ratios): exp of each coefficient and of the ends of its interval. "
    "With random effects, of a person.",
    "estimate",
    ("model", "population_group", "outcome", "term", "level"),
    (
        MODEL,
        GROUP,
        MODELLED_OUTCOME,
        TERM,
        LEVEL,
        TableColumn(
            "ratio",
            "DOUBLE",
            "Factor on the risk of the outcome over that of staying; 1 for reference levels. For the intercept that "
            "relative risk itself, where all terms are at their reference or zero. Age in decades from 35.",
        ),
        CI_LOW.or_null(OF_REFERENCE),
        CI_HIGH.or_null(OF_REFERENCE),
    ),
)

PREDICTED_PROBABILITY = Table(
    "predicted_probability",
    "Predicted probabilities for Figure 4's profiles, with intervals that stay inside (0, 1).",
    "estimate",
    (
        "model",
        "population_group",
        "centrality",
        "age",
        "sex",
        "family_situation",
        "labour_market_status",
        "education",
        "year",
        "outcome",
    ),
    (
        MODEL,
        GROUP,
        CENTRALITY,
        TableColumn("age", "SMALLINT", "Completed years on 1 January."),
        TableColumn("sex", "VARCHAR", "male or female."),
        TableColumn("family_situation", "VARCHAR", "Family situation on 1 January."),
        TableColumn("labour_market_status", "VARCHAR", "Labour market status in November before."),
        TableColumn("education", "VARCHAR", "Highest completed education on 1 October before."),
        TableColumn("year", "SMALLINT", "Panel year."),
        OUTCOME,
        TableColumn("probability", "DOUBLE", "Predicted probability within the year."),
        STD_ERROR,
        CI_LOW,
        CI_HIGH,
    ),
)

MARGINAL_EFFECT = Table(
    "marginal_effect",
    "Average marginal effects on the yearly probabilities, over the group's estimation sample. Of models with few "
    "covariate patterns they are published to two digits of their standard error.",
    "estimate",
    ("model", "population_group", "term", "level", "outcome"),
    (
        MODEL,
        GROUP,
        TERM,
        LEVEL,
        OUTCOME,
        TableColumn(
            "effect", "DOUBLE", "Change of probability against the reference level; for age the derivative per decade."
        ),
        STD_ERROR,
        CI_LOW,
        CI_HIGH,
    ),
)

MARGINAL_EFFECT_CONTRAST = Table(
    "marginal_effect_contrast",
    "Differences between groups of their average marginal effects, each over its own estimation sample. The groups are "
    "different persons, so the effects are independent; nothing is adjusted for the number of contrasts.",
    "estimate",
    ("model", "population_group", "other_group", "term", "level", "outcome"),
    (
        MODEL,
        GROUP,
        TableColumn("other_group", "VARCHAR", "The group it is compared with."),
        TERM,
        LEVEL,
        OUTCOME,
        TableColumn("difference", "DOUBLE", "Effect in population_group minus effect in other_group."),
        STD_ERROR,
        TableColumn("z", "DOUBLE", "difference / std_error."),
        TableColumn("p_value", "DOUBLE", "Two-sided, standard normal."),
        CI_LOW,
        CI_HIGH,
    ),
)
