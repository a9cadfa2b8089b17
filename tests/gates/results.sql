-- A small results database in which every expectation of the gate results holds: three pooled models of two terms.
CREATE SCHEMA results;
CREATE SCHEMA history;

CREATE SCHEMA audit;
CREATE TABLE audit.disclosure_rule AS
SELECT 'run-2' AS run_id, 5 AS threshold, 5 AS rounding_base;

CREATE TABLE history.run AS
SELECT
  'run-2' AS run_id, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS started_at,
  TIMESTAMPTZ '2026-01-01 00:10:00+00' AS finished_at, 2015::SMALLINT AS first_year, 2017::SMALLINT AS last_year,
  26500::BIGINT AS n_person_years, 'abc' AS code_version, 'def' AS study_hash, 'ghi' AS input_hash;

CREATE TABLE history.coefficient AS
WITH parts AS (
  FROM (VALUES ('immigrant'), ('norwegian_born'), ('native')) AS groups (population_group)
  CROSS JOIN (VALUES ('internal_move'), ('emigration')) AS outcomes (outcome)
  CROSS JOIN (VALUES ('intercept', NULL, -3.0, false), ('sex', 'female', 0.2, false), ('sex', 'male', 0.0, true))
    AS terms (term, level, estimate, is_reference))
SELECT
  'run-2' AS run_id, 'pooled' AS model, population_group, outcome, term, level, estimate::DOUBLE AS estimate,
  CASE WHEN NOT is_reference THEN 0.1::DOUBLE END AS std_error,
  CASE WHEN NOT is_reference THEN estimate / 0.1::DOUBLE END AS z,
  CASE WHEN NOT is_reference THEN 0.01::DOUBLE END AS p_value,
  CASE WHEN NOT is_reference THEN estimate - 0.196::DOUBLE END AS ci_low,
  CASE WHEN NOT is_reference THEN estimate + 0.196::DOUBLE END AS ci_high,
  is_reference
FROM parts;

CREATE TABLE history.relative_risk_ratio AS
SELECT run_id, model, population_group, outcome, term, level, exp(estimate) AS ratio, exp(ci_low) AS ci_low,
  exp(ci_high) AS ci_high
FROM history.coefficient;

CREATE TABLE history.covariance AS
SELECT
  one.run_id, one.model, one.population_group, one.outcome AS row_outcome, one.term AS row_term,
  one.level AS row_level, other.outcome AS col_outcome, other.term AS col_term, other.level AS col_level,
  CASE WHEN one.outcome = other.outcome AND one.term = other.term THEN 0.01 ELSE 0.001 END::DOUBLE AS value
FROM history.coefficient AS one JOIN history.coefficient AS other USING (model, population_group)
WHERE NOT one.is_reference AND NOT other.is_reference;

CREATE TABLE history.variance_component (
  run_id VARCHAR, population_group VARCHAR, name VARCHAR, estimate DOUBLE, std_error DOUBLE, ci_low DOUBLE,
  ci_high DOUBLE);
INSERT INTO history.variance_component VALUES ('run-2', 'native', 'sd_emigration', 0.5, 0.1, 0.3, 0.7);

CREATE TABLE history.fit AS
SELECT
  'run-2' AS run_id, 'pooled' AS model, population_group, 'ok' AS status, NULL::VARCHAR AS message,
  3000::BIGINT AS n_persons, 8800::BIGINT AS n_person_years, 440::BIGINT AS n_internal_move,
  90::BIGINT AS n_emigration, -2000.0::DOUBLE AS log_likelihood, -2100.0::DOUBLE AS null_log_likelihood,
  0.048::DOUBLE AS pseudo_r2, 4010.0::DOUBLE AS aic, 4040.0::DOUBLE AS bic, 6 AS iterations
FROM (VALUES ('immigrant'), ('norwegian_born'), ('native')) AS groups (population_group);

CREATE TABLE history.observed_rate AS
SELECT
  'run-2' AS run_id, population_group, '1' AS centrality, NULL::SMALLINT AS year, outcome,
  1000::BIGINT AS n_person_years, 50::BIGINT AS n_events, 0.05::DOUBLE AS share, 0.04::DOUBLE AS ci_low,
  0.06::DOUBLE AS ci_high
FROM history.fit CROSS JOIN (VALUES ('internal_move'), ('emigration')) AS outcomes (outcome);

CREATE TABLE history.predicted_probability AS
SELECT
  'run-2' AS run_id, 'pooled' AS model, population_group, centrality, 35 AS age, 'female' AS sex,
  'alone' AS family_situation, 'employed' AS labour_market_status, 'short_higher' AS education, 2017 AS year, outcome,
  probability::DOUBLE AS probability, 0.001::DOUBLE AS std_error, probability - 0.002::DOUBLE AS ci_low,
  probability + 0.002::DOUBLE AS ci_high
FROM history.fit
CROSS JOIN (VALUES ('1'), ('5*')) AS classes (centrality)
CROSS JOIN (VALUES ('stay', 0.94), ('internal_move', 0.05), ('emigration', 0.01)) AS outcomes (outcome, probability);

CREATE TABLE history.marginal_effect AS
SELECT
  'run-2' AS run_id, 'pooled' AS model, population_group, 'sex' AS term, 'female' AS level, outcome,
  0.01::DOUBLE AS effect, 0.001::DOUBLE AS std_error, 0.008::DOUBLE AS ci_low, 0.012::DOUBLE AS ci_high
FROM history.fit CROSS JOIN (VALUES ('internal_move'), ('emigration')) AS outcomes (outcome);

CREATE TABLE history.marginal_effect_contrast AS
SELECT
  one.run_id, one.model, one.population_group, other.population_group AS other_group, one.term, one.level, one.outcome,
  one.effect - other.effect AS difference, sqrt(0.000002::DOUBLE) AS std_error, 0.0::DOUBLE AS z,
  1.0::DOUBLE AS p_value, -0.003::DOUBLE AS ci_low, 0.003::DOUBLE AS ci_high
FROM history.marginal_effect AS one JOIN history.marginal_effect AS other USING (model, term, level, outcome)
WHERE (one.population_group, other.population_group)
  IN (('immigrant', 'norwegian_born'), ('immigrant', 'native'), ('norwegian_born', 'native'));

CREATE TABLE history.hypothesis AS
SELECT 'run-2' AS run_id, hypothesis_id, 'a statement' AS statement_en, 'en påstand' AS statement_nb
FROM (SELECT unnest(['H1a', 'H1b', 'H2a', 'H2b', 'H2c', 'H3', 'H4', 'H5', 'H6a', 'H6b']) AS hypothesis_id);

CREATE TABLE history.hypothesis_test AS
SELECT
  'run-2' AS run_id, 'pooled' AS model, hypothesis_id, profile, 'urban_minus_rural' AS contrast, 0.5::DOUBLE AS estimate,
  0.1::DOUBLE AS std_error, 5.0::DOUBLE AS z, 0.001::DOUBLE AS p_value, 0.002::DOUBLE AS p_adjusted,
  0.3::DOUBLE AS ci_low, 0.7::DOUBLE AS ci_high,
  CASE WHEN hypothesis_id IN ('H1b', 'H2c') THEN 0.005::DOUBLE END AS margin,
  CASE WHEN hypothesis_id IN ('H1b', 'H2c') THEN false END AS equivalent,
  true AS supports
FROM history.hypothesis CROSS JOIN (VALUES ('alone'), ('married')) AS profiles (profile);

CREATE TABLE history.hypothesis_verdict AS
SELECT 'run-2' AS run_id, 'pooled' AS model, hypothesis_id, 'supported' AS verdict, 2 AS n_tests, 2 AS n_supporting,
  'a note' AS note
FROM history.hypothesis;

CREATE TABLE history.variant AS
SELECT 'run-2' AS run_id, 'first_event' AS variant, 'another choice' AS statement_en, 'et annet valg' AS statement_nb;

CREATE TABLE history.sensitivity AS
SELECT 'run-2' AS run_id, variant, model, hypothesis_id, verdict, n_tests, n_supporting, verdict AS base_verdict,
  true AS agrees, 'a note' AS note
FROM history.hypothesis_verdict CROSS JOIN history.variant;

CREATE TABLE history.panel_accounting AS
SELECT 'run-2' AS run_id, year::SMALLINT AS year, disposition, 500::BIGINT AS persons
FROM range(2015, 2018) AS years (year)
CROSS JOIN (VALUES ('unknown_municipality'), ('not_mainland'), ('not_resident'), ('unknown_person'),
  ('unknown_group'), ('age_outside_window'), ('died'), ('unexplained_exit'),
  ('stay'), ('internal_move'), ('emigration')) AS dispositions (disposition);

CREATE TABLE results.run AS FROM history.run;
CREATE TABLE results.coefficient AS FROM history.coefficient;
CREATE TABLE results.relative_risk_ratio AS FROM history.relative_risk_ratio;
CREATE TABLE results.covariance AS FROM history.covariance;
CREATE TABLE results.variance_component AS FROM history.variance_component;
CREATE TABLE results.fit AS FROM history.fit;
CREATE TABLE results.observed_rate AS FROM history.observed_rate;
CREATE TABLE results.predicted_probability AS FROM history.predicted_probability;
CREATE TABLE results.marginal_effect AS FROM history.marginal_effect;
CREATE TABLE results.marginal_effect_contrast AS FROM history.marginal_effect_contrast;
CREATE TABLE results.hypothesis AS FROM history.hypothesis;
CREATE TABLE results.hypothesis_test AS FROM history.hypothesis_test;
CREATE TABLE results.hypothesis_verdict AS FROM history.hypothesis_verdict;
CREATE TABLE results.variant AS FROM history.variant;
CREATE TABLE results.sensitivity AS FROM history.sensitivity;
CREATE TABLE results.panel_accounting AS FROM history.panel_accounting;
