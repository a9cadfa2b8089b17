"""What the data do not tell is said: boundaries, weak identification, fallback, and fits that are not there."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models_py.estimability import NotEstimableError
from models_py.identification import LARGEST_CORRELATION, condition_remark, identification_remark
from models_py.multinomial import newton, null_params
from models_py.naming import IN_STUDY
from models_py.path_kernel import INFORMATION
from models_py.path_likelihood import adapted, make_problem, sums
from models_py.products import DenseRows
from models_py.profile_likelihood import Interval
from models_py.random_effects import Maximum, maximise, search
from models_py.random_effects_fit import estimation_remarks, inverse_information
from models_py.random_effects_results import RandomEffectsResults
from models_py.study import Study
from models_py.variance_components import VarianceEstimate, make_structure
from tests.estimation.panels import Panel, design, simulate_panel
from tests.estimation.small_model import draw, fit, small_study

EMIGRATION = 2
# Emigration absorbs and the random effects are nearly one: the correlation of this sample is estimated at 1.
RUNS_TO_BOUNDARY = {"L": [[0.8, 0.0], [0.6, 0.2]], "seed": 3, "absorbing": EMIGRATION}
WELL_IDENTIFIED = {"L": [[0.9, 0.0], [0.4, 0.9]], "seed": 2}


def components(results: RandomEffectsResults) -> dict[str, VarianceEstimate]:
    return {found.name: found for found in results.variance_components}


def maximum_of(panel: Panel, name: str = "unstructured", max_iterations: int = 50) -> Maximum:
    start = newton(DenseRows(panel.X), panel.counts, null_params(panel.counts, panel.X.shape[1]), 50).params
    return maximise(*panel.data, make_structure(name, 2), start, max_iterations)


def test_a_correlation_at_its_boundary_is_said(study: Study) -> None:
    results = fit(draw(**RUNS_TO_BOUNDARY), small_study(study))
    correlation = components(results)["correlation"]
    assert correlation.at_boundary
    assert correlation.value > LARGEST_CORRELATION
    assert correlation.std_error is None
    assert (correlation.low, correlation.high) == (pytest.approx(0.514, abs=0.02), 1.0)
    assert any("correlation is estimated at its boundary, 1" in remark for remark in results.remarks)
    assert np.isfinite(results.bse).all()


def test_without_a_declared_fallback_there_is_none(study: Study) -> None:
    results = fit(draw(**RUNS_TO_BOUNDARY), small_study(study, fallback=None))
    assert results.response.structure.name == "unstructured"
    assert not any("asked for" in remark for remark in results.remarks)


def test_a_declared_fallback_is_used_and_said(study: Study) -> None:
    asked = fit(draw(**RUNS_TO_BOUNDARY), small_study(study, fallback="shared"))
    assert asked.response.structure.name == "shared"
    assert asked.remarks[0].startswith("unstructured random effects were asked for, but correlation is estimated at")
    declared = fit(draw(**RUNS_TO_BOUNDARY), small_study(study, covariance="shared"))
    assert_allclose(asked.params, declared.params, rtol=1e-10)
    assert asked.remarks[1:] == declared.remarks


def test_a_declared_fallback_is_not_used_without_need(study: Study) -> None:
    results = fit(draw(**WELL_IDENTIFIED), small_study(study, fallback="independent"))
    assert results.response.structure.name == "unstructured"
    (remark,) = results.remarks
    assert remark.startswith("unstructured random effects, ")


def test_a_fallback_that_fails_too_says_both(study: Study) -> None:
    with pytest.raises(
        NotEstimableError, match=r"unstructured random effects were asked for.*with shared ones"
    ) as said:
        fit(draw([[0.8, 0.0], [0.4, 0.9]], seed=1), small_study(study, fallback="shared", max_iterations=6))
    assert said.value.status == "not_converged"


@pytest.mark.parametrize("name", ["independent", "unstructured"])
def test_no_variance_is_said_and_has_no_standard_error(study: Study, name: str) -> None:
    results = fit(draw([[0.0, 0.0], [0.0, 0.0]], seed=2), small_study(study, covariance=name))
    found = components(results)
    for outcome in ("sd_internal_move", "sd_emigration"):
        assert found[outcome].at_boundary
        assert found[outcome].std_error is None
        assert found[outcome].low == 0
        assert found[outcome].high > 0.1
        assert any(f"{outcome} is estimated at its boundary, 0" in remark for remark in results.remarks)
    correlation = found["correlation"]
    assert (correlation.value, correlation.std_error, correlation.low, correlation.high) == (None,) * 4
    assert np.isfinite(results.bse).all()


def test_no_variance_gives_the_pooled_estimates(study: Study) -> None:
    panel = draw([[0.0, 0.0], [0.0, 0.0]], seed=2)
    pooled = newton(DenseRows(panel.X), panel.counts, null_params(panel.counts, 3), 50)
    results = fit(panel, small_study(study))
    assert_allclose(results.params, pooled.params, atol=1e-4)
    assert_allclose(results.llf, pooled.log_likelihood, atol=1e-6)
    predicted, expected = results.predict(panel.X).values, np.exp(panel.X @ pooled.params)
    assert_allclose(predicted[:, 1:], expected / (1 + expected.sum(axis=1, keepdims=True)), atol=1e-5)


def test_a_saddle_is_left() -> None:
    """Where the last element of L is zero the likelihood is stationary by symmetry; here its maximum is elsewhere."""
    B = np.array([[-1.5, -2.5], [0.4, -0.3], [0.2, 0.5]])
    panel = simulate_panel(np.random.default_rng(0), 1500, 5, design(), B, np.array([[0.0, 0.0], [0.0, 1.2]]))
    found = maximum_of(panel)
    at_saddle = found.theta.copy()
    at_saddle[-1] = 0.0
    again = search(found.problem, at_saddle, INFORMATION, 0, 100)
    for end in (found, again):
        assert end.ending == "converged"
        assert np.linalg.eigvalsh(end.sums.information)[0] > 0
        assert abs(end.theta[-1]) > 0.1
    assert_allclose(again.sums.log_likelihood, found.sums.log_likelihood, atol=1e-5)


def test_persons_of_one_year_have_no_random_effects_to_tell(study: Study) -> None:
    for seed in (0, 3):
        with pytest.raises(NotEstimableError) as said:
            fit(draw([[0.8, 0.0], [0.4, 0.9]], seed, years=1), small_study(study))
        assert said.value.status in ("not_converged", "singular")
        assert "models.random_effects" in str(said.value)


def test_too_few_iterations_are_said(study: Study) -> None:
    with pytest.raises(NotEstimableError, match="not converged after") as said:
        fit(draw([[0.8, 0.0], [0.4, 0.9]], seed=0), small_study(study, max_iterations=6))
    assert said.value.status == "not_converged"


def test_fewer_iterations_than_outer_steps_are_no_crash() -> None:
    """The exact steps had none left then, and the search ended without having looked."""
    for max_iterations in range(1, 12):
        ended = maximum_of(draw([[0.8, 0.0], [0.6, 0.2]], seed=3, absorbing=EMIGRATION), max_iterations=max_iterations)
        assert ended.ending == "not_converged"
        assert ended.iterations <= max_iterations


@pytest.mark.parametrize("adaptive", [False, True])
def test_overflow_is_said(adaptive: bool) -> None:
    panel = draw(**WELL_IDENTIFIED, n_persons=50)
    problem = make_problem(*panel.data, make_structure("unstructured", 2), 5, adaptive)
    ended = search(problem, np.full(9, 900.0), INFORMATION, 0, 5)
    assert ended.ending == "overflow"
    with pytest.raises(NotEstimableError) as said:
        inverse_information(ended, IN_STUDY)
    assert said.value.status == "overflow"


def test_singular_information_is_said() -> None:
    """A column twice: the checks before a fit would name it; here the information itself must."""
    panel = draw(**WELL_IDENTIFIED, n_persons=200)
    X = np.column_stack([panel.X, panel.X[:, 1]])
    start = np.zeros((4, 2))
    ended = maximise(X, panel.counts, panel.paths, make_structure("shared", 2), start, 50)
    with pytest.raises(NotEstimableError) as said:
        inverse_information(ended, IN_STUDY)
    assert said.value.status == "singular"


def test_unsettled_nodes_are_said() -> None:
    maximum = maximum_of(draw(**WELL_IDENTIFIED))
    assert maximum.settled
    assert not any("still move" in remark for remark in estimation_remarks(maximum, ()))
    assert any("still move" in remark for remark in estimation_remarks(replace(maximum, settled=False), ()))


def test_condition_number() -> None:
    assert condition_remark(np.diag([1e-6, 1.0, 1e9])) == ()
    nearly = np.array([[1.0, 1 - 1e-9], [1 - 1e-9, 1.0]])
    (remark,) = condition_remark(nearly)
    assert "condition number 2e+09" in remark


@pytest.mark.parametrize(
    ("is_sd", "interval", "expected"),
    [
        (True, Interval(0.3, 0.8, False, False), ""),
        (True, Interval(0.0, 0.8, True, False), "reaches 0"),
        (True, Interval(0.0, 20.0, True, True), "reaches 0 and has no upper end"),
        (False, Interval(-1.0, 0.9, True, False), "reaches -1"),
        (False, Interval(-1.0, 1.0, True, True), "reaches -1 and reaches 1"),
        (False, Interval(float("nan"), 1.0, False, True), "could not be followed"),
    ],
)
def test_remarks_on_intervals(is_sd: bool, interval: Interval, expected: str) -> None:
    remark = identification_remark("x", 0.5, is_sd, interval, at_boundary=False)
    assert remark.endswith(expected) or expected in remark
    assert bool(remark) == bool(expected)


def test_modes_where_deviations_are_large() -> None:
    """At the mode the gradient of the log posterior is zero, by its definition in plain numpy."""
    B, L = np.array([[-1.0, -1.8], [0.4, -0.3], [0.2, 0.5]]), 12 * np.array([[1.0, 0.0], [0.2, 0.9]])
    panel = simulate_panel(np.random.default_rng(1), 100, (1, 12), design(), B, L)
    theta = np.concatenate([B.ravel(order="F"), [L[0, 0], L[1, 0], L[1, 1]]])
    problem = adapted(make_problem(*panel.data, make_structure("unstructured", 2), 5, True), theta)
    for path, z in enumerate(problem.placement.centres):
        span = slice(panel.paths.offsets[path], panel.paths.offsets[path + 1])
        utilities = np.exp(panel.X[panel.paths.rows[span]] @ B + L @ z)
        P = utilities / (1 + utilities.sum(axis=1, keepdims=True))
        chosen = panel.paths.outcomes[span][:, None] == np.arange(1, 3)
        assert_allclose(L.T @ (chosen - P).sum(axis=0) - z, 0, atol=1e-3)
    assert np.isfinite(sums(problem, theta, INFORMATION).information).all()
