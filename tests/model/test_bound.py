"""The Lagrangian bound against the enumeration of every plan: it may never pass the best one."""

from __future__ import annotations

import random

import numpy as np
import pytest

from sro_coverage.model.ascent import ascend, good_start
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.stars import Stars
from sro_coverage.travel import travel_times
from tests.instances import Enumeration, random_problem, random_times


def costs_of_all_plans(problem, times, arrays) -> np.ndarray:
    """One row a plan, one column a tier, each as a cost."""
    words = Enumeration(problem, times)
    rows = {
        tuple(words.values(weeks)[tier.name] for tier in arrays.tiers)
        for weeks in words.weeks()
        if words.keeps_pins(weeks)
    }
    constants = np.asarray([tier.constant for tier in arrays.tiers])
    signs = np.asarray([tier.sign for tier in arrays.tiers])
    return signs * (np.asarray(sorted(rows)).reshape(-1, len(signs)) - constants)


def assert_bound_is_valid(seed: int) -> int:
    problem = random_problem(seed)
    times = random_times(seed, len(problem.sites)) if seed % 3 == 0 else travel_times(problem)
    arrays = compile_arrays(problem, times)
    plans = costs_of_all_plans(problem, times, arrays)
    if not len(plans):
        return 0
    rng = random.Random(seed)
    stars, checked = Stars.of(arrays), 0
    for number, tier in enumerate(arrays.tiers):
        if not tier.is_sum:
            continue
        limits = plans[rng.randrange(len(plans))]
        held = [(other, int(limits[k])) for k, other in enumerate(arrays.tiers) if k < number]
        sums = [k for k, (other, _) in enumerate(held) if other.is_sum]
        best = int(plans[(plans[:, sums] <= limits[sums]).all(axis=1), number].min())
        relaxation = Relaxation(arrays, stars, tier, held, Exclusions.of_rules(arrays, stars))
        size = relaxation.sizes[0]
        for _ in range(5):
            prices = Prices(
                np.asarray([rng.uniform(-1, 3) * size for _ in arrays.posts]),
                np.asarray([rng.choice([0, rng.uniform(0, 2) * size]) for _ in arrays.class_officers]),
                np.asarray([rng.choice([0, rng.uniform(0, 3) * size / s]) for s in relaxation.sizes[1:]]),
            )
            assert relaxation.evaluate(prices).whole <= best
        bound = ascend(relaxation, good_start(relaxation, [None] * len(relaxation.held)), best, rounds=25)
        assert bound.whole <= best
        # What is excluded at the best cost is not part of a best plan: without it the bound still holds.
        excluded = relaxation.regrets(bound.prices).beyond(best, relaxation.excluded)
        smaller = Relaxation(arrays, stars, tier, held, excluded)
        again = ascend(smaller, bound.prices, best, rounds=10)
        assert again.whole <= best
        checked += 1
    return checked


@pytest.mark.parametrize("block", range(5))
def test_bound_never_passes_the_best_plan(block):
    assert sum(assert_bound_is_valid(seed) for seed in range(block * 20, block * 20 + 20)) > 30


def test_bound_is_tight_where_nothing_is_relaxed():
    problem = random_problem(11, num_campuses=5, num_officers=1).replace(pins=(), forbids=())
    times = travel_times(problem)
    arrays = compile_arrays(problem, times)
    stars = Stars.of(arrays)
    tier = arrays.tiers[0]
    best = int(costs_of_all_plans(problem, times, arrays)[:, 0].min())
    relaxation = Relaxation(arrays, stars, tier, [], Exclusions.of_rules(arrays, stars))
    bound = ascend(relaxation, good_start(relaxation, []), best, rounds=300)
    assert bound.whole == best
