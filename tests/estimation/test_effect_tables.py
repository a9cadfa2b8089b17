"""Relative risk ratios, and contrasts of average marginal effects between groups."""

import itertools
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from models_py.estimate import estimate
from models_py.study import Study
from tests.estimation.population import write_warehouse

EFFECT = ["model", "term", "level", "outcome"]


def read(database: Path, table: str) -> pd.DataFrame:
    with duckdb.connect(str(database), read_only=True) as con:
        return con.sql(f"from estimation.{table}").df()


def test_ratios_are_exp_of_the_coefficients(warehouse: Path) -> None:
    coefficients, ratios = read(warehouse, "coefficient"), read(warehouse, "relative_risk_ratio")
    key = ["model", "population_group", "outcome", "term", "level"]
    both = coefficients.merge(ratios, on=key, validate="one_to_one", suffixes=("", "_ratio"))
    assert len(both) == len(coefficients) == len(ratios)
    assert_allclose(np.log(both["ratio"]), both["estimate"], atol=1e-12)
    estimated = both[~both["is_reference"]]
    for end in ("ci_low", "ci_high"):
        assert_allclose(np.log(estimated[f"{end}_ratio"]), estimated[end], atol=1e-12)
    references = both[both["is_reference"]]
    assert (references["ratio"] == 1).all()
    assert references[["ci_low_ratio", "ci_high_ratio"]].isna().all().all()


def test_contrasts_are_of_every_two_groups(warehouse: Path, study: Study) -> None:
    contrasts = read(warehouse, "marginal_effect_contrast")
    pairs = list(itertools.combinations(study.models.groups, 2))
    assert list(contrasts[["population_group", "other_group"]].drop_duplicates().itertuples(index=False)) == pairs
    effects = read(warehouse, "marginal_effect")
    assert len(contrasts) == len(effects)  # of three groups there are three pairs, and all groups have all effects
    assert set(contrasts["model"]) == {"pooled", "random_effects"}


def test_a_contrast_is_a_difference_of_independent_effects(warehouse: Path) -> None:
    effects = read(warehouse, "marginal_effect")
    other = effects.rename(columns={"population_group": "other_group"})
    both = (
        read(warehouse, "marginal_effect_contrast")
        .merge(effects, on=["population_group", *EFFECT], suffixes=("", "_one"))
        .merge(other, on=["other_group", *EFFECT], suffixes=("", "_other"))
    )
    assert len(both) == len(effects)
    assert_allclose(both["difference"], both["effect"] - both["effect_other"], atol=1e-15)
    assert_allclose(both["std_error"] ** 2, both["std_error_one"] ** 2 + both["std_error_other"] ** 2)
    assert_allclose(both["p_value"], 2 * norm.sf(np.abs(both["difference"] / both["std_error"])))
    assert_allclose(both["ci_high"] - both["ci_low"], 2 * 1.959964 * both["std_error"], rtol=1e-6)
    assert_allclose((both["ci_high"] + both["ci_low"]) / 2, both["difference"], atol=1e-15)


@pytest.mark.usefixtures("pooled_alone")
def test_only_what_both_groups_have_is_compared(rows: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    """Natives are not estimated, and of the Norwegian-born nobody is unemployed."""
    natives = (rows["population_group"] == "native") & (rows["outcome"] == "emigration")
    unemployed = (rows["population_group"] == "norwegian_born") & (rows["labour_market_status"] == "unemployed")
    kept = rows.assign(outcome=rows["outcome"].mask(natives, "stay"))[~unemployed]
    database = write_warehouse(kept, tmp_path / "warehouse.duckdb")
    estimate(database, study)
    contrasts = read(database, "marginal_effect_contrast")
    assert set(zip(contrasts["population_group"], contrasts["other_group"], strict=True)) == {
        ("immigrant", "norwegian_born")
    }
    effects = read(database, "marginal_effect")
    assert "unemployed" in set(effects["level"])
    assert "unemployed" not in set(contrasts["level"])
