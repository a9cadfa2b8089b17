"""Coefficients and clustered standard errors equal statsmodels' on the same person-years, row by row."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose

from models_py.cells import panel_years, read_cells, read_paths
from models_py.estimate import count_persons
from models_py.pooled import fit_pooled, make_sample
from models_py.results import MultinomialLogitResults
from models_py.study import Study
from tests.estimation.population import cells_of


def fit_group(database: Path, group: str, study: Study) -> MultinomialLogitResults:
    with duckdb.connect(str(database), read_only=True) as con:
        cells = read_cells(con, group, panel_years(con), study)
        sample = make_sample(cells, count_persons(con, group), study)
        return fit_pooled(sample, read_paths(con, group), study)


def with_models(study: Study, **values: str) -> Study:
    return study.model_copy(update={"models": study.models.model_copy(update=values)})


@pytest.fixture(scope="module")
def immigrants(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["population_group"] == "immigrant"]


@pytest.fixture(scope="module")
def expanded(immigrants: pd.DataFrame, ours: MultinomialLogitResults) -> np.ndarray:
    """The design matrix of single rows, built from text without our code."""
    decades = (immigrants["age"].to_numpy() - 35) / 10
    numeric = {"intercept": np.ones(len(immigrants)), "age": decades, "age_squared": decades**2}
    return np.column_stack(
        [
            (immigrants[c.term].astype(str) == c.level).to_numpy(float) if c.level else numeric[c.term]
            for c in ours.design.columns
        ]
    )


@pytest.fixture(scope="module")
def ours(warehouse: Path, study: Study) -> MultinomialLogitResults:
    return fit_group(warehouse, "immigrant", study)


@pytest.fixture(scope="module")
def theirs(immigrants: pd.DataFrame, expanded: np.ndarray, study: Study):
    codes = pd.Categorical(immigrants["outcome"], categories=study.variables.outcome.levels).codes
    model_based = {"model": sm.MNLogit(codes, expanded).fit(method="newton", disp=0)}
    return model_based | {
        corrected: sm.MNLogit(codes, expanded).fit(
            method="newton",
            disp=0,
            cov_type="cluster",
            cov_kwds={"groups": immigrants["person"].to_numpy(), "use_correction": corrected},
        )
        for corrected in (True, False)
    }


def test_coefficients_and_likelihood(ours: MultinomialLogitResults, theirs) -> None:
    assert_allclose(ours.params, np.asarray(theirs[True].params), atol=1e-6)
    assert ours.llf == pytest.approx(theirs[True].llf, rel=1e-10)
    assert ours.llnull == pytest.approx(theirs[True].llnull, rel=1e-7)
    assert ours.prsquared == pytest.approx(theirs[True].prsquared, rel=1e-6)
    assert ours.aic == pytest.approx(theirs[True].aic)
    assert ours.bic == pytest.approx(theirs[True].bic)


def test_clustered_errors_with_statsmodels_correction(warehouse: Path, study: Study, theirs) -> None:
    ours = fit_group(warehouse, "immigrant", with_models(study, small_sample="statsmodels"))
    assert_allclose(ours.bse, np.asarray(theirs[True].bse), rtol=1e-5)
    assert_allclose(ours.pvalues, np.asarray(theirs[True].pvalues), rtol=1e-3, atol=1e-12)
    assert_allclose(np.moveaxis(ours.conf_int(), 1, 0), np.asarray(theirs[True].conf_int()), atol=1e-6)


def test_clustered_errors_with_stata_correction(
    ours: MultinomialLogitResults, immigrants: pd.DataFrame, theirs
) -> None:
    persons = immigrants["person"].nunique()
    assert ours.n_persons == persons
    assert_allclose(ours.bse, np.asarray(theirs[False].bse) * np.sqrt(persons / (persons - 1)), rtol=1e-5)


def test_clustered_errors_without_a_factor(warehouse: Path, study: Study, theirs) -> None:
    ours = fit_group(warehouse, "immigrant", with_models(study, small_sample="none"))
    assert_allclose(ours.bse, np.asarray(theirs[False].bse), rtol=1e-5)


@pytest.mark.parametrize("cov_type", ["HC0", "HC1"])
@pytest.mark.parametrize("small_sample", ["statsmodels", "none", "stata"])
def test_robust_errors(
    warehouse: Path, study: Study, immigrants: pd.DataFrame, theirs, cov_type: str, small_sample: str
) -> None:
    """statsmodels' HC1 of a discrete model has no factor either; Stata's robust has n/(n-1)."""
    ours = fit_group(warehouse, "immigrant", with_models(study, covariance="robust", small_sample=small_sample))
    factor = len(immigrants) / (len(immigrants) - 1) if small_sample == "stata" else 1
    robust = theirs[True].model.fit(
        method="newton", start_params=np.asarray(theirs[True].params).ravel(order="F"), disp=0, cov_type=cov_type
    )
    assert_allclose(ours.bse, np.asarray(robust.bse) * np.sqrt(factor), rtol=1e-5)


def test_model_errors(warehouse: Path, study: Study, theirs) -> None:
    for small_sample in ("stata", "statsmodels", "none"):
        ours = fit_group(warehouse, "immigrant", with_models(study, covariance="model", small_sample=small_sample))
        assert_allclose(ours.bse, np.asarray(theirs["model"].bse), rtol=1e-5)
        assert_allclose(ours.cov_params(), ours.model_covariance, rtol=0)


def test_the_covariance_is_named(ours: MultinomialLogitResults, warehouse: Path, study: Study) -> None:
    """In the results always, in the message where it is not the default."""
    assert ours.covariance_type == "clustered by person, G/(G-1)"
    assert ours.remarks == ()
    other = fit_group(warehouse, "immigrant", with_models(study, covariance="robust"))
    assert other.covariance_type == "robust by person-year, n/(n-1)"
    assert other.remarks == ("standard errors robust by person-year, n/(n-1)",)
    without = fit_group(warehouse, "immigrant", with_models(study, small_sample="none"))
    assert without.remarks == ("standard errors clustered by person, no small-sample factor",)


def test_model_covariance_is_the_inverse_information(
    ours: MultinomialLogitResults, expanded: np.ndarray, theirs
) -> None:
    hessian = theirs[True].model.hessian(np.asarray(theirs[True].params).ravel(order="F"))
    assert_allclose(ours.model_covariance, np.linalg.inv(-hessian), rtol=1e-5, atol=1e-9)


def test_marginal_effects(ours: MultinomialLogitResults, immigrants: pd.DataFrame, study: Study, theirs) -> None:
    """Of a level against its reference, from statsmodels' coefficients on expanded rows."""
    effects = {(e.column.term, e.column.level): e.values for e in ours.average_effects(cells_of(immigrants, study))}
    columns = [(c.term, c.level) for c in ours.design.columns]
    at = columns.index(("labour_market_status", "unemployed"))
    others = [j for j, column in enumerate(columns) if column[0] == "labour_market_status"]
    X = np.array(theirs[True].model.exog)
    X[:, others] = 0
    low = theirs[True].model.predict(np.asarray(theirs[True].params), X).mean(axis=0)
    X[:, at] = 1
    high = theirs[True].model.predict(np.asarray(theirs[True].params), X).mean(axis=0)
    assert_allclose(effects["labour_market_status", "unemployed"], high - low, atol=1e-9)
