"""Roads and limits to draw beneath a plan: the geometry of a GeoJSON file and nothing else of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sro_coverage.errors import DataError, Issue
from sro_coverage.read.table import read_bytes

_DEPTHS = {"LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""How many lists stand around the positions of each geometry."""

_TYPES = ", ".join(_DEPTHS)
_LARGE = 2_000
_TOLERANCE_M = 10
_METRES_A_DEGREE = 111_195.0
_DECIMALS = 6
_MOST_ISSUES = 20


def read_underlay(path: str | Path) -> dict[str, Any]:
    """
    Read lines and areas from a GeoJSON file.

    Parameters
    ----------
    path
        A FeatureCollection, a Feature, a geometry or a GeometryCollection, in WGS 84 degrees.

    Returns
    -------
    dict
        A FeatureCollection without any properties, ids or names. Points are left out. Positions
        have 6 decimals; more than 2,000 of them are thinned to what is visible, about 10 m.

    Raises
    ------
    DataError
        If the file is not such a document; every issue names the file and the feature.
    """
    file = Path(path)
    text = read_bytes(file)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise DataError([Issue(str(file), "not JSON", "a GeoJSON file in UTF-8")]) from None
    issues: list[Issue] = []
    geometries = list(_geometries(content, file.name, issues))
    kept = [geometry for where, geometry in geometries if _is_sound(geometry, where, issues)]
    if not kept and not issues:
        issues.append(Issue(file.name, "no line and no area", f"at least one of {_TYPES}"))
    if issues:
        raise DataError(issues[:_MOST_ISSUES])
    rounded = _thinned(kept) if sum(map(_count, kept)) > _LARGE else kept
    features = [{"type": "Feature", "properties": {}, "geometry": _rounded(geometry)} for geometry in rounded]
    return {"type": "FeatureCollection", "features": features}


def _geometries(content: Any, file: str, issues: list[Issue]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every line and area with its place in the file; anything unknown becomes an issue."""
    waiting = [(file, content)]
    while waiting:
        where, item = waiting.pop(0)
        kind = item.get("type") if isinstance(item, dict) else None
        if kind == "FeatureCollection" and isinstance(item.get("features"), list):
            features = enumerate(item["features"], start=1)
            waiting += [(f"{file} feature {number}", feature) for number, feature in features]
        elif kind == "Feature" and "geometry" in item:
            waiting += [(where, item["geometry"])] if item["geometry"] is not None else []
        elif kind == "GeometryCollection" and isinstance(item.get("geometries"), list):
            parts = enumerate(item["geometries"], start=1)
            waiting += [(f"{where} geometry {number}", part) for number, part in parts]
        elif kind in ("Point", "MultiPoint"):
            continue
        elif isinstance(kind, str) and kind in _DEPTHS:
            yield where, {"type": kind, "coordinates": item.get("coordinates")}
        else:
            found = f"type {str(kind)[:40]!r}" if kind is not None else "no GeoJSON object"
            issues.append(Issue(where, found, f"a FeatureCollection, a Feature or one of {_TYPES}"))


def _is_sound(geometry: dict[str, Any], where: str, issues: list[Issue]) -> bool:
    kind = geometry["type"]
    fewest = 4 if kind.endswith("Polygon") else 2
    try:
        lines = list(_lines(geometry["coordinates"], _DEPTHS[kind] - 1))
    except TypeError:
        issues.append(Issue(where, "coordinates of another shape", f"the nested lists of a {kind}"))
        return False
    for line in lines:
        wrong = next((position for position in line if not _is_position(position)), None)
        if wrong is not None:
            expected = "[longitude, latitude] in degrees, within -180 to 180 and -90 to 90"
            issues.append(Issue(where, f"position {str(wrong)[:60]}", expected))
            return False
        if len(line) < fewest:
            issues.append(Issue(where, f"{len(line)} positions in a line", f"at least {fewest} for a {kind}"))
            return False
    return bool(lines)


def _lines(coordinates: Any, depth: int) -> Iterator[list[Any]]:
    if not isinstance(coordinates, list):
        raise TypeError
    if depth == 0:
        yield coordinates
        return
    for part in coordinates:
        yield from _lines(part, depth - 1)


def _is_position(position: Any) -> bool:
    if not isinstance(position, list) or len(position) < 2:
        return False
    lon, lat = position[:2]
    return all(
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) <= limit
        for value, limit in ((lon, 180), (lat, 90))
    )


def _count(geometry: dict[str, Any]) -> int:
    return sum(map(len, _lines(geometry["coordinates"], _DEPTHS[geometry["type"]] - 1)))


def _thinned(geometries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from shapely.geometry import mapping, shape

    thin = (shape(_flat(geometry)).simplify(_TOLERANCE_M / _METRES_A_DEGREE) for geometry in geometries)
    return [mapping(geometry) for geometry in thin if not geometry.is_empty]


def _flat(geometry: dict[str, Any]) -> dict[str, Any]:
    return {"type": geometry["type"], "coordinates": _without_heights(geometry["coordinates"])}


def _without_heights(coordinates: Any) -> Any:
    if isinstance(coordinates[0], int | float):
        return list(coordinates[:2])
    return [_without_heights(part) for part in coordinates if len(part)]


def _rounded(geometry: dict[str, Any]) -> dict[str, Any]:
    def rounded(coordinates: Any) -> Any:
        if isinstance(coordinates[0], int | float):
            return [round(coordinates[0], _DECIMALS), round(coordinates[1], _DECIMALS)]
        return [rounded(part) for part in coordinates]

    return {"type": geometry["type"], "coordinates": rounded(_flat(geometry)["coordinates"])}
