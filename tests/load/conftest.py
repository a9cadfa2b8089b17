"""A home with a landing folder and an empty warehouse; tests write deliveries and load them through the front door."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.home import STUDY_FILE
from flows.load import DeliveryRefused, Fault, LoadedDelivery, due_deliveries, load_deliveries, withdraw
from flows.state import input_hash
from models_py.study import Load, Study, load_study


@dataclass(frozen=True)
class Warehouse:
    """A landing folder and the warehouse it is loaded into."""

    landing: Path
    database: Path
    study: Study

    def load(self, *names: str) -> list[LoadedDelivery]:
        return load_deliveries(self.database, self.landing, names or None, self.study, "run_1")

    def refused(self, *names: str) -> list[Fault]:
        """Load, insist on a refusal, and on a report that names each fault's rule and file."""
        with pytest.raises(DeliveryRefused) as refusal:
            self.load(*names)
        report = refusal.value.report()
        for fault in refusal.value.faults:
            assert fault.rule in report
            assert (fault.file or fault.delivery) in report
        return list(refusal.value.faults)

    def due(self) -> list[str]:
        return due_deliveries(self.database, self.landing)

    def withdraw(self, delivery: str) -> None:
        withdraw(self.database, self.landing, delivery, self.study, "run_2")

    def input_hash(self) -> str:
        """What the steps after loading are told of what is loaded."""
        with duckdb.connect(str(self.database), read_only=True) as con:
            return input_hash(con)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database)) as con:
            return con.sql(query).fetchall()

    def findings(self, register: str) -> dict[tuple[str | None, str, str], int]:
        """(column, rule, action) → rows, over everything found in a register, cross-checks of size left out."""
        return {
            (column, rule, action): n_rows
            for column, rule, action, n_rows in self.rows(f"""
                select column_name, rule, action, sum(n_rows)::bigint from audit.load_finding
                where register = '{register}' and rule <> 'municipality_without_residents' group by all
            """)
        }


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study(STUDY_FILE)


@pytest.fixture
def warehouse(tmp_path: Path, study: Study) -> Warehouse:
    (tmp_path / "landing").mkdir()
    return Warehouse(tmp_path / "landing", tmp_path / "warehouse.duckdb", study)


@pytest.fixture
def lenient(warehouse: Warehouse) -> Warehouse:
    """The warehouse under a study whose shares let single wrong values among a handful of rows pass."""
    shares = {name: 0.5 for name in Load.model_fields if name.endswith("_share")}
    load = warehouse.study.load.model_copy(update=shares)
    return Warehouse(warehouse.landing, warehouse.database, warehouse.study.model_copy(update={"load": load}))


@pytest.fixture
def rules() -> Callable[[Sequence[Fault]], set[tuple[str, str | None]]]:
    """(rule, column) of faults."""
    return lambda faults: {(fault.rule, fault.column) for fault in faults}
