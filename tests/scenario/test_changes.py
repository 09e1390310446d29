"""Changes make a problem of a problem: nothing of nothing, the same in any order, and told in plain words."""

from __future__ import annotations

import json
import random
from fractions import Fraction

import pytest

from sro_coverage.errors import DataError
from sro_coverage.problem import (
    Assignment,
    Budget,
    Campus,
    Matrix,
    Objective,
    Officer,
    Policy,
    Problem,
    RuleChange,
    StraightLine,
    Tolerance,
)
from sro_coverage.problem.policy import numbered_officers
from sro_coverage.scenario import Changes, apply, describe
from sro_coverage.scenario.amounts import students_after
from tests.instances import random_problem


def campus(name: str, level: str = "high", students: int | None = 1000, **more) -> Campus:
    point = {"lat": 36.5 + len(name) / 100, "lon": -119.4} | more
    return Campus(id=name, name=name.title(), level=level, enrollment=students, **point)


def tiny(**parts) -> Problem:
    """Seven campuses, two of them on one site and one without students, and three officers known by number."""
    campuses = (
        campus("north", site="hill"),
        campus("academy", "alternative", 50, site="hill", lat=36.55),
        campus("oak", "elementary", 333),
        *(campus(name, "middle", 100) for name in ("elm", "ash", "fir")),
        campus("vale", "adult", None),
    )
    return Problem(**{"title": "Tiny", "campuses": campuses, "officers": numbered_officers(3)} | parts)


def by_id(problem: Problem, campus_id: str) -> Campus:
    return next(campus for campus in problem.campuses if campus.id == campus_id)


def issues(problem: Problem, **changes) -> list[str]:
    with pytest.raises(DataError) as caught:
        apply(problem, Changes(**changes))
    return [str(issue) for issue in caught.value.issues]


# -- laws


@pytest.mark.parametrize("seed", range(60))
def test_no_change_gives_an_equal_problem(seed):
    problem = random_problem(seed)
    assert apply(problem, Changes()) == problem
    assert describe(Changes(), problem) == ()


def random_changes(rng: random.Random, problem: Problem) -> list[dict]:
    """Changes of different parts of a problem, some of which may clash with its pins."""
    ids = [campus.id for campus in problem.campuses]
    closed, changed = rng.sample(ids, 2)
    level = by_id(problem, closed).level
    officer = rng.choice(problem.officers)
    other = rng.choice([one for one in problem.officers if one is not officer] or [None])
    own = rng.choice([{"max_shared": 3}, {"max_students": "none"}, {"excluded": [changed]}, {"weekly_hours": 38}])
    return [
        {"close": [closed]},
        {"campus": [{"id": changed, "enrollment": rng.choice([700, "+10%", "-10"]), "lat": 36.51, "lon": -119.39}]},
        {"officer": [{"id": officer.id, **own}]},
        {"absent": [other.id]} if other else {"title": "Nobody absent"},
        {"policy": {"max_shared": rng.choice([1, 3]), "max_students": rng.choice(["none", 5000])}},
        {"policy": {"levels": {level: {"posts": 2}}, "default": {"visits_per_week": 1.5}}},
        {"policy": {"campuses": {changed: {"hours_per_visit": rng.choice([1, "none"])}}}},
        {"objective": {"tolerance": {"primary": 0.1}}},
        {"objective": {"order": ["coverage", "travel", "reach"]}},
        {"travel": {"speed_kph": 45}},
        {"budget": {"cost_per_officer": 99_000}},
        {"open": [{"id": "new", "name": "New", "level": "high", "lat": 36.52, "lon": -119.38, "enrollment": 90}]},
        {"forbid": [{"campus": changed, "officer": officer.id, "state": "on-call"}]},
    ]


def in_turn(problem: Problem, changes: list[dict]) -> Problem | None:
    try:
        for change in changes:
            problem = apply(problem, Changes(**change))
    except DataError:
        return None
    return problem


def merged(one: dict, other: dict) -> dict:
    """All keys of both in one scenario."""
    both = dict(one)
    for key, value in other.items():
        if isinstance(value, dict) and key in both:
            both[key] = merged(both[key], value)
        else:
            both[key] = value
    return both


def test_changes_of_different_parts_commute_and_add_up_to_one_scenario():
    possible = 0
    for seed in range(120):
        rng = random.Random(seed)
        problem = random_problem(seed)
        if problem.objective.weight:
            continue  # the opened campus would need one
        changes = rng.sample(random_changes(rng, problem), 5)
        made = in_turn(problem, changes)
        if made is None:
            continue
        otherwise = in_turn(problem, rng.sample(changes, 5))
        if otherwise is not None:  # on the way there may be more officers than posts
            possible += 1
            assert otherwise == made
        together: dict = {}
        for change in changes:
            together = merged(together, change)
        assert apply(problem, Changes(**together)) == made
    assert possible > 40


def test_adding_and_taking_away_give_the_same_problem_again():
    problem = tiny()
    there = apply(problem, Changes(officers="+2", pin=[{"primary": "north"}], policy={"max_students": 900}))
    back = Changes(officers="-2", release=[{"primary": "north"}], policy={"max_students": "none"})
    assert apply(there, back) == problem


@pytest.mark.parametrize("seed", range(40))
def test_changes_survive_json(seed):
    rng = random.Random(seed)
    problem = random_problem(seed)
    for content in random_changes(rng, problem):
        changes = Changes(**content)
        text = json.dumps(changes.model_dump(mode="json", exclude_defaults=True))
        assert Changes(**json.loads(text)) == changes


def test_a_value_that_is_the_default_is_still_a_change():
    changes = Changes(policy={"max_shared": 4}, objective={"tolerance": {"primary": 0.05}})
    assert changes != Changes()
    base = tiny(policy=Policy(max_shared=2), objective=Objective(tolerance=Tolerance(primary=0)))
    assert apply(base, changes) == tiny()


# -- officers


def names(problem: Problem) -> list[str]:
    return [officer.id for officer in problem.officers]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (3, ["Officer 1", "Officer 2", "Officer 3"]),
        (2, ["Officer 1", "Officer 2"]),
        ("-2", ["Officer 1"]),
        ("+0", ["Officer 1", "Officer 2", "Officer 3"]),
        ("+1", ["Officer 1", "Officer 2", "Officer 3", "Officer 4"]),
        (4, ["Officer 1", "Officer 2", "Officer 3", "Officer 4"]),
    ],
)
def test_numbered_officers_end_at_the_highest_number(count, expected):
    problem = tiny(campuses=(campus("north"), campus("oak"), campus("south"), campus("middle")))
    assert names(apply(problem, Changes(officers=count))) == expected


def test_numbers_are_not_given_twice():
    problem = apply(tiny(), Changes(absent=["Officer 1"]))
    assert names(apply(problem, Changes(officers=3))) == ["Officer 2", "Officer 3", "Officer 4"]
    assert names(apply(problem, Changes(officers="-1"))) == ["Officer 2"]


def test_the_number_is_changed_before_anybody_is_absent():
    assert names(apply(tiny(), Changes(officers=2, absent=["Officer 1"]))) == ["Officer 2"]


def test_the_highest_number_goes_wherever_it_stands():
    problem = tiny(officers=tuple(reversed(numbered_officers(3))))
    assert names(apply(problem, Changes(officers="-1"))) == ["Officer 2", "Officer 1"]


ROSTER = (Officer(id="17", name="Reyes", max_shared=2), Officer(id="9", name="Officer 9"))


def test_a_roster_of_names_gains_new_officers_with_the_limits_of_the_policy():
    problem = apply(tiny(officers=ROSTER), Changes(officers="+1"))
    assert problem.officers == (*ROSTER, Officer(id="New officer 1", name="New officer 1"))
    two = apply(tiny(officers=ROSTER[:1]), Changes(officers="+1"))
    assert names(apply(two, Changes(officers="+1"))) == ["17", "New officer 1", "New officer 2"]


def test_a_new_officer_by_number_can_be_given_limits_at_once():
    changes = Changes(officers="+1", officer=[{"id": "New officer 1", "max_shared": 1}])
    assert apply(tiny(officers=ROSTER), changes).officers[-1].max_shared == 1


def test_fields_of_an_officer_are_laid_over_those_that_are_known():
    changes = Changes(officer=[{"id": "17", "max_shared": "none", "levels": ["high"]}])
    reyes, other = apply(tiny(officers=ROSTER), changes).officers
    assert reyes == Officer(id="17", name="Reyes", levels=("high",))
    assert other == ROSTER[1]


# -- campuses


@pytest.mark.parametrize(
    ("students", "change", "expected"),
    [
        (333, "+50%", 500),  # 499.5
        (333, "-50%", 167),  # 166.5: half a student counts as one, whichever way
        (1000, "+0.05%", 1001),  # 1000.5
        (1000, "+0.04%", 1000),
        (3, "-100%", 0),
        (0, "+10%", 0),
        (700, "+1.1 %", 708),  # 707.7
        (2119, "+7%", 2267),  # 2267.33
        (900, "-120", 780),
        (900, "+0", 900),
    ],
)
def test_percentages_are_rounded_to_the_nearest_student_one_half_up(students, change, expected):
    assert students_after(students, change) == expected


def test_rounding_is_exact_for_all_tenths_of_a_percent():
    for tenths in range(-1000, 1001, 7):
        change = f"{'-' if tenths < 0 else '+'}{abs(tenths) // 10}.{abs(tenths) % 10}%"
        exact = Fraction(1225 * (1000 + tenths), 1000)
        assert -Fraction(1, 2) < students_after(1225, change) - exact <= Fraction(1, 2)


def test_a_level_changes_campuses_of_the_base_alone():
    new = {"id": "new", "name": "New", "level": "high", "enrollment": 100, "lat": 36.5, "lon": -119.4}
    made = apply(tiny(), Changes(enrollment={"high": "+10%"}, open=[new]))
    assert {campus.id: campus.enrollment for campus in made.campuses} == {
        **{"north": 1100, "academy": 50, "oak": 333},
        **{"ash": 100, "elm": 100, "fir": 100, "vale": None, "new": 100},
    }


def test_all_means_every_campus_whose_enrollment_is_known():
    made = apply(tiny(), Changes(enrollment={"all": "-10%"}))
    assert [campus.enrollment for campus in made.campuses] == [45, 90, 90, 90, 900, 300, None]  # oak 299.7


def test_a_campus_without_students_can_be_given_some():
    made = apply(tiny(), Changes(campus=[{"id": "vale", "enrollment": 40, "level": "high"}]))
    assert (by_id(made, "vale").level, by_id(made, "vale").not_planned) == ("high", None)


def test_a_value_is_taken_away_by_the_text_none():
    made = apply(tiny(), Changes(campus=[{"id": "academy", "site": "none", "enrollment": "none"}]))
    assert (by_id(made, "academy").site, by_id(made, "academy").enrollment) == (None, None)


def test_closing_takes_along_what_the_base_says_of_the_campus_alone():
    officers = (
        Officer(id="17", name="Reyes", primary="oak", shared=("north", "oak"), excluded=("oak",)),
        Officer(id="9", name="Cho", primary="north"),
    )
    policy = Policy(campuses={"oak": RuleChange(posts=2), "north": RuleChange(posts=2)})
    forbid = Assignment(campus="oak", officer="9")
    made = apply(tiny(officers=officers, policy=policy, forbids=(forbid,)), Changes(close=["oak"]))
    assert set(made.policy.campuses) == {"north"}
    assert made.forbids == ()
    assert made.officers[0] == Officer(id="17", name="Reyes", shared=("north",))
    assert made.officers[1] == officers[1]


def test_a_released_pin_lets_its_campus_close():
    pinned = tiny(pins=(Assignment(campus="oak", state="shared"),))
    (told,) = issues(pinned, close=["oak"])
    assert told == (
        'close: takes away what the base has pinned: oak shared; expected also [[release]] with shared = "oak"'
    )
    assert apply(pinned, Changes(close=["oak"], release=[{"shared": "oak"}])).pins == ()


def test_a_pin_may_become_a_forbid():
    pin = Assignment(campus="oak", state="shared")
    made = apply(tiny(pins=(pin,)), Changes(release=[pin], forbid=[pin]))
    assert (made.pins, made.forbids) == ((), (pin,))


def test_a_pin_that_the_base_has_is_not_there_twice():
    pin = Assignment(campus="oak", state="shared")
    assert apply(tiny(pins=(pin,)), Changes(pin=[{"shared": "oak"}])).pins == (pin,)


# -- the other parts


def test_a_policy_is_merged_key_by_key():
    base = Policy(
        max_students=2500,
        max_shared=2,
        levels={"high": RuleChange(posts=2, visits_per_week=3), "elementary": RuleChange(states=("on-call",))},
    )
    overlay = {"max_students": "none", "levels": {"high": {"posts": "none"}, "elementary": {"states": "none"}}}
    made = apply(tiny(policy=base), Changes(policy=overlay)).policy
    assert made == Policy(max_shared=2, levels={"high": RuleChange(visits_per_week=3)})


def test_an_empty_order_is_the_default_order():
    base = tiny(objective=Objective(order=("reach", "coverage")))
    made = apply(base, Changes(objective={"order": []}))
    assert made == tiny()
    assert describe(Changes(objective={"order": []}), base) == (
        "tiers reach, coverage -> coverage, primary, reach, travel, visibility",
    )


def test_travel_is_replaced_as_a_whole():
    base = tiny(travel=StraightLine(circuity=1.3, speed_kph=40))
    assert apply(base, Changes(travel={"speed_kph": 50})).travel == StraightLine(speed_kph=50)
    assert apply(base, Changes(travel={"method": "matrix", "file": "m.csv"})).travel == Matrix(
        method="matrix", file="m.csv"
    )


def test_a_budget_is_merged_made_or_taken_away():
    base = tiny(budget=Budget(cost_per_officer=100, district_share=0.5))
    assert apply(base, Changes(budget={"cost_per_officer": 120})).budget == Budget(
        cost_per_officer=120, district_share=0.5
    )
    assert apply(tiny(), Changes(budget={"cost_per_officer": 120})).budget == Budget(cost_per_officer=120)
    assert apply(base, Changes(budget="none")).budget is None


def test_a_weight_can_be_taken_away_but_not_invented():
    weighted = tiny(
        campuses=(campus("north", weight=5), campus("oak", weight=7)),
        officers=numbered_officers(1),
        objective=Objective(weight="meals"),
    )
    made = apply(weighted, Changes(objective={"weight": "none"}))
    assert (made.objective.weight, {campus.weight for campus in made.campuses}) == (None, {None})
    (told,) = issues(weighted, objective={"weight": "risk"})
    assert told.startswith("objective.weight: 'risk'; expected")
    new = {"id": "new", "name": "New", "level": "high", "enrollment": 100, "lat": 36.5, "lon": -119.4}
    assert issues(weighted, open=[new]) == ["open 1: 'new' has no weight; expected one, as demand is meals"]
    assert by_id(apply(weighted, Changes(open=[new | {"weight": 3}])), "new").weight == 3


# -- errors


def test_faults_of_the_changes_and_of_what_they_make_are_told_together():
    told = issues(
        tiny(), absent=["Officer 8"], policy={"off_campus_hours": 40}, pin=[{"officer": "X", "primary": "oak"}]
    )
    assert [line.split(";")[0] for line in told] == [
        "absent: unknown officer 'Officer 8'",
        "policy: 40 weekly hours, 40 of them off campus",
        "pin 1 (X oak primary): unknown officer 'X'",
    ]


def test_a_new_pin_keeps_the_number_that_it_has_in_the_file():
    base = tiny(pins=(Assignment(campus="oak", state="shared"), Assignment(campus="north", state="primary")))
    told = issues(base, release=[{"shared": "oak"}], pin=[{"primary": "north"}, {"shared": "nrth"}])
    assert told == ["pin 2 (nrth shared): unknown campus 'nrth'; expected the id of a campus in the table"]


def test_keys_are_checked_when_changes_are_made():
    with pytest.raises(DataError) as caught:
        Changes(policy={"levels": {"high": {"post": 2}}}, campus=[{"id": "oak", "enrollment": "10%", "nam": "x"}])
    assert [issue.where for issue in caught.value.issues] == [
        "campus 1.enrollment",
        "campus 1.nam",
        "policy.levels.high.post",
    ]


# -- words


def test_what_is_changed_is_told_in_plain_words():
    base = tiny(
        officers=(
            Officer(id="17", name="Reyes", max_shared=2),
            Officer(id="9", name="Cho"),
            Officer(id="4", name="Lee"),
        ),
        pins=(Assignment(campus="oak", state="shared"),),
        budget=Budget(cost_per_officer=150_000),
    )
    changes = Changes(
        title="All of it",
        officers="+1",
        absent=["9"],
        officer=[{"id": "17", "max_shared": 3, "levels": ["high"]}, {"id": "5", "name": "Kim", "weekly_hours": 20}],
        open=[{"id": "new", "name": "New High", "level": "high", "enrollment": 1200, "lat": 36.5, "lon": -119.4}],
        close=["academy"],
        campus=[{"id": "north", "enrollment": "+10%", "lat": 36.6, "lon": -119.5}],
        enrollment={"elementary": "+3%"},
        policy={"max_travel_min": 12, "max_shared": 4, "levels": {"high": {"posts": 2}}, "default": {"posts": 1}},
        objective={"order": ["coverage", "travel"], "tolerance": {"primary": 0.1}},
        travel={"speed_kph": 50},
        pin=[{"officer": "17", "primary": "north"}],
        forbid=[{"uncovered": "oak"}],
        release=[{"shared": "oak"}],
        budget={"cost_per_officer": 160_000},
    )
    assert describe(changes, base) == (
        "1 officer more",
        "Cho absent",
        "Reyes: max_shared 2 -> 3",
        "Reyes: levels all -> high",
        "Kim added (weekly_hours 20)",
        "New High opened (high, 1,200 students)",
        "Academy closed",
        "North moved -> 36.6000, -119.5000",
        "North: enrollment 1,000 -> 1,100",
        "enrollment of elementary campuses +3%",
        "max_travel_min 15 -> 12",
        "high campuses: posts 1 -> 2",
        "travel: speed_kph 60 -> 50",
        "tiers coverage, primary, reach, travel, visibility -> coverage, travel",
        "tolerance of primary 0.05 -> 0.1",
        "pinned: 17 north primary",
        "forbidden: oak uncovered",
        "released: oak shared",
        "cost_per_officer 150,000 -> 160,000",
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"officers": "-2"}, ("2 officers fewer",)),
        ({"officers": 3, "policy": {"max_travel_min": 15}}, ()),
        ({"policy": {"max_students": 2000}}, ("max_students none -> 2,000",)),
        ({"policy": {"campuses": {"oak": {"states": []}}}}, ("Oak: states primary, shared, on-call -> none",)),
        ({"enrollment": {"all": "-2.5%"}}, ("enrollment of all campuses -2.5%",)),
        ({"campus": [{"id": "north", "lat": "none", "lon": "none"}]}, ("North moved -> no point",)),
        ({"travel": {"method": "matrix", "file": "m.csv"}}, ("travel straight-line -> matrix (m.csv)",)),
        ({"budget": {"cost_per_officer": 150_000}}, ("an officer costs USD 150,000 a year",)),
        ({"officer": [{"id": "5", "name": "Kim"}]}, ("Kim added (with the limits of the policy)",)),
        ({"officer": [{"id": "Officer 1", "max_shared": 2}]}, ("Officer 1: max_shared 4 -> 2",)),
        ({"officers": "+0"}, ()),
        ({"policy": {"max_students": "none"}}, ("max_students: there was none",)),
        ({"policy": {"campuses": {"oak": {"posts": "none"}}}}, ("Oak: posts: there was none",)),
        ({"policy": {"levels": {"high": {"posts": "none"}}}}, ("high campuses: posts: there was none",)),
        ({"campus": [{"id": "oak", "site": "none"}]}, ("Oak: site: there was none",)),
        ({"officer": [{"id": "Officer 1", "max_shared": "none"}]}, ("Officer 1: max_shared: there was none",)),
        ({"objective": {"weight": "none"}}, ("weight: there was none",)),
        ({"budget": "none"}, ("budget: there was none",)),
    ],
)
def test_words_for_one_change(changes, expected):
    assert describe(Changes(**changes), tiny()) == expected
