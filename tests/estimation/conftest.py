"""Fixtures of the estimation tests: the study, and one small warehouse that many of them read."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from models_py.estimate import estimate
from models_py.pooled import fit_pooled
from models_py.study import Study, load_study
from tests.estimation.population import simulate, write_warehouse

PROJECT_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def one_blas_thread() -> Iterator[None]:
    """For statsmodels too: two threads on a busy machine make small matrices a hundred times slower."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.fixture
def pooled_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the pooled model is estimated: for tests of what does not depend on the model."""
    monkeypatch.setattr("models_py.estimate.ESTIMATORS", {"pooled": fit_pooled})


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study(PROJECT_ROOT / "study.yml")


@pytest.fixture(scope="session")
def rows(study: Study) -> pd.DataFrame:
    """2,000 persons of each group over four years, a row a person-year."""
    return simulate(study, n_persons=2_000, seed=20)


@pytest.fixture(scope="session")
def warehouse(study: Study, rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of these rows with estimates in it; not to be written to."""
    database = write_warehouse(rows, tmp_path_factory.mktemp("estimation") / "warehouse.duckdb")
    estimate(database, study)
    return database
