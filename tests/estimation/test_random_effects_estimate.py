"""The random-effects model through the front door: from a warehouse to every table that readers see."""

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from models_py import random_effects_fit
from models_py.estimate import estimate
from models_py.random_effects import Maximum, maximise
from models_py.study import Study

GROUPS = ("immigrant", "norwegian_born", "native")
COMPONENTS = ("sd_internal_move", "sd_emigration", "correlation")
# What the rows were simulated with, see `population`: independent random effects of both outcomes.
TRUE = {"sd_internal_move": 0.8, "sd_emigration": 0.8, "correlation": 0.0}


def read(database: Path, table: str, model: str | None = "random_effects") -> pd.DataFrame:
    with duckdb.connect(str(database), read_only=True) as con:
        found = con.sql(f"select * from estimation.{table}").df()
    return found if model is None else found[found["model"] == model]


def test_variance_components_and_their_intervals(warehouse: Path) -> None:
    found = read(warehouse, "variance_component", model=None).set_index(["population_group", "name"])
    assert set(found.index) == {(group, name) for group in GROUPS for name in COMPONENTS}
    for (_, name), row in found.iterrows():
        assert row["ci_low"] <= row["estimate"] <= row["ci_high"] or row[["ci_low", "ci_high"]].isna().any()
        assert row["estimate"] >= (-1 if name == "correlation" else 0)
    covered = [row["ci_low"] <= TRUE[name] <= row["ci_high"] for (_, name), row in found.iterrows()]
    assert sum(covered) >= 7  # of nine at 95 %: six or fewer happen once in 1,200


def test_messages_say_what_was_estimated(warehouse: Path) -> None:
    fits = read(warehouse, "fit").set_index("population_group")
    components = read(warehouse, "variance_component", model=None)
    for group in GROUPS:
        message = fits.loc[group, "message"]
        assert "unstructured random effects" in message
        assert "Gauss-Hermite nodes a dimension" in message
        own = components[components["population_group"] == group].set_index("name")
        if own.loc["correlation", "ci_high"] == 1 or own.loc["correlation", "ci_low"] == -1:
            assert "correlation is" in message
        if own.loc["sd_emigration", "ci_low"] == 0:
            assert "sd_emigration is" in message


def test_every_table_has_the_model_beside_the_pooled_one(warehouse: Path) -> None:
    for table in ("coefficient", "covariance", "predicted_probability", "marginal_effect", "hypothesis_test",
                  "hypothesis_verdict"):  # fmt: skip
        random, pooled = read(warehouse, table), read(warehouse, table, "pooled")
        assert len(random) == len(pooled) > 0, table


def test_likelihood_counts_the_variance_components(warehouse: Path) -> None:
    random, pooled = (read(warehouse, "fit", model).set_index("population_group") for model in
                      ("random_effects", "pooled"))  # fmt: skip
    for group in GROUPS:
        # q = Jk for the pooled model, and three free elements of L more.
        extra = (random.loc[group, "aic"] + 2 * random.loc[group, "log_likelihood"]) - (
            pooled.loc[group, "aic"] + 2 * pooled.loc[group, "log_likelihood"]
        )
        assert_allclose(extra, 2 * 3, atol=1e-6)


def test_predictions_are_probabilities(warehouse: Path) -> None:
    predicted = read(warehouse, "predicted_probability")
    profile = ["population_group", "centrality", "age", "sex", "family_situation", "labour_market_status", "education",
               "year"]  # fmt: skip
    assert_allclose(predicted.groupby(profile)["probability"].sum(), 1, rtol=1e-12)
    assert (predicted["ci_low"] > 0).all()
    assert (predicted["ci_low"] < predicted["probability"]).all()
    assert (predicted["probability"] < predicted["ci_high"]).all()
    assert (predicted["ci_high"] < 1).all()


def test_coefficients_are_larger_than_the_pooled_ones(warehouse: Path) -> None:
    """Given the person, effects are further from zero than on average over persons (Neuhaus et al. 1991)."""
    keys = ["population_group", "outcome", "term", "level"]
    both = read(warehouse, "coefficient").merge(read(warehouse, "coefficient", "pooled"), on=keys)
    clear = both[both["z_y"].abs() > 4]
    assert len(clear) >= 10
    assert (clear["estimate_x"] / clear["estimate_y"]).mean() > 1.02


def test_marginal_effects_agree_with_the_pooled_ones(warehouse: Path) -> None:
    """Averaged over persons, both models describe the same probabilities."""
    keys = ["population_group", "term", "level", "outcome"]
    both = read(warehouse, "marginal_effect").merge(read(warehouse, "marginal_effect", "pooled"), on=keys)
    assert (np.abs(both["effect_x"] - both["effect_y"]) < both["std_error_y"]).all()


@pytest.mark.parametrize("ending", ["overflow", "not_converged", "singular"])
def test_a_fit_that_failed_leaves_no_number(
    warehouse: Path, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    def failed(*arguments: object) -> Maximum:
        found = maximise(*arguments)  # type: ignore[arg-type]  # as the library calls it
        return replace(found, ending=ending)  # type: ignore[arg-type]  # one of its endings

    monkeypatch.setattr(random_effects_fit, "maximise", failed)
    database = Path(shutil.copy(warehouse, tmp_path))
    estimate(database, study)
    fits = read(database, "fit")
    assert (fits["status"] == ending).all()
    assert fits["message"].str.contains("random effects|cannot be represented").all()
    assert fits[["log_likelihood", "pseudo_r2", "aic", "bic"]].isna().all().all()
    for table in ("coefficient", "covariance", "predicted_probability", "marginal_effect", "hypothesis_test"):
        assert read(database, table).empty, table
    assert read(database, "variance_component", model=None).empty
    assert (read(database, "hypothesis_verdict")["verdict"] == "inconclusive").all()
    assert (read(database, "fit", "pooled")["status"] == "ok").all()
