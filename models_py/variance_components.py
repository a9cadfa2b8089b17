"""Random effects u = Lz: which elements of L are free, and the standard deviations and correlations that follow.

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
        outcome, other: positions among the outcomes without the base.
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
        rho = np.clip(S[outcome, other] / scale, -1.0, 1.0)  # rounding could put it just outside its bounds
        shrink = sum(slope(a, a) / S[a, a] for a in (outcome, other)) / 2
        return Component(outcome, other, float(rho), slope(outcome, other) / scale - rho * shrink)


@dataclass(frozen=True, slots=True)
class VarianceEstimate:
    """A standard deviation or correlation of random effects.

    Attributes:
        name: `sd_<outcome>` or `correlation`.
        value: None for a correlation with a random effect of zero deviation, which does not exist.
        std_error: by the delta method; None if the structure fixes the component or it is at its boundary.
        low, high: profile-likelihood interval; None if the structure fixes the component or the end does not exist.
        remark: a remark on its identification; empty if there is nothing to say.
        at_boundary: whether the estimate is at the boundary of its possible values.
    """

    name: str
    value: float | None
    std_error: float | None
    low: float | None
    high: float | None
    remark: str
    at_boundary: bool


def free_components(structure: Structure) -> list[tuple[int, int]]:
    """The components that are estimated under the structure: all deviations, and correlations if unstructured."""
    outcomes = range(structure.n_outcomes)
    pairs = [(a, b) for a in outcomes for b in range(a)] if structure.name == "unstructured" else []
    return [*((a, a) for a in outcomes), *pairs]


@dataclass(frozen=True, slots=True)
class Coordinates:
    """The free elements of L as smooth functions of deviations and angles.

    A row of L is its deviation times a point on the unit sphere (Pinheiro & Bates 1996): with angles a1, a2 … it is
    s (sin a1, cos a1 sin a2, …, cos a1 cos a2 …). The sine of the first angle is the correlation with the first
    outcome, so a correlation of one is an angle like any other. `signs` keeps the signs of elements alone in their row.

    Attributes:
        values: (G,) in the order of the free elements: the deviation for the last element of a row, angles for those
            before it.
        signs: (G,) 1 or -1 for elements that are alone in their row, otherwise 1.
    """

    structure: Structure
    values: Floats
    signs: Floats

    def position(self, outcome: int, other: int) -> int:
        """The position in `values` of an outcome's deviation, or of the angle of its correlation with the first."""
        in_row = [g for g, (j, _) in enumerate(self.structure.free) if j == outcome]
        return in_row[-1] if outcome == other else in_row[0]

    def elements(self, values: Floats) -> Floats:
        """The free elements (G,) of L at values (G,), which may be complex."""
        elements = np.zeros_like(values)
        for j in range(self.structure.n_outcomes):
            in_row = [g for g, (row, _) in enumerate(self.structure.free) if row == j]
            rest = values[in_row[-1]] * self.signs[in_row[-1]]
            for g in in_row[:-1]:
                elements[g] = rest * np.sin(values[g])
                rest = rest * np.cos(values[g])
            elements[in_row[-1]] = rest
        return elements

    def jacobian(self, values: Floats) -> Floats:
        """Derivative of the elements by the values, (G, G), exact by complex steps (Squire & Trapp 1998)."""
        step = 1e-30
        columns = [self.elements(values + 1j * step * unit).imag / step for unit in np.eye(values.size)]
        return np.column_stack(columns)


def coordinates_of(structure: Structure, elements: Floats) -> Coordinates:
    """The coordinates of free elements (G,) of L."""
    L = structure.matrix(elements)
    values, signs = np.empty(elements.size), np.ones(elements.size)
    alone = structure.name != "unstructured"
    if not alone:
        L = L * np.where(np.diag(L) < 0, -1.0, 1.0)
    for g, (j, r) in enumerate(structure.free):
        if alone:
            values[g], signs[g] = abs(elements[g]), -1.0 if elements[g] < 0 else 1.0
        else:
            rest = float(np.linalg.norm(L[j, r + 1 :]))
            values[g] = np.linalg.norm(L[j]) if r == j else np.arctan2(L[j, r], rest)
    return Coordinates(structure, values, signs)
