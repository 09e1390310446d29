"""Why a goal is not met, however many officers there are."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

from sro_coverage.clash import Trials
from sro_coverage.errors import DataError
from sro_coverage.explain.base import Base
from sro_coverage.explain.goals import CampusGoal, Goal, StudentsCovered
from sro_coverage.plan import Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Problem, Site

_TIME_S = 20.0
_NAMED = 3


def why_unmet(base: Base, problem: Problem, goals: Sequence[Goal]) -> tuple[str, ...]:
    """
    Say why no plan of a problem meets some goals.

    Parameters
    ----------
    base
        Has the travel times.
    problem
        With as many officers as there are posts.

    Returns
    -------
    tuple of str
        For each goal the campuses that cannot meet it; or else the rules that clash.
    """
    alone = tuple(f'"{goal}": {reason}' for goal in goals for reason in _reasons(base, problem, goal))
    return alone or tuple(filter(None, [_clash(base, problem, goals)]))


def _reasons(base: Base, problem: Problem, goal: Goal) -> list[str]:
    if isinstance(goal, StudentsCovered):
        return _too_few_students(_solved(base, goal.asked(problem)), goal)
    ends = time.monotonic() + _TIME_S
    nowhere = goal.asked_at(problem, [])
    if Trials(nowhere, base.times, _TIME_S).without(()) is False:
        return [_solved(base, nowhere).explanation]
    alike = defaultdict(list)
    for site in _unable(base, problem, goal, ends):
        alike[_why_not(problem, goal, site)].append(site)
    return [f"{_named(sites)} {reason}" for reason, sites in alike.items()]


def _solved(base: Base, problem: Problem) -> Plan:
    return solve(problem, base.params, folder=base.folder, times=base.times)


def _too_few_students(plan: Plan, goal: StudentsCovered) -> list[str]:
    if not plan.has_beats:
        return [plan.explanation]
    bound = plan.tiers[0].bound
    if bound is None or bound <= goal.most_not_covered(plan.problem):
        return []
    students = sum(site.enrollment for site in plan.problem.sites)
    return [f"at most {students - bound:,} of {students:,} students ({1 - bound / students:.1%}) can be covered"]


def _unable(base: Base, problem: Problem, goal: CampusGoal, ends: float) -> list[Site]:
    """Find the sites that cannot meet a goal, even if it is asked of no other."""

    def can(sites: Sequence[Site]) -> bool | None:
        try:
            asked = goal.asked_at(problem, sites)
        except DataError:
            return False
        return Trials(asked, base.times, ends - time.monotonic()).without(())

    def sift(sites: Sequence[Site]) -> list[Site]:
        """Sites that can meet it all together are settled at once."""
        if not sites or can(sites) is not False:
            return []
        half = len(sites) // 2
        return list(sites) if len(sites) == 1 else sift(sites[:half]) + sift(sites[half:])

    return sift(goal.sites(problem))


def _why_not(problem: Problem, goal: CampusGoal, site: Site) -> str:
    if not set(goal.states) & set(site.rule.states):
        return f"may only be {' or '.join(site.rule.states) or 'uncovered'}"
    try:
        goal.asked_at(problem, [site])
    except DataError as error:
        return "cannot: " + "; ".join(issue.found for issue in error.issues)
    return "cannot, with the limits, pins and forbids that there are"


def _named(sites: Sequence[Site]) -> str:
    names = [
        f"{site.name} (one site: {', '.join(sorted({campus.level for campus in site.campuses}))})"
        if len(site.campuses) > 1
        else f"{site.name} ({site.lead.level})"
        for site in sites
    ]
    rest = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]).replace("_", " ") + rest


def _clash(base: Base, problem: Problem, goals: Sequence[Goal]) -> str:
    """Say what keeps goals from being met together that can be met one by one."""
    try:
        for goal in goals:
            problem = goal.asked(problem)
    except DataError as error:
        return "; ".join(map(str, error.issues))
    plan = _solved(base, problem)
    shares = [goal for goal in goals if isinstance(goal, StudentsCovered)]
    return plan.explanation or "; ".join(
        f'"{goal}": {reason} with the other goals kept' for goal in shares for reason in _too_few_students(plan, goal)
    )
