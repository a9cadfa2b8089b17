"""A release after another whose levels were others: through the results database that the first one left."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from flows.publish import write_results
from models_py.disclosure import DisclosureError, Publication, publishable
from models_py.earlier_releases import HistoryUnreadable, read_earlier, remember_counts
from models_py.estimate import estimate
from models_py.study import Study
from models_py.tables import RUN
from storage.warehouse import open_warehouse
from tests.estimation.population import simulate, write_warehouse
from tests.releases import MADE

MERGED = {"1": ["1"], "2": ["2"], "3": ["3"], "5*": ["4", "5", "6"]}
CUT_ACROSS = {"1": ["1"], "2": ["2"], "3": ["3"], "4": ["4", "5"], "5*": ["6"]}
SAID = {"started_at": MADE, "finished_at": MADE, "code_version": "", "study_hash": "", "input_hash": ""}


def with_classes(study: Study, codes: dict[str, list[str]]) -> Study:
    said = study.model_dump() | {"variants": ()}
    said["variables"]["centrality"]["codes"] = codes
    return Study.model_validate(said)


@pytest.fixture(scope="module")
def rows(study: Study) -> pd.DataFrame:
    return simulate(study, n_persons=700, seed=77)


@pytest.fixture(scope="module")
def warehouse(rows: pd.DataFrame, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the study's own classes, and estimated."""
    database = write_warehouse(rows, tmp_path_factory.mktemp("classes") / "warehouse.duckdb")
    estimate(database, study)
    return database


@pytest.fixture(scope="module")
def first_publication(warehouse: Path, study: Study) -> Publication:
    with open_warehouse(warehouse, read_only=True) as con:
        return publishable(con, study)


@pytest.fixture(scope="module")
def first_release(warehouse: Path, first_publication: Publication, rows: pd.DataFrame, study: Study) -> Path:
    """Its results database."""
    results = warehouse.with_name("release.duckdb")
    years = {"first_year": int(rows["year"].min()), "last_year": int(rows["year"].max())}
    run = RUN.arrow([SAID | years | {"n_person_years": first_publication.n_person_years}])
    write_results(results, None, first_publication.tables | {"run": run}, first_publication.check, "first", study)
    return results


def test_a_kept_label_of_other_codes_is_another_count(
    rows: pd.DataFrame, first_publication: Publication, first_release: Path, study: Study, tmp_path: Path
) -> None:
    merged = with_classes(study, MERGED)
    warehouse = write_warehouse(
        rows.assign(centrality=rows["centrality"].replace("4", "5*")), tmp_path / "warehouse.duckdb"
    )
    estimate(warehouse, merged)
    remember_counts(warehouse, "first", first_publication.counts)
    with open_warehouse(warehouse, read_only=True) as con:
        [told] = read_earlier(con, first_release, merged)
        publication = publishable(con, merged, first_release)
    assert {key[2] for key in told.shown if key[0] == "rate"} == {"1", "2", "3", ("4",), ("5", "6")}
    assert told.counts is not None
    assert told.counts.keys() == told.shown.keys()
    assert {row["centrality"] for row in publication.tables["observed_rate"].to_pylist()} == set(MERGED)
    assert any("knowing which counts are the same" in decision.subject for decision in publication.check.decisions)


def test_classes_that_cut_across_those_published_stop_publication(
    warehouse: Path, first_release: Path, study: Study
) -> None:
    with (
        open_warehouse(warehouse, read_only=True) as con,
        pytest.raises(
            DisclosureError, match=r"centrality '4' of study\.yml has parts of '4', '5\*', which release first"
        ),
    ):
        publishable(con, with_classes(study, CUT_ACROSS), first_release)


def test_a_history_from_before_classes_were_written_down(
    warehouse: Path, first_release: Path, study: Study, tmp_path: Path
) -> None:
    old = tmp_path / "release.duckdb"
    old.write_bytes(first_release.read_bytes())
    with duckdb.connect(str(old)) as con:
        con.execute("drop table audit.disclosure_level")
    with open_warehouse(warehouse, read_only=True) as con:
        assert read_earlier(con, old, study) == read_earlier(con, first_release, study)
        with pytest.raises(HistoryUnreadable, match="publish once with the codes that its levels had"):
            read_earlier(con, old, with_classes(study, MERGED))
