"""A small simulated panel as the warehouse holds it, and as rows a person-year, to compare with other software.

Belongs here: what several estimation tests share. Does not belong here: registers, or anything dbt does.
"""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from models_py.cells import Cells, Factor
from models_py.study import Study

COVARIATES = ("centrality", "sex", "family_situation", "labour_market_status", "education")
SHARES = {
    "centrality": (0.35, 0.25, 0.15, 0.10, 0.15),
    "sex": (0.5, 0.5),
    "family_situation": (0.3, 0.1, 0.1, 0.1, 0.1, 0.2, 0.05, 0.05),
    "labour_market_status": (0.6, 0.15, 0.2, 0.05),
    "education": (0.25, 0.3, 0.25, 0.15, 0.05),
}
GROUP_EMIGRATION = {"immigrant": -2.6, "norwegian_born": -3.2, "native": -3.8}


def simulate(study: Study, n_persons: int, seed: int, n_years: int = 4, person_sd: float = 0.8) -> pd.DataFrame:
    """Persons of all groups, `n_persons` each, with covariates that persist and outcomes that depend on them."""
    rng = np.random.default_rng(seed)
    frames = [_simulate_group(study, group, n_persons, n_years, person_sd, rng) for group in study.models.groups]
    rows = pd.concat(frames, ignore_index=True)
    rows["person"] = rows.groupby(["population_group", "person"], sort=False).ngroup()
    return rows


def _simulate_group(
    study: Study, group: str, n_persons: int, n_years: int, person_sd: float, rng: np.random.Generator
) -> pd.DataFrame:
    person = np.repeat(np.arange(n_persons), n_years)
    rows = pd.DataFrame(
        {"person": person, "population_group": group, "year": np.tile(2015 + np.arange(n_years), n_persons)}
    )
    rows["age"] = np.repeat(rng.integers(25, 60, n_persons), n_years) + rows["year"] - 2015
    codes = {}
    for name in COVARIATES:
        levels = study.levels(name)
        drawn = rng.choice(len(levels), size=n_persons, p=SHARES[name])
        changes = (rng.random(len(person)) < 0.1) & (name != "sex")
        codes[name] = np.where(changes, rng.choice(len(levels), size=len(person), p=SHARES[name]), drawn[person])
        rows[name] = np.array(levels)[codes[name]]
    age = (rows["age"].to_numpy() - 35) / 10
    effects = rng.normal(0, person_sd, (n_persons, 2))[person]
    internal = -2.4 - 0.4 * age + 0.15 * codes["centrality"] - 0.2 * (codes["family_situation"] == 5) + effects[:, 0]
    abroad = (
        GROUP_EMIGRATION[group] - 0.3 * age - 0.2 * codes["centrality"] + 0.3 * (codes["labour_market_status"] == 2)
    )
    utilities = np.column_stack([np.zeros(len(person)), internal, abroad + effects[:, 1]])
    gumbel = rng.gumbel(size=utilities.shape)
    rows["outcome"] = np.array(study.variables.outcome.levels)[(utilities + gumbel).argmax(axis=1)]
    return rows


def cells_of(rows: pd.DataFrame, study: Study) -> Cells:
    """Rows of one group as cells, without a database."""
    outcomes, factors = list(study.variables.outcome.levels), [*COVARIATES, "year"]
    counted = rows.groupby([*factors, "age", "outcome"], observed=True).size().unstack("outcome", fill_value=0)
    counted = counted.reindex(columns=outcomes, fill_value=0).reset_index()
    levels = {name: study.levels(name) for name in COVARIATES}
    levels["year"] = tuple(str(year) for year in sorted(rows["year"].unique()))
    return Cells(
        cell_id=np.arange(len(counted)),
        age=counted["age"].to_numpy(float),
        factors={
            name: Factor(np.array([levels[name].index(str(level)) for level in counted[name]]), levels[name])
            for name in factors
        },
        counts=counted[outcomes].to_numpy(float),
    )


def write_warehouse(rows: pd.DataFrame, database: Path) -> Path:
    """A warehouse file with `estimation.cell`, `estimation.path` and the marts that publication reads."""
    with duckdb.connect(str(database)) as con:
        con.register("rows", rows)
        con.execute("create schema marts")
        con.execute("create schema estimation")
        con.execute("""
            create table marts.person_year as
            select
                person::bigint as person_key, population_group, year::smallint as year, age::smallint as age,
                sex, family_situation, labour_market_status, education, centrality, outcome
            from rows
        """)
        con.execute("""
            create table estimation.cell as
            select
                (row_number() over (
                    order by
                        population_group, year, sex, age, centrality, family_situation, labour_market_status, education
                ) - 1)::integer as cell_id,
                *
            from (
                select
                    population_group, year, sex, age, family_situation, labour_market_status, education, centrality,
                    count(*) filter (outcome = 'stay') as stay,
                    count(*) filter (outcome = 'internal_move') as internal_move,
                    count(*) filter (outcome = 'emigration') as emigration
                from marts.person_year
                group by all
            )
        """)
        con.execute("""
            create table estimation.path as
            with coded as (
                select
                    person_key, population_group, year,
                    cell_id * 3 + list_position(['stay', 'internal_move', 'emigration'], outcome)::integer - 1 as code
                from marts.person_year
                inner join estimation.cell using (
                    population_group, year, sex, age, family_situation, labour_market_status, education, centrality
                )
            ),
            person as (
                select population_group, list(code order by year)::integer[] as path from coded
                group by population_group, person_key
            )
            select population_group, count(*) as n_persons, path from person group by population_group, path
        """)
        con.execute("""
            create table marts.observed_rate as
            with cell as (
                select population_group, centrality, year, count(*) as n_person_years
                from marts.person_year group by all
            ),
            event as (
                select population_group, centrality, year, outcome, count(*) as n_events
                from marts.person_year group by all
            )
            select cell.*, level.outcome, coalesce(n_events, 0) as n_events
            from cell
            cross join (select unnest(['stay', 'internal_move', 'emigration']) as outcome) as level
            left join event using (population_group, centrality, year, outcome)
        """)
        con.execute("""
            create table marts.panel_accounting as
            select year, outcome as disposition, count(*) as persons from marts.person_year group by all
            union all by name
            select distinct year, unnest(['died', 'not_resident', 'unknown_group']) as disposition,
                unnest([7, 40, 2]) as persons
            from marts.person_year
        """)
    return database
