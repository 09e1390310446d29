"""Whether a problem has a plan with some of its rules relaxed, and an irreducible set of rules that clash."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np

from sro_coverage.clash.lever import Lever, fewest_posts, without
from sro_coverage.errors import DataError
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.feasible import is_feasible
from sro_coverage.problem import Problem
from sro_coverage.travel import Bools, TravelTimes

_TRIAL_TIME_S = 5.0


class Trials:
    """
    Asks again and again whether a problem has a plan, with this or that rule relaxed.

    Only campuses that a pin or a forbid against *uncovered* speaks of need anybody, so that only ways to these
    are looked at: any other campus may be uncovered.

    Parameters
    ----------
    times
        Travel times between ``problem.sites``, as long as a limit may become.
    time_limit_s
        For all trials together.
    """

    def __init__(self, problem: Problem, times: TravelTimes, time_limit_s: float) -> None:
        objective = problem.objective.model_copy(update={"order": ("reach",)})
        self._problem = problem.replace(objective=objective)
        self._times = times
        self._ends = time.monotonic() + time_limit_s

    @property
    def _left_s(self) -> float:
        return self._ends - time.monotonic()

    def without(self, levers: Iterable[Lever]) -> bool | None:
        """Whether there is a plan if these rules are relaxed as far as they go; None if the time was too short."""
        if self._left_s <= 0:
            return None
        levers = tuple(levers)
        problem = without(self._problem, levers)
        return self._has_plan(problem, fewest_posts(problem, levers))

    def relaxed(self, lever: Lever, amount: int) -> bool | None:
        """Whether there is a plan with one rule relaxed by so much; a problem that is refused has none."""
        if self._left_s <= 0:
            return None
        try:
            problem = lever.relaxed(self._problem, amount)
        except DataError:
            return False
        return self._has_plan(problem)

    def _has_plan(self, problem: Problem, fewest: list[int] | None = None) -> bool | None:
        needed = np.zeros(len(problem.sites), dtype=np.bool_)
        for rule in (*problem.pins, *(forbid for forbid in problem.forbids if forbid.state == "uncovered")):
            needed[problem.site_of[rule.campus]] = True
        if not needed.any():
            return True
        arrays = compile_arrays(problem, _toward(self._times, needed))
        time_s = min(max(self._left_s, 0), _TRIAL_TIME_S)
        return is_feasible(arrays, time_s, fewest=None if fewest is None else np.asarray(fewest))


def _toward(times: TravelTimes, sites: Bools) -> TravelTimes:
    """Keep the trips to some sites."""
    keep = sites[times.destination]
    return TravelTimes(
        row_start=np.concatenate(([0], np.cumsum(keep)))[times.row_start],
        destination=times.destination[keep],
        out_s=times.out_s[keep],
        back_s=times.back_s[keep],
    )


def irreducible(
    levers: Sequence[Lever], trials: Trials, *, needed: Sequence[Lever] = ()
) -> tuple[tuple[Lever, ...], bool]:
    """
    Find rules of a problem without a plan that cannot be kept together, none of which can be left out.

    A deletion filter: a rule that can be relaxed as far as it goes without making a plan possible is let go, the
    least firm first, whole groups at once where possible. Rules that are not among the levers are kept.

    Parameters
    ----------
    needed
        Levers that are known to be part of every clash: each makes a plan possible if it alone is pulled.

    Returns
    -------
    tuple
        The rules, in the order of the levers, and whether each is proven to be needed.
    """
    let_go: list[Lever] = []
    proven = True

    def sift(group: Sequence[Lever], *, is_needed: bool = False) -> bool:
        """Let go of what can be let go; say whether all of it was."""
        nonlocal proven
        answer = True if is_needed else trials.without([*let_go, *group])
        if answer is False:
            let_go.extend(group)
            return True
        if len(group) == 1:
            proven = proven and answer is True
            return False
        half = len(group) // 2
        first_gone = sift(group[:half])
        rest_gone = sift(group[half:], is_needed=first_gone and answer is True)
        return first_gone and rest_gone

    known = set(map(id, needed))
    open_ones = [lever for lever in levers if id(lever) not in known]
    for firmness in sorted({lever.firmness for lever in open_ones}):
        sift([lever for lever in open_ones if lever.firmness == firmness])
    gone = set(map(id, let_go))
    return tuple(lever for lever in levers if id(lever) not in gone), proven
