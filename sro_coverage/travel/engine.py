"""From a problem's travel settings to its travel times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem import Matrix, Problem, Roads, StraightLine
from sro_coverage.travel.matrix import read_matrix
from sro_coverage.travel.store import sha256_of, stored
from sro_coverage.travel.straight_line import straight_line
from sro_coverage.travel.times import TravelTimes, limit_seconds

if TYPE_CHECKING:
    import networkx as nx

    from sro_coverage.travel.network import RoadNetwork, Snap

ROAD_ENGINE = "SciPy Dijkstra, version 1"
NOTED_SNAP_M = 200.0
ROAD_CREDIT = "road data © OpenStreetMap contributors"
"""Asked for by the licence of the data, wherever a map or a result made from them is shown."""


def travel_times(problem: Problem, folder: Path = Path()) -> TravelTimes:
    """
    Compute the travel times that a problem can use: up to its longest shared or on-call limit.

    Parameters
    ----------
    problem
        Its `travel` part names the engine.
    folder
        Where the files that it names are: the plan file's folder.

    Returns
    -------
    TravelTimes
        Between ``problem.sites``, in that order.

    Raises
    ------
    DataError
        If a file cannot be used, or a campus is too far from any road.
    """
    travel = problem.travel
    limit_s = longest_limit_s(problem)
    if isinstance(travel, StraightLine):
        return straight_line(_points(problem), travel, limit_s).named(_describe(travel))
    path = folder / travel.file
    if isinstance(travel, Matrix):
        return _matrix(problem, travel, path, limit_s)
    if not path.is_file():
        raise DataError(
            [Issue("travel.file", f"no such file: {travel.file}", "the path from the plan file to the roads")]
        )
    digest = sha256_of(path)
    inputs = {
        "engine": ROAD_ENGINE,
        "roads": digest,
        "settings": travel.model_dump(mode="json", exclude={"file"}),
        "points": _points(problem),
        "ids": [site.id for site in problem.sites],
        "limit_s": limit_s,
    }
    return stored(folder, path.name.split(".")[0], inputs, lambda: _roads(problem, travel, path, digest, limit_s))


def longest_limit_s(problem: Problem) -> int:
    """Longest trip in seconds that any rule of a problem can use."""
    limits = [problem.policy.on_call_min, problem.policy.max_travel_min]
    limits += [officer.max_travel_min for officer in problem.officers if officer.max_travel_min is not None]
    return limit_seconds(max(limits))


def _points(problem: Problem) -> list[tuple[float, float]]:
    return [(site.lead.lat or 0.0, site.lead.lon or 0.0) for site in problem.sites]


def _describe(travel: StraightLine) -> str:
    return (
        f"straight line: {travel.terminal_min:g} min + {travel.circuity:g} x great-circle distance "
        f"at {travel.speed_kph:g} km/h"
    )


def _times(multiplier: float) -> str:
    return "" if multiplier == 1 else f", times x {multiplier:g}"


def _matrix(problem: Problem, travel: Matrix, path: Path, limit_s: int) -> TravelTimes:
    engine, seconds = read_matrix(path, travel, [site.lead for site in problem.sites])
    missing = int(np.isnan(seconds).sum())
    notes = (f"{missing} pairs have no route in {path.name} and are out of reach.",) if missing else ()
    whole = np.where(np.isnan(seconds), -1, np.rint(seconds * travel.multiplier)).astype(np.int64)
    origin, destination = np.nonzero((whole >= 0) & (whole <= limit_s) & (whole.T >= 0))
    times = TravelTimes.from_pairs(
        len(whole), origin, destination, whole[origin, destination], whole[destination, origin]
    )
    source = f"matrix: {path.name} ({engine}, sha256 {sha256_of(path)[:16]}){_times(travel.multiplier)}"
    return times.named(source, notes)


@dataclass(frozen=True, eq=False)
class RoadTravel:
    """
    A road network with the sites of a problem on it.

    Parameters
    ----------
    graph
        As read from the file.
    snaps
        Where each of ``problem.sites`` meets the roads.
    """

    graph: nx.MultiDiGraph
    network: RoadNetwork
    snaps: list[Snap]


def road_travel(problem: Problem, travel: Roads, path: Path) -> RoadTravel:
    """
    Read the roads and put every site on them.

    Raises
    ------
    DataError
        Naming each campus that is farther than ``max_snap_m`` from any drivable road.
    """
    from sro_coverage.travel.network import RoadNetwork
    from sro_coverage.travel.roads import read_roads

    graph = read_roads(path)
    network = RoadNetwork(graph, travel.multiplier)
    snaps = network.snap(_points(problem))
    issues = [
        Issue(
            f"campus {site.id!r}",
            f"{snap.distance_m:,.0f} m from the nearest road that {path.name} connects",
            f"at most {travel.max_snap_m:,.0f} m (travel.max_snap_m)",
        )
        for site, snap in zip(problem.sites, snaps, strict=True)
        if snap.distance_m > travel.max_snap_m
    ]
    if issues:
        raise DataError(issues)
    return RoadTravel(graph, network, snaps)


def _roads(problem: Problem, travel: Roads, path: Path, digest: str, limit_s: int) -> TravelTimes:
    on_roads = road_travel(problem, travel, path)
    times = on_roads.network.travel_times([snap.node for snap in on_roads.snaps], limit_s)
    notes = []
    for site, snap in zip(problem.sites, on_roads.snaps, strict=True):
        if snap.nearer_m is not None:
            notes.append(
                f"{site.name}: the nearest road ({snap.nearer_m:,.0f} m) is cut off from the network; "
                f"routed from {snap.distance_m:,.0f} m away."
            )
        elif snap.distance_m > NOTED_SNAP_M:
            notes.append(f"{site.name}: {snap.distance_m:,.0f} m from the nearest drivable road.")
    source = f"roads: {path.name} (sha256 {digest[:16]}){_times(travel.multiplier)}; {ROAD_CREDIT}"
    return times.named(source, tuple(notes))
