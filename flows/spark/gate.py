"""A gate on Spark's tables: judged in a process of its own, whose output may repeat values and goes nowhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

from expectations.gate import Check, GateResult, Verdict, conclude
from expectations.suite_files import Gate
from flows.home import PROJECT_ROOT
from flows.spark.exchange import checked_tables
from flows.spark.storage import Storage
from models_py.study import Study


class GateCrashed(RuntimeError):
    """The process that was to judge ended without a verdict."""


def run_gate(
    gate: Gate, storage: Storage, manifest: Path, database: Path, study: Study, run_id: str, docs: Path
) -> GateResult:
    """Check Spark's tables at a gate; verdicts go into `audit.validation` of the database, as `expectations.gate` does.

    Raises:
        GateFailed: something did not hold or could not be checked.
        GateCrashed: Spark did not start or was killed.
    """
    answer = storage.path / "verdict.json"
    asked = {
        "gate": gate,
        "study": study.model_dump_json(),
        "run_id": run_id,
        "docs": str(docs.resolve()),
        "settings": storage.settings(),
        "folders": {name: str(folder) for name, folder in checked_tables(storage, manifest).items()},
        "verdict": str(answer),
    }
    there = {**os.environ, **storage.environment, "PYTHONPATH": str(PROJECT_ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "expectations.spark"],
        cwd=storage.path,
        env={name: value for name, value in there.items() if value is not None},
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        errors="replace",
    )
    if not answer.exists():
        raise GateCrashed(f"gate {gate} on Spark ended with exit code {done.returncode} and without a verdict")
    return conclude(_verdict(json.loads(answer.read_text(encoding="utf-8"))), database)


def _verdict(told: dict[str, object]) -> Verdict:
    """A verdict as it was before it was written down."""
    result: dict[str, object] = told["result"]  # type: ignore[assignment]
    checks = tuple(Check(**check) for check in result["checks"])  # type: ignore[attr-defined]
    return Verdict(GateResult(result["gate"], str(result["run_id"]), checks), str(told["report"]))  # type: ignore[arg-type]
