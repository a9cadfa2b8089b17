"""The short form of the catalogue: one defect for every rule that only whole years can break. `make test-defects` tries
all of them."""

from pathlib import Path

import duckdb
import pytest

from tests.defects.campaign import NO_ALARM
from tests.defects.catalogue import DEFECTS, Defect
from tests.defects.stage import Stage, complaints, good_deliveries

RULES_OF_YEARS = (
    "fewer_rows", "unchanged", "share_change", "persons_changed", "unlinked_persons", "move_against_residence",
    "no_mother", "resident_by_status", "resident_without_home", "resident_after_death", "event_against_type",
    "changed_constant", "corrected", "lost_column", "missing_year", "new_column", "new_code", "no_line_end",
    "outside_delivery", "mostly_missing",
)  # fmt: skip
SHORT = [next(defect for defect in DEFECTS if defect.expected.rule == rule) for rule in RULES_OF_YEARS]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return good_deliveries(tmp_path_factory.mktemp("stage"))


def test_defects_are_many_and_distinct() -> None:
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 60


@pytest.mark.parametrize("defect", SHORT, ids=str)
def test_a_defect_is_caught_as_declared(stage: Stage, defect: Defect, tmp_path: Path) -> None:
    assert complaints(stage, defect, tmp_path) == []


def test_good_deliveries_are_no_drift(stage: Stage) -> None:
    with duckdb.connect(str(stage.good), read_only=True) as con:
        assert {rule for (rule,) in con.sql("select distinct rule from audit.drift").fetchall()} <= NO_ALARM
