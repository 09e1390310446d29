"""Travel times between sites, sparse: only pairs within reach are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sro_coverage.problem import Problem, Travel

if TYPE_CHECKING:
    from collections.abc import Sequence

EARTH_RADIUS_KM = 6371.009  # mean radius, IUGG 1980, as geopy uses it
SAME_POINT_KM = 0.001

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TravelTimes:
    """
    Driving seconds for ordered pairs of sites, row by row (compressed sparse rows).

    Parameters
    ----------
    row_start
        Shape (n + 1,); the pairs of origin i are ``row_start[i]:row_start[i + 1]``.
    destination
        Site of each pair, ascending within a row, never the origin itself.
    out_s, back_s
        Whole seconds to the destination and back; they may differ.
    """

    row_start: Ints
    destination: Ints
    out_s: Ints
    back_s: Ints

    def row(self, origin: int) -> slice:
        """Positions of all pairs that start at `origin`."""
        return slice(int(self.row_start[origin]), int(self.row_start[origin + 1]))

    def trip(self, origin: int, destination: int) -> tuple[int, int] | None:
        """Seconds out and back, or None if the pair is out of reach."""
        row = self.row(origin)
        at = row.start + int(np.searchsorted(self.destination[row], destination))
        if at == row.stop or self.destination[at] != destination:
            return None
        return int(self.out_s[at]), int(self.back_s[at])

    @staticmethod
    def from_pairs(num_sites: int, origin: Ints, destination: Ints, out_s: Ints, back_s: Ints) -> TravelTimes:
        """Sort loose pairs into rows; a pair of a site with itself is left out."""
        keep = origin != destination
        order = np.lexsort((destination[keep], origin[keep]))
        rows = np.bincount(origin[keep], minlength=num_sites)
        return TravelTimes(
            np.concatenate(([0], np.cumsum(rows))).astype(np.int64),
            *(column[keep][order].astype(np.int64) for column in (destination, out_s, back_s)),
        )

    @staticmethod
    def from_matrix(seconds: npt.ArrayLike, limit_s: int) -> TravelTimes:
        """Keep the pairs of a square matrix whose way out takes at most `limit_s`."""
        matrix = np.asarray(seconds, dtype=np.int64)
        origin, destination = np.nonzero(matrix <= limit_s)
        return TravelTimes.from_pairs(
            len(matrix), origin, destination, matrix[origin, destination], matrix[destination, origin]
        )


def limit_seconds(minutes: float) -> int:
    """Whole seconds of a limit in minutes; a trip is allowed if its seconds do not pass it."""
    return round(minutes * 60)


def travel_times(problem: Problem) -> TravelTimes:
    """
    Compute the travel times that a problem can use: up to its longest shared or on-call limit.

    Parameters
    ----------
    problem
        Its `travel` part names the engine.
    """
    limits = [problem.policy.on_call_min, problem.policy.max_travel_min]
    limits += [officer.max_travel_min for officer in problem.officers if officer.max_travel_min is not None]
    points = [(site.lead.lat or 0.0, site.lead.lon or 0.0) for site in problem.sites]
    return straight_line(points, problem.travel, limit_seconds(max(limits)))


def straight_line(points: Sequence[tuple[float, float]], travel: Travel, limit_s: int) -> TravelTimes:
    """
    Great-circle travel times, the same both ways.

    Parameters
    ----------
    points
        (lat, lon) in degrees.
    limit_s
        Longest trip that is kept.

    References
    ----------
    A sphere differs from the ellipsoid by less than 0.6 % of the distance.
    """
    from scipy.spatial import cKDTree

    vectors = _unit_vectors(np.asarray(points, dtype=np.float64).reshape(-1, 2))
    reach_km = max((limit_s + 1 - travel.terminal_min * 60) * travel.speed_kph / travel.circuity / 3600, SAME_POINT_KM)
    chord = 2 * np.sin(min(reach_km / EARTH_RADIUS_KM, np.pi) / 2)
    tree = cKDTree(vectors)
    pairs = tree.sparse_distance_matrix(tree, chord * (1 + 1e-9), output_type="ndarray")
    seconds = _trip_seconds(_arc_km(pairs["v"]), travel)
    keep = seconds <= limit_s
    origin, destination = pairs["i"][keep].astype(np.int64), pairs["j"][keep].astype(np.int64)
    return TravelTimes.from_pairs(len(vectors), origin, destination, seconds[keep], seconds[keep])


def straight_line_from(point: tuple[float, float], points: Sequence[tuple[float, float]], travel: Travel) -> Ints:
    """Give the seconds from one point, such as an officer's home, to each of many."""
    vectors = _unit_vectors(np.asarray([point, *points], dtype=np.float64))
    return _trip_seconds(_arc_km(np.linalg.norm(vectors[1:] - vectors[0], axis=1)), travel)


def _unit_vectors(lat_lon_deg: Floats) -> Floats:
    lat, lon = np.radians(lat_lon_deg).T
    return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


def _arc_km(chord: Floats) -> Floats:
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2, 0, 1)))


def _trip_seconds(km: Floats, travel: Travel) -> Ints:
    """Round to whole seconds, in this one place; two campuses on one point need no drive."""
    seconds = 60 * travel.terminal_min + 3600 * travel.circuity * km / travel.speed_kph
    return np.where(km < SAME_POINT_KM, 0, np.rint(seconds)).astype(np.int64)
