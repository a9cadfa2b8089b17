"""Predictions, marginal effects and their delta-method errors against numeric differentiation."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from models_py.cells import Cells, Floats
from models_py.design import AbsentLevelError, Design, make_design
from models_py.marginal_effects import average_effects
from models_py.multinomial import log_probabilities, newton, null_params
from models_py.prediction import delta_method, figure_profiles, logit_interval
from models_py.products import DenseRows
from models_py.response import LogitResponse
from models_py.study import Study
from tests.estimation.population import cells_of


@pytest.fixture(scope="module")
def cells(rows: pd.DataFrame, study: Study) -> Cells:
    return cells_of(rows[rows["population_group"] == "norwegian_born"], study)


@pytest.fixture(scope="module")
def design(cells: Cells, study: Study) -> Design:
    return make_design(cells, study)


@pytest.fixture(scope="module")
def params(cells: Cells, design: Design) -> Floats:
    X = design.matrix(cells)
    return newton(DenseRows(X), cells.counts, null_params(cells.counts, X.shape[1]), 50).params


def numeric_gradient(function: Callable[[Floats], Floats], params: Floats, step: float = 1e-6) -> Floats:
    """Central differences by the flat parameters, derivative last."""
    flat = params.ravel(order="F")
    return np.stack(
        [
            (
                function((flat + e).reshape(params.shape, order="F"))
                - function((flat - e).reshape(params.shape, order="F"))
            )
            / (2 * step)
            for e in step * np.eye(flat.size)
        ],
        axis=-1,
    )


def test_a_profile_row_is_the_row_of_such_a_person(cells: Cells, design: Design) -> None:
    X = design.matrix(cells)
    for i in (0, len(X) // 2, len(X) - 1):
        profile = {name: factor.levels[factor.codes[i]] for name, factor in cells.factors.items()}
        assert_allclose(design.row(profile | {"age": int(cells.age[i])}), X[i])


def test_a_level_without_parameter_is_not_the_reference(cells: Cells, study: Study) -> None:
    factor = cells.factors["education"]
    some = make_design(cells.where(factor.codes != factor.levels.index("short_higher")), study)
    profile = {"centrality": "1", "age": 35, "sex": "male", "family_situation": "alone", "year": 2016}
    with pytest.raises(AbsentLevelError, match="education=short_higher"):
        some.row(profile | {"labour_market_status": "employed", "education": "short_higher"})


def test_delta_method_of_marginal_effects(cells: Cells, design: Design, params: Floats) -> None:
    cells = cells.where(np.arange(cells.age.size) % 20 == 0)
    effects = average_effects(cells, design, params)
    numeric = numeric_gradient(lambda B: np.stack([e.values for e in average_effects(cells, design, B)]), params)
    assert_allclose(np.stack([effect.gradient for effect in effects]), numeric, atol=1e-8)


def test_the_age_effect_is_the_derivative_of_the_mean_probability(cells: Cells, design: Design, params: Floats) -> None:
    weights = cells.counts.sum(axis=1) / cells.counts.sum()

    def mean_probability(shift: float) -> Floats:
        older = Cells(cells.cell_id, cells.age + 10 * shift, cells.factors, cells.counts)
        return weights @ np.exp(log_probabilities(design.matrix(older), params))

    effect = average_effects(cells, design, params)[-1]
    assert effect.column.term == "age"
    assert_allclose(effect.values, (mean_probability(1e-6) - mean_probability(-1e-6)) / 2e-6, atol=1e-8)


def test_effects_on_all_outcomes_add_to_nothing(cells: Cells, design: Design, params: Floats) -> None:
    for effect in average_effects(cells, design, params):
        assert effect.values.sum() == pytest.approx(0, abs=1e-12)
        assert_allclose(effect.gradient.sum(axis=0), 0, atol=1e-12)


def test_probability_gradient_of_profiles(design: Design, params: Floats) -> None:
    X = np.random.default_rng(1).normal(size=(4, len(design.columns)))
    numeric = numeric_gradient(lambda B: np.exp(log_probabilities(X, B)), params)
    assert_allclose(LogitResponse().probabilities(X @ params).gradient(X), numeric, atol=1e-7)


def test_delta_method_is_a_quadratic_form() -> None:
    rng = np.random.default_rng(2)
    root, gradient = rng.normal(size=(5, 5)), rng.normal(size=(2, 3, 5))
    errors = delta_method(gradient, root @ root.T)
    assert errors[1, 2] == pytest.approx(np.sqrt(gradient[1, 2] @ root @ root.T @ gradient[1, 2]))


@settings(deadline=None)
@given(probability=st.floats(1e-8, 1 - 1e-8), std_error=st.floats(1e-9, 10))
def test_intervals_stay_inside(probability: float, std_error: float) -> None:
    low, high = logit_interval(np.array([probability]), np.array([std_error]), 0.95)
    assert 0 <= low[0] <= probability * (1 + 1e-12)
    assert probability * (1 - 1e-12) <= high[0] <= 1


def test_every_profile_of_figure_4_is_predicted(warehouse: Path, study: Study) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        predicted = con.sql("select * from estimation.predicted_probability").df()
    last_year = 2018
    profiles = list(figure_profiles(study, last_year))
    assert len(profiles) == 6 * 3 * 5
    assert len(predicted) == 2 * len(profiles) * len(study.models.groups) * 3  # two models
    assert set(predicted["year"]) == {last_year}
    assert (predicted["ci_low"] > 0).all()
    assert (predicted["ci_high"] < 1).all()
    assert predicted["probability"].between(predicted["ci_low"], predicted["ci_high"]).all()
    sums = predicted.groupby(list(predicted.columns[:9]))["probability"].sum()
    assert_allclose(sums, 1, atol=1e-12)
