"""The names of a model's columns and outcomes in messages, and the phrases that say how to mend the model.

Belongs here: names and phrases. Does not belong here: finding what is at fault.
"""

from dataclasses import dataclass

from models_py.design import Design
from models_py.study import Study


@dataclass(frozen=True, slots=True)
class Remedies:
    """Ends of sentences that say what to do; by default the model comes from study.yml."""

    leave_out: str = "leave a term out in study.yml"
    merge: str = "Merge levels or leave a term out in study.yml"
    rescale: str = "see models.age_scale"
    iterate: str = "see models.max_iterations in study.yml"
    simplify: str = "declare a simpler covariance in models.random_effects in study.yml"


IN_STUDY = Remedies()
IN_NOTEBOOK = Remedies(
    leave_out="leave a term out of the formula",
    merge="Merge levels or leave a term out of the formula",
    rescale="bring the variables to a smaller scale",
    iterate="raise max_iterations",
    simplify="ask for a simpler covariance of the random effects",
)


@dataclass(frozen=True, slots=True)
class Naming:
    """The names of the k columns and m outcomes (base first) in messages."""

    columns: tuple[str, ...]
    outcomes: tuple[str, ...]
    remedies: Remedies = IN_STUDY

    @property
    def coefficients(self) -> tuple[str, ...]:
        """All (m-1)k coefficients, outcome after outcome."""
        return tuple(f"{outcome} {column}" for outcome in self.outcomes[1:] for column in self.columns)


def study_naming(design: Design, study: Study) -> Naming:
    """The published names of a group's model."""
    return Naming(tuple(map(str, design.columns)), study.variables.outcome.levels)
