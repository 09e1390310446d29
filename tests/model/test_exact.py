"""The exact solver against the enumeration of every plan, and its promises."""

from __future__ import annotations

import json
import random

import pytest

from sro_coverage.check import check
from sro_coverage.errors import DataError
from sro_coverage.model.solution import Gap, SolveParams, StopSignal, is_within, relative_gap, slack, worst_value
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment, Campus, Officer, Policy, Problem, RuleChange
from sro_coverage.travel import travel_times
from tests.instances import Enumeration, random_problem, random_times


def assert_equals_enumeration(seed: int) -> str:
    problem = random_problem(seed)
    times = random_times(seed, len(problem.sites)) if seed % 3 == 0 else travel_times(problem)
    plan = solve(problem, times=times)
    expected = Enumeration(problem, times).best()
    if expected is None:
        assert plan.status == "infeasible"
        assert "These cannot be kept together" in plan.explanation
    else:
        assert plan.status == "optimal", plan
        assert [tier.best for tier in plan.tiers] == expected
        assert check(plan, times=times) == []
    return plan.status


@pytest.mark.parametrize("block", range(10))
def test_equals_enumeration_of_every_plan(block):
    statuses = [assert_equals_enumeration(seed) for seed in range(block * 40, block * 40 + 40)]
    assert statuses.count("optimal") >= 20


@pytest.mark.parametrize("block", range(6))
def test_rules_that_name_one_of_several_officers_who_are_alike(block):
    """Against the enumeration, with every post, pin, forbid and present duty by name."""
    statuses = []
    for seed in range(block * 25, block * 25 + 25):
        rng = random.Random(seed)
        problem = random_problem(seed + 11_000, num_campuses=rng.choice([3, 4]), num_officers=3)
        ids = [campus.id for campus in problem.campuses]
        officers = tuple(
            Officer(id=f"o{n}", name=f"O{n}", primary=rng.choice([None, *ids]), shared=tuple(rng.sample(ids, 1)))
            for n in range(3)
        )
        order = rng.choice([("coverage", "moves", "primary"), ("primary", "coverage", "travel"), ("moves", "reach")])
        try:
            problem = problem.replace(
                officers=officers,
                objective=problem.objective.model_copy(update={"order": order}),
                pins=tuple(random_named_rules(rng, ids)),
                forbids=tuple(random_named_rules(rng, ids)),
            )
        except DataError:
            continue
        times = travel_times(problem)
        plan, expected = solve(problem, times=times), Enumeration(problem, times).best()
        assert ([tier.best for tier in plan.tiers] or None) == expected
        assert check(plan, times=times) == []
        statuses.append(plan.status)
    assert statuses.count("optimal") >= 8


def random_named_rules(rng: random.Random, ids: list[str]) -> list[Assignment]:
    states = [None, "primary", "shared", "on-call"]
    return [
        Assignment(campus=rng.choice(ids), officer=f"o{rng.randrange(3)}", state=rng.choice(states))
        for _ in range(rng.choice([0, 1, 2]))
    ]


def test_infeasible_and_feasible_instances_are_both_met():
    statuses = {assert_equals_enumeration(seed) for seed in range(400, 440)}
    assert statuses == {"optimal", "infeasible"}


@pytest.mark.parametrize("seed", range(25))
def test_one_more_officer_never_hurts_the_first_tier(seed):
    problem = random_problem(seed + 1000, num_campuses=7, num_officers=2)
    problem = problem.replace(pins=(), forbids=())
    twin = problem.officers[0].model_copy(update={"id": "extra", "primary": None, "shared": ()})
    if problem.order[0] in ("balance", "travel", "visibility", "continuity"):
        order = ("coverage", "primary", "reach")
        problem = problem.replace(objective=problem.objective.model_copy(update={"order": order}))
    fewer, more = solve(problem), solve(problem.replace(officers=(*problem.officers, twin)))
    sign = -1 if fewer.tiers[0].more_is_better else 1
    assert sign * more.tiers[0].best <= sign * fewer.tiers[0].best


@pytest.mark.parametrize("seed", range(25))
def test_row_order_is_irrelevant(seed):
    problem = random_problem(seed + 2000, num_campuses=8, num_officers=3)
    campuses = list(problem.campuses)
    random.Random(seed).shuffle(campuses)
    assert solve(problem.replace(campuses=tuple(campuses))).to_json() == solve(problem).to_json()


@pytest.mark.parametrize("workers", [1, 4])
def test_bound_never_passes_the_value_and_a_short_limit_keeps_a_plan(workers):
    problem = random_problem(7, num_campuses=40, num_officers=6).replace(pins=(), forbids=())
    plan = solve(problem, SolveParams(time_limit_s=0.5, workers=workers))
    assert plan.status in ("optimal", "feasible")
    for tier in plan.tiers:
        sign = -1 if tier.more_is_better else 1
        assert sign * tier.value <= sign * tier.limit
        if tier.bound is not None:
            assert sign * tier.bound <= sign * tier.best


def could_be_on_call(plan) -> list[str]:
    """Uncovered campuses that a based officer could reach on call, so that naming one would cost nothing scarce."""
    problem, times = plan.problem, travel_times(plan.problem)
    bases = [problem.site_of[beat.primary[0]] for beat in plan.beats if beat.primary]
    limit_s = problem.policy.on_call_min * 60
    return [
        row.campus
        for row in plan.campuses
        if row.state == "uncovered"
        and "on-call" in problem.sites[problem.site_of[row.campus]].rule.states
        and problem.sites[problem.site_of[row.campus]].demand
        and any(
            (trip := times.trip(base, problem.site_of[row.campus])) is not None and trip[0] <= limit_s for base in bases
        )
    ]


@pytest.mark.parametrize("time_limit_s", [1e-9, 0.2])
def test_a_search_out_of_time_leaves_nobody_uncovered_who_could_be_on_call(time_limit_s):
    """It used to end with campuses marked "nobody" although an officer could have been named for free."""
    for seed in range(12):
        problem = random_problem(seed, num_campuses=40, num_officers=6)
        excluded = tuple(officer.model_copy(update={"excluded": ()}) for officer in problem.officers)
        objective = problem.objective.model_copy(update={"order": ("coverage", "primary", "reach", "travel")})
        problem = problem.replace(pins=(), forbids=(), officers=excluded, objective=objective)
        plan = solve(problem, SolveParams(time_limit_s=time_limit_s))
        # What is proven may trade an on-call officer for less driving, as far as the tolerance of reach allows.
        assert plan.status == "optimal" or could_be_on_call(plan) == [], seed


def test_a_campus_pinned_uncovered_is_not_filled_up():
    """A plan out of time used to name an on-call officer for a campus that a pin leaves to nobody."""
    problem = random_problem(7, num_campuses=30, num_officers=5).replace(pins=(), forbids=())
    policy = problem.policy.model_copy(update={"levels": {}, "campuses": {}, "on_call_min": 60.0})
    objective = problem.objective.model_copy(update={"order": ("travel", "reach")})
    pins = tuple(Assignment(campus=site.id, state="uncovered") for site in problem.sites[:10])
    problem = problem.replace(policy=policy, pins=pins, objective=objective)
    for time_limit_s in (0.3, 30):
        plan = solve(problem, SolveParams(time_limit_s=time_limit_s))
        assert plan.has_beats
        assert check(plan) == []


def test_a_rule_by_name_does_not_keep_other_campuses_from_being_filled_up():
    """One arc that a named officer must not use used to throw away every on-call name."""
    problem = random_problem(7, num_campuses=40, num_officers=6).replace(pins=(), forbids=())
    policy = problem.policy.model_copy(update={"levels": {}, "campuses": {}, "on_call_min": 60.0})
    officers = tuple(Officer(id=f"o{n}", name=f"O{n}") for n in range(3))
    forbids = tuple(Assignment(campus=site.id, officer="o1", state="on-call") for site in problem.sites[:2])
    objective = problem.objective.model_copy(update={"order": ("coverage", "reach")})
    free = problem.replace(policy=policy, officers=officers, objective=objective)
    plans = [solve(each, SolveParams(time_limit_s=1e-6)) for each in (free, free.replace(forbids=forbids))]
    without, with_rules = (sum(row.state == "uncovered" for row in plan.campuses) for plan in plans)
    assert with_rules <= without + 2


def test_no_model_is_built_once_the_time_is_gone(monkeypatch):
    """Large rosters used to spend minutes on models that were never searched."""
    problem = random_problem(7, num_campuses=20, num_officers=3).replace(pins=(), forbids=())
    monkeypatch.setattr("sro_coverage.model.exact.Formulation", None)
    stop = StopSignal()
    stop.request()
    assert solve(problem, stop=stop).has_beats


def test_two_officer_classes_at_one_campus_with_posts_are_told_in_roster_order():
    """It used to end in an assertion: the plan and its check listed the two officers in different orders."""
    campuses = (
        Campus(id="a", name="Alpha High", level="high", lat=33.0, lon=-117.0, enrollment=2000),
        Campus(id="b", name="Beta High", level="high", lat=33.02, lon=-117.0, enrollment=1500),
    )
    officers = tuple(Officer(id=f"Officer {n}", name=f"Officer {n}") for n in (1, 2, 3))
    plan = solve(
        Problem(
            title="x",
            campuses=campuses,
            officers=officers,
            policy=Policy(campuses={"b": RuleChange(posts=2)}),
            pins=(Assignment(campus="b", officer="Officer 2", state="primary"),),
        )
    )
    assert plan.status == "optimal"
    row = next(row for row in plan.campuses if row.campus == "b")
    assert len(row.officers) == 2
    assert list(row.officers) == sorted(row.officers)


def test_a_pinned_problem_may_take_all_the_time_to_its_first_plan():
    """It used to give up with "no plan found" after the first tier's part of the time."""
    problem = random_problem(7, num_campuses=60, num_officers=9).replace(pins=(), forbids=())
    policy = problem.policy.model_copy(update={"levels": {}, "campuses": {}, "max_students": None})
    plan = solve(
        problem.replace(policy=policy, pins=(Assignment(campus="c5", state="primary"),)), SolveParams(time_limit_s=2)
    )
    assert plan.status in ("optimal", "feasible")


def test_a_stop_before_the_search_is_told_as_one():
    stop = StopSignal()
    stop.request()
    order = {"order": ("coverage", "primary", "travel", "visibility")}
    problem = random_problem(7, num_campuses=20, num_officers=3).replace(pins=(), forbids=())
    plan = solve(problem.replace(objective=problem.objective.model_copy(update=order)), stop=stop)
    assert {tier.stopped for tier in plan.tiers} == {"interrupted"}
    assert {tier.bound for tier in plan.tiers} == {None}


def test_same_seed_gives_the_same_document():
    problem = random_problem(12, num_campuses=16, num_officers=3).replace(pins=(), forbids=())
    assert solve(problem).to_json() == solve(problem).to_json()


def test_a_current_plan_does_not_make_the_other_tiers_harder():
    """Each officer with a current plan used to be a class of one: the first tier stayed unproven for a minute."""
    campuses = random_problem(21, num_campuses=24, num_officers=2).campuses
    officers = tuple(Officer(id=f"o{n}", name=f"Officer {n}") for n in range(6))
    plain = Problem(title="x", campuses=campuses, officers=officers, policy=Policy(max_shared=2))
    before = solve(plain.replace(policy=Policy(max_shared=1)))
    now = tuple(
        officer.model_copy(update={"primary": beat.primary[0], "shared": beat.shared[0].campuses})
        for officer, beat in zip(reversed(officers), before.beats, strict=True)
    )
    with_names = solve(plain.replace(officers=now), SolveParams(time_limit_s=20))
    expected = solve(plain)
    assert [tier.name for tier in with_names.tiers] == [*(tier.name for tier in expected.tiers), "continuity"]
    for tier, other in zip(with_names.tiers, expected.tiers, strict=False):
        assert (tier.best, tier.bound, tier.stopped) == (other.best, other.bound, "proven")
    assert with_names.tiers[-1].value < sum(campus.enrollment or 0 for campus in campuses)


EVERY = Gap(**dict.fromkeys(Gap.model_fields, 0.2))


@pytest.mark.parametrize("seed", range(6))
def test_a_tier_ends_within_its_gap_and_later_ones_may_use_it(seed):
    problem = random_problem(seed + 900, num_campuses=24, num_officers=5).replace(pins=(), forbids=())
    exact, near = (solve(problem, SolveParams(time_limit_s=30, gap=gap)) for gap in (Gap(), EVERY))
    assert check(near) == []
    assert near.is_done
    assert {tier.stopped for tier in near.tiers} <= {"proven", "gap reached"}
    first, best = near.tiers[0], exact.tiers[0]
    sign = -1 if best.more_is_better else 1
    assert best.proven
    assert sign * first.bound <= sign * best.best <= sign * first.best
    for tier in near.tiers:
        assert tier.gap <= 0.2
        if tier.proven:
            assert tier.limit == tier.best + (-1 if tier.more_is_better else 1) * slack(tier.best, tier.tolerance)
        else:
            assert relative_gap(tier.value, tier.bound) <= max(0.2, tier.tolerance + 0.2)


def test_a_gap_ends_the_search_sooner():
    """Without it this tier is searched to its proof."""
    stopped = []
    for seed in range(6):
        problem = random_problem(seed + 900, num_campuses=24, num_officers=5).replace(pins=(), forbids=())
        stopped += [tier.stopped for tier in solve(problem, SolveParams(time_limit_s=30, gap=EVERY)).tiers]
    assert "gap reached" in stopped


@pytest.mark.parametrize("sign", [1, -1])
def test_the_worst_value_is_within_the_gap_of_the_bound(sign):
    rng = random.Random(3)
    for _ in range(2_000):
        bound, gap = rng.randrange(1, 10**6), rng.choice([0.001, 0.01, 0.3])
        best = bound + sign * rng.randrange(1, 20) * bound // 1_000
        worst = worst_value(best, bound, sign=sign, tolerance=0, gap=gap)
        assert sign * worst >= sign * best
        if best != bound and is_within(best, bound, gap):
            assert is_within(worst, bound, gap)
            assert not is_within(worst + sign, bound, gap)
        else:
            assert worst == best


def test_what_is_proven_is_held_whatever_the_gap():
    assert worst_value(100, 100, sign=1, tolerance=0, gap=0.5) == 100
    assert worst_value(100, 100, sign=-1, tolerance=0.05, gap=0.5) == 95
    assert worst_value(100, None, sign=1, tolerance=0.05, gap=0.5) == 105
    assert worst_value(100, 99, sign=1, tolerance=0.05, gap=0) == 105
    assert worst_value(100, 99, sign=1, tolerance=0, gap=0.05) == 104
    assert worst_value(1010, 1020, sign=-1, tolerance=0, gap=0.02) == 1000


@pytest.mark.parametrize("change", [{"stopped": "time limit"}, {"bound": 1}, {"limit": 10**6}])
def test_a_gap_that_was_not_reached_is_seen_by_the_check(change):
    problem = random_problem(903, num_campuses=24, num_officers=5).replace(pins=(), forbids=())
    plan = solve(problem, SolveParams(time_limit_s=30, gap=EVERY))
    at = next(number for number, tier in enumerate(plan.tiers) if tier.stopped == "gap reached")
    tiers = tuple(tier.model_copy(update=change) if number == at else tier for number, tier in enumerate(plan.tiers))
    assert check(plan) == []
    assert any(issue.where.startswith("tier") for issue in check(plan.model_copy(update={"tiers": tiers}).sealed()))


def test_a_document_without_a_gap_is_as_before():
    problem = random_problem(12, num_campuses=8, num_officers=2).replace(pins=(), forbids=())
    assert "gap" not in json.loads(solve(problem).to_json())["params"]
    asked = solve(problem, SolveParams(gap=Gap(travel=0.1)))
    assert json.loads(asked.to_json())["params"]["gap"]["travel"] == 0.1
    assert type(asked).from_json(asked.to_json()) == asked
