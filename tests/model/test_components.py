"""
Components planned by themselves at prices: a valid bound for the whole, and plans that keep every limit.

The prices are those of the components' linear programs, or any; tiers that each component keeps by itself need none.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from sro_coverage.model import components as components_room
from sro_coverage.model import tier as tier_search
from sro_coverage.model.ascent import ascend, good_start
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.components import Components, _parts
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.exact import solve_exact
from sro_coverage.model.greedy import first_choice
from sro_coverage.model.large import solve_large
from sro_coverage.model.pricing import Demand, price_shared
from sro_coverage.model.regions import Region, regions_of
from sro_coverage.model.reoptimise import reoptimise
from sro_coverage.model.solution import SolveParams, StopSignal
from sro_coverage.model.split import Split, Use, shared_out, spent
from sro_coverage.model.stars import Stars
from sro_coverage.model.tier import search_region
from sro_coverage.problem import Campus, Objective, Officer, Policy, Problem, Tolerance
from sro_coverage.travel import travel_times

ORDER = ("coverage", "primary", "travel")
EXACT = Tolerance(primary=0)


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
    exact = solve_exact(arrays, EXACT, SolveParams(time_limit_s=20))
    assert exact.status == "optimal"
    costs = [
        tier.sign * (outcome.best - tier.constant) for tier, outcome in zip(arrays.tiers, exact.tiers, strict=True)
    ]
    held = list(zip(arrays.tiers[:tier_number], costs, strict=False))
    stars = Stars.of(arrays)
    excluded, tier = Exclusions.of_rules(arrays, stars), arrays.tiers[tier_number]
    relaxation = Relaxation(arrays, stars, tier, held, excluded)
    before = solve_exact(_upto(arrays, tier_number), EXACT, SolveParams(time_limit_s=20)).choice
    choice = before if tier_number else first_choice(arrays)
    draft = Draft.of_choice(Ground(arrays, stars, tier, held, excluded), choice)
    assert draft.excess == 0
    return arrays, draft, relaxation, costs[tier_number]


def _upto(arrays, tier_number):
    return replace(arrays, tiers=arrays.tiers[: max(tier_number, 1)])


def search(wanted):
    return search_region(replace(wanted, time_limit_s=5.0), SolveParams(workers=1), StopSignal())


def rounds_of(components, draft, number, *, at_once=2, by=search):
    """Some rounds of plans; each goes on from the best plan."""
    for _ in range(number):
        least, better = components.round(draft, by, ends=np.inf, at_once=at_once, is_stopped=lambda: False)
        yield least, better
        draft = better or draft


def duals_of(relaxation):
    """Prices at which each held tier is bounded, as the search of that tier gives them."""
    duals = []
    for number, (tier, limit) in enumerate(relaxation.held):
        r = Relaxation(relaxation.arrays, relaxation.stars, tier, relaxation.held[:number], relaxation.excluded)
        duals.append(ascend(r, good_start(r, list(duals)), limit, rounds=300).prices)
    return duals


@pytest.mark.parametrize("many", [1, 10])
@pytest.mark.parametrize(("seed", "tier_number"), list(itertools.product(range(3), range(3))))
def test_no_bound_of_the_components_passes_the_best_plan(monkeypatch, seed, tier_number, many):
    monkeypatch.setattr(components_room, "_MANY", many)
    arrays, draft, relaxation, best = prepared(seed, tier_number)
    prices = ascend(relaxation, good_start(relaxation, [None] * tier_number), draft.cost, rounds=60).prices
    split = Split(draft, relaxation, duals_of(relaxation))
    assert split.number >= 5
    for least, better in rounds_of(Components(split, prices), draft, 3):
        assert least <= best
        if better is not None:
            assert better.excess == 0
            assert best <= better.cost < draft.cost
            assert better.choice().keeps_rules(arrays)
            draft = better


def test_of_many_small_components_each_may_have_what_suits_it(monkeypatch):
    """They are planned at prices in later rounds too, where few large ones have a share."""
    _, draft, relaxation, _ = prepared(0, 2)
    prices = ascend(relaxation, good_start(relaxation, [None, None]), draft.cost, rounds=60).prices
    prices = replace(prices, officer=np.full(1, 10.0))
    monkeypatch.setattr(components_room, "_REGION_SITES", 6)
    monkeypatch.setattr(components_room, "_MANY", 2)
    split = Split(draft, relaxation, [None, None])
    asked = []

    def noted(wanted):
        asked.append(wanted)
        return search(wanted)

    components = Components(split, prices)
    components.round(draft, noted, ends=np.inf, at_once=1, is_stopped=lambda: False)
    asked.clear()
    components.round(draft, noted, ends=np.inf, at_once=1, is_stopped=lambda: False)
    for wanted in asked:
        number = len(np.unique(split.label[wanted.region.sites]))
        may_take_all = len(wanted.region.arrays.class_officers[0]) >= len(wanted.region.bases)
        assert may_take_all == (number >= 2)
        assert (wanted.common is None) == (number >= 2)
    assert {wanted.common is None for wanted in asked} == {False, True}


@pytest.mark.parametrize("seed", range(3))
def test_any_prices_give_a_valid_bound(seed):
    arrays, draft, relaxation, best = prepared(seed, 1)
    rng = np.random.default_rng(seed)
    split = Split(draft, relaxation, [None])
    met = []

    def noted(wanted):
        found = search(wanted)
        met.append(found.units_at_common)
        return found

    for size in (0.0, 10.0, 1000.0):
        prices = Prices(rng.uniform(-1, 1, len(arrays.posts)) * size, np.zeros(1), rng.uniform(0, 3, 1))
        for least, _ in rounds_of(Components(split, prices), draft, 2, at_once=1, by=noted):
            assert least <= best
    assert any(units is not None for units in met)  # whole beats had their say


@pytest.mark.parametrize("seed", range(2))
def test_officers_of_two_kinds_are_priced_apart(seed):
    """No more of them in a region than there are in all made its components depend on each other: no valid bound."""
    arrays, draft, relaxation, best = prepared(seed, 0, classes=2)
    assert len(arrays.class_officers) == 2
    prices = ascend(relaxation, good_start(relaxation, []), draft.cost, rounds=60).prices
    for least, better in rounds_of(Components(Split(draft, relaxation, []), prices), draft, 3):
        assert least <= best
        if better is not None:
            assert better.choice().keeps_rules(arrays)
            draft = better
    assert best <= draft.cost


def test_rounds_come_to_the_best_plan_where_officers_are_scarce():
    _, draft, relaxation, best = prepared(1, 0)
    prices = ascend(relaxation, good_start(relaxation, []), draft.cost, rounds=200).prices
    found = [draft, *(better for _, better in rounds_of(Components(Split(draft, relaxation, []), prices), draft, 6))]
    assert min(plan.cost for plan in found if plan is not None) == best < draft.cost


def test_a_stop_gives_the_bound_of_the_prices_and_no_plan():
    _, draft, relaxation, _ = prepared(1, 0)
    bound = ascend(relaxation, good_start(relaxation, []), draft.cost, rounds=60)
    components = Components(Split(draft, relaxation, []), bound.prices)
    least, better = components.round(draft, search, ends=np.inf, at_once=2, is_stopped=lambda: True)
    assert least == bound.whole
    assert better is None


def priced(draft, relaxation, split):
    """Every bound that the linear programs of the components give on the way."""
    found = []
    price_shared(
        split, draft, good_start(relaxation, split.duals), lambda _: relaxation.excluded,
        lambda *one: found.append(one), ends=np.inf, at_once=2, is_stopped=lambda: False,
    )  # fmt: skip
    return found


@pytest.mark.parametrize(("seed", "tier_number"), list(itertools.product(range(4), range(3))))
def test_prices_of_the_components_linear_programs_are_no_worse_than_those_before_and_valid(seed, tier_number):
    _, draft, relaxation, best = prepared(seed, tier_number)
    duals = duals_of(relaxation)
    found = priced(draft, relaxation, Split(draft, relaxation, duals))
    values = [evaluation.bound for _, evaluation in found]
    assert relaxation.evaluate(good_start(relaxation, duals)).bound <= max(values) <= best


def enough_officers(seed):
    """Towns with an officer for every campus: then coverage is proven in each town by itself."""
    arrays, draft, relaxation, best = prepared_with(seed, 18)
    split = Split(draft, relaxation, duals_of(relaxation))
    return arrays, draft, relaxation, best, split


def prepared_with(seed, num_officers):
    problem = towns(seed, num_officers)
    arrays = compile_arrays(problem, travel_times(problem))
    exact = solve_exact(arrays, EXACT, SolveParams(time_limit_s=20))
    first, second = arrays.tiers[:2]
    limit, best = (
        tier.sign * (out.best - tier.constant) for tier, out in zip((first, second), exact.tiers, strict=False)
    )
    stars, held = Stars.of(arrays), [(first, limit)]
    excluded = Exclusions.of_rules(arrays, stars)
    choice = solve_exact(_upto(arrays, 1), EXACT, SolveParams(time_limit_s=20)).choice
    draft = Draft.of_choice(Ground(arrays, stars, second, held, excluded), choice)
    return arrays, draft, Relaxation(arrays, stars, second, held, excluded), best


@pytest.mark.parametrize("seed", range(4))
def test_a_tier_proven_without_any_price_is_kept_by_each_component(seed):
    _, draft, relaxation, best, split = enough_officers(seed)
    assert split.is_tight.all()
    cost = split.spent(draft).cost
    for least, better in rounds_of(Components(split, priced(draft, relaxation, split)[-1][0]), draft, 2):
        assert least <= best
        if better is not None:
            assert np.array_equal(split.spent(better).cost[:, 1], cost[:, 1])


@pytest.mark.parametrize("seed", range(4))
def test_where_officers_are_scarce_no_component_keeps_a_tier_by_itself(seed):
    _, draft, relaxation, _ = prepared(seed, 1)
    assert not Split(draft, relaxation, duals_of(relaxation)).is_tight.any()


@pytest.mark.parametrize("seed", range(4))
def test_a_region_is_the_same_problem_with_less_in_it(seed):
    arrays, draft, relaxation, _ = prepared(seed, 1, classes=2)
    split = Split(draft, relaxation, [None])
    choice, parts = draft.choice(), 0
    sites = np.isin(split.label, np.flatnonzero(split.size > 1)[::2])
    for chosen in (sites, ~sites):
        region = Region.of(draft, chosen, based(draft, chosen), relaxation.excluded)
        mine = region.choice(choice)
        assert mine.keeps_rules(region.arrays)
        assert sum(map(len, region.arrays.class_officers)) == mine.base.sum()
        assert np.array_equal(region.stars.site, split_place(chosen)[draft.ground.stars.site[region.spokes]])
        assert np.array_equal(region.stars.use, draft.ground.stars.use[region.spokes])
        parts += np.asarray([mine.cost(region.arrays, tier) for tier in region.arrays.tiers])
    assert parts.tolist() == [choice.cost(arrays, tier) for tier in arrays.tiers]


def based(draft, sites):
    """How many officers of each class a plan has at some sites."""
    arrays = draft.ground.arrays
    bases = draft.state.is_open & sites[arrays.base_site]
    return np.bincount(arrays.base_class[bases], minlength=len(arrays.class_officers))


def split_place(chosen):
    return np.cumsum(chosen) - 1


def test_a_plan_that_wants_too_many_officers_is_made_again_with_those_there_are():
    """At prices that are too low all towns want more officers; the plan that comes out of the round has no more."""
    found = []
    for seed in range(4):
        arrays, draft, relaxation, best = prepared(seed, 2)
        prices = ascend(relaxation, good_start(relaxation, [None, None]), draft.cost, rounds=60).prices
        cheap = replace(prices, officer=np.full(1, 1e-3))
        asked = []

        def noted(wanted, asked=asked):
            asked.append(wanted)
            return search(wanted)

        _, better = Components(Split(draft, relaxation, [None, None]), cheap).round(
            draft, noted, ends=np.inf, at_once=1, is_stopped=lambda: False
        )
        assert all(wanted.choice.base.sum() <= len(wanted.region.arrays.class_officers[0]) for wanted in asked)
        if better is not None:
            assert better.is_sound
            assert best <= better.cost < draft.cost
            assert better.choice().keeps_rules(arrays)
            found.append(len({len(wanted.region.arrays.class_officers[0]) for wanted in asked}) > 1)
    assert any(found)  # asked again, with other numbers


@pytest.mark.parametrize("about", [1, 3, 5, 100])
def test_no_beat_goes_beyond_a_region(about):
    _, draft, relaxation, _ = prepared(1, 2)
    split = Split(draft, relaxation, [None, None])
    parts = regions_of(draft, relaxation.excluded, split.label, about)
    stars, arrays, server = draft.ground.stars, draft.ground.arrays, draft.state.server
    served = np.flatnonzero(server >= 0)
    assert np.array_equal(parts[served], parts[arrays.base_site[stars.base[server[served]]]])
    sizes = np.bincount(parts)
    assert (sizes > 0).all()
    assert (sizes[:-1] >= about / 2).all()
    assert len(sizes) == 1 or about < 100


@pytest.mark.parametrize("spare", [-3, 0, 5])
def test_shares_come_to_all_there_is(spare):
    _, draft, relaxation, _ = prepared(2, 2)
    split = Split(draft, relaxation, [None, None])
    draft.state.spare[0] = spare
    parts = np.where(split.size[split.label] > 1, split.label % 2, -1)
    shares = shared_out(draft, relaxation.limits, parts, 2)
    use = split_use(draft, parts)
    assert sum(officers[0] for officers, _ in shares) == use.officers.sum() + spare
    room = np.asarray(relaxation.limits[1:]) - draft.state.total[1:3]
    assert np.array_equal(sum(limits for _, limits in shares), use.cost[:, 1:3].sum(axis=0) + room)


def split_use(draft, parts):
    use = spent(draft, parts % 3, 3)
    return Use(use.cost[:2], use.officers[:2])


def test_the_most_work_gets_a_worker_of_its_own():
    assert _parts(np.asarray([6.0, 2.0, 1.0, 1.0]), 2).tolist() == [1, 0.5, 0.5, 1]
    assert _parts(np.asarray([2.0, 1.0, 1.0]), 1).tolist() == [0.5, 0.5, 1]


def test_the_last_of_equal_searches_is_not_left_with_the_least_time():
    """Of five equal ones the last had a fifth of the time, and the first two fifths."""
    parts, free_at = _parts(np.ones(5), 2), [0.0, 0.0]
    times = []
    for part in parts:
        worker = int(np.argmin(free_at))
        times.append(part * (1 - free_at[worker]))
        free_at[worker] += times[-1]
    assert min(times) == pytest.approx(1 / 3)
    assert free_at == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("seed", "num_officers", "most_sites"),
    [(0, 7, 10), (1, 9, 10), (2, 18, 10), (3, 7, 10), (4, 5, 10), (1, 9, 12_000)],
)
def test_what_takes_long_as_one_program_is_solved_by_components(monkeypatch, seed, num_officers, most_sites):
    """All tiers in regions of a few sites, some without any arc: never better than the best plans, bounds valid."""
    splits = []
    monkeypatch.setattr(tier_search, "Split", lambda *args: splits.append(Split(*args)) or splits[-1])
    for module in (tier_search, components_room):
        monkeypatch.setattr(module, "MOST_SITES", most_sites)
    monkeypatch.setattr(tier_search, "_SITES_AT_ONCE", 10)
    monkeypatch.setattr(components_room, "_REGION_SITES", 6)
    problem = towns(seed, num_officers)
    arrays = compile_arrays(problem, travel_times(problem))
    exact = solve_exact(arrays, EXACT, SolveParams(time_limit_s=20))
    stop = StopSignal()

    def watch(progress):
        if progress.best == exact.tiers[0].best:
            stop.request()

    # It ends once the best coverage is met, so that this does not ask how fast the inner loops are compiled.
    coverage = solve_large(_upto(arrays, 1), EXACT, SolveParams(time_limit_s=300, workers=2), watch=watch, stop=stop)
    large = solve_large(arrays, EXACT, SolveParams(time_limit_s=6, workers=2))
    assert large.choice.keeps_rules(arrays)
    is_same = True
    for tier, ours, best in zip(arrays.tiers, large.tiers, exact.tiers, strict=True):
        if is_same:  # a later tier is about the limits that the earlier ones were held at
            assert tier.sign * ours.bound <= tier.sign * best.best <= tier.sign * ours.best
        is_same &= ours.best == best.best
    assert coverage.tiers[0].best == exact.tiers[0].best
    assert splits
    assert all(split.number >= 5 for split in splits)


def test_the_price_lies_where_a_straight_line_wants_just_what_there_is():
    demand = Demand(np.asarray([100]))
    assert demand.price(np.asarray([7.0])) == [7]
    demand.add(np.asarray([10.0]), np.asarray([120]))
    assert demand.price(np.asarray([7.0])) > [10]
    demand.add(np.asarray([20.0]), np.asarray([90]))
    assert demand.price(np.asarray([7.0])) == pytest.approx(10 + 10 * 20 / 30)


def test_too_few_officers_wanted_make_them_cheaper_and_contradictions_are_met_half_way():
    demand = Demand(np.asarray([100]))
    demand.add(np.asarray([20.0]), np.asarray([90]))
    assert 0 < demand.price(np.asarray([50.0]))[0] < 20
    demand.add(np.asarray([30.0]), np.asarray([110]))
    assert demand.price(np.asarray([50.0])) == [25]


@pytest.mark.parametrize("seed", range(3))
def test_a_region_leaves_out_what_is_excluded_but_nothing_of_the_plan(seed):
    _, draft, relaxation, _ = prepared(seed, 1)
    rng = np.random.default_rng(seed)
    out = relaxation.excluded
    spokes = rng.random(len(out.shared)) < 0.7
    out = replace(out, shared=out.shared | spokes, on_call=out.on_call | spokes)
    every = np.ones(len(draft.state.server), np.bool_)
    region = Region.of(draft, every, based(draft, every), out)
    used = draft.state.server[draft.state.server >= 0]
    assert np.array_equal(region.spokes, np.union1d(np.flatnonzero(~(out.shared & out.on_call)), used))
    choice = draft.choice()
    mine = region.choice(choice)
    assert mine.keeps_rules(region.arrays)


def test_plans_made_of_one_linear_program_keep_the_limits():
    found = []
    for seed in range(4):
        _, draft, relaxation, best = prepared(seed, 2)
        met = []
        reoptimise(draft, np.ones(len(draft.state.server), np.bool_), relaxation.excluded, 5.0, met=met.append,
                   is_quick=True)  # fmt: skip
        for plan in met:
            assert plan.is_sound
            assert plan.excess == 0
            assert best <= plan.cost < draft.cost
        found += met
    assert found
