"""The simulation's parameters: `parameters.yml`, overridden by a user's own file, and checked."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from models_py.part import Part, Share, faults_in

DEFAULTS = Path(__file__).parent / "parameters.yml"

CENTRALITY = ("1", "2", "3", "4", "5*")
FAMILY = (
    "alone",
    "single_parent",
    "cohabiting_no_children",
    "cohabiting_with_children",
    "married_no_children",
    "married_with_children",
    "other",
    "unknown",
)
LABOUR = ("employed", "unemployed", "outside_labour_force", "unknown")
EDUCATION = ("compulsory", "upper_secondary", "short_higher", "long_higher", "unknown")

Group = Literal["immigrant", "norwegian_born", "native"]
GROUPS: tuple[Group, ...] = ("immigrant", "norwegian_born", "native")
Weight = Annotated[float, Field(ge=0)]
ByClass = Annotated[tuple[Weight, ...], Field(min_length=5, max_length=5)]  # class 1, 2, 3, 4, 5*
Rates = dict[str, Share]  # "state>state" → yearly share


class ParametersError(ValueError):
    """The parameters cannot be read, or contradict themselves."""


class Population(Part):
    """Who lives where on 1 January of the first year."""

    shares: dict[Group, Share]
    age_weights: dict[Group, dict[int, Weight]]
    location_weights: dict[Group, ByClass]
    balanced_adult_share: dict[Group, Share]
    countries: dict[Group, dict[str, Weight]]


class Arrivals(Part):
    """Who arrives in a year."""

    new: dict[Group, Share]
    returns: dict[Group, Share]
    unknown_education: Share
    unknown_labour_market_status: Share


class Births(Part):
    """Yearly births per woman of 18–44."""

    with_children_in_couple: Share
    others: Share


class Deaths(Part):
    """The log of the yearly risk of dying is linear in age."""

    intercept: float
    age: float
    man: float
    woman: float


class EmigrationRecords(Part):
    """Shares of emigrations that the registers do not record as an event of their year."""

    moved_year_before: Share
    registered_next_year: Share
    disappeared: Share


class Start(Part):
    """The distribution over states at the age where a covariate begins."""

    age: int
    states: dict[str, Share]


class Factors(Part):
    """Factors on the rates of moves between states."""

    sex: dict[str, tuple[Weight, Weight]]
    centrality: dict[str, ByClass]


class Chain(Part):
    """A covariate's yearly moves between states. `rates`: group or `all` → from this age on → move → rate."""

    start: Start
    rates: dict[Group | Literal["all"], dict[int, Rates]]
    factors: Factors


class Family(Chain):
    """Family situation, and the share of residents without a row in the household register."""

    without_row: Share


class RandomEffects(Part):
    """The normal distribution of a person's two intercepts."""

    sd_internal_move: Weight
    sd_emigration: Weight
    correlation: Annotated[float, Field(ge=-1, le=1)]


class Utility(Part):
    """The utility of an outcome against staying, in the terms of study.yml; levels that are not named have 0."""

    intercept: float
    centrality: dict[str, float]
    sex: dict[Literal["female"], float]
    age: float
    age_squared: float
    family_situation: dict[str, float]
    labour_market_status: dict[str, float]
    education: dict[str, float]
    year: dict[int, float]

    @model_validator(mode="after")
    def _levels_exist(self) -> Self:
        for name, levels in (
            ("centrality", CENTRALITY[:-1]),
            ("family_situation", FAMILY[1:]),
            ("labour_market_status", LABOUR[1:]),
            ("education", (EDUCATION[0], *EDUCATION[2:])),
        ):
            _must_be_among(name, set(getattr(self, name)), levels)
        return self


class GroupModel(Part):
    """A group's trinomial logit with person-level random effects."""

    random_effects: RandomEffects
    internal_move: Utility
    emigration: Utility


class Parameters(Part):
    """Everything the simulated Norway follows."""

    stratified_totals: bool
    model_ages: tuple[int, int]
    population: Population
    arrivals: Arrivals
    births: Births
    deaths: Deaths
    unexplained_exit: Share
    emigration_records: EmigrationRecords
    family: Family
    labour_market_status: Chain
    education: Chain
    same_county: Share
    utilities: dict[Group, GroupModel]

    @model_validator(mode="after")
    def _moves_between_states(self) -> Self:
        for name, chain, states in (
            ("family", self.family, FAMILY[:-1]),
            ("education", self.education, EDUCATION),
            ("labour_market_status", self.labour_market_status, LABOUR),
        ):
            moves = {move for bands in chain.rates.values() for rates in bands.values() for move in rates}
            moves |= {*chain.factors.sex, *chain.factors.centrality}
            named = {state for move in moves for state in move.split(">")} | set(chain.start.states)
            _must_be_among(name, named, states)
        return self


def load_parameters(path: Path | None = None) -> Parameters:
    """The default parameters, overridden by those of a YAML or JSON file.

    Raises:
        ParametersError: the file is missing, is neither YAML nor JSON, or has invalid parameters.
    """
    values = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    try:
        if path is not None:
            values = _laid_over(values, yaml.safe_load(path.read_text(encoding="utf-8")) or {})
        return Parameters.model_validate(values)
    except FileNotFoundError:
        raise ParametersError(f"{path}: there is no parameters file here") from None
    except yaml.YAMLError as error:
        raise ParametersError(f"{path}: neither YAML nor JSON: {error}") from None
    except ValidationError as error:
        raise ParametersError(faults_in(path or DEFAULTS, error)) from None


def _laid_over(below: Any, above: Any) -> Any:
    """The values of `above`, and of `below` where `above` has none; number keys may be texts, as in JSON."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    merged = dict(below)
    for key, value in above.items():
        known = int(key) if str(key).isdigit() and int(key) in below else key
        merged[known] = _laid_over(below.get(known), value)
    return merged


def _must_be_among(what: str, named: set[str], known: tuple[str, ...]) -> None:
    unknown = sorted(named - set(known))
    if unknown:
        raise ValueError(f"{what}: there is no state {', '.join(map(repr, unknown))}")
