"""The theoretical framework (Table 1) as `study.yml` declares it.

Belongs here: its shape and its checks. Does not belong here: what it says, or how it is shown.
"""

from typing import Annotated, Literal

from pydantic import Field

from models_py.part import Part, Title

Importance = Annotated[int, Field(ge=0, le=3)]


class UrbanRural(Part):
    """Assumed importance, 0 (none assumed) to 3 (great), for those who live in urban and in rural areas."""

    urban: Importance
    rural: Importance


class Factor(Part):
    """Something that makes people move: which outcomes it speaks of, and its assumed importance for each group."""

    name: Title
    outcomes: tuple[Literal["internal_move", "emigration"], ...]
    importance: dict[str, UrbanRural]


class Framework(Part):
    """The factors of Table 1, in its order."""

    factors: tuple[Factor, ...]

    @property
    def groups(self) -> set[str]:
        """All groups a factor speaks of."""
        return {group for factor in self.factors for group in factor.importance}

    @property
    def is_complete(self) -> bool:
        """Whether each factor speaks of the same groups."""
        return all(set(factor.importance) == self.groups for factor in self.factors)
