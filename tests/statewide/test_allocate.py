"""Allocation on a small state: against every way to share out, with every kind of agency, and again after an end."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from sro_coverage.errors import DataError
from sro_coverage.planner import solve
from sro_coverage.problem import Objective
from sro_coverage.problem.staffing import staffed
from sro_coverage.scenario.executors import Answer, Serial, Work
from sro_coverage.statewide import allocate as module
from sro_coverage.statewide.allocate import Allocation, allocate
from sro_coverage.statewide.curves import TIERS
from sro_coverage.statewide.state_file import read_state
from sro_coverage.statewide.wanted import Wanted, problem_of

STATE = """
title = "Small State"
agencies = "agencies.csv"
campuses = "campuses.csv"
time_limit_s = 20
[policy]
max_shared = 1
[policy.levels.elementary]
states = ["shared", "on-call"]
"""
CAMPUSES = """id,name,level,lat,lon,enrollment,agency
e1,East High,high,36.50,-119.40,900,east
e2,East Middle,middle,36.51,-119.40,500,east
e3,East Elementary,elementary,36.52,-119.40,300,east
e4,East Academy,high,36.53,-119.40,100,east
w1,West High,high,36.60,-119.50,700,west
w2,West Middle,middle,36.61,-119.50,650,west
w3,West K8,k8,36.62,-119.50,600,west
n1,North High,high,36.70,-119.40,800,north
n2,North Elementary,elementary,36.70,-119.41,400,north
n3,North Middle,middle,36.90,-119.40,350,north
s1,South Elementary,elementary,36.40,-119.40,950,south
"""
AGENCIES = """id,name,officers,plan,policy.max_shared,funded_min,funded_max,match,own_max
east,East District,0,,,,,,
west,West District,1,,0,,,,
north,North District,roster.csv,,,,2,0.5,
south,South District,0,,,,,,
"""
ROSTER = "id,name,max_shared\n7,Chief Seven,0\n"


def write(folder: Path, *, agencies: str = AGENCIES, campuses: str = CAMPUSES, state: str = STATE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"agencies.csv": agencies, "campuses.csv": campuses, "roster.csv": ROSTER}.items():
        (folder / name).write_text(text, encoding="utf-8")
    path = folder / "state.toml"
    path.write_text(state, encoding="utf-8")
    return path


def run(path: Path, officers: int, **more: object) -> Allocation:
    return allocate(path, officers, path.parent / "out", **{"executor": Serial(), **more})


Curves = list[list[tuple[int, int]]]
"""For each agency, what each number of funded officers comes to, from 0 on."""


def best_by_trying(curves: Curves, officers: int) -> tuple[int, int]:
    found = [
        tuple(sum(curve[funded][tier] for curve, funded in zip(curves, choice, strict=True)) for tier in (0, 1))
        for choice in itertools.product(*(range(len(curve)) for curve in curves))
        if sum(choice) <= officers
    ]
    return max(found)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def curves(path: Path) -> Curves:
    """Every agency solved for every number of officers, each with a call of its own."""
    found = []
    for agency in read_state(path).agencies:
        now = agency.officers if isinstance(agency.officers, int) else 1
        problem = problem_of(Wanted(agency, max(now, 1)), read_state(path))
        demand, posts = sum(site.demand for site in problem.sites), len(problem.sites)
        curve, match = [], float(agency.cells.get("match") or 0)
        for funded in range(min(posts - now, int(agency.cells.get("funded_max") or posts)) + 1):
            number = min(now + funded + math.ceil(match * funded), posts)
            if number == 0:
                curve.append((0, 0))
                continue
            asked = problem.replace(officers=staffed(problem.officers, number), objective=Objective(order=TIERS))
            coverage, primary = solve(asked).tiers
            curve.append((demand - coverage.value, primary.value))
        found.append(curve)
    return found


@pytest.mark.parametrize("officers", [1, 2, 4, 9])
def test_it_is_the_best_way_to_share_out(path, curves, officers):
    result = run(path, officers)
    assert result.is_proven and result.left == 0
    assert result.total(officers).values == result.after == best_by_trying(curves, officers)


def test_what_is_told_of_each_agency(path):
    result = run(path, 3)
    assert [part.agency for part in result.parts] == ["east", "west", "north", "south"]
    east, west, north, south = result.parts
    assert (east.now, east.funded, east.own, east.officers) == (0, 1, 0, 1)
    assert (east.students, east.before, east.after, east.gained) == (1800, (0, 0), (1400, 900), (1400, 900))
    assert east.following == (400, 500)
    assert (west.now, west.funded, west.before, west.after) == (1, 1, (700, 700), (1350, 1350))
    assert (west.following, west.full) == ((600, 600), "")
    assert (north.now, north.funded, north.own, north.officers) == (1, 1, 1, 3)
    assert (north.before, north.after) == ((800, 800), (1550, 1150))  # the one that it must add counts too
    assert (north.following, north.full) == (None, "no post left")
    assert (south.students, south.after, south.funded, south.following) == (950, (0, 0), 0, (0, 0))
    assert all(part.is_proven for part in result.parts)
    assert result.before == (1500, 1500) and result.given == 3
    assert [step.values for step in west.steps] == [(700, 700), (1350, 1350), (1950, 1950)]


def test_one_fewer_and_one_more(path):
    result = run(path, 3)
    assert result.last == (650, 650)
    assert [(change.name, change.funded, change.instead) for change in result.fewer] == [("West District", 1, 0)]
    assert result.next == (600, 600)
    assert [(change.name, change.funded, change.instead) for change in result.more] == [("West District", 1, 2)]
    assert [total.officers for total in result.totals] == [0, 1, 2, 3, 4]


def test_officers_who_buy_nothing_are_left_over(path):
    result = run(path, 40)
    assert result.given < 40 and result.is_proven
    assert result.last == result.next == (0, 0) and result.fewer == result.more == ()


def test_terms_hold(tmp_path):
    agencies = AGENCIES.replace("west,West District,1,,0,,,,", "west,West District,1,,0,1,1,1,2").replace(
        "east,East District,0,,,,,,", "east,East District,0,,,,0,,"
    )
    result = run(write(tmp_path, agencies=agencies), 2)
    east, west, *_ = result.parts
    assert (east.funded, east.full, east.following) == (0, "no more by its terms", None)
    assert (west.funded, west.own, west.officers, west.after) == (1, 1, 3, (1950, 1950))
    assert result.last is not None
    alone = run(write(tmp_path, agencies=agencies), 1)
    assert alone.total(0) is None and alone.last is None and alone.fewer == ()


def test_terms_that_cannot_be_kept_are_all_told(tmp_path):
    agencies = AGENCIES.replace("east,East District,0,,,,,,", "east,East District,0,,,3,2,,").replace(
        "west,West District,1,,0,,,,", "west,West District,1,,0,few,,-1,"
    )
    with pytest.raises(DataError) as caught:
        run(write(tmp_path, agencies=agencies), 2)
    told = [str(issue) for issue in caught.value.issues]
    assert told == [
        "agencies.csv row 2, funded_min: 3; expected at most funded_max, 2",
        "agencies.csv row 3, funded_min: 'few'; expected a whole number, such as 1200",
        "agencies.csv row 3, match: '-1'; expected at least 0",
        "funded_min: 3 in all; expected at most the 2 funded officers there are",
    ]
    for wrong in (0, 20_001):
        with pytest.raises(DataError, match="1 to 20,000 funded officers"):
            run(write(tmp_path), wrong)


def test_an_agency_that_cannot_be_planned_is_left_out(tmp_path):
    agencies = AGENCIES + "ghost,Ghost Town,1,,,,,,\nbig,Too Many,,missing.toml,,,,,\n"
    result = run(write(tmp_path, agencies=agencies), 3)
    assert len(result.parts) == 4 and result.after == run(write(tmp_path), 3).after
    (ghost, why), (big, missing) = result.left_out
    assert (ghost, big) == ("Ghost Town", "Too Many")
    assert "no campus" in why and "missing.toml" in missing


def test_an_own_plan_file_says_how_many_there_are(tmp_path):
    path = write(tmp_path, agencies=AGENCIES.replace("east,East District,0,,,,,,", "east,East District,,own.toml,,,,,"))
    (tmp_path / "own.toml").write_text(
        'campuses = "campuses.csv"\nofficers = 2\nwhere = { agency = "east" }\n[policy]\nmax_shared = 0\n'
    )
    east, *_ = run(path, 1).parts
    assert (east.now, east.before) == (2, (1400, 1400))  # nobody shares there, and East Elementary counts as a base


def test_nobody_left_to_plan_is_an_error(tmp_path):
    path = write(tmp_path, agencies="id,name,officers\nghost,Ghost Town,1\n")
    with pytest.raises(DataError, match="Ghost Town"):
        run(path, 3)


def test_ended_and_called_again_it_solves_only_the_rest(tmp_path, path):
    stands = []

    def stop_at_four(stand):
        stands.append(stand)
        if stand.done == 4:
            raise KeyboardInterrupt

    ended = allocate(path, 4, tmp_path / "out", executor=Serial(), watch=stop_at_four)
    assert ended.left > 0 and "Stopped by you." in ended.remarks
    kept = len(list((tmp_path / "out" / "runs").glob("*.json")))
    assert kept == 4
    again = allocate(path, 4, tmp_path / "out", executor=Serial(), watch=stands.append)
    assert stands[-1].kept == kept and stands[-1].done == stands[-1].total == again.num_runs
    assert again.left == 0 and again == run(path, 4)
    third = allocate(path, 4, tmp_path / "out", executor=Serial(), watch=stands.append)
    assert third == again and stands[-1].kept == stands[-1].done


def backwards(tasks: Iterable[Work | None]) -> Iterator[Answer]:
    """Answer the last task first."""
    held = []
    for task in tasks:
        if task is not None:
            held.append(task)
        elif held:
            yield held.pop().answer(None)
    yield from (task.answer(None) for task in reversed(held))


def test_the_order_of_answers_does_not_matter(tmp_path, path):
    assert allocate(path, 4, tmp_path, executor=backwards) == run(path, 4)


def test_what_is_not_proven_is_said_with_its_bound(tmp_path, path, curves, monkeypatch):
    """Every plan of West is cut short before its first tier is proven."""
    true = module.run_wanted

    def cut_short(state, wanted, out, *, on_run, **more):
        def tell(asked, run, is_kept):
            if asked.agency.id == "west":
                coverage, primary = run.tiers
                tiers = (coverage.model_copy(update={"bound": 0}), primary.model_copy(update={"bound": None}))
                run = run.model_copy(update={"status": "feasible", "tiers": tiers})
            on_run(asked, run, is_kept)

        return true(state, wanted, out, on_run=tell, **more)

    monkeypatch.setattr(module, "run_wanted", cut_short)
    result = allocate(path, 3, tmp_path, executor=Serial())
    total = result.total(3)
    assert not result.is_proven and total.based_most is None
    assert total.values[0] <= best_by_trying(curves, 3)[0] <= total.covered_most
    west = result.parts[1]
    assert not west.is_proven and result.parts[0].is_proven
