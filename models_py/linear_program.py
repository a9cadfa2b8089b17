"""A linear program that is solved many times, each time with another objective or other bounds.

Belongs here: HiGHS, kept between solutions, so that each begins where the last one ended. Does not belong here: the
choice of objectives and bounds (`attacker`).

Source: Huangfu & Hall (2018), Parallelizing the dual revised simplex method, Mathematical Programming Computation
10(1), 119-142 (HiGHS).
"""

import highspy
import numpy as np
from scipy.sparse import csr_array

from models_py.cells import Floats

# The end point of one solution is feasible for every other objective, so the primal method can continue from it.
PRIMAL_SIMPLEX = 4
OPTIMAL = highspy.HighsModelStatus.kOptimal
# All bounds are finite, so the program is never unbounded: "unbounded or infeasible" means infeasible.
IMPOSSIBLE = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)


class NoAnswer(RuntimeError):
    """The solver ended without an optimum and without finding that there is none."""


class LinearProgram:
    """min c z subject to A z = b (rows,) and low <= z <= high (n,), all finite."""

    def __init__(self, A: csr_array, b: Floats, low: Floats, high: Floats) -> None:
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]  # its constructor has no annotations
        for option, value in (("output_flag", False), ("threads", 1), ("simplex_strategy", PRIMAL_SIMPLEX)):
            self._solver.setOptionValue(option, value)
        self._cost, self._low, self._high = np.zeros(low.size), low.copy(), high.copy()
        program = highspy.HighsLp()
        program.num_row_, program.num_col_ = A.shape
        program.col_cost_, program.col_lower_, program.col_upper_ = self._cost, self._low, self._high
        program.row_lower_ = program.row_upper_ = b
        matrix = program.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_, matrix.index_, matrix.value_ = A.indptr, A.indices, A.data
        self._solver.passModel(program)

    def solution(self, cost: Floats, low: Floats, high: Floats) -> Floats | None:
        """A z (n,) of least cost (n,) within these bounds; None if there is none.

        Raises:
            NoAnswer: the solver found neither.
        """
        self._change(cost, low, high)
        self._solver.run()
        if self._solver.getModelStatus() not in (OPTIMAL, *IMPOSSIBLE):
            self._solver.clearSolver()  # start afresh: the end point of the last solution may be what stopped it
            self._solver.run()
        status = self._solver.getModelStatus()
        if status in IMPOSSIBLE:
            return None
        if status != OPTIMAL:
            raise NoAnswer(self._solver.modelStatusToString(status))
        return np.array(self._solver.getSolution().col_value)

    def _change(self, cost: Floats, low: Floats, high: Floats) -> None:
        """Pass the solver only what differs from last time."""
        at = np.flatnonzero(cost != self._cost).astype(np.int32)
        if at.size:
            self._solver.changeColsCost(at.size, at, cost[at])
            self._cost = cost.copy()
        at = np.flatnonzero((low != self._low) | (high != self._high)).astype(np.int32)
        if at.size:
            self._solver.changeColsBounds(at.size, at, low[at], high[at])
            self._low, self._high = low.copy(), high.copy()
