"""The checker accepts every plan, names the rule that is broken, and notices every changed field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sro_coverage.check import check
from sro_coverage.plan import Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment, Campus, Officer, Policy, Problem, RuleChange
from tests.instances import random_problem

OFFICERS = (Officer(id="a", name="Adams"), Officer(id="b", name="Brown"))
CAMPUSES = (
    Campus(id="high", name="North High", level="high", lat=36.50, lon=-119.40, enrollment=2000),
    Campus(id="middle", name="South Middle", level="middle", lat=36.56, lon=-119.40, enrollment=900),
    Campus(id="cont", name="East Continuation", level="continuation", lat=36.51, lon=-119.39, enrollment=80, site="s"),
    Campus(id="acad", name="East Academy", level="alternative", lat=36.51, lon=-119.39, enrollment=60, site="s"),
    Campus(id="elem", name="Oak Elementary", level="elementary", lat=36.55, lon=-119.41, enrollment=500),
    Campus(id="far", name="Hill Elementary", level="elementary", lat=36.90, lon=-119.40, enrollment=300),
)
POLICY = Policy(levels={"elementary": RuleChange(states=("on-call",))})
PROBLEM = Problem(title="Two officers", campuses=CAMPUSES, officers=OFFICERS, policy=POLICY)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Adams based at the high school sharing the site in the east; Brown at the middle school."""
    plan = solve(PROBLEM)
    assert [beat.primary for beat in plan.beats] == [("high",), ("middle",)]
    assert plan.beats[0].shared[0].campuses == ("cont", "acad")
    assert plan.beats[1].on_call[0].campuses == ("elem",)
    return plan


def test_accepts_the_plan(plan):
    assert check(plan) == []
    assert check(plan, PROBLEM) == []


def test_accepts_every_random_plan():
    for seed in range(60):
        assert check(solve(random_problem(seed))) == [], seed


BROKEN_RULES = {
    "visibility floor": {"policy": POLICY.model_copy(update={"primary_share_min": 0.95})},
    "peaks": {"policy": POLICY.model_copy(update={"primary_peaks": 10})},
    "max_shared": {"policy": POLICY.model_copy(update={"max_shared": 0})},
    "max_students": {"policy": POLICY.model_copy(update={"max_students": 2100})},
    "max_travel_min": {"policy": POLICY.model_copy(update={"max_travel_min": 2})},
    "on_call_min": {"policy": POLICY.model_copy(update={"on_call_min": 3})},
    "states (North High)": {"policy": POLICY.model_copy(update={"campuses": {"high": RuleChange(states=("shared",))}})},
    "states (Oak Elementary)": {
        "policy": POLICY.model_copy(update={"campuses": {"elem": RuleChange(states=("shared",))}})
    },
    "posts (North High)": {"policy": POLICY.model_copy(update={"campuses": {"high": RuleChange(posts=2)}})},
    "excluded (a)": {"officers": (OFFICERS[0].model_copy(update={"excluded": ("acad",)}), OFFICERS[1])},
    "levels (b)": {"officers": (OFFICERS[0], OFFICERS[1].model_copy(update={"levels": ("high",)}))},
    "max_commute_min (a)": {
        "officers": (
            OFFICERS[0].model_copy(update={"home_lat": 36.7, "home_lon": -119.4, "max_commute_min": 5.0}),
            OFFICERS[1],
        )
    },
    "pin (b high primary)": {"pins": (Assignment(campus="high", officer="b", state="primary"),)},
    "pin (far on-call)": {"pins": (Assignment(campus="far", state="on-call"),)},
    "pin (b elem (any role))": {"pins": (Assignment(campus="elem", officer="b"),)},
    "forbid (a acad (any role))": {"forbids": (Assignment(campus="acad", officer="a"),)},
    "forbid (far uncovered)": {"forbids": (Assignment(campus="far", state="uncovered"),)},
    "site of a, shared": {"campuses": tuple(c.model_copy(update={"site": None}) for c in CAMPUSES)},
}


@pytest.mark.parametrize("rule", BROKEN_RULES)
def test_names_the_broken_rule(plan, rule):
    """The plan stays; the problem is given one rule that the plan does not keep."""
    tampered = plan.model_copy(update={"problem": PROBLEM.replace(**BROKEN_RULES[rule])}).sealed()
    assert any(issue.where.startswith(rule) for issue in check(tampered)), check(tampered)


def test_two_officers_sharing_one_campus_are_named(plan):
    adams, brown = plan.beats
    doubled = brown.model_copy(update={"shared": adams.shared})
    issues = check(plan.model_copy(update={"beats": (adams, doubled)}).sealed())
    assert any(issue.where == "one state (East Continuation + East Academy)" for issue in issues)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all plain values in a JSON document."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path


def changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return "Brown" if value is None else value + "x"


def mutations(plan: Plan) -> Iterator[tuple[tuple[Any, ...], str]]:
    document = json.loads(plan.to_json())
    for path in leaves(document):
        copy = json.loads(plan.to_json())
        at = copy
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = changed(at[path[-1]])
        yield path, json.dumps(copy)


def rejects(text: str, *, sealed: bool = False) -> bool:
    try:
        plan = Plan.from_json(text)
    except ValueError:
        return True
    return bool(check(plan.sealed() if sealed else plan))


def test_rejects_every_single_field_mutation(plan):
    missed = [path for path, text in mutations(plan) if not rejects(text)]
    assert missed == []


def test_rejects_mutations_of_the_answer_even_when_resealed(plan):
    """The digest protects against accidents; these fields are recomputed, whoever changed them."""
    answer = ("status", "beats", "campuses", "tiers")
    paths = [(path, text) for path, text in mutations(plan) if path[0] in answer]
    assert len(paths) > 100
    assert [path for path, text in paths if not rejects(text, sealed=True)] == []


def test_tells_where_the_inputs_differ(plan):
    moved = tuple(c.model_copy(update={"enrollment": 501}) if c.id == "elem" else c for c in CAMPUSES)
    issues = check(plan, PROBLEM.replace(campuses=moved))
    assert [issue.where for issue in issues] == ["problem, campuses elem, enrollment"]
    assert (issues[0].found, issues[0].expected) == ("500", "501")
