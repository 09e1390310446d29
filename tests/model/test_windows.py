"""Windows: whole beats together, where the plan costs most, wherever that is; free officers are found first."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from sro_coverage.model import kernel
from sro_coverage.model import windows as module
from sro_coverage.model.ascent import ascend, good_start
from sro_coverage.model.bound import Exclusions, Relaxation
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.exact import solve_exact
from sro_coverage.model.greedy import first_choice
from sro_coverage.model.reoptimise import Part
from sro_coverage.model.solution import News, SolveParams, StopSignal
from sro_coverage.model.stars import Stars
from sro_coverage.model.tier import Clock, TierSearch, search_region
from sro_coverage.model.windows import Windows
from sro_coverage.problem import Campus, Objective, Officer, Policy, Problem
from sro_coverage.problem.policy import numbered_officers
from sro_coverage.travel import travel_times

ISLANDS = 5


def islands(num_officers=12):
    """Some towns of six campuses, too far apart for an officer to serve two of them."""
    rng = np.random.default_rng(3)
    campuses = tuple(
        Campus(
            id=f"{town}-{i}", name=f"{town}-{i}", level="middle" if i < 4 else "elementary",
            lat=33.0 + town + float(rng.uniform(0, 0.03)), lon=-117.0 + float(rng.uniform(0, 0.03)),
            enrollment=int(rng.integers(200, 1500)),
        )
        for town in range(ISLANDS)
        for i in range(6)
    )  # fmt: skip
    officers = tuple(Officer(id=str(i), name=str(i)) for i in range(num_officers))
    policy = Policy(max_shared=1, on_call_min=0.01)
    return Problem(
        title="", campuses=campuses, officers=officers, policy=policy, objective=Objective(order=("coverage",))
    )


@pytest.fixture
def start():
    """Give the quick start of the islands with the bound at good prices."""
    problem = islands()
    arrays = compile_arrays(problem, travel_times(problem))
    stars = Stars.of(arrays)
    excluded, tier = Exclusions.of_rules(arrays, stars), arrays.tiers[0]
    relaxation = Relaxation(arrays, stars, tier, [], excluded)
    draft = Draft.of_choice(Ground(arrays, stars, tier, [], excluded), first_choice(arrays))
    bound = ascend(relaxation, good_start(relaxation, []), draft.cost)
    return problem, arrays, draft, relaxation, bound, excluded


def first_window(start, size, taken=None):
    _, arrays, draft, relaxation, bound, excluded = start
    windows = Windows(draft, relaxation, bound, excluded)
    windows._size = size  # a window is chosen by this only
    taken = np.zeros(len(arrays.posts), np.bool_) if taken is None else taken
    return windows._window(draft, windows._beyond_prices(draft), taken), windows


@pytest.mark.parametrize("size", [1, 7, 13, 30])
def test_a_window_holds_whole_beats_and_goes_on_elsewhere(start, size):
    _, arrays, draft, *_ = start
    sites, _ = first_window(start, size)
    assert sites.sum() >= size
    for base in np.flatnonzero(draft.state.is_open):
        mine = np.append(np.flatnonzero(draft.base_of == base), arrays.base_site[base])
        assert len(set(sites[mine].tolist())) == 1


def test_a_window_begins_where_the_plan_costs_most_beyond_its_prices(start):
    _, _, draft, *_ = start
    sites, windows = first_window(start, 1)
    assert sites[np.argmax(windows._beyond_prices(draft))]


def test_windows_that_are_solved_side_by_side_do_not_touch(start):
    first, _ = first_window(start, 7)
    second, _ = first_window(start, 7, taken=first)
    assert second.any()
    assert not (first & second).any()


def test_windows_come_to_the_best_plan_and_keep_to_the_officers(start, monkeypatch):
    problem, arrays, draft, relaxation, bound, excluded = start
    monkeypatch.setattr(module, "_FIRST_SITES", 12)
    windows = Windows(draft, relaxation, bound, excluded)
    best = solve_exact(arrays, problem.objective.tolerance, SolveParams(time_limit_s=10)).choice
    for _ in range(12):
        draft = windows.next(draft, 5, lambda: False, 2) or draft
    assert draft.choice().keeps_rules(arrays)
    assert draft.cost == best.cost(arrays, arrays.tiers[0])


def test_windows_of_full_size_that_were_everywhere_get_more_time(start, monkeypatch):
    _, _, draft, relaxation, bound, excluded = start
    times = []
    monkeypatch.setattr(module, "_FIRST_SITES", 30)
    monkeypatch.setattr(module, "_MOST_SITES", 30)
    monkeypatch.setattr(module, "reoptimise", lambda *args, **_: times.append(args[3]) or Part(None, is_proven=False))
    windows = Windows(draft, relaxation, bound, excluded)
    for _ in range(3):
        assert windows.next(draft, 1_000.0, lambda: False) is None
    assert windows.next(draft, 5.0, lambda: False) is None
    assert times == [times[0], 1.5 * times[0], 2.25 * times[0], 5]


def test_the_first_windows_keep_to_their_part_of_the_time(start, monkeypatch):
    """One window used to take what was meant for whole beats in small regions."""
    _, arrays, draft, _, bound, excluded = start
    times = []
    clock = Clock(time.monotonic(), 10.0, StopSignal(), is_last=True)
    search = TierSearch(
        arrays, draft.ground.stars, arrays.tiers[0], [], excluded, [], clock,
        News(arrays.tiers[0], 0, 1, clock.began, None), SolveParams(workers=1), is_held=False,
    )  # fmt: skip
    search._best, search.bound = draft, bound
    monkeypatch.setattr(module, "reoptimise", lambda *args, **_: times.append(args[3]) or Part(None, is_proven=False))
    search._worst_windows()
    assert times
    assert max(times) <= 1.0


def test_officers_who_are_not_missed_are_given_up_and_nobody_else():
    problem = islands(num_officers=24)
    arrays = compile_arrays(problem, travel_times(problem))
    stars = Stars.of(arrays)
    excluded = Exclusions.of_rules(arrays, stars)
    ground = Ground(arrays, stars, arrays.tiers[0], [], excluded)
    draft = Draft.of_bases(ground, np.flatnonzero(np.arange(len(arrays.base_site)) % 5 < 4))
    before, held = draft.cost, int(draft.state.is_open.sum())
    freed = draft.give_up()
    assert freed > 0
    assert draft.cost <= before
    assert int(draft.state.is_open.sum()) == held - freed
    again = Draft.of_choice(ground, draft.choice())
    assert (again.cost, again.state.spare.tolist()) == (draft.cost, draft.state.spare.tolist())
    assert draft.give_up() == 0 or draft.cost < before


@pytest.mark.parametrize("most", [0, 1, 3, 100])
def test_of_each_site_the_ways_with_least_regret_are_kept(most):
    rng = np.random.default_rng(most)
    site = rng.integers(0, 8, 60)
    into = np.argsort(site, kind="stable")
    start = np.concatenate(([0], np.cumsum(np.bincount(site, minlength=9))))
    excluded = rng.random(60) < 0.3
    regret, second = rng.integers(0, 4, 60), rng.permutation(60)
    out = kernel.beyond_first(most, start, into, excluded, regret, second)
    for one in range(9):
        left = [i for i in np.flatnonzero(site == one) if not excluded[i]]
        left.sort(key=lambda i: (regret[i], second[i]))
        assert set(np.flatnonzero((site == one) & ~out)) == set(left[:most])


def with_a_limit():
    """Give the second tier of the islands with the first held a little above where a quick start has it."""
    problem = islands().replace(objective=Objective(order=("coverage", "travel")))
    arrays = compile_arrays(problem, travel_times(problem))
    stars, choice = Stars.of(arrays), first_choice(arrays)
    held = [(arrays.tiers[0], choice.cost(arrays, arrays.tiers[0]) + 500)]
    excluded, tier = Exclusions.of_rules(arrays, stars), arrays.tiers[1]
    relaxation = Relaxation(arrays, stars, tier, held, excluded)
    draft = Draft.of_choice(Ground(arrays, stars, tier, held, excluded), choice)
    return arrays, held, draft, relaxation, ascend(relaxation, good_start(relaxation, [None]), draft.cost), excluded


def test_windows_searched_as_regions_share_what_is_left_and_keep_the_limits():
    """Side by side each took all that was left of a limit, and only one of them could be kept."""
    arrays, held, draft, relaxation, bound, excluded = with_a_limit()
    (tier, limit), asked = held[0], []

    def search(wanted):
        asked.append(wanted)
        return search_region(replace(wanted, time_limit_s=5.0), SolveParams(workers=1), StopSignal())

    windows = Windows(draft, relaxation, bound, excluded, search)
    windows._size = 12
    better = windows.next(draft, 100.0, lambda: False, 2)
    first, second = asked
    outside = np.ones(len(arrays.posts), np.bool_)
    for wanted in asked:
        outside[wanted.region.sites] = False
    assert len(first.region.sites) + len(second.region.sites) == (~outside).sum() >= 24
    now = [wanted.choice.cost(wanted.region.arrays, wanted.held[0][0]) for wanted in asked]
    left = limit - draft.choice().cost(arrays, tier)
    assert left > 0
    assert sum(wanted.held[0][1] for wanted in asked) == sum(now) + left
    assert better.cost < draft.cost
    assert better.excess == 0
    assert better.choice().keeps_rules(arrays)
    assert better.choice().cost(arrays, tier) <= limit


def test_a_plan_where_no_officer_reaches_another_campus_has_windows():
    """Without a single arc, asking for the bases that serve ended with an IndexError."""
    far_apart = tuple(
        Campus(id=f"c{k}", name=f"c{k}", level="elementary", lat=33.0 + 3 * k, lon=-117.0, enrollment=100)
        for k in range(4)
    )
    problem = Problem(title="far apart", campuses=far_apart, officers=numbered_officers(2))
    arrays = compile_arrays(problem, travel_times(problem))
    stars, tier = Stars.of(arrays), arrays.tiers[0]
    assert not len(stars.site)
    draft = Draft.of_choice(Ground(arrays, stars, tier, [], Exclusions.of_rules(arrays, stars)), first_choice(arrays))
    assert draft.base_of.tolist() == [-1] * 4
