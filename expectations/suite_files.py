"""The reviewed suite files: reading them, and putting the study's thresholds in place of `${…}`.

A file names a gate and lists tables with what must hold for each. An expectation is either a `type` of Great
Expectations' own with its `arguments`, or `sql` that finds rows that must not exist. Every table must have rows unless
the file says why it may be empty.
"""

import re
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from models_py.dispositions import dispositions
from models_py.part import Part
from models_py.study import YAML_LOADER, Study

SUITES = Path(__file__).parent / "suites"
PLACEHOLDER = re.compile(r"\$\{([a-z0-9_.]+)\}")

Gate = Literal["incoming", "marts", "results"]


class SuiteError(ValueError):
    """A suite file says something that the study or Great Expectations does not know."""


class Name(str):
    """A value that SQL uses as a name and not as a text: a function, or an expectation's table, as schema.name."""


class Rule(Part):
    """One expectation. `tells` names columns of the SQL that a failure report may show: years, names, shares.
    `file` is set when the file is read.
    """

    name: str
    file: str = ""
    description: str
    column: str | None = None
    type: str | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
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
    """Tables for which the same must hold."""

    tables: tuple[str, ...]
    may_be_empty: str | None = None
    expectations: tuple[Rule, ...] = ()


class SuiteFile(Part):
    """A whole file."""

    gate: Gate
    describes: str
    contents: tuple[Tables, ...]


class Suite(Part):
    """All that a gate expects of one table, thresholds in place."""

    gate: Gate
    table: str
    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """What Great Expectations knows the suite by."""
        return f"{self.gate}.{self.table}"


NOT_EMPTY = Rule(
    name="not_empty",
    description="The table has rows",
    type="expect_table_row_count_to_be_between",
    arguments={"min_value": 1},
)


def suites_of(
    gate: Gate, study: Study, words: Mapping[str, Any], news_of: str | None = None, folder: Path = SUITES
) -> list[Suite]:
    """A suite for each table of a gate, thresholds in place; rules of several files about one table are combined.

    `words` are the engine's own words (`expectations/dialect.py`). With `news_of`, rules on `${brought}` look only at
    the years that this run has loaded, or that the last build has made again in the panel; otherwise at all years.

    Raises:
        SuiteError: a file is not a suite file, or names something that the study does not have.
    """
    values = {**_study_values(study), **words}
    rules: dict[str, list[Rule]] = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            content = SuiteFile.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=YAML_LOADER))
            for part in content.contents if content.gate == gate else ():
                for table in part.tables:
                    there = {**values, "table": Name(table), "brought": _brought(table, news_of)}
                    rules.setdefault(table, []).extend(_rules(path.stem, part, there))
        except (ValueError, yaml.YAMLError) as error:
            raise SuiteError(f"{path}: {error}") from None
    return [Suite(gate=gate, table=table, rules=_distinct(table, rules[table])) for table in rules]


def _brought(table: str, run_id: str | None) -> Name:
    """SQL: a table's rows of the years that a run has loaded or made again; without a run, the table.

    Years of a delivery that the run has replaced are among them: the version before it may be current again.
    """
    if run_id is None:
        return Name(table)
    schema, register = table.split(".")
    if schema != "raw":
        return Name(f"(SELECT * FROM {table} WHERE year IN (SELECT year FROM intermediate.changed_year))")
    return Name(f"""(
            SELECT * FROM {table} WHERE aar IN (
              SELECT year FROM audit.register_year JOIN audit.delivery USING (arrival)
              WHERE register = {_sql(register)} AND run_id = {_sql(run_id)}))""")


def _rules(file: str, part: Tables, values: dict[str, Any]) -> list[Rule]:
    rules = [Rule.model_validate({**_filled(rule.model_dump(), values), "file": file}) for rule in part.expectations]
    return rules if part.may_be_empty else [NOT_EMPTY.model_copy(update={"file": file}), *rules]


def _distinct(table: str, rules: list[Rule]) -> tuple[Rule, ...]:
    """A table's rules, each name once; only `not_empty` may come from several files."""
    named: dict[str, Rule] = {}
    for rule in rules:
        if rule.name in named and rule.name != NOT_EMPTY.name:
            raise SuiteError(f"{table}: the expectation {rule.name} stands twice")
        named.setdefault(rule.name, rule)
    return tuple(named.values())


def _study_values(study: Study) -> dict[str, Any]:
    """What a placeholder may stand for besides a path into the study: levels, and tables of bounds."""
    variables = type(study.variables).model_fields
    return {
        "study": study,
        **{f"levels.{name}": study.levels(name) for name in variables},
        "last_panel_year": study.panel.years.bound,
        "hypotheses.rows": [(hypothesis.id,) for hypothesis in study.hypotheses],
        "variants.names": [variant.name for variant in study.variants],
        "dispositions.rows": [(one,) for one in dispositions(study)],
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
    """Any piece of a suite file with its placeholders replaced; a placeholder that is the whole text keeps its type."""
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
    if isinstance(value, Name):
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
