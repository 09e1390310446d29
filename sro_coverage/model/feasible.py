"""
Whether a problem has any plan: the rules of the arrays as a CP-SAT model far smaller than the one for the best plan.

Only sites that a pin or a forbid against *uncovered* speaks of need anybody; any other site may be uncovered. A call
uses up nothing: where a site may be on-call to a base it need not be shared from there, and it is on-call if anybody
in reach is held, whoever that is, unless a rule names somebody.
"""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from sro_coverage.model.arrays import Arrays, Choice, NamedOfficer, Options
from sro_coverage.model.solution import StopSignal
from sro_coverage.travel import Bools, Ints


def is_feasible(arrays: Arrays, time_limit_s: float, *, fewest: Ints | None = None) -> bool | None:
    """
    Tell whether any plan exists.

    Parameters
    ----------
    fewest
        Officers that each site needs at least if it is a primary, where fewer than its posts will do.

    Returns
    -------
    bool or None
        None if the time was too short to tell.
    """
    model = _Model(arrays, arrays.posts if fewest is None else fewest)
    status = _a_solver(time_limit_s).solve(model.model)
    return None if status == cp_model.UNKNOWN else bool(status != cp_model.INFEASIBLE)


def any_plan(arrays: Arrays, time_limit_s: float, stop: StopSignal) -> tuple[Choice | None, bool]:
    """
    Find a plan, good or not, that serves only sites that must be served.

    Returns
    -------
    tuple
        The plan, and whether there is none if it is None; the time may have been too short to tell.
    """
    solver, model = _a_solver(time_limit_s), _Model(arrays, arrays.posts)
    with stop.calls(solver.stop_search):
        status = solver.solve(model.model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, status == cp_model.INFEASIBLE
    return model.chosen(solver), False


def _a_solver(time_limit_s: float) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.parameters.num_workers = 1
    solver.parameters.catch_sigint_signal = False
    # On 72 sites presolve that looks for more than it finds took four fifths of the time, and with all rows in the
    # linear relaxation what had no answer in 10 s had one in 1 s.
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    solver.parameters.linearization_level = 2
    return solver


class _Model:
    """The variables of the formulation in `arrays`, as far as they decide whether there is a plan."""

    def __init__(self, arrays: Arrays, fewest: Ints) -> None:
        self._arrays = arrays
        self.model = model = cp_model.CpModel()
        pinned = np.zeros(len(arrays.posts), np.bool_)
        for pin in _pins(arrays):
            pinned |= _sites_of(arrays, pin)
        self._needed = pinned | ~arrays.may_be_uncovered
        self._arcs, self._calls = _useful_arcs(arrays, pinned, self._needed)
        self._y = [model.new_bool_var(f"y{b}") for b in range(len(arrays.base_site))]
        self._x = {a: model.new_bool_var(f"x{a}") for a in self._arcs.tolist()}
        self._p = {j: model.new_bool_var(f"p{j}") for j in np.unique(arrays.base_site).tolist()}
        may_be_uncovered = np.flatnonzero(arrays.may_be_uncovered & pinned).tolist()
        self._u = {j: model.new_bool_var(f"u{j}") for j in may_be_uncovered}
        self._o: dict[int, cp_model.IntVar] = {}
        self._officers(fewest)
        self._one_state_for_needed_sites()
        self._weekly_limits()
        for pin in arrays.pins:
            arcs = (self._x[a] for a in pin.arcs if a in self._x)
            model.add_bool_or(
                *(self._y[b] for b in pin.bases), *arcs, *(self._u[j] for j in pin.uncovered if j in self._u)
            )
        for number in sorted({officer.number for officer in arrays.named}):
            self._named_officers(number, [officer for officer in arrays.named if officer.number == number])

    def chosen(self, solver: cp_model.CpSolver) -> Choice:
        """Read what a solver found, each call given to the first who may take it."""
        arrays = self._arrays
        base = np.asarray([solver.boolean_value(y) for y in self._y], np.bool_)
        arc = np.zeros(len(arrays.arc_site), np.bool_)
        arc[[a for a, x in self._x.items() if solver.boolean_value(x)]] = True
        called = [j for j, on_call in self._o.items() if solver.boolean_value(on_call)]
        calls = self._calls[base[arrays.arc_base[self._calls]] & np.isin(arrays.arc_site[self._calls], called)]
        arc[calls[np.unique(arrays.arc_site[calls], return_index=True)[1]]] = True
        return Choice(base, arc)

    def _officers(self, fewest: Ints) -> None:
        arrays, model = self._arrays, self.model
        for site, primary in self._p.items():
            held = sum(self._y[b] for b in np.flatnonzero(arrays.base_site == site))
            model.add(held <= int(arrays.posts[site]) * primary)
            model.add(held >= int(fewest[site]) * primary)
        for number, members in enumerate(arrays.class_officers):
            model.add(sum(self._y[b] for b in np.flatnonzero(arrays.base_class == number)) <= len(members))
        for base in np.flatnonzero(arrays.base_twin >= 0):
            model.add_implication(self._y[base], self._y[arrays.base_twin[base]])

    def _one_state_for_needed_sites(self) -> None:
        arrays, model = self._arrays, self.model
        for site in np.flatnonzero(self._needed).tolist():
            states = [self._x[a] for a in self._arcs[arrays.arc_site[self._arcs] == site]]
            states += [group[site] for group in (self._p, self._u) if site in group]
            callers = arrays.arc_base[self._calls[arrays.arc_site[self._calls] == site]]
            if len(callers):
                on_call = self._o[site] = model.new_bool_var(f"o{site}")
                model.add_bool_or(*(self._y[b] for b in callers), on_call.negated())
                states.append(on_call)
            model.add_exactly_one(states)

    def _weekly_limits(self) -> None:
        arrays, model = self._arrays, self.model
        for a in self._arcs:
            model.add_implication(self._x[a], self._y[arrays.arc_base[a]])
        for use, cap in (
            (arrays.arc_seconds, arrays.cap_seconds),
            (arrays.arc_peaks, arrays.cap_peaks),
            (arrays.arc_students, arrays.cap_students),
            (arrays.arc_is_shared.astype(np.int64), arrays.cap_count),
        ):
            for base in np.unique(arrays.arc_base[self._arcs]):
                mine = self._arcs[arrays.arc_base[self._arcs] == base]
                if use[mine].sum() > cap[base]:
                    terms = cp_model.LinearExpr.weighted_sum([self._x[a] for a in mine], use[mine].tolist())
                    model.add(terms <= int(cap[base]) * self._y[base])
            self._all_together(use, cap)

    def _all_together(self, use: Ints, cap: Ints) -> None:
        """Follows from the rest, but shows at once that there are too few officers for all who must be covered."""
        arrays = self._arrays
        covered = self._needed & ~np.isin(np.arange(len(self._needed)), list(self._u))
        covered[arrays.arc_site[self._calls]] = False
        covered[arrays.arc_site[self._arcs[~arrays.arc_is_shared[self._arcs]]]] = False
        least = np.full(len(covered), np.iinfo(np.int64).max)
        np.minimum.at(least, arrays.arc_site[self._arcs], use[self._arcs])
        sites = np.flatnonzero(covered & np.isin(np.arange(len(covered)), arrays.arc_site[self._arcs])).tolist()
        room = cp_model.LinearExpr.weighted_sum(self._y, np.minimum(cap, least[sites].sum()).tolist())
        primary = sum(int(least[j]) * self._p[j] for j in sites if j in self._p)
        self.model.add(room + primary >= int(least[sites].sum()))

    def _named_officers(self, number: int, named: list[NamedOfficer]) -> None:
        """Say which base each named officer of a class of several holds, if any."""
        arrays, model = self._arrays, self.model
        bases = np.flatnonzero(arrays.base_class == number).tolist()
        holders: dict[int, list[cp_model.IntVar]] = {b: [] for b in bases}
        for officer in named:
            z = {b: model.new_bool_var(f"z{officer.officer},{b}") for b in bases if b not in officer.forbid_bases}
            model.add_at_most_one(z.values())
            for b, holds in z.items():
                model.add_implication(holds, self._y[b])
                holders[b].append(holds)
            for a in officer.forbid_arcs.tolist():
                if a in self._x and arrays.arc_base[a] in z:
                    model.add_at_most_one(z[arrays.arc_base[a]], self._x[a])
            for pin in officer.pins:
                options = [z[b] for b in pin.bases.tolist() if b in z]
                for a in pin.arcs.tolist():
                    if a in self._x and arrays.arc_base[a] in z:
                        both = model.new_bool_var("")
                        model.add_implication(both, z[arrays.arc_base[a]])
                        model.add_implication(both, self._x[a])
                        options.append(both)
                model.add_bool_or(options)
        for held_by in holders.values():
            model.add_at_most_one(held_by)
        # The bases that nobody named holds are left to the others.
        others = sum(self._y[b] for b in bases) - sum(holds for held_by in holders.values() for holds in held_by)
        model.add(others <= len(arrays.class_officers[number]) - len(named))


def _pins(arrays: Arrays) -> list[Options]:
    return [*arrays.pins, *(pin for officer in arrays.named for pin in officer.pins)]


def _sites_of(arrays: Arrays, pin: Options) -> Bools:
    """Tell which site a pin speaks of; none if nothing can fulfil it."""
    sites = np.zeros(len(arrays.posts), np.bool_)
    sites[arrays.base_site[pin.bases]] = True
    sites[arrays.arc_site[pin.arcs]] = True
    sites[pin.uncovered] = True
    return sites


def _useful_arcs(arrays: Arrays, pinned: Bools, needed: Bools) -> tuple[Ints, Ints]:
    """
    Tell apart the arcs that are decided one by one and the calls that anybody held may take.

    One by one: into pinned sites those that fulfil every pin, all that a named officer must not use, and shared
    ones to other needed sites from where no call can be made.
    """
    useful = needed[arrays.arc_site]
    for pin in _pins(arrays):
        breaks_it = _sites_of(arrays, pin)[arrays.arc_site]  # since a site has one state
        breaks_it[pin.arcs] = False
        useful &= ~breaks_it
    special = pinned[arrays.arc_site]
    for officer in arrays.named:
        special[officer.forbid_arcs] = True
    is_call = useful & ~special & ~arrays.arc_is_shared
    pair = (arrays.base_class * len(pinned) + arrays.base_site)[arrays.arc_base] * len(pinned) + arrays.arc_site
    may_call = np.isin(pair, pair[is_call])
    return np.flatnonzero(useful & (special | (arrays.arc_is_shared & ~may_call))), np.flatnonzero(is_call)
