"""What a map shows of the roads: the routes to shared campuses, and the major roads beneath the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import shapely

from sro_coverage.plan import Plan
from sro_coverage.problem import Problem, Roads
from sro_coverage.report.layers import Routes
from sro_coverage.report.territories import Point
from sro_coverage.travel import road_travel

MAJOR = ("motorway", "trunk", "primary", "secondary", "tertiary")
TOLERANCE_DEG = 10 / 111_195  # about 10 m
MARGIN_DEG = 0.02  # about 2 km
DECIMALS = 5  # about 1 m


def road_layers(plan: Plan, folder: Path) -> tuple[Routes, dict[str, Any]]:
    """
    Draw the roads of a plan that was made with them.

    Parameters
    ----------
    folder
        Of the plan file, where the road file is.

    Returns
    -------
    tuple
        The (lat, lon) points of the route from each primary to each shared campus, by their ids,
        and the major roads around the campuses as a GeoJSON FeatureCollection. Both are simplified
        to about 10 m.
    """
    travel = plan.problem.travel
    assert isinstance(travel, Roads)
    on_roads = road_travel(plan.problem, travel, folder / travel.file)
    node = {site.id: snap.node for site, snap in zip(plan.problem.sites, on_roads.snaps, strict=True)}
    pairs = {
        (beat.primary[0], stop.campuses[0]): (node[beat.primary[0]], node[stop.campuses[0]])
        for beat in plan.beats
        for stop in beat.shared
    }
    found = on_roads.network.routes(pairs.values())
    routes = {ids: _simple(found[nodes]) for ids, nodes in pairs.items()}
    return routes, _major_roads(on_roads.graph, plan.problem)


def _simple(points: list[Point]) -> tuple[Point, ...]:
    if len(points) < 2:
        return tuple(points)
    line = shapely.LineString(points).simplify(TOLERANCE_DEG)
    return tuple((round(lat, DECIMALS), round(lon, DECIMALS)) for lat, lon in line.coords)


def _major_roads(graph: nx.MultiDiGraph, problem: Problem) -> dict[str, Any]:
    """Join the segments of each class to long lines, near the campuses only."""
    leads = [site.lead for site in problem.sites]
    lats, lons = [lead.lat or 0.0 for lead in leads], [lead.lon or 0.0 for lead in leads]
    box = (min(lons) - MARGIN_DEG, min(lats) - MARGIN_DEG, max(lons) + MARGIN_DEG, max(lats) + MARGIN_DEG)
    segments: dict[str, set[tuple[Point, Point]]] = {name: set() for name in MAJOR}
    place = {name: (facts["x"], facts["y"]) for name, facts in graph.nodes(data=True)}
    for start, end, facts in graph.edges(data=True):
        name = facts["highway"].removesuffix("_link")
        if name in segments:
            a, b = sorted((place[start], place[end]))
            segments[name].add((a, b))
    features = []
    for name in MAJOR:
        lines = shapely.line_merge(shapely.MultiLineString(sorted(segments[name])))
        near = shapely.clip_by_rect(lines, *box).simplify(TOLERANCE_DEG)
        if not near.is_empty:
            shape = shapely.set_precision(near, 10**-DECIMALS)
            features.append({"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(shape)})
    return {"type": "FeatureCollection", "features": features}
