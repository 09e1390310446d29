"""The plan as a document."""

from __future__ import annotations

import pytest

from sro_coverage.check import check
from sro_coverage.errors import DataError
from sro_coverage.model.solution import SolveParams
from sro_coverage.plan import InputFile, Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment
from tests.instances import random_problem
from tests.plan.test_check import PROBLEM


@pytest.mark.parametrize("seed", range(30))
def test_reads_back_to_an_equal_value(seed):
    plan = solve(random_problem(seed), inputs=(InputFile(file="a.toml", sha256="0" * 64),))
    again = Plan.from_json(plan.to_json())
    assert again == plan
    assert again.to_json() == plan.to_json()


def test_frame_has_a_row_for_each_campus():
    frame = solve(PROBLEM).to_frame()
    assert list(frame.index) == sorted(campus.id for campus in PROBLEM.campuses)
    assert frame.loc["high", "state"] == "primary"
    assert frame.loc["high", "officers"] == "Adams"
    assert frame.loc["cont", "hours_per_week"] == 3.0
    assert frame.loc["far", "state"] == "uncovered"


def test_infeasible_is_a_status_that_names_an_irreducible_clash():
    pins = (
        Assignment(campus="far", state="shared"),
        Assignment(campus="high", officer="a", state="primary"),
    )
    plan = solve(PROBLEM.replace(pins=pins[1:], forbids=(Assignment(campus="far", state="uncovered"),)))
    assert plan.status == "infeasible"
    assert plan.explanation.endswith(": forbid far uncovered")
    assert Plan.from_json(plan.to_json()) == plan


def test_a_search_without_time_says_so():
    plan = solve(PROBLEM.replace(pins=(Assignment(campus="elem", state="on-call"),)), SolveParams(time_limit_s=1e-9))
    assert plan.status == "no plan found"
    assert "more time" in plan.explanation


def test_without_pins_there_is_always_a_plan_however_short_the_time():
    """It used to be "no plan found" when the first tier's part of the time brought no solution."""
    problem = random_problem(3, num_campuses=60, num_officers=9).replace(pins=(), forbids=())
    plan = solve(problem, SolveParams(time_limit_s=1e-9))
    assert plan.status == "feasible"
    assert {tier.stopped for tier in plan.tiers} <= {"time limit", "not reached"}
    assert check(plan) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}', '{"format": "sro-coverage plan 1"}', "\x00"])
def test_another_document_is_refused(text):
    with pytest.raises(DataError, match=r"maps/x\.json"):
        Plan.from_json(text, where="maps/x.json")
