"""Officers of one class are alike to the search; here they get their names, near to where they are today."""

from __future__ import annotations

import numpy as np

from sro_coverage.model.arrays import Arrays, Choice
from sro_coverage.model.compile import current_sites, present_duty
from sro_coverage.problem import Problem


def named_beats(problem: Problem, arrays: Arrays, choice: Choice) -> list[tuple[int, int]]:
    """
    Give each base that is held to an officer of its class.

    As many officers as possible keep their whole present duty; then as many students as possible keep
    their officer. Those whom nothing tells apart go by the roster: the first to the largest campus.

    Returns
    -------
    list of (int, int)
        Officer (position in ``problem.officers``) and base.
    """
    worth: dict[tuple[int, int], int] = {}
    if problem.has_current_plan:
        worth = _worth(problem, arrays, choice)
    pairs = choice.names(arrays, worth)
    if pairs is None:
        raise AssertionError("the plan leaves no way to name its officers")
    given = {base for _, base in pairs}
    left = [base for base in np.flatnonzero(choice.base).tolist() if base not in given]
    left.sort(key=lambda base: (-problem.sites[arrays.base_site[base]].enrollment, base))
    named = {officer for officer, _ in pairs} | {officer.officer for officer in arrays.named}
    waiting = [[member for member in members if member not in named] for members in arrays.class_officers]
    pairs += [(waiting[arrays.base_class[base]].pop(0), base) for base in left]
    return sorted(pairs)


def _worth(problem: Problem, arrays: Arrays, choice: Choice) -> dict[tuple[int, int], int]:
    """Worth of each officer at each base: the present duty kept, then the students who keep their officer."""
    demand = np.asarray([site.demand for site in problem.sites])
    whole = int(demand.sum()) * len(problem.officers) + 1
    worth = {}
    for base in np.flatnonzero(choice.base).tolist():
        primary = int(arrays.base_site[base])
        shared = set(arrays.arc_site[choice.arc & (arrays.arc_base == base) & arrays.arc_is_shared].tolist())
        for member in arrays.class_officers[arrays.base_class[base]]:
            officer = problem.officers[member]
            duty = present_duty(problem, officer)
            keeps = duty is not None and duty[0] == primary and duty[1] <= shared
            stays = sorted(({primary} | shared).intersection(current_sites(problem, officer)))
            if keeps or stays:
                worth[member, base] = whole * keeps + int(demand[stays].sum())
    return worth
