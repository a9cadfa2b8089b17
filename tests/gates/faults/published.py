"""Faults of what is published."""

from tests.gates.faults.fault import faults

RESULTS = [
    "run",
    "coefficient",
    "relative_risk_ratio",
    "variance_component",
    "covariance",
    "fit",
    "observed_rate",
    "predicted_probability",
    "marginal_effect",
    "marginal_effect_contrast",
    "hypothesis",
    "hypothesis_test",
    "hypothesis_verdict",
    "variant",
    "sensitivity",
    "panel_accounting",
]
PUBLISHED = [
    *faults(
        "results",
        "columns",
        *(
            (f"results.{table}", "columns", f"ALTER TABLE results.{table} ADD COLUMN lopenr_person VARCHAR")
            for table in RESULTS
        ),
        ("results.run", "no_identifier", "SELECT 1"),  # the columns added above
        ("results.run", "history_like_results", "SELECT 1"),
        ("results.run", "nothing_else_published", "CREATE TABLE main.left_over AS SELECT 1 AS one"),
    ),
    *faults(
        "results",
        "runs",
        *(
            (f"results.{table}", "of_this_run", f"UPDATE results.{table} SET run_id = 'run-1'")
            for table in RESULTS
            if table != "run"
        ),
        ("results.run", "of_this_run", "INSERT INTO results.run BY NAME SELECT 'run-0' AS run_id"),
        ("results.run", "one_run", "SELECT 1"),  # the row inserted above
        ("results.run", "run_complete", "SELECT 1"),
        ("results.run", "run_in_history", "SELECT 1"),
        *((f"results.{table}", "kept_in_history", f"DELETE FROM history.{table}") for table in RESULTS),
    ),
    *faults(
        "results",
        "empty",
        *(
            (f"results.{table}", "not_empty", f"DELETE FROM results.{table}")
            for table in ["run", "fit", "observed_rate", "hypothesis", "hypothesis_verdict", "panel_accounting"]
        ),
    ),
    *faults(
        "results",
        "numbers",
        (
            "results.fit",
            "every_group_once",
            "UPDATE results.fit SET population_group = 'tourist' WHERE population_group = 'immigrant'",
        ),
        (
            "results.fit",
            "model_known",
            "INSERT INTO results.fit BY NAME SELECT * REPLACE ('probit' AS model) FROM results.fit",
        ),
        (
            "results.fit",
            "failure_explained",
            "UPDATE results.fit SET status = 'separation', message = ' ' WHERE population_group = 'native'",
        ),
        ("results.fit", "likelihoods_rounded", "UPDATE results.fit SET aic = 4010.5"),
        (
            "results.fit",
            "likelihoods_ordered",
            "UPDATE results.fit SET null_log_likelihood = -1000 WHERE population_group = 'norwegian_born'",
        ),
        ("results.fit", "numbers_of_estimated_models_alone", "SELECT 1"),  # the fit that became a separation
        ("results.fit", "counts_disclosable", "UPDATE history.fit SET n_persons = 3001"),
        ("results.run", "counts_disclosable", "UPDATE results.run SET n_person_years = 26501"),
        ("results.observed_rate", "counts_disclosable", "UPDATE results.observed_rate SET n_events = 0"),
        ("results.observed_rate", "shares_of_published_counts", "UPDATE results.observed_rate SET share = 0.0500001"),
        ("results.panel_accounting", "counts_disclosable", "UPDATE history.panel_accounting SET persons = 502"),
        (
            "results.panel_accounting",
            "every_disposition_once",
            "DELETE FROM results.panel_accounting WHERE disposition = 'died'",
        ),
        (
            "results.coefficient",
            "estimates_finite",
            "UPDATE results.coefficient SET estimate = 'NaN' WHERE term = 'intercept' AND outcome = 'emigration'",
        ),
        (
            "results.coefficient",
            "references_are_zero",
            "UPDATE results.coefficient SET estimate = 1 WHERE is_reference",
        ),
        (
            "results.coefficient",
            "coefficient_once",
            "INSERT INTO results.coefficient FROM results.coefficient WHERE level = 'female'",
        ),
        (
            "results.relative_risk_ratio",
            "ratios_of_the_coefficients",
            "UPDATE results.relative_risk_ratio SET ci_high = 1.3 WHERE level = 'female'",
        ),
        (
            "results.covariance",
            "complete",
            "DELETE FROM results.covariance WHERE population_group = 'native' AND row_term <> col_term",
        ),
        (
            "results.covariance",
            "symmetric",
            "UPDATE results.covariance SET value = 0.002 WHERE row_outcome = 'emigration'"
            " AND col_outcome = 'internal_move'",
        ),
        (
            "results.covariance",
            "variances_are_squared_errors",
            "UPDATE results.covariance SET value = 0.02 WHERE row_outcome = col_outcome AND row_term = col_term",
        ),
        ("results.variance_component", "variance_possible", "UPDATE results.variance_component SET estimate = -0.5"),
        (
            "results.predicted_probability",
            "probabilities_possible",
            "UPDATE results.predicted_probability SET probability = 1.2 WHERE population_group = 'native'",
        ),
        ("results.predicted_probability", "probabilities_sum_to_one", "SELECT 1"),  # as they are now
        ("results.marginal_effect", "effects_possible", "UPDATE results.marginal_effect SET ci_low = 0.011"),
        (
            "results.marginal_effect_contrast",
            "contrasts_possible",
            "UPDATE results.marginal_effect_contrast SET p_value = 1.1 WHERE outcome = 'emigration'",
        ),
        (
            "results.marginal_effect_contrast",
            "differences_of_the_effects",
            "UPDATE results.marginal_effect_contrast SET difference = 0.001 WHERE outcome = 'internal_move'",
        ),
        (
            "results.hypothesis",
            "the_studys_hypotheses",
            "UPDATE results.hypothesis SET hypothesis_id = 'H7' WHERE hypothesis_id = 'H6b'",
        ),
        (
            "results.hypothesis_test",
            "tests_possible",
            "UPDATE results.hypothesis_test SET p_adjusted = 0.0001 WHERE hypothesis_id = 'H3'",
        ),
        (
            "results.hypothesis_test",
            "equivalence_where_a_margin_is",
            "UPDATE results.hypothesis_test SET equivalent = NULL WHERE hypothesis_id = 'H1b'",
        ),
        (
            "results.hypothesis_verdict",
            "a_verdict_each",
            "DELETE FROM results.hypothesis_verdict WHERE hypothesis_id = 'H6b'",
        ),
        (
            "results.hypothesis_verdict",
            "verdict_known",
            "UPDATE results.hypothesis_verdict SET verdict = 'proven' WHERE hypothesis_id = 'H5'",
        ),
        (
            "results.hypothesis_verdict",
            "verdict_of_its_tests",
            "UPDATE results.hypothesis_verdict SET n_supporting = 1 WHERE hypothesis_id = 'H4'",
        ),
        ("results.variant", "the_studys_variants", "UPDATE results.variant SET variant = 'another'"),
        (
            "results.sensitivity",
            "all_variants_or_none",
            "DELETE FROM results.sensitivity WHERE hypothesis_id = 'H1a'",
        ),
        (
            "results.sensitivity",
            "verdict_known",
            "UPDATE results.sensitivity SET n_supporting = 3 WHERE hypothesis_id = 'H1b'",
        ),
        (
            "results.sensitivity",
            "beside_the_studys_verdict",
            "UPDATE results.sensitivity SET agrees = NULL WHERE hypothesis_id = 'H2a'",
        ),
    ),
]
