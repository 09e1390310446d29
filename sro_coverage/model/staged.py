"""
The way to solve a problem, by its size and its last tier.

Small problems are one model, solved to proof; beyond `LARGE` arcs that model proves nothing in good time, and
prices and parts take its place.

Officers who differ only by where they are now are alike until continuity is asked.

Told apart, each is a class of one and the proof of every tier is many times harder. So where
continuity is the last tier, the tiers before it are solved with such officers as one class; then the
beats are given to them by name, the best matching of officers and beats, and continuity is improved
from there with the earlier tiers held.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sro_coverage.model.arrays import Arrays, Choice
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.exact import solve_exact
from sro_coverage.model.naming import named_beats
from sro_coverage.model.near import Near
from sro_coverage.model.solution import Solution, SolveParams, StopSignal, Watcher
from sro_coverage.problem import Problem, Tolerance
from sro_coverage.travel import TravelTimes

LARGE = 60_000
"""Arcs from which on a problem is solved by prices and parts."""


def solve_in_stages(
    problem: Problem,
    times: TravelTimes,
    params: SolveParams,
    *,
    watch: Watcher | None = None,
    stop: StopSignal | None = None,
    near: Near | None = None,
) -> tuple[Arrays, Solution]:
    """
    Solve a problem, in two stages if that is easier.

    Parameters
    ----------
    near
        A plan of a similar problem.

    Returns
    -------
    tuple
        The arrays of the whole problem, and a solution on them.
    """
    arrays = compile_arrays(problem, times)
    tolerance = problem.objective.tolerance
    alike = _up_to_continuity(problem)
    merged = compile_arrays(alike, times) if alike else arrays
    if alike is None or len(merged.class_officers) == len(arrays.class_officers):
        return arrays, _solve(arrays, tolerance, params, watch, stop, near)
    share = len(alike.order) / len(problem.order)
    part = params.model_copy(update={"time_limit_s": params.time_limit_s * share})
    first = _solve(merged, tolerance, part, watch, stop, near)
    if first.choice is None:
        return arrays, first
    start = _by_name(problem, arrays, merged, first.choice)
    rest = params.model_copy(update={"time_limit_s": max(params.time_limit_s - first.runtime_s, 1e-9)})
    second = solve_exact(arrays, tolerance, rest, watch=watch, stop=stop, known=(start, first.tiers))
    return arrays, replace(second, method=first.method)


def _solve(
    arrays: Arrays,
    tolerance: Tolerance,
    params: SolveParams,
    watch: Watcher | None,
    stop: StopSignal | None,
    near: Near | None,
) -> Solution:
    if len(arrays.arc_site) > LARGE:
        from sro_coverage.model.large import is_for_large, solve_large  # numba takes a moment to import

        if is_for_large(arrays):
            return solve_large(arrays, tolerance, params, watch=watch, stop=stop)
    return solve_exact(arrays, tolerance, params, watch=watch, stop=stop, near=near)


def _up_to_continuity(problem: Problem) -> Problem | None:
    """Give the problem without its last tier, or None if that is not continuity after others."""
    if len(problem.order) < 2 or problem.order[-1] != "continuity":
        return None
    return problem.replace(objective=problem.objective.model_copy(update={"order": problem.order[:-1]}))


def _by_name(problem: Problem, arrays: Arrays, merged: Arrays, choice: Choice) -> Choice:
    """Put the beats of merged officers into the arrays of each by name."""
    class_of = {officer: number for number, members in enumerate(arrays.class_officers) for officer in members}
    named = Choice(np.zeros(len(arrays.base_site), np.bool_), np.zeros(len(arrays.arc_site), np.bool_))
    # On-call arcs belong to the first post of a class, so that one is given away first.
    for officer, beat in sorted(named_beats(problem, merged, choice), key=lambda pair: pair[1]):
        _give(arrays, merged, choice, named, class_of[officer], beat)
    return named


def _give(arrays: Arrays, merged: Arrays, choice: Choice, named: Choice, number: int, beat: int) -> None:
    """Put one beat into the arrays of named officers, at the first free post of its class."""
    posts = np.flatnonzero((arrays.base_class == number) & (arrays.base_site == merged.base_site[beat]) & ~named.base)
    named.base[posts[0]] = True
    for shared in (True, False):
        sites = merged.arc_site[choice.arc & (merged.arc_base == beat) & (merged.arc_is_shared == shared)]
        mine = (arrays.arc_base == posts[0]) & (arrays.arc_is_shared == shared) & np.isin(arrays.arc_site, sites)
        named.arc[mine] = True
