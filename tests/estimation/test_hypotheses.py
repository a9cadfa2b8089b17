"""Contrasts, corrections, equivalence and verdicts, to the letter of the design."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import _zstat_generic2  # one-sample z test from an estimate and its error

from models_py.contrasts import Contrast, Probability, difference, log_ratio, smaller_gap
from models_py.estimate import estimate
from models_py.hypotheses import Hypothesis
from models_py.study import Study
from models_py.verdicts import decide, equivalent, explain, holm, statistics_of
from tests.estimation.population import write_warehouse

pytestmark = pytest.mark.usefixtures("pooled_alone")


@pytest.mark.parametrize("n_tests", [1, 2, 6, 12])
def test_holm_is_that_of_statsmodels(n_tests: int) -> None:
    rng = np.random.default_rng(n_tests)
    for p_values in [*rng.random((4, n_tests)) ** 3, np.full(n_tests, 0.01), np.zeros(n_tests)]:
        assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1], atol=1e-12)


@settings(deadline=None)
@given(estimate=st.floats(-1, 1), std_error=st.floats(0.01, 1), margin=st.floats(0.01, 1))
def test_equivalence_is_two_one_sided_tests(estimate: float, std_error: float, margin: float) -> None:
    above = norm.sf((estimate + margin) / std_error)
    below = norm.cdf((estimate - margin) / std_error)
    assert equivalent(estimate, std_error, margin, 0.05) == (max(above, below) < 0.05)


@pytest.mark.parametrize(
    ("direction", "supports", "contrary", "verdict"),
    [
        ("greater", [True, True], [False, False], "supported"),
        ("greater", [True, False], [False, False], "partly_supported"),
        ("less", [True, False, True], [False, True, False], "not_supported"),
        ("greater", [False, False], [False, False], "not_supported"),
        ("less", [False, False], [True, True], "not_supported"),
        ("none", [True, True, True], [False] * 3, "supported"),
        ("none", [True, False, True], [False] * 3, "partly_supported"),
        ("none", [False, False], [False] * 2, "not_supported"),
    ],
)
def test_verdict_rules(direction: str, supports: list[bool], contrary: list[bool], verdict: str) -> None:
    assert decide(direction, supports, contrary) == verdict


def random_probability(rng: np.random.Generator, value: float) -> Probability:
    root = rng.normal(size=(3, 3)) / 10
    return Probability(value, rng.normal(size=3) / 10, root @ root.T)


def test_difference_and_log_ratio_by_simulation() -> None:
    """Gradients and covariances as those of a linear function of normal parameters, drawn a million times."""
    rng = np.random.default_rng(8)
    p, q = random_probability(rng, 0.05), random_probability(rng, 0.03)
    same_model = Probability(q.value, q.gradient, p.covariance)
    draws_p = rng.multivariate_normal(np.zeros(3), p.covariance, size=400_000)
    draws_q = rng.multivariate_normal(np.zeros(3), q.covariance, size=400_000)
    estimate, std_error = difference(p, same_model)
    assert estimate == pytest.approx(0.02)
    assert std_error == pytest.approx(np.std(draws_p @ (p.gradient - q.gradient)), rel=0.01)
    estimate, std_error = log_ratio(p, q)
    assert estimate == pytest.approx(np.log(5 / 3))
    expected = np.std(draws_p @ p.gradient / p.value - draws_q @ q.gradient / q.value)
    assert std_error == pytest.approx(expected, rel=0.01)


@settings(deadline=None)
@given(gap=st.floats(-1, 1), other=st.floats(-1, 1))
def test_smaller_gap_is_positive_exactly_if_the_gap_is_smaller(gap: float, other: float) -> None:
    value, std_error, _ = smaller_gap((gap, 0.3), (other, 0.4))
    assert (value > 0) == (abs(gap) < other)
    assert value == pytest.approx(min(other - gap, other + gap))
    assert std_error == pytest.approx(0.5)


def of(study: Study, hypothesis_id: str, **changes: object) -> Hypothesis:
    found = next(h for h in study.hypotheses if h.id == hypothesis_id)
    return Hypothesis.model_validate(found.model_dump() | changes)


def contrasts_with(*z: float) -> list[Contrast]:
    families = ["alone", "married_with_children"]
    return [
        Contrast(f"{families[i % 2]}, {i}", "contrast", families[i % 2], 0.01 * value, 0.01)
        for i, value in enumerate(z)
    ]


@pytest.mark.parametrize(
    ("hypothesis_id", "z", "supports", "contrary"),
    [
        ("H1a", (3.0, 2.0), (True, True), (False, False)),  # Holm: the second is tested at 5 %
        ("H1a", (2.0, 2.0), (False, False), (False, False)),  # … but the first at 2.5 %
        ("H1a", (3.0, -3.0), (True, False), (False, True)),
        ("H2a", (3.0, -3.0), (False, True), (True, False)),  # direction less
        ("H6a", (3.0, -3.0), (True, False), (False, True)),  # a smaller gap is a positive contrast
        ("H1b", (1.9, 2.0), (True, False), (False, False)),  # unadjusted, nothing is contrary
    ],
)
def test_what_a_test_speaks_for(
    study: Study, hypothesis_id: str, z: tuple[float, ...], supports: tuple[bool, ...], contrary: tuple[bool, ...]
) -> None:
    tests = statistics_of(of(study, hypothesis_id), contrasts_with(*z), study)
    assert tuple(test.supports for test in tests) == supports
    assert tuple(test.contrary for test in tests) == contrary


def test_a_test_has_all_its_statistics(study: Study) -> None:
    (test,) = statistics_of(of(study, "H1b", margin=0.03), contrasts_with(1.2), study)
    z, p_value = _zstat_generic2(0.012, 0.01, "two-sided")
    assert (test.z, test.p_value, test.p_adjusted) == pytest.approx((z, p_value, p_value))
    assert (test.ci_low, test.ci_high) == pytest.approx((0.012 - 1.959964 * 0.01, 0.012 + 1.959964 * 0.01))
    assert (test.margin, test.equivalent) == (0.03, True)
    (directional,) = statistics_of(of(study, "H1a"), contrasts_with(1.2), study)
    assert (directional.margin, directional.equivalent) == (None, None)


def test_a_partial_verdict_says_where_it_holds(study: Study) -> None:
    tests = statistics_of(of(study, "H1b"), contrasts_with(0.0, 9.0, 0.0, 9.0, 9.0, 0.0), study)
    note = explain(of(study, "H1b"), "partly_supported", tests, study)
    assert "alone 2 of 3, married_with_children 1 of 3" in note


def judged(rows: pd.DataFrame, study: Study, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    database = write_warehouse(rows, folder / "warehouse.duckdb")
    estimate(database, study)
    with duckdb.connect(str(database), read_only=True) as con:
        return con.sql("from estimation.hypothesis_verdict").df(), con.sql("from estimation.hypothesis_test").df()


@pytest.mark.parametrize("model", ["pooled", "random_effects"])
def test_every_hypothesis_gets_a_verdict(warehouse: Path, study: Study, model: str) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        verdicts = con.sql("from estimation.hypothesis_verdict").df().query("model == @model")
        tests = con.sql("from estimation.hypothesis_test").df().query("model == @model")
    verdicts = verdicts.set_index("hypothesis_id")
    assert list(verdicts.index) == [h.id for h in study.hypotheses]
    assert (verdicts["verdict"] != "inconclusive").all()
    for hypothesis in study.hypotheses:
        own = tests[tests["hypothesis_id"] == hypothesis.id]
        assert len(own) == verdicts.loc[hypothesis.id, "n_tests"] == 6 * max(len(hypothesis.centrality), 1)
        assert own["supports"].sum() == verdicts.loc[hypothesis.id, "n_supporting"]
        assert own["margin"].notna().all() == (hypothesis.direction == "none")
    assert not tests.duplicated(["model", "hypothesis_id", "profile", "contrast"]).any()
    assert "alone, employed, centrality 1" in set(tests["profile"])


def test_inconclusive_where_a_model_could_not_be_estimated(rows: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    """Natives who never emigrate: what compares them with others cannot be judged, the rest can."""
    never = (rows["population_group"] == "native") & (rows["outcome"] == "emigration")
    verdicts, tests = judged(rows.assign(outcome=rows["outcome"].mask(never, "stay")), study, tmp_path)
    unjudged = verdicts[verdicts["verdict"] == "inconclusive"]
    assert list(unjudged["hypothesis_id"]) == ["H1a", "H2b", "H3", "H6a", "H6b"]
    assert unjudged["note"].str.contains("the model of native could not be estimated \\(empty_outcome").all()
    assert (unjudged["n_tests"] == 0).all()
    assert not set(tests["hypothesis_id"]) & set(unjudged["hypothesis_id"])


def test_inconclusive_where_a_profile_has_nobody(rows: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    kept = ~((rows["population_group"] == "immigrant") & (rows["labour_market_status"] == "unemployed"))
    verdicts, _ = judged(rows[kept], study, tmp_path)
    notes = verdicts.set_index("hypothesis_id")["note"]
    assert notes["H1b"] == (
        "Not tested: immigrant: no person-years with labour_market_status=unemployed are in the model."
    )
    assert notes["H3"].startswith("6 of 6") or "tests are significant" in notes["H3"]


def test_inconclusive_where_the_model_fixes_the_contrast(rows: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    terms = tuple(term for term in study.models.terms if term.name != "centrality")
    without = study.model_copy(update={"models": study.models.model_copy(update={"terms": terms})})
    verdicts, _ = judged(rows, without, tmp_path)
    by_id = verdicts.set_index("hypothesis_id")["verdict"]
    assert by_id["H3"] == "inconclusive"
    assert by_id["H1a"] != "inconclusive"
