"""Probabilities and average effects integrated over random effects: against Monte Carlo and finite differences."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models_py.design import Column
from models_py.integration import IntegratedResponse
from models_py.marginal_effects import average_effects
from models_py.pooled import fit_pooled
from models_py.quadrature import product_rule
from models_py.random_effects_results import RandomEffectsResults
from models_py.response import LogitResponse
from models_py.study import Study
from models_py.variance_components import Structure, make_structure
from tests.estimation.panels import Array, central_differences
from tests.estimation.small_model import B, cells_with, design_rows, draw, fit, inputs, small_study

ELEMENTS = {
    "independent": np.array([0.9, 1.3]),
    "shared": np.array([0.8, -1.1]),
    "unstructured": np.array([0.9, -0.4, 1.2]),
}
RULE = {1: product_rule(31, 1), 2: product_rule(31, 2)}


def response_of(name: str, elements: Array | None = None) -> IntegratedResponse:
    structure = make_structure(name, 2)
    return IntegratedResponse(structure, ELEMENTS[name] if elements is None else elements, RULE[structure.dimensions])


def simulated(structure: Structure, elements: Array, U: Array, draws: int) -> Array:
    """Each draw's probabilities (draws, n, 3), with antithetic normal deviates."""
    half = np.random.default_rng(8).normal(size=(draws // 2, structure.dimensions))
    effects = np.vstack([half, -half]) @ structure.matrix(elements).T
    utilities = np.exp(U[None] + effects[:, None, :])
    total = 1 + utilities.sum(axis=2, keepdims=True)
    return np.concatenate([1 / total, utilities / total], axis=2)


@pytest.mark.parametrize("name", list(ELEMENTS))
def test_probabilities_by_monte_carlo(name: str) -> None:
    response = response_of(name)
    U = design_rows()[:5] @ B
    drawn = simulated(response.structure, response.elements, U, 40_000)
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(response.probabilities(U).values - drawn.mean(axis=0)) < 4 * error).all()
    assert_allclose(response.probabilities(U).values.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("name", list(ELEMENTS))
def test_derivatives_of_probabilities_and_slopes(name: str) -> None:
    """By utilities and by the elements of L, of the probabilities and of their derivative in a direction."""
    U, dU = design_rows()[:3] @ B, np.array([[0.3, -0.2], [1.0, 0.0], [0.1, 0.7]])
    response = response_of(name)
    for made, function in (
        (response.probabilities(U), lambda at, one: one.probabilities(at).values),
        (response.slopes(U, dU), lambda at, one: one.slopes(at, dU).values),
    ):
        for j in range(2):
            unit = np.eye(2)[j]
            numeric = (function(U + 1e-5 * unit, response) - function(U - 1e-5 * unit, response)) / 2e-5
            assert_allclose(made.by_utility[:, :, j], numeric, atol=1e-9)
        by_element = central_differences(lambda at, of=function: of(U, response_of(name, at)), response.elements)
        assert_allclose(made.by_element, by_element, atol=1e-9)
    numeric = (response.probabilities(U + 1e-5 * dU).values - response.probabilities(U - 1e-5 * dU).values) / 2e-5
    assert_allclose(response.slopes(U, dU).values, numeric, atol=1e-9)


@pytest.mark.parametrize("name", list(ELEMENTS))
def test_without_deviations_it_is_the_logit(name: str) -> None:
    U, dU = design_rows() @ B, np.ones((16, 2)) * [0.3, -0.2]
    response, logit = response_of(name, np.zeros_like(ELEMENTS[name])), LogitResponse()
    for integrated, plain in (
        (response.probabilities(U), logit.probabilities(U)),
        (response.slopes(U, dU), logit.slopes(U, dU)),
    ):
        assert_allclose(integrated.values, plain.values, atol=1e-14)
        assert_allclose(integrated.by_utility, plain.by_utility, atol=1e-14)


def test_utilities_of_any_size() -> None:
    """exp(800) is no number; the probability that it stands for is one."""
    values = response_of("unstructured").probabilities(np.array([[800.0, 0.0], [-800.0, -800.0], [0.0, 60.0]])).values
    assert_allclose(values, [[0, 1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12)
    assert (values >= 0).all()


@pytest.fixture(scope="module")
def results(study: Study) -> RandomEffectsResults:
    return fit(draw([[0.9, 0.0], [0.4, 0.9]], seed=2), small_study(study))


def moved(results: RandomEffectsResults, theta: Array) -> RandomEffectsResults:
    """The results with other parameters."""
    n = results.params.size
    params, elements = theta[:n].reshape(results.params.shape, order="F"), theta[n:]
    return replace(results, params=params, elements=elements, response=replace(results.response, elements=elements))


def theta_of(results: RandomEffectsResults) -> Array:
    return np.concatenate([results.params.ravel(order="F"), results.elements])


def test_gradient_of_predictions_by_all_parameters(results: RandomEffectsResults) -> None:
    X = design_rows()[[0, 5, 11]]
    predictions = results.predict(X)
    numeric = central_differences(lambda at: moved(results, at).predict(X).values, theta_of(results))
    assert predictions.gradient.shape == (3, 3, 9)
    assert_allclose(predictions.gradient, numeric, atol=1e-8)


def test_gradient_of_average_effects_by_all_parameters(results: RandomEffectsResults) -> None:
    cells = cells_with(draw([[0.9, 0.0], [0.4, 0.9]], seed=2).counts)
    effects = results.average_effects(cells)
    assert [effect.column for effect in effects] == [Column("sex", "female"), Column("age", "")]
    numeric = central_differences(
        lambda at: np.stack([effect.values for effect in moved(results, at).average_effects(cells)]), theta_of(results)
    )
    for effect, expected in zip(effects, numeric, strict=True):
        assert_allclose(effect.gradient, expected, atol=1e-8)
        assert_allclose(effect.values.sum(), 0, atol=1e-12)


def test_average_effects_by_monte_carlo(results: RandomEffectsResults) -> None:
    """Everyone a woman against everyone a man, and everyone a little older, person by person."""
    counts = draw([[0.9, 0.0], [0.4, 0.9]], seed=2).counts
    by_sex, by_age = results.average_effects(cells_with(counts))
    X, weights = design_rows(), counts.sum(axis=1) / counts.sum()

    def average(X: Array) -> Array:
        drawn = simulated(results.response.structure, results.elements, X @ results.params, 20_000)
        return np.einsum("n,dnm->dm", weights, drawn)

    women, men = (np.column_stack([X[:, 0], np.full(16, sex), X[:, 2]]) for sex in (1.0, 0.0))
    older, younger = (X + np.array([0, 0, shift]) for shift in (1e-3, -1e-3))
    for effect, drawn in (
        (by_sex, average(women) - average(men)),
        (by_age, (average(older) - average(younger)) / 2e-3),
    ):
        error = drawn.std(axis=0) / np.sqrt(len(drawn))
        assert (np.abs(effect.values - drawn.mean(axis=0)) < 4 * error + 1e-6).all()


def test_small_deviations_give_the_pooled_effects(study: Study) -> None:
    panel = draw([[0.0, 0.0], [0.0, 0.0]], seed=2)
    sample, batches = inputs(panel, small_study(study))
    pooled, random = fit_pooled(sample, batches, small_study(study)), fit(panel, small_study(study))
    expected = average_effects(sample.cells, pooled.design, pooled.params)
    for one, other in zip(random.average_effects(sample.cells), expected, strict=True):
        assert_allclose(one.values, other.values, atol=1e-6)
    assert_allclose(random.bse, pooled.bse, rtol=0.02)


def test_the_rule_of_the_fit_is_enough_for_predictions(results: RandomEffectsResults) -> None:
    """Where the fit needed few nodes its predictions do too: far less is left than the standard error."""
    fine = replace(results, response=replace(results.response, rule=RULE[2]))
    X = design_rows()
    predicted, expected = results.predict(X), fine.predict(X)
    errors = np.sqrt(np.einsum("nmp,pq,nmq->nm", expected.gradient, results.covariance, expected.gradient))
    assert (np.abs(predicted.values - expected.values) < 0.01 * errors).all()
