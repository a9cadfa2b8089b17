-- A small release in which the brief finds what the published one did: all verdicts, gradients and the exception.
CREATE SCHEMA results;

CREATE TABLE results.run AS
SELECT
  'run-7' AS run_id, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS started_at,
  TIMESTAMPTZ '2026-01-01 00:10:00+00' AS finished_at, 2015::SMALLINT AS first_year, 2020::SMALLINT AS last_year,
  1500000::BIGINT AS n_person_years, '0.1.0+abc' AS code_version, repeat('ab', 32) AS study_hash,
  repeat('cd', 32) AS input_hash;

CREATE TABLE results.fit AS
SELECT
  model, population_group, 'ok' AS status, NULL::VARCHAR AS message, 123450::BIGINT AS n_persons,
  500000::BIGINT AS n_person_years, 23455::BIGINT AS n_internal_move, 6785::BIGINT AS n_emigration
FROM (VALUES ('pooled'), ('random_effects')) AS models (model)
CROSS JOIN (VALUES ('immigrant'), ('norwegian_born'), ('native')) AS groups (population_group);

-- Events of 100,000 person-years in each class of centrality.
CREATE TABLE results.observed_rate AS
WITH moves AS (
  FROM (VALUES
    ('immigrant', 'internal_move', [3210, 4320, 5010, 6540, 8230]),
    ('immigrant', 'emigration', [2830, 2810, 2840, 2800, 2820]),
    ('norwegian_born', 'internal_move', [4910, 6720, 8850, 11300, 13650]),
    ('norwegian_born', 'emigration', [1060, 1050, 1070, 1040, 1055]),
    ('native', 'internal_move', [3220, 3100, 2660, 2780, 2690]),
    ('native', 'emigration', [410, 310, 240, 170, 110])) AS moves (population_group, outcome, events)),
cells AS (
  SELECT
    population_group, outcome, (['1', '2', '3', '4', '5*'])[i] AS centrality, events[i] AS n_events, 100000 AS n
  FROM moves CROSS JOIN range(1, 6) AS classes (i))
SELECT
  population_group, centrality, NULL::SMALLINT AS year, outcome, n::BIGINT AS n_person_years,
  n_events::BIGINT AS n_events, n_events / n AS share,
  n_events / n - 1.96 * sqrt(n_events) / n AS ci_low, n_events / n + 1.96 * sqrt(n_events) / n AS ci_high
FROM cells;

CREATE TABLE results.coefficient AS
WITH estimates AS (
  FROM (VALUES
    ('immigrant', 'internal_move', [-1.10, -0.80, -0.60, -0.30, 0.0]),
    ('immigrant', 'emigration', [-0.03, 0.02, 0.01, -0.01, 0.0]),
    ('norwegian_born', 'internal_move', [-1.20, -0.85, -0.55, -0.25, 0.0]),
    ('norwegian_born', 'emigration', [0.02, 0.01, -0.02, 0.01, 0.0]),
    ('native', 'internal_move', [0.03, 0.12, -0.02, 0.01, 0.0]),
    ('native', 'emigration', [1.20, 0.80, 0.50, 0.25, 0.0])) AS estimates (population_group, outcome, estimates))
SELECT
  model, population_group, outcome, 'centrality' AS term, (['1', '2', '3', '4', '5*'])[i] AS level,
  estimates[i]::DOUBLE AS estimate,
  CASE WHEN i < 5 THEN 0.03 END::DOUBLE AS std_error, CASE WHEN i < 5 THEN estimates[i] / 0.03 END::DOUBLE AS z,
  CASE WHEN i < 5 THEN 0.01 END::DOUBLE AS p_value,
  CASE WHEN i < 5 THEN estimates[i] - 0.059 END::DOUBLE AS ci_low,
  CASE WHEN i < 5 THEN estimates[i] + 0.059 END::DOUBLE AS ci_high, i = 5 AS is_reference
FROM estimates CROSS JOIN range(1, 6) AS classes (i)
CROSS JOIN (VALUES ('pooled'), ('random_effects')) AS models (model);

CREATE TABLE results.predicted_probability AS
WITH bases AS (
  FROM (VALUES
    ('immigrant', 0.030, 0.016), ('norwegian_born', 0.050, 0.008), ('native', 0.040, 0.002))
    AS bases (population_group, internal_move, emigration)),
cells AS (
  SELECT
    *, internal_move * (1 + 0.2 * c) * (1.4 - 0.1 * f) * (1 + 0.05 * l) AS moves,
    emigration * (1.4 - 0.1 * f) * (1 + 0.45 * l) AS leaves
  FROM bases
  CROSS JOIN (VALUES ('1', 0), ('2', 1), ('3', 2), ('4', 3), ('5*', 4)) AS classes (centrality, c)
  CROSS JOIN (VALUES ('alone', 0), ('single_parent', 1), ('cohabiting_no_children', 2), ('cohabiting_with_children', 3),
    ('married_no_children', 4), ('married_with_children', 5)) AS families (family_situation, f)
  CROSS JOIN (VALUES ('employed', 0), ('unemployed', 1), ('outside_labour_force', 3))
    AS labours (labour_market_status, l)),
outcomes AS (
  SELECT *, unnest(['stay', 'internal_move', 'emigration']) AS outcome FROM cells)
SELECT
  model, population_group, centrality, 35 AS age, 'female' AS sex, family_situation, labour_market_status,
  'short_higher' AS education, 2020 AS year, outcome,
  CASE outcome WHEN 'stay' THEN 1 - moves - leaves WHEN 'internal_move' THEN moves ELSE leaves END::DOUBLE
    AS probability,
  0.001::DOUBLE AS std_error, probability * 0.9 AS ci_low, probability * 1.1 AS ci_high
FROM outcomes CROSS JOIN (VALUES ('pooled'), ('random_effects')) AS models (model);

CREATE TABLE results.hypothesis AS
SELECT name AS hypothesis_id, 'Statement of ' || name AS statement_en, 'Påstand ' || name AS statement_nb
FROM (SELECT unnest(['H1a', 'H1b', 'H2a', 'H2b', 'H2c', 'H3', 'H4', 'H5', 'H6a', 'H6b']) AS name);

CREATE TABLE results.hypothesis_test AS
SELECT
  model, hypothesis_id, family || ', ' || labour AS profile, 'difference' AS contrast, 0.5::DOUBLE AS estimate,
  0.1::DOUBLE AS std_error, 5.0::DOUBLE AS z, 0.001::DOUBLE AS p_value, 0.002::DOUBLE AS p_adjusted,
  0.3::DOUBLE AS ci_low, 0.7::DOUBLE AS ci_high,
  CASE WHEN hypothesis_id IN ('H1b', 'H2c') THEN 0.005::DOUBLE END AS margin,
  CASE WHEN hypothesis_id IN ('H1b', 'H2c') THEN family = 'alone' END AS equivalent,
  hypothesis_id <> 'H1b' OR family = 'alone' AS supports
FROM results.hypothesis
CROSS JOIN (VALUES ('alone'), ('married_with_children')) AS families (family)
CROSS JOIN (VALUES ('employed'), ('unemployed'), ('outside_labour_force')) AS labours (labour)
CROSS JOIN (VALUES ('pooled'), ('random_effects')) AS models (model);

CREATE TABLE results.hypothesis_verdict AS
SELECT
  model, hypothesis_id, CASE WHEN hypothesis_id = 'H1b' THEN 'partly_supported' ELSE 'supported' END AS verdict,
  6 AS n_tests, CASE WHEN hypothesis_id = 'H1b' THEN 3 ELSE 6 END AS n_supporting, '' AS note
FROM results.hypothesis CROSS JOIN (VALUES ('pooled'), ('random_effects')) AS models (model);

CREATE TABLE results.variant AS
SELECT 'first_event' AS variant, 'The first event decides' AS statement_en, 'Den første hendelsen avgjør' AS statement_nb;

CREATE TABLE results.sensitivity AS
SELECT
  'first_event' AS variant, model, hypothesis_id, verdict, n_tests, n_supporting, verdict AS base_verdict,
  true AS agrees, '' AS note
FROM results.hypothesis_verdict WHERE model = 'pooled';
