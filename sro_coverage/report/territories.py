"""Territories: the ground nearest to each officer's campuses, as areas for the eye."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Point = tuple[float, float]
Ring = tuple[Point, ...]

_METRES_A_DEGREE = 111_195.0
_MARGIN_M = 500.0
_MARGIN_SHARE = 0.05
_TOUCH_M = 1.0
_DECIMALS = 5


@dataclass(frozen=True)
class Territory:
    """
    The ground of one officer, or of nobody.

    Parameters
    ----------
    officer
        Officer number; None where the nearest campus has no officer.
    polygons
        Each an outer ring and its holes, in ``(lat, lon)``.
    """

    officer: int | None
    polygons: tuple[tuple[Ring, ...], ...]


@dataclass(frozen=True)
class Division:
    """
    The whole ground, divided.

    Parameters
    ----------
    borders
        Pairs of officer numbers whose territories touch, the smaller first.
    bounds
        South-west and north-east corner, ``(lat, lon)``.
    """

    territories: tuple[Territory, ...]
    borders: frozenset[tuple[int, int]]
    bounds: tuple[Point, Point]


class _Plane:
    """A local equirectangular projection, in metres."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._lat = sum(lat for lat, _ in points) / len(points)
        self._lon = sum(lon for _, lon in points) / len(points)
        self._shrink = math.cos(math.radians(self._lat))

    def to_metres(self, point: Point) -> Point:
        lat, lon = point
        return (lon - self._lon) * self._shrink * _METRES_A_DEGREE, (lat - self._lat) * _METRES_A_DEGREE

    def to_degrees(self, metres: Sequence[float]) -> Point:
        lon = self._lon + metres[0] / (self._shrink * _METRES_A_DEGREE)
        return round(self._lat + metres[1] / _METRES_A_DEGREE, _DECIMALS), round(lon, _DECIMALS)


def divide(points: Sequence[Point], officers: Sequence[int | None]) -> Division:
    """
    Give every officer the ground that is nearer to the officer's campuses than to any other.

    Parameters
    ----------
    points
        Of the sites, ``(lat, lon)``; at least one. Of sites on one point the first counts.
    officers
        Officer number of each site, or None.

    Notes
    -----
    Voronoi cells, clipped to a widened hull of the points and dissolved by officer. Nearest as the
    crow flies: these are not the areas that a plan was computed with.
    """
    from shapely import unary_union

    plane = _Plane(points)
    owner: dict[Point, int | None] = {}
    for point, officer in zip(points, officers, strict=True):
        owner.setdefault(plane.to_metres(point), officer)
    ground = _ground(list(owner))
    cells: dict[int | None, list[Any]] = defaultdict(list)
    for place, cell in _cells(list(owner), ground):
        cells[owner[place]].append(cell)
    areas = {
        officer: unary_union(cells[officer]) for officer in sorted(cells, key=lambda number: (number is None, number))
    }
    return Division(
        tuple(Territory(officer, _polygons(area, plane)) for officer, area in areas.items()),
        _borders({officer: area for officer, area in areas.items() if officer is not None}),
        _bounds(ground, plane),
    )


def _ground(places: list[Point]) -> Any:
    from shapely import MultiPoint

    hull = MultiPoint(places).convex_hull
    west, south, east, north = hull.bounds
    return hull.buffer(_MARGIN_M + _MARGIN_SHARE * math.hypot(east - west, north - south))


def _cells(places: list[Point], ground: Any) -> list[tuple[Point, Any]]:
    from shapely import MultiPoint, Point, STRtree, voronoi_polygons

    if len(places) == 1:
        return [(places[0], ground)]
    cells = voronoi_polygons(MultiPoint(places), extend_to=ground).geoms
    tree = STRtree([Point(place) for place in places])
    found = []
    for cell in cells:
        inside = tree.query(cell, predicate="intersects")
        clipped = cell.intersection(ground)
        if len(inside) and not clipped.is_empty:
            found.append((places[int(inside[0])], clipped))
    return sorted(found, key=lambda pair: pair[0])


def _borders(areas: dict[int, Any]) -> frozenset[tuple[int, int]]:
    from shapely import STRtree

    numbers = list(areas)
    tree = STRtree(list(areas.values()))
    return frozenset(
        (number, numbers[other])
        for number, area in areas.items()
        for other in tree.query(area, predicate="dwithin", distance=_TOUCH_M).tolist()
        if number < numbers[other]
    )


def _polygons(area: Any, plane: _Plane) -> tuple[tuple[Ring, ...], ...]:
    parts = [part for part in getattr(area, "geoms", [area]) if part.geom_type == "Polygon"]
    return tuple(
        tuple(tuple(map(plane.to_degrees, ring.coords[:-1])) for ring in (part.exterior, *part.interiors))
        for part in parts
    )


def _bounds(ground: Any, plane: _Plane) -> tuple[Point, Point]:
    west, south, east, north = ground.bounds
    return plane.to_degrees((west, south)), plane.to_degrees((east, north))
