"""
The process that runs HiGHS: programs come on standard input, what is found goes to standard output as it is found.

Every message is a pair: ``better`` with the values of an answer, ``bound`` with what no answer can go below, and at the
end ``end`` with values, bound, row prices and whether nothing is left to search.
"""

from __future__ import annotations

import pickle
import sys
from typing import Any

import highspy
import numpy as np

from sro_coverage.model.worker import tell

IS_OVER = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible)
FEASIBLE = highspy.SolutionStatus.kSolutionStatusFeasible


def program_of(task: dict[str, Any]) -> highspy.HighsLp:
    """Give the program in HiGHS's own form."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(task["cost"]), len(task["low"])
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = task["cost"], task["lower"], task["upper"]
    lp.row_lower_, lp.row_upper_ = task["low"], task["high"]
    matrix = lp.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.num_col_, matrix.num_row_ = lp.num_col_, lp.num_row_
    matrix.start_, matrix.index_, matrix.value_ = task["matrix"]
    if task["whole"].any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in task["whole"]]
    return lp


def serve() -> None:
    """Read a program, solve it, tell what is found, and wait for the next one."""
    while True:
        try:
            task = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the process that started this one
        except (EOFError, pickle.UnpicklingError):  # nobody is there any more, or was killed while it told the task
            return
        solve(task)


def solve(task: dict[str, Any]) -> None:
    """Solve one program."""
    is_mip = bool(task["whole"].any())
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("mip_rel_gap", task["gap"])
    highs.setOptionValue("mip_abs_gap", 0.0)
    highs.setOptionValue("time_limit", task["time_limit_s"])
    # Its poor first answers lead the later searches astray: 28 % above the bound in place of 3 %, after the same time.
    highs.setOptionValue("mip_heuristic_run_feasibility_jump", False)
    highs.passModel(program_of(task))
    if task["start"] is not None:
        start = highspy.HighsSolution()
        start.col_value = task["start"].tolist()
        highs.setSolution(start)
    if is_mip:
        highs.cbMipImprovingSolution.subscribe(lambda event: tell("better", np.array(event.data_out.mip_solution)))
        highs.cbMipInterrupt.subscribe(lambda event: tell("bound", event.data_out.mip_dual_bound))
    highs.run()
    info, solution = highs.getInfo(), highs.getSolution()
    values = np.array(solution.col_value) if info.primal_solution_status == FEASIBLE else None
    prices = np.array(solution.row_dual) if not is_mip and info.dual_solution_status == FEASIBLE else None
    is_solved = values is not None and prices is not None
    bound = info.mip_dual_bound if is_mip else info.objective_function_value if is_solved else -np.inf
    tell("end", (values, float(bound), prices, highs.getModelStatus() in IS_OVER))


if __name__ == "__main__":
    serve()
