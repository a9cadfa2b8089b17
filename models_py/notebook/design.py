"""Designs of a notebook's models: columns that a formula makes from covariates, or columns given as they are.

Belongs here: names, matrices, and the variables behind the columns. Does not belong here: estimation.
Formulas are formulaic's (Wilkinson's notation).
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from formulaic import Formula, ModelSpec, SimpleFormula
from formulaic.errors import DataMismatchWarning
from formulaic.parser.types import Factor
from formulaic.transforms import TRANSFORMS
from formulaic.utils.variables import get_required_variables

from models_py.cells import EstimationInputError, Floats
from models_py.design import AbsentLevelError
from models_py.notebook.data import level_name, read_rows

# Rows that are used to test whether each row of the design depends only on its own data.
TRIED_ROWS = 100


@dataclass(frozen=True, slots=True)
class Variable:
    """A covariate behind the columns: categorical, numeric, or derived (only a function of it is categorical)."""

    name: str
    kind: Literal["categorical", "numeric", "derived"]
    levels: tuple[object, ...] = ()
    reference: object = None


class Design(Protocol):
    """What a model needs to know about its k columns."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the k columns."""

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The covariates behind them."""

    @property
    def main_effects(self) -> tuple[str, ...]:
        """Categorical covariates of which all levels have a column, except one at most."""

    def matrix(self, frame: pd.DataFrame) -> Floats:
        """The design (r, k) from a frame of covariates."""

    def remade(self, X: Floats, frame: pd.DataFrame, name: str) -> Floats:
        """X (r, k) with the columns of one covariate computed anew, for rows in which only that covariate changed."""

    def frame(self, data: Any) -> pd.DataFrame:
        """The covariates of new rows, in the order of the rows."""


@dataclass(frozen=True, slots=True, eq=False)
class FormulaDesign:
    """Columns made by a formula."""

    spec: ModelSpec
    names: tuple[str, ...]
    variables: tuple[Variable, ...]
    main_effects: tuple[str, ...]

    def matrix(self, frame: pd.DataFrame) -> Floats:
        """The design (r, k) from a frame of covariates.

        Raises:
            AbsentLevelError: a covariate has a level without a parameter.
        """
        for variable in self.variables:
            if variable.kind == "categorical":
                unknown = sorted(level_name(v) for v in set(frame[variable.name].unique()) - set(variable.levels))
                if unknown:
                    raise AbsentLevelError(f"no parameter for {variable.name}={', '.join(unknown)}")
        return materialised(self.spec, frame)

    def remade(self, X: Floats, frame: pd.DataFrame, name: str) -> Floats:
        """X (r, k) with the columns of one covariate computed anew, for rows in which only that covariate changed."""
        terms = [term for term, factors in self.spec.term_factors.items() if name in covariates_of(factors)]
        made, columns = X.copy(), [j for term in terms for j in range(*self.spec.term_slices[term].indices(X.shape[1]))]
        made[:, columns] = materialised(self.spec.subset(terms), frame)
        return made

    def frame(self, data: Any) -> pd.DataFrame:
        """The covariates of new rows, in the order of the rows.

        Raises:
            EstimationInputError: a covariate or a value is missing.
        """
        names = [variable.name for variable in self.variables]
        if not names:
            return pd.DataFrame(index=range(len(data)))
        return read_rows(data, names).relation.to_arrow_table().to_pandas()


@dataclass(frozen=True, slots=True)
class MatrixDesign:
    """Columns as given, without a formula."""

    names: tuple[str, ...]
    variables: tuple[Variable, ...]
    main_effects: tuple[str, ...] = ()

    def matrix(self, frame: pd.DataFrame) -> Floats:
        """The columns (r, k) by name."""
        X: Floats = frame[list(self.names)].to_numpy(dtype=np.float64)
        return X

    def remade(self, X: Floats, frame: pd.DataFrame, name: str) -> Floats:
        """X (r, k) with a covariate's column replaced."""
        made = X.copy()
        made[:, self.names.index(name)] = frame[name]
        return made

    def frame(self, data: Any) -> pd.DataFrame:
        """The columns of new rows: an array (r, k), or a table with columns of these names.

        Raises:
            EstimationInputError: a column or a value is missing.
        """
        if isinstance(data, np.ndarray):
            return pd.DataFrame(np.atleast_2d(data), columns=list(self.names))
        return read_rows(data, self.names).relation.to_arrow_table().to_pandas()


def make_matrix_design(X: Floats, names: tuple[str, ...]) -> MatrixDesign:
    """A design of columns X (n, k) as they are; a column that never varies is not a variable."""
    varies = np.ptp(X, axis=0) > 0
    return MatrixDesign(names, tuple(Variable(n, "numeric") for n, v in zip(names, varies, strict=True) if v))


def parse_formula(text: str) -> tuple[str, SimpleFormula, tuple[str, ...]]:
    """The outcome of `outcome ~ terms`, the terms, and the covariates that they use, sorted.

    Raises:
        EstimationInputError: the text does not have this form, or uses lag().
    """
    formula = Formula(text)
    outcome, terms = getattr(formula, "lhs", None), getattr(formula, "rhs", None)
    if not (isinstance(outcome, SimpleFormula) and isinstance(terms, SimpleFormula) and len(outcome) == 1):
        raise EstimationInputError(f"a formula has the form outcome ~ terms: {text}")
    name = str(outcome[0])
    if outcome.required_variables != {name.strip("`")}:
        raise EstimationInputError(f"the outcome is the name of a column, not {name}")
    if "lag(" in text.replace(" ", ""):
        raise EstimationInputError("lag() depends on the order of the rows: make the lagged variable a column")
    return name.strip("`"), terms, covariates_of(factor for term in terms for factor in term.factors)


def covariates_of(factors: Iterable[Factor]) -> tuple[str, ...]:
    """The covariates that factors use, sorted. formulaic's own list lacks those inside scale(), poly() and bs()."""
    names: set[str] = set()
    for factor in factors:
        if factor.eval_method is Factor.EvalMethod.LOOKUP:
            names.add(str(factor.expr))
        elif factor.eval_method is Factor.EvalMethod.PYTHON:
            used = get_required_variables(factor.expr)
            names |= {str(v.root) for v in used if str(v.root) not in TRANSFORMS and v.Role.CALLABLE not in v.roles}
    return tuple(sorted(names))


def make_formula_design(terms: SimpleFormula, patterns: pd.DataFrame, totals: Floats) -> tuple[FormulaDesign, Floats]:
    """The design of a formula's terms, and its matrix (n, k) on patterns that each occur `totals` (n,) times.

    Raises:
        EstimationInputError: a value in the design depends on rows other than its own.
    """
    made = _first_matrix(terms, patterns)
    if made.model_spec.transform_state:
        made = _first_matrix(terms, patterns, _transform_state(made.model_spec, patterns, totals))
    spec, X = made.model_spec, np.asarray(made, dtype=np.float64)
    some = slice(0, min(TRIED_ROWS, max(len(patterns) // 2, 1)))
    with np.errstate(invalid="ignore"):
        alone = materialised(spec, patterns.iloc[some])
        if not np.allclose(alone, X[some], rtol=1e-9, atol=1e-12, equal_nan=True):
            raise EstimationInputError("a term depends on other rows than its own: make it a column of the data first")
    variables = tuple(_variable(name, spec, patterns) for name in covariates_of(spec.factors))
    categorical = {variable.name for variable in variables if variable.kind == "categorical"}
    main_effects = [
        name
        for factors in spec.term_factors.values()
        if len(factors) == 1 and next(iter(factors)).expr in spec.encoder_state
        for name in categorical.intersection(covariates_of(factors))
        if "contrasts" in spec.encoder_state[next(iter(factors)).expr][1]
    ]
    design = FormulaDesign(spec, tuple(spec.column_names), variables, tuple(sorted(set(main_effects))))
    return design, X


def _first_matrix(terms: SimpleFormula, patterns: pd.DataFrame, state: dict[str, Any] | None = None) -> Any:
    spec = ModelSpec(formula=terms, output="numpy", na_action="raise", transform_state=state or {})
    with np.errstate(all="ignore"):  # a later check refuses an overflow
        return spec.get_model_matrix(patterns)


def materialised(spec: ModelSpec, frame: pd.DataFrame) -> Floats:
    """The matrix (r, k) that a specification makes from rows."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", DataMismatchWarning)
        return np.asarray(spec.get_model_matrix(frame), dtype=np.float64)


def _transform_state(spec: ModelSpec, patterns: pd.DataFrame, totals: Floats) -> dict[str, Any]:
    """The state that scale(), poly(), bs() and the like derive from rows, with each pattern repeated as it occurs."""
    state: dict[str, Any] = {}
    for factor in spec.factors:
        if factor.expr in spec.transform_state:
            names = list(covariates_of([factor]))
            rows = patterns[names].loc[np.repeat(np.arange(len(patterns)), totals.astype(np.int64))]
            rows = rows.reset_index(drop=True)
            state |= _first_matrix(Formula(f"0 + {factor.expr}"), rows).model_spec.transform_state
    return state


def _variable(name: str, spec: ModelSpec, patterns: pd.DataFrame) -> Variable:
    values = set(patterns[name].unique())
    if pd.api.types.is_bool_dtype(patterns[name]):
        return Variable(name, "categorical", (False, True), False)
    within = [
        spec.encoder_state[factor.expr][1]["contrasts"]
        for factor in sorted(spec.factors)
        if name in covariates_of([factor]) and "contrasts" in spec.encoder_state[factor.expr][1]
    ]
    if not within:
        return Variable(name, "numeric")
    levels = tuple(within[0].levels)
    if not values <= set(levels):
        return Variable(name, "derived")
    bases = [state.contrasts.base for state in within if getattr(state.contrasts, "base", None) in levels]
    return Variable(name, "categorical", levels, bases[0] if bases else levels[0])
