"""The gates: run every suite of a gate on an engine, record what held, and refuse if something did not."""

import re
import shutil
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier

from expectations.checkpoint import checkpoint, context_with_docs
from expectations.data_docs import build_data_docs
from expectations.engine import DuckDBFile, Engine
from expectations.suite_files import Gate, Rule, Suite, suites_of
from models_py.study import Study
from models_py.tables import VALIDATION
from storage.catalogue import has_table
from storage.warehouse import open_warehouse

TOLD_ROWS = 10  # how many of the rows that a failed expectation found a report shows
# What kind of error a traceback names, without a value: our own for DuckDB's, Spark's condition, or its class.
KINDS_OF_ERROR = (
    re.compile(r"query failed: (\w+)"),
    re.compile(r"pyspark\.errors\.exceptions\.\w+\.\w+: \[([A-Z][A-Z0-9_.]+)\]"),
    re.compile(r"(?:pyspark\.errors\.exceptions\.\w+|py4j\.protocol)\.(\w+):"),
)
NO_COLUMN = re.compile(r'The column \\?"\w+\\?" in BatchData does not exist')
TEXT_IN_SQL = re.compile(r"'([^']*)'")


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one expectation."""

    suite: str
    expectation: str
    table: str
    column: str | None
    success: bool


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of a gate."""

    gate: Gate
    run_id: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether everything was checked and held."""
        return bool(self.checks) and all(check.success for check in self.checks)


class GateFailed(Exception):
    """A gate refuses; the text lists what did not hold, without a value from a row."""

    def __init__(self, text: str, result: GateResult):
        super().__init__(text)
        self.result = result


@dataclass(frozen=True, slots=True)
class Outcome:
    """A check with the rule behind it; `fault` is set where it could not be checked at all."""

    check: Check
    rule: Rule
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a gate, and a readable report if it refuses, without a value from a row."""

    result: GateResult
    report: str


def run_gate(
    gate: Gate, database: Path, study: Study, run_id: str, docs: Path, news_of: str | None = None
) -> GateResult:
    """Check a database at a gate, write `audit.validation` into it and Data Docs into `docs/<gate>`.

    With `news_of`, rules about the rows of a year look only at the years that this run has loaded, or that the last
    build has made again.

    Raises:
        GateFailed: something did not hold or could not be checked.
        SuiteError: a suite file is wrong.
    """
    return conclude(judge(gate, DuckDBFile(database), study, run_id, docs, news_of), database)


def judge(gate: Gate, engine: Engine, study: Study, run_id: str, docs: Path, news_of: str | None = None) -> Verdict:
    """Check an engine's tables at a gate and write Data Docs into `docs/<gate>`; `news_of` as above.

    Raises:
        SuiteError: a suite file is wrong.
    """
    suites = suites_of(gate, study, engine.words, news_of)
    there = engine.tables()
    outcomes = [_missing(suite) for suite in suites if suite.table not in there]
    outcomes += _validated(gate, engine, [suite for suite in suites if suite.table in there], run_id, docs)
    result = GateResult(gate, run_id, tuple(outcome.check for outcome in outcomes))
    return Verdict(result, "" if result.ok else _report(result, outcomes, engine, study))


def conclude(verdict: Verdict, database: Path) -> GateResult:
    """Write a verdict into a database's `audit.validation`, and raise if it refuses.

    Raises:
        GateFailed: something did not hold or could not be checked.
    """
    _record(verdict.result, database)
    if not verdict.result.ok:
        raise GateFailed(verdict.report, verdict.result)
    return verdict.result


def _missing(suite: Suite) -> Outcome:
    rule = Rule(name="table_exists", description="The table exists", type="expect_table_row_count_to_be_between")
    return Outcome(Check(suite.rules[0].file, rule.name, suite.table, None, False), rule)


def _validated(gate: Gate, engine: Engine, suites: list[Suite], run_id: str, docs: Path) -> list[Outcome]:
    if not suites:
        return []
    site = docs / gate
    if site.exists():
        shutil.rmtree(site)
    context = context_with_docs(site)
    with engine.source(context) as whole_table:
        run = checkpoint(context, whole_table, gate, suites).run(run_id=RunIdentifier(run_name=run_id))
    by_suite = {result.suite_name: result for result in run.run_results.values()}
    outcomes = [outcome for suite in suites for outcome in _outcomes(suite, by_suite[suite.name])]
    if engine.errors_hold_no_values or not any(outcome.fault for outcome in outcomes):  # pages show errors as they are
        # Built once here: an action of the checkpoint would make the pages around the results again for each table.
        build_data_docs(context, site, {name: bool(result.success) for name, result in by_suite.items()})
    return outcomes


def _outcomes(suite: Suite, validation: ExpectationSuiteValidationResult) -> list[Outcome]:
    """One outcome per rule; a rule without a result from Great Expectations has failed."""
    answers = {
        answer.expectation_config.meta["name"]: answer
        for answer in validation.results
        if answer.expectation_config is not None
    }
    found = []
    for rule in suite.rules:
        answer = answers.get(rule.name)
        success = answer is not None and answer.success is True
        fault = None if success or answer is None else _fault(answer.exception_info)
        found.append(Outcome(Check(rule.file, rule.name, suite.table, rule.column, success), rule, fault))
    return found


def _fault(exception_info: dict[str, Any]) -> str | None:
    """Why a rule could not be checked: the kind of error, never its text."""
    if exception_info.get("raised_exception") is False:
        return None
    said = str(exception_info)
    kind = next(filter(None, (pattern.search(said) for pattern in KINDS_OF_ERROR)), None)
    if kind:
        return kind[1]
    return "its columns are not there" if NO_COLUMN.search(said) else "the engine could not say why"


def opened(gate: Gate, database: Path) -> duckdb.DuckDBPyConnection:
    """A connection for writing: results are published and have no key, everything else is a warehouse."""
    return duckdb.connect(str(database)) if gate == "results" else open_warehouse(database)


def _record(result: GateResult, database: Path) -> None:
    """Write one row per check into `audit.validation`, in place of an earlier try of the same run."""
    with opened(result.gate, database) as connection, connection.begin() as transaction:
        transaction.execute("CREATE SCHEMA IF NOT EXISTS audit")
        if not has_table(transaction, "audit", "validation"):
            for statement in (VALIDATION.create_sql("audit"), *VALIDATION.comment_sql("audit")):
                transaction.execute(statement)
        transaction.execute("DELETE FROM audit.validation WHERE run_id = ? AND gate = ?", [result.run_id, result.gate])
        transaction.executemany(
            "INSERT INTO audit.validation VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                [result.run_id, result.gate, check.suite, check.expectation, check.table, check.column, check.success]
                for check in result.checks
            ],
        )
        transaction.commit()


def _report(result: GateResult, outcomes: list[Outcome], engine: Engine, study: Study) -> str:
    """One readable report of everything that did not hold."""
    failed = [outcome for outcome in outcomes if not outcome.check.success]
    levels = {level for name in type(study.variables).model_fields for level in study.levels(name)}
    lines = [f"gate {result.gate}: {len(failed)} of {len(outcomes)} expectations failed; nothing has been changed"]
    for outcome in failed:
        place = " · ".join(filter(None, (outcome.check.table, outcome.check.column)))
        fault = f" (could not be checked: {outcome.fault})" if outcome.fault else ""
        lines.append(f"  {place}: {outcome.rule.description} [{outcome.rule.name}]{fault}")
        if outcome.rule.tells and not outcome.fault:
            lines += [f"    {told}" for told in _told(outcome, levels, engine)]
    return "\n".join(lines)


def _told(outcome: Outcome, levels: set[str], engine: Engine) -> list[str]:
    """The rows that a failed query found, with only the columns that its suite file lets it show (`tells`)."""
    rule = outcome.rule
    columns = ", ".join(rule.tells)
    rows = engine.rows(f"SELECT {columns} FROM ({rule.sql}) AS found ORDER BY {columns} LIMIT {TOLD_ROWS + 1}")
    known = levels | set(TEXT_IN_SQL.findall(rule.sql or ""))
    told = [
        ", ".join(f"{name} {_shown(value, known)}" for name, value in zip(rule.tells, row, strict=True))
        for row in rows[:TOLD_ROWS]
    ]
    return [*told, "and more"] if len(rows) > TOLD_ROWS else told


def _shown(value: object, known: set[str]) -> str:
    """A number, or a text of the study or the reviewed SQL itself; any other text came from a row and is not shown."""
    if isinstance(value, float | Decimal):
        return f"{value:.4g}"
    if value is None or isinstance(value, int) or value in known:
        return str(value)
    return "(not shown)"
