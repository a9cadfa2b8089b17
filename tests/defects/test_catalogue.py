"""The short form of the catalogue: one defect for every rule that only whole years can break. `make test-defects` tries
all of them."""

from pathlib import Path

import duckdb
import pytest

from tests.defects.campaign import NO_ALARM
from tests.defects.catalogue import DEFECTS, Defect
from tests.defects.of_values import identity_numbers
from tests.defects.stage import Stage, complaints, good_deliveries
from tests.defects.tables import KEY, write_lines

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


def test_a_defect_is_the_same_however_often_it_is_made(tmp_path: Path) -> None:
    """Numbers shared between deliveries ran out after two of them, and a campaign waited for more for good."""
    make, made = identity_numbers("bu_utd", KEY, day=0, month=0), []
    for round_number in range(3):
        folder = tmp_path / str(round_number)
        folder.mkdir()
        lines = [f"{KEY};bu_2020", *(f"pseudonym{number % 400};402199" for number in range(1200))]
        write_lines(folder / "w21_1234_bu_utd.csv", lines)
        make(folder)
        made.append((folder / "w21_1234_bu_utd.csv").read_bytes())
    assert made[0] == made[1] == made[2]
    assert b"pseudonym" not in made[0]
