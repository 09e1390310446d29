"""Comparisons: every fact against a plain recomputation from the beats, and officers who are only numbers."""

from __future__ import annotations

import itertools
import json
import random

import pytest

from sro_coverage.errors import DataError
from sro_coverage.plan import Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment, Budget, Campus, Matrix, Objective, Officer, Policy, Problem, RuleChange
from sro_coverage.scenario.compare import compare
from sro_coverage.scenario.comparison import FLOWS
from sro_coverage.scenario.differences import differences
from tests.instances import random_campuses, random_policy

SEEDS = range(40)


def numbered(count: int) -> tuple[Officer, ...]:
    return tuple(Officer(id=f"Officer {number}", name=f"Officer {number}") for number in range(1, count + 1))


def drawn(seed: int) -> tuple[Plan, Plan]:
    """Two plans of one town: the second with other officers, other students, a school less, more, or not known."""
    rng = random.Random(seed)
    while True:
        campuses = list(random_campuses(rng, rng.choice([5, 6, 7])))
        policy = random_policy(rng).model_copy(update={"campuses": {}})
        changed = [campus for campus in campuses if rng.random() > 0.15]
        changed = [
            campus.model_copy(update={"enrollment": rng.choice([campus.enrollment, campus.enrollment + 70, 0, None])})
            if rng.random() < 0.3
            else campus
            for campus in changed
        ]
        if rng.random() < 0.5:
            changed.append(Campus(id="new", name="New", level="high", lat=36.55, lon=-119.35, enrollment=500))
        try:
            return tuple(
                solve(Problem(title=title, campuses=tuple(rows), officers=numbered(rng.choice([2, 3])), policy=policy))
                for title, rows in (("before", campuses), ("after", changed))
            )
        except DataError:
            continue


def served(plan: Plan, ids: dict[str, str]) -> dict[str, tuple[str, frozenset[str]]]:
    """State and officers of every planned campus, from the beats alone."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for beat in plan.beats:
        parts = [("primary", beat.primary)]
        parts += [("shared", stop.campuses) for stop in beat.shared]
        parts += [("on-call", stop.campuses) for stop in beat.on_call]
        for state, campuses in parts:
            for campus in campuses:
                others = found[campus][1] if campus in found else frozenset()
                found[campus] = (state, others | {ids[beat.officer]})
    for campus in plan.problem.campuses:
        planned = campus.lat is not None and campus.enrollment is not None
        found.setdefault(campus.id, ("uncovered" if planned else "not planned", frozenset()))
    return found


def covers(plan: Plan, officer: str) -> set[str]:
    beat = next(beat for beat in plan.beats if beat.officer == officer)
    return {*beat.primary, *(campus for stop in beat.shared for campus in stop.campuses)}


def officer_ids(plan: Plan) -> list[str]:
    return [officer.id for officer in plan.problem.officers]


@pytest.fixture(scope="module")
def pairs():
    return [drawn(seed) for seed in SEEDS]


def new_ids(side, plan):
    return {officer: dict(side.renumbered).get(officer, officer) for officer in officer_ids(plan)}


def test_the_drawn_plans_are_not_all_alike(pairs):
    versus = [compare(pair).others[0] for pair in pairs]
    assert {change.change for v in versus for change in v.campuses} >= {
        *("more", "less", "officer", "opened", "closed", "no longer planned"),
    }
    assert {change.change for v in versus for change in v.officers} >= {"moves", "only before", "only after"}


def test_campus_changes_are_those_of_the_beats(pairs):
    for before, after in pairs:
        (versus,) = compare([before, after]).others
        old = served(before, {officer: officer for officer in officer_ids(before)})
        new = served(after, new_ids(versus.side, after))
        assert {change.campus for change in versus.campuses} == {
            campus for campus in old.keys() | new.keys() if old.get(campus) != new.get(campus)
        }
        order = ["uncovered", "on-call", "shared", "primary"]
        for change in versus.campuses:
            one, other = old.get(change.campus), new.get(change.campus)
            assert (change.state_before, set(change.officers_before)) == (one or (None, set()))
            assert (change.state_after, set(change.officers_after)) == (other or (None, set()))
            if one is None or other is None:
                assert change.change == ("opened" if one is None else "closed")
            elif "not planned" in (one[0], other[0]):
                assert change.change == ("now planned" if one[0] == "not planned" else "no longer planned")
            elif one[0] == other[0]:
                assert change.change == "officer"
            else:
                assert change.change == ("more" if order.index(other[0]) > order.index(one[0]) else "less")


def test_flows_count_students_one_by_one(pairs):
    for before, after in pairs:
        (versus,) = compare([before, after]).others
        old, new = (served(plan, {officer: officer for officer in officer_ids(plan)}) for plan in (before, after))
        had, has = ({c.id: c.enrollment or 0 for c in plan.problem.campuses} for plan in (before, after))
        for kind, states in FLOWS.items():
            flow = versus.flow(kind)
            sums = dict.fromkeys(("gained", "lost", "opened", "closed", "grown"), 0)
            for campus in old.keys() | new.keys():
                was, now = old.get(campus, ("",))[0] in states, new.get(campus, ("",))[0] in states
                if campus not in old:
                    sums["opened"] += has[campus] * now
                elif campus not in new:
                    sums["closed"] += had[campus] * was
                elif was and now:
                    sums["grown"] += has[campus] - had[campus]
                else:
                    sums["gained"] += has[campus] * now
                    sums["lost"] += had[campus] * was
            assert {name: getattr(flow, name) for name in sums} == sums
            assert flow.before == sum(had[campus] for campus in old if old[campus][0] in states)
            assert flow.after - flow.before == (
                sums["gained"] - sums["lost"] + sums["opened"] - sums["closed"] + sums["grown"]
            )


def test_officer_changes_are_those_of_the_beats(pairs):
    for before, after in pairs:
        (versus,) = compare([before, after]).others
        ids = new_ids(versus.side, after)
        old = {beat.officer: beat for beat in before.beats}
        new = {ids[beat.officer]: beat for beat in after.beats}
        changes = {change.officer: change for change in versus.officers}
        for officer in old.keys() | new.keys():
            one, other = old.get(officer), new.get(officer)
            if one is None or other is None:
                assert changes[officer].change == ("only after" if one is None else "only before")
                continue
            parts = [
                (set(one.primary), set(other.primary)),
                *(
                    tuple({c for stop in getattr(beat, kind) for c in stop.campuses} for beat in (one, other))
                    for kind in ("shared", "on_call")
                ),
            ]
            is_based = one.primary or other.primary
            moves = bool(is_based) and not parts[0][0] & parts[0][1]
            if officer not in changes:
                assert not moves
                assert all(a == b for a, b in parts[1:])
                continue
            change = changes[officer]
            assert change.change == ("moves" if moves else "keeps the primary")
            assert set(change.shared_lost) == parts[1][0] - parts[1][1]
            assert set(change.shared_gained) == parts[1][1] - parts[1][0]
            assert set(change.on_call_lost) == parts[2][0] - parts[2][1]
            assert set(change.on_call_gained) == parts[2][1] - parts[2][0]
            assert (change.students_before, change.students_after) == (one.students, other.students)


def test_totals_add_up(pairs):
    for pair in pairs:
        for side, plan in zip(compare(pair).sides, pair, strict=True):
            students = {campus.id: campus.enrollment or 0 for campus in plan.problem.campuses}
            states = served(plan, {officer: officer for officer in officer_ids(plan)})
            totals = side.totals
            for state, count in totals.students.items():
                here = [campus for campus, (its, _) in states.items() if its == state]
                assert (count, totals.campuses[state]) == (sum(students[campus] for campus in here), len(here))
            tiers = {tier.name: tier.value for tier in plan.tiers}
            assert totals.without == tiers["coverage"]
            assert totals.students["primary"] == tiers["primary"]
            assert totals.driving * 60 == pytest.approx(tiers["travel"])
            assert totals.largest_beat == max(
                sum(students[campus] for campus in covers(plan, officer)) for officer in officer_ids(plan)
            )
            fixed = 0.0
            for beat in plan.beats:
                fixed += beat.primary_hours + sum(stop.hours for stop in beat.shared)
            assert totals.campus_hours == pytest.approx(fixed)


def test_numbers_are_given_so_that_most_students_keep_their_officer(pairs):
    for before, after in pairs:
        ids = new_ids(compare([before, after]).others[0].side, after)
        students = {campus.id: campus.enrollment or 0 for campus in after.problem.campuses}
        kept = {
            (old, new): sum(
                students[campus] for campus in covers(before, old) & covers(after, new) if campus in students
            )
            for old in officer_ids(before)
            for new in officer_ids(after)
        }
        few, many = sorted((officer_ids(before), officer_ids(after)), key=len)
        is_before_few = few == officer_ids(before)
        best = max(
            sum(kept[(a, b) if is_before_few else (b, a)] for a, b in zip(few, order, strict=True))
            for order in itertools.permutations(many, len(few))
        )
        assert sum(kept[old, new] for new, old in ids.items() if (old, new) in kept) == best


def test_a_permutation_of_numbered_officers_is_no_move(pairs):
    for seed, pair in enumerate(pairs):
        for plan in pair:
            ids = officer_ids(plan)
            shuffled = random.Random(seed).sample(ids, len(ids))
            other = _with_ids(plan, dict(zip(ids, shuffled, strict=True)))
            (versus,) = compare([plan, other]).others
            assert (versus.officers, versus.campuses, versus.asked) == ((), (), ())


def _with_ids(plan: Plan, ids: dict[str, str]) -> Plan:
    beats = [beat.model_copy(update={"officer": ids[beat.officer], "name": ids[beat.officer]}) for beat in plan.beats]
    rows = [
        row.model_copy(update={"officers": tuple(ids[officer] for officer in row.officers)}) for row in plan.campuses
    ]
    return plan.model_copy(update={"beats": tuple(beats), "campuses": tuple(rows)}).sealed()


# -- who is who


TOWN = tuple(
    Campus(id=f"c{number}", name=f"Campus {number}", level="high", lat=36.5 + number / 50, lon=-119.4, enrollment=size)
    for number, size in enumerate((900, 800, 700, 600))
)
ALONE = Policy(max_shared=0, on_call_min=0)


def based(officers: tuple[Officer, ...], *primaries: str, title: str = "Town", **more: object) -> Plan:
    """A plan that bases officers where a pin says, each alone; the pins are taken out again."""
    pins = tuple(
        Assignment(officer=officer.id, campus=campus, state="primary")
        for officer, campus in zip(officers, primaries, strict=True)
    )
    problem = Problem(title=title, campuses=TOWN, officers=officers, policy=ALONE, pins=pins, **more)
    return solve(problem).model_copy(update={"problem": problem.replace(pins=())}).sealed()


def test_named_officers_are_compared_by_id_even_if_they_only_exchange_campuses():
    names = (Officer(id="a", name="Ash"), Officer(id="b", name="Birch"))
    (versus,) = compare([based(names, "c0", "c1"), based(names, "c1", "c0")]).others
    assert [(change.name, change.change) for change in versus.officers] == [("Ash", "moves"), ("Birch", "moves")]
    assert {change.change for change in versus.campuses} == {"officer"}


@pytest.mark.parametrize(
    "distinct",
    [
        {"officers": (Officer(id="Officer 1", name="Officer 1", max_shared=2), numbered(2)[1])},
        {"officers": (Officer(id="Officer 1", name="Officer 1", primary="c1"), numbered(2)[1])},
        {"pins": (Assignment(officer="Officer 1", campus="c1", state="primary"),)},
    ],
    ids=["own limit", "current campus", "own rule"],
)
def test_a_number_that_stands_for_somebody_is_compared_by_id(distinct):
    before, after = based(numbered(2), "c0", "c1"), based(numbered(2), "c1", "c0")
    assert compare([before, after]).others[0].moves == ()
    told = after.model_copy(update={"problem": after.problem.replace(**distinct)})
    assert [change.officer for change in compare([before, told]).others[0].moves] == ["Officer 1", "Officer 2"]


def test_an_officer_who_is_gone_is_the_one_whose_campus_lost_everybody():
    (versus,) = compare([based(numbered(3), "c0", "c1", "c2"), based(numbered(2), "c2", "c0")]).others
    assert [(change.officer, change.change) for change in versus.officers] == [("Officer 2", "only before")]
    assert versus.side.renumbered == (("Officer 1", "Officer 3"), ("Officer 2", "Officer 1"))


def test_added_officers_get_new_numbers_and_keep_them_in_the_next_plans():
    first = based(numbered(1), "c0")
    more = [based(numbered(3), "c1", "c0", "c2"), based(numbered(3), "c2", "c1", "c0")]
    comparison = compare([first, *more])
    assert list(comparison.officer_names) == ["Officer 1", "Officer 2", "Officer 3"]
    homes = [{beat.officer: beat.primary[0] for beat in side.plan.beats} for side in comparison.sides[1:]]
    assert homes[0] == homes[1] == {"Officer 1": "c0", "Officer 2": "c1", "Officer 3": "c2"}


def test_names_against_numbers_follow_nobody_and_say_so():
    names = (Officer(id="a", name="Ash"), Officer(id="b", name="Birch"))
    (versus,) = compare([based(numbered(2), "c0", "c1"), based(names, "c0", "c1")]).others
    assert [change.change for change in versus.officers] == ["only before"] * 2 + ["only after"] * 2
    assert "No officer is in both A and B, so nobody can be said to move." in versus.remarks


def test_two_officers_at_one_campus_are_followed_by_what_else_they_serve():
    policy = Policy(
        max_shared=1,
        on_call_min=0,
        campuses={
            "c0": RuleChange(posts=2, states=("primary",)),
            "c1": RuleChange(states=("shared",)),
            "c2": RuleChange(states=("shared",)),
        },
    )
    plan = solve(Problem(title="Posts", campuses=TOWN[:3], officers=numbered(2), policy=policy))
    assert [beat.primary for beat in plan.beats] == [("c0",), ("c0",)]
    other = _with_ids(plan, {"Officer 1": "Officer 2", "Officer 2": "Officer 1"})
    (versus,) = compare([plan, other]).others
    assert versus.officers == versus.campuses == ()


# -- what was compared


def test_a_plan_that_does_not_exist_is_named_and_not_compared():
    stuck = Problem(
        title="Stuck",
        campuses=TOWN[:2],
        officers=numbered(1),
        policy=Policy(default=RuleChange(states=("primary",))),
        forbids=tuple(Assignment(campus=campus.id, state="uncovered") for campus in TOWN[:2]),
    )
    infeasible, good = solve(stuck), based(numbered(2), "c0", "c1")
    for plans, letter in (((good, infeasible), "B"), ((infeasible, good), "A")):
        (versus,) = compare(plans).others
        assert (versus.officers, versus.campuses, versus.flows) == ((), (), ())
        assert versus.remarks == (f"{letter} holds no plan (infeasible), so there is nothing to compare with it.",)
        assert compare(plans).sides["AB".index(letter)].totals is None
        assert versus.asked


def test_other_measures_are_said():
    town = [campus.model_copy(update={"weight": 5}) for campus in TOWN]
    plan, afresh = based(numbered(2), "c0", "c1"), "planned afresh"
    weighed = solve(plan.problem.replace(campuses=tuple(town), objective=Objective(weight="calls")))
    remarks = compare([plan, weighed]).others[0].remarks
    assert remarks[0].startswith("The tiers of A count enrollment, those of B the column 'calls'")
    assert afresh in remarks[1]
    other = solve(plan.problem.replace(objective=Objective(order=("primary", "coverage"))))
    remarks = compare([plan, other]).others[0].remarks
    assert remarks[0] == "With other tiers before them in B than in A: coverage, primary."
    now = (Officer(id="Officer 1", name="Officer 1", primary="c0"), numbered(2)[1])
    kept = solve(plan.problem.replace(officers=now))
    assert compare([plan, kept]).others[0].remarks == ()


def test_cost_is_the_budget_s():
    budget = Budget(cost_per_officer=150_000, district_share=0.5)
    plans = [based(numbered(3), "c0", "c1", "c2", budget=budget), based(numbered(2), "c0", "c1", budget=budget)]
    assert [(s.totals.cost, s.totals.district_cost) for s in compare(plans).sides] == [
        (450_000, 225_000),
        (300_000, 150_000),
    ]


def test_json_names_the_plans_and_is_the_same_each_time():
    plans = [based(numbered(2), "c0", "c1", title="One"), based(numbered(1), "c1", title="Two")]
    text = compare(plans).to_json()
    assert text == compare(plans).to_json()
    content = json.loads(text)
    assert content["format"] == "sro-coverage comparison 1"
    assert [content["base"]["digest"], content["others"][0]["side"]["digest"]] == [plan.digest for plan in plans]
    assert content["base"]["tiers"][0]["proven"] is True
    assert content["others"][0]["campuses"][0]["name"] == "Campus 0"
    assert "plan" not in content["base"]


def test_names_replace_titles():
    plans = [based(numbered(2), "c0", "c1"), based(numbered(1), "c1")]
    assert [side.name for side in compare(plans, ["now", "then"]).sides] == ["now", "then"]


@pytest.mark.parametrize(
    ("count", "names", "found"),
    [(1, None, "plans: 1; expected 2 to 6"), (7, None, "plans: 7;"), (2, ["one"], "names: 1; expected one for each")],
)
def test_what_cannot_be_compared_is_refused(count, names, found):
    with pytest.raises(DataError, match=found):
        compare([based(numbered(1), "c0")] * count, names)


# -- what is asked differently

BASE = Problem(title="Base", campuses=TOWN, officers=numbered(3))
ASH = Officer(id="ash", name="Ash")


def moved(number: int, **changes: object) -> tuple[Campus, ...]:
    return tuple(c.model_copy(update=changes) if i == number else c for i, c in enumerate(TOWN))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"title": "Another name"}, []),
        ({"officers": numbered(2)}, [("officers", "3", "2")]),
        ({"officers": (*numbered(3)[:2], ASH)}, [("officer ash", "–", "on the roster")]),
        (
            {"officers": (*numbered(3), ASH.model_copy(update={"max_shared": 1, "levels": ("high",)}))},
            [("officers", "3", "4"), ("officer ash", "–", "on the roster, max_shared 1, levels high")],
        ),
        (
            {"officers": (numbered(1)[0].model_copy(update={"max_shared": 2}), *numbered(3)[1:])},
            [("officer Officer 1, max_shared", "as the policy says", "2")],
        ),
        (
            {"officers": (numbered(1)[0].model_copy(update={"primary": "c1"}), *numbered(3)[1:])},
            [
                ("current", "–", "a plan of 1 officers"),
                (
                    "objective.order",
                    "coverage, primary, reach, travel, visibility",
                    "coverage, primary, reach, travel, visibility, continuity",
                ),
            ],
        ),
        ({"campuses": TOWN[1:]}, [("campuses", "4", "3"), ("campus c0", "high, 900 students", "not in the table")]),
        ({"campuses": moved(1, enrollment=1200)}, [("campus c1, enrollment", "800", "1,200")]),
        ({"campuses": moved(1, enrollment=None)}, [("campus c1, enrollment", "800", "–")]),
        ({"campuses": moved(2, lat=36.5)}, [("campus c2, point", "36.54000 -119.40000", "36.50000 -119.40000")]),
        ({"campuses": moved(2, note="Painted", address="1 Main St")}, []),
        ({"travel": BASE.travel.model_copy(update={"speed_kph": 50})}, [("travel.speed_kph", "60", "50")]),
        (
            {"travel": Matrix(method="matrix", file="m.csv")},
            [
                (
                    "travel",
                    "method straight-line, circuity 1.36, speed_kph 60, terminal_min 2.1",
                    "method matrix, file m.csv, multiplier 1",
                )
            ],
        ),
        ({"policy": Policy(max_students=2000)}, [("policy.max_students", "–", "2,000")]),
        (
            {"policy": Policy(levels={"high": RuleChange(visits_per_week=3)})},
            [("policy.levels.high.visits_per_week", "2 (default)", "3")],
        ),
        ({"policy": Policy(levels={"high": RuleChange(visits_per_week=2)})}, []),
        (
            {"policy": Policy(campuses={"c1": RuleChange(states=())})},
            [("policy.campuses.c1.states", "primary, shared, on-call (default)", "none")],
        ),
        ({"policy": Policy(default=RuleChange(posts=2))}, [("policy.default.posts", "1 (default)", "2")]),
        ({"pins": (Assignment(campus="c1", state="primary"),)}, [("pin", "–", "c1 primary")]),
        ({"forbids": (Assignment(campus="c1", state="uncovered"),)}, [("forbid", "–", "c1 uncovered")]),
        ({"objective": Objective(weight="calls")}, [("objective.weight", "–", "calls")]),
        ({"budget": Budget(cost_per_officer=90_000)}, [("budget", "–", "USD 90,000.00 an officer")]),
    ],
)
def test_differences_are_told_in_the_words_of_the_plan_file(changes, told):
    other = BASE.replace(**changes)
    assert [(d.key, d.before, d.after) for d in differences(BASE, other)] == told
    assert [(d.key, d.after, d.before) for d in differences(other, BASE)] == [
        (key, before, after.replace("another, of", "a plan of")) for key, before, after in told
    ]


def test_many_changed_enrollments_are_told_as_one():
    campuses = [
        Campus(id=f"c{n}", name=f"Campus {n}", level="high", lat=36.5 + n / 100, lon=-119.4, enrollment=1000)
        for n in range(12)
    ]
    before = BASE.replace(campuses=tuple(campuses))
    after = before.replace(campuses=tuple(c.model_copy(update={"enrollment": 1050}) for c in campuses))
    (difference,) = differences(before, after)
    assert (difference.key, difference.before, difference.after) == (
        "enrollment of 12 campuses, together",
        "12,000",
        "12,600",
    )


def test_another_travel_source_under_the_same_keys_is_told():
    plan = based(numbered(2), "c0", "c1")
    other = plan.model_copy(update={"travel": "straight line, as of old"})
    (difference,) = compare([plan, other]).others[0].asked
    assert difference.key == "travel times"
