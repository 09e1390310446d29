"""
Road graphs from files that the user supplies.

A road graph is a networkx ``MultiDiGraph`` as OSMnx writes it: nodes with ``y`` and ``x`` (degrees), edges with
``length`` (metres), ``highway`` and ``travel_time`` (seconds, free flow).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from sro_coverage.errors import DataError, Issue, MissingExtraError
from sro_coverage.travel.straight_line import arc_km, unit_vectors
from sro_coverage.travel.times import Floats

CLASS_SPEED_KPH = {
    "motorway": 105,
    "motorway_link": 65,
    "trunk": 80,
    "trunk_link": 55,
    "primary": 65,
    "primary_link": 48,
    "secondary": 56,
    "secondary_link": 48,
    "tertiary": 48,
    "tertiary_link": 40,
    "unclassified": 40,
    "residential": 40,
    "road": 40,
    "living_street": 16,
    "service": 16,
}
"""Speeds where the data name none, by OpenStreetMap class: common United States limits. Others are not driven."""

PLAUSIBLE_KPH = (5.0, 160.0)  # a posted speed outside is taken for a typing error

_CLOSED = {"no", "private", "agricultural", "forestry", "emergency"}
_SPEED = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?\s*$")


def is_drivable(tags: dict[str, str]) -> bool:
    """Whether an OpenStreetMap way is open to a patrol car."""
    if tags.get("highway") not in CLASS_SPEED_KPH or tags.get("area") == "yes":
        return False
    for key in ("motorcar", "motor_vehicle", "vehicle", "access"):
        if key in tags:
            return tags[key] not in _CLOSED
    return True


def speed_kph(tags: dict[str, str]) -> float:
    """Give the posted speed, or else that of the road's class."""
    speeds = []
    for part in tags.get("maxspeed", "").split(";"):
        match = _SPEED.match(part)
        if match:
            speeds.append(float(match[1]) * (1.609344 if match[2] == "mph" else 1))
    speeds = [speed for speed in speeds if PLAUSIBLE_KPH[0] <= speed <= PLAUSIBLE_KPH[1]]
    return min(speeds) if speeds else float(CLASS_SPEED_KPH[tags["highway"]])


def directions(tags: dict[str, str]) -> tuple[bool, bool]:
    """Whether a way may be driven forward and backward."""
    oneway = tags.get("oneway:motor_vehicle", tags.get("oneway", ""))
    if oneway in ("-1", "reverse"):
        return False, True
    if oneway in ("yes", "true", "1"):
        return True, False
    implied = tags.get("junction") in ("roundabout", "circular") or tags["highway"] == "motorway"
    return True, oneway in ("no", "false", "0") or not implied


def read_roads(path: Path) -> nx.MultiDiGraph:
    """
    Read a road graph from an OSMnx GraphML file or an OpenStreetMap extract.

    Parameters
    ----------
    path
        ``.graphml``, ``.osm``, ``.osm.gz``, ``.osm.bz2`` or ``.osm.pbf``.

    Returns
    -------
    MultiDiGraph
        Every point of a drivable way is a node, so that a campus finds a road point close by. Edges
        carry ``length`` (metres), ``highway`` and ``travel_time`` (seconds, free flow).

    Raises
    ------
    DataError
        If the file cannot be read or holds no drivable road.
    """
    if not path.is_file():
        raise DataError([Issue(str(path), "no such file", "a .graphml, .osm or .osm.pbf file")])
    name = path.name.lower()
    if name.endswith(".graphml"):
        graph = _graphml(path)
    elif name.endswith((".osm", ".osm.pbf", ".pbf", ".osm.gz", ".osm.bz2")):
        graph = _osm(path)
    else:
        raise DataError([Issue(path.name, "an unknown kind of road file", "a .graphml, .osm or .osm.pbf file")])
    if not graph.number_of_edges():
        raise DataError([Issue(path.name, "no drivable road", "ways with a highway tag such as residential")])
    return graph


def _osm(path: Path) -> nx.MultiDiGraph:
    try:
        import osmium
    except ImportError:
        raise MissingExtraError("reading OpenStreetMap extracts", "roads") from None
    graph = nx.MultiDiGraph(crs="epsg:4326")
    ways = osmium.filter.KeyFilter("highway").enable_for(osmium.osm.WAY)
    try:
        for item in osmium.FileProcessor(str(path)).with_locations().with_filter(ways):
            if item.is_way():
                for run in _known_runs(item.nodes):
                    _add_way(graph, dict(item.tags), run)
    except RuntimeError as error:
        raise DataError(
            [Issue(path.name, f"cannot be read as OpenStreetMap data ({error})", "an intact extract")]
        ) from None
    return graph


def _known_runs(nodes: Iterable[Any]) -> Iterator[list[tuple[int, float, float]]]:
    """Cut a way where the extract lacks a node: what lies there is not known, so nothing bridges it."""
    run: list[tuple[int, float, float]] = []
    for node in nodes:
        if node.location.valid():
            run.append((node.ref, node.lat, node.lon))
        else:
            yield run
            run = []
    yield run


def _add_way(graph: nx.MultiDiGraph, tags: dict[str, str], nodes: list[tuple[int, float, float]]) -> None:
    if not is_drivable(tags) or len(nodes) < 2:
        return
    forward, backward = directions(tags)
    kph = speed_kph(tags)
    points = np.asarray([(lat, lon) for _, lat, lon in nodes])
    metres = _step_metres(points)
    graph.add_nodes_from((ref, {"y": lat, "x": lon}) for ref, lat, lon in nodes)
    for (start, _, _), (end, _, _), length in zip(nodes, nodes[1:], metres.tolist(), strict=False):
        facts = {"highway": tags["highway"], "length": length, "travel_time": length * 3.6 / kph}
        if forward:
            graph.add_edge(start, end, **facts)
        if backward:
            graph.add_edge(end, start, **facts)


def _graphml(path: Path) -> nx.MultiDiGraph:
    """Read OSMnx's GraphML; speeds are imputed as for an extract where the file has no travel times."""
    from xml.etree.ElementTree import ParseError

    try:
        graph = nx.MultiDiGraph(nx.read_graphml(path))
    except (ParseError, nx.NetworkXError, KeyError, ValueError) as error:
        raise DataError([Issue(path.name, f"not GraphML ({error})", "a file written by OSMnx save_graphml")]) from None
    issues = []
    for node, facts in graph.nodes(data=True):
        point = _number(facts.get("y")), _number(facts.get("x"))
        if None in point:
            issues.append(Issue(f"{path.name} node {node}", f"y {facts.get('y')!r}, x {facts.get('x')!r}", "degrees"))
        facts["y"], facts["x"] = point
    closed = []
    for start, end, key, facts in graph.edges(keys=True, data=True):
        length = _number(facts.get("length"))
        tags = {name: _first(str(facts[name])) for name in ("highway", "maxspeed", "access") if name in facts}
        tags.setdefault("highway", "road")
        if length is None or length < 0:
            issues.append(Issue(f"{path.name} edge {start}-{end}", f"length {facts.get('length')!r}", "metres"))
        elif not is_drivable(tags):
            closed.append((start, end, key))
        else:
            seconds = _number(facts.get("travel_time"))
            facts |= {"highway": tags["highway"], "length": length}
            facts["travel_time"] = length * 3.6 / speed_kph(tags) if seconds is None or seconds < 0 else seconds
    if issues:
        raise DataError(issues[:20])
    graph.remove_edges_from(closed)
    return graph


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _first(text: str) -> str:
    """OSMnx writes merged ways' tags as the text of a list; the first stands for all."""
    return text.strip("[]").split(",")[0].strip(" '\"")


def _step_metres(points: Floats) -> Floats:
    """Length of each step of a line of (lat, lon) points."""
    vectors = unit_vectors(points)
    return np.asarray(arc_km(np.linalg.norm(np.diff(vectors, axis=0), axis=1)) * 1000)
