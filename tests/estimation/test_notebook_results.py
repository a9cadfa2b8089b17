"""What can be asked of results: immutability, tests, gradients against numeric differentiation, contrasts, tables."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from models_py import MultinomialLogit, RandomEffectsMultinomialLogit
from models_py.cells import EstimationInputError, Floats
from models_py.integration import IntegratedResponse
from models_py.notebook.quantities import DependentFitsError, Quantities
from models_py.notebook.results import FittedLogit
from tests.estimation.panel import generate

FORMULA = "outcome ~ region * age + I(age ** 2 / 100) + C(sex)"
ROWS = generate(n_persons=250)


@pytest.fixture(scope="module")
def pooled() -> FittedLogit:
    return MultinomialLogit.from_formula(FORMULA, ROWS, groups="person", base="stay").fit()


@pytest.fixture(scope="module")
def mixed() -> FittedLogit:
    return RandomEffectsMultinomialLogit.from_formula(
        "outcome ~ region + age", ROWS, groups="person", base="stay", covariance="independent"
    ).fit()


@pytest.fixture(params=["pooled", "mixed"])
def fitted(request: pytest.FixtureRequest) -> FittedLogit:
    return request.getfixturevalue(request.param)


def at(fitted: FittedLogit, theta: Floats) -> FittedLogit:
    """The same fit with other parameters."""
    B = theta[: fitted.coefficients.size].reshape(fitted.coefficients.shape, order="F")
    response = fitted.response
    if isinstance(response, IntegratedResponse):
        response = replace(response, elements=theta[B.size :])
    return replace(fitted, coefficients=B, response=response)


def numeric_gradient(function: Callable[[FittedLogit], Quantities], fitted: FittedLogit) -> Floats:
    """Central differences (r, q)."""
    steps = 1e-5 * np.eye(fitted.theta.size)
    return np.column_stack(
        [
            (function(at(fitted, fitted.theta + e)).values - function(at(fitted, fitted.theta - e)).values) / 2e-5
            for e in steps
        ]
    )


def test_results_are_immutable(fitted: FittedLogit) -> None:
    with pytest.raises(FrozenInstanceError):
        fitted.llf = 0.0
    with pytest.raises(ValueError, match="read-only"):
        fitted.covariance[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        fitted.sample.X[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        fitted.predict(ROWS.head(2)).values[0] = 1.0
    before = fitted.params
    changed = fitted.params
    changed.iloc[0, 0] = 99.0
    pd.testing.assert_frame_equal(fitted.params, before)


def test_gradient_of_predictions(fitted: FittedLogit) -> None:
    predictions = fitted.predict(ROWS.head(5))
    (part,) = predictions.parts
    assert_allclose(part.gradient, numeric_gradient(lambda f: f.predict(ROWS.head(5)), fitted), atol=1e-8)
    quadratic = np.einsum("rp,pq,rq->r", part.gradient, fitted.covariance, part.gradient)
    assert_allclose(predictions.std_errors, np.sqrt(quadratic))
    assert_allclose(np.diag(predictions.covariance), quadratic)


def test_gradient_of_margins(fitted: FittedLogit) -> None:
    (part,) = fitted.margins().parts
    assert_allclose(part.gradient, numeric_gradient(lambda f: f.margins(), fitted), atol=1e-8)


def test_the_derivative_is_that_of_the_mean_probability(fitted: FittedLogit) -> None:
    """Through age, its square and its interaction together."""

    def mean(shift: float) -> Floats:
        return fitted.predict(ROWS.assign(age=ROWS["age"] + shift)).values.reshape(-1, 3).mean(axis=0)

    margins = fitted.margins("age")
    assert margins.labels["contrast"] == ("dY/dX",) * 3
    assert_allclose(margins.values, (mean(1e-4) - mean(-1e-4)) / 2e-4, atol=1e-8)


def test_intervals_of_predictions_stay_inside(fitted: FittedLogit) -> None:
    predictions = fitted.predict(ROWS.head(20))
    low, high = predictions.interval()
    assert ((low > 0) & (low < predictions.values) & (predictions.values < high) & (high < 1)).all()
    p, error = predictions.values[0], predictions.std_errors[0]
    logit = np.log(p / (1 - p)) + norm.ppf(0.975) * error / (p * (1 - p))
    assert high[0] == pytest.approx(1 / (1 + np.exp(-logit)))
    assert list(predictions.table(0.1).columns[-4:]) == ["estimate", "std.error", "conf.low", "conf.high"]


def test_contrasts_within_a_fit(fitted: FittedLogit) -> None:
    predictions = fitted.predict(pd.DataFrame({"region": ["city", "rural"], "age": 35, "sex": 2}))
    city, rural = (predictions.where(region=region, outcome="leave") for region in ("city", "rural"))
    difference, ratio = rural - city, rural.log_ratio(city)
    (p,), (q,) = rural.values, city.values
    gradient = rural.parts[0].gradient[0] - city.parts[0].gradient[0]
    assert difference.values[0] == pytest.approx(p - q)
    assert difference.std_errors[0] == pytest.approx(np.sqrt(gradient @ fitted.covariance @ gradient))
    assert difference.labels["region"] == ("rural - city",)
    assert difference.labels["outcome"] == ("leave",)
    logs = rural.parts[0].gradient[0] / p - city.parts[0].gradient[0] / q
    assert ratio.values[0] == pytest.approx(np.log(p / q))
    assert ratio.std_errors[0] == pytest.approx(np.sqrt(logs @ fitted.covariance @ logs))
    nothing = rural - rural
    assert (nothing.values[0], nothing.std_errors[0]) == (0.0, 0.0)


def test_contrasts_of_marginal_effects(pooled: FittedLogit) -> None:
    margins = pooled.margins("region")
    gap = margins.where(contrast="rural - city") - margins.where(contrast="town - city")
    assert gap.labels["outcome"] == ("stay", "leave", "move")
    assert_allclose(gap.values, margins.values[:3] - margins.values[3:])
    assert (gap.std_errors > 0).all()


def test_independent_fits_combine(pooled: FittedLogit) -> None:
    """A difference of differences of two groups: variances add."""
    other = MultinomialLogit.from_formula(
        "outcome ~ region + age", generate(n_persons=200, seed=9), groups="person", base="stay"
    ).fit()
    new = pd.DataFrame({"region": ["city", "rural"], "age": 35, "sex": 1})

    def gap(fitted: FittedLogit) -> Quantities:
        at_new = fitted.predict(new).where(outcome="move")
        return at_new.where(region="rural") - at_new.where(region="city")

    double = gap(pooled) - gap(other)
    assert len(double.parts) == 2
    assert double.values[0] == pytest.approx(gap(pooled).values[0] - gap(other).values[0])
    assert double.std_errors[0] == pytest.approx(np.hypot(gap(pooled).std_errors[0], gap(other).std_errors[0]))
    assert double.table()["p.value"][0] == pytest.approx(2 * norm.sf(abs(double.values[0] / double.std_errors[0])))


def test_fits_on_the_same_data_are_not_independent(pooled: FittedLogit) -> None:
    again = MultinomialLogit(pooled.sample).fit("model")
    with pytest.raises(DependentFitsError, match="same data"):
        pooled.margins("age") - again.margins("age")


def test_quantities_that_do_not_match(pooled: FittedLogit) -> None:
    margins = pooled.margins()
    with pytest.raises(ValueError, match="2 and 3 quantities"):
        margins[:3] - margins[:2]
    with pytest.raises(ValueError, match="positive"):
        margins.log_ratio(margins)
    with pytest.raises(KeyError, match="no label colour"):
        margins.where(colour="red")
    with pytest.raises(KeyError, match="nothing has outcome=elsewhere"):
        margins.where(outcome="elsewhere")


def test_margins_refuse_what_is_no_covariate(pooled: FittedLogit) -> None:
    with pytest.raises(EstimationInputError, match="no covariate income"):
        pooled.margins(["income"])
    derived = MultinomialLogit.from_formula("outcome ~ C(age > 40)", ROWS).fit()
    with pytest.raises(EstimationInputError, match="age enters as categories"):
        derived.margins()


def test_hypotheses_as_text_and_as_matrices_are_one(pooled: FittedLogit) -> None:
    names = [f"[{outcome}]{term}" for outcome, term in pooled.cov_params().index]
    R = np.zeros((2, len(names)))
    R[0, names.index("[leave]region[T.rural]")] = 1
    R[0, names.index("[move]region[T.rural]")] = -2
    R[1, names.index("[move]region[T.town]:age")] = 1
    text = "[leave]region[T.rural] - 2*[move]region[T.rural] = 0.5, [move]region[T.town]:age"
    ours, theirs = pooled.wald_test(text), pooled.wald_test((R, np.array([0.5, 0.0])))
    assert ours == theirs
    assert ours.null == ("[leave]region[T.rural] - 2*[move]region[T.rural] = 0.5", "[move]region[T.town]:age = 0")
    assert (ours.df, ours.distribution) == (2, "chi2(2)")


def test_a_term_without_outcome_means_all_of_them(pooled: FittedLogit) -> None:
    test = pooled.wald_test("C(sex)[T.2]")
    assert test.null == ("[leave]C(sex)[T.2] = 0", "[move]C(sex)[T.2] = 0")
    single = pooled.t_test("[move]C(sex)[T.2]")
    assert single.statistic[0] == pytest.approx(pooled.tvalues.loc["C(sex)[T.2]", "move"])
    assert single.p_value[0] == pytest.approx(pooled.pvalues.loc["C(sex)[T.2]", "move"])
    assert single.statistic[0] ** 2 == pytest.approx(pooled.wald_test("[move]C(sex)[T.2] = 0").statistic)
    ours, interval = single.conf_int()[0], pooled.conf_int().loc[("move", "C(sex)[T.2]")]
    assert_allclose(ours, interval)


@pytest.mark.parametrize(
    ("hypotheses", "reason"),
    [
        ("[move]age, 2*[move]age = 0", "is a combination of the hypotheses before it"),
        ("[move]age - [move]age", "no coefficient in 0 = 0"),
    ],
)
def test_an_invalid_test_says_why(pooled: FittedLogit, hypotheses: str, reason: str) -> None:
    test = pooled.wald_test(hypotheses)
    assert reason in test.invalid
    assert np.isnan([test.statistic, test.p_value]).all()
    assert reason in str(test)


def test_an_invalid_single_test_says_why(pooled: FittedLogit) -> None:
    tests = pooled.t_test("[move]age - [move]age, [move]age")
    assert tests.invalid == ("no coefficient in the hypothesis", "")
    assert np.isnan(tests.statistic[0])
    assert np.isfinite(tests.statistic[1])
    assert list(tests.table()["invalid"]) == list(tests.invalid)


@pytest.mark.parametrize("text", ["[leave]income", "income", "[elsewhere]age", "[move]age + age", "[move]agex"])
def test_a_text_that_names_no_coefficient(pooled: FittedLogit, text: str) -> None:
    with pytest.raises(ValueError, match="hypothes"):
        pooled.wald_test(text)


def test_a_matrix_of_the_wrong_shape(pooled: FittedLogit) -> None:
    with pytest.raises(ValueError, match="as many columns, not 3"):
        pooled.wald_test(np.ones((1, 3)))


def test_relative_risk_ratios(pooled: FittedLogit) -> None:
    ratios, plain = pooled.relative_risk_ratios(), pooled.tidy()
    for column in ("estimate", "conf.low", "conf.high"):
        assert_allclose(ratios[column], np.exp(plain[column]))
    assert_allclose(ratios["std.error"], plain["std.error"])
    assert list(plain.columns) == [
        "y.level", "term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high",
    ]  # fmt: skip
    move = plain[plain["y.level"] == "move"].set_index("term")
    assert_allclose(move["estimate"], pooled.params["move"])
    assert_allclose(move["p.value"], pooled.pvalues["move"])


def test_glance(fitted: FittedLogit) -> None:
    (row,) = fitted.glance().to_dict("records")
    assert row["logLik"] == fitted.llf
    assert row["edf"] == fitted.theta.size
    assert row["df.residual"] == 1000 - fitted.theta.size
    assert (row["nobs"], row["n.persons"]) == (1000, 250)


def test_summary(pooled: FittedLogit, mixed: FittedLogit) -> None:
    text = str(pooled.summary())
    assert "Multinomial logit: outcome ~ region * age" in text
    assert "clustered by person, G/(G-1)" in text
    assert f"{pooled.params.loc['Intercept', 'move']:.4f}" in text
    assert "sd_move" in str(mixed.summary())
    assert "Gauss-Hermite" in str(mixed.summary())
    assert pooled.summary()._repr_html_().startswith("<pre>")
    assert "<table" in pooled.margins()._repr_html_()
