"""The fault catalogue: for every expectation of every gate, one change that makes it fail.

Faults of a batch are made in one copy of a healthy database, since a gate takes seconds; a batch holds faults that
do not hide one another.
"""

from dataclasses import dataclass

from expectations.suite_files import Gate

YEARLY = ["bostedskommune", "regstat", "hush_fam", "bu_utd", "regsys"]
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


@dataclass(frozen=True)
class Fault:
    gate: Gate
    batch: str
    table: str
    expectation: str
    sql: str

    def __str__(self) -> str:
        return f"{self.table}-{self.expectation}"


def _faults(gate: Gate, batch: str, *rows: tuple[str, str, str]) -> list[Fault]:
    return [Fault(gate, batch, *row) for row in rows]


INCOMING = [
    *_faults(
        "incoming",
        "cells",
        (
            "raw.faste_oppl",
            "key_given",
            "UPDATE raw.faste_oppl SET lopenr_person = NULL WHERE lopenr_person = 'p00001'",
        ),
        (
            "raw.faste_oppl",
            "key_unique",
            "INSERT INTO raw.faste_oppl FROM raw.faste_oppl WHERE lopenr_person = 'p00002'",
        ),
        ("raw.faste_oppl", "sex_code_known", "UPDATE raw.faste_oppl SET kjoenn = '9' WHERE lopenr_person = 'p00003'"),
        (
            "raw.faste_oppl",
            "immigration_category_known",
            "UPDATE raw.faste_oppl SET invkat = 'X' WHERE lopenr_person = 'p00003'",
        ),
        (
            "raw.faste_oppl",
            "months_are_months",
            "UPDATE raw.faste_oppl SET doeds_aar_mnd = 201513 WHERE lopenr_person = 'p00004'",
        ),
        (
            "raw.faste_oppl",
            "lives_run_forward",
            "UPDATE raw.faste_oppl SET doeds_aar_mnd = 197001 WHERE lopenr_person LIKE '%11'",
        ),
        (
            "raw.bostedskommune",
            "municipality_given",
            "UPDATE raw.bostedskommune SET bostedskommune = NULL WHERE lopenr_person = 'p00005'",
        ),
        (
            "raw.bostedskommune",
            "residents_change",
            "INSERT INTO raw.bostedskommune SELECT format('q{:05d}', i), 2017, '0301', 1 FROM range(2000) AS n (i)",
        ),
        (
            "raw.bostedskommune",
            "municipality_valid_on_date",
            "UPDATE raw.bostedskommune SET bostedskommune = '3001' WHERE aar = 2018 AND lopenr_person LIKE '%2'",
        ),
        (
            "raw.bostedskommune",
            "municipality_unknown",
            "UPDATE raw.bostedskommune SET bostedskommune = '9999' WHERE aar = 2015 AND lopenr_person LIKE '%2'",
        ),
        ("raw.regstat", "status_known", "UPDATE raw.regstat SET regstat = '2' WHERE lopenr_person = 'p00006'"),
        (
            "raw.regstat",
            "status_dated_before",
            "UPDATE raw.regstat SET regstat_dat = '2016-05-01' WHERE aar = 2016 AND lopenr_person LIKE '%2'",
        ),
        (
            "raw.hush_fam",
            "family_type_known",
            "UPDATE raw.hush_fam SET regstat_famtyp = '9.9.9' WHERE lopenr_person = 'p00007'",
        ),
        (
            "raw.hush_fam",
            "couple_status_known",
            "UPDATE raw.hush_fam SET parstatus = 'z' WHERE lopenr_person = 'p00007'",
        ),
        ("raw.bu_utd", "level_known", "UPDATE raw.bu_utd SET bu = 'X41199' WHERE lopenr_person = 'p00008'"),
        (
            "raw.regsys",
            "labour_market_status_known",
            "UPDATE raw.regsys SET arb_arbmark_status = '7' WHERE lopenr_person = 'p00009'",
        ),
        ("raw.flytting", "key_given", "INSERT INTO raw.flytting (aar, flyttetype) VALUES (2015, '1')"),
        (
            "raw.flytting",
            "event_type_known",
            "INSERT INTO raw.flytting (lopenr_person, aar, flyttetype) VALUES ('p00010', 2015, '9')",
        ),
        (
            "raw.flytting",
            "event_dated_near_its_year",
            "INSERT INTO raw.flytting (lopenr_person, aar, flyttedato, regdato, flyttetype)"
            " SELECT lopenr_person, 2016, '2018-03-01', '2018-03-01', '1' FROM raw.faste_oppl",
        ),
        *(
            (
                f"raw.{register}",
                "key_unique",
                f"INSERT INTO raw.{register} FROM raw.{register} WHERE lopenr_person = 'p00011'",
            )
            for register in YEARLY
        ),
        *(
            (
                f"raw.{register}",
                "key_given",
                f"UPDATE raw.{register} SET lopenr_person = NULL WHERE lopenr_person = 'p00012'",
            )
            for register in YEARLY
        ),
        *(
            (f"raw.{register}", "year_given", f"UPDATE raw.{register} SET aar = NULL WHERE lopenr_person = 'p00013'")
            for register in YEARLY
        ),
    ),
    *_faults(
        "incoming",
        "years",
        ("raw.bostedskommune", "no_gap", "DELETE FROM raw.bostedskommune WHERE aar = 2016"),
        (
            "audit.register_year",
            "one_current_version",
            "INSERT INTO audit.register_year FROM audit.register_year WHERE register = 'regstat' AND year = 2014",
        ),
        (
            "audit.register_year",
            "panel_years_have_their_registers",
            "UPDATE audit.register_year SET is_current = false WHERE register = 'regsys' AND year = 2015",
        ),
        ("audit.register_year", "loaded_years_have_rows", "DELETE FROM raw.hush_fam WHERE aar = 2018"),
        (
            "audit.register_year",
            "size_against_year_before",
            "DELETE FROM raw.bu_utd WHERE aar = 2015 AND lopenr_person > 'p03000'",
        ),
    ),
    *_faults(
        "incoming",
        "empty",
        ("raw.faste_oppl", "not_empty", "DELETE FROM raw.faste_oppl"),
        ("raw.bostedskommune", "not_empty", "DELETE FROM raw.bostedskommune"),
        ("audit.register_year", "not_empty", "DELETE FROM audit.register_year"),
    ),
]

PANEL = "marts.person_year"
ACCOUNTING = "marts.panel_accounting"
LEVELS = {
    "population_group": "tourist",
    "sex": "other",
    "centrality": "7",
    "family_situation": "single",
    "labour_market_status": "busy",
    "education": "some",
    "outcome": "gone",
}

MARTS = [
    *_faults(
        "marts",
        "cells",
        (PANEL, "key_unique", f"INSERT INTO {PANEL} FROM {PANEL} WHERE person_key = 1"),
        (PANEL, "nothing_missing", f"UPDATE {PANEL} SET municipality_code = NULL WHERE person_key = 2"),
        (PANEL, "age_in_window", f"UPDATE {PANEL} SET age = 65 WHERE person_key = 3"),
        *(
            (PANEL, f"{column}_known", f"UPDATE {PANEL} SET {column} = '{level}' WHERE person_key = 4")
            for column, level in LEVELS.items()
        ),
        (PANEL, "centrality_of_municipality", f"UPDATE {PANEL} SET centrality = '5*' WHERE person_key = 5"),
        (
            PANEL,
            "stayers_have_no_date",
            f"UPDATE {PANEL} SET outcome_date = '2015-03-01' WHERE person_key = 6 AND outcome = 'stay'",
        ),
        (
            PANEL,
            "reform_moves_nobody",
            f"UPDATE {PANEL} SET outcome = 'internal_move' WHERE municipality_code = '0702' AND year = 2017",
        ),
        (
            "marts.municipality",
            "code_unique",
            "INSERT INTO marts.municipality FROM marts.municipality",
        ),
        (
            "marts.move_event",
            "event_type_known",
            "UPDATE marts.move_event SET event_type = 'holiday' WHERE person_key = 50",
        ),
        (
            "marts.observed_rate",
            "shares_in_their_intervals",
            "UPDATE marts.observed_rate SET ci_high = share / 2 WHERE year = 2016",
        ),
        ("marts.observed_rate", "rates_are_the_panel", "DELETE FROM marts.observed_rate WHERE year = 2015"),
        (
            "estimation.cell",
            "cell_id_dense",
            "UPDATE estimation.cell SET cell_id = 1000000 WHERE cell_id = 1",
        ),
        (
            "estimation.cell",
            "pattern_unique",
            "INSERT INTO estimation.cell FROM estimation.cell WHERE cell_id = 2",
        ),
        ("estimation.cell", "cells_filled", "UPDATE estimation.cell SET stay = NULL WHERE cell_id = 3"),
        ("estimation.cell", "cells_are_the_panel", "UPDATE estimation.cell SET stay = stay + 1 WHERE cell_id = 4"),
        (
            "estimation.path",
            "paths_filled",
            "INSERT INTO estimation.path VALUES ('native', 1, []::INTEGER[])",
        ),
        (
            "estimation.path",
            "paths_are_the_persons",
            "UPDATE estimation.path SET n_persons = n_persons + 1",
        ),
        (
            "estimation.path",
            "paths_are_the_cells",
            "UPDATE estimation.path SET path = [0] WHERE len(path) > 1",
        ),
        (
            ACCOUNTING,
            "every_disposition_once",
            f"DELETE FROM {ACCOUNTING} WHERE year = 2015 AND disposition = 'unknown_person'",
        ),
        (
            ACCOUNTING,
            "persons_counted",
            f"UPDATE {ACCOUNTING} SET persons = NULL WHERE year = 2015 AND disposition = 'died'",
        ),
        (
            ACCOUNTING,
            "nobody_vanishes",
            f"UPDATE {ACCOUNTING} SET persons = 1 WHERE year = 2016 AND disposition = 'died'",
        ),
        (
            ACCOUNTING,
            "outcomes_are_the_panel",
            f"UPDATE {ACCOUNTING} SET persons = persons - 1 WHERE year = 2016 AND disposition = 'stay'",
        ),
        (
            ACCOUNTING,
            "unexplained_exits_share",
            f"UPDATE {ACCOUNTING} SET persons = 100 WHERE year = 2017 AND disposition = 'unexplained_exit'",
        ),
    ),
    *_faults(
        "marts",
        "years",
        (ACCOUNTING, "years_consecutive", f"DELETE FROM {ACCOUNTING} WHERE year = 2016"),
        (
            ACCOUNTING,
            "years_are_the_closed_ones",
            f"INSERT INTO {ACCOUNTING} SELECT 2018, disposition, 0 FROM {ACCOUNTING} WHERE year = 2015",
        ),
        (
            PANEL,
            "unknown_share",
            f"UPDATE {PANEL} SET education = 'unknown' WHERE year = 2015 AND person_key % 5 = 0",
        ),
        (
            PANEL,
            "rates_within_bounds",
            f"UPDATE {PANEL} SET outcome = 'stay' WHERE year = 2016 AND population_group = 'native'",
        ),
        (
            PANEL,
            "outcome_dated_near_its_year",
            f"UPDATE {PANEL} SET outcome = 'internal_move', outcome_date = '1999-01-01' WHERE year = 2017",
        ),
        ("marts.move_event", "events_kept", "DELETE FROM marts.move_event"),
    ),
    *_faults(
        "marts",
        "empty",
        *(
            (table, "not_empty", f"DELETE FROM {table}")
            for table in [
                PANEL,
                ACCOUNTING,
                "marts.observed_rate",
                "marts.municipality",
                "estimation.cell",
                "estimation.path",
            ]
        ),
    ),
]

PUBLISHED = [
    *_faults(
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
    *_faults(
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
    *_faults(
        "results",
        "empty",
        *(
            (f"results.{table}", "not_empty", f"DELETE FROM results.{table}")
            for table in ["run", "fit", "observed_rate", "hypothesis", "hypothesis_verdict", "panel_accounting"]
        ),
    ),
    *_faults(
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

FAULTS = [*INCOMING, *MARTS, *PUBLISHED]
