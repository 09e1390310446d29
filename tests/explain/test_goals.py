"""Goals: how they are written, what they change in a problem, and what is told of wrong ones."""

from __future__ import annotations

import pytest

from sro_coverage.errors import DataError
from sro_coverage.explain.goals import Based, Covered, Goal, Reached, StudentsCovered, parse_goal
from sro_coverage.problem import Assignment, Campus, Officer, Problem

SECONDARY = ("high", "middle", "secondary")


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("based high", Based(levels=("high",))),
        ("based high,middle,secondary", Based(levels=SECONDARY)),
        ("based secondary", Based(levels=SECONDARY)),
        ("based middle, secondary", Based(levels=("middle", "high", "secondary"))),
        ("  Covered   ALL ", Covered()),
        ("covered special education, k8", Covered(levels=("special_education", "k8"))),
        ("reached elementary", Reached(levels=("elementary",))),
        ("reached all", Reached()),
        ("reached all within 15", Reached(within_min=15)),
        ("reached all within 7.5 minutes", Reached(within_min=7.5)),
        ("reached all within 7.5min", Reached(within_min=7.5)),
        ("90% of students covered", StudentsCovered(percent=90)),
        ("92.5 % of students covered", StudentsCovered(percent=92.5)),
    ],
)
def test_goals_as_the_command_line_has_them(text, goal):
    assert parse_goal(text) == goal
    assert parse_goal(str(goal)) == goal


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("", "not a goal", '"based LEVELS"'),
        ("more officers", "not a goal", '"P% of students covered"'),
        ("based", "not a goal", '"reached all within MINUTES"'),
        ("covered all within 10", "covered within", '"reached all"'),
        ("based high within 10", "based within", '"reached all"'),
        ("reached high within 10", "levels within", '"reached all within"'),
        ("reached all within 601", "601", "at most 600"),
        ("based hihg", "no level 'hihg'", "perhaps high"),
        ("based all, high", "no level 'all'", "all, alone"),
        ("based high,,middle", "no level ''", "all, alone"),
        ("0% of students covered", "0.0", "more than 0"),
        ("101% of students covered", "101.0", "at most 100"),
        ("90% covered", "not a goal", '"P% of students covered"'),
        ("based \x1b[31mhigh", "not a goal", '"based LEVELS"'),
        ("$(x) of students covered", "not a goal", '"P% of students covered"'),
        ("٣% of students covered", "not a goal", '"P% of students covered"'),
    ],
)
def test_what_is_no_goal_is_told_with_what_is(text, found, expected):
    with pytest.raises(DataError) as caught:
        parse_goal(text)
    (issue,) = caught.value.issues
    assert issue.where.startswith("goal ") and issue.where.isprintable()
    assert found in issue.found and expected in issue.expected


def test_all_wrong_levels_are_told_at_once():
    with pytest.raises(DataError) as caught:
        parse_goal("based heigh, midle, 7 within 3")
    assert [issue.found for issue in caught.value.issues] == [
        "no level 'heigh'",
        "no level 'midle'",
        "no level '7'",
        "based within",
    ]


def test_minutes_hold_for_all_campuses_only():
    with pytest.raises(DataError):
        Reached(levels=("high",), within_min=3)


def problem() -> Problem:
    def campus(name: str, level: str, lat: float | None, **more: object) -> Campus:
        return Campus(
            id=name, name=name, level=level, lat=lat, lon=None if lat is None else -119.4, enrollment=100, **more
        )

    return Problem(
        title="T",
        campuses=(
            campus("a", "high", 36.50, site="S"),
            campus("b", "elementary", 36.50, site="S"),
            campus("c", "elementary", 36.51),
            campus("d", "high", None),
        ),
        officers=(Officer(id="x", name="X", max_travel_min=9), Officer(id="y", name="Y")),
    )


def rules(goal: Goal) -> tuple[set[str], set[str]]:
    asked = goal.asked(problem())
    return set(map(str, asked.pins)), set(map(str, asked.forbids))


def test_a_goal_is_a_change_of_the_problem():
    assert rules(Based(levels=("high",))) == ({"a primary"}, set())
    assert rules(Covered()) == (set(), {f"{campus} {state}" for campus in "ac" for state in ("on-call", "uncovered")})
    assert rules(Reached(levels=("elementary",))) == (set(), {"a uncovered", "c uncovered"})
    assert rules(StudentsCovered(percent=90)) == (set(), set())
    assert StudentsCovered(percent=90).asked(problem()).order == ("coverage",)
    assert [campus.id for campus in Based(levels=("high",)).left_out(problem())] == ["d"]


def test_a_rule_that_is_there_is_not_added_again():
    pinned = problem().replace(pins=(Assignment(campus="a", state="primary"),))
    assert Based(levels=("high",)).asked(pinned) == pinned


def test_minutes_shorten_every_limit_and_lengthen_none():
    def limits(goal: Reached) -> list[float | None]:
        asked = goal.asked(problem())
        return [asked.policy.max_travel_min, asked.policy.on_call_min, *(o.max_travel_min for o in asked.officers)]

    assert limits(Reached(within_min=17)) == [15, 17, 9, None]
    assert limits(Reached(within_min=5)) == [5, 5, 5, None]
    assert limits(Reached()) == [15, 20, 9, None]


@pytest.mark.parametrize(("percent", "most"), [(100, 0), (99.9, 0), (66.6, 100), (66.7, 99), (50, 150), (0.001, 299)])
def test_whole_students_may_be_left(percent, most):
    assert StudentsCovered(percent=percent).most_not_covered(problem()) == most


def test_goals_in_words():
    assert Based(levels=("high", "middle", "k12")).words == "an officer based at every high, middle and k12 campus"
    assert Covered().words == "every campus covered"
    assert Reached(within_min=15).words == "an officer for every campus within 15 minutes, at least on-call"
    assert Covered(levels=("special_education",)).words == "every special education campus covered"
