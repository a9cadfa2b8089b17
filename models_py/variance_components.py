"""Random effects u = Lz: which elements of L are free, and the standard deviations and correlations they make.

Belongs here: structures, values and gradients. Does not belong here: how they are estimated, or intervals.
"""

from dataclasses import dataclass

import numpy as np

from models_py.cells import Floats


@dataclass(frozen=True, slots=True)
class Structure:
    """The free elements of L (J, R), u = Lz ~ N(0, LL'), in the order of the parameters: pairs (outcome, dimension)."""

    name: str
    n_outcomes: int
    free: tuple[tuple[int, int], ...]

    @property
    def dimensions(self) -> int:
        """Dimensions R of z."""
        return 1 + max(r for _, r in self.free)

    def matrix(self, elements: Floats) -> Floats:
        """L (J, R) from its free elements (G,)."""
        L = np.zeros((self.n_outcomes, self.dimensions))
        for (j, r), value in zip(self.free, elements, strict=True):
            L[j, r] = value
        return L


def make_structure(name: str, n_outcomes: int) -> Structure:
    """`independent` intercepts, one `shared` factor with free loadings, or `unstructured` (Cholesky)."""
    outcomes = range(n_outcomes)
    free = {
        "independent": tuple((j, j) for j in outcomes),
        "shared": tuple((j, 0) for j in outcomes),
        "unstructured": tuple((j, r) for j in outcomes for r in range(j + 1)),
    }[name]
    return Structure(name, n_outcomes, free)


@dataclass(frozen=True, slots=True)
class Component:
    """A standard deviation (outcome = other) or the correlation of two outcomes' random effects.

    Attributes:
        outcome, other: positions among the outcomes but the base.
        value: on the natural scale.
        gradient: (G,) by the free elements of L.
    """

    outcome: int
    other: int
    value: float
    gradient: Floats

    @property
    def is_sd(self) -> bool:
        """Whether it is a standard deviation."""
        return self.outcome == self.other


def component(structure: Structure, elements: Floats, outcome: int, other: int) -> Component:
    """The standard deviation of an outcome's random effect, or its correlation with another's; S = LL'.

    d S_ab / d L_jr = 1[a=j] L_br + 1[b=j] L_ar, then the chain rule through sqrt(S_aa) and S_ab / sqrt(S_aa S_bb).
    """
    L = structure.matrix(elements)
    S = L @ L.T

    def slope(a: int, b: int) -> Floats:
        return np.array([(a == j) * L[b, r] + (b == j) * L[a, r] for j, r in structure.free])

    with np.errstate(divide="ignore", invalid="ignore"):
        if outcome == other:
            sd = float(np.sqrt(S[outcome, outcome]))
            return Component(outcome, other, sd, slope(outcome, outcome) / (2 * sd))
        scale = np.sqrt(S[outcome, outcome] * S[other, other])
        rho = S[outcome, other] / scale
        shrink = sum(slope(a, a) / S[a, a] for a in (outcome, other)) / 2
        return Component(outcome, other, float(rho), slope(outcome, other) / scale - rho * shrink)


def free_components(structure: Structure) -> list[tuple[int, int]]:
    """The components that the structure leaves to be estimated: all deviations, and correlations if unstructured."""
    outcomes = range(structure.n_outcomes)
    pairs = [(a, b) for a in outcomes for b in range(a)] if structure.name == "unstructured" else []
    return [*((a, a) for a in outcomes), *pairs]


def with_positive_columns(structure: Structure, elements: Floats) -> Floats:
    """The same LL' with the first free element of each column of L not negative; a column's sign means nothing."""
    first = {r: g for g, (_, r) in reversed(list(enumerate(structure.free)))}
    signs = np.array([-1.0 if elements[first[r]] < 0 else 1.0 for _, r in structure.free])
    return elements * signs
