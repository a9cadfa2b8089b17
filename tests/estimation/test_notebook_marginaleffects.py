"""The package `marginaleffects` comes to the same margins and predictions: `make test-marginaleffects`.

It brings jax and plotnine (half a gigabyte) and works with polars 1 only, so that it is no dependency of the project.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from models_py import MultinomialLogit, RandomEffectsMultinomialLogit
from models_py.notebook.results import FittedLogit
from tests.estimation.panel import generate

pytest.importorskip("marginaleffects", reason="too large to be a dependency: make test-marginaleffects")
from marginaleffects import avg_slopes, datagrid, predictions  # only where the package is

ROWS = generate(n_persons=250)


@pytest.fixture(scope="module", params=[MultinomialLogit, RandomEffectsMultinomialLogit])
def fitted(request: pytest.FixtureRequest) -> FittedLogit:
    return request.param.from_formula("outcome ~ region + age", ROWS, groups="person", base="stay").fit()


def test_average_effects(fitted: FittedLogit) -> None:
    slopes = avg_slopes(fitted.for_marginaleffects(), wts="n").to_pandas()
    ours = fitted.margins().table()
    slopes["variable"], slopes["outcome"] = slopes["term"], slopes["group"]
    slopes["contrast"] = slopes["contrast"].where(slopes["term"] != "age", "dY/dX")
    both = ours.merge(slopes, on=["variable", "contrast", "outcome"], suffixes=("", ".theirs"))
    assert len(both) == len(ours) == 9
    assert_allclose(both["estimate"], both["estimate.theirs"], atol=1e-6)
    # Theirs differentiate numerically twice.
    assert_allclose(both["std.error"], both["std_error"], rtol=1e-2)
    assert_allclose(both["p.value"], both["p_value"], rtol=5e-2, atol=1e-6)


def test_predictions(fitted: FittedLogit) -> None:
    model = fitted.for_marginaleffects()
    grid = datagrid(model=model, region=["city", "rural"], age=30)
    found = predictions(model, newdata=grid).to_pandas().sort_values(["region", "group"])
    ours = fitted.predict(pd.DataFrame({"region": ["city", "rural"], "age": 30})).table()
    ours = ours.sort_values(["region", "outcome"])
    assert_allclose(ours["estimate"], found["estimate"], atol=1e-9)
    assert_allclose(ours["std.error"], found["std_error"], rtol=1e-4)
    assert np.isfinite(found["std_error"]).all()
