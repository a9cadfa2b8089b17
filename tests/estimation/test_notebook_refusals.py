"""What cannot be estimated raises, naming what is at fault; bias reduction is there where it is asked for."""

import numpy as np
import pandas as pd
import pytest

from models_py import MultinomialLogit, RandomEffectsMultinomialLogit
from models_py.estimability import NotEstimableError
from tests.estimation.panel import generate

ROWS = generate(n_persons=150)
NONE_LEAVE_TOWNS = ROWS.assign(
    outcome=ROWS["outcome"].where((ROWS["region"] != "town") | (ROWS["outcome"] != "leave"), "stay")
)


def reason(formula: str, rows: pd.DataFrame, **options: object) -> NotEstimableError:
    with pytest.raises(NotEstimableError) as raised:
        MultinomialLogit.from_formula(formula, rows, groups="person", base="stay").fit(**options)
    return raised.value


def test_a_level_without_an_outcome() -> None:
    error = reason("outcome ~ region + age", NONE_LEAVE_TOWNS)
    assert error.status == "separation"
    assert "no leave at region=town" in str(error)
    assert "study.yml" not in str(error)
    with pytest.raises(NotEstimableError, match="no leave at region=town"):
        RandomEffectsMultinomialLogit.from_formula("outcome ~ region", NONE_LEAVE_TOWNS, groups="person").fit()


def test_separation_of_an_interaction_names_its_column() -> None:
    rows = ROWS.assign(outcome=ROWS["outcome"].where((ROWS["region"] != "town") | (ROWS["sex"] != 2), "stay"))
    error = reason("outcome ~ region * C(sex)", rows)
    assert error.status == "separation"
    assert "region[T.town]:C(sex)[T.2]" in str(error)


def test_separation_by_a_number() -> None:
    rows = ROWS.assign(outcome=np.where(ROWS["age"] > 50, "leave", np.where(ROWS["sex"] == 1, "stay", "move")))
    rows.loc[::7, "outcome"] = np.where(rows.loc[::7, "age"] > 50, "leave", "stay")
    error = reason("outcome ~ age", rows)
    assert error.status == "separation"
    assert "leave by" in str(error)
    assert "age" in str(error)


def test_bias_reduction_where_asked_for() -> None:
    fitted = MultinomialLogit.from_formula("outcome ~ region + age", NONE_LEAVE_TOWNS, groups="person").fit(
        on_separation="bias_reduction"
    )
    assert np.abs(fitted.params.to_numpy()).max() < 10
    assert "no leave at region=town" in fitted.remarks[0]
    assert "bias-reduced" in str(fitted.summary())


def test_collinear_columns() -> None:
    error = reason("outcome ~ age + I(2 * age)", ROWS)
    assert error.status == "collinear"
    assert "I(2 * age) is a combination of age" in str(error)
    assert "formula" in str(error)


def test_an_outcome_that_never_happens() -> None:
    rows = ROWS.assign(outcome=pd.Categorical(ROWS["outcome"], ["stay", "move", "leave", "vanish"]))
    error = reason("outcome ~ age", rows)
    assert error.status == "empty_outcome"
    assert "no vanish" in str(error)


def test_one_outcome() -> None:
    with pytest.raises(NotEstimableError, match="every row has the outcome here"):
        MultinomialLogit.from_formula("outcome ~ age", ROWS.assign(outcome="here"))


def test_overflow() -> None:
    assert reason("outcome ~ np.exp(age * 100)", ROWS).status == "overflow"


def test_not_converged() -> None:
    error = reason("outcome ~ age", ROWS, max_iterations=1)
    assert error.status == "not_converged"
    assert "raise max_iterations" in str(error)


def test_too_few_persons() -> None:
    rows = ROWS[ROWS["person"] < 6].assign(outcome=["stay", "move", "leave"] * 8)
    assert reason("outcome ~ age + C(sex)", rows).status == "too_few_observations"


def test_persons_who_are_all_alike() -> None:
    rows = ROWS.assign(outcome=["stay", "move", "leave", "stay"] * 150)
    error = reason("outcome ~ 1", rows)
    assert error.status == "singular"
    assert "persons are all alike" in str(error)
