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
from sro_coverage.model.highs import Program, optimise, relaxed
from sro_coverage.model.kernel import SHARED
from sro_coverage.model.state import NOBODY, PRIMARY
from sro_coverage.travel import Bools, Floats, Ints

_SITES_AT_ONCE = 400
_LINEAR_SITES, _MOST_SITES = 1_000, 2_500
_DEAR = 4.0
_LEAST_S, _TIMES_SHARE, _MOST_SHARE = 2.0, 3.0, 0.3
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


@dataclass(frozen=True, eq=False)
class _Asked:
    """
    Prices in fixed-point units, and what follows.

    Parameters
    ----------
    weights, officer
        Of each tier, and of an officer of each class.
    low, above
        What no plan of a component can go below, and how far above it the plan at hand is.
    paid
        For what components share.
    out
        What no better plan of a component uses.
    """

    weights: Ints
    officer: Ints
    low: Ints
    above: Ints
    paid: int
    out: Exclusions


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
        self._sites = np.split(np.argsort(self._label, kind="stable"), np.cumsum(self._size)[:-1])
        self._site, self._held = prices.site, prices.held
        self._officer = relaxation.evaluate(prices).officer / relaxation.scale
        self._ways: list[_Way] = []
        self._lock = threading.Lock()

    def linear(
        self, draft: Draft, excluded: Exclusions, ends: float, at_once: int, is_stopped: Callable[[], bool]
    ) -> Prices:
        """
        Find the sites' prices in every component by its linear program, at the prices of what they share.

        Parameters
        ----------
        excluded
            What is left out of the programs.
        """
        r = self._relaxation
        self._held = np.maximum(self._held, _DEAR * r.sizes[0] / r.sizes[1:])
        weights, officer = self._prices_in_units()
        site = self._site.copy()

        def solve(batch: Ints) -> None:
            if is_stopped() or time.monotonic() > ends:
                return
            compact = Compact(draft, np.isin(self._label, batch), excluded)
            program, scale = compact.weighed(weights, officer)
            found = relaxed(program, ends - time.monotonic(), is_stopped)
            if found.row_prices is not None:
                site[compact.inner] = found.row_prices[: len(compact.inner)] * scale / r.scale

        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(solve, self._together(np.argsort(-self._size, kind="stable"), _LINEAR_SITES)))
        self._site = site
        return Prices(site, self._officer, self._held)

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
        cost, officers = self._parts((draft.state.server, draft.state.way, draft.state.is_open))
        asked = self._asked(cost, officers)
        batches = self._batches(asked.above)
        sizes = [int(self._size[batch].sum()) for batch in batches]

        def solved(number: int) -> int:
            known, more = (int(units[batches[number]].sum()) for units in (asked.low, asked.above))
            left_s = ends - time.monotonic()
            share = sizes[number] / sum(sizes[number:]) * at_once * _TIMES_SHARE
            if is_stopped() or left_s <= 0:
                return known
            time_limit_s = min(max(min(share, _MOST_SHARE) * left_s, _LEAST_S), left_s)
            least = self._solved(draft, batches[number], asked, time_limit_s, is_stopped)
            return min(max(least, known), known + more)

        with ThreadPoolExecutor(at_once) as pool:
            units = sum(pool.map(solved, range(len(batches))))
        rest = np.ones(self.number, np.bool_)
        rest[[label for batch in batches for label in batch]] = False
        units += int(asked.low[rest].sum()) - asked.paid
        return -(-units // self._relaxation.scale), self._choose(draft, cost, officers)

    def _asked(self, cost: Ints, officers: Ints) -> _Asked:
        """Say what the components are to be planned at, and what is known of them then."""
        r, arrays, stars, label = self._relaxation, self._ground.arrays, self._ground.stars, self._label
        prices = Prices(self._site, self._officer, self._held)
        regrets, evaluation = r.regrets(prices), r.evaluate(prices)
        weights, officer = self._prices_in_units()
        gain, at_base = evaluation.site_gain, arrays.base_site
        more = np.zeros(len(at_base), np.int64)
        if len(officer) == 1:  # there it follows from the other prices; here it comes from the choice among plans
            gain = gain + int(officer[0] - evaluation.officer[0])
            more = (np.maximum(gain, 0) - np.maximum(evaluation.site_gain, 0))[at_base]
        price = r.in_units(self._site)
        low = np.zeros(self.number, np.int64)
        np.add.at(low, label, price + np.minimum(r.c_uncovered - price, 0) + np.minimum(gain, 0))
        above = cost[:, : len(weights)] @ weights + officers @ officer - low
        room = above[label]
        num_officers = [len(members) for members in arrays.class_officers]
        at_spoke = more[stars.base] - room[stars.site]
        beyond = replace(
            regrets,
            base=regrets.base + more - room[at_base],
            shared=regrets.shared + at_spoke,
            on_call=regrets.on_call + at_spoke,
            uncovered=regrets.uncovered - room,
        )
        return _Asked(
            weights,
            officer,
            low,
            above,
            sum(int(p) * int(n) for p, n in zip((*officer, *weights[1:]), (*num_officers, *r.limits[1:]), strict=True)),
            beyond.above(0, r.excluded),
        )

    def _prices_in_units(self) -> tuple[Ints, Ints]:
        """Give what a unit of each tier weighs, and an officer of each class."""
        r = self._relaxation
        return np.asarray((r.scale, *r.weigh(self._held))), np.rint(self._officer * r.scale).astype(np.int64)

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
        """
        Put components together, those first that cost most beyond their bound.

        What is close to its bound is left out, and what is too large for one program to prove: that is for windows.
        """
        order = np.argsort(-above, kind="stable")
        rest = np.cumsum(above[order][::-1])[::-1]
        is_open = (rest > _NEGLIGIBLE * max(int(above.sum()), 1)) & (above[order] > 0)
        order = order[is_open & (self._size[order] <= _MOST_SITES)]
        return self._together(order, _SITES_AT_ONCE)

    def _together(self, order: Ints, most: int) -> list[Ints]:
        """Put components together until there are so many sites."""
        batches: list[list[int]] = []
        size = most
        for label in order:
            if size + self._size[label] > most:
                batches.append([])
                size = 0
            batches[-1].append(int(label))
            size += self._size[label]
        return [np.asarray(batch) for batch in batches]

    def _solved(
        self, draft: Draft, batch: Ints, asked: _Asked, time_limit_s: float, is_stopped: Callable[[], bool]
    ) -> int:
        """Plan some components again, as one program; gives what no plan of them costs less than."""
        compact = Compact(draft, np.isin(self._label, batch), asked.out)
        program, scale = compact.weighed(asked.weights, asked.officer)

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
                int(label), cost[label], officers[label], server[self._sites[label]], way[self._sites[label]],
                based[label_of == label],
            )
            for label in batch
        ]  # fmt: skip
        with self._lock:
            self._ways += ways

    def _choose(self, draft: Draft, cost: Ints, officers: Ints) -> Draft | None:
        """Choose one plan for each component; the prices of what they share come next."""
        ways, state = self._ways, draft.state
        labels = np.unique(np.asarray([way.label for way in ways], np.int64))
        if not len(labels):
            return None
        # First comes what each has now, then all that was met.
        label = np.concatenate((labels, [way.label for way in ways]))
        costs = np.concatenate((cost[labels], [way.cost for way in ways]))
        needs = np.concatenate((officers[labels], [way.officers for way in ways]))
        others = np.ones(self.number, np.bool_)
        others[labels] = False
        free = state.spare + officers[labels].sum(axis=0)
        room = self._ground.field.limit[1:] - cost[others][:, 1:].sum(axis=0)
        program, scales = _choice(np.searchsorted(labels, label), costs, needs, np.concatenate((free, room)))
        linear = relaxed(program, _CHOOSE_S)
        if linear.row_prices is not None:
            price = np.maximum(-linear.row_prices[len(labels) :] * scales, 0)
            self._officer = (self._officer + price[: len(free)]) / 2
            self._held = (self._held + price[len(free) : -1]) / 2
        found = optimise(program, _CHOOSE_S, start=(np.arange(len(label)) < len(labels)).astype(np.float64))
        if found.values is None:
            return None
        server, way, is_open = state.server.copy(), state.way.copy(), state.is_open.copy()
        for number in np.flatnonzero(found.values[len(labels) :] > 0.5):
            chosen = ways[number]
            sites = self._sites[chosen.label]
            server[sites], way[sites] = chosen.server, chosen.way
            is_open[self._label[self._ground.arrays.base_site] == chosen.label] = False
            is_open[chosen.bases] = True
        better = Draft(draft.ground, server, way, is_open)
        return better if better.is_sound and better.merit < draft.merit else None


def _choice(row: Ints, costs: Ints, needs: Ints, most: Ints) -> tuple[Program, Floats]:
    """
    Give the program that chooses one plan in each row.

    Parameters
    ----------
    costs, needs
        Of each plan: cost in each tier, and officers of each class.
    most
        Officers of each class, and cost in each held tier, that all chosen plans may come to.

    Returns
    -------
    tuple
        The program, and for each limit what its price is to be multiplied by.
    """
    use = np.column_stack((needs, costs[:, 1:])).astype(np.float64)
    sizes = np.maximum(np.abs(use).max(axis=0), 1)
    scale = max(float(np.abs(costs[:, 0]).max()), 1.0)
    one = sparse.csc_array((np.ones(len(row)), (row, np.arange(len(row)))))
    ones = np.ones(one.shape[0])
    program = Program(
        cost=costs[:, 0] / scale,
        matrix=sparse.csc_array(sparse.vstack((one, sparse.csc_array((use / sizes).T)))),
        low=np.concatenate((ones, np.full(len(most), -np.inf))),
        high=np.concatenate((ones, most / sizes)),
        lower=np.zeros(len(row)),
        upper=np.ones(len(row)),
        whole=np.ones(len(row), np.bool_),
    )
    return program, scale / sizes
