"""models.on_separation through the front door: refused by default, bias-reduced and said so where declared."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from models_py.cells import panel_years, read_cells, read_paths
from models_py.estimability import NotEstimableError
from models_py.estimate import count_persons, estimate
from models_py.pooled import fit_pooled, make_sample
from models_py.products import DenseRows
from models_py.results import MultinomialLogitResults
from models_py.study import Study
from tests.estimation.population import cells_of, simulate, write_warehouse

SAYS = "estimates are bias-reduced (Firth-type, Kosmidis & Firth 2011), because the data separate; "

pytestmark = pytest.mark.usefixtures("pooled_alone")


@pytest.fixture(scope="module")
def native(study: Study) -> pd.DataFrame:
    rows = simulate(study, n_persons=1_500, seed=31)
    return rows[rows["population_group"] == "native"].reset_index(drop=True)


@pytest.fixture(scope="module")
def separated(native: pd.DataFrame) -> pd.DataFrame:
    """Nobody with long higher education emigrates."""
    home = (native["education"] == "long_higher") & (native["outcome"] == "emigration")
    return native.assign(outcome=native["outcome"].where(~home, "stay"))


@pytest.fixture(scope="module")
def reducing(study: Study) -> Study:
    return with_models(study, on_separation="bias_reduction")


def with_models(study: Study, **values: object) -> Study:
    return study.model_copy(update={"models": study.models.model_copy(update=values)})


def with_terms(study: Study, *names: str) -> Study:
    return with_models(study, terms=tuple(term for term in study.models.terms if term.name in names))


def estimated(rows: pd.DataFrame, study: Study, folder: Path) -> tuple[dict[str, object], pd.DataFrame]:
    """The row of `fit` of natives, and their coefficients."""
    database = write_warehouse(rows, folder / "warehouse.duckdb")
    estimate(database, study)
    with duckdb.connect(str(database), read_only=True) as con:
        fit = con.sql("select * from estimation.fit where population_group = 'native'").to_arrow_table().to_pylist()[0]
        return fit, con.sql("select * from estimation.coefficient where population_group = 'native'").df()


def fitted(rows: pd.DataFrame, study: Study, folder: Path) -> MultinomialLogitResults:
    with duckdb.connect(str(write_warehouse(rows, folder / f"{study.models.on_separation}.duckdb"))) as con:
        cells = read_cells(con, "native", panel_years(con), study)
        sample = make_sample(cells, count_persons(con, "native"), study, may_separate=True)
        return fit_pooled(sample, read_paths(con, "native"), study)


def test_a_level_without_an_outcome_is_fitted_and_named(
    separated: pd.DataFrame, reducing: Study, tmp_path: Path
) -> None:
    fit, coefficients = estimated(separated, reducing, tmp_path)
    assert fit["status"] == "ok"
    assert SAYS in fit["message"]
    assert "; the data separate by: no emigration at education=long_higher" in fit["message"]
    assert "standard errors clustered by person, G/(G-1), with the unpenalised information" in fit["message"]
    assert fit["n_person_years"] == len(separated)
    assert coefficients["estimate"].abs().max() < 10
    assert coefficients["std_error"].max() < 10


def test_it_is_refused_by_default(separated: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    fit, coefficients = estimated(separated, study, tmp_path)
    assert fit["status"] == "separation"
    assert "no emigration at education=long_higher" in fit["message"]
    assert len(coefficients) == 0


def test_separation_in_combination_is_fitted_and_named(native: pd.DataFrame, reducing: Study, tmp_path: Path) -> None:
    """Every level has every outcome, but people emigrate from 58 on and only then: complete separation."""
    home = native["outcome"].where(native["outcome"] != "emigration", "stay")
    rows = native.assign(outcome=np.where(native["age"] >= 58, "emigration", home))
    few = with_terms(reducing, "intercept", "sex", "age")
    fit, coefficients = estimated(rows, few, tmp_path)
    assert fit["status"] == "ok"
    assert SAYS in fit["message"]
    assert "; the data separate by: emigration by intercept, age" in fit["message"]
    assert np.isfinite(coefficients["estimate"]).all()
    assert (coefficients.loc[~coefficients["is_reference"], "std_error"] > 0).all()


def test_without_separation_it_is_maximum_likelihood(
    native: pd.DataFrame, study: Study, reducing: Study, tmp_path: Path
) -> None:
    ours, default = fitted(native, reducing, tmp_path), fitted(native, study, tmp_path)
    assert_allclose(ours.params, default.params, rtol=0)
    assert ours.remarks == default.remarks == ()


def test_only_an_estimator_that_reduces_bias_gets_a_separated_sample(separated: pd.DataFrame, reducing: Study) -> None:
    with pytest.raises(NotEstimableError, match="no emigration at education=long_higher"):
        make_sample(cells_of(separated, reducing), separated["person"].nunique(), reducing)


def test_the_rest_is_refused_still(native: pd.DataFrame, reducing: Study) -> None:
    def status(rows: pd.DataFrame, n_persons: int) -> str:
        with pytest.raises(NotEstimableError) as raised:
            make_sample(cells_of(rows, reducing), n_persons, reducing, may_separate=True)
        return raised.value.status

    persons = native["person"].nunique()
    nobody_left = native.assign(outcome=native["outcome"].where(native["outcome"] != "emigration", "stay"))
    assert status(nobody_left, persons) == "empty_outcome"
    assert status(native[native["labour_market_status"] != "employed"], persons) == "collinear"
    assert status(native, 52) == "withheld"


def test_of_a_handful_of_persons_nothing_is_told(separated: pd.DataFrame, reducing: Study) -> None:
    with pytest.raises(NotEstimableError) as raised:
        make_sample(cells_of(separated, reducing), 20, reducing, may_separate=True)
    assert raised.value.status == "too_few_observations"
    assert "education" not in str(raised.value)


def test_unknown_without_events_is_left_out_still(native: pd.DataFrame, reducing: Study) -> None:
    home = (native["education"] == "unknown") & (native["outcome"] == "emigration")
    rows = native.assign(outcome=native["outcome"].where(~home, "stay"))
    sample = make_sample(cells_of(rows, reducing), rows["person"].nunique(), reducing, may_separate=True)
    assert sample.separation == ""
    assert any(
        "education=unknown, where some outcome never occurs, are left out" in remark for remark in sample.remarks
    )


def test_persons_who_are_all_alike_are_refused_still(native: pd.DataFrame, reducing: Study, tmp_path: Path) -> None:
    outcomes = {2015: "stay", 2016: "internal_move", 2017: "emigration", 2018: "stay"}
    rows = native.assign(outcome=native["year"].map(outcomes))
    fit, coefficients = estimated(rows, with_terms(reducing, "intercept", "sex"), tmp_path)
    assert fit["status"] == "singular"
    assert len(coefficients) == 0


def test_standard_errors_do_not_take_no_event_for_certainty(
    separated: pd.DataFrame, reducing: Study, tmp_path: Path
) -> None:
    """Where no event happens, half a pseudo-event is all that is known: the error is about the model-based one."""
    ours = fitted(separated, with_terms(reducing, "intercept", "education"), tmp_path)
    at = [str(column) for column in ours.design.columns].index("education=long_higher")
    model_based = np.sqrt(np.diag(ours.model_covariance)).reshape(ours.params.shape, order="F")
    assert ours.bse[at, 1] == pytest.approx(model_based[at, 1], rel=0.05)
    assert model_based[at, 1] > 1.4


@pytest.mark.parametrize("kind", ["robust", "model"])
def test_other_covariances(separated: pd.DataFrame, reducing: Study, tmp_path: Path, kind: str) -> None:
    study = with_models(with_terms(reducing, "intercept", "education"), covariance=kind)
    ours = fitted(separated, study, tmp_path)
    assert ours.covariance_type in ours.remarks[0]
    assert ("pseudo-counts" in ours.remarks[0]) == (kind == "robust")
    np.linalg.cholesky(ours.cov_params())
    if kind == "model":
        assert_allclose(ours.cov_params(), ours.model_covariance, rtol=0)


def test_cross_products_by_definition() -> None:
    rng = np.random.default_rng(0)
    X, root = rng.normal(size=(1_500, 2)), rng.normal(size=(1_500, 2, 2))
    weights = root + root.transpose(0, 2, 1)
    expected = sum(np.kron(weight, np.outer(x, x)) for weight, x in zip(weights, X, strict=True))
    assert_allclose(DenseRows(X).cross_products(weights.transpose(1, 2, 0)), expected)
