"""What the parameters imply: raw rates, and the verdicts of the study's tests, straight from simulated lives.

`python -m synthetic.calibrate PERSONS SEED…` draws balanced Norways (or `--sampling population`), skips the
registers, and estimates with `models_py` as the warehouse would. It is meant for changing `parameters.yml`.
"""

import argparse
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from flows.home import STUDY_FILE
from models_py.estimate import estimate
from models_py.study import load_study
from synthetic.life import History, World, live, make_world
from synthetic.migration import INTERNAL_MOVE, STAY, in_model_ages
from synthetic.norway import read_norway
from synthetic.parameters import CENTRALITY, EDUCATION, FAMILY, GROUPS, LABOUR, load_parameters
from synthetic.simulation import blocks, group_sizes, named
from synthetic.streams import Streams

OUTCOMES = ("stay", "internal_move", "emigration")
PATTERN = "population_group, year, sex, age, family_situation, labour_market_status, education, centrality"

ESTIMATION_INPUT = f"""
    CREATE SCHEMA estimation;
    CREATE TABLE estimation.cell AS
        SELECT (row_number() OVER (ORDER BY {PATTERN}) - 1)::INTEGER AS cell_id, *
        FROM (SELECT {PATTERN}, count(*) FILTER (outcome = 'stay') AS stay,
                     count(*) FILTER (outcome = 'internal_move') AS internal_move,
                     count(*) FILTER (outcome = 'emigration') AS emigration
              FROM person_year GROUP BY ALL);
    CREATE TABLE estimation.path AS
        SELECT population_group, count(*) AS n_persons, path
        FROM (SELECT population_group, person, list(step ORDER BY year) AS path
              FROM (SELECT p.population_group, p.person, p.year, (c.cell_id * 3
                           + CASE p.outcome WHEN 'stay' THEN 0 WHEN 'internal_move' THEN 1 ELSE 2 END)::INTEGER AS step
                    FROM person_year AS p JOIN estimation.cell AS c USING ({PATTERN}))
              GROUP BY ALL)
        GROUP BY ALL;
"""


def person_years(world: World, history: History, block: int, years: range) -> pa.Table:
    """The panel of a block without its registers: one row per person and year at risk, with the drawn outcome."""
    tables = []
    for year in years:
        terms, outcome = history.terms(world, year), history.outcomes[year]
        rows = np.flatnonzero((outcome < len(OUTCOMES)) & in_model_ages(world.parameters, terms.age))
        tables.append(
            pa.table(
                {
                    "person": block * 2**32 + rows,
                    "year": np.full(len(rows), year, dtype=np.int16),
                    "population_group": named(terms.group[rows], GROUPS),
                    "sex": named(terms.sex[rows], ("male", "female")),
                    "age": terms.age[rows].astype(np.int16),
                    "family_situation": named(terms.family[rows], FAMILY),
                    "labour_market_status": named(terms.labour[rows], LABOUR),
                    "education": named(terms.education[rows], EDUCATION),
                    "centrality": named(terms.centrality[rows], CENTRALITY),
                    "outcome": named(outcome[rows], OUTCOMES),
                }
            )
        )
    return pa.concat_tables(tables).unify_dictionaries()


def simulate_panel(database: Path, world: World, persons: int, seed: int, years: tuple[int, int]) -> None:
    """Write `person_year` of the years after the first, and the estimation input, into a new database."""
    with duckdb.connect(str(database)) as con:
        for block, size in enumerate(blocks(persons)):
            history = live(world, group_sizes(world, size), *years, Streams(seed, block))
            rows = person_years(world, history, block, range(years[0] + 1, years[1]))
            con.register("rows", rows)
            con.execute(f"{'INSERT INTO' if block else 'CREATE TABLE'} person_year {'' if block else 'AS'} FROM rows")
            con.unregister("rows")
            _print_rates(history, years)
        con.execute(ESTIMATION_INPUT)


def _print_rates(history: History, years: tuple[int, int]) -> None:
    """Print yearly rates: of all residents as drawn and as counted in events, and of each group at risk as drawn."""
    residents = moves = leaves = events = departures = 0
    for year in range(*years):
        outcome = history.outcomes[year]
        residents += int(np.sum(history.snapshots[year].unit >= 0))
        moves, leaves = (
            moves + int(np.sum(outcome == INTERNAL_MOVE)),
            leaves + int(np.sum(outcome == INTERNAL_MOVE + 1)),
        )
        events += int(np.sum(history.events[year].kind == 1))
        departures += int(np.sum(history.events[year].kind == 3))
    print(
        f"residents: move {moves / residents:.4f} (counted {events / residents:.4f}), "
        f"leave {leaves / residents:.4f} (counted {departures / residents:.4f})"
    )
    for number, group in enumerate(GROUPS):
        of_group = [
            history.outcomes[y][history.people.group[: len(history.outcomes[y])] == number] for y in range(*years)
        ]
        outcome = np.concatenate(of_group)
        at_risk = np.sum((outcome >= STAY) & (outcome < len(OUTCOMES)))
        print(
            f"  {group}: move {np.sum(outcome == INTERNAL_MOVE) / at_risk:.4f}, "
            f"leave {np.sum(outcome == INTERNAL_MOVE + 1) / at_risk:.4f}"
        )


def main() -> None:
    """Print rates, tests and verdicts for each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("persons", type=int)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--sampling", choices=["balanced", "population"], default="balanced")
    parser.add_argument("--parameters", type=Path)
    given = parser.parse_args()
    world = make_world(load_parameters(given.parameters), read_norway(), given.sampling == "balanced", quirks=True)
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder) / "panel.duckdb"
            simulate_panel(database, world, given.persons, seed, (2014, 2021))
            estimate(database, load_study(STUDY_FILE))
            _print_estimates(database, seed)


def _print_estimates(database: Path, seed: int) -> None:
    with duckdb.connect(str(database)) as con:
        for query in (
            "SELECT population_group, outcome, count(*) AS n FROM person_year GROUP BY ALL ORDER BY ALL",
            "SELECT population_group AS grp, centrality, round(avg((outcome = 'internal_move')::INT), 4) AS move, "
            "round(avg((outcome = 'emigration')::INT), 5) AS leave, sum((outcome = 'emigration')::INT) AS n_leave "
            "FROM person_year GROUP BY ALL ORDER BY ALL",
            "SELECT population_group, status, message FROM estimation.fit",
            "SELECT hypothesis_id, contrast, profile, round(estimate, 5) AS estimate, round(z, 2) AS z, supports "
            "FROM estimation.hypothesis_test ORDER BY ALL",
            "SELECT m.population_group AS grp, m.centrality AS c, m.family_situation AS family, "
            "m.labour_market_status AS labour, round(m.probability, 4) AS move, round(e.probability, 4) AS leave "
            "FROM estimation.predicted_probability AS m JOIN estimation.predicted_probability AS e "
            "USING (population_group, centrality, family_situation, labour_market_status) "
            "WHERE m.outcome = 'internal_move' AND e.outcome = 'emigration' AND e.probability > m.probability "
            "ORDER BY ALL",
        ):
            print(con.sql(query).df().to_string(index=False))
        verdicts = con.sql(
            "SELECT hypothesis_id, verdict, n_supporting, n_tests FROM estimation.hypothesis_verdict ORDER BY ALL"
        ).fetchall()
        print(f"seed {seed}:", ", ".join(f"{h} {v} {k}/{n}" for h, v, k, n in verdicts))


if __name__ == "__main__":
    main()
