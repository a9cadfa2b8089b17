"""Random effects from a formula: the likelihood against brute force, predictions, and what is collapsed."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from scipy.special import softmax

from models_py import MultinomialLogit, RandomEffectsMultinomialLogit
from models_py.cells import Floats
from models_py.notebook.results import FittedLogit
from tests.estimation.panel import generate

FORMULA = "outcome ~ region + age"
ROWS = generate(n_persons=500, person_sd=0.9)


def fit(data: object, covariance: str = "unstructured", **options: object) -> FittedLogit:
    model = RandomEffectsMultinomialLogit.from_formula(
        FORMULA, data, groups="person", base="stay", covariance=covariance
    )
    return model.fit(**options)


@pytest.fixture(scope="module")
def fitted() -> FittedLogit:
    return fit(ROWS)


def brute_force(fitted: FittedLogit, theta: Floats) -> float:
    """The marginal log-likelihood over single persons, with nodes of numpy's alone."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(31)
    grid = np.array(np.meshgrid(nodes, nodes, indexing="ij")).reshape(2, -1)
    mass = np.outer(weights, weights).ravel() / (2 * np.pi)
    k = fitted.coefficients.shape[0]
    B, (a, b, c) = theta[: 2 * k].reshape(k, 2, order="F"), theta[2 * k :]
    u = np.array([[a, 0], [b, c]]) @ grid
    design = fitted.sample.design
    U = design.matrix(design.frame(ROWS)) @ B
    y = np.array([fitted.outcomes.index(outcome) for outcome in ROWS["outcome"]])
    utilities = np.concatenate([np.zeros((len(U), 1, u.shape[1])), U[:, :, None] + u[None]], axis=1)
    P = np.take_along_axis(softmax(utilities, axis=1), y[:, None, None], axis=1)[:, 0]
    by_person = np.exp(pd.DataFrame(np.log(P)).groupby(ROWS["person"]).sum().to_numpy())
    return float(np.log(by_person @ mass).sum())


def test_the_likelihood_is_that_of_single_persons(fitted: FittedLogit) -> None:
    """Up to the quadrature, whose nodes are raised until parameters move by less than 0.05 standard errors."""
    assert fitted.llf == pytest.approx(brute_force(fitted, fitted.theta), abs=0.01)


def test_it_is_a_maximum(fitted: FittedLogit) -> None:
    here, errors = brute_force(fitted, fitted.theta), np.sqrt(np.diag(fitted.model_covariance))
    for position, error in enumerate(errors):
        for step in (-0.2, 0.2):
            theta = fitted.theta.copy()
            theta[position] += step * error
            assert brute_force(fitted, theta) < here


def test_true_parameters_lie_inside(fitted: FittedLogit) -> None:
    components = fitted.variance_components.set_index("name")
    for name in ("sd_move", "sd_leave"):
        assert components.loc[name, "conf.low"] < 0.9 < components.loc[name, "conf.high"]
    interval = fitted.conf_int().loc[("move", "age")]
    assert interval["lower"] < -0.02 < interval["upper"]
    assert fitted.llf > MultinomialLogit.from_formula(FORMULA, ROWS, base="stay").fit().llf


@pytest.mark.parametrize(("covariance", "n_elements"), [("unstructured", 3), ("shared", 2), ("independent", 2)])
def test_covariances(covariance: str, n_elements: int) -> None:
    ours = fit(ROWS, covariance)
    n_coefficients = ours.coefficients.size
    assert ours.theta.size == n_coefficients + n_elements
    assert ours.df_resid == len(ROWS) - n_coefficients - n_elements
    assert any(remark.startswith(f"{covariance} random effects") for remark in ours.remarks)
    assert ours.cov_params().shape == (ours.theta.size,) * 2
    assert ours.cov_params().index[n_coefficients] == ("leave", "L[1]")


def test_predictions_are_integrated(fitted: FittedLogit) -> None:
    """Against a simulation of persons, and with more uncertainty than the coefficients alone have."""
    row = pd.DataFrame({"region": ["rural"], "age": [35]})
    predictions = fitted.predict(row)
    x = fitted.sample.design.matrix(row)
    a, b, c = fitted.theta[-3:]
    u = np.random.default_rng(1).normal(size=(200_000, 2)) @ np.array([[a, 0], [b, c]]).T
    utilities = np.column_stack([np.zeros(len(u)), x @ fitted.coefficients + u])
    assert_allclose(predictions.values, softmax(utilities, axis=1).mean(axis=0), atol=3e-3)
    gradient = predictions.parts[0].gradient
    assert np.abs(gradient[:, -3:]).max() > 1e-3


def test_model_errors_are_the_inverse_information(fitted: FittedLogit) -> None:
    model = fit(ROWS, covariance="unstructured")
    assert_allclose(model.covariance, fitted.covariance, rtol=1e-6)
    by_model = RandomEffectsMultinomialLogit(fitted.sample, "unstructured").fit("model")
    assert_allclose(by_model.covariance, fitted.model_covariance, rtol=1e-6)
    assert fitted.covariance_type == "clustered by person, G/(G-1)"
    assert not np.allclose(by_model.bse, fitted.bse, rtol=1e-3)


def test_other_frames_and_counts_are_the_same(fitted: FittedLogit) -> None:
    shuffled = pl.from_pandas(ROWS.sample(frac=1, random_state=1))
    assert np.array_equal(fit(shuffled).params, fitted.params)
    counted = ROWS.groupby(list(ROWS.columns)).size().rename("n").reset_index()
    by_counts = RandomEffectsMultinomialLogit.from_formula(
        FORMULA, counted, groups="person", base="stay", weights="n"
    ).fit()
    assert_allclose(by_counts.params, fitted.params, atol=1e-9)


def test_cells_are_the_same(fitted: FittedLogit) -> None:
    design = fitted.sample.design
    X = design.matrix(design.frame(ROWS))
    counts = (ROWS[["outcome"]].to_numpy() == np.array(fitted.outcomes)).astype(float)
    ours = RandomEffectsMultinomialLogit.from_cells(
        X, counts, design.names, fitted.outcomes, groups=ROWS["person"]
    ).fit()
    assert_allclose(ours.params, fitted.params, atol=1e-6)
    assert ours.llf == pytest.approx(fitted.llf, rel=1e-10)
