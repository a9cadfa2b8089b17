"""Raw files in, accounting out: a municipality code that nobody can read loses no person."""

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.build import build
from flows.load import load_deliveries
from models_py.study import Study
from tests.deliveries import BOSTED, REGSTAT, change, write_delivery
from tests.panel.conftest import query

pytestmark = pytest.mark.usefixtures("warm_dbt")
HOMES = {
    "bostedskommune_01_01_2015": ["0301", "1201", "0301"],
    "bostedskommune_01_01_2016": ["0301", "0301", "1201"],
    "bostedskommune_01_01_2017": ["0301", "0301", "1201"],
}
STATUSES = {f"regstat_{year}{dated}": ["" if dated else "1"] * 3 for year in (15, 16, 17) for dated in ("", "_dat")}


@pytest.fixture
def accounting(
    tmp_path: Path, study: Study, dbt_work: Callable[[str], Path]
) -> Callable[[str], dict[tuple[int, str], int]]:
    """What becomes of three persons, of whom one has this code on 1 January 2016."""
    shares = study.load.model_copy(update={"form_error_share": 0.5})
    lenient = study.model_copy(update={"load": shares})

    def of(code: str) -> dict[tuple[int, str], int]:
        homes = HOMES | {"bostedskommune_01_01_2016": ["0301", code, "1201"]}
        landing, database = tmp_path / "landing", tmp_path / "warehouse.duckdb"
        write_delivery(
            landing / "d1",
            bostedskommune=change(BOSTED, **homes),
            regstat_2015_2016=None,
            regstat=change(REGSTAT, **STATUSES),
        )
        load_deliveries(database, landing, None, lenient, "run")
        build(database, lenient, dbt_work("year_end"))
        rows = query(database, "select year, disposition, persons from marts.panel_accounting where persons > 0")
        return {(row["year"], row["disposition"]): row["persons"] for row in rows}

    return of


def test_whoever_has_an_unreadable_code_is_counted_under_unknown_municipality(
    accounting: Callable[[str], dict[tuple[int, str], int]],
) -> None:
    found = accounting("X301")
    assert sum(n for (year, _), n in found.items() if year == 2016) == 3
    assert found[2016, "unknown_municipality"] == 1
    assert found[2015, "unknown_municipality"] == 1
    assert (2015, "unexplained_exit") not in found


def test_whoever_has_no_code_is_not_resident(accounting: Callable[[str], dict[tuple[int, str], int]]) -> None:
    found = accounting("")
    assert sum(n for (year, _), n in found.items() if year == 2016) == 2
    assert (2016, "unknown_municipality") not in found
