"""A part of a plan, or all of it, as one integer program."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from sro_coverage.model.bound import Exclusions, Prices
from sro_coverage.model.draft import Draft
from sro_coverage.model.highs import Program
from sro_coverage.model.kernel import ON_CALL, SHARED
from sro_coverage.model.state import NOBODY, PRIMARY
from sro_coverage.travel import Bools, Floats, Ints

_FREE = -(2**60)
_LARGEST_COST = 1e3
_LARGEST_HELD = 10.0


class Compact:
    """
    Choose again everything among some sites, with the rest of the plan as it is.

    Parameters
    ----------
    sites
        Together with every base among them they must hold all sites of those bases.
    excluded
        What is left out; the draft itself never is.
    """

    def __init__(self, draft: Draft, sites: Bools, excluded: Exclusions) -> None:
        self.draft, self.sites = draft, sites
        g = draft.ground
        arrays, stars, state = g.arrays, g.stars, draft.state
        inside = sites[arrays.base_site]
        self.bases = np.flatnonzero(inside & (~excluded.base | state.is_open))
        spokes = stars.spokes_of(self.bases)
        spokes = spokes[sites[stars.site[spokes]]]
        used = np.zeros(len(stars.site), np.int8)
        served = np.flatnonzero(sites & (state.server >= 0))
        used[state.server[served]] = state.way[served]
        self.shared, self.on_call = (
            spokes[(ways[spokes] >= 0) & (~out[spokes] | (used[spokes] == kind))]
            for ways, out, kind in (
                (stars.shared, excluded.shared, SHARED),
                (stars.on_call, excluded.on_call, ON_CALL),
            )
        )
        self.inner = np.flatnonzero(sites)
        nobody = state.server[self.inner] == NOBODY
        self.free = self.inner[(~excluded.uncovered[self.inner]) | nobody]
        self.several = self.inner[arrays.posts[self.inner] > 1]
        self._starts = np.cumsum(
            [0, len(self.bases), len(self.shared), len(self.on_call), len(self.free), len(self.several)]
        )
        self.start = np.concatenate(
            (
                state.is_open[self.bases],
                used[self.shared] == SHARED,
                used[self.on_call] == ON_CALL,
                state.server[self.free] == NOBODY,
                state.server[self.several] == PRIMARY,
            )
        ).astype(np.float64)
        self.program = self._program()

    def _costs(self) -> Ints:
        """Cost of each column in each tier."""
        g = self.draft.ground
        field, arrays = g.field, g.arrays
        at_site = arrays.base_site[self.bases]
        single = (arrays.posts[at_site] == 1)[:, None]
        costs: Ints = np.concatenate(
            (
                field.base[self.bases] + np.where(single, field.primary[at_site], 0),
                field.shared[self.shared],
                field.on_call[self.on_call],
                field.uncovered[self.free],
                field.primary[self.several],
            )
        )
        return costs

    def weighed(self, weights: Ints, officer: Ints, is_limited: Bools) -> tuple[Program, float]:
        """
        Give the program with prices in place of the limits on officers and on held tiers.

        Parameters
        ----------
        weights, officer
            Of each tier, and of an officer of each class.
        is_limited
            Which held tiers keep their limit.

        Returns
        -------
        tuple
            The program, and what a unit of its cost stands for.
        """
        program = self.program
        cost = self._costs()[:, : len(weights)] @ weights
        cost[: len(self.bases)] += officer[self.draft.ground.arrays.base_class[self.bases]]
        low, high = program.low.copy(), program.high.copy()
        free = np.concatenate((np.arange(len(officer)), len(officer) + np.flatnonzero(~is_limited))) + len(self.inner)
        low[free], high[free] = -np.inf, np.inf
        scale = max(float(np.abs(cost).max(initial=1)) / _LARGEST_COST, 1e-9)
        return replace(program, cost=cost / scale, low=low, high=high), scale

    def _program(self) -> Program:
        g = self.draft.ground
        arrays, stars = g.arrays, g.stars
        s0, _, u0, p0, num = (int(at) for at in self._starts[1:])
        bases, several = self.bases, self.several
        at_site = arrays.base_site[bases]
        row_of = np.full(len(arrays.posts), -1)
        row_of[self.inner] = np.arange(len(self.inner))
        place = np.full(len(arrays.base_site), -1)
        place[bases] = np.arange(len(bases))
        rows = _Rows(num)

        single = np.flatnonzero(arrays.posts[at_site] == 1)
        into = np.concatenate((stars.site[self.shared], stars.site[self.on_call], self.free, several))
        rows.add(
            row_of[np.concatenate((at_site[single], into))], np.concatenate((single, np.arange(s0, num))), 1, 1, 1,
            len(self.inner),
        )  # fmt: skip
        officers = np.asarray([len(members) for members in arrays.class_officers])
        outside = self.draft.state.is_open & ~self.sites[arrays.base_site]
        left = officers - np.bincount(arrays.base_class[outside], minlength=len(officers))
        rows.add(arrays.base_class[bases], np.arange(len(bases)), 1, 0, left, len(officers))

        costs = self._costs()
        field, state = g.field, self.draft.state
        now = np.rint(self.start @ costs).astype(np.int64)
        self.held_scale = np.maximum(np.abs(costs).max(axis=0, initial=1) / _LARGEST_HELD, 1e-9)
        for t in range(1, costs.shape[1]):
            column = np.flatnonzero(costs[:, t])
            room = int(field.limit[t] - state.total[t]) + int(now[t])
            scale = self.held_scale[t]
            rows.add(np.zeros_like(column), column, costs[column, t] / scale, _FREE, np.asarray([room / scale]), 1)

        if len(several):
            index = np.full(len(arrays.posts), -1)
            index[several] = np.arange(len(several))
            multi = np.flatnonzero(arrays.posts[at_site] > 1)
            rows.add(
                np.concatenate((index[at_site[multi]], np.arange(len(several)))),
                np.concatenate((multi, np.arange(p0, num))),
                np.concatenate((np.ones(len(multi)), -arrays.posts[several])), 0, 0, len(several),
            )  # fmt: skip
        self._add_twins(rows, place)
        of_base = place[stars.base[self.shared]]
        for k in range(4):
            need, cap = stars.use[self.shared, k], stars.cap[bases, k]
            total = np.bincount(of_base, weights=need, minlength=len(bases))
            most = np.zeros(len(bases), np.int64)
            np.maximum.at(most, of_base, need)
            is_tight = (total > cap) & ((k == 3) | (most * stars.cap[bases, 3] > cap))
            tight = np.flatnonzero(is_tight)
            index = np.full(len(bases), -1)
            index[tight] = np.arange(len(tight))
            mine = np.flatnonzero(is_tight[of_base])
            unit = max(float(cap[tight].max(initial=1)), 1.0) / _LARGEST_HELD
            rows.add(
                np.concatenate((index[of_base[mine]], np.arange(len(tight)))),
                np.concatenate((s0 + mine, tight)),
                np.concatenate((need[mine], -cap[tight])) / unit, _FREE, 0, len(tight),
            )  # fmt: skip
        arcs = np.concatenate((self.shared, self.on_call))
        rows.add(
            np.tile(np.arange(len(arcs)), 2), np.concatenate((np.arange(s0, u0), place[stars.base[arcs]])),
            np.repeat([1, -1], len(arcs)), _FREE, 0, len(arcs),
        )  # fmt: skip
        matrix, low, high = rows.stacked()
        self.scale = max(float(np.abs(costs[:, 0]).max(initial=1)) / _LARGEST_COST, 1e-9)
        return Program(
            cost=costs[:, 0] / self.scale, matrix=matrix, low=low, high=high, lower=np.zeros(num), upper=np.ones(num),
            whole=np.ones(num, np.bool_),
        )  # fmt: skip

    def _add_twins(self, rows: _Rows, place: Ints) -> None:
        """Fill bases of the same class and site in their order."""
        twin = self.draft.ground.arrays.base_twin[self.bases]
        second = np.flatnonzero(twin >= 0)
        first = place[twin[second]]
        known = np.flatnonzero(first >= 0)
        rows.add(
            np.concatenate((np.arange(len(second)), known)), np.concatenate((second, first[known])),
            np.repeat([1, -1], [len(second), len(known)]), _FREE, 0, len(second),
        )  # fmt: skip

    def spent(self, values: Floats) -> tuple[Floats, Floats]:
        """Give what values, whole or not, cost in each tier, and how many officers of each class they need."""
        arrays = self.draft.ground.arrays
        bases = values[: len(self.bases)]
        officers: Floats = np.bincount(arrays.base_class[self.bases], bases, len(arrays.class_officers)).astype(float)
        return values @ self._costs(), officers

    def prices(self, row_prices: Floats, scale: float | None = None) -> Prices:
        """Give the prices that the rows of the whole plan have, for the bound; `scale` as from `weighed`."""
        g = self.draft.ground
        num_sites, num_classes, num_held = len(self.inner), len(g.arrays.class_officers), len(g.field.limit) - 2
        price = row_prices * (self.scale if scale is None else scale)
        officer = -price[num_sites : num_sites + num_classes]
        held = -price[num_sites + num_classes :][:num_held] / self.held_scale[1:-1]
        return Prices(price[:num_sites].copy(), np.maximum(officer, 0), np.maximum(held, 0))

    def with_values(self, values: Floats) -> Draft:
        """Give the plan with all that is among the sites chosen anew."""
        return Draft(self.draft.ground, *self.chosen(values))

    def chosen(self, values: Floats) -> tuple[Ints, Ints, Bools]:
        """Give server, way and bases held of that plan; see `State`."""
        g, old = self.draft.ground, self.draft.state
        stars, arrays = g.stars, g.arrays
        bases, shared, on_call = (
            group[np.rint(values[first:last]).astype(np.bool_)]
            for group, first, last in zip(
                (self.bases, self.shared, self.on_call), self._starts, self._starts[1:], strict=False
            )
        )
        server, way, is_open = old.server.copy(), old.way.copy(), old.is_open.copy()
        is_open[self.sites[arrays.base_site]] = False
        is_open[bases] = True
        server[self.sites], way[self.sites] = NOBODY, 0
        for spokes, kind in ((shared, SHARED), (on_call, ON_CALL)):
            server[stars.site[spokes]], way[stars.site[spokes]] = spokes, kind
        server[arrays.base_site[bases]] = PRIMARY
        return server, way, is_open

    def rank(self, extra: Floats) -> Ints:
        """Place of each way to serve a site among all ways to serve it, the cheapest first; bases come before all."""
        g = self.draft.ground
        site = np.concatenate(
            (
                g.arrays.base_site[self.bases],
                g.stars.site[self.shared],
                g.stars.site[self.on_call],
                self.free,
                self.several,
            )
        )
        order = np.lexsort((extra, site))
        rank = ranked(site, order)
        rank[: len(self.bases)] = -1
        return rank

    def bound(self, value: float) -> int:
        """Turn a bound of the program into one of the plan."""
        now = float(self.start @ self.program.cost) * self.scale
        least = value * self.scale
        return int(np.ceil(least - 1e-6 * max(abs(least), 1))) + self.draft.cost - round(now)


class _Rows:
    """Rows of a program, block by block."""

    def __init__(self, num_columns: int) -> None:
        self._num_columns = num_columns
        self._blocks: list[tuple[Ints, Ints, Floats, Floats, Floats]] = []
        self._number = 0

    def add(
        self,
        row: Ints,
        column: Ints,
        value: Any,
        low: Ints | int,
        high: Floats | Ints | int,
        number: int,
    ) -> None:
        low_, high_ = (np.broadcast_to(np.asarray(side, np.float64), number) for side in (low, high))
        values = np.broadcast_to(np.asarray(value, np.float64), len(row))
        self._blocks.append((row + self._number, column, values, low_, high_))
        self._number += number

    def stacked(self) -> tuple[sparse.csc_array, Floats, Floats]:
        row, column, value, low, high = (np.concatenate(parts) for parts in zip(*self._blocks, strict=True))
        matrix = sparse.csc_array((value, (row, column)), shape=(self._number, self._num_columns))
        return matrix, np.where(low <= _FREE, -np.inf, low), high


def ranked(keys: Ints, order: Ints) -> Ints:
    """Give the place of each element among those with the same key, in an order that sorts the keys."""
    first = np.flatnonzero(np.diff(keys[order], prepend=-1))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    return rank
