"""Healthy databases, copied for each test, and gates run on faulty ones."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from expectations import gate as gate_module
from expectations.gate import GateFailed, GateResult, run_gate
from expectations.suite_files import Gate
from flows.home import STUDY_FILE
from models_py.study import Study, load_study
from tests.gates.faults import FAULTS

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def study() -> Study:
    """The study, with the one variant of results.sql."""
    whole = load_study(STUDY_FILE)
    return whole.model_copy(update={"variants": tuple(v for v in whole.variants if v.name == "first_event")})


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> dict[Gate, Path]:
    folder = tmp_path_factory.mktemp("healthy")
    made = {}
    for name in ("warehouse", "results"):
        made[name] = folder / f"healthy_{name}.duckdb"  # DuckDB confuses a file with a schema of its name
        change(made[name], (HERE / f"{name}.sql").read_text())
    return {"incoming": made["warehouse"], "marts": made["warehouse"], "results": made["results"]}


@pytest.fixture
def database(healthy: dict[Gate, Path], tmp_path: Path) -> Callable[..., Path]:
    """A healthy database of a gate, with changes made in it."""

    def copied(gate: Gate, *changes: str) -> Path:
        path = tmp_path / "copy.duckdb"
        shutil.copyfile(healthy[gate], path)
        change(path, *changes)
        return path

    return copied


@pytest.fixture(scope="session")
def batch_result(
    healthy: dict[Gate, Path], study: Study, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Gate, str], GateResult]:
    """What a gate says of a database with all faults of a batch. Run once a batch, without Data Docs: they are slow."""
    known: dict[tuple[Gate, str], GateResult] = {}

    def result(gate: Gate, batch: str) -> GateResult:
        if (gate, batch) not in known:
            path = tmp_path_factory.mktemp(batch) / "faulty.duckdb"
            shutil.copyfile(healthy[gate], path)
            change(path, *(fault.sql for fault in FAULTS if (fault.gate, fault.batch) == (gate, batch)))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(gate_module, "build_data_docs", lambda *told: None)
                known[gate, batch] = failure(gate, path, study, path.parent).result
        return known[gate, batch]

    return result


@pytest.fixture
def without_docs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data Docs take most of a gate's time; `test_no_leak.py` looks at them."""
    monkeypatch.setattr(gate_module, "build_data_docs", lambda *told: None)


def change(path: Path, *changes: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for sql in changes:
            connection.execute(sql)


def failure(gate: Gate, path: Path, study: Study, docs: Path) -> GateFailed:
    with pytest.raises(GateFailed) as caught:
        run_gate(gate, path, study, "run-2", docs)
    return caught.value
