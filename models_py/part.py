"""What the parts of the specification have in common.

Belongs here: the behaviour of a part, and how its faults are reported. Does not belong here: any key of `study.yml`.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Share = Annotated[float, Field(ge=0, le=1)]
# A published level. Messages and profiles list levels as `term=level, term=level; …` and are parsed again, so the
# separators may not occur in a level.
Level = Annotated[str, Field(pattern=r"^[^,;=\n]+$")]


class Part(BaseModel):
    """A part of the specification, or of another declaration: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(Part):
    """A text in both languages of the study."""

    en: str
    nb: str


def faults_in(path: Path, error: ValidationError) -> str:
    """Describe what is wrong with a file: the number of faults, then each fault on a line."""
    count = error.error_count()
    faults = "\n".join(f"  {fault}" for fault in faults_of(error))
    return f"{path}: {count} {'fault' if count == 1 else 'faults'}\n{faults}"


def faults_of(error: ValidationError) -> list[str]:
    """Each fault as key and reason."""
    return [": ".join(filter(None, (".".join(map(str, f["loc"])), f["msg"]))) for f in error.errors()]
