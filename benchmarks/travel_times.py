"""
Many-to-many travel times beside the naive way, in one run.

    python benchmarks/travel_times.py ROADS [--campuses 1000] [--sources 20]

ROADS is an OpenStreetMap extract or GraphML file of a city, which is not shipped. Road minutes between random road
points: networkx alone, measured on some sources and scaled up, beside the program's way with and without a cut-off.
Then straight-line minutes of 100,000 random campuses with their 32 nearest, beside geopy pair by pair, scaled up.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from geopy.distance import great_circle
from rich.console import Console
from rich.table import Table

from sro_coverage.problem import StraightLine
from sro_coverage.travel.network import RoadNetwork
from sro_coverage.travel.roads import read_roads
from sro_coverage.travel.straight_line import straight_line

CUT_OFF_S = 15 * 60


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Give wall seconds and the result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("roads", type=Path)
    parser.add_argument("--campuses", type=int, default=1000)
    parser.add_argument("--sources", type=int, default=20, help="sources measured with networkx")
    arguments = parser.parse_args()
    console = Console(width=110)
    console.print(_roads(arguments.roads, arguments.campuses, arguments.sources))
    console.print(_straight(100_000, 32))
    console.print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _roads(path: Path, count: int, sources: int) -> Table:
    reading, graph = timed(lambda: read_roads(path))
    building, network = timed(lambda: RoadNetwork(graph))
    nodes = sorted(random.Random(1).sample(np.flatnonzero(network.is_main).tolist(), count))
    whole, seconds = timed(lambda: network.seconds(nodes, nodes))
    cut, _ = timed(lambda: network.seconds(nodes, nodes, CUT_OFF_S))
    naive, found = timed(
        lambda: [
            nx.single_source_dijkstra_path_length(graph, network.nodes[n], weight="travel_time")
            for n in nodes[:sources]
        ]
    )
    expected = np.asarray([[row.get(network.nodes[n], np.inf) for n in nodes] for row in found])
    worst = float(np.nanmax(np.abs(expected - seconds[:sources])))
    naive *= count / sources
    table = Table(
        "way",
        "seconds",
        "times faster",
        title=f"{count:,} x {count:,} road minutes, {path.name}, {len(network.nodes):,} nodes",
    )
    table.add_row("networkx alone (scaled up)", f"{naive:.1f}", "1")
    table.add_row("this program", f"{whole:.1f}", f"{naive / whole:.0f}")
    table.add_row("this program, cut off at 15 minutes", f"{cut:.1f}", f"{naive / cut:.0f}")
    table.add_row("reading the file / building the network, once", f"{reading:.1f} / {building:.1f}", "")
    table.caption = f"largest difference from networkx on {sources} sources: {worst:.4f} s"
    return table


def _straight(count: int, nearest: int) -> Table:
    rng = random.Random(1)
    points = [(rng.uniform(25, 49), rng.uniform(-124, -67)) for _ in range(count)]
    took, times = timed(lambda: straight_line(points, StraightLine(), 3600 * 12, nearest=nearest))
    naive, _ = timed(lambda: [great_circle(points[0], point).km for point in points[:2000]])
    table = Table("way", "seconds", title=f"straight-line minutes, {count:,} campuses with their {nearest} nearest")
    table.add_row("geopy pair by pair (scaled up)", f"{naive / 2000 * count * count:,.0f}")
    table.add_row("this program", f"{took:.1f}")
    table.caption = f"{len(times.out_s):,} ordered pairs kept"
    return table


if __name__ == "__main__":
    main()
