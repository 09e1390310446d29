"""The best plan of some beats, as one integer program."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from sro_coverage.model.beats.cuts import Cuts
from sro_coverage.model.beats.pool import Beats, Rows, beats_of, entries_of_calls, entries_of_cuts
from sro_coverage.model.beats.task import Chosen
from sro_coverage.model.bound import Relaxation
from sro_coverage.travel import Floats, Ints

_PATIENCE = 0.3


class Program:
    """
    Columns for beats, calls and uncovered sites, in this order.

    Parameters
    ----------
    calls
        Spokes that may be used on call, wherever their base is held.
    free
        Sites that may be left uncovered.
    cuts
        Hold for every plan; they make what HiGHS looks at first nearly whole.
    start
        A plan, whose beats, calls and uncovered sites are added: only better ones are met.
    """

    def __init__(
        self, relaxation: Relaxation, beats: Beats, calls: Ints, free: Ints, cuts: Cuts, start: Chosen | None
    ) -> None:
        self.start = start
        if start is not None:
            beats = beats.and_also(beats_of(relaxation, start))
            calls = np.union1d(calls, start.on_call)
            free = np.union1d(free, start.uncovered(relaxation))
        self._relaxation, self._beats, self._free = relaxation, beats, free
        stars, costs = relaxation.stars, relaxation.costs
        self._calls = calls = calls[np.isin(stars.base[calls], beats.base)]
        self.rows = rows = Rows(relaxation)
        self._costs = np.column_stack((beats.costs(relaxation), costs.on_call[:, calls], costs.uncovered[:, free]))
        first_call, first_free = len(beats), len(beats) + len(calls)
        row, column, value = rows.of_beats(relaxation, beats, self._costs[:, :first_call])
        held = rows.held(self._costs[:, first_call:])
        call, beat = entries_of_calls(relaxation, beats, calls)
        every = np.arange(len(calls))
        of_cut, cut, times = entries_of_cuts(relaxation, beats, cuts)
        first_cut = rows.number + len(calls)
        number = first_cut + len(cuts)
        self._matrix = sparse.csc_array(
            (
                np.concatenate((value, held[2], np.ones(2 * len(calls) + len(free)), np.full(len(call), -1.0), times)),
                (
                    np.concatenate(
                        (
                            row, held[0], stars.site[calls], rows.number + every, free, rows.number + call,
                            first_cut + cut,
                        )
                    ),
                    np.concatenate(
                        (
                            column, held[1] + first_call, first_call + every, first_call + every,
                            first_free + np.arange(len(free)), beat, of_cut,
                        )
                    ),
                ),
            ),
            shape=(number, self._costs.shape[1]),
        )  # fmt: skip
        self._low = np.concatenate((rows.low, np.full(len(calls) + len(cuts), -np.inf)))
        self._high = np.concatenate((rows.high, np.zeros(len(calls)), cuts.most))

    def model(self) -> highspy.HighsLp:
        """Give the program in HiGHS's own form."""
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = self._matrix.shape
        lp.col_cost_ = self._costs[0] / self.rows.unit
        lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.ones(lp.num_col_)
        lp.row_lower_, lp.row_upper_ = self._low.astype(np.float64), self._high.astype(np.float64)
        matrix = lp.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kColwise
        matrix.num_col_, matrix.num_row_ = lp.num_col_, lp.num_row_
        matrix.start_, matrix.index_, matrix.value_ = self._matrix.indptr, self._matrix.indices, self._matrix.data
        lp.integrality_ = [highspy.HighsVarType.kInteger] * lp.num_col_
        return lp

    def bound(self, value: float) -> int:
        """Turn a bound of the program into one of the plan."""
        least = value * self.rows.unit
        return int(np.ceil(least - 1e-6 * max(abs(least), 1))) if np.isfinite(least) else -(2**62)

    def chosen(self, values: Floats) -> Chosen | None:
        """Read a plan, or None if a held tier's limit is passed after all."""
        used = np.flatnonzero(np.rint(values) > 0.5)
        cost = self._costs[:, used].sum(axis=1)
        if (cost[1:] > np.asarray(self._relaxation.limits[1:], np.int64)).any():
            return None
        first_call, first_free = len(self._beats), len(self._beats) + len(self._calls)
        mine = self._beats.some(used[used < first_call])
        on_call = self._calls[used[(used >= first_call) & (used < first_free)] - first_call]
        return Chosen(int(cost[0]), mine.base, mine.spokes, on_call)

    def values(self, plan: Chosen) -> Floats:
        """Give the columns of a plan."""
        values = np.zeros(self._matrix.shape[1])
        beats, stars = self._beats, self._relaxation.stars
        is_used = np.zeros(len(stars.site), np.bool_)
        is_used[plan.shared] = True
        mine = np.bincount(beats.beat_of, is_used[beats.spokes], len(beats)).astype(np.int64)
        sizes = np.bincount(stars.base[plan.shared], minlength=len(stars.start) - 1)
        is_held = np.isin(beats.base, plan.bases) & (mine == np.diff(beats.start)) & (mine == sizes[beats.base])
        twice = np.flatnonzero(is_held)
        _, first = np.unique(beats.base[twice], return_index=True)
        values[twice[first]] = 1  # the plan's own beats may be there twice
        values[len(beats) : len(beats) + len(self._calls)] = np.isin(self._calls, plan.on_call)
        values[len(beats) + len(self._calls) :] = np.isin(self._free, plan.uncovered(self._relaxation))
        return values


def choose(
    program: Program,
    time_limit_s: float,
    *,
    enough: int | None = None,
    is_enough: Callable[[], bool] = lambda: False,
    met: Callable[[Chosen], None] = lambda _: None,
) -> int | None:
    """
    Find the best plan of some beats.

    Parameters
    ----------
    enough
        The search ends soon after it is known that no plan costs less than this.
    is_enough
        Asked whether it is to end at once.
    met
        Shown every better plan at once.

    Returns
    -------
    int or None
        What no plan of these beats costs less than, by HiGHS, in floats: a unit in a million is given away; `enough` if
        there is no plan at all. None if HiGHS's tolerances let it find what is no plan: then it proves nothing.
    """
    start = program.start
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.0),
        ("time_limit", max(time_limit_s, 0.0)),
        ("mip_heuristic_run_feasibility_jump", False),
    ):
        highs.setOptionValue(name, value)
    highs.passModel(program.model())
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = program.values(start).tolist()
        highs.setSolution(known)
    best, is_refused = None if start is None else start.cost, False

    def take(values: Floats) -> None:
        nonlocal best, is_refused
        chosen = program.chosen(values)
        if chosen is None:
            is_refused = True  # within HiGHS's tolerances only: what it proves is not about whole numbers
        elif best is None or chosen.cost < best:
            best = chosen.cost
            met(chosen)

    patient_until = time.monotonic() + _PATIENCE * time_limit_s

    def ask(event: Any) -> None:
        is_known = enough is not None and program.bound(event.data_out.mip_dual_bound) >= enough
        if is_enough() or (is_known and time.monotonic() > patient_until):
            event.interrupt()

    highs.cbMipImprovingSolution.subscribe(lambda event: take(np.array(event.data_out.mip_solution)))
    highs.cbMipInterrupt.subscribe(ask)
    highs.run()
    info, status = highs.getInfo(), highs.getModelStatus()
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        take(np.array(highs.getSolution().col_value))
    if is_refused:
        return None
    if status == highspy.HighsModelStatus.kInfeasible:
        return enough if best is None else best
    if status == highspy.HighsModelStatus.kOptimal and best is not None:
        return best
    return program.bound(info.mip_dual_bound)
