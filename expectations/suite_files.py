"""The reviewed suite files: reading them, and putting the study's thresholds in place of `${…}`.

A file names a gate and lists tables with what must hold of each. An expectation is either a `type` of Great
Expectations' own with its `arguments`, or `sql` that finds what must not be. Every table must have rows unless
the file says why it may be empty.
"""

import re
from functools import reduce
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from models_py.study import Study

SUITES = Path(__file__).parent / "suites"
PLACEHOLDER = re.compile(r"\$\{([a-z0-9_.]+)\}")
NO_LAST_YEAR = 9999

Gate = Literal["incoming", "marts", "results"]


class SuiteError(ValueError):
    """A suite file says something that the study or Great Expectations does not know."""


class Table(str):
    """The table an expectation is about, as schema.name: in SQL a name and not a text."""


class Part(BaseModel):
    """A part of a suite file: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(Part):
    """One expectation. `tells` names columns of the SQL that a failure report may show: years, names, shares."""

    name: str
    description: str
    column: str | None = None
    type: str | None = None
    arguments: dict[str, Any] = {}
    sql: str | None = None
    tells: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.type is None) == (self.sql is None):
            raise ValueError(f"{self.name}: an expectation has either a type or sql")
        if self.sql is None and self.tells:
            raise ValueError(f"{self.name}: only sql has something to tell")
        return self


class Tables(Part):
    """Tables of which the same must hold."""

    tables: tuple[str, ...]
    may_be_empty: str | None = None
    expectations: tuple[Rule, ...] = ()


class SuiteFile(Part):
    """A whole file."""

    gate: Gate
    describes: str
    contents: tuple[Tables, ...]


class Suite(Part):
    """What one file expects of one table, thresholds in place."""

    file: str
    table: str
    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """What Great Expectations knows the suite by."""
        return f"{self.file}.{self.table}"


NOT_EMPTY = Rule(
    name="not_empty",
    description="The table has rows",
    type="expect_table_row_count_to_be_between",
    arguments={"min_value": 1},
)


def suites_of(gate: Gate, study: Study, folder: Path = SUITES) -> list[Suite]:
    """All suites of a gate in file order, thresholds in place.

    Raises:
        SuiteError: a file is not a suite file, or names something that the study does not have.
    """
    values = _study_values(study)
    found: list[Suite] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            content = SuiteFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
            if content.gate == gate:
                found += _suites(path.stem, content, values)
        except (ValueError, yaml.YAMLError) as error:
            raise SuiteError(f"{path}: {error}") from None
    return found


def _suites(file: str, content: SuiteFile, values: dict[str, Any]) -> list[Suite]:
    """A suite a table; what the file says of a table in several places comes together."""
    rules: dict[str, list[Rule]] = {}
    for part in content.contents:
        for table in part.tables:
            there = {**values, "table": Table(table)}
            own = [Rule.model_validate(_filled(rule.model_dump(), there)) for rule in part.expectations]
            of_table = rules.setdefault(table, [])
            if not part.may_be_empty and NOT_EMPTY not in of_table:
                of_table.append(NOT_EMPTY)
            of_table.extend(own)
    for table in rules:
        names = [rule.name for rule in rules[table]]
        if len(names) != len(set(names)):
            raise SuiteError(f"{table}: an expectation stands twice")
    return [Suite(file=file, table=table, rules=tuple(of_table)) for table, of_table in rules.items()]


def _study_values(study: Study) -> dict[str, Any]:
    """What a placeholder may stand for besides a path into the study: levels, and tables of bounds."""
    variables = type(study.variables).model_fields
    last = study.panel.years.last
    return {
        "study": study,
        **{f"levels.{name}": study.levels(name) for name in variables},
        "last_panel_year": last if isinstance(last, int) else NO_LAST_YEAR,
        "hypotheses.rows": [(hypothesis.id,) for hypothesis in study.hypotheses],
        "groups.rows": [(group,) for group in study.models.groups],
        "centrality.rows": [
            (level, code) for level, codes in study.variables.centrality.codes.items() for code in codes
        ],
        "unknown_share.rows": list(study.gates.unknown_share.model_dump().items()),
        "rate_bounds.rows": [
            (group, outcome, *between)
            for group, bounds in study.gates.rate_bounds.items()
            for outcome, between in bounds.model_dump().items()
        ],
    }


def _filled(part: Any, values: dict[str, Any]) -> Any:
    """Any piece of a suite file with its placeholders replaced; one that stands alone keeps its type."""
    if isinstance(part, dict):
        return {key: _filled(value, values) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_filled(value, values) for value in part]
    if not isinstance(part, str):
        return part
    if alone := PLACEHOLDER.fullmatch(part):
        value = _value(alone[1], values)
        return list(value) if isinstance(value, tuple) else value
    return PLACEHOLDER.sub(lambda match: _sql(_value(match[1], values)), part)


def _value(name: str, values: dict[str, Any]) -> Any:
    if name in values:
        return values[name]
    try:
        return reduce(getattr, name.split("."), values["study"])
    except AttributeError:
        raise SuiteError(f"${{{name}}}: there is nothing of that name in the study") from None


def _sql(value: Any) -> str:
    """A value as SQL: text quoted, a tuple as a list in brackets, a list as rows of VALUES."""
    if isinstance(value, Table):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, tuple):
        return f"({', '.join(map(_sql, value))})"
    if isinstance(value, list):
        return ", ".join(map(_sql, value))
    if isinstance(value, int | float):
        return repr(value)
    raise SuiteError(f"a placeholder stands for a {type(value).__name__}, which SQL cannot say")
