"""Great-circle travel times: no set-up, no network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sro_coverage.problem import StraightLine
from sro_coverage.travel.times import Floats, Ints, TravelTimes

EARTH_RADIUS_KM = 6371.009  # mean radius, IUGG 1980, as geopy uses it
SAME_POINT_KM = 0.001


def straight_line(
    points: Sequence[tuple[float, float]], travel: StraightLine, limit_s: int, *, nearest: int | None = None
) -> TravelTimes:
    """
    Great-circle travel times, the same both ways.

    Parameters
    ----------
    points
        (lat, lon) in degrees.
    limit_s
        Longest trip that is kept.
    nearest
        Keep only so many destinations for each origin; all within the limit if not given. A plan on
        such times is no proof for the pairs that were left out.

    References
    ----------
    A sphere differs from the ellipsoid by less than 0.6 % of the distance.
    """
    vectors = unit_vectors(np.asarray(points, dtype=np.float64).reshape(-1, 2))
    reach_km = max((limit_s + 1 - travel.terminal_min * 60) * travel.speed_kph / travel.circuity / 3600, SAME_POINT_KM)
    reach = 2 * np.sin(min(reach_km / EARTH_RADIUS_KM, np.pi) / 2) * (1 + 1e-9)
    origin, destination, chord = _within(vectors, reach) if nearest is None else _nearest(vectors, reach, nearest)
    seconds = _trip_seconds(arc_km(chord), travel)
    keep = seconds <= limit_s
    return TravelTimes.from_pairs(len(vectors), origin[keep], destination[keep], seconds[keep], seconds[keep])


def _within(vectors: Floats, reach: float) -> tuple[Ints, Ints, Floats]:
    """All ordered pairs within a chord, a point with itself included."""
    from scipy.spatial import cKDTree

    tree = cKDTree(vectors)
    pairs = tree.sparse_distance_matrix(tree, reach, output_type="ndarray")
    return pairs["i"].astype(np.int64), pairs["j"].astype(np.int64), pairs["v"]


def _nearest(vectors: Floats, reach: float, nearest: int) -> tuple[Ints, Ints, Floats]:
    """The nearest other points of each point within a chord; a point found twice would be itself."""
    from scipy.spatial import cKDTree

    chord, found = cKDTree(vectors).query(vectors, k=min(nearest + 1, len(vectors)), distance_upper_bound=reach)
    origin = np.repeat(np.arange(len(vectors)), found.shape[1])
    there = np.isfinite(chord.ravel())
    return origin[there], found.ravel()[there].astype(np.int64), chord.ravel()[there]


def straight_line_from(point: tuple[float, float], points: Sequence[tuple[float, float]], travel: StraightLine) -> Ints:
    """Give the seconds from one point, such as an officer's home, to each of many."""
    vectors = unit_vectors(np.asarray([point, *points], dtype=np.float64))
    return _trip_seconds(arc_km(np.linalg.norm(vectors[1:] - vectors[0], axis=1)), travel)


def unit_vectors(lat_lon_deg: Floats) -> Floats:
    """Points on the unit sphere for (lat, lon) rows."""
    lat, lon = np.radians(lat_lon_deg).T
    return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


def arc_km(chord: Floats) -> Floats:
    """Great-circle kilometres for chords of the unit sphere."""
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2, 0, 1)))


def _trip_seconds(km: Floats, travel: StraightLine) -> Ints:
    """Round to whole seconds, in this one place; two campuses on one point need no drive."""
    seconds = 60 * travel.terminal_min + 3600 * travel.circuity * km / travel.speed_kph
    return np.where(km < SAME_POINT_KM, 0, np.rint(seconds)).astype(np.int64)
