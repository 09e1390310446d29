"""Each number of officers against the enumeration of every plan, and small ones that can be read."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from sro_coverage.errors import DataError
from sro_coverage.explain import frontier as module
from sro_coverage.explain.base import Base
from sro_coverage.explain.frontier import Frontier, frontier
from sro_coverage.explain.goals import Based, Covered, Goal, Reached, StudentsCovered
from sro_coverage.model.solution import StopSignal
from sro_coverage.plan import Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment, Campus, Objective, Officer, Policy, Problem, RuleChange
from sro_coverage.problem.policy import numbered_officers
from sro_coverage.travel import TravelTimes
from tests.instances import Enumeration, Week, random_problem, random_times

PRIMARY = ("primary", "visibility")


def base_of(problem: Problem, times: TravelTimes | None = None) -> Base:
    return Base(solve(problem, times=times), times, Base.of(problem).params) if times else Base.of(problem)


def manned(problem: Problem, number: int) -> Problem | None:
    """So many officers, from the words of the documentation: the roster's end leaves, new ones have no limits."""
    kept = problem.officers[:number]
    gone = {officer.id for officer in problem.officers[number:]}
    added = tuple(
        Officer(id=f"New officer {n}", name=f"New officer {n}") for n in range(1, number - len(problem.officers) + 1)
    )
    if any(pin.officer in gone for pin in problem.pins):
        return None
    try:
        return problem.replace(
            officers=(*kept, *added), forbids=tuple(forbid for forbid in problem.forbids if forbid.officer not in gone)
        )
    except DataError:
        return None


def instances(seeds: range, *, num_officers: int | None = None) -> Iterator[tuple[Problem, TravelTimes]]:
    for seed in seeds:
        problem = random_problem(seed, num_campuses=3 + seed % 2, num_officers=num_officers)
        yield problem, random_times(seed, len(problem.sites))


def test_every_number_is_as_good_as_the_best_of_all_plans():
    seen = set()
    for problem, times in instances(range(300, 336)):
        result = frontier(base_of(problem, times), range(1, 4))
        for row in result.rows:
            asked = manned(problem, row.officers)
            if asked is None:
                assert row.status == "impossible" and row.reason
                seen.add("impossible")
                continue
            best = Enumeration(asked, times).best()
            assert ([tier.best for tier in row.tiers] or None) == best, (problem.title, row.officers)
            assert row.status == ("infeasible" if best is None else "optimal")
            assert row.proven and bool(row.reason) == (best is None)
            seen.add(row.status)
    assert seen == {"impossible", "infeasible", "optimal"}


def test_a_step_buys_the_first_tier_that_is_better_and_nothing_only_if_none_is():
    seen = set()
    for problem, times in instances(range(400, 420)):
        result = frontier(base_of(problem, times), range(1, 5))
        rows = {row.officers: row for row in result.rows}
        for step in result.steps:
            before, after = rows[step.officers].tiers, rows[step.officers + 1].tiers
            signs = {tier.name: -1 if tier.name in PRIMARY else 1 for tier in before}
            losses = {
                new.name: signs[new.name] * (new.best - old.best) for old, new in zip(before, after, strict=False)
            }
            first = next((name for name, loss in losses.items() if loss), None)
            assert step.gains == {name: signs[name] * loss for name, loss in losses.items()}
            if first is None or losses[first] > 0:
                # Worse only because an officer who is there now brings present campuses along.
                assert first in (None, "continuity", "moves")
                assert (step.buys, step.first) == (False, None)
            else:
                assert (step.buys, step.first) == (True, first)
            seen.add(step.buys)
    assert seen == {True, False}


# -- goals


def random_goal(rng: random.Random, problem: Problem) -> Goal:
    levels = sorted({campus.level for campus in problem.campuses})
    some = tuple(rng.sample(levels, rng.randint(0, len(levels))))
    kind = rng.choice(["based", "covered", "reached", "within", "share"])
    if kind == "share":
        return StudentsCovered(percent=rng.choice([0.5, 33.3, 60, 90, 100]))
    if kind == "within":
        return Reached(within_min=rng.choice([3, 6, 9, 14]))
    return {"based": Based, "covered": Covered, "reached": Reached}[kind](levels=some)


def is_met(goal: Goal, every: Enumeration, weeks: list[Week]) -> bool:
    """Judge a plan by the words of the goal."""
    primary = {week.primary for week in weeks}
    covered = primary.union(*(week.shared for week in weeks))
    reached = covered.union(*(week.on_call for week in weeks))
    if isinstance(goal, StudentsCovered):
        students = sum(every.students[site] for site in covered)
        return students * 1000 >= round(goal.percent * 10) * sum(every.students)
    meant = {
        site
        for site, group in enumerate(every.groups)
        if not goal.levels or any(campus.level in goal.levels for campus in group)
    }
    if isinstance(goal, Reached) and goal.within_min is not None:
        trips = (every.times.trip(week.primary, site) for week in weeks for site in (*week.shared, *week.on_call))
        if not all(trip and trip[0] <= goal.within_min * 60 for trip in trips):
            return False
    return meant <= {Based: primary, Covered: covered, Reached: reached}[type(goal)]


def smallest_by_brute_force(problem: Problem, times: TravelTimes, goals: list[Goal]) -> int | None:
    posts = sum(site.rule.posts for site in problem.sites)
    found = []
    for number in range(1, posts + 1):
        asked = manned(problem, number)
        every = Enumeration(asked, times) if asked else None
        found.append(
            every is not None
            and any(
                every.keeps_pins(weeks) and all(is_met(goal, every, weeks) for goal in goals) for weeks in every.weeks()
            )
        )
    assert found == sorted(found), "more officers never meet less"
    return found.index(True) + 1 if any(found) else None


def test_the_smallest_number_is_that_of_brute_force():
    seen = []
    for seed in range(500, 575):
        rng = random.Random(seed)
        problem = random_problem(seed, num_campuses=3, num_officers=rng.choice([1, 2]))
        if sum(site.rule.posts for site in problem.sites) > 4:
            continue
        times = random_times(seed, len(problem.sites))
        goals = [random_goal(rng, problem) for _ in range(rng.choice([1, 1, 2]))]
        smallest = frontier(base_of(problem, times), range(1, 2), goals).smallest
        expected = smallest_by_brute_force(problem, times, goals)
        assert smallest is not None
        assert (smallest.officers, smallest.proven) == (expected, True), (seed, goals)
        assert (expected is None) == bool(smallest.reasons)
        if expected is not None and smallest.plan is not None:
            shares = [goal for goal in goals if isinstance(goal, StudentsCovered)]
            states = {row.campus: row.state for row in smallest.plan.campuses}
            assert len(smallest.plan.problem.officers) == expected
            for goal in goals:
                if not isinstance(goal, StudentsCovered):
                    allowed = {"based": {"primary"}, "covered": {"primary", "shared"}}.get(str(goal).split()[0])
                    here = {states[campus.id] for site in goal.sites(problem) for campus in site.campuses}
                    assert here <= (allowed or {"primary", "shared", "on-call"})
            for goal in shares:
                assert smallest.plan.tiers[0].value <= goal.most_not_covered(problem)
        seen.append(expected)
    assert {None, 1, 2, 3} <= set(seen)


# -- small ones that can be read


def town(*, officers: int = 1, **changes: object) -> Problem:
    """Two high schools side by side, an elementary beside them that is only shared, and one that is only on-call."""
    campuses = (
        Campus(id="north", name="North High", level="high", lat=36.50, lon=-119.40, enrollment=900),
        Campus(id="south", name="South High", level="high", lat=36.51, lon=-119.40, enrollment=500),
        Campus(id="oak", name="Oak Elementary", level="elementary", lat=36.52, lon=-119.40, enrollment=300),
        Campus(id="prep", name="Prep", level="preschool", lat=36.53, lon=-119.40, enrollment=40),
        Campus(id="lost", name="Lost High", level="high", enrollment=70),
    )
    levels = {"elementary": RuleChange(states=("shared",)), "preschool": RuleChange(states=("on-call",))}
    return Problem(
        title="Town",
        campuses=campuses,
        officers=numbered_officers(officers),
        policy=Policy(max_shared=1, levels=levels),
        **changes,
    )


def test_the_second_officer_covers_the_elementary_and_the_third_does_nothing():
    # One officer: at North, sharing South (500) rather than Oak (300). Two: a high school each, one shares Oak.
    result = frontier(town(), range(1, 6))
    coverage = [row.tiers[0].best for row in result.rows if row.tiers]
    assert coverage == [340, 40, 40, 40]
    assert [(step.first, step.buys) for step in result.steps] == [("coverage", True), (None, False), (None, False)]
    assert (result.rows[-1].status, result.rows[-1].reason) == (
        "impossible",
        "there are only 4 posts on the planned campuses",
    )
    assert result.smallest is None and result.proven


def test_goals_by_eye():
    def needs(*goals: Goal) -> int | None:
        smallest = frontier(town(), range(1, 2), goals).smallest
        assert smallest is not None and smallest.proven
        return smallest.officers

    assert needs(Covered(levels=("high",))) == 1
    assert needs(Based(levels=("high",))) == 2
    assert needs(Covered(levels=("high", "elementary"))) == 2
    assert needs(Reached()) == 1  # North's officer shares Oak, and the others can call
    assert needs(StudentsCovered(percent=80)) == 1  # 1,400 of 1,740
    assert needs(StudentsCovered(percent=81)) == 2
    assert needs(StudentsCovered(percent=80), Based(levels=("high",))) == 2
    assert needs(StudentsCovered(percent=98)) is None  # Prep's 40 are 2.3 %


def reasons(problem: Problem, *goals: Goal) -> tuple[str, ...]:
    smallest = frontier(problem, range(1, 2), goals).smallest
    assert smallest is not None and smallest.officers is None and smallest.proven and smallest.plan is None
    return smallest.reasons


def test_why_no_number_meets_a_goal():
    assert reasons(town(), Based()) == (
        '"based all": Oak Elementary (elementary) may only be shared',
        '"based all": Prep (preschool) may only be on-call',
    )
    assert reasons(town(), Covered()) == ('"covered all": Prep (preschool) may only be on-call',)
    assert reasons(town(), StudentsCovered(percent=99)) == (
        '"99% of students covered": at most 1,700 of 1,740 students (97.7%) can be covered',
    )
    assert reasons(town(), Reached(within_min=1)) == (
        '"reached all within 1": Oak Elementary (elementary), Prep (preschool) cannot, '
        "with the limits, pins and forbids that there are",
    )
    pinned = town(pins=(Assignment(campus="oak", state="shared"),))
    assert reasons(pinned, Reached(within_min=1)) == (
        '"reached all within 1": These cannot be kept together, with the officers, limits and travel times given: '
        "pin oak shared",
    )
    forbidden = town(forbids=(Assignment(campus="south", state="primary"),))
    assert reasons(forbidden, Based(levels=("high",))) == (
        '"based high": South High (high) cannot: also forbidden (forbid south primary)',
    )


def test_why_campuses_and_goals_are_not_met_together():
    # South can only be shared now, so that the one officer who can be based, at North, would share it and Oak.
    levels = town().policy.levels
    policy = Policy(max_shared=1, levels=levels, campuses={"south": RuleChange(states=("shared",))})
    (reason,) = reasons(town().replace(policy=policy), Covered(levels=("high", "elementary")))
    assert reason.startswith("These cannot be kept together")
    assert "forbid oak uncovered" in reason and "forbid south uncovered" in reason
    assert reasons(town().replace(policy=policy), Covered(levels=("elementary",)), StudentsCovered(percent=75)) == (
        '"75% of students covered": at most 1,200 of 1,740 students (69.0%) can be covered with the other goals kept',
    )


def test_a_site_of_two_levels_is_named_with_both():
    campuses = tuple(
        campus.model_copy(update={"site": "S", "lat": 36.5}) if campus.id in ("north", "oak") else campus
        for campus in town().campuses
    )
    together = town().replace(campuses=campuses)
    assert reasons(together, Based(levels=("high",))) == (
        '"based high": North High + Oak Elementary (one site: elementary, high) may only be shared',
    )


def test_numbers_and_goals_that_cannot_be_asked_for_are_told_at_once():
    with pytest.raises(DataError) as caught:
        frontier(town(), range(0, 300), [Covered(levels=("k8",)), Covered(levels=("adult",))])
    where = [issue.where for issue in caught.value.issues]
    assert where == ["officers", "goal 'covered k8'", "goal 'covered adult'"]
    assert caught.value.issues[1].expected == "some of elementary, high, preschool"
    for numbers in (range(3, 3), range(2, 8, 2), range(5, 1, -1)):
        with pytest.raises(DataError):
            frontier(town(), numbers)


def test_numbered_officers_leave_from_the_highest_number():
    forbids = (Assignment(officer="Officer 1", campus="north"), Assignment(officer="Officer 3", campus="oak"))
    result = frontier(town(officers=3, forbids=forbids), range(1, 5))
    rosters = [[officer.id for officer in row.plan.problem.officers] for row in result.rows]
    assert rosters == [[f"Officer {n}" for n in range(1, count + 1)] for count in range(1, 5)]
    assert result.rows[0].plan.problem.forbids == forbids[:1]
    assert result.remarks == ()


def test_a_roster_is_shortened_from_its_end_and_says_so():
    officers = (Officer(id="a", name="Ann", max_shared=0), Officer(id="b", name="Bob", primary="south"))
    result = frontier(town().replace(officers=officers), range(1, 4))
    assert [officer.id for officer in result.rows[0].plan.problem.officers] == ["a"]
    assert [officer.id for officer in result.rows[2].plan.problem.officers] == ["a", "b", "New officer 1"]
    assert [tier.name for tier in result.rows[0].tiers] == ["coverage", "primary", "reach", "travel", "visibility"]
    leave, added, continuity = result.remarks
    assert "leave from its end, Bob first" in leave and "the policy's limits" in added
    assert "count only officers who are there" in continuity


def test_a_number_that_takes_a_pinned_officer_away_is_impossible():
    problem = town(officers=2, pins=(Assignment(officer="Officer 2", campus="south", state="primary"),))
    result = frontier(problem, range(1, 3), [Covered(levels=("high",))])
    assert [row.status for row in result.rows] == ["impossible", "optimal"]
    assert "Officer 2 would leave, and is pinned" in result.rows[0].reason
    assert result.smallest is not None and (result.smallest.officers, result.smallest.proven) == (2, True)


def test_fewer_than_too_few_are_not_solved_again(monkeypatch):
    pins = tuple(Assignment(campus=name, state="primary") for name in ("north", "south"))
    problem = town(officers=2, pins=pins).replace(policy=Policy(levels={"high": RuleChange(posts=2)}))
    base, asked = base_of(problem), []
    monkeypatch.setattr(module, "solve", lambda problem, *a, **k: asked.append(problem) or solve(problem, *a, **k))
    result = frontier(base, range(1, 5))
    assert [row.status for row in result.rows] == ["infeasible", "infeasible", "infeasible", "optimal"]
    assert [len(problem.officers) for problem in asked] == [3, 4]
    assert "pin north primary" in result.rows[0].reason


def test_a_weight_is_the_demand_of_the_rows_but_students_are_students():
    weights = {"north": 1, "south": 1, "oak": 800, "prep": 0, "lost": 0}
    campuses = tuple(campus.model_copy(update={"weight": weights[campus.id]}) for campus in town().campuses)
    result = frontier(
        town().replace(campuses=campuses, objective=Objective(weight="need")),
        range(1, 3),
        [StudentsCovered(percent=80)],
    )
    assert [row.tiers[0].best for row in result.rows] == [1, 0]
    assert result.smallest is not None and result.smallest.officers == 1
    assert any("'need', not enrollment" in remark for remark in result.remarks)


# -- what is not proven is said


def weakened(plan: Plan, *, from_tier: int = 0) -> Plan:
    """The same plan as a search leaves it that ran out of time in some tier, with bounds a little off."""
    tiers = tuple(
        tier
        if number < from_tier
        else tier.model_copy(
            update={"stopped": "time limit", "bound": tier.best + (50 if tier.more_is_better else -min(50, tier.best))}
        )
        for number, tier in enumerate(plan.tiers)
    )
    return plan.model_copy(update={"tiers": tiers, "status": "feasible"})


def unproven(problem: Problem, numbers: range, monkeypatch: pytest.MonkeyPatch, *, from_tier: int = 0) -> Frontier:
    base = base_of(problem)
    monkeypatch.setattr(module, "solve", lambda *a, **k: weakened(solve(*a, **k), from_tier=from_tier))
    return frontier(base, numbers)


def test_a_step_with_unproven_tiers_claims_only_what_the_bounds_prove(monkeypatch):
    result = unproven(town(), range(1, 5), monkeypatch)
    assert [row.proven for row in result.rows] == [True, False, False, False]
    # 40 against a proven 340 is better for sure; then 40 against a bound of 0 may be nothing or something.
    assert [(step.first, step.buys) for step in result.steps] == [("coverage", True), (None, None), (None, None)]
    assert not result.proven


def test_a_step_is_not_called_nothing_while_a_later_tier_is_open(monkeypatch):
    result = unproven(town(), range(1, 5), monkeypatch, from_tier=3)
    assert [step.buys for step in result.steps] == [True, None, None]


def test_a_goal_that_the_time_was_too_short_for(monkeypatch):
    goals = [Covered(levels=("high", "elementary"))]
    base = base_of(town())
    monkeypatch.setattr(module, "is_feasible", lambda *a: None)
    smallest = frontier(base, range(1, 2), goals).smallest
    assert (smallest.officers, smallest.too_few, smallest.proven, smallest.reasons) == (None, 0, False, ())
    assert [smallest.is_met_by(number) for number in range(1, 5)] == [None] * 4
    settled = {1: False, 2: None, 3: None, 4: True}
    monkeypatch.setattr(module, "is_feasible", lambda arrays, _: settled[sum(map(len, arrays.class_officers))])
    smallest = frontier(base, range(1, 2), goals).smallest
    assert (smallest.officers, smallest.too_few, smallest.proven) == (4, 0, False)
    assert [smallest.is_met_by(number) for number in (0, 3, 4)] == [False, None, True]


def test_a_share_that_the_time_was_too_short_for(monkeypatch):
    base = base_of(town())
    monkeypatch.setattr(module, "solve", lambda *a, **k: weakened(solve(*a, **k)))
    smallest = frontier(base, range(1, 2), [StudentsCovered(percent=81)]).smallest
    assert (smallest.officers, smallest.too_few, smallest.proven) == (2, 0, False)  # 340 not covered, bound 290


def test_it_tells_what_it_does_and_can_be_stopped():
    told: list[str] = []
    stop = StopSignal()

    def watch(news: str) -> None:
        told.append(news)
        if news == "3 officers":
            stop.request()

    with pytest.raises(KeyboardInterrupt):
        frontier(base_of(town()), range(1, 5), watch=watch, stop=stop)
    assert told == ["2 officers", "3 officers"]
