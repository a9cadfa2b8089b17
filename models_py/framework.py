"""The theoretical framework (Table 1) as `study.yml` declares it.

Belongs here: its shape and its checks. Does not belong here: its content, or how it is shown.
"""

from typing import Annotated, Literal

from pydantic import Field

from models_py.part import Part, Title

Importance = Annotated[int, Field(ge=0, le=3)]


class UrbanRural(Part):
    """Assumed importance, 0 (none) to 3 (great), for people who live in urban and in rural areas."""

    urban: Importance
    rural: Importance


class Factor(Part):
    """A factor that makes people move: the outcomes it concerns, and its assumed importance for each group."""

    name: Title
    outcomes: tuple[Literal["internal_move", "emigration"], ...]
    importance: dict[str, UrbanRural]


class Framework(Part):
    """The factors of Table 1, in the order of that table."""

    factors: tuple[Factor, ...]

    @property
    def groups(self) -> set[str]:
        """All groups that any factor has an importance for."""
        return {group for factor in self.factors for group in factor.importance}

    @property
    def is_complete(self) -> bool:
        """Whether every factor has an importance for every group."""
        return all(set(factor.importance) == self.groups for factor in self.factors)
