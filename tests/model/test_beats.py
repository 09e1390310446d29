"""Whole beats: found and listed as by trying them all, cuts that no plan breaks, the exact solver's optima."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sro_coverage.model import worker
from sro_coverage.model.ascent import ascend, good_start
from sro_coverage.model.beats import kernel
from sro_coverage.model.beats.apart import sets_apart
from sro_coverage.model.beats.ask import BeatSearch, are_short
from sro_coverage.model.beats.cuts import Cut, Cuts
from sro_coverage.model.beats.found import find_beats
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.exact import solve_exact
from sro_coverage.model.greedy import first_choice
from sro_coverage.model.solution import SolveParams
from sro_coverage.model.stars import Stars
from sro_coverage.travel import travel_times
from tests.instances import random_problem

NEVER = 2**60


def star(seed):
    """
    One base with nine sites around it, at random prices and limits; some may call, some cost more than they pay.

    With an odd seed their number alone is limited, and some cuts have all of them.
    """
    rng = np.random.default_rng(seed)
    sites = np.arange(1, 10)
    price = rng.integers(0, 60, 10)
    shared = rng.integers(0, 70, 9)
    on_call = np.where(rng.random(9) < 0.3, rng.integers(0, 70, 9), NEVER)
    use = np.column_stack((rng.integers(0, 9, 9), rng.integers(0, 3, 9), rng.integers(0, 9, 9), np.ones(9, np.int64)))
    cap = np.asarray([[rng.integers(5, 25), 5, rng.integers(5, 25), 4]])
    cuts = Cuts(10)
    cuts.add([any_cut(rng, 10) for _ in range(12)])
    if seed % 2:
        use[:, :3], cap[0, 3] = 0, rng.integers(1, 5)
        cuts.add([Cut(np.arange(10), divisor) for divisor in (3, 4, 6, 7)])
    paid = rng.integers(0, 20, len(cuts))
    return sites, price, shared, on_call, use, cap, cuts, paid


def any_cut(rng, num_sites):
    """A cut of any sites, often of three."""
    while True:
        size = 3 if rng.random() < 0.3 else int(rng.integers(3, num_sites))
        cut = Cut(np.sort(rng.choice(num_sites, size, replace=False)), int(rng.integers(2, size)))
        if cut.rest:
            return cut


def times(cut, sites):
    """How often a beat counts in a cut, site by site."""
    number = len(set(cut.sites.tolist()) & set(sites))
    return sum(k % cut.divisor >= len(cut.sites) % cut.divisor for k in range(number))


def found(seed, limit, find_all, node_limit=10**6):
    sites, price, shared, on_call, use, cap, cuts, paid = star(seed)
    base, start, spokes, value = (np.zeros(size, np.int64) for size in (600, 601, 3_000, 600))
    least = np.zeros(1, np.int64)
    number = kernel.find_beats(
        np.asarray([0]), np.asarray([50]), np.asarray([0]), (np.asarray([0, 9]), sites, use, cap), (shared, on_call),
        price, cuts.with_prices(paid), limit, find_all, node_limit, base, start, spokes, value, least,
    )  # fmt: skip
    beats = {tuple(sorted(spokes[start[k] : start[k + 1]].tolist())): int(value[k]) for k in range(number)}
    assert len(beats) == number
    return beats, int(least[0])


def listed(seed, limit, room):
    """How many beats of two bases alike are listed where there is room for so many."""
    sites, price, shared, on_call, use, cap, cuts, paid = star(seed)
    base, start, spokes, value = (np.zeros(size, np.int64) for size in (room, room + 1, 9 * room, room))
    return kernel.find_beats(
        np.asarray([0, 0]), np.asarray([50, 50]), np.asarray([0]), (np.asarray([0, 9]), sites, use, cap),
        (shared, on_call), price, cuts.with_prices(paid), limit, True, 10**6, base, start, spokes, value,
        np.zeros(2, np.int64),
    )  # fmt: skip


def tried(seed):
    """Every beat within the limits, and what it costs."""
    sites, price, shared, on_call, use, cap, cuts, paid = star(seed)
    every = {}
    for size in range(5):
        for spokes in itertools.combinations(range(9), size):
            if (use[list(spokes)].sum(axis=0) > cap[0]).any():
                continue
            mine = {0, *(int(sites[spoke]) for spoke in spokes)}
            value = 50 + sum(int(shared[spoke] - price[sites[spoke]]) for spoke in spokes)
            value -= sum(max(0, int(price[sites[j]] - on_call[j])) for j in range(9) if j not in spokes)
            value += sum(int(pay) * times(cut, mine) for cut, pay in zip(cuts.cuts, paid, strict=True))
            every[spokes] = value
    return every


@pytest.mark.parametrize("seed", range(60))
def test_beats_with_sites_that_cost_more_than_they_pay_are_listed(seed):
    """A list without them proved a plan best that was not."""
    every = tried(seed)
    for limit in (-40, 0, 30, 90):
        assert found(seed, limit, find_all=True)[0] == {beat: value for beat, value in every.items() if value < limit}


@pytest.mark.parametrize("seed", range(20))
def test_a_list_without_room_for_a_beat_of_no_sites_is_called_incomplete(seed):
    """It went on from the start of the list, and what it gave was no list of beats."""
    number = sum(value < 90 for value in tried(seed).values())
    assert listed(seed, 90, 2 * number) == 2 * number
    for room in range(2 * number):
        assert listed(seed, 90, room) == -1


@pytest.mark.parametrize("seed", range(60))
def test_the_cheapest_beat_is_found(seed):
    best = min(tried(seed).values())
    beats, least = found(seed, 2**61, find_all=False)
    assert list(beats.values()) == [best]
    assert least == best
    beats, least = found(seed, 0, find_all=False)
    assert list(beats.values()) == ([best] if best < 0 else [])
    assert min(best, 0) <= least <= best or (least == 0 <= best)


@pytest.mark.parametrize("seed", range(60))
def test_a_search_that_was_cut_tells_what_the_rest_may_cost(seed):
    best = min(tried(seed).values())
    leasts = [found(seed, 2**61, find_all=False, node_limit=nodes)[1] for nodes in (0, 1, 2, 4, 8, 16, 10**6)]
    assert max(leasts) == leasts[-1] == best


@pytest.mark.parametrize("seed", range(20))
def test_cuts_are_those_that_shares_break_and_whole_plans_break_none(seed):
    rng = np.random.default_rng(seed)
    beats = [rng.choice(8, rng.integers(1, 5), replace=False) for _ in range(12)]
    shares = rng.random(12)
    shares /= max(shares[[site in beat for beat in beats]].sum() for site in range(8))  # each has one state at most
    cuts = Cuts(8)
    broken = cuts.broken(beats, shares, 1_000, 1_000)
    over = {
        three: sum(
            share for beat, share in zip(beats, shares, strict=True) if len(set(beat.tolist()) & set(three)) >= 2
        )
        for three in itertools.combinations(range(8), 3)
    }
    wanted = {three for three, total in over.items() if total > 1.02}
    assert {tuple(cut.sites.tolist()) for cut in broken if len(cut.sites) == 3} == wanted
    for cut in broken:
        total = sum(share * times(cut, beat.tolist()) for beat, share in zip(beats, shares, strict=True))
        assert total > len(cut.sites) // cut.divisor * (cut.divisor - cut.rest)
    assert not cuts.broken(beats, shares, 1_000, 1_000)  # each only once
    parts = np.split(rng.permutation(8), [2, 5])
    assert not Cuts(8).broken(parts, np.ones(3), 1_000, 1_000)


@pytest.mark.parametrize("seed", range(200))
def test_no_plan_breaks_a_cut(seed):
    """Whatever its beats, and whoever is in none."""
    rng = np.random.default_rng(seed)
    num_sites = int(rng.integers(4, 16))
    cut = any_cut(rng, num_sites)
    for _ in range(20):
        beat_of = rng.integers(0, int(rng.integers(2, 7)), num_sites)
        beats = [np.flatnonzero(beat_of == beat).tolist() for beat in range(1, 7)]
        assert sum(times(cut, beat) for beat in beats) <= cut.most
    assert sum(times(cut, [site]) for site in range(num_sites)) <= cut.most


def test_officers_for_five_sites_each_cannot_serve_eleven_by_shares():
    """Three sites at a time do not tell: every run of five of eleven in a circle, a fifth of it each."""
    beats = [(np.arange(5) + first) % 11 for first in range(11)]
    shares = np.full(11, 0.2)
    broken = Cuts(11).broken(beats, shares, 1_000, 1_000)
    assert {len(cut.sites) for cut in broken} - {3}
    whole = next(cut for cut in broken if len(cut.sites) == 11 and cut.divisor == 5)
    assert whole.most == 8  # three beats, which count all but one of their sites
    assert sum(shares[0] * times(whole, beat.tolist()) for beat in beats) == pytest.approx(8.8)


def tied(beats, shares, num_sites):
    """How strongly each two sites are tied by beats that serve both, a site by all of its beats to one in all."""
    ties = np.zeros((num_sites, num_sites))
    for beat, share in zip(beats, shares, strict=True):
        for one, other in itertools.permutations(beat.tolist(), 2):
            ties[one, other] += share / (len(beat) - 1)
    return ties


@pytest.mark.parametrize("seed", range(30))
def test_of_all_sets_that_part_two_sites_the_one_least_tied_to_the_rest_is_found(seed):
    rng = np.random.default_rng(seed)
    beats = [rng.choice(8, rng.integers(2, 5), replace=False) for _ in range(10)]
    beats += [np.asarray([8, 9, 10])] if seed % 2 else []  # held as a whole
    shares = rng.random(10)
    shares /= max(shares[[site in beat for beat in beats[:10]]].sum() for site in range(8))
    shares = np.append(shares, np.ones(len(beats) - 10))
    number = 8 + 3 * (seed % 2)
    ties = tied(beats, shares, number)

    def cut(inside):
        return ties[np.ix_(inside, ~inside)].sum()

    served = np.zeros(number, np.bool_)
    served[np.concatenate(beats)] = True
    every = [
        np.isin(np.arange(number), some) for size in range(1, 8) for some in itertools.combinations(range(8), size)
    ]
    found = list(sets_apart(beats, shares, number))
    for inside in found:
        assert not (inside & ~served).any()
        assert cut(inside) < 1
    for one, other in itertools.combinations(np.flatnonzero(served[:8]), 2):
        least = min(cut(inside) for inside in every if inside[one] != inside[other])
        if least < 0.99:
            parting = [cut(inside) for inside in found if inside[one] != inside[other]]
            assert min(parting) == pytest.approx(least, abs=1e-2)


def test_two_parts_that_hardly_touch_cannot_serve_all_by_fives():
    """Sets grown from a site never were so large: whole districts of beats, each a circle of 51 by shares."""
    beats = [(np.arange(5) + first) % 51 for first in range(51)]
    beats += [51 + (np.arange(5) + first) % 99 for first in range(99)]
    beats += [np.asarray([0, 1, 51, 52, 53])]
    shares = np.append(np.full(150, 0.1995), 0.002)
    cuts = [cut for cut in Cuts(150).broken(beats, shares, 1_000, 1_000) if cut.divisor == 5]
    assert {len(cut.sites) for cut in cuts} >= {51, 99}


def searched(arrays, number, held, start, time_limit_s=20.0, *, cuts=(), is_better_only=False):
    stars = Stars.of(arrays)
    tier = arrays.tiers[number]
    excluded = Exclusions.of_rules(arrays, stars)
    relaxation = Relaxation(arrays, stars, tier, held, excluded)
    draft = Draft.of_choice(Ground(arrays, stars, tier, held, excluded), start)
    if is_better_only:  # as a tier asks for it
        regrets = relaxation.regrets(ascend(relaxation, good_start(relaxation, []), draft.cost).prices)
        excluded = regrets.beyond(draft.cost - 1, excluded)
        relaxation = Relaxation(arrays, stars, tier, held, excluded)
    assert are_short(relaxation)
    bounds: list[int] = []
    zero = Prices(np.zeros(len(arrays.posts)), np.zeros(len(arrays.class_officers)), np.zeros(len(held)))
    search = BeatSearch(
        draft, relaxation, zero, list(cuts), time_limit_s, is_held=True, is_alone=False, threads=2, raised=bounds.append
    )
    ends = time.monotonic() + time_limit_s
    while not search.is_over and time.monotonic() < ends:
        time.sleep(0.01)
    search.stop()
    return search, bounds


def is_for_beats(arrays):
    return (arrays.posts == 1).all() and all(tier.is_sum for tier in arrays.tiers[:2]) and len(arrays.base_site)


def problems(number):
    for seed in itertools.count(300):
        problem = random_problem(seed, num_campuses=12, num_officers=4).replace(pins=(), forbids=())
        arrays = compile_arrays(problem, travel_times(problem))
        if is_for_beats(arrays):
            yield pytest.param(problem, arrays, id=str(seed))
            number -= 1
            if not number:
                return


@pytest.mark.parametrize(("problem", "arrays"), list(problems(12)))
def test_a_search_over_beats_ends_at_the_optimum(problem, arrays):
    exact = solve_exact(arrays, problem.objective.tolerance, SolveParams(time_limit_s=5))
    assert exact.status == "optimal"
    first, second = arrays.tiers[:2]
    costs = [tier.sign * (tiers.best - tier.constant) for tier, tiers in zip(arrays.tiers, exact.tiers, strict=True)]
    search, bounds = searched(arrays, 0, [], first_choice(arrays))
    assert all(bound <= costs[0] for bound in bounds)
    assert search.best.cost >= costs[0]
    assert bounds == sorted(bounds)
    assert (search.best.cost, bounds[-1]) == (costs[0], costs[0])
    limit = first.sign * (exact.tiers[0].limit - first.constant)
    search, bounds = searched(arrays, 1, [(first, limit)], exact.choice, cuts=search.cuts)
    assert all(bound <= costs[1] for bound in bounds)
    assert search.best.cost == costs[1]
    if exact.choice.cost(arrays, second) == costs[1]:  # within a tolerance it need not be
        assert not search.kept.base[exact.choice.base].any()


def test_the_linear_program_and_the_way_down_from_it():
    """They use HiGHS in their own process, where OR-Tools cannot be: so do their tests."""
    command = [sys.executable, "-m", "pytest", "-q", str(Path(__file__).parent / "beats_alone.py")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_one_process_searches_one_tier_after_another(monkeypatch):
    idle = {}
    monkeypatch.setattr(worker, "_idle", idle)
    ((_, arrays),) = [param.values for param in problems(1)]
    seen = []
    for _ in range(2):
        search, bounds = searched(arrays, 0, [], first_choice(arrays))
        assert search.best.cost == bounds[-1]
        ((_, waiting),) = idle.items()
        seen += waiting
    assert len(seen) == 2
    assert seen[0] is seen[1]
    seen[0].kill()


@pytest.mark.parametrize(("problem", "arrays"), list(problems(12)))
def test_where_nothing_is_better_no_plan_as_good_is_taken_from_later_tiers(problem, arrays):
    """A search for better plans only told what such plans use, and later tiers lost all others."""
    exact = solve_exact(arrays, problem.objective.tolerance, SolveParams(time_limit_s=5))
    start = solve_exact(replace(arrays, tiers=arrays.tiers[:1]), problem.objective.tolerance, SolveParams()).choice
    if start.cost(arrays, arrays.tiers[0]) == exact.choice.cost(arrays, arrays.tiers[0]):
        search, _ = searched(arrays, 0, [], start, is_better_only=True)
        assert not search.kept.base[start.base].any()
        assert not search.kept.base[exact.choice.base].any()


def test_beats_are_not_for_sites_that_need_several_officers():
    """Their bound counts one beat for each site: with a process that was ready it passed the best plan."""
    ((_, arrays),) = [param.values for param in problems(1)]
    relaxation = Relaxation(arrays, Stars.of(arrays), arrays.tiers[0], [])
    assert are_short(relaxation)
    arrays = replace(arrays, posts=np.where(np.arange(len(arrays.posts)) == 0, 2, 1))
    assert not are_short(Relaxation(arrays, Stars.of(arrays), arrays.tiers[0], []))


@pytest.mark.parametrize("threads", [1, 2])
def test_beats_of_more_sites_than_others_have_on_average_are_found(threads):
    """There was no room for them, and bases that came after were worth nothing in a bound that was then too high."""
    spokes = 40
    sites = np.arange(2, 2 + spokes)
    stars = SimpleNamespace(
        start=np.asarray([0, spokes, 2 * spokes]), site=np.tile(sites, 2), use=np.ones((2 * spokes, 4), np.int64),
        cap=np.full((2, 4), spokes),
    )  # fmt: skip
    relaxation = SimpleNamespace(
        arrays=SimpleNamespace(base_site=np.asarray([0, 1])), stars=stars,
        c_shared=np.zeros(2 * spokes, np.int64), c_on_call=np.full(2 * spokes, 99),
    )  # fmt: skip
    price = np.full(2 + spokes, 10)
    nothing = np.empty(0, np.int64)
    found = find_beats(
        relaxation, np.asarray([0, 1]), np.asarray([50, 60]), price, Cuts(2 + spokes), nothing, 0, 10**6,
        threads=threads,
    )  # fmt: skip
    assert found.least.tolist() == found.values.tolist() == [50 - 10 * spokes, 60 - 10 * spokes]
    assert found.beats.base.tolist() == [0, 1]
    assert np.diff(found.beats.start).tolist() == [spokes, spokes]
