"""Where random effects cannot be estimated, a release says so and has everything else."""

from collections.abc import Iterable

import pytest

from flows.pipeline import run_estimate, run_publish
from models_py.cells import PathBatch
from models_py.estimability import NotEstimableError
from models_py.estimate import ESTIMATORS
from models_py.pooled import Sample
from models_py.study import Study
from tests.flows.conftest import Refreshed
from tests.flows.test_refresh import query

REASON = "random effects not converged after 50 iterations: declare a simpler covariance"


def not_converged(sample: Sample, paths: Iterable[PathBatch], study: Study) -> None:
    raise NotEstimableError("not_converged", REASON)


@pytest.mark.usefixtures("quick_rendering")
def test_a_release_without_random_effects(own_copy: Refreshed, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    home = own_copy.home
    pooled = "select hypothesis_id, verdict from results.hypothesis_verdict where model = 'pooled' order by all"
    before = query(home.results, pooled)
    monkeypatch.setitem(ESTIMATORS, "random_effects", not_converged)
    run_estimate(home, study, variants=True)
    run_publish(home, study)
    assert query(home.results, pooled) == before
    failed = "from results.{} where model = 'random_effects'"
    assert query(home.results, f"select distinct status, message {failed.format('fit')}") == [("not_converged", REASON)]
    verdicts = query(home.results, f"select verdict, n_tests, note {failed.format('hypothesis_verdict')}")
    assert len(verdicts) == len(study.hypotheses)
    for verdict, n_tests, note in verdicts:
        assert (verdict, n_tests) == ("inconclusive", 0)
        assert "could not be estimated (not_converged)" in note
    for table in (
        "coefficient",
        "relative_risk_ratio",
        "covariance",
        "predicted_probability",
        "marginal_effect",
        "marginal_effect_contrast",
        "hypothesis_test",
    ):
        assert query(home.results, f"select count(*) {failed.format(table)}") == [(0,)]
        assert query(home.results, f"select count(*) > 0 from results.{table}") == [(True,)]
    assert query(home.results, "select count(*) from results.variance_component") == [(0,)]
