"""Many shortest paths on a road graph, and where campuses meet the roads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from sro_coverage.travel.straight_line import arc_km, unit_vectors
from sro_coverage.travel.times import Floats, Ints, TravelTimes

_BLOCK_CELLS = 8_000_000  # of float64, so that a block of shortest paths stays under 64 MB
_CUT_OFF_M = 50.0


@dataclass(frozen=True)
class Snap:
    """
    Where a campus meets the roads.

    Parameters
    ----------
    node
        Position in the network's nodes.
    distance_m
        From the campus to that node, as the crow flies.
    nearer_m
        Distance of a nearer road point that no route reaches, or None.
    """

    node: int
    distance_m: float
    nearer_m: float | None


class RoadNetwork:
    """
    A road graph as arrays.

    Parameters
    ----------
    graph
        From :func:`~sro_coverage.travel.roads.read_roads`. Of parallel edges the fastest counts.
    multiplier
        Every travel time is multiplied by it.
    """

    def __init__(self, graph: nx.MultiDiGraph, multiplier: float = 1.0) -> None:
        self.nodes = list(graph.nodes)
        at = {node: index for index, node in enumerate(self.nodes)}
        self.points: Floats = np.asarray([(facts["y"], facts["x"]) for _, facts in graph.nodes(data=True)], np.float64)
        edges = [(at[start], at[end], facts["travel_time"]) for start, end, facts in graph.edges(data=True)]
        tail, head, seconds = (np.asarray(column) for column in zip(*edges, strict=True))
        self.times = _fastest(tail, head, seconds * multiplier, len(self.nodes))
        _, label = connected_components(self.times, connection="strong")
        self.is_main = label == np.bincount(label).argmax()
        self._main = np.flatnonzero(self.is_main)
        self._near_main = cKDTree(unit_vectors(self.points[self._main]))
        self._near_any = cKDTree(unit_vectors(self.points))

    def snap(self, points: Sequence[tuple[float, float]]) -> list[Snap]:
        """Give for each (lat, lon) the nearest point of the main network, from which all its roads are reached."""
        vectors = unit_vectors(np.asarray(points, np.float64).reshape(-1, 2))
        chord, position = self._near_main.query(vectors)
        any_chord, _ = self._near_any.query(vectors)
        metres, any_metres = arc_km(chord) * 1000, arc_km(any_chord) * 1000
        return [
            Snap(int(self._main[at]), float(far), float(near) if near < far - _CUT_OFF_M else None)
            for at, far, near in zip(position, metres, any_metres, strict=True)
        ]

    def seconds(self, origins: Sequence[int], destinations: Sequence[int], limit_s: float = np.inf) -> Floats:
        """
        Run the shortest paths between nodes.

        Returns
        -------
        ndarray, shape (origins, destinations)
            Seconds; infinite where there is no path within the limit.
        """
        return np.concatenate([rows for _, rows in self._blocks(origins, destinations, limit_s)])

    def _blocks(
        self, origins: Sequence[int], destinations: Sequence[int], limit_s: float
    ) -> Iterator[tuple[int, Floats]]:
        """Give the rows of the answer block by block, each with the place of its first origin."""
        block = max(1, _BLOCK_CELLS // len(self.nodes))
        for start in range(0, len(origins), block):
            rows = dijkstra(self.times, indices=list(origins[start : start + block]), limit=limit_s)
            yield start, rows[:, destinations]

    def travel_times(self, nodes: Sequence[int], limit_s: int) -> TravelTimes:
        """
        Give the travel times between campuses that stand at these nodes, without an n x n array.

        Pairs whose way out is beyond the limit are left out; the way back of the others is always found.
        """
        parts = []
        for first, rows in self._blocks(nodes, nodes, limit_s + 1):
            origin, destination = np.nonzero(np.rint(rows) <= limit_s)
            parts.append((origin + first, destination, np.rint(rows[origin, destination]).astype(np.int64)))
        origin, destination, out_s = (np.concatenate(column) for column in zip(*parts, strict=True))
        back_s = self._ways_back(nodes, origin, destination, out_s)
        return TravelTimes.from_pairs(len(nodes), origin, destination, out_s, back_s)

    def _ways_back(self, nodes: Sequence[int], origin: Ints, destination: Ints, out_s: Ints) -> Ints:
        """Look up each pair turned round, or search it where its way out was beyond the limit; pairs are sorted."""
        forward, backward = origin * len(nodes) + destination, destination * len(nodes) + origin
        at = np.minimum(np.searchsorted(forward, backward), len(forward) - 1)
        back_s = np.where(forward[at] == backward, out_s[at], -1)
        for start in np.unique(destination[back_s < 0]):
            missing = (destination == start) & (back_s < 0)
            back_s[missing] = np.rint(self.seconds([nodes[start]], [nodes[end] for end in origin[missing]])[0])
        return back_s

    def routes(self, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[tuple[float, float]]]:
        """Give the (lat, lon) points of the fastest route for each pair of nodes."""
        wanted = list(pairs)
        found: dict[tuple[int, int], list[tuple[float, float]]] = {}
        for origin in dict.fromkeys(start for start, _ in wanted):
            _, before = dijkstra(self.times, indices=origin, return_predecessors=True)
            for start, end in wanted:
                if start == origin:
                    found[start, end] = [tuple(self.points[node]) for node in _walk(before, start, end)]
        return found


def _walk(before: Any, start: int, end: int) -> list[int]:
    """Follow the predecessors from the end back to the start."""
    path = [end]
    while path[-1] != start and before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return path[::-1]


def _fastest(tail: Ints, head: Ints, seconds: Floats, size: int) -> csr_array:
    """Keep the fastest of parallel edges; a sparse matrix would add them up."""
    order = np.lexsort((seconds, head, tail))
    tail, head, seconds = tail[order], head[order], seconds[order]
    first = np.ones(len(tail), np.bool_)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    # A stored zero would count as no edge: no step takes less than a millisecond.
    return csr_array((np.maximum(seconds[first], 1e-3), (tail[first], head[first])), shape=(size, size))
