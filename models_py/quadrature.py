"""Gauss–Hermite product rules for expectations over independent standard normals.

Belongs here: nodes and weights. Source: Abramowitz & Stegun (1964), 25.4.46.
"""

from dataclasses import dataclass

import numpy as np

from models_py.cells import Floats


@dataclass(frozen=True, slots=True)
class Rule:
    """Q nodes (R, Q) and weights (Q,): sum(weights * f(nodes)) approximates the expectation of f under N(0, I)."""

    nodes: Floats
    weights: Floats


def product_rule(per_dimension: int, dimensions: int) -> Rule:
    """The product of Gauss–Hermite rules, exact for polynomials of degree 2 per_dimension - 1 in each dimension."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(per_dimension)
    grid = np.meshgrid(*[nodes] * dimensions, indexing="ij")
    mass = np.meshgrid(*[weights / np.sqrt(2 * np.pi)] * dimensions, indexing="ij")
    return Rule(np.stack([axis.ravel() for axis in grid]), np.prod(mass, axis=0).ravel())
