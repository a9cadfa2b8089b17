"""What cannot be estimated is said with the term at fault, and never in numbers."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from models_py.cells import EstimationInputError
from models_py.design import Column
from models_py.estimability import NotEstimableError, check_columns
from models_py.estimate import estimate
from models_py.multinomial import newton, null_params
from models_py.pooled import Sample, make_sample
from models_py.products import DenseRows
from models_py.separation import separating_direction
from models_py.study import Study
from tests.estimation.population import cells_of, simulate, write_warehouse

pytestmark = pytest.mark.usefixtures("pooled_alone")


@pytest.fixture(scope="module")
def native(study: Study) -> pd.DataFrame:
    rows = simulate(study, n_persons=1_500, seed=31)
    return rows[rows["population_group"] == "native"].reset_index(drop=True)


def without(rows: pd.DataFrame, outcome: str, **level: str) -> pd.DataFrame:
    """Rows with an outcome turned into another, everywhere or at a level."""
    changed = rows.copy()
    at = changed["outcome"] == outcome
    for name, value in level.items():
        at &= changed[name] == value
    changed.loc[at, "outcome"] = "internal_move" if outcome == "stay" else "stay"
    return changed


def sample_of(rows: pd.DataFrame, study: Study) -> Sample:
    return make_sample(cells_of(rows, study), rows["person"].nunique(), study)


def reason(rows: pd.DataFrame, study: Study) -> NotEstimableError:
    with pytest.raises(NotEstimableError) as raised:
        sample_of(rows, study)
    return raised.value


def fit_of(rows: pd.DataFrame, study: Study, folder: Path) -> tuple[dict[str, object], int]:
    """The row of `fit` of natives, and how many coefficients there are."""
    database = write_warehouse(rows, folder / "warehouse.duckdb")
    estimate(database, study)
    with duckdb.connect(str(database), read_only=True) as con:
        fit = con.sql("select * from estimation.fit where population_group = 'native'").to_arrow_table().to_pylist()[0]
        n = con.sql("select count(*) from estimation.coefficient where population_group = 'native'").fetchone()
    return fit, n[0]


def test_empty_outcome(native: pd.DataFrame, study: Study) -> None:
    found = reason(without(native, "emigration"), study)
    assert found.status == "empty_outcome"
    assert "no emigration" in str(found)


@pytest.mark.parametrize(
    ("term", "level", "outcome"),
    [
        ("education", "long_higher", "emigration"),
        ("centrality", "5*", "internal_move"),  # a reference level too
        ("family_situation", "other", "stay"),  # the base outcome too
        ("sex", "male", "emigration"),
    ],
)
def test_a_level_without_an_outcome_separates(
    native: pd.DataFrame, study: Study, term: str, level: str, outcome: str
) -> None:
    found = reason(without(native, outcome, **{term: level}), study)
    assert found.status == "separation"
    assert f"no {outcome} at {term}={level}" in str(found)


def test_a_year_without_an_outcome_separates(native: pd.DataFrame, study: Study) -> None:
    rows = native.copy()
    rows.loc[(rows["year"] == 2017) & (rows["outcome"] == "emigration"), "outcome"] = "stay"
    assert "no emigration at year=2017" in str(reason(rows, study))


def test_a_reference_level_without_rows(native: pd.DataFrame, study: Study) -> None:
    found = reason(native[native["labour_market_status"] != "employed"], study)
    assert found.status == "collinear"
    assert "reference level of labour_market_status, employed" in str(found)


def test_unknown_without_events_is_left_out_and_said(native: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    rows = without(native, "emigration", education="unknown")
    fit, n_coefficients = fit_of(rows, study, tmp_path)
    kept = rows[rows["education"] != "unknown"]
    assert fit["status"] == "ok"
    assert fit["n_person_years"] == len(kept)
    assert fit["n_persons"] == kept["person"].nunique() < rows["person"].nunique()
    assert "person-years with education=unknown, where some outcome never occurs, are left out" in fit["message"]
    assert "no person-years" not in fit["message"]
    assert n_coefficients > 0


def test_leaving_out_unknown_repeats_until_none_is_empty(native: pd.DataFrame, study: Study) -> None:
    """The only emigrations at labour_market_status=unknown happen where education is unknown."""
    rows = without(native, "internal_move", education="unknown")
    thin = (rows["labour_market_status"] == "unknown") & (rows["education"] != "unknown")
    rows.loc[thin & (rows["outcome"] == "emigration"), "outcome"] = "stay"
    rows.loc[rows.index[rows["education"] == "unknown"][:3], ["labour_market_status", "outcome"]] = [
        "unknown",
        "emigration",
    ]
    sample = sample_of(rows, study)
    assert len([remark for remark in sample.remarks if "left out" in remark]) == 2
    assert not sample.cells.level_counts("labour_market_status")[-1].any()


def test_a_message_never_counts_below_the_threshold(native: pd.DataFrame, study: Study) -> None:
    rows = native[native["education"] != "unknown"].copy()
    rows.loc[rows.index[:3], ["education", "outcome"]] = ["unknown", "stay"]
    (remark,) = [remark for remark in sample_of(rows, study).remarks if "left out" in remark]
    assert remark.startswith("fewer than 5 person-years")


def test_levels_without_rows_have_no_parameter(native: pd.DataFrame, study: Study) -> None:
    sample = sample_of(native[native["family_situation"] != "other"], study)
    assert Column("family_situation", "other") not in sample.design.columns
    assert "no parameter, as no person-years: family_situation=other" in sample.remarks


def test_few_events_are_named_without_their_number(native: pd.DataFrame, study: Study) -> None:
    rows = without(native, "emigration", education="long_higher")
    at = rows.index[rows["education"] == "long_higher"][:2]
    rows.loc[at, "outcome"] = "emigration"
    (remark,) = sample_of(rows, study).remarks
    assert remark.startswith("coefficients that rest on fewer than 5 events: ")
    assert "emigration at education=long_higher" in remark


def test_separation_in_combination_names_the_terms(native: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    """Every level has every outcome, but people emigrate from 58 on and only then."""
    home = native["outcome"].where(native["outcome"] != "emigration", "stay")
    rows = native.assign(outcome=np.where(native["age"] >= 58, "emigration", home))
    fit, n_coefficients = fit_of(rows, study, tmp_path)
    assert fit["status"] == "separation"
    assert "emigration by" in fit["message"]
    assert "age" in fit["message"]
    assert n_coefficients == 0
    assert fit["log_likelihood"] is None


def test_collinear_terms_are_named() -> None:
    rng = np.random.default_rng(1)
    X = np.column_stack([np.ones(50), rng.normal(size=50), np.zeros(50)])
    X[:, 2] = 2 - 3 * X[:, 1]
    with pytest.raises(NotEstimableError, match="sex=female is a combination of intercept, age") as raised:
        check_columns(DenseRows(X), (Column("intercept", ""), Column("age", ""), Column("sex", "female")))
    assert raised.value.status == "collinear"


def test_one_age_is_collinear(native: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    fit, n_coefficients = fit_of(native.assign(age=40), study, tmp_path)
    assert fit["status"] == "collinear"
    assert "age is a combination of intercept" in fit["message"]
    assert n_coefficients == 0


def test_not_converged(native: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    once = study.model_copy(update={"models": study.models.model_copy(update={"max_iterations": 1})})
    fit, n_coefficients = fit_of(native, once, tmp_path)
    assert fit["status"] == "not_converged"
    assert "models.max_iterations" in fit["message"]
    assert n_coefficients == 0


def test_terms_that_overflow(native: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    scale = study.models.age_scale.model_copy(update={"unit": 1e-200})
    tiny = study.model_copy(update={"models": study.models.model_copy(update={"age_scale": scale})})
    assert fit_of(native, tiny, tmp_path)[0]["status"] == "overflow"


def test_groups_without_persons_and_with_too_few(native: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    fit, _ = fit_of(native, study, tmp_path)
    assert fit["status"] == "ok"
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as con:
        other = con.sql("select status, message from estimation.fit where population_group = 'immigrant'").fetchone()
    assert other == ("too_few_observations", "the group has no person-years")


@pytest.mark.parametrize(
    ("spare", "status"), [(0, "too_few_observations"), (1, "withheld"), (9, "withheld"), (10, "ok")]
)
def test_residual_degrees_of_freedom(study: Study, tmp_path: Path, spare: int, status: str) -> None:
    """A model of intercept and sex: four parameters, so four persons and some to spare."""
    terms = tuple(term for term in study.models.terms if term.name in ("intercept", "sex"))
    any_size = study.disclosure.model_copy(update={"minimum_group_size": 1})
    small = study.model_copy(
        update={"models": study.models.model_copy(update={"terms": terms}), "disclosure": any_size}
    )
    rows = simulate(study, n_persons=4 + spare, seed=5)
    rows = rows[rows["population_group"] == "native"].copy()
    rows["sex"] = np.where(rows["person"] % 2, "male", "female")
    outcomes = ["stay", "internal_move", "emigration", "stay"]
    rows["outcome"] = [outcomes[code] for code in (rows["year"] + rows["person"] // 3) % 4]
    assert fit_of(rows[rows["year"] < 2018], small, tmp_path)[0]["status"] == status


def test_persons_who_are_all_alike_give_no_standard_errors(native: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    terms = tuple(term for term in study.models.terms if term.name in ("intercept", "sex"))
    small = study.model_copy(update={"models": study.models.model_copy(update={"terms": terms})})
    outcomes = {2015: "stay", 2016: "internal_move", 2017: "emigration", 2018: "stay"}
    fit, n_coefficients = fit_of(native.assign(outcome=native["year"].map(outcomes)), small, tmp_path)
    assert fit["status"] == "singular"
    assert "persons are all alike" in fit["message"]
    assert n_coefficients == 0


@pytest.mark.parametrize("seed", range(20))
def test_separation_is_found_exactly_where_newton_runs_off(seed: int) -> None:
    """Small tables of dummies, half of them separated: the linear programme and the likelihood must agree."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(40), rng.integers(0, 2, (40, 3))]).astype(float)
    counts = np.eye(3)[rng.choice(3, size=40, p=[0.8, 0.12, 0.08])] * rng.integers(1, 3, (40, 1))
    counts[:3] = np.eye(3)
    fit = newton(DenseRows(X), counts, null_params(counts, 4), 200)
    runs_off = fit.ending != "converged" or np.abs(fit.params).max() > 15
    direction = separating_direction(X, counts)
    assert (direction is not None) == runs_off
    if direction is not None:
        utilities = np.column_stack([np.zeros(40), X @ direction])
        gains = utilities[:, :, None] - utilities[:, None, :]
        observed = np.repeat(counts[:, :, None] > 0, 3, axis=2)
        assert gains[observed].min() > -1e-6
        assert gains[observed].max() > 1e-3


def test_paths_that_disagree_with_cells_are_refused(native: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    database = write_warehouse(native, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(database)) as con:
        con.execute("update estimation.path set n_persons = n_persons + 1 where rowid = 0")
    with pytest.raises(EstimationInputError, match="disagree"):
        estimate(database, study)


def test_unknown_levels_of_a_covariate_are_refused(native: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    database = write_warehouse(native.assign(sex="other"), tmp_path / "warehouse.duckdb")
    with pytest.raises(EstimationInputError, match=r"estimation\.cell\.sex: 1 of its values") as refusal:
        estimate(database, study)
    assert "other" not in str(refusal.value)  # it may be a value from a row


def test_nobody_at_risk_is_refused(native: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    database = write_warehouse(native.iloc[:0], tmp_path / "warehouse.duckdb")
    with pytest.raises(EstimationInputError, match="no person-year"):
        estimate(database, study)
