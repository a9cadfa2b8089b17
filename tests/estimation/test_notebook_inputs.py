"""Any data frame gives the same results, and so do counts, other orders of rows, another base, and split cells."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from models_py import MultinomialLogit, RandomEffectsMultinomialLogit
from models_py.cells import EstimationInputError
from models_py.design import AbsentLevelError
from models_py.notebook.results import FittedLogit
from tests.estimation.panel import generate

FORMULA = "outcome ~ region + age + C(sex)"
ROWS = generate(n_persons=150)
COUNTED = ROWS.groupby(list(ROWS.columns)).size().rename("n").reset_index()


def fit(data: object, **options: object) -> FittedLogit:
    return MultinomialLogit.from_formula(FORMULA, data, groups="person", **{"base": "stay"} | options).fit()


@pytest.fixture(scope="module")
def reference() -> FittedLogit:
    return fit(ROWS)


def same(ours: FittedLogit, reference: FittedLogit) -> None:
    assert_allclose(ours.params.loc[reference.params.index, reference.params.columns], reference.params, atol=1e-9)
    assert_allclose(ours.bse.loc[reference.params.index, reference.params.columns], reference.bse, rtol=1e-7)
    assert ours.llf == pytest.approx(reference.llf, rel=1e-12)
    assert ours.n_persons == reference.n_persons
    assert ours.nobs == reference.nobs


FORMS = {
    "polars": lambda: pl.from_pandas(ROWS),
    "polars categorical": lambda: pl.from_pandas(ROWS).with_columns(pl.col("region", "outcome").cast(pl.Categorical)),
    "arrow": lambda: pa.Table.from_pandas(ROWS),
    "arrow dictionary": lambda: pa.table(
        {
            c: pa.array(ROWS[c]).dictionary_encode() if c in ("region", "outcome") else pa.array(ROWS[c])
            for c in ROWS.columns
        }
    ),
    "pandas object": lambda: ROWS.astype({"region": object, "outcome": object}),
    "pandas category": lambda: ROWS.astype({"region": "category", "outcome": "category"}),
    "duckdb": lambda: duckdb.connect().from_df(ROWS),
    "duckdb decimal": lambda: duckdb.connect().from_df(ROWS).project("* replace (age::decimal(5, 1) as age)"),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_of_data_are_one(form: str, reference: FittedLogit) -> None:
    same(fit(FORMS[form]()), reference)


def test_a_relation_leaves_its_connection_as_it_was() -> None:
    con = duckdb.connect()
    con.register("panel", ROWS)
    fit(con.sql("select * from panel"))
    assert con.sql("show tables").fetchall() == [("panel",)]


LEVELS = ["town", "city", "rural"]
ORDERED = {
    "pandas": lambda: ROWS.assign(region=pd.Categorical(ROWS["region"], [*LEVELS, "nowhere"])),
    "polars": lambda: pl.from_pandas(ROWS).with_columns(pl.col("region").cast(pl.Enum([*LEVELS, "nowhere"]))),
    "duckdb": lambda: duckdb.connect().from_df(ROWS).project(
        "* replace (region::enum('town', 'city', 'rural', 'nowhere') as region)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", ORDERED)
def test_levels_keep_the_order_they_were_given(form: str) -> None:
    """The first is the reference, and a level without rows has no column."""
    names = ["Intercept", "region[T.city]", "region[T.rural]", "age", "C(sex)[T.2]"]
    assert list(fit(ORDERED[form]()).params.index) == names


def test_counts_are_rows(reference: FittedLogit) -> None:
    same(fit(COUNTED, weights="n"), reference)
    assert COUNTED["n"].max() > 1 or len(COUNTED) == len(ROWS)
    tripled = fit(ROWS.assign(n=3), weights="n")
    same(tripled, fit(pd.concat([ROWS] * 3)))
    assert tripled.nobs == 3 * reference.nobs
    assert tripled.n_persons == reference.n_persons


def test_rows_that_count_nothing_are_not_there(reference: FittedLogit) -> None:
    ghosts = ROWS.head(20).assign(n=0, region="nowhere", person=-1)
    same(fit(pd.concat([ROWS.assign(n=1), ghosts]), weights="n"), reference)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    shuffled = ROWS.sample(frac=1, random_state=seed)
    ours, reference = fit(shuffled), fit(ROWS)
    assert np.array_equal(ours.params, reference.params)
    assert np.array_equal(ours.covariance, reference.covariance)


@settings(deadline=None, max_examples=10)
@given(names=st.permutations(["a", "b", "c"]), base=st.sampled_from(["stay", "move", "leave"]))
def test_names_of_outcomes_and_the_base_change_nothing(names: list[str], base: str) -> None:
    """Differences of coefficients, likelihood and predictions are the same whatever the base."""
    new = dict(zip(["stay", "move", "leave"], names, strict=True))
    ours = fit(ROWS.assign(outcome=ROWS["outcome"].map(new)), base=new[base])
    reference = fit(ROWS)
    assert ours.llf == pytest.approx(reference.llf, rel=1e-12)
    with_base = ours.params.assign(**{new[base]: 0.0}).rename(columns={v: k for k, v in new.items()})
    theirs = reference.params.assign(stay=0.0)
    assert_allclose(with_base["move"] - with_base["leave"], theirs["move"] - theirs["leave"], atol=1e-8)
    assert_allclose(with_base["move"] - with_base["stay"], theirs["move"], atol=1e-8)
    mine, other = ours.predict(ROWS.head(9)), reference.predict(ROWS.head(9))
    for outcome in new:
        at, their_at = mine.where(outcome=new[outcome]), other.where(outcome=outcome)
        assert_allclose(at.values, their_at.values, atol=1e-9)
        assert_allclose(at.std_errors, their_at.std_errors, rtol=1e-6)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_splitting_cells_changes_nothing(seed: int) -> None:
    """A cell with counts, or several with parts of them."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(30), rng.normal(size=(30, 2))])
    counts = rng.integers(1, 6, (30, 3)).astype(float)
    persons = rng.integers(0, 20, 30)
    part = np.array([[rng.integers(0, n + 1) for n in row] for row in counts], dtype=float)
    names, outcomes = ["one", "x", "z"], ["stay", "move", "leave"]
    whole = MultinomialLogit.from_cells(X, counts, names, outcomes, groups=persons).fit()
    split = MultinomialLogit.from_cells(
        np.vstack([X, X]), np.vstack([part, counts - part]), names, outcomes, groups=np.tile(persons, 2)
    ).fit()
    same(split, whole)
    unclustered = MultinomialLogit.from_cells(np.vstack([X, X]), np.vstack([part, counts - part]), names, outcomes)
    assert_allclose(unclustered.fit().params, whole.params, atol=1e-9)


def test_cells_and_formula_are_one(reference: FittedLogit) -> None:
    design = reference.sample.design
    X = design.matrix(design.frame(COUNTED))
    counts = (COUNTED[["outcome"]].to_numpy() == np.array(reference.outcomes)) * COUNTED[["n"]].to_numpy()
    ours = MultinomialLogit.from_cells(X, counts, design.names, reference.outcomes, groups=COUNTED["person"]).fit()
    same(ours, reference)
    with_base = MultinomialLogit.from_cells(
        X, counts, design.names, reference.outcomes, groups=COUNTED["person"], base="move"
    ).fit()
    assert with_base.outcomes[0] == "move"
    assert with_base.llf == pytest.approx(reference.llf, rel=1e-12)


def test_persons_may_be_texts(reference: FittedLogit) -> None:
    same(fit(ROWS.assign(person="p" + ROWS["person"].astype(str))), reference)


@pytest.mark.parametrize(
    ("change", "formula", "said"),
    [
        ({"age": np.nan}, FORMULA, "missing values: age in 600 rows"),
        ({"region": None}, FORMULA, "missing values: region"),
        ({"person": None}, FORMULA, "missing values: person"),
        ({}, "outcome ~ income", "no column income"),
        ({}, "~ age", "outcome ~ terms"),
        ({}, "np.log(age) ~ sex", "the name of a column"),
        ({}, "outcome ~ lag(age)", "order of the rows"),
        ({}, "outcome ~ I(age - np.mean(age))", "depends on other rows"),
    ],
)
def test_what_does_not_go_together_is_refused(change: dict[str, object], formula: str, said: str) -> None:
    with pytest.raises(EstimationInputError, match=said):
        MultinomialLogit.from_formula(formula, ROWS.assign(**change), groups="person")


def test_other_refusals() -> None:
    with pytest.raises(EstimationInputError, match="data is a list"):
        fit([1, 2])
    with pytest.raises(EstimationInputError, match="no rows"):
        fit(ROWS.head(0))
    with pytest.raises(EstimationInputError, match="negative or not whole"):
        fit(ROWS.assign(n=0.5), weights="n")
    with pytest.raises(EstimationInputError, match="base elsewhere is no outcome"):
        fit(ROWS, base="elsewhere")
    with pytest.raises(EstimationInputError, match="need groups"):
        MultinomialLogit.from_formula(FORMULA, ROWS).fit("clustered")
    with pytest.raises(EstimationInputError, match="not match"):
        MultinomialLogit.from_cells(np.ones((3, 1)), np.ones((2, 2)), ["one"], ["a", "b"])
    with pytest.raises(EstimationInputError, match="clustered or model"):
        RandomEffectsMultinomialLogit.from_formula(FORMULA, ROWS, groups="person").fit("robust")


def test_new_data_with_a_level_without_parameter(reference: FittedLogit) -> None:
    with pytest.raises(AbsentLevelError, match="region=abroad"):
        reference.predict(ROWS.head(3).assign(region="abroad"))
    with pytest.raises(EstimationInputError, match="no column age"):
        reference.predict(ROWS[["region", "sex"]])
