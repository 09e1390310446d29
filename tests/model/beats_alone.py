"""
The linear program over whole beats, and the ways down from it to a plan.

Run by `test_beats`, in a process where nothing imports OR-Tools.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from sro_coverage.model.beats import master as master_room
from sro_coverage.model.beats.cuts import Cut, Cuts
from sro_coverage.model.beats.dive import beside, dive
from sro_coverage.model.beats.master import Master
from sro_coverage.model.beats.search import Search
from sro_coverage.model.beats.task import Chosen, Task
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.greedy import first_choice
from sro_coverage.model.stars import Stars
from sro_coverage.model.state import NOBODY
from sro_coverage.travel import travel_times
from tests.instances import random_problem


def settled(arrays, number, held):
    """The linear program of a tier, with cuts, and the ground of its plans."""
    stars, tier = Stars.of(arrays), arrays.tiers[number]
    excluded = Exclusions.of_rules(arrays, stars)
    relaxation = Relaxation(arrays, stars, tier, held, excluded)
    master = Master(relaxation, prices_of_nothing(arrays, held), Cuts(len(arrays.posts)))
    master.settle(lambda: False, 1e-6, (0.1, 0.0))
    while master.separate(50, 10):
        master.settle(lambda: False, 1e-6, (0.05, 0.0))
    return master, Ground(arrays, stars, tier, held, excluded)


def problems(number):
    for seed in itertools.count(300):
        problem = random_problem(seed, num_campuses=14, num_officers=4).replace(pins=(), forbids=())
        arrays = compile_arrays(problem, travel_times(problem))
        is_for_beats = (arrays.posts == 1).all() and all(tier.is_sum for tier in arrays.tiers[:2])
        if is_for_beats and len(arrays.base_site) and first_choice(arrays) is not None:
            yield pytest.param(arrays, id=str(seed))
            number -= 1
            if not number:
                return


def prices_of_nothing(arrays, held):
    return Prices(np.zeros(len(arrays.posts)), np.zeros(len(arrays.class_officers)), np.zeros(len(held)))


def held_as_in_a_plan(arrays):
    """The first tier held where a plan has it, and that plan."""
    choice = first_choice(arrays)
    return [(arrays.tiers[0], choice.cost(arrays, arrays.tiers[0]))], choice


@pytest.mark.parametrize("arrays", list(problems(12)))
def test_a_plan_stays_the_same_as_beats(arrays):
    held, choice = held_as_in_a_plan(arrays)
    stars = Stars.of(arrays)
    ground = Ground(arrays, stars, arrays.tiers[1], held, Exclusions.of_rules(arrays, stars))
    again = Chosen.of(Draft.of_choice(ground, choice)).on(ground)
    assert (again.choice().base == choice.base).all()
    assert (again.choice().arc == choice.arc).all()
    nothing = np.empty(0, np.int64)
    nobody = Chosen(0, nothing, nothing, nothing).on(ground)
    assert not nobody.state.is_open.any()
    assert (nobody.state.server == NOBODY).all()


@pytest.mark.parametrize("arrays", list(problems(12)))
def test_a_dive_holds_beats_that_fit_together_and_leaves_the_program_as_it_was(arrays):
    held, _ = held_as_in_a_plan(arrays)
    master, _ = settled(arrays, 1, held)
    value, bound = master.value, master.best.whole
    beats, at = dive(master, np.inf, lambda: False)
    _, sites = beats.sites(master.relaxation)
    assert len(sites) == len(set(sites.tolist()))
    others = beside(master, beats, at)
    assert not set(sites.tolist()) & set(others.sites(master.relaxation)[1].tolist())
    assert len(beats) + len(others)
    assert len(at) == master.rows.number + len(master.cuts)  # also of cuts found after the step that these are of
    assert len(master.shares) == len(master.pool.beats)  # what is read from it next knows all beats met on the way
    assert master.value == pytest.approx(value, rel=1e-3)
    master.settle(lambda: False, 1e-6, (0.0,))
    assert master.value == pytest.approx(value, rel=1e-5, abs=1e-3)
    assert master.best.whole >= bound


@pytest.mark.parametrize("arrays", list(problems(12)))
def test_a_dive_does_not_go_on_where_no_plan_can_be_better(arrays):
    held, _ = held_as_in_a_plan(arrays)
    master, _ = settled(arrays, 1, held)
    assert not len(dive(master, master.value - 1, lambda: False)[0])
    assert not len(dive(master, np.inf, lambda: True)[0])


@pytest.mark.parametrize("arrays", list(problems(12)))
def test_cuts_without_a_price_and_dear_beats_are_not_missed(arrays, monkeypatch):
    monkeypatch.setattr(master_room, "_SPARE_CUTS", 0)
    held, _ = held_as_in_a_plan(arrays)
    master, _ = settled(arrays, 1, held)
    less = master.trimmed()
    assert len(less.cuts) < len(master.cuts) or less is master or not len(master.cuts)
    assert less.value == pytest.approx(master.value, rel=1e-6, abs=1e-3)
    assert less.best.whole == master.best.whole
    less.settle(lambda: False, 1e-6, (0.0,))
    assert less.value == pytest.approx(master.value, rel=1e-5, abs=1e-2)


@pytest.mark.parametrize("arrays", list(problems(12)))
def test_a_trimmed_program_goes_on_from_the_basis_it_had(arrays, monkeypatch):
    """Calls were numbered in another order, and cuts tight at no price dropped: it was solved from nothing."""
    monkeypatch.setattr(master_room, "_SPARE_CUTS", -1)
    held, _ = held_as_in_a_plan(arrays)
    master, _ = settled(arrays, 1, held)
    spokes = np.flatnonzero(~master.relaxation.excluded.on_call)
    for some in (spokes[len(spokes) // 2 :], spokes):
        master.add_calls(some)
    master.add_cuts([Cut(np.arange(3), 2)])
    master.settle(lambda: False, 1e-6, (0.0,))
    less = master.trimmed()
    assert less is not master
    assert less._highs.getInfo().simplex_iteration_count == 0


@pytest.mark.parametrize("arrays", list(problems(12)))
def test_smoothed_prices_reach_the_linear_program(arrays):
    master, _ = settled(arrays, 0, [])
    assert master.best.bound == pytest.approx(master.value, rel=1e-5, abs=1e-2)
    assert not master.is_missing


@pytest.mark.parametrize("arrays", list(problems(3)))
def test_a_process_that_was_long_to_begin_still_ends_in_time(arrays):
    held, choice = held_as_in_a_plan(arrays)
    master, ground = settled(arrays, 1, held)
    plan = Chosen.of(Draft.of_choice(ground, choice))
    told = []
    task = Task(
        master.relaxation, master.prices(), [], plan, time.monotonic() - 1, is_held=True, is_alone=True, threads=1
    )
    Search(task, lambda *message: told.append(message)).run()
    assert not told
    later = replace(task, ends=time.monotonic() + 20)
    Search(later, lambda *message: told.append(message)).run()
    assert told


@pytest.mark.parametrize("arrays", list(problems(3)))
def test_a_plan_that_others_found_is_taken_over_if_it_is_better(arrays):
    held, choice = held_as_in_a_plan(arrays)
    master, ground = settled(arrays, 1, held)
    plan = Chosen.of(Draft.of_choice(ground, choice))
    ends = time.monotonic() + 60
    task = Task(master.relaxation, master.prices(), [], plan, ends, is_held=True, is_alone=False, threads=1)
    search = Search(task, lambda *_: None)
    search.hear(replace(plan, cost=plan.cost + 1))
    assert search.best is plan
    better = replace(plan, cost=plan.cost - 1)
    search.hear(better)
    assert search.best is better


@pytest.mark.parametrize("arrays", list(problems(6)))
def test_what_is_found_does_not_depend_on_the_number_of_threads(arrays):
    master, _ = settled(arrays, 0, [])
    many = Master(master.relaxation, master.prices(), Cuts(len(arrays.posts)), threads=3)
    many.add_cuts(master.cuts.cuts)
    room = max(abs(master.best.units) // 20, 1)
    for asked in ({}, {"every": True}, {"below": room, "most": 5_000}, {"below": room, "most": 3}):
        one, other = (of.price(master.row_prices, **asked) for of in (master, many))
        assert one.is_cut == other.is_cut
        if not one.is_cut:
            assert (one.units, one.whole) == (other.units, other.whole)
            for mine, its in zip(vars(one.beats).values(), vars(other.beats).values(), strict=True):
                assert mine.tolist() == its.tolist()
            assert one.values.tolist() == other.values.tolist()


@pytest.mark.parametrize("arrays", list(problems(1)))
def test_shares_a_little_below_nothing_are_nothing(arrays, monkeypatch):
    """HiGHS may answer so within its tolerance; the root of it, in search of cuts, was not a number."""
    master, _ = settled(arrays, 0, [])
    solve = Master._solve

    def below(self, strategy):
        value, prices, columns, extra = solve(self, strategy)
        return value, prices, columns - 1e-9, extra

    monkeypatch.setattr(Master, "_solve", below)
    master._answer(1)
    assert master.shares.min() == 0
