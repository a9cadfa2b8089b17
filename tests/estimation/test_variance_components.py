"""What is said of variance components where persons do not differ: boundaries, and no number that is not one."""

from pathlib import Path

import duckdb
import numpy as np

from models_py.estimate import estimate
from models_py.study import Study
from models_py.variance_components import component, make_structure
from tests.estimation.population import simulate, write_warehouse


def test_a_correlation_needs_two_deviations(study: Study, tmp_path: Path) -> None:
    """Without differences between persons a deviation is estimated at zero, and 0 / 0 is no correlation."""
    database = write_warehouse(simulate(study, 1_500, seed=2, person_sd=0.0), tmp_path / "warehouse.duckdb")
    estimate(database, study)
    with duckdb.connect(str(database), read_only=True) as con:
        rows = con.sql("""
            pivot (select population_group, name, estimate from estimation.variance_component)
            on name using first(estimate) group by population_group order by population_group
        """).fetchall()
        standard_errors = con.sql(
            "select std_error from estimation.variance_component where estimate < 0.02"
        ).fetchall()
    at_zero = {group: min(sd_emigration, sd_move) < 0.02 for group, _, sd_emigration, sd_move in rows}
    undefined = {group: correlation is None for group, correlation, _, _ in rows}
    assert undefined == at_zero
    assert len(set(at_zero.values())) == 2, "the seed must give both cases"
    assert set(standard_errors) == {(None,)}


def test_no_rounding_takes_a_correlation_past_one() -> None:
    """Gate 3 refuses one that is, and stopped a release whose random effects the data did not tell apart."""
    structure, chance = make_structure("unstructured", 2), np.random.default_rng(1)
    deviations = chance.uniform(0.1, 5, (200, 2)) * [1, -1]
    correlations = [component(structure, np.array([one, other, 0.0]), 1, 0).value for one, other in deviations]
    assert min(correlations) == -1.0
    assert max(correlations) < -0.999
