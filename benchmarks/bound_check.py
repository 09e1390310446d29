"""
Bounds against the enumeration of every plan, on thousands of small random instances.

    python benchmarks/bound_check.py [--instances 5000] [--first 0] [--time 0.3]

Each instance (3 to 5 campuses, 1 to 3 officers, every rule of the plan file by chance) is enumerated by code that
shares nothing with the solver. Then for each tier that is a sum, under limits on the earlier ones that some plan keeps:

- the bound at three random points, after the ascent, and again without what it excluded, is never above the best plan;
- the whole solver's bounds are never above the best plan within its limits, its plan is among those enumerated, and
  what it calls optimal is the best in every tier. Problems that it is not for are left out.

Prints how many were compared, and every seed that fails; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from sro_coverage.model.arrays import TierArrays
from sro_coverage.model.ascent import ascend, good_start
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.large import is_for_large, solve_large
from sro_coverage.model.solution import SolveParams
from sro_coverage.model.stars import Stars
from sro_coverage.travel import travel_times
from tests.instances import Enumeration, random_problem, random_times

_POINTS = 3


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first instance")
    parser.add_argument("--time", type=float, default=0.3, help="seconds for the whole solver on each")
    args = parser.parse_args()
    began, count = time.monotonic(), Counter[str]()
    params = SolveParams(time_limit_s=args.time)
    checks = {"bounds": compare_bounds, "whole solver": partial(compare_whole, params)}
    for done, seed in enumerate(range(args.first, args.first + args.instances), start=1):
        case = Case(seed)
        count["feasible"] += bool(len(case.plans))
        count["plans"] += len(case.plans)
        for kind, compare in checks.items():
            try:
                compare(case, count)
            except Exception as error:  # a crash is a finding like any other
                count[f"{kind} failed"] += 1
                print(f"seed {seed}, {kind}: {type(error).__name__}: {error}", flush=True)
        if done % 500 == 0:
            print(f"{done:,} instances, {time.monotonic() - began:,.0f} s", file=sys.stderr, flush=True)
    print(
        f"{args.instances:,} instances, of which {count['feasible']:,} have a plan "
        f"({count['plans']:,} different tuples of tier values), {time.monotonic() - began:,.0f} s\n"
        f"bounds: {count['bounds']:,} of {count['tiers']:,} tiers compared with the best plan, "
        f"{count['tight']:,} tiers met it; instances that failed: {count['bounds failed']}\n"
        f"whole solver: {count['solved']:,} plans ({count['refused']:,} feasible instances gave none, "
        f"{count['left out']:,} it is not for), "
        f"{count['outcomes']:,} bounds compared, {count['optimal']:,} called optimal; "
        f"instances that failed: {count['whole solver failed']}"
    )
    return int(count["bounds failed"] + count["whole solver failed"] > 0)


class Case:
    """An instance and all its plans: one row a tuple of tier values, each as a cost."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.problem = problem = random_problem(seed)
        times = random_times(seed, len(problem.sites)) if seed % 3 == 0 else travel_times(problem)
        self.arrays = compile_arrays(problem, times)
        self.words = words = Enumeration(problem, times)
        kept = (words.values(weeks) for weeks in words.weeks() if words.keeps_pins(weeks))
        self.shown = {tuple(values[name] for name in problem.order) for values in kept}
        signs, constants = (np.asarray([getattr(t, key) for t in self.arrays.tiers]) for key in ("sign", "constant"))
        self.plans = signs * (np.asarray(sorted(self.shown)).reshape(-1, len(signs)) - constants)


def compare_whole(params: SolveParams, case: Case, count: Counter[str]) -> None:
    """Check what the whole solver says; an AssertionError says what is wrong."""
    arrays, plans = case.arrays, case.plans
    if not is_for_large(arrays):
        count["left out"] += 1
        return
    solution = solve_large(arrays, case.problem.objective.tolerance, params)
    if not len(plans):
        assert solution.choice is None, "a plan where there is none"
        return
    if solution.choice is None:
        count["refused"] += 1
        assert solution.status != "infeasible", "infeasible, but there are plans"
        return
    count["solved"] += 1
    assert solution.choice.keeps_rules(arrays), "the plan breaks a rule"
    assert tuple(tier.value for tier in solution.tiers) in case.shown, "the plan is not among all plans"
    within = np.ones(len(plans), np.bool_)
    for number, (tier, outcome) in enumerate(zip(arrays.tiers, solution.tiers, strict=True)):
        if outcome.bound is not None:
            bound, best = tier.sign * (outcome.bound - tier.constant), int(plans[within, number].min())
            assert bound <= best, f"the bound of {tier.name} is {bound}, the best plan {best}"
            count["outcomes"] += 1
        within &= plans[:, number] <= tier.sign * (outcome.limit - tier.constant)
    if solution.status == "optimal":
        count["optimal"] += 1
        found, best_of_all = [tier.best for tier in solution.tiers], case.words.best()
        assert found == best_of_all, f"called optimal: {found}, best: {best_of_all}"


def compare_bounds(case: Case, count: Counter[str]) -> None:
    """Check the Lagrangian bound of each tier; an AssertionError says what is wrong."""
    rng, arrays, plans = case.rng, case.arrays, case.plans
    if not len(plans):
        return
    stars = Stars.of(arrays)
    sums = [number for number, tier in enumerate(arrays.tiers) if _is_sum(tier)]
    for number in sums:
        tier, before = arrays.tiers[number], [k for k in sums if k < number]
        limits = plans[rng.randrange(len(plans))]
        best = int(plans[(plans[:, before] <= limits[before]).all(axis=1), number].min())
        held = [(arrays.tiers[k], int(limits[k])) for k in before]
        relaxation = Relaxation(arrays, stars, tier, held, Exclusions.of_rules(arrays, stars))
        size = relaxation.sizes[0]
        for _ in range(_POINTS):
            prices = Prices(
                np.asarray([rng.uniform(-1, 3) * size for _ in arrays.posts]),
                np.asarray([rng.choice([0, rng.uniform(0, 2) * size]) for _ in arrays.class_officers]),
                np.asarray([rng.choice([0, rng.uniform(0, 3) * size / s]) for s in relaxation.sizes[1:]]),
            )
            _check(relaxation.evaluate(prices).whole, best, f"{tier.name} at random prices", count)
        bound = ascend(relaxation, good_start(relaxation, [None] * len(relaxation.held)), best, rounds=25)
        _check(bound.whole, best, f"{tier.name} after the ascent", count)
        excluded = relaxation.regrets(bound.prices).beyond(best, relaxation.excluded)
        smaller = Relaxation(arrays, stars, tier, held, excluded)
        again = ascend(smaller, bound.prices, best, rounds=10)
        _check(again.whole, best, f"{tier.name} without what is excluded", count)
        count["tiers"] += 1
        count["tight"] += max(bound.whole, again.whole) == best


def _is_sum(tier: TierArrays) -> bool:
    return not (tier.bottleneck or tier.duties)


def _check(bound: int, best: int, where: str, count: Counter[str]) -> None:
    assert bound <= best, f"{where}: the bound is {bound}, the best plan {best}"
    count["bounds"] += 1


if __name__ == "__main__":
    sys.exit(main())
