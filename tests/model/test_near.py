"""A plan of a similar problem makes the search shorter, never its answer another one."""

from __future__ import annotations

import random

import pytest

from sro_coverage.check import check
from sro_coverage.errors import DataError
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment, Officer
from tests.instances import random_problem, random_rules, random_times


def edited(problem, rng):
    """One change of a kind that planners ask for."""
    kind = rng.choice(["pin", "pin", "forbid", "forbid", "absent", "more", "limit", "order", "closed"])
    rules = random_rules(rng, problem.campuses, problem.officers)
    match kind:
        case "pin":
            return problem.replace(pins=(*problem.pins, *rules))
        case "forbid":
            return problem.replace(forbids=(*problem.forbids, *rules))
        case "absent":
            return problem.replace(officers=problem.officers[1:])
        case "more":
            return problem.replace(officers=(*problem.officers, Officer(id="extra", name="Extra")))
        case "limit":
            limits = {"max_travel_min": rng.choice([6, 20]), "max_shared": rng.choice([1, 3])}
            return problem.replace(policy=problem.policy.model_copy(update=limits))
        case "order":
            order = problem.order[::-1]
            return problem.replace(objective=problem.objective.model_copy(update={"order": order}))
        case "closed":
            return problem.replace(campuses=problem.campuses[1:])


@pytest.mark.parametrize("block", range(8))
def test_the_answer_is_the_same_with_and_without_a_similar_plan(block):
    compared = 0
    for seed in range(block * 20, block * 20 + 20):
        rng = random.Random(seed)
        problem = random_problem(seed + 7000, num_campuses=6, num_officers=3)
        try:
            other = edited(problem, rng)
        except DataError:
            continue
        fresh, warm = solve(other), solve(other, near=solve(problem))
        assert warm.status == fresh.status
        assert [(t.name, t.best, t.bound) for t in warm.tiers] == [(t.name, t.best, t.bound) for t in fresh.tiers]
        assert check(warm) == []
        compared += fresh.has_beats
    assert compared >= 8


def test_a_bound_is_not_used_where_an_earlier_tier_got_worse():
    """Forbidding the only beat near the school makes coverage worse, and travel then gets better than its old bound."""
    found = 0
    for seed in range(40):
        problem = random_problem(seed + 9000, num_campuses=6, num_officers=2).replace(pins=(), forbids=())
        order = ("coverage", "travel")
        problem = problem.replace(objective=problem.objective.model_copy(update={"order": order}))
        base = solve(problem)
        lost = next((beat for beat in base.beats if beat.shared), None)
        if lost is None:
            continue
        forbid = Assignment(campus=lost.shared[0].campuses[0], state="shared")
        try:
            other = problem.replace(forbids=(forbid,))
        except DataError:
            continue
        warm = solve(other, near=base)
        assert [tier.best for tier in warm.tiers] == [tier.best for tier in solve(other).tiers]
        found += warm.tiers[0].best > base.tiers[0].best and warm.tiers[1].best < base.tiers[1].best
    assert found


def test_bounds_of_other_travel_times_are_not_used():
    """A plan made with another matrix used to prove what is not so, or to end in an assertion."""
    problem = random_problem(5, num_campuses=6, num_officers=2).replace(pins=(), forbids=())
    problem = problem.replace(objective=problem.objective.model_copy(update={"order": ("reach", "travel")}))
    slow, fast = (random_times(seed, len(problem.sites)) for seed in (1, 2))
    for one, other in ((slow, fast), (fast, slow)):
        for names in (("given", "given"), ("matrix: a", "matrix: b")):
            near = solve(problem, times=one.named(names[0]))
            warm = solve(problem, times=other.named(names[1]), near=near)
            assert [tier.best for tier in warm.tiers] == [tier.best for tier in solve(problem, times=other).tiers]
