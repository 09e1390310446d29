"""Curves: bounds of numbers that were not solved are never passed by their plans."""

from __future__ import annotations

import pytest

from sro_coverage.errors import DataError
from sro_coverage.plan import Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Campus, Objective, Officer, Policy, Problem, RuleChange
from sro_coverage.problem.policy import Assignment, numbered_officers
from sro_coverage.problem.staffing import staffed
from sro_coverage.statewide.curves import TIERS, Curve, Ground, Point
from sro_coverage.travel import TravelTimes
from tests.instances import random_problem, random_times


def at_number(problem: Problem, officers: int) -> Problem:
    """The problem that a point of a curve answers."""
    objective = Objective(order=TIERS, weight=problem.objective.weight)
    return problem.replace(officers=staffed(problem.officers, officers), objective=objective)


def plans(problem: Problem, seed: int) -> dict[int, Plan]:
    """Best plans for every number of officers, from the first."""
    times = random_times(seed, len(problem.sites))
    posts = sum(site.rule.posts for site in problem.sites)
    found = {}
    for number in range(len(problem.officers), posts + 1):
        try:
            found[number] = solve(at_number(problem, number), times=times)
        except DataError:  # a pin and a forbid that only contradict each other where nobody is left out
            return {}
    return found


@pytest.mark.parametrize("seed", range(60))
def test_no_plan_passes_a_bound_that_any_other_number_gives(seed):
    problem = random_problem(seed, num_officers=1 + seed % 2)
    objective = Objective(weight=problem.objective.weight)
    problem = problem.replace(objective=objective)
    if seed % 3:  # pins, forbids and limits of their own let no average hold
        problem = problem.replace(pins=(), forbids=(), officers=numbered_officers(len(problem.officers)))
    known = plans(problem, seed)
    ground = Ground.of(problem, len(problem.officers))
    assert ground.demand == sum(site.demand for site in problem.sites)
    whole = Curve(ground)
    for number, plan in known.items():
        whole.add(number, plan.status, plan.tiers, plan.explanation)
        assert plan.status in ("optimal", "infeasible")
    for number in known:
        assert whole.is_proven(number) and not whole.lacks(number)
        one = Curve(ground)
        one.add(number, known[number].status, known[number].tiers)
        for other in known:
            assert one.values(other) <= whole.values(other) <= one.bounds(other)
            assert one.bounds(other)[0] >= whole.values(other)[0]
        assert whole.values(number) == whole.points[number].values


def town(**changes: object) -> Problem:
    """Three high schools in a row, and an elementary that may only be shared."""
    campuses = [
        Campus(id=name, name=name, level="high", lat=36.5 + 0.01 * place, lon=-119.4, enrollment=students)
        for place, (name, students) in enumerate({"a": 900, "b": 500, "c": 400}.items())
    ]
    campuses.append(Campus(id="d", name="d", level="elementary", lat=36.53, lon=-119.4, enrollment=300))
    policy = Policy(max_shared=1, levels={"elementary": RuleChange(states=("shared",))})
    parts = {"title": "Town", "campuses": tuple(campuses), "officers": numbered_officers(1), "policy": policy}
    return Problem(**parts | changes)


def test_the_ground_of_a_town():
    expected = Ground(now=0, posts=4, demand=2100, coverable=2100, largest=(0, 900, 1400, 1800), beat=1400, alike=True)
    assert Ground.of(town(), 0) == expected
    assert Ground.of(town(policy=Policy(max_shared=1, max_students=1000)), 1).beat == 1000
    assert Ground.of(town(pins=(Assignment(campus="a", state="primary"),)), 1).beat is None
    assert Ground.of(town(policy=Policy(campuses={"a": RuleChange(posts=2)})), 1).beat is None
    assert not Ground.of(town(officers=(Officer(id="x", name="X", max_shared=0),)), 1).alike
    assert Ground.of(town(officers=(Officer(id="x", name="X", primary="a"),)), 1).alike


def test_where_nobody_may_be_based_nothing_has_to_be_solved():
    policy = Policy(levels={"high": RuleChange(states=("shared",)), "elementary": RuleChange(states=("shared",))})
    curve = Curve(Ground.of(town(policy=policy), 0))
    assert curve.ground.demand == 2100
    assert curve.bounds(3) == curve.values(3) == (0, 0) and not curve.lacks(3)
    on_call = Policy(levels={"elementary": RuleChange(states=("on-call",))})
    assert Curve(Ground.of(town(policy=on_call), 0)).bounds(4) == (1800, 1800)


def test_what_is_known_before_anything_is_solved():
    curve = Curve(Ground.of(town(), 0))
    assert curve.points == {0: Point(0, (0, 0), (0, 0))}
    assert [curve.bounds(number) for number in range(6)] == [
        (0, 0),
        (1400, 900),
        (2100, 1400),
        (2100, 1800),
        (2100, 1800),
        (2100, 1800),
    ]
    assert not curve.lacks(0) and curve.lacks(1) and curve.lacks(9)


def test_a_number_without_a_plan():
    curve = Curve(Ground.of(town(pins=tuple(Assignment(campus=c, state="primary") for c in "ab")), 1))
    plan = solve(at_number(town(pins=tuple(Assignment(campus=c, state="primary") for c in "ab")), 1))
    curve.add(1, plan.status, plan.tiers, plan.explanation)
    assert curve.values(1) == curve.bounds(1) == (0, 0)
    assert curve.points[1].reason.startswith("infeasible: These cannot be kept together")
    curve.add(2, "failed", (), "out of memory")
    assert curve.values(2) == (0, 0) and curve.bounds(2) == (2100, 1400) and not curve.lacks(2)


def test_numbers_around_settle_one_between():
    """With three officers all is covered and based; a fourth has nowhere to go, and five are four."""
    times = TravelTimes.from_matrix([[0 if a == b else 300 for b in range(4)] for a in range(4)], 1800)
    curve = Curve(Ground.of(town(), 1))
    for number in (3, 4):
        plan = solve(at_number(town(), number), times=times)
        curve.add(number, plan.status, plan.tiers)
    assert curve.values(3) == curve.values(4) == (2100, 1800)
    assert not curve.lacks(5)
    assert curve.lacks(2) and curve.bounds(2) == (2100, 1400)
