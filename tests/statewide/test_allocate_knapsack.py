"""The knapsack gives what trying every choice gives."""

from __future__ import annotations

import itertools
import random

import pytest

from sro_coverage.statewide.knapsack import Knapsack, Option


def random_agencies(rng: random.Random) -> list[list[Option]]:
    """Curves of any shape: with leaps, flat parts, gaps and falls; often with ties."""
    tiers, high = rng.choice([1, 2, 3]), rng.choice([2, 5, 1000])
    agencies = []
    for _ in range(rng.choice([0, 1, 2, 3, 4])):
        counts = sorted(rng.sample(range(7), rng.choice([1, 2, 3, 4])))
        agencies.append([Option(count, tuple(rng.randrange(high) for _ in range(tiers))) for count in counts])
    return agencies


def best_by_trying(agencies: list[list[Option]], most: int) -> tuple[tuple[int, ...], int] | None:
    """The best values, and the fewest officers they take."""
    found = []
    for choice in itertools.product(*agencies):
        spent = sum(option.officers for option in choice)
        if spent <= most:
            totals = tuple(sum(column) for column in zip(*(option.values for option in choice), strict=True))
            found.append((totals, -spent))
    return max(found, default=None)


@pytest.mark.parametrize("seed", range(400))
def test_it_is_the_best_of_all_choices(seed):
    rng = random.Random(seed)
    agencies, most = random_agencies(rng), rng.choice([0, 1, 3, 7, 20])
    knapsack = Knapsack(agencies, most)
    for officers in range(most + 1):
        best, chosen = best_by_trying(agencies, officers), knapsack.chosen(officers)
        if best is None:
            assert knapsack.total(officers) is None and chosen == ()
            continue
        totals, spent = best[0], -best[1]
        assert knapsack.total(officers) == totals
        assert len(chosen) == len(agencies)
        assert all(option in options for option, options in zip(chosen, agencies, strict=True))
        assert sum(option.officers for option in chosen) == spent
        assert tuple(map(sum, zip(*(option.values for option in chosen), strict=True))) == totals


def test_the_first_tier_decides_and_then_the_second():
    agencies = [[Option(0, (0, 0)), Option(1, (5, 0))], [Option(0, (0, 0)), Option(1, (5, 1))], [Option(0, (4, 900))]]
    assert [option.officers for option in Knapsack(agencies, 1).chosen(1)] == [0, 1, 0]
    assert Knapsack(agencies, 2).total(2) == (14, 901)


def test_an_officer_who_buys_nothing_is_not_given_and_ties_go_to_the_first():
    flat = [[Option(count, (3, 3)) for count in range(3)]]
    assert [option.officers for option in Knapsack(flat, 2).chosen(2)] == [0]
    twins = [[Option(0, (0,)), Option(1, (7,))]] * 3
    assert [option.officers for option in Knapsack(twins, 2).chosen(2)] == [1, 1, 0]


def test_a_curve_that_only_leaps_at_the_second_officer():
    leap = [Option(0, (0,)), Option(1, (0,)), Option(2, (10,))]
    slow = [Option(0, (0,)), Option(1, (4,)), Option(2, (7,))]
    totals = [Knapsack([leap, slow], 4).total(officers) for officers in range(5)]
    assert totals == [(0,), (4,), (10,), (14,), (17,)]


def test_numbers_beyond_64_bits():
    huge = 10**12
    agencies = [[Option(0, (0, 0, 1)), Option(1, (huge, huge, huge - number))] for number in range(3)]
    knapsack = Knapsack(agencies, 2)
    assert knapsack.total(2) == (2 * huge, 2 * huge, 2 * huge - 1 + 1)
    assert [option.officers for option in knapsack.chosen(2)] == [1, 1, 0]
