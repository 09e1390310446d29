"""From the plan file's [travel] to travel times: roads, the stored matrix, and what a plan says of them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from sro_coverage.check import check
from sro_coverage.cli import main
from sro_coverage.errors import DataError
from sro_coverage.plan import Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Campus, Officer, Policy, Problem, Roads
from sro_coverage.report.page import render_map
from sro_coverage.report.roads import road_layers
from sro_coverage.travel import store, travel_times
from sro_coverage.travel.roads import read_roads
from tests.travel.small_town import NODES, osm_text, write_town

NEAR = {"southwest": 1, "southeast": 3, "middle": 5, "northwest": 7, "northeast": 9}


@pytest.fixture
def town(tmp_path):
    write_town(tmp_path)
    return tmp_path


def problem(**travel) -> Problem:
    campuses = tuple(
        Campus(id=name, name=name.title(), level="high", lat=NODES[node][0] + 1e-4, lon=NODES[node][1], enrollment=300)
        for name, node in NEAR.items()
    )
    officers = (Officer(id="a", name="Adams"), Officer(id="b", name="Brown"))
    roads = Roads(method="roads", file="town.osm", **travel)
    return Problem(title="Town", campuses=campuses, officers=officers, policy=Policy(), travel=roads)


def at(question: Problem, name: str) -> int:
    return question.site_of[name]


def test_one_ways_make_the_times_asymmetric(town):
    question = problem()
    times = travel_times(question, town)
    out, back = times.trip(at(question, "northwest"), at(question, "northeast"))
    assert out < back
    assert times.trip(at(question, "northeast"), at(question, "northwest")) == (back, out)


def test_a_plan_on_roads_is_proven_checked_and_names_its_matrix(town):
    plan = solve(problem(), folder=town)
    assert plan.status == "optimal"
    (stored,) = (town / "travel").iterdir()
    assert plan.travel.startswith("roads: town.osm (sha256 ")
    assert plan.travel.endswith(f"matrix {stored.name}")
    assert check(plan) == [], "without the road file, from the plan's own trips"
    assert check(plan, problem(), times=travel_times(problem(), town)) == []
    assert Plan.from_json(plan.to_json()) == plan


def test_check_against_the_roads_notices_a_shorter_trip(town):
    plan = solve(problem(), folder=town)
    busy = next(beat for beat in plan.beats if beat.shared)
    faster = busy.shared[0].model_copy(update={"out_minutes": 1.0, "drive_minutes": 2.0})
    beats = tuple(
        beat.model_copy(update={"shared": (faster, *beat.shared[1:])}) if beat is busy else beat for beat in plan.beats
    )
    issues = check(plan.model_copy(update={"beats": beats}).sealed(), times=travel_times(problem(), town))
    assert any("out_minutes" in issue.where for issue in issues)


def test_the_stored_matrix_is_used_again(town, monkeypatch):
    first = travel_times(problem(), town)
    monkeypatch.setattr("sro_coverage.travel.engine.road_travel", None)
    again = travel_times(problem(), town)
    assert again.source == first.source
    assert again.out_s.tolist() == first.out_s.tolist()


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_stored_matrix_is_computed_again(town, damage):
    first = travel_times(problem(), town)
    (stored,) = (town / "travel").iterdir()
    stored.write_bytes(stored.read_bytes()[:200] if damage is None else damage)
    assert travel_times(problem(), town).out_s.tolist() == first.out_s.tolist()


def test_other_roads_points_or_settings_are_another_matrix(town):
    travel_times(problem(), town)
    travel_times(problem(multiplier=1.25), town)
    (town / "town.osm").write_text((town / "town.osm").read_text().replace("45 mph", "40 mph"))
    travel_times(problem(), town)
    assert len(list((town / "travel").iterdir())) == 3


def test_a_failing_write_leaves_no_half_matrix(town, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(store.np, "savez_compressed", fail)
    assert travel_times(problem(), town).source.endswith("; not stored (disk full)")
    assert list((town / "travel").iterdir()) == []


def test_a_campus_far_from_any_road_is_told(town):
    question = problem(max_snap_m=100)
    lost = question.campuses[0].model_copy(update={"lat": 36.45})
    with pytest.raises(DataError, match=r"campus 'middle'.* m from the nearest road"):
        travel_times(question.replace(campuses=(lost, *question.campuses[1:])), town)


def test_an_island_is_noted(town):
    question = problem(max_snap_m=2000)
    island = Campus(id="island", name="Island High", level="high", lat=36.5025, lon=-119.370, enrollment=50)
    times = travel_times(question.replace(campuses=(*question.campuses, island)), town)
    assert len(times.notes) == 1
    assert times.notes[0].startswith("Island High: the nearest road (")
    assert "is cut off from the network" in times.notes[0]


def test_a_missing_road_file_is_told(tmp_path):
    with pytest.raises(DataError, match=r"travel\.file: no such file: town\.osm"):
        travel_times(problem(), tmp_path)


def test_the_map_draws_routes_along_the_roads(town):
    plan = solve(problem(), folder=town)
    routes, roads = road_layers(plan, town)
    assert set(routes) == {(b.primary[0], s.campuses[0]) for b in plan.beats for s in b.shared}
    assert any(len(route) > 2 for route in routes.values())
    kinds = {feature["geometry"]["type"] for feature in roads["features"]}
    assert kinds <= {"LineString", "MultiLineString"}
    page = render_map(plan, underlay=roads, routes=routes)
    assert page == render_map(plan, underlay=roads, routes=routes)
    lat, lon = next(iter(routes.values()))[1]
    assert f"[{lat}, {lon}]" in page or f"[{lat},{lon}]" in page


def test_compare_says_when_only_one_of_the_two_has_a_plan(tmp_path):
    """It used to end in a traceback: a river makes the pinned campus unreachable, the straight line does not see it."""
    (tmp_path / "campuses.csv").write_text(
        "id,name,level,lat,lon,enrollment\na,A High,high,36.50,-119.40,900\nb,B High,high,36.51,-119.40,800\n"
        "c,C High,high,36.50,-119.41,700\n"
    )
    times = {"ab": 40, "ba": 40, "ac": 3, "ca": 3, "bc": 5, "cb": 5}
    rows = "".join(f"{pair[0]},{pair[1]},{minutes}\n" for pair, minutes in times.items())
    (tmp_path / "times.csv").write_text(f"from,to,minutes\n{rows}")
    (tmp_path / "plan.toml").write_text(
        'campuses = "campuses.csv"\nofficers = 1\n[travel]\nmethod = "matrix"\nfile = "times.csv"\n'
        '[[pin]]\nprimary = "a"\n[[pin]]\nshared = "b"\n'
    )
    text = CliRunner().invoke(main, ["travel", str(tmp_path / "plan.toml"), "--compare"])
    assert text.exit_code == 4, text.output
    assert "With these times: infeasible." in text.stdout
    assert "By the straight line: optimal." in text.stdout
    first = text.stdout[text.stdout.index("difference") :].splitlines()[2]
    assert "beyond" in first, "the pair that the river takes away comes first"
    found = json.loads(CliRunner().invoke(main, ["travel", str(tmp_path / "plan.toml"), "--compare", "--json"]).stdout)
    assert (found["status"], found["straight_status"]) == ("infeasible", "optimal")
    assert found["changed_campuses"] == []


def test_compare_shows_what_the_roads_change(town):
    (town / "campuses.csv").write_text(
        "id,name,level,lat,lon,enrollment\n"
        + "".join(f"{name},{name},high,{NODES[node][0]},{NODES[node][1]},300\n" for name, node in NEAR.items())
    )
    (town / "plan.toml").write_text(
        'campuses = "campuses.csv"\nofficers = 2\n[travel]\nmethod = "roads"\nfile = "town.osm"\n'
    )
    result = CliRunner().invoke(main, ["travel", str(town / "plan.toml"), "--compare"])
    assert result.exit_code == 0, result.output
    assert "median ratio" in result.stdout
    assert "northeast" in result.stdout


def test_a_way_that_lacks_a_node_is_not_bridged(tmp_path):
    """An extract cut through a way used to get a straight road over the gap."""
    text = osm_text().replace('<node id="5" version="1" lat="36.5100000" lon="-119.3900000"/>', "")
    (tmp_path / "town.osm").write_text(text)
    graph = read_roads(tmp_path / "town.osm")
    assert 5 not in graph
    assert not graph.has_edge(4, 6)
