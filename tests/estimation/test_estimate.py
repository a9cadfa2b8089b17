"""The estimation step on a warehouse, end to end."""

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from models_py.estimate import estimate
from models_py.study import Study
from models_py.tables import ESTIMATION_TABLES, PUBLISHED_TABLES

COLUMN = ("outcome", "term", "level")


def read(database: Path, table: str) -> pd.DataFrame:
    with duckdb.connect(str(database), read_only=True) as con:
        return con.sql(f"select * from estimation.{table}").df()


def test_tables_are_as_declared(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        for table in ESTIMATION_TABLES:
            described = con.sql(f"describe estimation.{table.name}").fetchall()
            declared = [(column.name, column.sql_type) for column in table.columns]
            found = [(row[0], row[1].replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")) for row in described]
            assert found == declared


def test_keys_are_unique(warehouse: Path) -> None:
    for table in ESTIMATION_TABLES:
        assert not read(warehouse, table.name).duplicated(list(table.key)).any(), table.name


def test_declared_tables_can_be_created_and_described() -> None:
    with duckdb.connect() as con:
        con.execute("create schema history")
        con.execute("create schema results")
        for table in PUBLISHED_TABLES:
            con.execute(table.create_sql("history"))
            con.execute(f"create view results.{table.name} as from history.{table.name}")
            for statement in table.comment_sql("history", "results"):
                con.execute(statement)
        described = con.sql("""
            select count(*) from duckdb_columns() where schema_name in ('history', 'results') and comment is null
        """).fetchone()
    assert described == (0,)


def test_every_group_is_fitted(warehouse: Path, rows: pd.DataFrame, study: Study) -> None:
    fits = read(warehouse, "fit").set_index(["model", "population_group"])
    assert list(fits.index) == [(m, group) for m in ("pooled", "random_effects") for group in study.models.groups]
    assert (fits["status"] == "ok").all()
    for group, own in rows.groupby("population_group"):
        for _, fit in fits.xs(group, level="population_group").iterrows():
            assert fit["n_persons"] == own["person"].nunique()
            assert fit["n_person_years"] == len(own)
            assert fit["n_emigration"] == (own["outcome"] == "emigration").sum()
            assert fit["log_likelihood"] > fit["null_log_likelihood"]
        assert fits.loc[("random_effects", group), "log_likelihood"] > fits.loc[("pooled", group), "log_likelihood"]


@pytest.mark.parametrize("model", ["pooled", "random_effects"])
def test_coefficients_name_every_level_and_reference(warehouse: Path, study: Study, model: str) -> None:
    coefficients = read(warehouse, "coefficient")
    native = coefficients[(coefficients["population_group"] == "native") & (coefficients["outcome"] == "emigration")]
    native = native[native["model"] == model]
    references = native[native["is_reference"]].set_index("term")
    assert references["level"].to_dict() == {
        "centrality": "5*",
        "sex": "male",
        "family_situation": "alone",
        "labour_market_status": "employed",
        "education": "upper_secondary",
        "year": "2015",
    }
    assert (references["estimate"] == 0).all()
    assert references[["std_error", "z", "p_value", "ci_low", "ci_high"]].isna().all().all()
    levels = native[native["term"] == "education"]["level"]
    assert set(levels) == set(study.levels("education"))
    assert set(native[native["level"] == ""]["term"]) == {"intercept", "age", "age_squared"}


def test_standard_errors_are_those_of_the_covariance(warehouse: Path) -> None:
    covariance = read(warehouse, "covariance")
    diagonal = covariance[
        (covariance["row_outcome"] == covariance["col_outcome"])
        & (covariance["row_term"] == covariance["col_term"])
        & (covariance["row_level"] == covariance["col_level"])
    ].rename(columns={"row_outcome": "outcome", "row_term": "term", "row_level": "level"})
    both = read(warehouse, "coefficient").merge(diagonal, on=["model", "population_group", "outcome", "term", "level"])
    assert len(both) == 2 * (3 * 54 - 3 * 2 * 2)  # two models; four years: two levels of year less than with six
    assert_allclose(both["std_error"], np.sqrt(both["value"]), rtol=1e-12)


def test_covariances_are_the_same_both_ways_round(warehouse: Path) -> None:
    covariance = read(warehouse, "covariance")
    ends = {f"{one}_{part}": f"{other}_{part}" for one, other in (("row", "col"), ("col", "row")) for part in COLUMN}
    both = covariance.merge(covariance.rename(columns=ends), on=["model", "population_group", *ends])
    assert len(both) == len(covariance)
    assert (both["value_x"] == both["value_y"]).all()


@pytest.fixture
def own_warehouse(warehouse: Path, tmp_path: Path) -> Path:
    """A copy to write to."""
    return Path(shutil.copy(warehouse, tmp_path))


def test_a_second_run_replaces_the_first(own_warehouse: Path, study: Study) -> None:
    database = own_warehouse
    first = {table.name: read(database, table.name) for table in ESTIMATION_TABLES}
    estimate(database, study)
    for name, before in first.items():
        pd.testing.assert_frame_equal(read(database, name), before)


def test_a_failure_leaves_the_estimates_of_before(
    own_warehouse: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = own_warehouse
    before = read(database, "coefficient")
    monkeypatch.setattr("models_py.estimate.verdict_row", lambda model, judgement: {"model": None})
    with pytest.raises(duckdb.ConstraintException):
        estimate(database, study)
    pd.testing.assert_frame_equal(read(database, "coefficient"), before)


def test_order_of_cells_and_paths_does_not_matter(warehouse: Path, own_warehouse: Path, study: Study) -> None:
    shuffled = own_warehouse
    with duckdb.connect(str(shuffled)) as con:
        for table in ("cell", "path"):
            con.execute(f"create or replace table estimation.{table} as from estimation.{table} order by hash({table})")
    estimate(shuffled, study)
    for name in ("estimate", "std_error"):
        assert_allclose(read(shuffled, "coefficient")[name], read(warehouse, "coefficient")[name], atol=1e-9)
