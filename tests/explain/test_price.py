"""The price of an edit against an independent solve of the edited problem, and what is said of it."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from sro_coverage.check import check
from sro_coverage.errors import DataError
from sro_coverage.explain.base import Base
from sro_coverage.explain.price import Edit, price
from sro_coverage.explain.why import why_campus, why_officer
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment
from sro_coverage.read import read_problem
from tests.instances import Enumeration, random_problem, random_rules

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def dinuba() -> Base:
    return Base.of(read_problem(ROOT / "data" / "dinuba.toml"))


@pytest.fixture(scope="module")
def chula_vista() -> Base:
    return Base.of(read_problem(ROOT / "data" / "chula_vista.toml"))


def assert_equals_a_full_solve(base: Base, edit: Edit) -> str:
    found = price(base, edit)
    try:
        expected = solve(edit.apply(base.problem))
    except DataError:
        assert found.status == "impossible"
        return found.status
    assert found.status == expected.status
    assert [tier.after for tier in found.tiers] == [tier.best for tier in expected.tiers]
    for tier, before, after in zip(found.tiers, base.plan.tiers, expected.tiers, strict=False):
        assert tier.cost == (before.best - after.best) * (1 if before.more_is_better else -1)
    if found.plan is not None and found.plan.has_beats:
        assert check(found.plan) == []
        assert [tier.value for tier in found.plan.tiers if tier.name == "moves"] == [len(found.moves)]
    return found.status


def test_every_pair_of_officer_and_campus_of_dinuba(dinuba):
    statuses = []
    for officer, campus in itertools.product(dinuba.problem.officers, sorted(dinuba.problem.site_of)):
        rule = {"officer": officer.id, "campus": campus}
        statuses.append(assert_equals_a_full_solve(dinuba, Edit.forbid(Assignment(**rule))))
        for state in (None, "primary", "shared", "on-call"):
            statuses.append(assert_equals_a_full_solve(dinuba, Edit.pin(Assignment(**rule, state=state))))
    assert len(statuses) == 100
    assert set(statuses) == {"optimal", "impossible", "infeasible"}


def test_a_sample_of_chula_vista(chula_vista):
    rng = random.Random(4)
    sites = sorted(chula_vista.problem.site_of)
    for officer in rng.sample([officer.id for officer in chula_vista.problem.officers], 2):
        rule = Assignment(officer=officer, campus=rng.choice(sites))
        assert_equals_a_full_solve(chula_vista, Edit.pin(rule))
        assert_equals_a_full_solve(chula_vista, Edit.forbid(Assignment(campus=rng.choice(sites), state="shared")))


def test_price_and_fewest_moves_equal_the_enumeration():
    """Tiers, and then how few officers can be moved, from a count of every plan."""
    compared = 0
    for seed in range(300):
        rng = random.Random(seed)
        problem = random_problem(seed + 20_000, num_campuses=4, num_officers=2)
        base = Base.of(problem)
        rules = random_rules(rng, problem.campuses, problem.officers)
        is_based = any(beat.primary for beat in base.plan.beats)
        if not is_based or not rules or {"continuity", "moves"} & set(problem.order):
            continue
        edit = Edit.together([rng.choice([Edit.pin, Edit.forbid])(rule) for rule in rules])
        try:
            edited = edit.apply(problem)
        except DataError:
            continue
        objective = problem.objective.model_copy(update={"order": (*problem.order, "moves")})
        expected = Enumeration(edited.replace(officers=base.as_current(), objective=objective), base.times).best()
        found = price(base, edit)
        assert [*(tier.after for tier in found.tiers), len(found.moves)] == (expected or [0])
        compared += expected is not None
    assert compared >= 10


def test_swap_exchanges_primaries(chula_vista):
    one, other = chula_vista.plan.beats[0], chula_vista.plan.beats[3]
    found = price(chula_vista, Edit.swap(chula_vista.plan, one.officer, other.officer))
    assert found.is_free
    after = {beat.officer: beat.primary for beat in found.plan.beats}
    assert (after[one.officer], after[other.officer]) == (other.primary, one.primary)
    assert {move.officer for move in found.moves} == {one.officer, other.officer}


def test_a_wrong_swap_names_everything(dinuba):
    with pytest.raises(DataError) as caught:
        Edit.swap(dinuba.plan, "Officer 9", "Officer 9")
    assert len(caught.value.issues) == 3


def test_an_edit_that_no_plan_allows_says_why(dinuba):
    three = ("dinuba_high", "washington_intermediate", "sierra_vista_high")
    rules = [Assignment(campus=campus, state="primary") for campus in three]
    found = price(dinuba, Edit.together([Edit.pin(rule) for rule in rules]))
    assert (found.status, found.tiers) == ("infeasible", ())
    assert "washington_intermediate" in found.explanation


def test_unknown_ids_of_an_edit_are_all_named(dinuba):
    edit = Edit.pin(Assignment(officer="nobody", campus="nowhere"))
    assert [issue.found for issue in edit.unknown(dinuba.problem)] == [
        "unknown officer 'nobody'",
        "no planned campus 'nowhere'",
    ]


def test_a_planners_own_continuity_tier_is_priced_and_not_replaced():
    base = Base.of(read_problem(ROOT / "data" / "dinuba.toml"))
    problem = base.problem.replace(
        officers=tuple(o.model_copy(update={"primary": "dinuba_high"}) for o in base.problem.officers[:1])
        + base.problem.officers[1:],
        objective=base.problem.objective.model_copy(update={"order": ("coverage", "continuity")}),
    )
    base = Base.of(problem)
    found = price(base, Edit.forbid(Assignment(officer="Officer 1", campus="dinuba_high")))
    assert [tier.name for tier in found.tiers] == ["coverage", "continuity"]
    assert found.tiers[1].cost > 0


def test_why_a_campus_says_what_is_in_the_way_of_each_officer_and_prices_every_other_state(chula_vista):
    why = why_campus(chula_vista, "clear_view")
    assert [alternative.edit.words for alternative in why.alternatives] == [
        "pin clear_view primary",
        "pin clear_view on-call",
        "pin clear_view uncovered",
    ]
    assert why.alternatives[0].status == "impossible"
    assert [tier.cost for tier in why.alternatives[1].tiers][:1] == [199]
    served = {entry.officer for entry in why.obstacles}
    assert len(served) == len(chula_vista.problem.officers) - 1
    assert why.obstacles[0].obstacles == ("shares 4 already (max_shared 4)",)
    minutes = [entry.minutes for entry in why.obstacles]
    assert minutes == sorted(minutes)


def test_obstacles_are_the_rules_that_one_more_shared_campus_breaks():
    """An officer without an obstacle could take the campus: the plan with it passes the check; with one it does not."""
    free = blocked = 0
    for seed in range(60):
        problem = random_problem(seed + 30_000, num_campuses=5, num_officers=2).replace(pins=(), forbids=())
        problem = problem.replace(objective=problem.objective.model_copy(update={"order": ("primary", "reach")}))
        base = Base.of(problem)
        for row in base.plan.campuses:
            if row.state != "on-call" or not base.plan.has_beats:
                continue
            for entry in why_campus(base, row.campus).obstacles:
                fixed = [pin for beat in base.plan.beats if beat.primary for pin in whole_duty(beat)]
                pin = Assignment(officer=entry.officer, campus=row.campus, state="shared")
                try:
                    plan = solve(problem.replace(pins=(*fixed, pin)))
                    is_possible = plan.has_beats
                except DataError:
                    is_possible = False
                assert is_possible == (not entry.obstacles), (seed, row.campus, entry)
                free += is_possible
                blocked += not is_possible
        if free >= 5 and blocked >= 20:
            return
    pytest.fail(f"{free} free and {blocked} blocked officers are too few to tell")


def test_obstacles_name_pins_and_forbids(dinuba):
    """They used to be left out, as if nothing were in the way."""
    forbid = Assignment(officer="Officer 2", campus="wilson_elementary")
    pin = Assignment(campus="lincoln_elementary", state="on-call")
    base = Base.of(dinuba.problem.replace(forbids=(forbid,), pins=(pin,)))
    for campus, words in (("wilson_elementary", f"forbid {forbid}"), ("lincoln_elementary", f"pin {pin}")):
        second = next(e for e in why_campus(base, campus).obstacles if e.officer == "Officer 2")
        assert words in second.obstacles


def test_fewest_moves_are_not_called_proven_where_the_planner_counts_them_from_another_plan():
    """With a moves tier of the planner's own, moves from the base plan used to be called the fewest."""
    problem = read_problem(ROOT / "data" / "dinuba.toml")
    officers = tuple(officer.model_copy(update={"primary": "sierra_vista_high"}) for officer in problem.officers[:1])
    objective = problem.objective.model_copy(update={"order": ("coverage", "moves")})
    base = Base.of(problem.replace(officers=officers + problem.officers[1:], objective=objective))
    assert not price(base, Edit.forbid(Assignment(campus="dinuba_high", state="primary"))).moves_proven


def whole_duty(beat) -> list[Assignment]:
    pins = [Assignment(officer=beat.officer, campus=beat.primary[0], state="primary")]
    return pins + [Assignment(officer=beat.officer, campus=stop.campuses[0], state="shared") for stop in beat.shared]


def test_why_an_officer_prices_each_part_of_the_beat(dinuba):
    why = why_officer(dinuba, "Officer 1")
    assert [alternative.edit.words for alternative in why.alternatives] == [
        "forbid dinuba_high primary",
        f"forbid {dinuba.plan.beats[0].shared[0].campuses[0]} shared",
    ]
    assert [alternative.tiers[1].cost for alternative in why.alternatives] == [1946, 837]


@pytest.mark.parametrize("subject", ["nowhere", "dinuba_adult"])
def test_why_of_what_is_not_planned_is_an_error(dinuba, subject):
    with pytest.raises(DataError):
        why_campus(dinuba, subject)
    with pytest.raises(DataError):
        why_officer(dinuba, subject)
