"""
Components that no arc connects, each planned again by itself, at prices for what they share: officers and held limits.

An integer program soon proves the best plan of a component, at given prices. What it proves of all of them, less the
prices paid, is a bound for the whole; which of its plans to take in each component is chosen in one more program, whose
own prices come next.

References
----------
Dantzig and Wolfe (1960), Decomposition principle for linear programs, Operations Research 8.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.compact import Compact
from sro_coverage.model.draft import Draft
from sro_coverage.model.highs import Program, optimise
from sro_coverage.model.kernel import SHARED
from sro_coverage.model.state import NOBODY, PRIMARY
from sro_coverage.travel import Bools, Floats, Ints

_SITES_AT_ONCE = 400
_LEAST_S, _TIMES_SHARE = 2.0, 3.0
_NEGLIGIBLE = 0.02
_CHOOSE_S = 10.0
_GIVEN_AWAY = 1e-6

_Plan = tuple[Ints, Ints, Bools]  # server, way and bases held, as in `State`


@dataclass(frozen=True, eq=False)
class _Way:
    """One plan of one component: its cost in each tier, officers of each class, and what it is at its sites."""

    label: int
    cost: Ints
    officers: Ints
    server: Ints
    way: Ints
    bases: Ints


class Components:
    """
    The components of one plan's problem.

    Parameters
    ----------
    draft
        What it uses connects, even if it is excluded.
    relaxation, prices
        The tier, and where its bound is high.

    Attributes
    ----------
    number
        Of components.
    """

    def __init__(self, draft: Draft, relaxation: Relaxation, prices: Prices) -> None:
        self._relaxation, self._ground = relaxation, draft.ground
        stars, excluded = draft.ground.stars, relaxation.excluded
        linked = ~(excluded.shared & excluded.on_call)
        linked[draft.state.server[draft.state.server >= 0]] = True
        at, num_sites = draft.ground.arrays.base_site[stars.base[linked]], len(draft.state.server)
        graph = sparse.coo_array((np.ones(len(at), np.int8), (at, stars.site[linked])), shape=(num_sites, num_sites))
        self.number, self._label = connected_components(graph, directed=False)
        self._size = np.bincount(self._label)
        self._site, self._held = prices.site, prices.held
        self._officer = relaxation.evaluate(prices).officer / relaxation.scale
        self._ways: list[_Way] = []
        self._lock = threading.Lock()

    def round(
        self, draft: Draft, ends: float, at_once: int, is_stopped: Callable[[], bool]
    ) -> tuple[int, Draft | None]:
        """
        Plan every component again at the prices now, then choose among all plans of each, and find new prices.

        Returns
        -------
        tuple
            What no plan of the whole can go below, and a better plan if there is one.
        """
        r = self._relaxation
        officer = np.rint(self._officer * r.scale).astype(np.int64)
        prices = Prices(self._site, self._officer, self._held)
        regrets, evaluation = r.regrets(prices), r.evaluate(prices)
        weights = np.asarray((r.scale, *r.weigh(self._held)))
        # With one class a price of officers follows from the others; here it comes from the choice among plans.
        dearer = int(officer[0] - evaluation.officer[0]) if len(officer) == 1 else 0
        gain = evaluation.site_gain + dearer
        price = r.in_units(self._site)
        low = self._sums(price + np.minimum(r.c_uncovered - price, 0) + np.minimum(gain, 0))
        cost, officers = self._parts((draft.state.server, draft.state.way, draft.state.is_open))
        above = cost[:, : len(weights)] @ weights + officers @ officer - low
        label, stars, at_base = self._label, self._ground.stars, self._ground.arrays.base_site
        more = np.zeros(len(at_base), np.int64)
        if len(officer) == 1:
            more = np.maximum(gain, 0)[at_base] - np.maximum(evaluation.site_gain, 0)[at_base]
        room = above[label]
        out = Exclusions(
            r.excluded.base | (regrets.base + more > room[at_base]),
            r.excluded.shared | (regrets.shared + more[stars.base] > room[stars.site]),
            r.excluded.on_call | (regrets.on_call + more[stars.base] > room[stars.site]),
            r.excluded.uncovered | (regrets.uncovered > room),
        )
        batches = self._batches(above)
        left = [sum(self._size[b].sum() for b in batches[number:]) for number in range(len(batches))]

        def solved(number: int) -> int:
            batch = batches[number]
            share = self._size[batch].sum() / left[number] * at_once * _TIMES_SHARE
            time_limit_s = min(max((ends - time.monotonic()) * share, _LEAST_S), ends - time.monotonic())
            if is_stopped() or time_limit_s <= 0:
                return int(low[batch].sum())
            known, now = int(low[batch].sum()), int(above[batch].sum())
            least = self._solved(draft, batch, out, weights, officer, time_limit_s, is_stopped)
            return min(max(least, known), known + now)

        with ThreadPoolExecutor(at_once) as pool:
            proven = sum(pool.map(solved, range(len(batches))))
        rest = np.ones(self.number, np.bool_)
        for batch in batches:
            rest[batch] = False
        members = [len(members) for members in self._ground.arrays.class_officers]
        paid = sum(int(p) * number for p, number in zip(officer, members, strict=True))
        paid += sum(int(w) * limit for w, limit in zip(weights[1:], r.limits[1:], strict=True))
        units = proven + int(low[rest].sum()) - paid
        return -(-units // r.scale), self._choose(draft, cost, officers)

    def _sums(self, values: Ints) -> Ints:
        """Add up by component, exactly."""
        total = np.zeros(self.number, np.int64)
        np.add.at(total, self._label, values)
        return total

    def _parts(self, plan: _Plan) -> tuple[Ints, Ints]:
        """Give each component's cost in each tier, and officers of each class."""
        server, way, is_open = plan
        field, arrays = self._ground.field, self._ground.arrays
        spoke = np.maximum(server, 0)
        rows = np.where(
            (server == NOBODY)[:, None], field.uncovered,
            np.where((server == PRIMARY)[:, None], field.primary,
            np.where((way == SHARED)[:, None], field.shared[spoke], field.on_call[spoke])),
        )  # fmt: skip
        cost = np.zeros((self.number, rows.shape[1]), np.int64)
        np.add.at(cost, self._label, rows)
        held = np.flatnonzero(is_open)
        at = self._label[arrays.base_site[held]]
        np.add.at(cost, at, field.base[held])
        officers = np.zeros((self.number, len(arrays.class_officers)), np.int64)
        np.add.at(officers, (at, arrays.base_class[held]), 1)
        return cost, officers

    def _batches(self, above: Ints) -> list[Ints]:
        """Put components together, those first that cost most beyond their bound; what is close to it is left out."""
        order = np.argsort(-above, kind="stable")
        rest = np.cumsum(above[order][::-1])[::-1]
        order = order[(rest > _NEGLIGIBLE * max(int(above.sum()), 1)) & (above[order] > 0)]
        batches: list[list[int]] = []
        size = _SITES_AT_ONCE
        for label in order:
            if size + self._size[label] > _SITES_AT_ONCE:
                batches.append([])
                size = 0
            batches[-1].append(int(label))
            size += self._size[label]
        return [np.asarray(batch) for batch in batches]

    def _solved(
        self, draft: Draft, batch: Ints, out: Exclusions, weights: Ints, officer: Ints, time_limit_s: float,
        is_stopped: Callable[[], bool],
    ) -> int:  # fmt: skip
        """Plan some components again, as one program; gives what no plan of them costs less than."""
        compact = Compact(draft, np.isin(self._label, batch), out)
        program, scale = compact.weighed(weights, officer)

        def met(values: Floats) -> None:
            self._keep(compact, values, batch)

        found = optimise(program, time_limit_s, start=compact.start, met=met, is_stopped=is_stopped)
        if found.values is not None:
            met(found.values)
        least = found.bound * scale
        return int(np.floor(least - _GIVEN_AWAY * abs(least))) if np.isfinite(least) else -(2**62)

    def _keep(self, compact: Compact, values: Floats, batch: Ints) -> None:
        server, way, is_open = plan = compact.chosen(values)
        cost, officers = self._parts(plan)
        based = np.flatnonzero(is_open)
        label_of = self._label[self._ground.arrays.base_site[based]]
        ways = [
            _Way(
                int(label), cost[label], officers[label], server[self._label == label], way[self._label == label],
                based[label_of == label],
            )
            for label in batch
        ]  # fmt: skip
        with self._lock:
            self._ways += ways

    def _choose(self, draft: Draft, cost: Ints, officers: Ints) -> Draft | None:
        """Choose one plan for each component; the prices of what they share come next."""
        ways = self._ways
        state, arrays, field = draft.state, self._ground.arrays, self._ground.field
        labels = np.unique([way.label for way in ways]).astype(np.int64)
        if not len(labels):
            return None
        row_of = np.full(self.number, -1)
        row_of[labels] = np.arange(len(labels))
        label = np.concatenate((labels, [way.label for way in ways])).astype(np.int64)
        costs = np.concatenate((cost[labels], [way.cost for way in ways]))
        needs = np.concatenate((officers[labels], [way.officers for way in ways]))
        kept = np.ones(self.number, np.bool_)
        kept[labels] = False
        most = np.concatenate(
            ([len(members) for members in arrays.class_officers] - officers[kept].sum(axis=0),
             field.limit[1:] - cost[kept][:, 1:].sum(axis=0))
        )  # fmt: skip
        use = np.column_stack((needs, costs[:, 1:])).astype(np.float64)
        sizes = np.maximum(np.abs(use).max(axis=0), 1)
        scale = max(float(np.abs(costs[:, 0]).max(initial=1)), 1.0)
        one = sparse.csc_array((np.ones(len(label)), (row_of[label], np.arange(len(label)))))
        ones = np.ones(len(labels))
        program = Program(
            costs[:, 0] / scale, sparse.csc_array(sparse.vstack((one, sparse.csc_array((use / sizes).T)))),
            np.concatenate((ones, np.full(len(most), -np.inf))), np.concatenate((ones, most / sizes)),
            np.zeros(len(label)), np.ones(len(label)), np.ones(len(label), np.bool_),
        )  # fmt: skip
        linear = optimise(replace(program, whole=np.zeros_like(program.whole)), _CHOOSE_S)
        if linear.row_prices is not None:
            price = np.maximum(-linear.row_prices[len(labels) :] * scale / sizes, 0)
            self._officer = (self._officer + price[: needs.shape[1]]) / 2
            self._held = (self._held + price[needs.shape[1] : -1]) / 2
        start = np.zeros(len(label))
        start[: len(labels)] = 1
        found = optimise(program, _CHOOSE_S, start=start)
        if found.values is None:
            return None
        server, way, is_open = state.server.copy(), state.way.copy(), state.is_open.copy()
        for number in np.flatnonzero(found.values > 0.5):
            if number >= len(labels):
                chosen = ways[number - len(labels)]
                mine = self._label == chosen.label
                server[mine], way[mine] = chosen.server, chosen.way
                is_open[mine[arrays.base_site]] = False
                is_open[chosen.bases] = True
        better = Draft(draft.ground, server, way, is_open)
        return better if better.is_sound and better.merit < draft.merit else None
