"""
The bundled agencies.

Dinuba is the golden case: the plan has to be the one that the city really uses, as reported in June 2023: one
officer at Dinuba High who shares Sierra Vista (with the academy on its site), the other at Washington Intermediate.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sro_coverage.check import check
from sro_coverage.planner import solve
from sro_coverage.read import read_problem

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module")
def dinuba():
    return solve(read_problem(DATA / "dinuba.toml"))


def test_dinuba_is_assigned_as_the_city_really_does(dinuba):
    assert dinuba.status == "optimal"
    first, second = dinuba.beats
    assert first.primary == ("dinuba_high",)
    assert [set(stop.campuses) for stop in first.shared] == [{"sierra_vista_high", "ronald_reagan_academy"}]
    assert second.primary == ("washington_intermediate",)
    assert second.shared == ()
    elementaries = {c.id for c in dinuba.problem.campuses if c.level == "elementary"}
    assert {row.campus for row in dinuba.campuses if row.state == "on-call"} == elementaries


def test_dinuba_adds_up_by_hand(dinuba):
    tiers = {tier.name: tier.value for tier in dinuba.tiers}
    assert tiers["coverage"] == 337 + 561 + 494 + 607 + 609 + 561
    assert tiers["primary"] == 2119 + 1010
    assert tiers["reach"] == 0
    first, second = dinuba.beats
    assert second.primary_hours == 32
    assert first.primary_hours == pytest.approx(32 - 3 - first.drive_minutes / 60)


def test_dinuba_tells_what_it_could_not_plan(dinuba):
    left_out = {row.campus: row.reason for row in dinuba.campuses if row.state == "not planned"}
    assert left_out == {
        "dinuba_adult": "no enrollment",
        "early_intervention_preschool": "no point and no enrollment",
    }


def test_visibility_before_travel_moves_sierra_vista_to_the_smaller_primary():
    """The order of the tiers is policy: an hour away from a smaller campus costs fewer student-hours."""
    problem = read_problem(DATA / "dinuba.toml")
    order = ("coverage", "primary", "reach", "visibility", "travel")
    plan = solve(problem.replace(objective=problem.objective.model_copy(update={"order": order})))
    assert plan.status == "optimal"
    washington = next(beat for beat in plan.beats if beat.primary == ("washington_intermediate",))
    assert [set(stop.campuses) for stop in washington.shared] == [{"sierra_vista_high", "ronald_reagan_academy"}]


def test_chula_vista_is_proven_in_every_tier():
    plan = solve(read_problem(DATA / "chula_vista.toml"))
    assert plan.status == "optimal"
    assert all(tier.bound == tier.best for tier in plan.tiers)
    assert len([beat for beat in plan.beats if beat.primary]) == 12
    assert sum(row.state != "not planned" for row in plan.campuses) == 75
    assert check(plan) == []
