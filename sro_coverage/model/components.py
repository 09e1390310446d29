"""
Components that no arc connects, planned again by themselves, at prices for what they share: officers and held limits.

What is proven of all of them, less the prices paid, is a bound for the whole; which of its plans to take in each
component is chosen in one program, whose own prices come next.

References
----------
Dantzig and Wolfe (1960), Decomposition principle for linear programs, Operations Research 8.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from sro_coverage.model.arrays import Arrays, Choice, TierArrays
from sro_coverage.model.bound import Exclusions, Prices
from sro_coverage.model.compact import ranked
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.highs import optimise, relaxed
from sro_coverage.model.pricing import Demand
from sro_coverage.model.regions import Region
from sro_coverage.model.split import Split, spent, together
from sro_coverage.model.windows import MOST_SITES
from sro_coverage.travel import Floats, Ints

_REGION_SITES, _SPOKES_A_SITE, _EFFORT = 1_000, 10, 1.1
_NEGLIGIBLE, _QUICK_ROUNDS = 0.02, 2
_THINNER, _THIN = 3, 0.01
_CHOOSE_S, _STEP = 10.0, 0.25
_UNKNOWN = -(2**62)


@dataclass(frozen=True, eq=False)
class Wanted:
    """
    A region to be planned, as a problem of its own.

    Parameters
    ----------
    tier, held
        What is to be made small, and what must not pass its limit.
    choice, prices
        To begin with.
    num_dives
        As for `reoptimise`: good plans soon; 0 for a search in all ways.
    """

    region: Region
    tier: TierArrays
    held: list[tuple[TierArrays, int]]
    excluded: Exclusions
    choice: Choice
    prices: Prices
    time_limit_s: float
    num_dives: int


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
    What components are asked for, in fixed-point units.

    Parameters
    ----------
    weights, officer
        Prices: of each tier, and of an officer of each class.
    low, above
        What no plan of a component can go below, and how far above it the plan at hand is.
    paid
        For what components share.
    out
        What no better plan of a component uses.
    choice, cost
        The plan at hand, and each component's cost in each tier.
    """

    weights: Ints
    officer: Ints
    low: Ints
    above: Ints
    paid: int
    out: Exclusions
    choice: Choice
    cost: Ints


class Components:
    """
    Rounds of plans of the components of one problem.

    Parameters
    ----------
    prices
        Where its bound is high.
    """

    def __init__(self, split: Split, prices: Prices) -> None:
        self._split, self._site, self._held = split, prices.site, prices.held
        self._demand = Demand(split.officers)
        implied = split.relaxation.evaluate(prices).officer / split.relaxation.scale
        self._officer = prices.officer if prices.officer.any() else implied
        self._number = 0
        self._ways: list[_Way] = []
        self._more: list[Ints] = []

    def round(
        self,
        draft: Draft,
        search: Callable[[Wanted], tuple[Choice, int]],
        *,
        ends: float,
        at_once: int,
        is_stopped: Callable[[], bool],
    ) -> tuple[int, Draft | None]:
        """
        Plan every component again at the prices now, then choose among all plans of each, and find new prices.

        Parameters
        ----------
        search
            Gives a plan of a region and what no plan of it costs less than.

        Returns
        -------
        tuple
            What no plan of the whole can go below, and a better plan if there is one.
        """
        split = self._split
        cost, officers = split.spent(draft)
        asked = self._asked(draft.choice(), cost, officers)
        self._more = [np.zeros_like(split.officers)]
        batches = self._batches(asked.above)
        of_label = self._efforts(asked.out)
        efforts = np.asarray([of_label[batch].sum() ** _EFFORT for batch in batches])
        num_sites = sum(split.size[batch].sum() for batch in batches)

        def solved(number: int) -> int:
            batch, left_s = batches[number], ends - time.monotonic()
            known, more = (int(units[batch].sum()) for units in (asked.low, asked.above))
            if is_stopped() or left_s <= 0:
                return known
            share = min(efforts[number] / efforts[number:].sum() * at_once, 1.0)
            least = self._searched(draft, batch, split.size[batch].sum() / num_sites, asked, share * left_s, search)
            return min(max(least, known), known + more)

        with ThreadPoolExecutor(at_once) as pool:
            units = sum(pool.map(solved, range(len(batches))))
        rest = np.ones(split.number, np.bool_)
        rest[[label for batch in batches for label in batch]] = False
        units += int(asked.low[rest].sum()) - asked.paid
        self._demand.add(self._officer, officers.sum(axis=0) + sum(self._more))
        better = self._choose(draft, cost, officers)
        self._number += 1
        return -(-units // split.relaxation.scale), better

    def _asked(self, choice: Choice, cost: Ints, officers: Ints) -> _Asked:
        """Say what the components are to be planned at, and what is known of them then."""
        split, r = self._split, self._split.relaxation
        arrays, stars, label = r.arrays, r.stars, split.label
        prices = Prices(self._site, self._officer, self._held)
        regrets, evaluation = r.regrets(prices), r.evaluate(prices)
        weights = np.asarray((r.scale, *r.weigh(self._held)))
        officer, gain = evaluation.officer, evaluation.site_gain
        more = np.zeros(len(arrays.base_site), np.int64)
        if len(officer) == 1:  # there it follows from the other prices; here it comes from the choice among plans
            officer = np.rint(self._officer * r.scale).astype(np.int64)
            gain = gain + int(officer[0] - evaluation.officer[0])
            more = (np.maximum(gain, 0) - np.maximum(evaluation.site_gain, 0))[arrays.base_site]
        price = r.in_units(self._site)
        low = np.zeros(split.number, np.int64)
        np.add.at(low, label, price + np.minimum(r.c_uncovered - price, 0) + np.minimum(gain, 0))
        above = cost[:, : len(weights)] @ weights + officers @ officer - low
        room = above[label]
        at_spoke = more[stars.base] - room[stars.site]
        beyond = replace(
            regrets,
            base=regrets.base + more - room[arrays.base_site],
            shared=regrets.shared + at_spoke,
            on_call=regrets.on_call + at_spoke,
            uncovered=regrets.uncovered - room,
        )
        shared = zip((*officer, *weights[1:]), (*split.officers, *r.limits[1:]), strict=True)
        paid = sum(int(rate) * int(most) for rate, most in shared)
        return _Asked(weights, officer, low, above, paid, beyond.above(0, r.excluded), choice, cost)

    def _batches(self, above: Ints) -> list[Ints]:
        """
        Put components together, the largest first.

        What is close to its bound is left out, and what is too large for a search of its own: that is for windows.
        """
        size = self._split.size
        order = np.argsort(-above, kind="stable")
        rest = np.cumsum(above[order][::-1])[::-1]
        is_open = (rest > _NEGLIGIBLE * max(int(above.sum()), 1)) & (above[order] > 0)
        order = order[is_open & (size[order] <= MOST_SITES)]
        return together(order[np.argsort(-size[order], kind="stable")], size, _REGION_SITES)

    def _efforts(self, out: Exclusions) -> Floats:
        """Say how much work each component is."""
        split, stars, arrays = self._split, self._split.relaxation.stars, self._split.relaxation.arrays
        is_open = ~(out.shared & out.on_call)
        spokes = np.bincount(split.label[arrays.base_site[stars.base]], is_open, split.number)
        return np.asarray(spokes + _SPOKES_A_SITE * split.size, np.float64)

    def _searched(
        self,
        draft: Draft,
        batch: Ints,
        share: float,
        asked: _Asked,
        time_limit_s: float,
        search: Callable[[Wanted], tuple[Choice, int]],
    ) -> int:
        """Plan some components again, with a share of what is left; gives what no plan of them costs less than."""
        split, r = self._split, self._split.relaxation
        is_dear = bool(asked.officer.any())
        # Their price limits officers. Those who cost nothing are limited to a share once all of them were too many.
        has_all = is_dear or self._number == 0
        most = np.bincount(r.arrays.base_class, minlength=len(split.officers))
        spare = most if has_all else np.floor(share * draft.state.spare).astype(np.int64)
        region = Region.of(draft, np.isin(split.label, batch), spare, asked.out)
        choice = region.choice(asked.choice)
        # What costs nothing may still be short: nobody takes more of it than a share.
        limited = np.flatnonzero(split.is_tight | (asked.weights[1:] == 0))
        held = []
        for number in limited:
            tier, room = region.tier(r.held[number][0]), r.limits[1 + number] - int(draft.state.total[1 + number])
            held.append((tier, choice.cost(region.arrays, tier) + int(share * room)))
        paid = sum(int(asked.weights[1 + number]) * limit for number, (_, limit) in zip(limited, held, strict=True))
        weights = asked.weights.copy()
        weights[1 + limited] = 0
        wanted = Wanted(
            region=region,
            tier=_weighed(
                [region.tier(tier) for tier in (r.tier, *(tier for tier, _ in r.held))],
                weights,
                asked.officer,
                region.arrays,
            ),
            held=held,
            excluded=region.excluded(asked.out),
            choice=choice,
            prices=Prices(
                self._site[region.sites] * r.scale, np.zeros(len(asked.officer)), self._held[limited] * r.scale
            ),
            time_limit_s=time_limit_s,
            num_dives=self._number + 1 if self._number < _QUICK_ROUNDS and is_dear and r.held else 0,
        )
        found, least = search(wanted)
        tiers = [(region.tier(tier), limit) for tier, limit in r.held]
        ground = Ground(region.arrays, region.stars, region.tier(r.tier), tiers, wanted.excluded)
        plan = Draft.of_choice(ground, found)
        self._more.append(spare - plan.state.spare)
        self._keep(plan, region, asked.cost)
        if is_dear:
            for _ in range(_THINNER):  # so that the officers there are can suffice
                self._thin(plan, region)
                self._keep(plan, region, asked.cost)
        is_bound = has_all and len(limited) == split.is_tight.sum()
        return least + paid if is_bound else _UNKNOWN

    def _thin(self, plan: Draft, region: Region) -> None:
        """Give up some bases in each component, those that are missed least."""
        at = self._split.label[region.sites[region.arrays.base_site]]
        bases = np.flatnonzero(plan.state.is_open)
        rank = ranked(at[bases], np.lexsort((plan.losses(bases), at[bases])))
        number = np.ceil(_THIN * np.bincount(at[bases], minlength=self._split.number))
        plan.close(bases[rank < number[at[bases]]], np.zeros(len(self._held)))
        plan.improve()

    def _keep(self, plan: Draft, region: Region, now: Ints) -> None:
        """Keep what a plan does in each component, where it costs no more in the tiers that are tight."""
        split, state = self._split, plan.state
        labels, label = np.unique(split.label[region.sites], return_inverse=True)
        cost, officers = spent(plan, label, len(labels))
        tight = 1 + np.flatnonzero(split.is_tight)
        server, served = state.server.copy(), state.server >= 0
        server[served] = region.spokes[server[served]]
        based = np.flatnonzero(state.is_open)
        bases, at = region.bases[based], label[region.arrays.base_site[based]]
        order = np.argsort(label, kind="stable")
        sites = np.split(order, np.cumsum(np.bincount(label))[:-1])
        self._ways += [
            _Way(int(labels[k]), cost[k], officers[k], server[sites[k]], state.way[sites[k]], bases[at == k])
            for k in np.flatnonzero((cost[:, tight] <= now[labels][:, tight]).all(axis=1))
        ]

    def _choose(self, draft: Draft, cost: Ints, officers: Ints) -> Draft | None:
        """Choose one plan for each component; the prices of what they share come next."""
        split, ways, state = self._split, self._ways, draft.state
        labels = np.unique(np.asarray([way.label for way in ways], np.int64))
        if not len(labels):
            return None
        # First comes what each has now, then all that was met.
        label = np.concatenate((labels, [way.label for way in ways]))
        costs = np.concatenate((cost[labels], [way.cost for way in ways]))
        needs = np.concatenate((officers[labels], [way.officers for way in ways]))
        others = np.ones(split.number, np.bool_)
        others[labels] = False
        free = state.spare + officers[labels].sum(axis=0)
        room = split.ground.field.limit[1:] - cost[others][:, 1:].sum(axis=0)
        program, scales = split.choice(np.searchsorted(labels, label), costs, needs, free, room)
        linear = relaxed(program, _CHOOSE_S)
        if linear.row_prices is not None and self._officer.any():
            officer, held = split.prices_of(linear.row_prices, scales)
            self._officer = self._demand.price(self._officer + _STEP * (officer - self._officer))
            self._held = np.where(split.is_tight, self._held, self._held + _STEP * (held - self._held))
        found = optimise(program, _CHOOSE_S, start=(np.arange(len(label)) < len(labels)).astype(np.float64))
        if found.values is None:
            return None
        server, way, is_open = state.server.copy(), state.way.copy(), state.is_open.copy()
        at_base = split.label[draft.ground.arrays.base_site]
        for number in np.flatnonzero(found.values[len(labels) :] > 0.5):
            chosen = ways[number]
            sites = split.sites[chosen.label]
            server[sites], way[sites] = chosen.server, chosen.way
            is_open[at_base == chosen.label] = False
            is_open[chosen.bases] = True
        better = Draft(draft.ground, server, way, is_open)
        return better if better.is_sound and better.merit < draft.merit else None


def _weighed(tiers: list[TierArrays], weights: Ints, officer: Ints, arrays: Arrays) -> TierArrays:
    """Give tiers, and officers, as one tier, at prices of what components share."""

    def add_up(part: Callable[[TierArrays], Ints]) -> Ints:
        total: Ints = sum(
            (weight * part(tier) for weight, tier in zip(weights, tiers, strict=True)), np.zeros_like(part(tiers[0]))
        )
        return total

    return replace(
        tiers[0],
        primary_cost=add_up(lambda tier: tier.primary_cost),
        base_cost=add_up(lambda tier: tier.base_cost) + officer[arrays.base_class],
        arc_cost=add_up(lambda tier: tier.arc_cost),
        uncovered_cost=add_up(lambda tier: tier.uncovered_cost),
    )
