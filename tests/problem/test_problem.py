"""Problems solvable by eye: what a site asks for, which rule holds, what contradicts what."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from sro_coverage.errors import CoverageError, DataError, Issue
from sro_coverage.problem import (
    STATES,
    Assignment,
    Campus,
    Objective,
    Officer,
    Policy,
    Problem,
    Rule,
    RuleChange,
    Tolerance,
)


def campus(campus_id: str, level: str = "high", enrollment: int | None = 100, **more: Any) -> Campus:
    place = {"lat": 36.5, "lon": -119.4} | more
    return Campus(id=campus_id, name=campus_id.title(), level=level, enrollment=enrollment, **place)


def officers(*ids: str) -> tuple[Officer, ...]:
    return tuple(Officer(id=officer_id, name=officer_id.title()) for officer_id in ids)


def problem(*campuses: Campus, **more: Any) -> Problem:
    parts = {"title": "Test", "officers": officers("ann")} | more
    return Problem(campuses=campuses, **parts)


def issues_of(*campuses: Campus, **more: Any) -> tuple[Issue, ...]:
    with pytest.raises(DataError) as caught:
        problem(*campuses, **more)
    return caught.value.issues


# -- sites


@pytest.fixture(scope="module")
def shared_site() -> Problem:
    """A large middle school and a small high school on one site, each more demanding in some way."""
    policy = Policy(
        levels={
            "high": RuleChange(states=("shared", "primary"), visits_per_week=1, hours_per_visit=3, posts=2),
            "middle": RuleChange(visits_per_week=4, peaks_per_week=3, min_primary_hours=20),
        }
    )
    return problem(
        campus("a_high", "high", 200, site="One", lat=36.51),
        campus("b_middle", "middle", 800, site="One", weight=5),
        campus("c_alone", "elementary", 300),
        campus("d_adult", "adult", None, site="One"),
        policy=policy,
        objective=Objective(weight="need"),
    )


def test_campuses_of_one_site_are_planned_as_one(shared_site: Problem) -> None:
    assert [site.id for site in shared_site.sites] == ["b_middle", "c_alone"]
    assert shared_site.site_of == {"a_high": 0, "b_middle": 0, "c_alone": 1}


def test_a_site_takes_the_most_demanding_rule_and_the_common_states(shared_site: Problem) -> None:
    assert shared_site.sites[0].rule == Rule(
        states=("shared", "primary"),
        visits_per_week=4,
        hours_per_visit=3,
        peaks_per_week=3,
        min_primary_hours=20,
        posts=2,
    )
    assert shared_site.sites[0].rule.presence_hours == 12


def test_a_site_is_led_by_its_largest_campus_and_adds_up(shared_site: Problem) -> None:
    site = shared_site.sites[0]
    assert site.lead.id == "b_middle"
    assert site.name == "B_Middle + A_High"
    assert site.enrollment == 1000
    assert site.demand == 205  # 5 is the middle school's weight; the high school counts its students


def test_among_equals_the_first_id_leads() -> None:
    site = problem(campus("b", site="S"), campus("a", site="S")).sites[0]
    assert site.lead.id == "a"


def test_a_campus_that_cannot_be_planned_is_no_part_of_its_site(shared_site: Problem) -> None:
    assert [found.id for found in shared_site.not_planned] == ["d_adult"]
    assert "adult" not in {found.level for site in shared_site.sites for found in site.campuses}


def test_a_site_and_a_campus_id_of_the_same_text_stay_apart() -> None:
    assert len(problem(campus("a"), campus("b", site="a")).sites) == 2


def test_a_site_without_a_common_state_is_refused_and_explained() -> None:
    policy = Policy(levels={"high": RuleChange(states=("primary",)), "middle": RuleChange(states=("on-call",))})
    (issue,) = issues_of(campus("a", "high", site="S"), campus("b", "middle", site="S"), policy=policy)
    assert issue.where == "site 'S'"
    assert "A (high) allows primary; B (middle) allows on-call" in issue.found


# -- rules


def test_rules_are_inherited_field_by_field() -> None:
    policy = Policy(
        default=RuleChange(visits_per_week=3, hours_per_visit=2),
        levels={"high": RuleChange(hours_per_visit=4, posts=2)},
        campuses={"a": RuleChange(posts=1)},
    )
    assert policy.rule_for("a", "high") == Rule(visits_per_week=3, hours_per_visit=4, posts=1)
    assert policy.rule_for("b", "high") == Rule(visits_per_week=3, hours_per_visit=4, posts=2)
    assert policy.rule_for("b", "middle") == Rule(visits_per_week=3, hours_per_visit=2)


def test_no_states_is_a_rule_too() -> None:
    assert Policy(campuses={"a": RuleChange(states=())}).rule_for("a", "high").states == ()


def test_an_officers_own_limit_wins() -> None:
    ann = Officer(id="ann", name="Ann", weekly_hours=30, primary_share_min=0.75, max_shared=0)
    found = problem(campus("a"), officers=(ann,))
    assert found.field_hours(ann) == 22
    assert found.limit(ann, "max_shared") == 0  # zero is a limit, not a missing one
    assert found.limit(ann, "max_travel_min") == 15
    assert found.floor_hours(ann, found.sites[0]) == 16.5


def test_the_floor_is_the_share_or_the_minimum_of_the_campus() -> None:
    found = problem(campus("a"), policy=Policy(campuses={"a": RuleChange(min_primary_hours=20)}))
    assert found.floor_hours(found.officers[0], found.sites[0]) == 20  # above one half of 32


# -- replace, and what frozen means


def test_replace_changes_a_copy_and_keeps_the_rest() -> None:
    before = problem(campus("a"), campus("b"))
    after = before.replace(officers=officers("ann", "bob"))
    assert (len(before.officers), len(after.officers)) == (1, 2)
    assert after.campuses == before.campuses


def test_replace_checks_again() -> None:
    before = problem(campus("a"), pins=(Assignment(campus="a", officer="ann"),))
    with pytest.raises(DataError, match=r"unknown officer 'ann'"):
        before.replace(officers=officers("bob"))
    with pytest.raises(DataError, match=r"unknown campus 'a'"):
        before.replace(campuses=(campus("b"),))


def test_rows_may_come_in_any_order() -> None:
    assert problem(campus("b"), campus("a")) == problem(campus("a"), campus("b"))


def test_values_are_frozen() -> None:
    found = problem(campus("a"))
    with pytest.raises(FrozenInstanceError):
        found.title = "other"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        found.campuses[0].name = "other"


def test_one_error_is_both_of_the_package_and_a_value_error() -> None:
    with pytest.raises(CoverageError) as caught:
        Campus(id="", name="A", level="high", size=3)
    assert isinstance(caught.value, ValueError)
    assert [issue.where for issue in caught.value.issues] == ["id", "size"]


# -- contradictions, kept and broken


def test_as_many_officers_as_posts_but_no_more() -> None:
    posts = Policy(campuses={"a": RuleChange(posts=2)})
    assert problem(campus("a"), policy=posts, officers=officers("ann", "bob"))
    (issue,) = issues_of(campus("a"), officers=officers("ann", "bob"))
    assert (issue.where, issue.found) == ("officers", "2")


def test_a_policy_without_hours_is_told_once_not_for_every_officer() -> None:
    policy = Policy(weekly_hours=8, off_campus_hours=8)
    (issue,) = issues_of(campus("a"), campus("b"), policy=policy, officers=officers("ann", "bob"))
    assert issue.where == "policy"


def test_an_officer_with_own_hours_may_work_where_the_policy_leaves_none() -> None:
    ann = Officer(id="ann", name="Ann", weekly_hours=40)
    (issue,) = issues_of(campus("a"), policy=Policy(weekly_hours=8), officers=(ann,))
    assert issue.where == "policy"


@pytest.mark.parametrize(
    ("lat", "lon", "expected"),
    [
        (36.5, 119.4, "-119.4; its sign looks wrong"),
        (-36.5, -119.4, "36.5; its sign looks wrong"),
        (0.0, 0.0, "a real point, or lat and lon empty"),
        (36.5, None, "both lat and lon, or neither"),
        (None, -119.4, "both lat and lon, or neither"),
    ],
)
def test_points_that_cannot_be_meant(lat: float | None, lon: float | None, expected: str) -> None:
    (issue,) = issues_of(campus("a"), campus("b"), campus("c", lat=lat, lon=lon))
    assert issue.where == "campus 'c'"
    assert issue.expected.endswith(expected)


def test_of_two_points_the_western_one_is_right() -> None:
    (issue,) = issues_of(campus("a"), campus("b", lon=119.4))
    assert issue.where == "campus 'b'"


@pytest.mark.parametrize(("lat", "lon"), [(37.9, -121.0), (34.0, -119.4), (21.3, -157.8)])
def test_a_point_may_be_far_if_nothing_explains_it(lat: float, lon: float) -> None:
    assert problem(campus("a"), campus("b"), campus("c", lat=lat, lon=lon))


def rules(*texts: str) -> tuple[Assignment, ...]:
    """Assignments from `officer campus state`, with - for an empty officer or state."""
    parts = [[None if part == "-" else part for part in text.split()] for text in texts]
    return tuple(Assignment(officer=who, campus=where, state=state) for who, where, state in parts)


CAMPUSES = (campus("a"), campus("b", "middle"), campus("c", "elementary"), campus("d", site="S"), campus("e", site="S"))

CLASHES = [
    (("ann a primary", "ann b primary"), (), "pins of officer 'ann': based at A and B"),
    (("ann a primary", "bob a primary"), (), "pins of A: 2 officers based there"),
    (("ann a shared", "bob a shared"), (), "pins of A: shared for ann and bob"),
    (("ann a on-call", "bob a on-call"), (), "pins of A: on-call for ann and bob"),
    (("- a primary", "- a uncovered"), (), "pins of A: primary and uncovered"),
    (("ann a -", "- a on-call"), (), "pins of A: covered and on-call"),
    (("ann d primary", "- e shared"), (), "pins of D + E: primary and shared"),
    (("- a primary",), ("- a primary",), "pin a primary: also forbidden"),
    (("ann a shared",), ("ann a -",), "pin ann a shared: also forbidden"),
    (("ann d shared",), ("- e shared",), "pin ann d shared: also forbidden"),
    (("- a uncovered",), ("- a uncovered",), "pin a uncovered: also forbidden"),
]

FITTING = [
    (("ann a primary", "bob b primary"), ()),
    (("ann a primary", "ann b shared", "ann c on-call"), ()),
    (("ann a -", "- a primary"), ()),
    (("ann a -", "ann a shared"), ()),
    (("ann a primary", "ann a primary"), ()),
    (("ann d primary", "ann e primary"), ()),
    (("ann a primary",), ("bob a -", "ann a shared", "- a uncovered")),
]


@pytest.mark.parametrize(("pins", "forbids", "message"), CLASHES)
def test_rules_that_clash(pins: tuple[str, ...], forbids: tuple[str, ...], message: str) -> None:
    (issue,) = issues_of(*CAMPUSES, officers=officers("ann", "bob"), pins=rules(*pins), forbids=rules(*forbids))
    assert str(issue).startswith(message)


@pytest.mark.parametrize(("pins", "forbids"), FITTING)
def test_rules_that_fit(pins: tuple[str, ...], forbids: tuple[str, ...]) -> None:
    assert problem(*CAMPUSES, officers=officers("ann", "bob"), pins=rules(*pins), forbids=rules(*forbids))


def test_a_pin_against_the_officers_row() -> None:
    ann = Officer(id="ann", name="Ann", levels=("high",), excluded=("e",))
    pins = rules("ann b shared", "ann c on-call", "ann d on-call")
    issues = issues_of(*CAMPUSES, officers=(ann,), pins=pins)
    # On call needs no level; d stands on one site with e, which the row excludes.
    assert [issue.where for issue in issues] == ["pin ann b shared", "pin ann d on-call"]


@pytest.mark.parametrize("state", STATES)
def test_the_short_spelling_of_an_assignment(state: str) -> None:
    assert Assignment(**{state: "a"}) == Assignment(campus="a", state=state)  # type: ignore[arg-type]


# -- messages


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Policy(weekly_hours=True), "weekly_hours: true; expected a number or a text, not true or false"),
        (lambda: Policy(max_sharde=3), "max_sharde: unknown key; expected a known key, perhaps max_shared"),
        (lambda: Tolerance(primary=1.5), "primary: 1.5; expected a share between 0 and 1: 0.5 is one half"),
        (lambda: Objective(order=("coverage", "coverage")), "order: ('coverage', 'coverage'); expected each tier at"),
        (lambda: Assignment(campus="a"), "an officer, a state or both beside the campus"),
        (lambda: Policy(levels={"hgih": {}}), "levels.hgih: 'hgih'; expected one of 'high'"),
        (lambda: Rule(posts=0), "posts: 0; expected at least 1"),
        (lambda: Rule(states=("primary", "x")), "states 2: 'x'; expected one of 'primary', 'shared' or 'on-call'"),
    ],
)
def test_a_wrong_value_is_told_in_the_words_of_the_plan_file(make: Any, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        make()


def test_all_wrong_fields_are_told_even_beside_a_truth_value() -> None:
    """A truth value used to hide every other problem of the same table."""
    with pytest.raises(DataError) as caught:
        Policy(weekly_hours=True, max_shared=-1, max_sharde=2)
    assert [issue.where for issue in caught.value.issues] == ["weekly_hours", "max_shared", "max_sharde"]
