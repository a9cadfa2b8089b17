"""How probabilities respond to utilities, with or without random effects, as predictions and effects need it.

Belongs here: probabilities and their derivatives by utilities, and by the free elements of the random effects' L. Does
not belong here: which utilities, or averages. n rows, m outcomes, J = m - 1 utilities, G free elements of L.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models_py.cells import Floats
from models_py.multinomial import log_shares


@dataclass(frozen=True, slots=True)
class Response:
    """A function of utilities at each row, and its derivatives.

    Attributes:
        values: (n, m), base outcome first.
        by_utility: (n, m, J).
        by_element: (n, m, G) by the free elements of L; G is 0 without random effects.
    """

    values: Floats
    by_utility: Floats
    by_element: Floats

    def gradient(self, X: Floats) -> Floats:
        """The derivative by all parameters, (n, m, Jk + G), at design X (n, k)."""
        n, m, _ = self.by_utility.shape
        by_coefficient = (self.by_utility[..., None] * X[:, None, None, :]).reshape(n, m, -1)
        return np.concatenate([by_coefficient, self.by_element], axis=2)


class ResponseModel(Protocol):
    """What a model must provide: two functions of utilities U (n, J)."""

    def probabilities(self, U: Floats) -> Response:
        """The probabilities P (n, m)."""

    def slopes(self, U: Floats, dU: Floats) -> Response:
        """dP (n, m), the derivative of P in the direction dU (n, J) of the utilities."""


class LogitResponse:
    """The multinomial logit without random effects."""

    def probabilities(self, U: Floats) -> Response:
        """P (n, m), with dP_y / du_j = P_y (1[y=j] - P_j)."""
        P = np.exp(log_shares(U))
        own = np.eye(P.shape[1])[None, :, 1:] - P[:, None, 1:]
        return Response(P, P[:, :, None] * own, np.zeros((*P.shape, 0)))

    def slopes(self, U: Floats, dU: Floats) -> Response:
        """dP_y = P_y r_y with r_y = du_y - sum_l P_l du_l; derivative by u_j: P_y [(1[y=j] - P_j) r_y - P_j r_j]."""
        P = np.exp(log_shares(U))
        change = np.column_stack([np.zeros(U.shape[0]), dU])
        relative = change - np.sum(P * change, axis=1, keepdims=True)
        own = np.eye(P.shape[1])[None, :, 1:] - P[:, None, 1:]
        by_utility = P[:, :, None] * (own * relative[:, :, None] - (P * relative)[:, None, 1:])
        return Response(P * relative, by_utility, np.zeros((*P.shape, 0)))
