"""Tier by tier with CP-SAT: each tier starts from the whole previous answer and never loses it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from sro_coverage.model.arrays import Arrays, Choice, TierArrays
from sro_coverage.model.greedy import filled, first_choice
from sro_coverage.model.near import Near, NearBound, choice_near
from sro_coverage.model.solution import (
    Progress,
    Solution,
    SolveParams,
    Stopped,
    StopSignal,
    TierOutcome,
    Watcher,
    slack,
)
from sro_coverage.problem import Tolerance
from sro_coverage.travel import Ints


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
    formulation = _Formulation(arrays)
    hint = choice_near(arrays, near) if near else None
    start = hint if hint and hint.keeps_rules(arrays) else first_choice(arrays)
    choice, outcomes = known or (start, ())
    floors = _Floors(arrays, near.bounds if near else ())
    done = [_Done.of_known(tier, outcome) for tier, outcome in zip(arrays.tiers, outcomes, strict=False)]
    for other in done:
        formulation.hold(other.tier, other.limit)
    for number, tier in enumerate(arrays.tiers[len(done) :], start=len(done)):
        tier_began = time.monotonic()
        left_s = max(params.time_limit_s - (tier_began - began), 0.0)
        news = _News(tier, number, len(arrays.tiers), began, watch)
        time_s = (left_s / (len(arrays.tiers) - number), left_s)
        floor = floors.of(tier)
        if choice is not None and choice.cost(arrays, tier) == floor:
            result = _Result(choice=choice, bound=floor, stopped="proven")
        else:
            result = formulation.optimise(
                tier, choice or hint, floor, params, time_s, news, stop, is_plan=choice is not None
            )
        if result.infeasible and choice is None:
            return Solution("infeasible", None, (), time.monotonic() - began)
        if result.infeasible:
            raise AssertionError(f"tier {tier.name} excludes the plan that the tier before it returned")
        choice = _better(arrays, tier, result.choice, choice)
        if choice is None:
            return Solution("no plan found", None, (), time.monotonic() - began)
        if result.stopped != "proven":
            choice = filled(arrays, choice, [(other.tier, other.limit) for other in done])
        done.append(_Done(tier, result.bound, result.stopped, time.monotonic() - tier_began))
        for other in done:
            other.tighten(choice.cost(arrays, other.tier), getattr(tolerance, other.tier.name), formulation)
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


@dataclass
class _Done:
    """A tier that was optimised: its best cost so far, and how far later tiers may go."""

    tier: TierArrays
    bound: int | None
    stopped: Stopped
    runtime_s: float
    best: int = 2**62
    limit: int = 2**62

    @staticmethod
    def of_known(tier: TierArrays, outcome: TierOutcome) -> _Done:
        """Take over a tier that was optimised on other arrays of the same problem."""
        best, limit = (tier.sign * (number - tier.constant) for number in (outcome.best, outcome.limit))
        bound = None if outcome.bound is None else tier.sign * (outcome.bound - tier.constant)
        return _Done(tier, bound, outcome.stopped, outcome.runtime_s, best, limit)

    def tighten(self, cost: int, tolerance: float, formulation: _Formulation) -> None:
        """Hold the tier at a better value, also where a later tier met it by the way."""
        if cost >= self.best:
            return
        self.best, self.limit = cost, cost + slack(_shown(self.tier, cost), tolerance)
        formulation.hold(self.tier, self.limit)

    def outcome(self, cost: int) -> TierOutcome:
        """Say it in the numbers that people see."""
        return TierOutcome(
            name=self.tier.name,
            best=_shown(self.tier, self.best),
            bound=None if self.bound is None else _shown(self.tier, self.bound),
            limit=_shown(self.tier, self.limit),
            value=_shown(self.tier, cost),
            stopped="proven" if self.bound == self.best else self.stopped,
            runtime_s=self.runtime_s,
        )


class _Floors:
    """Costs that no choice can go below: what a tier can never be, and what a similar problem proves."""

    def __init__(self, arrays: Arrays, bounds: tuple[NearBound, ...]) -> None:
        self._near: dict[str, tuple[int, int]] = {}
        for tier, near in zip(arrays.tiers, bounds, strict=False):
            if near.tier != tier.name:
                break
            self._near[tier.name] = (tier.sign * (near.bound - tier.constant), tier.sign * (near.limit - tier.constant))

    def of(self, tier: TierArrays) -> int:
        return max(tier.least_cost, self._near.get(tier.name, (tier.least_cost, 0))[0])

    def after(self, tier: TierArrays, limit: int) -> None:
        """Forget what was proven under a firmer limit than this one."""
        if limit > self._near.get(tier.name, (0, limit))[1]:
            self._near.clear()


def _shown(tier: TierArrays, cost: int) -> int:
    return tier.sign * cost + tier.constant


class _News(cp_model.CpSolverSolutionCallback):
    """Passes solutions and bounds on as they come."""

    def __init__(self, tier: TierArrays, number: int, num_tiers: int, began: float, watch: Watcher | None) -> None:
        super().__init__()
        self._tier, self._number, self._num_tiers = tier, number, num_tiers
        self._began, self._watch = began, watch
        self._best: int | None = None
        self._bound: int | None = None
        self._is_enough = False
        self.floor: int | None = None

    def stop_once_found(self, solver: cp_model.CpSolver) -> None:
        """End the search now if it has a solution, or else with its first one."""
        self._is_enough = True
        if self._best is not None:
            solver.stop_search()

    def on_solution_callback(self) -> None:
        self._best = round(self.objective_value)
        if self._is_enough or self._best == self.floor:
            self.stop_search()
        self.on_bound(self.best_objective_bound)

    def on_bound(self, bound: float) -> None:
        self._bound = math.ceil(bound - 1e-6)
        self.tell()

    def tell(self) -> None:
        if self._watch is not None:
            self._watch(
                Progress(
                    self._tier.name,
                    self._number + 1,
                    self._num_tiers,
                    None if self._best is None else _shown(self._tier, self._best),
                    None if self._bound is None else _shown(self._tier, self._bound),
                    time.monotonic() - self._began,
                )
            )


class _Result:
    """What one optimisation gave."""

    def __init__(self, *, choice: Choice | None, bound: int | None, stopped: Stopped, infeasible: bool = False) -> None:
        self.choice, self.bound, self.stopped, self.infeasible = choice, bound, stopped, infeasible


class _Formulation:
    """The arrays as a CP-SAT model, built once; objectives and held tiers are laid over it."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self.model = model = cp_model.CpModel()
        self._y = [model.new_bool_var(f"y{b}") for b in range(len(arrays.base_site))]
        self._x = [model.new_bool_var(f"x{a}") for a in range(len(arrays.arc_site))]
        self._p = [model.new_bool_var(f"p{j}") for j in range(len(arrays.posts))]
        self._u = [model.new_bool_var(f"u{j}") for j in range(len(arrays.posts))]
        self._peak: dict[str, cp_model.IntVar] = {}
        self._kept: dict[str, list[cp_model.IntVar]] = {}
        self._one_state_for_every_site()
        self._officers()
        self._weekly_limits()
        self._pins()
        self._z: dict[tuple[int, int], cp_model.IntVar] = {}
        self._named_officers()

    def _one_state_for_every_site(self) -> None:
        arrays, model = self._arrays, self.model
        into = _groups(arrays.arc_site, len(arrays.posts))
        based = _groups(arrays.base_site, len(arrays.posts))
        for site, posts in enumerate(arrays.posts):
            model.add_exactly_one(self._p[site], self._u[site], *(self._x[a] for a in into[site]))
            model.add(sum(self._y[b] for b in based[site]) == int(posts) * self._p[site])
            if not arrays.may_be_uncovered[site]:
                model.add(self._u[site] == 0)

    def _officers(self) -> None:
        arrays, model = self._arrays, self.model
        for number, bases in enumerate(_groups(arrays.base_class, len(arrays.class_officers))):
            model.add(sum(self._y[b] for b in bases) <= len(arrays.class_officers[number]))
        for base, twin in enumerate(arrays.base_twin):
            if twin >= 0:
                model.add_implication(self._y[base], self._y[twin])

    def _weekly_limits(self) -> None:
        arrays, model = self._arrays, self.model
        ones = np.where(arrays.arc_is_shared, 1, 0)
        limits = (
            (arrays.arc_seconds, arrays.cap_seconds),
            (arrays.arc_peaks, arrays.cap_peaks),
            (arrays.arc_students, arrays.cap_students),
            (ones, arrays.cap_count),
        )
        for base, arcs in enumerate(_groups(arrays.arc_base, len(arrays.base_site))):
            for a in arcs:
                model.add_implication(self._x[a], self._y[base])
            for use, cap in limits:
                if use[arcs].sum() > cap[base]:
                    terms = cp_model.LinearExpr.weighted_sum([self._x[a] for a in arcs], use[arcs].tolist())
                    model.add(terms <= int(cap[base]) * self._y[base])

    def _pins(self) -> None:
        for pin in self._arrays.pins:
            self.model.add_bool_or(
                *(self._y[b] for b in pin.bases), *(self._x[a] for a in pin.arcs), *(self._u[j] for j in pin.uncovered)
            )

    def _named_officers(self) -> None:
        """Say which base each named officer of a class of several holds, if any."""
        arrays, model = self._arrays, self.model
        for number, members in enumerate(arrays.class_officers):
            named = [officer for officer in arrays.named if officer.number == number]
            if not named:
                continue
            bases = np.flatnonzero(arrays.base_class == number).tolist()
            for officer in named:
                free = [b for b in bases if b not in officer.forbid_bases]
                z = {b: model.new_bool_var(f"z{officer.officer},{b}") for b in free}
                self._z |= {(officer.officer, b): variable for b, variable in z.items()}
                model.add_at_most_one(z.values())
                for b, variable in z.items():
                    model.add_implication(variable, self._y[b])
                for a in officer.forbid_arcs:
                    if arrays.arc_base[a] in z:
                        model.add_bool_or(z[arrays.arc_base[a]].negated(), self._x[a].negated())
                for pin in officer.pins:
                    options = [z[b] for b in pin.bases.tolist() if b in z]
                    for a in pin.arcs:
                        if arrays.arc_base[a] in z:
                            both = model.new_bool_var("")
                            model.add_implication(both, z[arrays.arc_base[a]])
                            model.add_implication(both, self._x[a])
                            options.append(both)
                    model.add_bool_or(options)
            for b in bases:
                model.add_at_most_one(self._z_at(b))
            # The bases that nobody named holds are left to the others.
            model.add(
                sum(self._y[b] for b in bases) - sum(v for (_, b), v in self._z.items() if b in set(bases))
                <= len(members) - len(named)
            )

    def _z_at(self, base: int) -> list[cp_model.IntVar]:
        return [variable for (_, b), variable in self._z.items() if b == base]

    def _cost(self, tier: TierArrays) -> cp_model.LinearExprT:
        if tier.bottleneck:
            return self._largest(tier)
        if tier.duties:
            return -sum(self._duties_kept(tier))
        variables: list[cp_model.IntVar] = []
        costs: list[int] = []
        for group, column in (
            (self._p, tier.primary_cost),
            (self._y, tier.base_cost),
            (self._x, tier.arc_cost),
            (self._u, tier.uncovered_cost),
        ):
            for index in np.flatnonzero(column):
                variables.append(group[index])
                costs.append(int(column[index]))
        return cp_model.LinearExpr.weighted_sum(variables, costs)

    def _largest(self, tier: TierArrays) -> cp_model.IntVar:
        if tier.name not in self._peak:
            arrays, model = self._arrays, self.model
            most = int(tier.base_cost.max(initial=0) + np.abs(tier.arc_cost).sum())
            largest = self._peak[tier.name] = model.new_int_var(0, most, tier.name)
            for base, arcs in enumerate(_groups(arrays.arc_base, len(arrays.base_site))):
                load = cp_model.LinearExpr.weighted_sum([self._x[a] for a in arcs], tier.arc_cost[arcs].tolist())
                model.add(largest >= int(tier.base_cost[base]) * self._y[base] + load)
        return self._peak[tier.name]

    def _duties_kept(self, tier: TierArrays) -> list[cp_model.IntVar]:
        if tier.name not in self._kept:
            model, named = self.model, {officer.officer for officer in self._arrays.named}
            kept = self._kept[tier.name] = [model.new_bool_var(f"{tier.name}{d}") for d in range(len(tier.duties))]
            for variable, duty in zip(kept, tier.duties, strict=True):
                model.add_implication(variable, self._y[duty.base])
                for a in duty.arcs:
                    model.add_implication(variable, self._x[a])
                if duty.officer in named:
                    z = self._z.get((duty.officer, duty.base))
                    model.add_implication(variable, z) if z is not None else model.add(variable == 0)
            pairs = list(zip(tier.duties, kept, strict=True))
            for officer in {duty.officer for duty in tier.duties}:
                model.add_at_most_one(v for duty, v in pairs if duty.officer == officer)
            for base in {duty.base for duty in tier.duties}:
                others = [v for duty, v in pairs if duty.base == base and duty.officer not in named]
                model.add_at_most_one(*others, *self._z_at(base))
        return self._kept[tier.name]

    def hold(self, tier: TierArrays, cost: int) -> None:
        """Let no later answer cost more in this tier."""
        self.model.add(self._cost(tier) <= cost)

    def optimise(
        self,
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
        if is_plan and (stop.requested or part_s <= 0):
            return _Result(choice=None, bound=None, stopped="interrupted" if stop.requested else "not reached")
        self.model.minimize(self._cost(tier))
        self._hint(start)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = part_s if is_plan else left_s
        solver.parameters.random_seed = params.seed
        solver.parameters.num_workers = params.workers
        solver.parameters.catch_sigint_signal = False
        # Measured on 75 campuses: a third of the time that the solver takes with its own settings.
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.max_presolve_iterations = 1
        solver.parameters.cut_level = 0
        solver.parameters.linearization_level = 2
        solver.best_bound_callback = news.on_bound
        news.floor = floor
        news.tell()
        enough = threading.Timer(part_s, news.stop_once_found, [solver])
        enough.daemon = True
        enough.start()
        with stop.calls(solver.stop_search):
            status = solver.solve(self.model, news)
        enough.cancel()
        if status == cp_model.INFEASIBLE:
            return _Result(choice=None, bound=None, stopped="proven", infeasible=True)
        stopped: Stopped = "interrupted" if stop.requested else "time limit"
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return _Result(choice=None, bound=None, stopped=stopped)
        choice = Choice(
            base=np.asarray([solver.boolean_value(y) for y in self._y], dtype=np.bool_),
            arc=np.asarray([solver.boolean_value(x) for x in self._x], dtype=np.bool_),
        )
        bound = max(math.ceil(solver.best_objective_bound - 1e-6), floor)
        is_proven = status == cp_model.OPTIMAL or choice.cost(self._arrays, tier) == bound
        return _Result(choice=choice, bound=bound, stopped="proven" if is_proven else stopped)

    def _hint(self, start: Choice | None) -> None:
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        if start is None:
            return
        arrays = self._arrays
        for variables, values in (
            (self._y, start.base),
            (self._x, start.arc),
            (self._p, start.primary(arrays)),
            (self._u, start.uncovered(arrays)),
        ):
            for variable, value in zip(variables, values, strict=True):
                self.model.add_hint(variable, bool(value))
        for pair in start.names(arrays, {}) or ():
            if pair in self._z:
                self.model.add_hint(self._z[pair], True)
        for other in arrays.tiers:
            if other.name in self._peak:
                self.model.add_hint(self._peak[other.name], start.cost(arrays, other))


def _groups(keys: Ints, num_groups: int) -> Sequence[Ints]:
    """Positions of each key, for keys 0 .. num_groups - 1."""
    order = np.argsort(keys, kind="stable")
    ends = np.cumsum(np.bincount(keys, minlength=num_groups))
    return np.split(order, ends[:-1]) if num_groups else []
