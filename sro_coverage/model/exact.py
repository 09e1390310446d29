"""Tier by tier with CP-SAT: each tier starts from the whole previous answer and never loses it."""

from __future__ import annotations

import math
import threading
import time

from ortools.sat.python import cp_model

from sro_coverage.model.arrays import Arrays, Choice, TierArrays
from sro_coverage.model.formulation import Formulation, a_solver
from sro_coverage.model.greedy import filled, first_choice
from sro_coverage.model.near import Near, NearBound, choice_near
from sro_coverage.model.solution import (
    Done,
    News,
    Solution,
    SolveParams,
    Stopped,
    StopSignal,
    TierOutcome,
    Watcher,
    is_near,
)
from sro_coverage.problem import Tolerance


def solve_exact(
    arrays: Arrays,
    tolerance: Tolerance,
    params: SolveParams,
    *,
    watch: Watcher | None = None,
    stop: StopSignal | None = None,
    known: tuple[Choice, tuple[TierOutcome, ...]] | None = None,
    near: Near | None = None,
) -> Solution:
    """
    Optimise the tiers in turn, each with the earlier ones held.

    Parameters
    ----------
    known
        A choice, and what was proven of the first tiers on the way to it; they are held, not solved.
    near
        A plan of a similar problem to start from, and what it proves.

    Returns
    -------
    Solution
        ``optimal`` only if every tier was proven.
    """
    began = time.monotonic()
    stop = stop or StopSignal()
    formulation: Formulation | None = None
    hint = choice_near(arrays, near.duties) if near else None
    start = hint if hint and hint.keeps_rules(arrays) else first_choice(arrays)
    choice, outcomes = known or (start, ())
    floors = _Floors(arrays, near.bounds if near else ())
    done = [
        Done.of_known(tier, outcome, tolerance.of(tier.name), params.gap.of(tier.name))
        for tier, outcome in zip(arrays.tiers, outcomes, strict=False)
    ]
    for number, tier in enumerate(arrays.tiers[len(done) :], start=len(done)):
        tier_began = time.monotonic()
        left_s = max(params.time_limit_s - (tier_began - began), 0.0)
        news = _News(tier, number, len(arrays.tiers), began, watch, params.gap.of(tier.name))
        time_s = (left_s / (len(arrays.tiers) - number), left_s)
        floor = floors.of(tier)
        if choice is not None and choice.cost(arrays, tier) == floor:
            result = _Result(choice=choice, bound=floor, stopped="proven")
        elif choice is not None and (stop.requested or left_s <= 0):
            result = _Result(choice=None, bound=None, stopped="interrupted" if stop.requested else "not reached")
        else:
            if formulation is None:
                formulation = Formulation(arrays)
                for other in done:
                    formulation.hold(other.tier, other.limit)
            is_plan, look_first = choice is not None, choice or hint
            result = _optimise(formulation, tier, look_first, floor, params, time_s, news, stop, is_plan=is_plan)
        if result.infeasible and choice is None:
            return Solution("infeasible", None, (), time.monotonic() - began)
        if result.infeasible:
            raise AssertionError(f"tier {tier.name} excludes the plan that the tier before it returned")
        choice = _better(arrays, tier, result.choice, choice)
        if choice is None:
            return Solution("no plan found", None, (), time.monotonic() - began)
        own, gap, cost = tolerance.of(tier.name), params.gap.of(tier.name), choice.cost(arrays, tier)
        held = [(other.tier, other.limit) for other in done]
        held += [(tier, cost)] if result.bound is not None and is_near(tier, cost, result.bound, gap) else []
        choice = filled(arrays, choice, held)
        runtime_s = time.monotonic() - tier_began
        done.append(Done(tier, result.bound, result.stopped, runtime_s, own, gap))
        for other in done:
            if other.tighten(choice.cost(arrays, other.tier)) and formulation is not None:
                formulation.hold(other.tier, other.limit)
            floors.after(other.tier, other.limit)
    if choice is None:
        raise AssertionError("a problem has at least one tier")
    results = tuple(other.outcome(choice.cost(arrays, other.tier)) for other in done)
    proven = all(result.stopped == "proven" for result in results)
    return Solution("optimal" if proven else "feasible", choice, results, time.monotonic() - began)


def _better(arrays: Arrays, tier: TierArrays, found: Choice | None, known: Choice | None) -> Choice | None:
    if found is None or known is None:
        return found or known
    return found if found.cost(arrays, tier) <= known.cost(arrays, tier) else known


class _Floors:
    """Costs that no choice can go below: what a tier can never be, and what a similar problem proves."""

    def __init__(self, arrays: Arrays, bounds: tuple[NearBound, ...]) -> None:
        self._near: dict[str, tuple[int, int]] = {}
        for tier, near in zip(arrays.tiers, bounds, strict=False):
            if near.tier != tier.name:
                break
            self._near[tier.name] = (tier.cost(near.bound), tier.cost(near.limit))

    def of(self, tier: TierArrays) -> int:
        return max(tier.least_cost, self._near.get(tier.name, (tier.least_cost, 0))[0])

    def after(self, tier: TierArrays, limit: int) -> None:
        """Forget what was proven under a firmer limit than this one."""
        if limit > self._near.get(tier.name, (0, limit))[1]:
            self._near.clear()


class _News(cp_model.CpSolverSolutionCallback):
    """Passes solutions and bounds on as they come."""

    def __init__(
        self, tier: TierArrays, number: int, num_tiers: int, began: float, watch: Watcher | None, gap: float
    ) -> None:
        super().__init__()
        self._news = News(tier, number, num_tiers, began, watch)
        self._tier, self._gap = tier, gap
        self._best: int | None = None
        self._bound: int | None = None
        self._is_enough = False
        self._solver: cp_model.CpSolver | None = None
        self._floor = 0

    def begin(self, solver: cp_model.CpSolver, floor: int) -> None:
        """Take note of the search that is to come, and of what its cost cannot be less than."""
        self._solver, self._floor = solver, floor
        solver.best_bound_callback = self.on_bound
        self.tell()

    def stop_once_found(self) -> None:
        """End the search now if it has a solution, or else with its first one."""
        self._is_enough = True
        if self._best is not None:
            self._end()

    def on_solution_callback(self) -> None:
        self._best = round(self.objective_value)
        if self._is_enough or self._best == self._floor:
            self.stop_search()
        self.on_bound(self.best_objective_bound)

    def on_bound(self, bound: float) -> None:
        self._bound = math.ceil(bound - 1e-6)
        self.tell()
        least = max(self._bound, self._floor)
        if self._gap > 0 and self._best is not None and is_near(self._tier, self._best, least, self._gap):
            self._end()

    def _end(self) -> None:
        if self._solver is not None:
            self._solver.stop_search()

    def tell(self) -> None:
        self._news.tell(self._best, self._bound)


class _Result:
    """What one optimisation gave."""

    def __init__(self, *, choice: Choice | None, bound: int | None, stopped: Stopped, infeasible: bool = False) -> None:
        self.choice, self.bound, self.stopped, self.infeasible = choice, bound, stopped, infeasible


def _optimise(
    formulation: Formulation,
    tier: TierArrays,
    start: Choice | None,
    floor: int,
    params: SolveParams,
    time_s: tuple[float, float],
    news: _News,
    stop: StopSignal,
    *,
    is_plan: bool,
) -> _Result:
    """
    Make one tier's cost small.

    Parameters
    ----------
    start
        Where to look first: a whole plan if `is_plan`, or else only something like one.
    floor
        The cost cannot be less.
    time_s
        This tier's part of the time, and all that is left: a search for a first plan may take it.
    """
    part_s, left_s = time_s
    formulation.model.minimize(formulation.cost(tier))
    formulation.hint(start)
    solver = a_solver(params, part_s if is_plan else left_s)
    news.begin(solver, floor)
    enough = threading.Timer(part_s, news.stop_once_found)
    enough.daemon = True
    enough.start()
    with stop.calls(solver.stop_search):
        status = solver.solve(formulation.model, news)
    enough.cancel()
    if status == cp_model.INFEASIBLE:
        return _Result(choice=None, bound=None, stopped="proven", infeasible=True)
    stopped: Stopped = "interrupted" if stop.requested else "time limit"
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return _Result(choice=None, bound=None, stopped=stopped)
    choice = formulation.chosen(solver)
    bound = max(math.ceil(solver.best_objective_bound - 1e-6), floor)
    is_proven = status == cp_model.OPTIMAL or choice.cost(formulation.arrays, tier) == bound
    return _Result(choice=choice, bound=bound, stopped="proven" if is_proven else stopped)
