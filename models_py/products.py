"""The products of a design that Newton's method needs, for rows held as a matrix and for rows held as patterns.

Belongs here: X @ B, X' R and X' diag(w) X. Does not belong here: anything that knows of probabilities.

The columns of a design of categorical terms form a few blocks with few distinct rows each: 40 ages, 225 combinations
of year, centrality and education, 64 of the others. A product over n rows then only needs sums of weights by pairs of
patterns: one pass over the rows for each pair of blocks. The remaining work is as small as those tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from models_py.cells import Floats
from models_py.threads import in_threads

# Rows that a cross-product takes at a time, so that they stay in the processor's cache; rows that a thread takes.
ROWS_PER_CHUNK, ROWS_PER_PART = 1024, 16_384
# Most entries of a table of two blocks' patterns, as a share of the number of rows, so that filling it costs little.
TABLE_SHARE = 0.25


class Rows(Protocol):
    """n rows of a design of k columns."""

    @property
    def n_rows(self) -> int:
        """n."""

    @property
    def n_columns(self) -> int:
        """k."""

    def dense(self) -> Floats:
        """X (n, k)."""

    def utilities(self, B: Floats) -> Floats:
        """X @ B (n, r), for B (k, r)."""

    def weighted_sum(self, weights: Floats) -> Floats:
        """X' R (k, r), for weights R (n, r)."""

    def cross_products(self, weights: Floats) -> Floats:
        """Blocks X' diag(weights_jl) X as one matrix (rk, rk); `weights` (r, r, n) is symmetric in j and l."""

    def sums_by_group(self, weights: Floats, rows: NDArray[np.int32], starts: NDArray[np.int32]) -> Floats:
        """Weighted sums (g, k) of rows by group; group i has the rows in `rows[starts[i]:starts[i + 1]]`."""


@dataclass(frozen=True, slots=True)
class DenseRows:
    """Rows held as a matrix X (n, k)."""

    X: Floats

    @property
    def n_rows(self) -> int:
        """As `Rows` says."""
        return int(self.X.shape[0])

    @property
    def n_columns(self) -> int:
        """As `Rows` says."""
        return int(self.X.shape[1])

    def dense(self) -> Floats:
        """As `Rows` says."""
        return self.X

    def utilities(self, B: Floats) -> Floats:
        """As `Rows` says."""
        product: Floats = self.X @ B
        return product

    def weighted_sum(self, weights: Floats) -> Floats:
        """As `Rows` says."""
        product: Floats = self.X.T @ weights
        return product

    def cross_products(self, weights: Floats) -> Floats:
        """As `Rows` says, on all processors."""
        k, n_outcomes = self.X.shape[1], weights.shape[0]
        blocks = np.zeros((n_outcomes, k, n_outcomes, k))
        for part in in_threads(partial(_part_products, self.X, weights), range(0, self.X.shape[0], ROWS_PER_PART)):
            blocks += part
        return _mirrored(blocks)

    def sums_by_group(self, weights: Floats, rows: NDArray[np.int32], starts: NDArray[np.int32]) -> Floats:
        """As `Rows` says."""
        return _grouped(weights, rows, starts, self.X)


@dataclass(frozen=True, slots=True)
class Block:
    """Some columns of a design, held as their distinct patterns.

    Attributes:
        columns: (c,) numbers of the columns.
        patterns: (u, c) values of the columns in each pattern.
        codes: (n,) pattern of each row.
    """

    columns: NDArray[np.intp]
    patterns: Floats
    codes: NDArray[np.intp]

    def sums(self, weights: Floats) -> Floats:
        """Weights (n,) summed by pattern, (u,)."""
        sums = np.bincount(self.codes, weights=weights, minlength=self.patterns.shape[0])
        return sums.astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class PatternedRows:
    """Rows whose columns fall into blocks of few patterns.

    Attributes:
        blocks: every column is in exactly one of them.
        pairs: for every two blocks, in the order of `combinations`, the number (n,) of each row's pair of patterns.
    """

    blocks: tuple[Block, ...]
    pairs: tuple[NDArray[np.intp], ...]

    @property
    def n_rows(self) -> int:
        """As `Rows` says."""
        return self.blocks[0].codes.size

    @property
    def n_columns(self) -> int:
        """As `Rows` says."""
        return sum(block.columns.size for block in self.blocks)

    def dense(self) -> Floats:
        """As `Rows` says."""
        X = np.empty((self.n_rows, self.n_columns))
        for block in self.blocks:
            X[:, block.columns] = block.patterns[block.codes]
        return X

    def utilities(self, B: Floats) -> Floats:
        """As `Rows` says; the result is column-major in memory."""
        made = np.zeros((self.n_rows, B.shape[1]), order="F")
        for block in self.blocks:
            for j, by_pattern in enumerate((block.patterns @ B[block.columns]).T):
                made[:, j] += by_pattern[block.codes]
        return made

    def weighted_sum(self, weights: Floats) -> Floats:
        """As `Rows` says."""
        sums = np.empty((self.n_columns, weights.shape[1]))
        for block in self.blocks:
            for j, column in enumerate(weights.T):
                sums[block.columns, j] = block.patterns.T @ block.sums(column)
        return sums

    def cross_products(self, weights: Floats) -> Floats:
        """As `Rows` says."""
        k, n_outcomes = self.n_columns, weights.shape[0]
        blocks = np.zeros((n_outcomes, k, n_outcomes, k))
        for j in range(n_outcomes):
            for other in range(j + 1):
                blocks[j, :, other] = self._cross_product(weights[j, other])
        return _mirrored(blocks)

    def _cross_product(self, weights: Floats) -> Floats:
        """X' diag(weights) X (k, k), for weights (n,)."""
        product = np.zeros((self.n_columns, self.n_columns))
        by_pattern: dict[int, Floats] = {}
        for (i, j), codes in zip(combinations(range(len(self.blocks)), 2), self.pairs, strict=True):
            a, b = self.blocks[i], self.blocks[j]
            shape = (a.patterns.shape[0], b.patterns.shape[0])
            table = np.bincount(codes, weights=weights, minlength=shape[0] * shape[1]).reshape(shape)
            by_pattern |= {i: table.sum(axis=1), j: table.sum(axis=0)}
            across = a.patterns.T @ table @ b.patterns
            product[np.ix_(a.columns, b.columns)] = across
            product[np.ix_(b.columns, a.columns)] = across.T
        for i, block in enumerate(self.blocks):
            sums = by_pattern[i] if i in by_pattern else block.sums(weights)
            product[np.ix_(block.columns, block.columns)] = (block.patterns.T * sums) @ block.patterns
        return product

    def sums_by_group(self, weights: Floats, rows: NDArray[np.int32], starts: NDArray[np.int32]) -> Floats:
        """As `Rows` says. It reads few patterns instead of many rows; the patterns stay in the processor's cache."""
        sums = np.empty((starts.size - 1, self.n_columns))
        for block in self.blocks:
            sums[:, block.columns] = _grouped(weights, block.codes[rows], starts, block.patterns)
        return sums


def patterned_rows(blocks: Sequence[Block]) -> PatternedRows:
    """Rows from the blocks of single terms. Blocks are joined while tables of two blocks' patterns stay small."""
    n_rows = blocks[0].codes.size
    joined = sorted(blocks, key=lambda block: block.patterns.shape[0])
    while len(joined) > 1:
        sizes = [block.patterns.shape[0] for block in joined]
        merged = sizes[0] * sizes[1]
        largest = max(sizes[2:], default=1)
        if merged * largest > TABLE_SHARE * n_rows:
            break
        joined = sorted([_joined(joined[0], joined[1]), *joined[2:]], key=lambda block: block.patterns.shape[0])
    pairs = tuple(a.codes * b.patterns.shape[0] + b.codes for a, b in combinations(joined, 2))
    return PatternedRows(tuple(joined), pairs)


def _joined(a: Block, b: Block) -> Block:
    """Two blocks joined into one, whose patterns are all pairs of their patterns."""
    n_a, n_b = a.patterns.shape[0], b.patterns.shape[0]
    patterns = np.hstack([np.repeat(a.patterns, n_b, axis=0), np.tile(b.patterns, (n_a, 1))])
    return Block(np.concatenate([a.columns, b.columns]), patterns, a.codes * n_b + b.codes)


def _part_products(X: Floats, weights: Floats, first: int) -> Floats:
    """The blocks (r, k, r, k) of `ROWS_PER_PART` rows, starting with row `first`; only those with l <= j are filled."""
    k, n_outcomes = X.shape[1], weights.shape[0]
    blocks = np.zeros((n_outcomes, k, n_outcomes, k))
    with np.errstate(over="ignore", invalid="ignore"):  # each thread has its own settings; callers check the sums
        for start in range(first, min(first + ROWS_PER_PART, X.shape[0]), ROWS_PER_CHUNK):
            rows = slice(start, min(start + ROWS_PER_CHUNK, first + ROWS_PER_PART))
            for j in range(n_outcomes):
                for other in range(j + 1):
                    blocks[j, :, other] += (X[rows] * weights[j, other, rows, None]).T @ X[rows]
    return blocks


def _grouped(weights: Floats, rows: NDArray[np.integer], starts: NDArray[np.int32], X: Floats) -> Floats:
    """Sums by group of weighted rows of X, as a sparse product, which makes no copy of a row for each weight."""
    sums: Floats = csr_array((weights, rows, starts), shape=(starts.size - 1, X.shape[0])) @ X
    return sums


def _mirrored(blocks: Floats) -> Floats:
    """One symmetric matrix from blocks (r, k, r, k) of which those with l <= j are filled."""
    n_outcomes, k = blocks.shape[:2]
    for j in range(n_outcomes):
        for other in range(j):
            blocks[other, :, j] = blocks[j, :, other].T
    return blocks.reshape(n_outcomes * k, n_outcomes * k)
