"""
The capacitated p-median as arrays: a classic that is a special case of the program's rules.

Nodes are sites and bases, medians primaries; every other node is shared, what it uses up are students, and what is
made small is travel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sro_coverage.model.arrays import Arrays, Choice


@dataclass(frozen=True, eq=False)
class Instance:
    """
    Choose p of n nodes as medians, and a median for every node, itself for a median.

    Parameters
    ----------
    capacity, demand
        Whole numbers; the demands of a median's nodes, its own included, must not pass its capacity.
    distance
        From row to column, not weighted by demand.
    """

    p: int
    capacity: Any
    demand: Any
    distance: Any

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.demand)

    @staticmethod
    def read(path: Path, *, truncate: bool) -> Instance:
        """
        Read `n p`, then n lines `x y capacity demand`.

        Parameters
        ----------
        truncate
            Distances are cut to whole numbers, as the family `pmedcap` says.
        """
        numbers = np.asarray(path.read_text(encoding="utf-8").split(), np.float64)
        n, p = int(numbers[0]), int(numbers[1])
        x, y, capacity, demand = numbers[2 : 2 + 4 * n].reshape(n, 4).T
        distance = np.hypot(x[:, None] - x, y[:, None] - y)
        amounts = [np.rint(column).astype(np.int64) for column in (capacity, demand)]
        if any((amount != column).any() for amount, column in zip(amounts, (capacity, demand), strict=True)):
            raise ValueError(f"{path.name}: capacities and demands must be whole numbers")
        return Instance(p, *amounts, np.floor(distance + 1e-9) if truncate else distance)

    def arcs(self, nearest: int | None = None) -> tuple[Any, Any]:
        """
        Give every median and other node that fit together.

        Parameters
        ----------
        nearest
            Only so many of the nearest medians of each node: then nothing is proven about the instance.
        """
        fits = (self.demand <= (self.capacity - self.demand)[:, None]) & ~np.eye(self.n, dtype=np.bool_)
        if nearest is not None:
            order = np.argsort(np.where(fits, self.distance, np.inf), axis=0, kind="stable")[:nearest]
            near = np.zeros_like(fits)
            near[order, np.arange(self.n)] = True
            fits &= near
        median, node = np.nonzero(fits)
        return median, node


def capacitated_p_median(instance: Instance, *, unit: int, nearest: int | None = None) -> Arrays:
    """
    Give an instance as arrays, with distances cut down to whole units of 1 / `unit`.

    As they are cut down, a bound of the arrays is one of the instance. The arrays ask for p medians *at most*, the
    instance for p: both have the same optimum, as :func:`exactly_p` shows.
    """
    from sro_coverage.model.arrays import Arrays, TierArrays

    at = np.flatnonzero(instance.demand <= instance.capacity)
    number = np.full(instance.n, -1)
    number[at] = np.arange(len(at))
    median, node = instance.arcs(nearest)
    room = (instance.capacity - instance.demand)[at]
    cost = np.floor(instance.distance[median, node] * unit).astype(np.int64)
    nothing, no_use = np.zeros(len(at), np.int64), np.zeros(len(node), np.int64)
    no_cost = np.zeros(instance.n, np.int64)
    return Arrays(
        class_officers=(tuple(range(instance.p)),),
        posts=np.ones(instance.n, np.int64),
        base_class=nothing,
        base_site=at,
        base_twin=np.full(len(at), -1),
        cap_seconds=nothing,
        cap_peaks=nothing,
        cap_students=room,
        cap_count=np.full(len(at), instance.n),
        arc_base=number[median],
        arc_site=node,
        arc_is_shared=np.ones(len(node), np.bool_),
        arc_seconds=no_use,
        arc_peaks=no_use,
        arc_students=instance.demand[node],
        may_be_uncovered=np.zeros(instance.n, np.bool_),
        pins=(),
        named=(),
        tiers=(TierArrays("travel", 1, 0, no_cost, nothing, cost, no_cost),),
    )


def servers(arrays: Arrays, choice: Choice) -> Any:
    """Give the median of each node; -1 if it has none."""
    server = np.full(len(arrays.posts), -1)
    server[arrays.arc_site[choice.arc]] = arrays.base_site[arrays.arc_base[choice.arc]]
    at = arrays.base_site[choice.base]
    server[at] = at
    return server


def exactly_p(instance: Instance, server: Any) -> Any:
    """
    Make a plan with fewer than p medians one with p, at no greater cost.

    A node that fits into its own capacity leaves its median, which only makes room there, and serves itself at no
    distance. So that the best plan with at most p medians costs no more than the best one with exactly p, and no less.
    """
    server = np.array(server)
    nodes = np.arange(instance.n)
    others = nodes[(server != nodes) & (instance.demand <= instance.capacity)]
    farthest = others[np.argsort(-instance.distance[server[others], others], kind="stable")]
    missing = instance.p - int((server == nodes).sum())
    server[farthest[: max(missing, 0)]] = farthest[: max(missing, 0)]
    return server


def recomputed(path: Path, server: list[int], *, truncate: bool) -> float:
    """
    Recompute a plan from the file, apart from everything above.

    Returns
    -------
    float
        The sum of distances, in double precision.

    Raises
    ------
    ValueError
        If it is no plan, with every broken rule.
    """
    header, *rest = path.read_text(encoding="utf-8").splitlines()
    n, p = map(int, header.split())
    rows = [[float(cell) for cell in line.split()] for line in rest if line.strip()]
    if not len(rows) == len(server) == n or not set(server) <= set(range(n)):
        raise ValueError(f"{len(server)} of {n} nodes, served by {sorted(set(server))}")
    medians = set(server)
    broken = [f"{len(medians)} medians instead of {p}"] if len(medians) != p else []
    broken += [f"median {median} is served by {server[median]}" for median in medians if server[median] != median]
    for median in medians:
        load = math.fsum(rows[node][3] for node in range(n) if server[node] == median)
        if load > rows[median][2]:
            broken.append(f"median {median} serves {load:g}, capacity {rows[median][2]:g}")
    if broken:
        raise ValueError("; ".join(broken))
    pairs = [(rows[node], rows[median]) for node, median in enumerate(server)]
    lengths = [math.hypot(a[0] - b[0], a[1] - b[1]) for a, b in pairs]
    return math.fsum(map(math.floor, lengths) if truncate else lengths)
