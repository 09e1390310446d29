"""
HiGHS in a process of its own: it cannot share one with OR-Tools, and there it can be ended at any moment.

See `highs_process` for the other side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from sro_coverage.model.worker import told
from sro_coverage.travel import Bools, Floats

_MODULE = "sro_coverage.model.highs_process"


@dataclass(frozen=True, eq=False)
class Program:
    """
    Make ``cost x`` small with ``low <= matrix x <= high`` and ``lower <= x <= upper``.

    Parameters
    ----------
    matrix
        Compressed by column.
    whole
        Which variables must be whole numbers; none makes it a linear program.
    """

    cost: Floats
    matrix: sparse.csc_array
    low: Floats
    high: Floats
    lower: Floats
    upper: Floats
    whole: Bools

    def part(self, columns: Any) -> Program:
        """Give the program with other columns at 0, and without rows that then hold anyway."""
        matrix = self.matrix[:, columns].tocsr()
        least = matrix.minimum(0) @ self.upper[columns]
        most = matrix.maximum(0) @ self.upper[columns]
        rows = np.flatnonzero((least < self.low) | (most > self.high))
        return Program(
            self.cost[columns],
            matrix[rows].tocsc(),
            self.low[rows],
            self.high[rows],
            self.lower[columns],
            self.upper[columns],
            self.whole[columns],
        )


@dataclass(frozen=True, eq=False)
class Found:
    """
    What HiGHS found.

    Parameters
    ----------
    values
        Of the variables, or None if there is no answer.
    bound
        No answer costs less, within HiGHS's tolerances; -inf if nothing is known.
    row_prices
        Dual values of the rows, for a linear program.
    is_over
        Whether nothing is left to search: `values` is best, or there is none.
    """

    values: Floats | None
    bound: float
    row_prices: Floats | None
    is_over: bool


def optimise(
    program: Program,
    time_limit_s: float,
    *,
    start: Floats | None = None,
    met: Callable[[Floats], None] = lambda _: None,
    is_stopped: Callable[[], bool] = lambda: False,
    gap: float = 0.0,
) -> Found:
    """
    Solve a program, as far as the time allows.

    Parameters
    ----------
    start
        A known answer.
    met
        Shown every better answer at once.
    is_stopped
        Asked several times a second whether to end.
    gap
        The part of the cost by which an answer may be above the bound.
    """
    matrix = program.matrix
    task = {
        **{name: getattr(program, name) for name in ("cost", "low", "high", "lower", "upper", "whole")},
        "matrix": (matrix.indptr, matrix.indices, matrix.data),
        "start": start,
        "time_limit_s": time_limit_s,
        "gap": gap,
    }
    values, bound, prices, is_over = None, -np.inf, None, False
    for kind, content in told(_MODULE, task, time_limit_s, is_stopped, is_reused=True):
        if kind == "better":
            values = content
            met(values)
        elif kind == "bound":
            bound = max(bound, content)
        elif kind == "end":
            values, bound, prices, is_over = content if content[0] is not None else (values, *content[1:])
            break
    return Found(values, bound, prices, is_over)


def relaxed(program: Program, time_limit_s: float, is_stopped: Callable[[], bool] = lambda: False) -> Found:
    """Solve a program's linear relaxation."""
    linear = replace(program, whole=np.zeros_like(program.whole))
    return optimise(linear, time_limit_s, is_stopped=is_stopped)
