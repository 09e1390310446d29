"""
Components planned by themselves at prices: a valid bound for the whole, and plans that keep every limit.

The prices are those of the components' linear programs, or any; tiers that each component keeps by itself need none.
"""

from __future__ import annotations

import itertools
import time
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
from sro_coverage.model.highs import relaxed
from sro_coverage.model.large import solve_large
from sro_coverage.model.pricing import SharedPrices
from sro_coverage.model.regions import Region
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


def rounds_at(prices, split, draft, number, *, at_once=2, by=search):
    """Some rounds of plans, the first at some prices; each goes on from the best plan."""
    shared = shared_at(prices, split, draft)
    components = Components(split, shared)
    for _ in range(number):
        least, better = components.round(
            draft, by, ends=time.monotonic() + 60, at_once=at_once, is_stopped=lambda: False
        )
        yield least, better
        draft = better or draft
        if components.is_short:
            shared.settle(draft, np.inf)


def shared_at(prices, split, draft, met=lambda *_: None):
    return SharedPrices(split, draft, prices, lambda _: split.relaxation.excluded, met, 2, lambda: False)


def duals_of(relaxation):
    """Prices at which each held tier is bounded, as the search of that tier gives them."""
    duals = []
    for number, (tier, limit) in enumerate(relaxation.held):
        r = Relaxation(relaxation.arrays, relaxation.stars, tier, relaxation.held[:number], relaxation.excluded)
        duals.append(ascend(r, good_start(r, list(duals)), limit, rounds=300).prices)
    return duals


@pytest.mark.parametrize(("seed", "tier_number"), list(itertools.product(range(5), range(3))))
def test_no_bound_of_the_components_passes_the_best_plan(seed, tier_number):
    arrays, draft, relaxation, best = prepared(seed, tier_number)
    prices = ascend(relaxation, good_start(relaxation, [None] * tier_number), draft.cost, rounds=60).prices
    split = Split(draft, relaxation, duals_of(relaxation))
    assert split.number >= 5
    for least, better in rounds_at(prices, split, draft, 4):
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
    split = Split(draft, relaxation, [None])
    for size in (0.0, 10.0, 1000.0):
        prices = Prices(rng.uniform(-1, 1, len(arrays.posts)) * size, np.zeros(1), rng.uniform(0, 3, 1))
        for least, _ in rounds_at(prices, split, draft, 2, at_once=1):
            assert least <= best


@pytest.mark.parametrize("seed", range(2))
def test_officers_of_two_kinds_are_priced_apart(seed):
    """No more of them in a region than there are in all made its components depend on each other: no valid bound."""
    arrays, draft, relaxation, best = prepared(seed, 0, classes=2)
    assert len(arrays.class_officers) == 2
    prices = ascend(relaxation, good_start(relaxation, []), draft.cost, rounds=60).prices
    for least, better in rounds_at(prices, Split(draft, relaxation, []), draft, 3):
        assert least <= best
        if better is not None:
            assert better.choice().keeps_rules(arrays)
            draft = better
    assert best <= draft.cost


def test_rounds_come_to_the_best_plan_where_officers_are_scarce():
    _, draft, relaxation, best = prepared(1, 0)
    prices = ascend(relaxation, good_start(relaxation, []), draft.cost, rounds=200).prices
    found = [draft, *(better for _, better in rounds_at(prices, Split(draft, relaxation, []), draft, 6))]
    assert min(plan.cost for plan in found if plan is not None) == best < draft.cost


def test_a_stop_gives_the_bound_of_the_prices_and_no_plan():
    _, draft, relaxation, _ = prepared(1, 0)
    bound = ascend(relaxation, good_start(relaxation, []), draft.cost, rounds=60)
    split = Split(draft, relaxation, [])
    components = Components(split, shared_at(bound.prices, split, draft))
    least, better = components.round(draft, search, ends=time.monotonic() + 60, at_once=2, is_stopped=lambda: True)
    assert least == bound.whole
    assert better is None


def priced(draft, relaxation, split):
    """Every bound that the linear programs of the components give on the way."""
    found = []
    shared = shared_at(good_start(relaxation, split.duals), split, draft, lambda *one: found.append(one))
    shared.settle(draft, np.inf)
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
    for least, better in rounds_at(priced(draft, relaxation, split)[-1][0], split, draft, 2):
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


def test_the_more_whole_plans_use_the_dearer_it_gets():
    """Of officers; the prices stay in the box around those of the plans."""
    risen = []
    for seed in range(6):
        _, draft, relaxation, _ = prepared(seed, 0)
        split = Split(draft, relaxation, [])
        use, prices = split.spent(draft), []
        for more in (0, 1):
            shared = shared_at(good_start(relaxation, []), split, draft)
            shared.settle(draft, np.inf)
            before = shared.prices.officer[0]
            some = more * (np.arange(split.number) < 3)[:, None]
            shared.learn(Use(use.cost - 3_000 * some * (np.arange(2) == 0), use.officers + some))
            shared.settle(draft, np.inf)
            prices.append(shared.prices.officer[0])
            assert before / 2 <= prices[-1] <= 2 * before
        assert prices[0] <= prices[1]
        risen.append(prices[0] < prices[1])
    assert any(risen)


def test_rounds_come_to_a_plan_where_officers_seemed_to_cost_nothing():
    """Linear programs had enough of them; the towns' plans together had twice as many as there are."""
    _, draft, relaxation, best = prepared(2, 2)
    nothing = Prices(np.zeros(len(draft.state.server)), np.zeros(1), np.zeros(2))
    bounds, plans = zip(*rounds_at(nothing, Split(draft, relaxation, [None, None]), draft, 8), strict=True)
    assert bounds[0] == 0
    assert 0.5 * best < max(bounds) <= best
    assert min(plan.cost for plan in plans if plan is not None) == best < draft.cost


@pytest.mark.parametrize("seed", range(10))
def test_no_price_of_a_choice_leaves_its_box(seed):
    _, draft, relaxation, _ = prepared(seed % 3, 2)
    rng = np.random.default_rng(seed)
    split = Split(draft, relaxation, [None, None])
    rows = np.repeat(np.arange(4), 3)
    costs, needs = rng.integers(0, 1000, (12, 4)), rng.integers(1, 5, (12, 1))
    low = rng.uniform(0, 100, 3)
    high = low + rng.uniform(0, 100, 3) * (rng.random(3) < 0.7)
    few = np.asarray([1]), np.asarray([500, 500])  # no choice keeps these limits: what goes beyond is bought
    program, _, scales = split.choice(rows, costs, needs, *few, (low, high))
    officer, held = split.prices_of(relaxed(program, 5.0).row_prices, scales)
    prices = np.concatenate((officer, held))
    assert (low - 1e-6 <= prices).all()
    assert (prices <= high + 1e-6).all()


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
