"""What all plans as good as a given one have in common, and what each of them may have otherwise."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from ortools.sat.python import cp_model

from sro_coverage.model.arrays import Arrays, Choice, TierArrays
from sro_coverage.model.formulation import Formulation, a_solver
from sro_coverage.model.solution import SolveParams
from sro_coverage.problem import State

PART_S = 2.0  # for each search for more differences; only the last one has to prove that there are none


class Item(NamedTuple):
    """
    One assignment: a state of a site and who gives it.

    Parameters
    ----------
    number
        Class of the officer; -1 if the site is uncovered.
    base
        Site where that officer is based; the site itself for a primary, -1 if it is uncovered.
    """

    site: int
    state: State
    number: int
    base: int


@dataclass(frozen=True)
class Freedom:
    """
    What plans within the limits may do.

    Parameters
    ----------
    always
        Assignments of every such plan.
    possible
        Assignments of at least one such plan.
    always_proven, possible_proven
        Whether the search was complete. If not, `always` may hold too many, and `possible` too few.
    """

    always: frozenset[Item]
    possible: frozenset[Item]
    always_proven: bool
    possible_proven: bool


def freedom(
    arrays: Arrays, held: list[tuple[TierArrays, int]], choice: Choice, params: SolveParams, *, find_possible: bool
) -> Freedom:
    """
    Search the plans that keep tiers within limits for assignments that some have and some have not.

    Parameters
    ----------
    held
        Tiers with the largest cost that counts as good enough.
    choice
        A plan within the limits.
    find_possible
        Whether to search for every possible assignment too, which takes longer.
    """
    search = _Search(arrays, held, choice, params)
    always, always_proven = search.always()
    possible_proven = find_possible and search.find_possible()
    return Freedom(frozenset(always), frozenset(search.seen), always_proven, possible_proven)


class _Search:
    """Plans within limits, one after another, each unlike those before."""

    def __init__(self, arrays: Arrays, held: list[tuple[TierArrays, int]], choice: Choice, params: SolveParams) -> None:
        self._arrays, self._held, self._choice, self._params = arrays, held, choice, params
        self._ends = time.monotonic() + params.time_limit_s
        self.seen = _items_of(arrays, choice)

    def always(self) -> tuple[set[Item], bool]:
        """Shrink the items of the plan to those that no other plan is without."""
        formulation, variables = self._fresh()
        rest = set(self.seen)
        while rest:
            kept = sum(variables[item] for item in sorted(rest))
            formulation.model.add(kept <= len(rest) - 1)
            formulation.model.minimize(kept)
            found, is_proven = self._next(formulation)
            if found is None:
                return rest, is_proven
            rest &= found
        return rest, True

    def find_possible(self) -> bool:
        """Look for items not seen in any plan so far until there is none."""
        formulation, variables = self._fresh()
        while unseen := sorted(variables.keys() - self.seen):
            new = sum(variables[item] for item in unseen)
            formulation.model.add(new >= 1)
            formulation.model.maximize(new)
            found, is_proven = self._next(formulation)
            if found is None:
                return is_proven
        return True

    def _fresh(self) -> tuple[Formulation, dict[Item, cp_model.IntVar]]:
        formulation = Formulation(self._arrays)
        for tier, limit in self._held:
            formulation.hold(tier, limit)
        return formulation, _variables(self._arrays, formulation)

    def _next(self, formulation: Formulation) -> tuple[set[Item] | None, bool]:
        """Give the items of one more plan, or None and whether it is proven that there is no more."""
        formulation.hint(self._choice)
        left_s = self._ends - time.monotonic()
        solver = a_solver(self._params, max(min(PART_S, left_s), 0.01))
        status = solver.solve(formulation.model)
        if status == cp_model.UNKNOWN and left_s > PART_S:
            solver = a_solver(self._params, left_s - PART_S)
            solver.parameters.stop_after_first_solution = True
            status = solver.solve(formulation.model)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            found = _items_of(self._arrays, formulation.chosen(solver))
            self.seen |= found
            return found, False
        return None, status == cp_model.INFEASIBLE


def _arc_item(arrays: Arrays, a: int) -> Item:
    base = arrays.arc_base[a]
    state: State = "shared" if arrays.arc_is_shared[a] else "on-call"
    return Item(int(arrays.arc_site[a]), state, int(arrays.base_class[base]), int(arrays.base_site[base]))


def _base_item(arrays: Arrays, b: int) -> Item:
    site = int(arrays.base_site[b])
    return Item(site, "primary", int(arrays.base_class[b]), site)


def _items_of(arrays: Arrays, choice: Choice) -> set[Item]:
    items = {_base_item(arrays, b) for b in np.flatnonzero(choice.base).tolist()}
    items |= {_arc_item(arrays, a) for a in np.flatnonzero(choice.arc).tolist()}
    return items | {Item(int(site), "uncovered", -1, -1) for site in np.flatnonzero(choice.uncovered(arrays))}


def _variables(arrays: Arrays, formulation: Formulation) -> dict[Item, cp_model.IntVar]:
    """One truth value for each item; posts of one base that may do the same count as one."""
    groups: dict[Item, list[cp_model.IntVar]] = defaultdict(list)
    for b, variable in enumerate(formulation.y):
        groups[_base_item(arrays, b)].append(variable)
    for a, variable in enumerate(formulation.x):
        groups[_arc_item(arrays, a)].append(variable)
    for site, variable in enumerate(formulation.u):
        groups[Item(site, "uncovered", -1, -1)].append(variable)
    return {item: _any(formulation.model, group) for item, group in groups.items()}


def _any(model: cp_model.CpModel, group: Collection[cp_model.IntVar]) -> cp_model.IntVar:
    variables = list(group)
    if len(variables) == 1:
        return variables[0]
    either = model.new_bool_var("")
    model.add_max_equality(either, variables)
    return either
