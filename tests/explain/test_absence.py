"""The absence book: every answer equals the enumeration of all plans, and the book is what people can read."""

import itertools
import json
from functools import cache

import pytest

from sro_coverage.check import check
from sro_coverage.errors import DataError
from sro_coverage.explain.absence import _least_losses, absence, absence_book
from sro_coverage.explain.base import Base
from sro_coverage.model.solution import SolveParams, StopSignal
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment, Campus, Objective, Officer, Policy, Problem, RuleChange, Tolerance
from tests.instances import Enumeration, random_problem, random_times

LONG = SolveParams(time_limit_s=60)
SMALL = [(seed, 4, 3) for seed in (0, 1, 2, 5, 7, 8, 12, 14, 19, 22, 24, 25, 31, 33, 34, 37)]
WITH_ONE = [(seed, 4, 4) for seed in (8, 48, 61, 73, 77)]
COVERED = ("primary", "shared")


@cache
def case(seed, campuses, officers):
    """A random base with its book, or None if it has no plan."""
    problem = random_problem(seed, num_campuses=campuses, num_officers=officers)
    times = random_times(seed, len(problem.sites))
    base = Base(solve(problem, LONG, times=times), times, LONG)
    return (base, absence_book(base, pairs=officers < 4)) if base.plan.has_beats else None


def cases(wanted):
    return [found for found in itertools.starmap(case, wanted) if found is not None]


def everybody(wanted):
    for base, book in cases(wanted):
        for told in (*book.absences, *book.pairs):
            yield base, told


def without(base, absent, order, free=None):
    """The problem that is left, put together by hand: beats of the base plan are the present duty."""
    problem, beats = base.problem, {beat.officer: beat for beat in base.plan.beats}
    officers = [
        officer.model_copy(
            update={
                "primary": beats[officer.id].primary[0] if beats[officer.id].primary and officer.id != free else None,
                "shared": tuple(s.campuses[0] for s in beats[officer.id].shared) if officer.id != free else (),
            }
        )
        for officer in problem.officers
        if officer.id not in absent
    ]
    if not any(officer.primary for officer in officers):
        order = [tier for tier in order if tier != "moves"]
    tolerance = Tolerance(**{**problem.objective.tolerance.model_dump(), "moves": 0})
    return problem.replace(
        officers=tuple(officers),
        pins=tuple(pin for pin in problem.pins if pin.officer not in absent),
        forbids=tuple(rule for rule in problem.forbids if rule.officer not in absent),
        objective=Objective(order=tuple(order), tolerance=tolerance, weight=problem.objective.weight),
    )


def asked(problem):
    return [tier for tier in problem.order if tier not in ("continuity", "moves")] or ["coverage"]


def best_of(base, absent, order, free=None):
    return Enumeration(without(base, absent, order, free), base.times).best()


def found(answer):
    return [tier.best for tier in answer.tiers] if answer.plan.has_beats else None


def less_is_better(tier, value):
    return -value if tier in ("primary", "visibility") else value


# -- answers against every plan there is


@pytest.mark.parametrize("wanted", SMALL + WITH_ONE, ids=str)
def test_stay_and_best_equal_the_enumeration(wanted):
    for base, told in everybody([wanted]):
        if told.best is None:
            assert len(told.absent) == len(base.problem.officers)
            continue
        first, *rest = asked(base.problem)
        assert found(told.stay) == best_of(base, told.absent, ["moves", first, *rest])
        assert found(told.best) == best_of(base, told.absent, [first, "moves", *rest])


def test_one_moved_is_the_best_of_all_who_could_be():
    tried = [(base, told) for base, told in everybody(WITH_ONE) if told.one]
    assert len(tried) >= 5
    for base, told in tried:
        order = asked(base.problem)
        present = [o.id for o in base.problem.officers if o.id not in told.absent]
        options = [best_of(base, told.absent, ["moves", *order], free) for free in present]
        costs = [
            [less_is_better(t, v) for t, v in zip(order, values[-len(order) :], strict=True)] for values in options
        ]
        mine = [less_is_better(tier.name, tier.best) for tier in told.one.tiers if tier.name != "moves"]
        assert mine == min(costs)
        assert len(told.one.moves) == 1
        assert mine[0] < less_is_better(order[0], told.stay.tiers[1].best)
        everything = Enumeration(without(base, told.absent, ["moves", *order]), base.times)
        values = [everything.values(weeks) for weeks in everything.weeks() if everything.keeps_pins(weeks)]
        assert mine[0] == min(less_is_better(order[0], v[order[0]]) for v in values if v["moves"] <= 1)


def test_where_one_is_not_shown_no_single_move_brings_more():
    for base, told in everybody(WITH_ONE):
        if told.one is None and told.best and told.best.plan.has_beats and not told.stay.moves:
            first = asked(base.problem)[0]
            everything = Enumeration(without(base, told.absent, ["moves", first]), base.times)
            values = [everything.values(weeks) for weeks in everything.weeks() if everything.keeps_pins(weeks)]
            least = min(less_is_better(first, v[first]) for v in values if v["moves"] <= 1)
            shown = min(less_is_better(t.name, t.best) for a in told.answers for t in a.tiers if t.name == first)
            assert least in (shown, less_is_better(first, told.stay.tiers[1].best))


@pytest.mark.parametrize("wanted", SMALL, ids=str)
def test_the_robust_plan_equals_the_enumeration(wanted):
    for base, book in cases([wanted]):
        problem, robust = base.problem, book.robust
        first, *rest = problem.order
        order = tuple(dict.fromkeys((first, "balance", *rest)))
        everything = Enumeration(
            problem.replace(objective=problem.objective.model_copy(update={"order": order})), base.times
        )
        assert [tier.best for tier in robust.plan.tiers] == everything.best()
        assert check(robust.plan, times=base.times) == []
        demand = {campus: site.demand for site in problem.sites for campus in [site.lead.id]}
        for plan, loss in ((base.plan, robust.loss_before), (robust.plan, robust.loss)):
            beats = [sum(demand[s[0]] for s in (b.primary, *(t.campuses for t in b.shared)) if s) for b in plan.beats]
            assert loss == max(beats)
        balance = next(tier for tier in robust.plan.tiers if tier.name == "balance")
        assert robust.bound <= balance.best <= robust.loss
        if first != "balance":
            assert robust.bound == balance.best


def test_the_average_beat_is_a_bound_where_the_search_has_none():
    base, book = case(2, 4, 3)
    assert base.problem.order[0] == "coverage"
    total = sum(site.demand for site in base.problem.sites)
    tiers = [
        tier.model_copy(update={"bound": 0}) if tier.name == "balance" else tier for tier in book.robust.plan.tiers
    ]
    covered = total - book.robust.plan.tiers[0].limit
    assert list(_least_losses(book.robust.plan.model_copy(update={"tiers": tuple(tiers)}))) == [0, -(-covered // 3)]
    assert -(-covered // 3) <= book.robust.loss


# -- what is lost, and what is said of each answer


def test_lost_is_what_the_plan_gives_today():
    for base, told in everybody(SMALL):
        enrollment = {campus.id: campus.enrollment or 0 for campus in base.problem.campuses}
        touched = {row.campus for row in base.plan.campuses if set(row.officers) & set(told.absent)}
        assert {campus for site in told.lost for campus in site.campuses} == touched
        left = {row.campus: set(row.officers) - set(told.absent) for row in base.plan.campuses}
        states = {row.campus: row.state for row in base.plan.campuses if row.state != "not planned"}
        gone = [c for c, state in states.items() if state in COVERED and not left[c]]
        before = sum(enrollment[c] for c, state in states.items() if state not in COVERED)
        assert told.students == sum(enrollment[c] for c in gone)
        assert told.not_covered == before + told.students
        assert told.nobody_to_call == sum(enrollment[c] for c in states if not left[c])


def test_every_answer_is_a_plan_and_what_is_said_of_it_is_so():
    for base, told in everybody(SMALL + WITH_ONE):
        for answer in filter(None, (told.stay, told.one, told.best)):
            assert check(answer.plan, times=base.times) == []
            assert answer.is_proven
            if not answer.plan.has_beats:
                assert answer.status == "infeasible"
                assert answer.explanation
                continue
            rows = {row.campus: row for row in answer.plan.campuses if row.state != "not planned"}
            enrollment = {campus.id: campus.enrollment or 0 for campus in base.problem.campuses}
            assert answer.not_covered == sum(enrollment[c] for c, row in rows.items() if row.state not in COVERED)
            assert answer.nobody_to_call == sum(enrollment[c] for c, row in rows.items() if row.state == "uncovered")
            old = {row.campus: row for row in base.plan.campuses}
            changed = {c for c, row in rows.items() if (row.state, row.officers) != (old[c].state, old[c].officers)}
            assert {campus for site in answer.handovers for campus in site.campuses} == changed
            for site in answer.handovers:
                assert (site.after.state, site.after.officers) == (
                    rows[site.campuses[0]].state,
                    rows[site.campuses[0]].officers,
                )
                assert site.after.hours == pytest.approx(rows[site.campuses[0]].hours)


def test_moved_officers_are_as_many_as_the_tier_counts():
    for base, told in everybody(SMALL + WITH_ONE):
        for answer in filter(None, (told.stay, told.best)):
            tier = next((tier for tier in answer.tiers if tier.name == "moves"), None)
            if tier:
                assert len(answer.moves) == tier.value
            now = {beat.officer: beat for beat in answer.plan.beats}
            for beat in base.plan.beats:
                if beat.officer in now and answer.plan.has_beats and beat.primary:
                    kept = {s.campuses for s in beat.shared} <= {s.campuses for s in now[beat.officer].shared}
                    is_kept = now[beat.officer].primary == beat.primary and kept
                    assert is_kept == (beat.officer not in {move.officer for move in answer.moves})


def test_the_best_is_never_worse_than_staying_in_the_first_tier():
    for base, told in everybody(SMALL + WITH_ONE):
        if told.best and told.best.plan.has_beats:
            first = asked(base.problem)[0]
            values = [
                next(less_is_better(tier.name, tier.best) for tier in answer.tiers if tier.name == first)
                for answer in (told.best, told.one, told.stay)
                if answer
            ]
            assert values == sorted(values)
            moved = [len(answer.moves) for answer in told.answers]
            assert moved == sorted(set(moved))


def test_the_cases_are_not_all_alike():
    told = [told for _, told in everybody(SMALL)]
    assert any(one.released for one in told)
    assert any(one.stay and one.stay.status == "infeasible" for one in told)
    assert any(one.stay and one.stay.moves for one in told)
    assert any(one.needs_moves for one in told)
    assert any(site.after.officers for one in told for site in one.lost)
    assert any(book.robust.loss < book.robust.loss_before for _, book in cases(SMALL))


# -- a town to be read by eye


def school(name, level, lat, lon, students):
    return Campus(id=name.lower(), name=name, level=level, lat=lat, lon=lon, enrollment=students)


@cache
def town():
    """
    Three officers at three high schools, where they are pinned, each with one elementary, which is all they may share.
    """
    campuses = (
        school("East", "high", 36.50, -119.30, 1000),
        school("Mid", "high", 36.50, -119.35, 900),
        school("West", "high", 36.50, -119.40, 2000),
        school("Ash", "elementary", 36.51, -119.30, 300),
        school("Birch", "elementary", 36.51, -119.35, 250),
        school("Cedar", "elementary", 36.51, -119.40, 400),
    )
    policy = Policy(
        max_shared=1,
        levels={"high": RuleChange(states=("primary",)), "elementary": RuleChange(states=("shared", "on-call"))},
    )
    officers = tuple(Officer(id=name, name=name.title()) for name in ("ann", "bob", "cyd"))
    pins = tuple(
        Assignment(officer=officer, campus=campus, state="primary")
        for officer, campus in (("ann", "east"), ("bob", "mid"), ("cyd", "west"))
    )
    problem = Problem(title="Three Highs", campuses=campuses, officers=officers, policy=policy, pins=pins)
    return Base.of(problem)


def test_a_pin_of_the_absent_is_released_and_said():
    told = absence(town(), ["cyd"])
    assert told.released == (Assignment(officer="cyd", campus="west", state="primary"),)
    assert told.students == 2400
    assert [site.campuses for site in told.lost] == [("west",), ("cedar",)]
    assert told.stay.not_covered == 2400
    assert [(s.campuses[0], s.after.state) for s in told.stay.handovers] == [
        ("west", "uncovered"),
        ("cedar", "on-call"),
    ]


def test_one_of_the_pinned_gives_up_the_small_school_for_the_larger_one():
    told = absence(town(), ["cyd"])
    (move,) = told.best.moves
    assert (move.primary_before, move.primary_after) == ("mid", "mid")
    assert (move.shared_before, move.shared_after) == (("birch",), ("cedar",))
    assert told.best.not_covered == 2000 + 250


def test_without_pins_one_officer_moves_to_the_large_school():
    base = Base.of(town().problem.replace(pins=()))
    at = {beat.primary[0]: beat.officer for beat in base.plan.beats}
    told = absence(base, [at["west"]])
    (move,) = told.best.moves
    assert (move.officer, move.primary_before, move.primary_after) == (at["mid"], "mid", "west")
    assert told.best.not_covered == 900 + 250
    assert told.one is None  # the best is one move already


def test_nobody_is_left_of_one_officer():
    problem = town().problem
    base = Base.of(problem.replace(officers=problem.officers[:1], pins=problem.pins[:1]))
    book = absence_book(base, pairs=True)
    (told,) = book.absences
    assert (told.stay, told.best, told.answers, book.pairs) == (None, None, (), ())
    assert told.students == 1000 + 400  # Cedar is near enough
    assert told.not_covered == 4850


def test_a_campus_that_must_not_be_uncovered_can_make_it_impossible():
    problem = town().problem.replace(forbids=(Assignment(campus="west", state="uncovered"),))
    told = absence(Base.of(problem), ["cyd"])
    assert {told.stay.status, told.best.status} == {"infeasible"}
    assert "ann" in told.stay.explanation
    assert [answer.plan.has_beats for answer in told.answers] == [False]


def test_the_planners_tolerance_of_the_first_tier_spares_a_move():
    problem = town().problem.replace(pins=(), objective=Objective(tolerance=Tolerance(coverage=0.9)))
    base = Base.of(problem)
    at = {beat.primary[0]: beat.officer for beat in base.plan.beats}
    assert absence(base, [at["mid"]]).best.moves == ()


def test_officers_who_are_only_numbers_each_have_their_own_absence():
    problem = town().problem
    numbered = tuple(Officer(id=f"Officer {n}", name=f"Officer {n}") for n in (1, 2, 3))
    book = absence_book(Base.of(problem.replace(officers=numbered, pins=())))
    assert [told.absent for told in book.absences] == [("Officer 1",), ("Officer 2",), ("Officer 3",)]
    assert len({told.students for told in book.absences}) == 3


def test_the_current_plan_of_the_roster_is_no_present_duty():
    problem = town().problem
    moved = tuple(o.model_copy(update={"primary": "west"}) for o in problem.officers)
    base = Base.of(problem.replace(officers=moved))
    assert "continuity" in base.problem.order
    told = absence(base, ["ann"])
    assert [tier.name for tier in told.best.tiers] == ["coverage", "moves", "primary", "reach", "travel", "visibility"]


def test_an_unknown_officer_is_an_error():
    with pytest.raises(DataError, match="'zoe'"):
        absence(town(), ["ann", "zoe"])


def test_news_come_before_each_part_and_at_the_end():
    news = []
    absence_book(town(), pairs=True, watch=lambda *line: news.append(line))
    assert [line[0] for line in news] == list(range(8))
    assert {line[1] for line in news} == {7}
    assert news[3][2] == "without ann and bob"


def test_a_stopped_book_says_that_nothing_is_proven():
    stop = StopSignal()
    stop.request()
    problem = town().problem.replace(pins=())
    told = absence(Base.of(problem), ["cyd"], stop=stop)
    assert not told.best.is_proven
    assert not told.best.plan.has_beats or check(told.best.plan) == []


# -- as JSON


def test_json_is_the_whole_book_without_plans():
    base, book = next(iter(cases(SMALL)))
    content = json.loads(book.to_json())
    assert content["format"] == "sro-coverage absences 1"
    assert content["plan"]["digest"] == base.plan.digest
    assert len(content["absences"]) == 3
    assert len(content["pairs"]) == 3
    for told, row in zip(book.absences, content["absences"], strict=True):
        assert row["absent"] == list(told.absent)
        assert row["best"]["not_covered"] == told.best.not_covered
        assert "plan" not in row["best"]
        assert len(row["best"]["handovers"]) == len(told.best.handovers)
    assert content["robust"]["loss"] == book.robust.loss
    assert [beat["officer"] for beat in content["robust"]["beats"]] == [beat.officer for beat in base.plan.beats]
