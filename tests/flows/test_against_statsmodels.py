"""What is published equals what statsmodels makes of the same person-years."""

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from models_py.study import Study
from report.release import open_results
from tests.flows.conftest import Refreshed

OUTCOMES = ["stay", "internal_move", "emigration"]


def design(panel: pd.DataFrame, published: pd.DataFrame) -> np.ndarray:
    """The design matrix that the published coefficients name, made from rows."""
    decades = (panel["age"].to_numpy() - 35) / 10
    columns = {"intercept": np.ones(len(panel)), "age": decades, "age_squared": decades**2}
    terms = published.loc[published["outcome"] == "emigration", ["term", "level"]].itertuples(index=False)
    return np.column_stack(
        [
            columns[term] if term in columns else (panel[term].astype(str) == level).to_numpy(float)
            for term, level in terms
        ]
    )


@pytest.mark.parametrize("group", ["immigrant", "norwegian_born", "native"])
def test_coefficients_and_clustered_errors(refreshed: Refreshed, study: Study, group: str) -> None:
    with open_results(refreshed.home.results) as con:
        published = con.execute(
            "select * from results.coefficient where population_group = ? and model = 'pooled' and not is_reference",
            [group],
        ).df()
        message = con.execute(
            "select status || ': ' || message from results.fit where population_group = ?", [group]
        ).fetchone()[0]
    assert len(published), message
    with duckdb.connect(str(refreshed.home.warehouse), read_only=True) as con:
        panel = con.execute("select * from marts.person_year where population_group = ?", [group]).df()
    # The levels that the fit leaves out, and says so, are those it has no coefficient for.
    references = {term.name: term.reference for term in study.models.terms}
    for term in ("family_situation", "labour_market_status", "education"):
        levels = {*published.loc[published["term"] == term, "level"], references[term]}
        panel = panel[panel[term].isin(levels)]
    chosen = pd.Categorical(panel["outcome"], categories=OUTCOMES).codes
    fit = sm.MNLogit(chosen, design(panel, published)).fit(
        method="newton",
        disp=0,
        maxiter=100,
        cov_type="cluster",
        cov_kwds={"groups": panel["person_key"].to_numpy(), "use_correction": False},
    )
    persons = panel["person_key"].nunique()
    errors = np.asarray(fit.bse) * np.sqrt(persons / (persons - 1))
    for column, outcome in enumerate(OUTCOMES[1:]):
        ours = published[published["outcome"] == outcome]
        np.testing.assert_allclose(ours["estimate"], np.asarray(fit.params)[:, column], atol=1e-6)
        np.testing.assert_allclose(ours["std_error"], errors[:, column], rtol=1e-5)
