"""A release made by hand, copied and changed for each test that needs it otherwise."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows.home import STUDY_FILE
from models_py.study import Study, load_study
from report.release import Release
from tests.report.results import write_results

STUDY: Study = load_study(STUDY_FILE)
MANIFEST = {
    "run_id": "run-1",
    "simulated_deliveries": ["delivery_2014_2021"],
    "study": STUDY.model_dump(mode="json"),
}
Changed = Callable[..., Release]


@pytest.fixture(scope="session")
def study() -> Study:
    return STUDY


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    path = tmp_path_factory.mktemp("release") / "results.duckdb"
    made = path.with_name("made.duckdb")  # DuckDB confuses a file with a schema of its name
    write_results(made)
    return Release(made.rename(path), MANIFEST)


@pytest.fixture
def changed(release: Release, tmp_path: Path) -> Changed:
    """A copy of the release with statements carried out in it."""

    def copied(*statements: str) -> Release:
        path = tmp_path / "changed.duckdb"
        shutil.copyfile(release.results, path)
        with duckdb.connect(str(path)) as con:
            for statement in statements:
                con.execute(statement)
        return Release(path, MANIFEST)

    return copied
