"""Probabilities integrated over the random effects: P(x) = E[softmax(x'B + u)], u = Lz, by Gauss–Hermite quadrature.

Belongs here: the compiled loops over rows and nodes, and the response they compute. Does not belong here: estimating L.
Source: Train (2009), ch. 6.1: the choice probability of the mixed logit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models_py.cells import Floats
from models_py.compiled import compiled
from models_py.quadrature import Rule
from models_py.response import Response
from models_py.threads import in_threads
from models_py.variance_components import Structure

# Rows that a thread takes at a time.
ROWS_PER_PART = 4096


@compiled
def fill_probabilities(
    base: Floats,
    E: Floats,
    F: Floats,
    w: Floats,
    Z: Floats,
    free: Any,
    values: Floats,
    by_utility: Floats,
    by_element: Floats,
) -> None:
    """Fill integrated P (n, m) and its derivatives by utilities (n, m, J) and by free elements of L (n, m, G).

    base (n,) and E (n, J) are exp of the utilities of the base outcome (utility 0) and of the others, both divided by
    the largest of the row. F (J, Q) is exp of the random effects at the nodes Z (R, Q) with weights w (Q,).
    dP_j / dL_lr = dP_j / du_l z_r.
    """
    n_outcomes, n_nodes = F.shape
    P = np.empty((n_outcomes, n_nodes))
    total = np.empty(n_nodes)
    for i in range(E.shape[0]):
        by_utility[i, 0] = 0.0
        by_element[i, 0] = 0.0
        total[:] = base[i]
        for j in range(n_outcomes):
            e = E[i, j]
            for q in range(n_nodes):
                P[j, q] = e * F[j, q]
                total[q] += P[j, q]
        mean = 0.0
        for q in range(n_nodes):
            mean += w[q] * base[i] / total[q]
        # Not computed as one minus the others: rounding could make that negative where it is nearly zero.
        values[i, 0] = mean
        for j in range(n_outcomes):
            for q in range(n_nodes):
                P[j, q] = P[j, q] / total[q]
        for j in range(n_outcomes):
            mean = 0.0
            for q in range(n_nodes):
                mean += w[q] * P[j, q]
            values[i, 1 + j] = mean
            for other in range(n_outcomes):
                same = 1.0 if j == other else 0.0
                mean = 0.0
                for q in range(n_nodes):
                    mean += w[q] * P[j, q] * (same - P[other, q])
                by_utility[i, 1 + j, other] = mean
                by_utility[i, 0, other] -= mean
            for g in range(free.shape[0]):
                other, r = free[g, 0], free[g, 1]
                same = 1.0 if j == other else 0.0
                mean = 0.0
                for q in range(n_nodes):
                    mean += w[q] * P[j, q] * (same - P[other, q]) * Z[r, q]
                by_element[i, 1 + j, g] = mean
                by_element[i, 0, g] -= mean


@compiled
def fill_slopes(
    base: Floats,
    E: Floats,
    dU: Floats,
    F: Floats,
    w: Floats,
    Z: Floats,
    free: Any,
    values: Floats,
    by_utility: Floats,
    by_element: Floats,
) -> None:
    """As `fill_probabilities`, but for the derivative of P in the direction dU (n, J) of the utilities.

    `LogitResponse.slopes` has the formulas.
    """
    n_outcomes, n_nodes = F.shape
    P = np.empty((n_outcomes, n_nodes))
    relative = np.empty((n_outcomes, n_nodes))
    total = np.empty(n_nodes)
    mean_change = np.empty(n_nodes)
    for i in range(E.shape[0]):
        values[i, 0] = 0.0
        by_utility[i, 0] = 0.0
        by_element[i, 0] = 0.0
        total[:] = base[i]
        mean_change[:] = 0.0
        for j in range(n_outcomes):
            for q in range(n_nodes):
                P[j, q] = E[i, j] * F[j, q]
                total[q] += P[j, q]
        for j in range(n_outcomes):
            for q in range(n_nodes):
                P[j, q] = P[j, q] / total[q]
                mean_change[q] += P[j, q] * dU[i, j]
        for j in range(n_outcomes):
            mean = 0.0
            for q in range(n_nodes):
                relative[j, q] = dU[i, j] - mean_change[q]
                mean += w[q] * P[j, q] * relative[j, q]
            values[i, 1 + j] = mean
            values[i, 0] -= mean
        for j in range(n_outcomes):
            for other in range(n_outcomes):
                same = 1.0 if j == other else 0.0
                mean = 0.0
                for q in range(n_nodes):
                    own = (same - P[other, q]) * relative[j, q] - P[other, q] * relative[other, q]
                    mean += w[q] * P[j, q] * own
                by_utility[i, 1 + j, other] = mean
                by_utility[i, 0, other] -= mean
            for g in range(free.shape[0]):
                other, r = free[g, 0], free[g, 1]
                same = 1.0 if j == other else 0.0
                mean = 0.0
                for q in range(n_nodes):
                    own = (same - P[other, q]) * relative[j, q] - P[other, q] * relative[other, q]
                    mean += w[q] * P[j, q] * own * Z[r, q]
                by_element[i, 1 + j, g] = mean
                by_element[i, 0, g] -= mean


@dataclass(frozen=True, slots=True)
class IntegratedResponse:
    """The multinomial logit with random effects u = Lz: `elements` (G,) are the free elements of L."""

    structure: Structure
    elements: Floats
    rule: Rule

    def probabilities(self, U: Floats) -> Response:
        """Integrated P (n, m), from utilities U (n, J) without the random effects."""
        return self._integrated(fill_probabilities, U)

    def slopes(self, U: Floats, dU: Floats) -> Response:
        """The derivative of the integrated P (n, m) in the direction dU (n, J) of the utilities."""
        return self._integrated(fill_slopes, U, dU)

    def _integrated(self, fill: Callable[..., None], U: Floats, *changes: Floats) -> Response:
        n, J = U.shape
        largest = np.maximum(U.max(axis=1), 0.0)
        by_row = (np.exp(-largest), np.exp(U - largest[:, None]), *changes)
        free = np.array(self.structure.free, dtype=np.int64)
        F = np.exp(self.structure.matrix(self.elements) @ self.rule.nodes)
        response = Response(np.empty((n, J + 1)), np.empty((n, J + 1, J)), np.empty((n, J + 1, len(free))))

        def part(first: int) -> None:
            rows = slice(first, first + ROWS_PER_PART)
            inputs = [np.ascontiguousarray(array[rows]) for array in by_row]
            made = (response.values[rows], response.by_utility[rows], response.by_element[rows])
            fill(*inputs, F, self.rule.weights, self.rule.nodes, free, *made)

        in_threads(part, range(0, n, ROWS_PER_PART))
        return response
