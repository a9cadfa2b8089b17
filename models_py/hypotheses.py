"""What a hypothesis may consist of: a contrast of predicted probabilities, and the situations it is tested in.

Belongs here: the parts `tests` and `hypotheses` of the specification. Does not belong here: whether the groups and
levels they name exist (the study checks that), or any estimate.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from models_py.part import Part, Title

Outcome = Literal["stay", "internal_move", "emigration"]
Value = TypeVar("Value")


def _each_once(values: tuple[Value, ...]) -> tuple[Value, ...]:
    if len(values) != len(set(values)):
        raise ValueError("a value stands twice, and would be tested twice")
    return values


Levels = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_each_once)]
Ages = Annotated[tuple[int, ...], Field(min_length=1), AfterValidator(_each_once)]
Places = Annotated[tuple[Literal["urban", "rural"], ...], AfterValidator(_each_once)]


class SituationGrid(Part):
    """Values of the situations that tests cross.

    A variable left out has the values of `tests.profiles`, and if it is left out there, that of the base profile.
    """

    family_situation: Levels | None = None
    labour_market_status: Levels | None = None
    sex: Levels | None = None
    age: Ages | None = None
    education: Levels | None = None

    @property
    def named(self) -> dict[str, tuple[Any, ...]]:
        """Variable → values, for the variables that are not left out."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: of_variable for name, of_variable in values.items() if of_variable is not None}


@dataclass(frozen=True, slots=True)
class Situation:
    """A person's values of all covariates except place and year. `name` says how it differs from the base profile."""

    name: str
    family_situation: str
    labour_market_status: str
    sex: str
    age: int
    education: str


def cross(values: Mapping[str, tuple[Any, ...]], base: Mapping[str, object]) -> list[Situation]:
    """All combinations of the variables' values, in declared order.

    The name of a situation holds its family situation, its labour market status, and its value of every other variable
    whose values are not just that of the base profile.
    """
    told = [name for name, of_variable in values.items() if of_variable != (base.get(name),)]
    situations = []
    for combination in itertools.product(*values.values()):
        situation = dict(zip(values, combination, strict=True))
        words = [f"age {situation[name]}" if name == "age" else situation[name] for name in told]
        situations.append(Situation(name=", ".join(words), **situation))
    return situations


class Tests(Part):
    """Settings that all hypothesis tests share."""

    level: Annotated[float, Field(gt=0, lt=0.5)]
    urban: str
    rural: str
    profiles: SituationGrid

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := sorted({"family_situation", "labour_market_status"} - set(self.profiles.named)):
            raise ValueError(f"tests.profiles: {' and '.join(missing)} must be named, no base profile has them")
        if self.urban == self.rural:
            raise ValueError("tests: urban and rural are the same")
        return self


class Hypothesis(Part):
    """A contrast of predicted probabilities, with a direction or without one.

    `profiles` overrides the situations of all tests for this hypothesis.
    """

    id: str
    statement: Title
    contrast: Literal["between_groups", "urban_minus_rural", "rural_minus_urban", "smaller_gap"]
    outcome: Outcome
    group: str
    other_group: str | None = None
    centrality: Places = ()
    profiles: SituationGrid = SituationGrid()
    direction: Literal["greater", "less", "none"]
    correction: Literal["holm", "none"]
    margin: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        two_groups = self.contrast in ("between_groups", "smaller_gap")
        if two_groups != (self.other_group is not None):
            raise ValueError(
                f"hypothesis {self.id}: contrast {self.contrast} {'needs' if two_groups else 'has no'} other_group"
            )
        if self.group == self.other_group:
            raise ValueError(f"hypothesis {self.id}: group and other_group are the same")
        if (self.contrast == "between_groups") != bool(self.centrality):
            raise ValueError(f"hypothesis {self.id}: centrality goes with between_groups alone")
        if (self.direction == "none") != (self.margin is not None):
            raise ValueError(f"hypothesis {self.id}: margin goes with direction none, and is needed there")
        if self.direction == "none" and self.correction != "none":
            raise ValueError(f"hypothesis {self.id}: adjusting would make 'no difference' easier to support")
        if self.contrast == "smaller_gap" and self.direction != "less":
            raise ValueError(f"hypothesis {self.id}: smaller_gap has direction less")
        return self
