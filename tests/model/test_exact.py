"""The exact solver against the enumeration of every plan, and its promises."""

from __future__ import annotations

import random

import pytest

from sro_coverage.check import check
from sro_coverage.model.solution import SolveParams
from sro_coverage.planner import solve
from sro_coverage.travel import travel_times
from tests.instances import Enumeration, random_problem, random_times


def assert_equals_enumeration(seed: int) -> str:
    problem = random_problem(seed)
    times = random_times(seed, len(problem.sites)) if seed % 3 == 0 else travel_times(problem)
    plan = solve(problem, times=times)
    expected = Enumeration(problem, times).best()
    if expected is None:
        assert plan.status == "infeasible"
        assert "These cannot be kept together" in plan.explanation
    else:
        assert plan.status == "optimal", plan
        assert [tier.best for tier in plan.tiers] == expected
        assert check(plan, times=times) == []
    return plan.status


@pytest.mark.parametrize("block", range(10))
def test_equals_enumeration_of_every_plan(block):
    statuses = [assert_equals_enumeration(seed) for seed in range(block * 40, block * 40 + 40)]
    assert statuses.count("optimal") >= 20


def test_infeasible_and_feasible_instances_are_both_met():
    statuses = {assert_equals_enumeration(seed) for seed in range(400, 440)}
    assert statuses == {"optimal", "infeasible"}


@pytest.mark.parametrize("seed", range(25))
def test_one_more_officer_never_hurts_the_first_tier(seed):
    problem = random_problem(seed + 1000, num_campuses=7, num_officers=2)
    problem = problem.replace(pins=(), forbids=())
    twin = problem.officers[0].model_copy(update={"id": "extra", "primary": None, "shared": ()})
    if problem.order[0] in ("balance", "travel", "visibility", "continuity"):
        order = ("coverage", "primary", "reach")
        problem = problem.replace(objective=problem.objective.model_copy(update={"order": order}))
    fewer, more = solve(problem), solve(problem.replace(officers=(*problem.officers, twin)))
    sign = -1 if fewer.tiers[0].more_is_better else 1
    assert sign * more.tiers[0].best <= sign * fewer.tiers[0].best


@pytest.mark.parametrize("seed", range(25))
def test_row_order_is_irrelevant(seed):
    problem = random_problem(seed + 2000, num_campuses=8, num_officers=3)
    campuses = list(problem.campuses)
    random.Random(seed).shuffle(campuses)
    assert solve(problem.replace(campuses=tuple(campuses))).to_json() == solve(problem).to_json()


@pytest.mark.parametrize("workers", [1, 4])
def test_bound_never_passes_the_value_and_a_short_limit_keeps_a_plan(workers):
    problem = random_problem(7, num_campuses=40, num_officers=6).replace(pins=(), forbids=())
    plan = solve(problem, SolveParams(time_limit_s=0.5, workers=workers))
    assert plan.status in ("optimal", "feasible")
    for tier in plan.tiers:
        sign = -1 if tier.more_is_better else 1
        assert sign * tier.value <= sign * tier.limit
        if tier.bound is not None:
            assert sign * tier.bound <= sign * tier.best


def test_same_seed_gives_the_same_document():
    problem = random_problem(11, num_campuses=20, num_officers=4).replace(pins=(), forbids=())
    assert solve(problem).to_json() == solve(problem).to_json()
