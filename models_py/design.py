"""Design matrices: the terms of the specification as columns with published names.

Belongs here: the columns of a group's model, and the rows that cells and profiles have in them. Does not belong here:
whether the model can be estimated.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models_py.cells import Cells, Floats
from models_py.products import Block, PatternedRows, patterned_rows
from models_py.study import NUMERIC_TERMS, AgeScale, Study


class AbsentLevelError(LookupError):
    """A profile has a level for which the group's model has no parameter."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the design by its published name; `level` is empty for terms without levels."""

    term: str
    level: str

    def __str__(self) -> str:
        return f"{self.term}={self.level}" if self.level else self.term


@dataclass(frozen=True, slots=True)
class Design:
    """The k columns of a group's model.

    Attributes:
        columns: k columns in the order of the specification.
        references: the reference of each categorical term, which has no column.
        age_scale: age enters as (age - centre) / unit.
    """

    columns: tuple[Column, ...]
    references: tuple[Column, ...]
    age_scale: AgeScale

    def positions(self, term: str) -> dict[str, int]:
        """Level → column number, for the columns of a term."""
        return {column.level: j for j, column in enumerate(self.columns) if column.term == term}

    def reference(self, term: str) -> str:
        """The reference level of a categorical term."""
        return next(column.level for column in self.references if column.term == term)

    @property
    def categorical_terms(self) -> tuple[str, ...]:
        """Names of the categorical terms, in order."""
        return tuple(column.term for column in self.references)

    def matrix(self, cells: Cells) -> Floats:
        """The design matrix (n, k) of cells."""
        matrix = np.zeros((cells.age.size, len(self.columns)))
        rows = np.arange(cells.age.size)
        for term in self.categorical_terms:
            factor, positions = cells.factors[term], self.positions(term)
            # Each level's column number; levels without a column get a number beyond the last column.
            column = np.array([positions.get(level, len(self.columns)) for level in factor.levels])[factor.codes]
            has_column = column < len(self.columns)
            matrix[rows[has_column], column[has_column]] = 1.0
        for j, numeric in enumerate(self.columns):
            if not numeric.level:
                matrix[:, j] = numeric_column(numeric.term, cells.age, self.age_scale)
        return matrix

    def rows(self, cells: Cells) -> PatternedRows:
        """The rows of `matrix`, stored as patterns of each term, which makes products faster."""
        ages, codes = np.unique(cells.age, return_inverse=True)
        numeric = [j for j, column in enumerate(self.columns) if not column.level]
        by_age = [numeric_column(self.columns[j].term, ages, self.age_scale) for j in numeric]
        blocks = [Block(np.array(numeric, dtype=np.intp), np.reshape(by_age, (-1, ages.size)).T, codes)]
        for term in self.categorical_terms:
            factor, positions = cells.factors[term], self.positions(term)
            if not positions:  # the term has only one level, as `year` in a panel of one year
                continue
            patterns = np.array([[float(level == own) for own in positions] for level in factor.levels])
            columns = np.array(list(positions.values()), dtype=np.intp)
            blocks.append(Block(columns, patterns.reshape(-1, columns.size), factor.codes.astype(np.intp)))
        return patterned_rows(blocks)

    def row(self, profile: Mapping[str, str | int]) -> Floats:
        """The row (k,) of a person described by covariate values; values of other variables are ignored.

        Raises:
            AbsentLevelError: the group has nobody with that level, so its parameter is unknown.
        """
        for reference in self.references:
            level = str(profile[reference.term])
            if level != reference.level and level not in self.positions(reference.term):
                raise AbsentLevelError(f"no person-years with {reference.term}={level} are in the model")
        age = np.array([float(profile["age"])])
        return np.array(
            [
                float(str(profile[column.term]) == column.level)
                if column.level
                else numeric_column(column.term, age, self.age_scale)[0]
                for column in self.columns
            ]
        )


def numeric_column(term: str, age: Floats, scale: AgeScale) -> Floats:
    """A term without levels at ages (n,)."""
    scaled = (age - scale.centre) / scale.unit
    with np.errstate(over="ignore"):  # `check_columns` reports an overflow
        return {"intercept": np.ones_like(age), "age": scaled, "age_squared": scaled**2}[term]


def make_design(cells: Cells, study: Study) -> Design:
    """The design of a group: a column for each level that has person-years in `cells`, except the reference level."""
    columns, references = [], []
    for term in study.models.terms:
        if term.name in NUMERIC_TERMS:
            columns.append(Column(term.name, ""))
            continue
        factor = cells.factors[term.name]
        reference = factor.levels[0] if term.reference == "first" else str(term.reference)
        references.append(Column(term.name, reference))
        present = cells.level_counts(term.name).sum(axis=1) > 0
        columns += [
            Column(term.name, level)
            for level, is_present in zip(factor.levels, present, strict=True)
            if is_present and level != reference
        ]
    return Design(tuple(columns), tuple(references), study.models.age_scale)
