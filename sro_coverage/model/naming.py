"""Officers of one class are alike to the search; here they get their names, near to where they are today."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from sro_coverage.model.arrays import Arrays, Choice
from sro_coverage.model.compile import current_sites, present_duty
from sro_coverage.problem import Problem


def named_beats(problem: Problem, arrays: Arrays, choice: Choice) -> list[tuple[int, int]]:
    """
    Give each base that is held to an officer of its class.

    As many officers as possible keep their whole present duty; then as many students as possible keep
    their officer. Who has no present duty goes by the roster: the first to the largest campus.

    Returns
    -------
    list of (int, int)
        Officer (position in ``problem.officers``) and base.
    """
    held = sorted(
        np.flatnonzero(choice.base),
        # On-call arcs belong to the first post of a class, so it is given away first.
        key=lambda b: (-problem.sites[arrays.base_site[b]].enrollment, int(arrays.base_twin[b] >= 0), int(b)),
    )
    pairs: list[tuple[int, int]] = []
    for number, members in enumerate(arrays.class_officers):
        bases = [int(b) for b in held if arrays.base_class[b] == number]
        worth = _kept(problem, arrays, choice, members, bases)
        if worth.any():
            rows, columns = linear_sum_assignment(worth, maximize=True)
            pairs += [(members[row], bases[column]) for row, column in zip(rows, columns, strict=True)]
        else:
            pairs += zip(members, bases, strict=False)
    return sorted(pairs)


def _kept(problem: Problem, arrays: Arrays, choice: Choice, members: tuple[int, ...], bases: list[int]) -> np.ndarray:
    """Worth of each officer (row) at each base (column): the present duty kept, then the students who keep them."""
    demand = np.asarray([site.demand for site in problem.sites])
    whole = int(demand.sum()) * len(members) + 1
    worth = np.zeros((len(members), len(bases)), np.int64)
    if not problem.has_current_plan:
        return worth
    for column, base in enumerate(bases):
        primary = int(arrays.base_site[base])
        shared = set(arrays.arc_site[choice.arc & (arrays.arc_base == base) & arrays.arc_is_shared].tolist())
        for row, member in enumerate(members):
            officer = problem.officers[member]
            duty = present_duty(problem, officer)
            if duty is not None and duty[0] == primary and duty[1] <= shared:
                worth[row, column] += whole
            stays = sorted(({primary} | shared).intersection(current_sites(problem, officer)))
            worth[row, column] += demand[stays].sum()
    return worth
