"""The arrays as a CP-SAT model, built once; objectives and held tiers are laid over it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

from sro_coverage.model.arrays import Arrays, Choice, TierArrays
from sro_coverage.model.solution import SolveParams
from sro_coverage.travel import Ints


class Formulation:
    """
    The rules of the arrays over truth values.

    Parameters
    ----------
    arrays
        A compiled problem.

    Attributes
    ----------
    model
        With every rule, and no objective.
    y, x, u
        Whether each base is held, each arc used and each site uncovered.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self.model = model = cp_model.CpModel()
        self.y = [model.new_bool_var(f"y{b}") for b in range(len(arrays.base_site))]
        self.x = [model.new_bool_var(f"x{a}") for a in range(len(arrays.arc_site))]
        self._p = [model.new_bool_var(f"p{j}") for j in range(len(arrays.posts))]
        self.u = [model.new_bool_var(f"u{j}") for j in range(len(arrays.posts))]
        self._peak: dict[str, cp_model.IntVar] = {}
        self._kept: dict[str, list[cp_model.IntVar]] = {}
        self._one_state_for_every_site()
        self._officers()
        self._weekly_limits()
        self._pins()
        self._z: dict[tuple[int, int], cp_model.IntVar] = {}
        self._named_officers()

    def _one_state_for_every_site(self) -> None:
        arrays, model = self.arrays, self.model
        into = _groups(arrays.arc_site, len(arrays.posts))
        based = _groups(arrays.base_site, len(arrays.posts))
        for site, posts in enumerate(arrays.posts):
            model.add_exactly_one(self._p[site], self.u[site], *(self.x[a] for a in into[site]))
            model.add(sum(self.y[b] for b in based[site]) == int(posts) * self._p[site])
            if not arrays.may_be_uncovered[site]:
                model.add(self.u[site] == 0)

    def _officers(self) -> None:
        arrays, model = self.arrays, self.model
        for number, bases in enumerate(_groups(arrays.base_class, len(arrays.class_officers))):
            model.add(sum(self.y[b] for b in bases) <= len(arrays.class_officers[number]))
        for base, twin in enumerate(arrays.base_twin):
            if twin >= 0:
                model.add_implication(self.y[base], self.y[twin])

    def _weekly_limits(self) -> None:
        arrays, model = self.arrays, self.model
        ones = np.where(arrays.arc_is_shared, 1, 0)
        limits = (
            (arrays.arc_seconds, arrays.cap_seconds),
            (arrays.arc_peaks, arrays.cap_peaks),
            (arrays.arc_students, arrays.cap_students),
            (ones, arrays.cap_count),
        )
        for base, arcs in enumerate(_groups(arrays.arc_base, len(arrays.base_site))):
            for a in arcs:
                model.add_implication(self.x[a], self.y[base])
            for use, cap in limits:
                if use[arcs].sum() > cap[base]:
                    terms = cp_model.LinearExpr.weighted_sum([self.x[a] for a in arcs], use[arcs].tolist())
                    model.add(terms <= int(cap[base]) * self.y[base])

    def _pins(self) -> None:
        for pin in self.arrays.pins:
            self.model.add_bool_or(
                *(self.y[b] for b in pin.bases), *(self.x[a] for a in pin.arcs), *(self.u[j] for j in pin.uncovered)
            )

    def _named_officers(self) -> None:
        """Say which base each named officer of a class of several holds, if any."""
        arrays, model = self.arrays, self.model
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
                    model.add_implication(variable, self.y[b])
                for a in officer.forbid_arcs:
                    if arrays.arc_base[a] in z:
                        model.add_bool_or(z[arrays.arc_base[a]].negated(), self.x[a].negated())
                for pin in officer.pins:
                    options = [z[b] for b in pin.bases.tolist() if b in z]
                    for a in pin.arcs:
                        if arrays.arc_base[a] in z:
                            both = model.new_bool_var("")
                            model.add_implication(both, z[arrays.arc_base[a]])
                            model.add_implication(both, self.x[a])
                            options.append(both)
                    model.add_bool_or(options)
            for b in bases:
                model.add_at_most_one(self._z_at(b))
            # The bases that nobody named holds are left to the others.
            model.add(
                sum(self.y[b] for b in bases) - sum(v for (_, b), v in self._z.items() if b in set(bases))
                <= len(members) - len(named)
            )

    def _z_at(self, base: int) -> list[cp_model.IntVar]:
        return [variable for (_, b), variable in self._z.items() if b == base]

    def cost(self, tier: TierArrays) -> cp_model.LinearExprT:
        """Give the cost of a tier as an expression."""
        if tier.bottleneck:
            return self._largest(tier)
        if tier.duties:
            return -sum(self._duties_kept(tier))
        variables: list[cp_model.IntVar] = []
        costs: list[int] = []
        for group, column in (
            (self._p, tier.primary_cost),
            (self.y, tier.base_cost),
            (self.x, tier.arc_cost),
            (self.u, tier.uncovered_cost),
        ):
            for index in np.flatnonzero(column):
                variables.append(group[index])
                costs.append(int(column[index]))
        return cp_model.LinearExpr.weighted_sum(variables, costs)

    def _largest(self, tier: TierArrays) -> cp_model.IntVar:
        if tier.name not in self._peak:
            arrays, model = self.arrays, self.model
            most = int(tier.base_cost.max(initial=0) + np.abs(tier.arc_cost).sum())
            largest = self._peak[tier.name] = model.new_int_var(0, most, tier.name)
            for base, arcs in enumerate(_groups(arrays.arc_base, len(arrays.base_site))):
                load = cp_model.LinearExpr.weighted_sum([self.x[a] for a in arcs], tier.arc_cost[arcs].tolist())
                model.add(largest >= int(tier.base_cost[base]) * self.y[base] + load)
        return self._peak[tier.name]

    def _duties_kept(self, tier: TierArrays) -> list[cp_model.IntVar]:
        if tier.name not in self._kept:
            model, named = self.model, {officer.officer for officer in self.arrays.named}
            kept = self._kept[tier.name] = [model.new_bool_var(f"{tier.name}{d}") for d in range(len(tier.duties))]
            for variable, duty in zip(kept, tier.duties, strict=True):
                model.add_implication(variable, self.y[duty.base])
                for a in duty.arcs:
                    model.add_implication(variable, self.x[a])
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
        self.model.add(self.cost(tier) <= cost)

    def chosen(self, solver: cp_model.CpSolver) -> Choice:
        """Read what a solver found."""
        return Choice(
            base=np.asarray([solver.boolean_value(y) for y in self.y], dtype=np.bool_),
            arc=np.asarray([solver.boolean_value(x) for x in self.x], dtype=np.bool_),
        )

    def hint(self, start: Choice | None) -> None:
        """Say where to look first; the choice may break rules."""
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        if start is None:
            return
        arrays = self.arrays
        for variables, values in (
            (self.y, start.base),
            (self.x, start.arc),
            (self._p, start.primary(arrays)),
            (self.u, start.uncovered(arrays)),
        ):
            for variable, value in zip(variables, values, strict=True):
                self.model.add_hint(variable, bool(value))
        for pair in start.names(arrays, {}) or ():
            if pair in self._z:
                self.model.add_hint(self._z[pair], True)
        for other in arrays.tiers:
            if other.name in self._peak:
                self.model.add_hint(self._peak[other.name], start.cost(arrays, other))


def a_solver(params: SolveParams, time_limit_s: float) -> cp_model.CpSolver:
    """Give a solver with the settings that took a third of the default's time on 75 campuses."""
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.parameters.random_seed = params.seed
    solver.parameters.num_workers = params.workers
    solver.parameters.catch_sigint_signal = False
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.max_presolve_iterations = 1
    solver.parameters.cut_level = 0
    solver.parameters.linearization_level = 2
    solver.parameters.find_big_linear_overlap = False
    return solver


def _groups(keys: Ints, num_groups: int) -> Sequence[Ints]:
    """Positions of each key, for keys 0 .. num_groups - 1."""
    order = np.argsort(keys, kind="stable")
    ends = np.cumsum(np.bincount(keys, minlength=num_groups))
    return np.split(order, ends[:-1]) if num_groups else []
