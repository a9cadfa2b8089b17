"""Products of rows by their patterns are those of the rows themselves, whatever blocks they fall into."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from models_py.cells import Cells, Factor
from models_py.design import make_design
from models_py.products import Block, DenseRows, patterned_rows
from models_py.study import Study


def block(first_column: int, patterns: int, columns: int, n: int, rng: np.random.Generator) -> Block:
    numbers = np.arange(first_column, first_column + columns)
    return Block(numbers, rng.normal(size=(patterns, columns)), rng.integers(0, patterns, n))


@given(
    shapes=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 4)), min_size=1, max_size=6),
    n=st.integers(1, 3000),
    n_outcomes=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_products_by_patterns(shapes: list[tuple[int, int]], n: int, n_outcomes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    starts = np.cumsum([0, *(columns for _, columns in shapes)])
    blocks = [block(int(starts[i]), u, c, n, rng) for i, (u, c) in enumerate(shapes)]
    X = np.empty((n, starts[-1]))
    for one in blocks:
        X[:, one.columns] = one.patterns[one.codes]
    rows, dense = patterned_rows(blocks), DenseRows(X)
    B, residuals = rng.normal(size=(X.shape[1], n_outcomes)), rng.normal(size=(n, n_outcomes))
    weights = rng.normal(size=(n_outcomes, n_outcomes, n))
    weights += weights.transpose(1, 0, 2)
    tight = {"rtol": 1e-9, "atol": 1e-9 * n}
    assert_allclose(rows.utilities(B), dense.utilities(B), **tight)
    assert_allclose(rows.weighted_sum(residuals), dense.weighted_sum(residuals), **tight)
    assert_allclose(rows.cross_products(weights), dense.cross_products(weights), **tight)


@pytest.mark.parametrize(("n", "n_blocks"), [(3, 7), (40_000, 3)])
def test_a_design_has_the_same_rows_by_patterns(study: Study, n: int, n_blocks: int) -> None:
    rng = np.random.default_rng(n)
    terms = [term.name for term in study.models.terms if term.name not in ("intercept", "age", "age_squared")]
    levels = {name: ("2015", "2016", "2017") if name == "year" else study.levels(name) for name in terms}
    factors = {name: Factor(rng.integers(0, len(known), n).astype(np.int16), known) for name, known in levels.items()}
    age = rng.integers(25, 65, n).astype(float)
    cells = Cells(np.arange(n), age, factors, rng.integers(0, 3, (n, 3)).astype(float))
    design = make_design(cells, study)
    rows = design.rows(cells)
    identity = np.eye(len(design.columns))
    assert_allclose(rows.utilities(identity), design.matrix(cells), rtol=1e-15)
    assert len(rows.blocks) == n_blocks


def test_a_design_of_one_year_has_no_columns_for_it(study: Study) -> None:
    rng = np.random.default_rng(1)
    terms = [term.name for term in study.models.terms if term.name not in ("intercept", "age", "age_squared")]
    levels = {name: ("2015",) if name == "year" else study.levels(name) for name in terms}
    factors = {name: Factor(rng.integers(0, len(known), 99).astype(np.int16), known) for name, known in levels.items()}
    cells = Cells(np.arange(99), rng.integers(25, 65, 99).astype(float), factors, np.ones((99, 3)))
    design = make_design(cells, study)
    assert "year" not in {column.term for column in design.columns}
    assert_allclose(design.rows(cells).utilities(np.eye(len(design.columns))), design.matrix(cells), rtol=1e-15)
