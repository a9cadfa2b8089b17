"""Coefficient tables: estimates of a model, one column per group and outcome, with the statistics of each fit.

Belongs here: the table's rows. Does not belong here: how it is shown (`coefficient_grids.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models_py.study import Study
from report.figures.observations import by_group
from report.language import Language
from report.release import Release, Row

COEFFICIENTS = """
select population_group, outcome, term, level, estimate, std_error, p_value, ci_low, ci_high, is_reference
from results.coefficient where model = ?
"""
FIT = "select * from results.fit where model = ?"
COMPONENTS = "select * from results.variance_component"
STATISTICS = (
    "n_persons", "n_person_years", "n_internal_move", "n_emigration", "log_likelihood", "null_log_likelihood",
    "pseudo_r2", "aic", "bic",
)  # fmt: skip
# In the order of journals that study both, and of the policy brief: emigration first.
OUTCOMES = ("emigration", "internal_move")


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate with its standard error; a reference level has neither error, p-value nor interval."""

    estimate: float
    std_error: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    is_reference: bool


@dataclass(frozen=True, slots=True)
class CoefficientRow:
    """A term's level (empty for a term without levels); an estimate is None if a column's model does not have it."""

    term: str
    level: str
    estimates: tuple[Estimate | None, ...]


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """A variance component of the random effects, with one estimate per group."""

    name: str
    estimates: tuple[Estimate | None, ...]


@dataclass(frozen=True, slots=True)
class FitColumn:
    """A group's fit: status, and statistics by name (None: withheld, or not estimated)."""

    group: str
    status: str
    statistics: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class CoefficientTable:
    """Coefficients of a model. `columns` (group, outcome) match the estimates of each row; `fits` has one per group."""

    language: Language
    model: str
    base_outcome: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[CoefficientRow, ...]
    components: tuple[ComponentRow, ...]
    fits: tuple[FitColumn, ...]
    is_simulated: bool


def coefficient_table(
    release: Release, group: str | None, language: Language, model: str = "pooled"
) -> CoefficientTable:
    """Coefficients of a group, or of all groups side by side if `group` is None."""
    study = release.study
    fits = by_group([row for row in release.rows(FIT, model) if group in (None, row["population_group"])])
    groups = [row["population_group"] for row in fits]
    columns = tuple((each, outcome) for each in groups for outcome in OUTCOMES)
    components = release.rows(COMPONENTS) if model == "random_effects" else []
    return CoefficientTable(
        language=language,
        model=model,
        base_outcome=study.models.base_outcome,
        columns=columns,
        rows=coefficient_rows(release.rows(COEFFICIENTS, model), columns, study),
        components=component_rows(components, groups),
        fits=tuple(
            FitColumn(row["population_group"], row["status"], {name: row[name] for name in STATISTICS}) for row in fits
        ),
        is_simulated=release.is_simulated,
    )


def coefficient_rows(
    found: Sequence[Row], columns: Sequence[tuple[str, str]], study: Study
) -> tuple[CoefficientRow, ...]:
    """Rows in the order of the study's terms and levels, the reference level of a term first."""
    by_place = {(row["population_group"], row["outcome"], row["term"], row["level"] or ""): row for row in found}
    terms = [term.name for term in study.models.terms]
    references = {(row["term"], row["level"]) for row in found if row["is_reference"]}
    wanted = dict.fromkeys((row["term"], row["level"] or "") for row in found)

    def place(key: tuple[str, str]) -> tuple[int, bool, int, str]:
        term, level = key
        levels = study.levels(term) if level and term != "year" else ()
        return (
            terms.index(term),
            key not in references,
            levels.index(level) if level in levels else len(levels),
            level,
        )

    return tuple(
        CoefficientRow(term, level, tuple(estimate_of(by_place.get((*column, term, level))) for column in columns))
        for term, level in sorted(wanted, key=place)
    )


def component_rows(found: Sequence[Row], groups: Sequence[str]) -> tuple[ComponentRow, ...]:
    """Components in the order of the outcomes, the correlation last."""
    names = sorted({row["name"] for row in found}, key=lambda name: (name == "correlation", name))
    by_place = {(row["name"], row["population_group"]): row for row in found}
    return tuple(
        ComponentRow(name, tuple(estimate_of(by_place.get((name, group))) for group in groups)) for name in names
    )


def estimate_of(row: Row | None) -> Estimate | None:
    """A published row as an estimate."""
    # If a standard deviation is zero, there is no correlation.
    if row is None or row["estimate"] is None:
        return None
    return Estimate(
        row["estimate"], row["std_error"], row.get("p_value"), row["ci_low"], row["ci_high"],
        bool(row.get("is_reference")),
    )  # fmt: skip
