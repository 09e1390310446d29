"""What is fixed and what is free, against the list of every plan."""

from __future__ import annotations

import pytest

from sro_coverage.explain.backbone import backbone
from sro_coverage.explain.base import Base
from tests.instances import Enumeration, random_problem


def enumerated(base: Base, limits: dict[str, int]) -> list[dict[int, tuple[str, int]]]:
    """State and primary of every site, for every plan within the limits."""
    every = Enumeration(base.problem, base.times)
    sign = {tier.name: -1 if tier.more_is_better else 1 for tier in base.plan.tiers}
    found = []
    for weeks in every.weeks():
        values = every.values(weeks)
        if not every.keeps_pins(weeks) or any(sign[n] * values[n] > sign[n] * limit for n, limit in limits.items()):
            continue
        states = dict.fromkeys(range(len(every.groups)), ("uncovered", -1, ()))
        for week in weeks:
            states[week.primary] = ("primary", week.primary)
            states |= dict.fromkeys(week.shared, ("shared", week.primary))
            states |= dict.fromkeys(week.on_call, ("on-call", week.primary))
        found.append(states)
    return found


@pytest.mark.parametrize("block", range(5))
@pytest.mark.parametrize("tolerance", [0, 0.15])
def test_equals_the_list_of_every_plan(block, tolerance):
    compared = free = 0
    for seed in range(block * 10, block * 10 + 10):
        base = Base.of(random_problem(seed + 40_000, num_campuses=4, num_officers=2))
        if not base.plan.has_beats:
            continue
        answer = backbone(base, tolerance)
        plans = enumerated(base, dict(answer.limits))
        assert answer.fixed_proven
        assert answer.options_proven
        for site, campus in enumerate(answer.campuses):
            expected = {plan[site][:2] for plan in plans}
            lead = {index: whole.id for index, whole in enumerate(base.problem.sites)} | {-1: None}
            assert {(o.state, o.primary) for o in campus.options} == {(state, lead[at]) for state, at in expected}
            assert campus.is_state_fixed == (len({state for state, _ in expected}) == 1)
            if len(campus.options) == len(expected):  # several kinds of officers may do the same
                assert campus.is_fixed == (len(expected) == 1)
            assert campus.now in campus.options
            free += not campus.is_fixed
        compared += 1
    assert compared >= 4


def test_a_tolerance_frees_something():
    base = Base.of(random_problem(14, num_campuses=8, num_officers=2).replace(pins=(), forbids=()))
    exact, loose = backbone(base), backbone(base, 0.5)
    assert sum(c.is_fixed for c in loose.campuses) < sum(c.is_fixed for c in exact.campuses)
    for before, after in zip(exact.campuses, loose.campuses, strict=True):
        assert set(before.options) <= set(after.options)
