"""The study's bounds on drift: how much a register's year may differ from the years beside it (`drift` in study.yml).

Belongs here: the bounds. Does not belong here: measuring drift, which `flows/load/` does.
"""

from typing import Annotated

from pydantic import Field

from models_py.part import Part, Share


class Bounds(Part):
    """A change above `noted` is loaded and reported; with a change above `refused` nothing is loaded."""

    noted: Annotated[float, Field(ge=0)]
    refused: Annotated[float, Field(ge=0)]


class Drift(Part):
    """When a register's year differs too much from the years beside it."""

    years_compared: Annotated[int, Field(ge=1)]
    least_rows: Annotated[int, Field(ge=1)]
    persons_sampled: Annotated[int, Field(ge=1)]
    standard_errors: Annotated[float, Field(ge=0)]
    fewer_rows: Bounds
    more_rows: Bounds
    share_change: Bounds
    unlinked: Bounds
    contradiction: Bounds
    move_against_residence: Bounds
    corrected: Bounds
    changed_constant: Bounds
    lost_column: Bounds
    retyped: Share
    doubled: Share
    largest_age: int
