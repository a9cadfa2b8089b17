"""Covariates that change: one state per person, with one transition a year by age, group, sex and centrality."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic.norway import AGES
from synthetic.parameters import CENTRALITY, GROUPS, Chain, Group


@dataclass(frozen=True)
class LivingState:
    """Cumulative probabilities; G groups, C centrality classes, two sexes, A ages, S states."""

    start_age: int
    moves: NDArray[Any]  # (G, C, 2, A, S, S) of the next state; below the starting age the state does not change
    presence: NDArray[Any]  # (G, C, 2, A, S) of the state at an age, for someone in this class since the start

    def at_age(
        self,
        rng: np.random.Generator,
        group: NDArray[Any],
        centrality: NDArray[Any],
        sex: NDArray[Any],
        age: NDArray[Any],
    ) -> NDArray[Any]:
        """Draw states, shape (n,), for persons whose earlier states are not known."""
        return _draw(rng, self.presence[group, centrality, sex, age])

    def next(
        self,
        rng: np.random.Generator,
        state: NDArray[Any],
        group: NDArray[Any],
        centrality: NDArray[Any],
        sex: NDArray[Any],
        age: NDArray[Any],
    ) -> NDArray[Any]:
        """Draw the states a year later, shape (n,)."""
        return _draw(rng, self.moves[group, centrality, sex, age, state])


def living_state(chain: Chain, states: tuple[str, ...]) -> LivingState:
    """Tabulate a chain over groups, classes, sexes and ages."""
    matrices = np.stack([_matrices(chain, states, group) for group in GROUPS])
    start = np.array([chain.start.states.get(state, 0.0) for state in states])
    presence = np.empty(matrices.shape[:-1])
    presence[..., : chain.start.age + 1, :] = start
    for age in range(chain.start.age, AGES - 1):
        presence[..., age + 1, :] = np.einsum("gcsi,gcsij->gcsj", presence[..., age, :], matrices[..., age, :, :])
    return LivingState(chain.start.age, _cumulative(matrices), _cumulative(presence))


def _matrices(chain: Chain, states: tuple[str, ...], group: Group) -> NDArray[Any]:
    """Transition probabilities of a group, shape (C, 2, A, S, S)."""
    found = np.zeros((len(CENTRALITY), 2, AGES, len(states), len(states)))
    everybody, own = chain.rates["all"], chain.rates.get(group, {})
    ages = sorted({*everybody, *own, AGES})
    for bands in (everybody, own):
        for age, rates in bands.items():
            end = ages[ages.index(age) + 1]
            for move, rate in rates.items():
                i, j = (states.index(state) for state in move.split(">"))
                by_sex = np.array(chain.factors.sex.get(move, (1.0, 1.0)))
                by_class = np.array(chain.factors.centrality.get(move, (1.0,) * len(CENTRALITY)))
                found[:, :, age:end, i, j] = (rate * by_class[:, None] * by_sex)[:, :, None]
    diagonal = np.arange(len(states))
    found[..., diagonal, diagonal] = np.maximum(1 - found.sum(axis=-1), 0.0)
    normalised: NDArray[Any] = found / found.sum(axis=-1, keepdims=True)
    return normalised


def _cumulative(probability: NDArray[Any]) -> NDArray[Any]:
    cumulated: NDArray[Any] = np.cumsum(probability, axis=-1).astype(np.float32)
    cumulated[..., -1] = 1.0
    return cumulated


def _draw(rng: np.random.Generator, cumulated: NDArray[Any]) -> NDArray[Any]:
    """Draw one state per row of cumulated probabilities, shape (n, S) → (n,)."""
    uniform = rng.random(len(cumulated), dtype=np.float32)
    state: NDArray[Any] = (uniform[:, None] >= cumulated).sum(axis=1).astype(np.int8)
    return state
