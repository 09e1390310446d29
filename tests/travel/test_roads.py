"""Road files: what is driven, how fast, which way; and many shortest paths on them."""

from __future__ import annotations

import sys

import networkx as nx
import numpy as np
import pytest
from geopy.distance import great_circle

from sro_coverage.errors import DataError, MissingExtraError
from sro_coverage.travel.network import RoadNetwork
from sro_coverage.travel.roads import CLASS_SPEED_KPH, directions, is_drivable, read_roads, speed_kph
from tests.travel.small_town import NODES, write_town

MPH = 1.609344


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return read_roads(write_town(tmp_path_factory.mktemp("town")))


@pytest.fixture(scope="module")
def network(graph):
    return RoadNetwork(graph)


def seconds(start: int, end: int, kph: float) -> float:
    return great_circle(NODES[start], NODES[end]).km / kph * 3600


def between(network: RoadNetwork, start: int, end: int) -> float:
    at = network.nodes.index
    return network.seconds([at(start)], [at(end)])[0, 0]


def test_closed_ways_and_footways_are_no_roads(graph):
    assert set(graph) == {1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21, 40}


def test_posted_speed_and_class_speed(network):
    assert between(network, 4, 5) == pytest.approx(seconds(4, 5, 45 * MPH), rel=1e-6)
    assert between(network, 1, 2) == pytest.approx(seconds(1, 2, CLASS_SPEED_KPH["residential"]), rel=1e-6)


def test_parallel_edges_count_once_and_the_fastest(graph, network):
    assert graph.number_of_edges(2, 5) == 2
    assert between(network, 2, 5) == pytest.approx(seconds(2, 5, 80), rel=1e-6)


def test_one_way_makes_the_way_back_longer(network):
    assert between(network, 7, 9) < between(network, 9, 7)
    assert between(network, 7, 8) == pytest.approx(seconds(7, 8, 40), rel=1e-6)


def test_multiplier_stretches_every_time(graph, network):
    assert between(RoadNetwork(graph, 1.5), 1, 9) == pytest.approx(1.5 * between(network, 1, 9))


def test_agrees_with_networkx_dijkstra_on_all_pairs(graph, network):
    found = network.seconds(range(len(network.nodes)), range(len(network.nodes)))
    for row, start in enumerate(network.nodes):
        expected = nx.single_source_dijkstra_path_length(graph, start, weight="travel_time")
        for column, end in enumerate(network.nodes):
            assert found[row, column] == pytest.approx(expected.get(end, np.inf), abs=0.01)


def test_agrees_with_networkx_on_a_random_graph_with_limits():
    rng = np.random.default_rng(3)
    graph = nx.MultiDiGraph()
    for node in range(300):
        graph.add_node(node, y=36 + float(rng.random()) / 10, x=-119 - float(rng.random()) / 10)
    for _ in range(1500):
        start, end = rng.integers(300, size=2)
        graph.add_edge(int(start), int(end), travel_time=float(rng.integers(1, 400)), length=1.0, highway="road")
    network = RoadNetwork(graph)
    sample = sorted(rng.choice(network._main, 40, replace=False).tolist())
    times = network.travel_times(sample, 600)
    pairs = 0
    for i, a in enumerate(sample):
        expected = nx.single_source_dijkstra_path_length(graph, network.nodes[a], weight="travel_time")
        for j, b in enumerate(sample):
            trip = times.trip(i, j)
            if i != j and round(expected[network.nodes[b]]) <= 600:
                back = nx.shortest_path_length(graph, network.nodes[b], network.nodes[a], weight="travel_time")
                assert trip == (round(expected[network.nodes[b]]), round(back))
                pairs += 1
            else:
                assert trip is None
    assert pairs > 100


def test_a_campus_never_snaps_to_an_island_without_saying_so(network):
    (snap,) = network.snap([(36.5025, -119.370)])
    assert network.nodes[snap.node] in (3, 6)
    assert snap.nearer_m < 100 < 800 < snap.distance_m
    assert great_circle((36.5025, -119.370), NODES[network.nodes[snap.node]]).m == pytest.approx(
        snap.distance_m, rel=1e-6
    )


def test_a_campus_never_snaps_to_a_road_that_cannot_be_left(network):
    (snap,) = network.snap([NODES[40]])
    assert network.nodes[snap.node] == 6
    assert snap.nearer_m == pytest.approx(0, abs=0.1)


def test_an_ordinary_snap_has_no_nearer_road(network):
    (snap,) = network.snap([(36.5001, -119.3999)])
    assert (network.nodes[snap.node], snap.nearer_m) == (1, None)
    assert snap.distance_m < 15


def test_routes_follow_the_roads(network):
    at = network.nodes.index
    route = network.routes([(at(9), at(7))])[at(9), at(7)]
    assert route[0] == pytest.approx(NODES[9])
    assert route[-1] == pytest.approx(NODES[7])
    assert len(route) == 5, "the one-way street is not driven against"


@pytest.mark.parametrize(
    ("tags", "kph"),
    [
        ({"maxspeed": "50"}, 50),
        ({"maxspeed": "35 mph"}, 35 * MPH),
        ({"maxspeed": "45 mph;25 mph"}, 25 * MPH),
        ({"maxspeed": "50 km/h"}, 50),
        ({"maxspeed": "none"}, 40),
        ({"maxspeed": "US:urban"}, 40),
        ({"maxspeed": "0"}, 40),
        ({"maxspeed": "-5"}, 40),
        ({"maxspeed": "signals"}, 40),
        ({}, 40),
    ],
)
def test_speeds(tags, kph):
    assert speed_kph({"highway": "residential", **tags}) == pytest.approx(kph)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "residential"}, (True, True)),
        ({"highway": "residential", "oneway": "yes"}, (True, False)),
        ({"highway": "residential", "oneway": "-1"}, (False, True)),
        ({"highway": "motorway"}, (True, False)),
        ({"highway": "motorway", "oneway": "no"}, (True, True)),
        ({"highway": "residential", "junction": "roundabout"}, (True, False)),
        ({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, (True, False)),
    ],
)
def test_directions(tags, expected):
    assert directions(tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "footway"}, False),
        ({"highway": "construction"}, False),
        ({"highway": "proposed"}, False),
        ({"highway": "service"}, True),
        ({"highway": "service", "access": "private"}, False),
        ({"highway": "residential", "access": "no", "motor_vehicle": "yes"}, True),
        ({"highway": "residential", "motor_vehicle": "no"}, False),
        ({"highway": "residential", "access": "destination"}, True),
        ({"highway": "pedestrian"}, False),
        ({}, False),
    ],
)
def test_what_is_driven(tags, expected):
    assert is_drivable(tags) is expected


def test_osmnx_graphml_gives_the_same_network(graph, network, tmp_path):
    """OSMnx writes numbers as text, merged tags as the text of a list, and lengths without travel times."""
    copy = nx.MultiDiGraph()
    for node, facts in graph.nodes(data=True):
        copy.add_node(node, y=str(facts["y"]), x=str(facts["x"]))
    for start, end, facts in graph.edges(data=True):
        speed = {"maxspeed": "['45 mph', '50 mph']"} if facts["highway"] == "secondary" else {}
        if facts["highway"] == "primary":
            speed = {"maxspeed": "80"}
        copy.add_edge(start, end, length=str(facts["length"]), highway=facts["highway"], **speed)
    path = tmp_path / "town.graphml"
    nx.write_graphml(copy, path)
    again = RoadNetwork(read_roads(path))
    ends = [again.nodes.index(str(node)) for node in network.nodes]
    everywhere = range(len(network.nodes))
    assert again.seconds(ends, ends) == pytest.approx(network.seconds(everywhere, everywhere))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.osm", None, "no such file"),
        ("roads.shp", b"x", "unknown kind of road file"),
        ("bad.osm", b"<osm><node id=", "cannot be read as OpenStreetMap data"),
        ("bad.osm.pbf", b"\x00\x01\x02garbage", "cannot be read as OpenStreetMap data"),
        ("empty.osm", b'<?xml version="1.0"?><osm version="0.6"></osm>', "no drivable road"),
        ("bad.graphml", b"not xml", "not GraphML"),
        ("other.graphml", b"<html></html>", "not GraphML"),
    ],
)
def test_a_bad_file_is_told(tmp_path, name, content, told):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=told):
        read_roads(tmp_path / name)


def test_graphml_with_hostile_values_is_told(tmp_path):
    graph = nx.MultiDiGraph()
    graph.add_node("a", y="nan", x="-119")
    graph.add_node("b", y="36.5", x="east")
    graph.add_edge("a", "b", length="-3", highway="residential")
    nx.write_graphml(graph, tmp_path / "x.graphml")
    with pytest.raises(DataError) as error:
        read_roads(tmp_path / "x.graphml")
    assert [issue.where for issue in error.value.issues] == [
        "x.graphml node a",
        "x.graphml node b",
        "x.graphml edge a-b",
    ]


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(MissingExtraError, match=r"needs the extra \[roads\]: pip install 'sro_coverage\[roads\]'"):
        read_roads(write_town(tmp_path))


def test_blocks_of_origins_make_no_difference(network, monkeypatch):
    nodes = [node for node in range(len(network.nodes)) if network.is_main[node]]
    whole = network.travel_times(nodes, 180)
    monkeypatch.setattr("sro_coverage.travel.network._BLOCK_CELLS", 2 * len(network.nodes))
    parts = network.travel_times(nodes, 180)
    for name in ("row_start", "destination", "out_s", "back_s"):
        assert getattr(parts, name).tolist() == getattr(whole, name).tolist()
    assert (whole.out_s != whole.back_s).any()
    assert whole.back_s.max() > 180, "a way back beyond the limit was searched for"
