-- A small warehouse in which every expectation of the gates incoming and marts holds.
-- 9,000 persons, a third in each group; each panel year (2015-2017) 5 % move and 1 % emigrate;
-- one in fifty lives in Holmestrand, which was renumbered from 0702 to 0715 on 1 January 2018.
CREATE SCHEMA raw;
CREATE SCHEMA audit;
CREATE SCHEMA intermediate;
CREATE SCHEMA marts;
CREATE SCHEMA estimation;

CREATE TABLE intermediate.person_key AS
SELECT i AS person_key, format('p{:05d}', i) AS lopenr_person FROM range(9000) AS numbers (i);

CREATE TABLE raw.faste_oppl AS
SELECT
  lopenr_person,
  (197500 + 100 * (person_key % 10) + 1 + person_key % 12)::INTEGER AS foedsels_aar_mnd,
  NULL::INTEGER AS doeds_aar_mnd,
  CASE person_key % 2 WHEN 0 THEN '1' ELSE '2' END AS kjoenn,
  '000' AS fodeland,
  ['B', 'C', 'A'][1 + person_key % 3] AS invkat,
  '000' AS landbak3gen,
  CASE person_key % 3 WHEN 0 THEN 200501 END::INTEGER AS forst_aar_mnd,
  NULL::VARCHAR AS lopenr_mor,
  NULL::VARCHAR AS lopenr_far,
  1 AS arrival
FROM intermediate.person_key;

CREATE TABLE raw.bostedskommune AS
SELECT
  lopenr_person,
  year::SMALLINT AS aar,
  CASE
    WHEN person_key % 50 = 7 THEN CASE WHEN year < 2018 THEN '0702' ELSE '0715' END
    WHEN person_key % 20 < year - 2015 THEN '1103'
    ELSE '0301'
  END AS bostedskommune,
  1 AS arrival
FROM intermediate.person_key, range(2014, 2019) AS years (year)
WHERE person_key % 100 NOT BETWEEN 50 AND 49 + year - 2015;

CREATE TABLE raw.regstat AS
SELECT lopenr_person, year::SMALLINT AS aar, '1' AS regstat, make_date(1990, 1, 1) AS regstat_dat, 1 AS arrival
FROM intermediate.person_key, range(2014, 2019) AS years (year);

CREATE TABLE raw.hush_fam AS
SELECT lopenr_person, aar, lopenr_person AS lopenr_familie, '1.1.1' AS regstat_famtyp, '0' AS parstatus,
  0::SMALLINT AS barn_i_regstat_famnr, 1 AS arrival
FROM raw.bostedskommune;

CREATE TABLE raw.bu_utd AS
SELECT lopenr_person, year::SMALLINT AS aar, '641199' AS bu, 1 AS arrival
FROM intermediate.person_key, range(2013, 2018) AS years (year);

CREATE TABLE raw.regsys AS
SELECT lopenr_person, year::SMALLINT AS aar, '1' AS arb_arbmark_status, '0301' AS arb_arbkomm, 1 AS arrival
FROM intermediate.person_key, range(2013, 2018) AS years (year);

CREATE TABLE marts.person_year AS
WITH places AS (
  SELECT person_key, this.aar AS year, this.bostedskommune AS municipality_code, later.bostedskommune AS later_code
  FROM raw.bostedskommune AS this
  JOIN intermediate.person_key USING (lopenr_person)
  LEFT JOIN raw.bostedskommune AS later ON later.lopenr_person = this.lopenr_person AND later.aar = this.aar + 1
  WHERE this.aar BETWEEN 2015 AND 2017)
SELECT
  person_key,
  year,
  ['immigrant', 'norwegian_born', 'native'][1 + person_key % 3] AS population_group,
  (year - 1976 - person_key % 10)::SMALLINT AS age,
  ['male', 'female'][1 + person_key % 2] AS sex,
  ['alone', 'married_with_children', 'other'][1 + person_key % 7 % 3] AS family_situation,
  ['employed', 'outside_labour_force'][1 + person_key % 5 % 2] AS labour_market_status,
  ['upper_secondary', 'short_higher'][1 + person_key % 4 % 2] AS education,
  CASE municipality_code WHEN '0301' THEN '1' WHEN '1103' THEN '2' ELSE '3' END AS centrality,
  municipality_code,
  CASE municipality_code WHEN '0702' THEN '3802' ELSE municipality_code END AS municipality_code_2020,
  CASE
    WHEN later_code IS NULL THEN 'emigration'
    WHEN later_code = municipality_code OR municipality_code = '0702' THEN 'stay'
    ELSE 'internal_move'
  END AS outcome,
  CASE WHEN outcome <> 'stay' THEN make_date(year, 8, 15) END AS outcome_date
FROM places;

CREATE TABLE raw.flytting AS
SELECT
  lopenr_person, year AS aar, outcome_date AS flyttedato, outcome_date + 7 AS regdato,
  CASE outcome WHEN 'internal_move' THEN '1' ELSE '3' END AS flyttetype,
  municipality_code AS fra_kommnr, '1103' AS til_kommnr, '000' AS fra_land, '000' AS til_land, 1 AS arrival
FROM marts.person_year JOIN intermediate.person_key USING (person_key)
WHERE outcome <> 'stay';

CREATE TABLE marts.panel_accounting AS
WITH asked AS (
  FROM (SELECT DISTINCT year FROM marts.person_year)
  CROSS JOIN (VALUES ('unknown_municipality'), ('not_mainland'), ('not_resident'), ('unknown_person'),
    ('unknown_group'), ('age_outside_window'), ('died'), ('unexplained_exit'),
    ('stay'), ('internal_move'), ('emigration')) AS dispositions (disposition)),
given AS (SELECT year, outcome AS disposition, count(*) AS persons FROM marts.person_year GROUP BY ALL)
SELECT year, disposition, coalesce(persons, 0) AS persons FROM asked LEFT JOIN given USING (year, disposition);

CREATE TABLE marts.observed_rate AS
WITH counted AS (
  SELECT population_group, centrality, year, count(*) AS n_person_years,
    unnest(['stay', 'internal_move', 'emigration']) AS outcome,
    unnest([count(*) FILTER (outcome = 'stay'), count(*) FILTER (outcome = 'internal_move'),
      count(*) FILTER (outcome = 'emigration')]) AS n_events
  FROM marts.person_year
  GROUP BY GROUPING SETS ((population_group, centrality, year), (population_group, centrality)))
SELECT population_group, centrality, year, outcome, n_person_years, n_events, n_events / n_person_years AS share,
  greatest(share - 0.01, 0) AS ci_low, least(share + 0.01, 1) AS ci_high
FROM counted;

CREATE TABLE marts.municipality AS
SELECT '0301' AS municipality_code, 'Oslo' AS municipality_name, DATE '1838-01-01' AS valid_from,
  DATE '9999-12-31' AS valid_to, '1' AS centrality, '0301' AS municipality_code_2020;

CREATE TABLE marts.move_event AS
SELECT person_key, flyttedato AS event_date, regdato AS registered_date,
  CASE flyttetype WHEN '1' THEN 'internal_move' ELSE 'emigration' END AS event_type,
  fra_kommnr AS from_municipality_code, til_kommnr AS to_municipality_code,
  fra_land AS from_country_code, til_land AS to_country_code
FROM raw.flytting JOIN intermediate.person_key USING (lopenr_person);

CREATE TABLE estimation.cell AS
SELECT
  (row_number() OVER () - 1)::INTEGER AS cell_id,
  population_group, year, sex, age, family_situation, labour_market_status, education, centrality,
  count(*) FILTER (outcome = 'stay') AS stay,
  count(*) FILTER (outcome = 'internal_move') AS internal_move,
  count(*) FILTER (outcome = 'emigration') AS emigration
FROM marts.person_year
GROUP BY population_group, year, sex, age, family_situation, labour_market_status, education, centrality;

CREATE TABLE estimation.path AS
WITH steps AS (
  SELECT
    population_group, person_key,
    list(cell_id * 3 + list_position(['stay', 'internal_move', 'emigration'], outcome) - 1 ORDER BY year) AS path
  FROM marts.person_year
  JOIN estimation.cell USING (
    population_group, year, sex, age, family_situation, labour_market_status, education, centrality)
  GROUP BY population_group, person_key)
SELECT population_group, count(*) AS n_persons, path::INTEGER[] AS path FROM steps GROUP BY ALL;

CREATE TABLE audit.register_year AS
SELECT *, 1 AS arrival, 1::BIGINT AS n_rows, true AS is_current
FROM (
  SELECT 'bostedskommune' AS register, aar AS year FROM raw.bostedskommune
  UNION SELECT 'regstat', aar FROM raw.regstat
  UNION SELECT 'flytting', aar FROM raw.flytting
  UNION SELECT 'hush_fam', aar FROM raw.hush_fam
  UNION SELECT 'bu_utd', aar FROM raw.bu_utd
  UNION SELECT 'regsys', aar FROM raw.regsys
  UNION SELECT 'faste_oppl', NULL);

CREATE TABLE audit.delivery AS
SELECT 1 AS arrival, 'all' AS delivery_id, 'abc' AS content_hash, now() AS loaded_at, 'run-1' AS run_id, 'loaded' AS status;
