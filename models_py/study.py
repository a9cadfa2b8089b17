"""The study specification: `study.yml` parsed into frozen models that reject unknown keys.

Belongs here: reading, checking and hashing the specification, and what follows from it alone (levels of a variable,
situations of a test). The form of hypotheses is in `hypotheses`, that of variants in `variants`. Does not belong here:
anything that needs data.
"""

import hashlib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from models_py.drift_bounds import Drift
from models_py.framework import Framework
from models_py.hypotheses import Hypothesis, Levels, Outcome, Situation, Tests, cross
from models_py.part import Level, Part, Share, Title, faults_in
from models_py.variants import Variant, check_variants

# Model terms that are not categorical variables of the panel, and variables that are not covariates.
NUMERIC_TERMS = ("intercept", "age", "age_squared")
NOT_COVARIATES = ("population_group", "outcome")
# The C loader is ten times as fast as PyYAML's own and as safe; every command reads the specification.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Classes of centrality are known for the municipalities of this date (`seeds/municipality_centrality.csv`).
CENTRALITY_DATE = date(2020, 1, 1)
# A year later than any in the registers: the bound if the study sets none.
BEYOND_REGISTERS = 9999
# The variables of a situation that the base profile has.
BASE_SITUATION = ("sex", "age", "education")


class StudyError(ValueError):
    """The specification cannot be read or contradicts itself; the message names file and key."""


class Years(Part):
    """First and last panel year; the last may be the latest closed year."""

    first: int
    last: int | Literal["latest_closed"]

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        if self.last != "latest_closed" and self.last < self.first:
            raise ValueError("the last year comes before the first")
        return self

    @property
    def bound(self) -> int:
        """No panel year is after this one: the last, or a year that no register reaches."""
        return BEYOND_REGISTERS if self.last == "latest_closed" else self.last


class AgeWindow(Part):
    """Completed years on 1 January, both ends included."""

    first: int
    last: int

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("the last age comes before the first")
        return self


class Panel(Part):
    """Who is at risk, and how an outcome is decided (panel rules §5)."""

    years: Years
    age: AgeWindow
    outcome_rule: Literal["year_end", "first_event"]
    late_registration_statuses: tuple[str, ...]
    resident_status: str
    dead_status: str


class Geography(Part):
    """The geography in which municipalities are compared: the one with known classes of centrality."""

    date: date
    split_successors: dict[str, str]
    unknown_codes: Annotated[tuple[str, ...], Field(min_length=1)]  # the first replaces a code that cannot be read
    not_mainland_prefixes: tuple[str, ...]

    @field_validator("date")
    @classmethod
    def _has_centrality(cls, day: Any) -> Any:
        if day != CENTRALITY_DATE:
            raise ValueError(f"classes of centrality are known of the municipalities of {CENTRALITY_DATE} alone")
        return day


class Variable(Part):
    """A categorical variable: published level → register codes, and the level for a missing row."""

    codes: dict[Level, tuple[str, ...]]
    missing: Level | None = None

    @property
    def levels(self) -> tuple[str, ...]:
        """Published levels in order; the level for a missing row is last unless codes list it too."""
        return tuple(dict.fromkeys([*self.codes, *([self.missing] if self.missing else [])]))


class FamilySituation(Part):
    """Family situation, which follows from two register columns and the family key (panel rules §5.6)."""

    levels: tuple[Level, ...]
    missing: Level
    other: Level
    couple_statuses: tuple[str, ...]
    married_statuses: tuple[str, ...]
    alone_families: tuple[str, ...]
    children_families: tuple[str, ...]
    single_parent_families: tuple[str, ...]


class OutcomeVariable(Part):
    """The outcomes, base outcome first."""

    levels: tuple[Outcome, ...]


class Variables(Part):
    """All categorical variables of the panel."""

    population_group: Variable
    sex: Variable
    centrality: Variable
    family_situation: FamilySituation
    labour_market_status: Variable
    education: Variable
    outcome: OutcomeVariable


class AgeScale(Part):
    """Age enters models as (age − centre) / unit."""

    centre: float
    unit: Annotated[float, Field(gt=0)]


class Term(Part):
    """A model term. A categorical term names its reference level; for `year` that is `first`, the first panel year."""

    name: str
    reference: str | None = None


class RandomEffects(Part):
    """The covariance of a person's random effects, and a simpler one in case the data do not identify it."""

    covariance: Literal["unstructured", "shared", "independent"] = "unstructured"
    fallback: Literal["shared", "independent"] | None = None


class Models(Part):
    """What is estimated for each group, and how."""

    groups: tuple[str, ...]
    base_outcome: Outcome
    age_scale: AgeScale
    terms: tuple[Term, ...]
    confidence_level: Annotated[float, Field(gt=0.5, lt=1)]
    covariance: Literal["clustered", "robust", "model"] = "clustered"
    small_sample: Literal["stata", "statsmodels", "none"] = "stata"
    on_separation: Literal["refuse", "bias_reduction"] = "refuse"
    random_effects: RandomEffects = RandomEffects()
    max_iterations: Annotated[int, Field(ge=1)]


class ProfileBase(Part):
    """What all profiles share."""

    age: int
    sex: str
    education: str
    year: int | Literal["last"]


class Profiles(Part):
    """Figure 4's profiles: the base profile in each family and labour market situation."""

    base: ProfileBase
    family_situation: Levels
    labour_market_status: Levels


class Dominance(Part):
    """Dominance rule: this many contributors may not make up this share of a count or more."""

    contributors: Annotated[int, Field(ge=1)]
    share: Annotated[float, Field(gt=0, le=1)]


class Disclosure(Part):
    """What may leave the warehouse (docs/disclosure.md)."""

    threshold: Annotated[int, Field(ge=1)]
    rounding_base: Annotated[int, Field(ge=1)]
    protection_width: Annotated[int, Field(ge=1)]
    dominance: Dominance
    residual_degrees_of_freedom: Annotated[int, Field(ge=0)]
    minimum_group_size: Annotated[int, Field(ge=1)]
    few_events: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _rounds_to_the_threshold(self) -> Self:
        above = self.threshold % self.rounding_base
        if 0 < 2 * above < self.rounding_base:
            raise ValueError(
                f"a count of {self.threshold} is not below the threshold and would be published as "
                f"{self.threshold - above}, which is: with rounding_base {self.rounding_base} choose a threshold of "
                f"{self.threshold - above + (self.rounding_base + 1) // 2} or a multiple of {self.rounding_base}, or "
                f"a rounding_base that {self.threshold} is a multiple of"
            )
        return self


class Load(Part):
    """Thresholds of the incoming contract."""

    identity_number_share: Share
    conflicting_duplicate_share: Share
    invalid_municipality_share: Share
    form_error_share: Share
    first_plausible_year: int
    first_birth_year: int


class UnknownShare(Part):
    """Largest allowed share of `unknown` among person-years, per covariate."""

    family_situation: Share
    labour_market_status: Share
    education: Share


class RateBounds(Part):
    """Smallest and largest allowed yearly share of person-years."""

    emigration: tuple[Share, Share]
    internal_move: tuple[Share, Share]


class Gates(Part):
    """Bounds on plausible results, set by a domain expert; outside them nothing is published."""

    residents_change: Share
    unexplained_exit_share: Share
    unknown_share: UnknownShare
    rate_bounds: dict[str, RateBounds]
    rate_bounds_min_person_years: int


class Study(Part):
    """The whole specification."""

    version: Literal[1]
    title: Title
    panel: Panel
    geography: Geography
    variables: Variables
    models: Models
    profiles: Profiles
    tests: Tests
    framework: Framework
    hypotheses: tuple[Hypothesis, ...]
    disclosure: Disclosure
    load: Load
    drift: Drift
    gates: Gates
    variants: tuple[Variant, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        groups = set(self.variables.population_group.levels)
        named = {*self.models.groups, *self.gates.rate_bounds}
        for hypothesis in self.hypotheses:
            named |= {hypothesis.group, *([hypothesis.other_group] if hypothesis.other_group else [])}
        _must_be_among("population_group", named | self.framework.groups, groups)
        if not self.framework.is_complete:
            raise ValueError("framework: each factor must speak of the same groups")
        _must_be_among("centrality", {self.tests.urban, self.tests.rural}, self.variables.centrality.levels)
        for variable in ("family_situation", "labour_market_status"):
            _must_be_among(variable, getattr(self.profiles, variable), self.levels(variable))
        for grid in (self.tests.profiles, *(hypothesis.profiles for hypothesis in self.hypotheses)):
            for variable, values in grid.named.items():
                if variable != "age":
                    _must_be_among(variable, values, self.levels(variable))
        _must_be_among("sex", [self.profiles.base.sex], self.variables.sex.levels)
        _must_be_among("education", [self.profiles.base.education], self.variables.education.levels)
        identifiers = [hypothesis.id for hypothesis in self.hypotheses]
        if len(identifiers) != len(set(identifiers)):
            raise ValueError("hypotheses: an id stands twice")
        return self

    @model_validator(mode="after")
    def _terms_make_a_model(self) -> Self:
        names = [term.name for term in self.models.terms]
        if names[:1] != ["intercept"] or len(names) != len(set(names)):
            raise ValueError("models.terms: the intercept comes first and no term stands twice")
        if self.models.base_outcome != self.variables.outcome.levels[0]:
            raise ValueError("models.base_outcome: must be the first level of variables.outcome")
        for term in self.models.terms:
            if term.name in NUMERIC_TERMS:
                if term.reference is not None:
                    raise ValueError(f"models.terms: {term.name} has no levels, so no reference")
            elif term.name == "year":
                _must_be_among("models.terms: year reference", [term.reference or ""], ["first"])
            elif term.name in NOT_COVARIATES or term.name not in Variables.model_fields:
                raise ValueError(f"models.terms: {term.name!r} is not a covariate of the panel")
            else:
                _must_be_among(term.name, [term.reference or ""], self.levels(term.name))
        return self

    @model_validator(mode="after")
    def _variants_are_studies(self) -> Self:
        check_variants(self)
        return self

    def missing_level(self, variable: str) -> str | None:
        """The level that stands for a missing register row, if the variable has one."""
        found: str | None = getattr(self.variables, variable).missing
        return found

    def levels(self, variable: str) -> tuple[str, ...]:
        """Published levels of a categorical variable, in order."""
        found: tuple[str, ...] = getattr(self.variables, variable).levels
        return found

    def told_apart(self, variable: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The values between which models differentiate: all, or only the first if no model term uses the variable."""
        terms = {term.name for term in self.models.terms}
        return values if variable in terms or (variable == "age" and "age_squared" in terms) else values[:1]

    def figure_situations(self) -> list[Situation]:
        """Figure 4's situations."""
        figure, base = self.profiles, self.profiles.base
        return cross(
            {
                "family_situation": figure.family_situation,
                "labour_market_status": figure.labour_market_status,
                **{name: (getattr(base, name),) for name in BASE_SITUATION},
            },
            base.model_dump(),
        )

    def tested_situations(self, hypothesis: Hypothesis) -> list[Situation]:
        """The situations that a hypothesis is tested in, without situations that would have the same prediction."""
        base = self.profiles.base
        asked = {name: (getattr(base, name),) for name in BASE_SITUATION}
        asked |= self.tests.profiles.named | hypothesis.profiles.named
        order = type(self.tests.profiles).model_fields
        return cross({name: self.told_apart(name, asked[name]) for name in order}, base.model_dump())


def _must_be_among(what: str, named: object, known: object) -> None:
    unknown = sorted(set(named) - set(known))  # type: ignore[call-overload]
    if unknown:
        raise ValueError(f"{what}: {', '.join(map(repr, unknown))} is not a level of it")


def load_study(path: Path) -> Study:
    """Read and check a specification.

    Raises:
        StudyError: the file is missing, is not YAML, has an unknown key or contradicts itself.
    """
    try:
        return Study.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=YAML_LOADER))
    except FileNotFoundError:
        raise StudyError(f"{path}: there is no study specification here") from None
    except yaml.YAMLError as error:
        raise StudyError(f"{path}: not YAML: {error}") from None
    except ValidationError as error:
        raise StudyError(faults_in(path, error)) from None


def study_hash(study: Study) -> str:
    """SHA-256 of the specification's content; comments and layout do not change it."""
    return hashlib.sha256(study.model_dump_json().encode()).hexdigest()
