"""Every expectation holds on a healthy database, and fails on the fault it is there for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from expectations.dialect import DUCKDB_WORDS
from expectations.gate import GateResult, run_gate
from expectations.suite_files import Gate, suites_of
from models_py.study import Study
from tests.gates.faults import FAULTS, Fault

GATES: list[Gate] = ["incoming", "marts", "results"]


@pytest.mark.usefixtures("without_docs")
@pytest.mark.parametrize("gate", GATES)
def test_healthy_database_passes(gate: Gate, database: Callable[..., Path], study: Study, tmp_path: Path) -> None:
    assert run_gate(gate, database(gate), study, "run-2", tmp_path / "docs").ok


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_expectation_fails_on_its_fault(fault: Fault, batch_result: Callable[[Gate, str], GateResult]) -> None:
    failed = {
        (check.table, check.expectation) for check in batch_result(fault.gate, fault.batch).checks if not check.success
    }
    assert (fault.table, fault.expectation) in failed


@pytest.mark.parametrize("gate", GATES)
def test_every_expectation_has_a_fault(gate: Gate, study: Study) -> None:
    expected = {(suite.table, rule.name) for suite in suites_of(gate, study, DUCKDB_WORDS) for rule in suite.rules}
    assert {(fault.table, fault.expectation) for fault in FAULTS if fault.gate == gate} == expected
