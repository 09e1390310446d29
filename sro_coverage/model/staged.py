"""
Officers who differ only by where they are now are alike until continuity is asked.

Told apart, each is a class of one and the proof of every tier is many times harder. So where
continuity is the last tier, the tiers before it are solved with such officers as one class; then the
beats are given to them by name, the best matching of officers and beats, and continuity is improved
from there with the earlier tiers held.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from sro_coverage.model.arrays import Arrays, Choice
from sro_coverage.model.compile import compile_arrays, current_sites
from sro_coverage.model.exact import solve_exact
from sro_coverage.model.solution import Solution, SolveParams, StopSignal, Watcher
from sro_coverage.problem import Problem
from sro_coverage.travel import TravelTimes


def solve_in_stages(
    problem: Problem,
    times: TravelTimes,
    params: SolveParams,
    *,
    watch: Watcher | None = None,
    stop: StopSignal | None = None,
) -> tuple[Arrays, Solution]:
    """
    Solve a problem, in two stages if that is easier.

    Returns
    -------
    tuple
        The arrays of the whole problem, and a solution on them.
    """
    arrays = compile_arrays(problem, times)
    tolerance = problem.objective.tolerance
    alike = _without_current_plan(problem)
    if alike is None:
        return arrays, solve_exact(arrays, tolerance, params, watch=watch, stop=stop)
    merged = compile_arrays(alike, times)
    if len(merged.class_officers) == len(arrays.class_officers):
        return arrays, solve_exact(arrays, tolerance, params, watch=watch, stop=stop)
    share = len(alike.order) / len(problem.order)
    part = params.model_copy(update={"time_limit_s": params.time_limit_s * share})
    first = solve_exact(merged, tolerance, part, watch=watch, stop=stop)
    if first.choice is None:
        return arrays, first
    start = _by_name(problem, arrays, merged, first.choice)
    rest = params.model_copy(update={"time_limit_s": max(params.time_limit_s - first.runtime_s, 1e-9)})
    second = solve_exact(arrays, tolerance, rest, watch=watch, stop=stop, known=(start, first.tiers))
    return arrays, second


def _without_current_plan(problem: Problem) -> Problem | None:
    """Give the problem up to continuity, or None if continuity is not the last of several tiers."""
    if len(problem.order) < 2 or problem.order[-1] != "continuity":
        return None
    officers = tuple(officer.model_copy(update={"primary": None, "shared": ()}) for officer in problem.officers)
    objective = problem.objective.model_copy(update={"order": problem.order[:-1]})
    return problem.replace(officers=officers, objective=objective)


def _by_name(problem: Problem, arrays: Arrays, merged: Arrays, choice: Choice) -> Choice:
    """Match officers and beats so that the most students keep their officer."""
    class_of = {officer: number for number, members in enumerate(arrays.class_officers) for officer in members}
    named = Choice(np.zeros(len(arrays.base_site), np.bool_), np.zeros(len(arrays.arc_site), np.bool_))
    demand = np.asarray([site.demand for site in problem.sites])
    for number, members in enumerate(merged.class_officers):
        beats = [b for b in np.flatnonzero(choice.base) if merged.base_class[b] == number]
        beats.sort(key=lambda b: merged.base_twin[b] >= 0)  # on-call arcs belong to the first post of a class
        kept = np.zeros((len(members), len(beats)), np.int64)
        for column, b in enumerate(beats):
            covered = {int(merged.base_site[b])}
            covered |= set(merged.arc_site[choice.arc & (merged.arc_base == b) & merged.arc_is_shared].tolist())
            for row, officer in enumerate(members):
                stays = covered.intersection(current_sites(problem, problem.officers[officer]))
                kept[row, column] = demand[sorted(stays)].sum()
        rows, columns = linear_sum_assignment(kept, maximize=True)
        for row, column in sorted(zip(rows, columns, strict=True), key=lambda pair: int(pair[1])):
            _give(arrays, merged, choice, named, class_of[members[row]], beats[column])
    return named


def _give(arrays: Arrays, merged: Arrays, choice: Choice, named: Choice, number: int, beat: int) -> None:
    """Put one beat into the arrays of named officers, at the first free post of its class."""
    posts = np.flatnonzero((arrays.base_class == number) & (arrays.base_site == merged.base_site[beat]) & ~named.base)
    named.base[posts[0]] = True
    for shared in (True, False):
        sites = merged.arc_site[choice.arc & (merged.arc_base == beat) & (merged.arc_is_shared == shared)]
        mine = (arrays.arc_base == posts[0]) & (arrays.arc_is_shared == shared) & np.isin(arrays.arc_site, sites)
        named.arc[mine] = True
