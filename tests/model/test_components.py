"""Components planned by themselves at prices: a valid bound for the whole, and plans that keep every limit."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from sro_coverage.model.ascent import ascend, good_start
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.components import Components
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.exact import solve_exact
from sro_coverage.model.greedy import first_choice
from sro_coverage.model.solution import SolveParams
from sro_coverage.model.stars import Stars
from sro_coverage.problem import Campus, Objective, Officer, Policy, Problem
from sro_coverage.travel import travel_times

ORDER = ("coverage", "primary", "travel")


def towns(seed, num_officers=7, *, classes=1):
    """Some towns of a few campuses each, with no way from one to the next."""
    rng = np.random.default_rng(seed)
    sizes = [1, 2, 4, 5, 6]
    campuses = tuple(
        Campus(
            id=f"{town}-{i}", name=f"{town}-{i}", level=("middle", "high", "elementary")[int(rng.integers(3))],
            lat=33.0 + town + float(rng.uniform(0, 0.15)), lon=-117.0 + float(rng.uniform(0, 0.15)),
            enrollment=int(rng.integers(100, 2000)),
        )
        for town, size in enumerate(sizes)
        for i in range(size)
    )  # fmt: skip
    officers = tuple(
        Officer(id=str(i), name=str(i), weekly_hours=40.0 if i % classes == 0 else 30.0) for i in range(num_officers)
    )
    policy = Policy(max_shared=1, on_call_min=4)
    return Problem(title="", campuses=campuses, officers=officers, policy=policy, objective=Objective(order=ORDER))


def prepared(seed, tier_number, *, classes=1):
    """Give everything about one tier, with the tiers before it held at their best."""
    problem = towns(seed, classes=classes)
    arrays = compile_arrays(problem, travel_times(problem))
    exact = solve_exact(arrays, problem.objective.tolerance, SolveParams(time_limit_s=20))
    assert exact.status == "optimal"
    costs = [
        tier.sign * (outcome.best - tier.constant) for tier, outcome in zip(arrays.tiers, exact.tiers, strict=True)
    ]
    held = list(zip(arrays.tiers[:tier_number], costs, strict=False))
    stars = Stars.of(arrays)
    excluded, tier = Exclusions.of_rules(arrays, stars), arrays.tiers[tier_number]
    relaxation = Relaxation(arrays, stars, tier, held, excluded)
    before = solve_exact(_upto(arrays, tier_number), problem.objective.tolerance, SolveParams(time_limit_s=20)).choice
    choice = before if tier_number else first_choice(arrays)
    draft = Draft.of_choice(Ground(arrays, stars, tier, held, excluded), choice)
    assert draft.excess == 0
    return arrays, draft, relaxation, costs[tier_number]


def _upto(arrays, tier_number):
    return replace(arrays, tiers=arrays.tiers[: max(tier_number, 1)])


@pytest.mark.parametrize(("seed", "tier_number"), list(itertools.product(range(3), range(3))))
def test_no_bound_of_the_components_passes_the_best_plan(seed, tier_number):
    arrays, draft, relaxation, best = prepared(seed, tier_number)
    prices = ascend(relaxation, good_start(relaxation, [None] * tier_number), draft.cost, rounds=60).prices
    components = Components(draft, relaxation, prices)
    assert components.number >= 5
    for _ in range(3):
        least, better = components.round(draft, np.inf, 2, lambda: False)
        assert least <= best
        if better is not None:
            assert better.excess == 0
            assert best <= better.cost < draft.cost
            assert better.choice().keeps_rules(arrays)
            draft = better


@pytest.mark.parametrize("seed", range(3))
def test_any_prices_give_a_valid_bound(seed):
    arrays, draft, relaxation, best = prepared(seed, 1)
    rng = np.random.default_rng(seed)
    for size in (0.0, 10.0, 1000.0):
        prices = Prices(rng.uniform(-1, 1, len(arrays.posts)) * size, np.zeros(1), rng.uniform(0, 3, 1))
        least, _ = Components(draft, relaxation, prices).round(draft, np.inf, 1, lambda: False)
        assert least <= best


@pytest.mark.parametrize("seed", range(2))
def test_officers_of_two_kinds_are_priced_apart(seed):
    arrays, draft, relaxation, best = prepared(seed, 0, classes=2)
    assert len(arrays.class_officers) == 2
    prices = ascend(relaxation, good_start(relaxation, []), draft.cost, rounds=60).prices
    components = Components(draft, relaxation, prices)
    for _ in range(3):
        least, better = components.round(draft, np.inf, 2, lambda: False)
        assert least <= best
        if better is not None:
            assert better.choice().keeps_rules(arrays)
            draft = better
    assert best <= draft.cost


def test_rounds_come_to_the_best_plan_where_officers_are_scarce():
    _, draft, relaxation, best = prepared(1, 0)
    start = draft.cost
    prices = ascend(relaxation, good_start(relaxation, []), draft.cost, rounds=200).prices
    components = Components(draft, relaxation, prices)
    for _ in range(6):
        _, better = components.round(draft, np.inf, 2, lambda: False)
        draft = better or draft
    assert draft.cost == best < start


def test_a_stop_gives_the_bound_of_the_prices_and_no_plan():
    _, draft, relaxation, _ = prepared(1, 0)
    bound = ascend(relaxation, good_start(relaxation, []), draft.cost, rounds=60)
    least, better = Components(draft, relaxation, bound.prices).round(draft, np.inf, 2, lambda: True)
    assert least == bound.whole
    assert better is None
