"""
What no plan can beat: Lagrangian bounds with whole beats priced.

Each site pays a price for being served, each held tier a price for its limit. What is left falls apart
into one small knapsack for each base, so at any prices the sum is a valid bound. The best of them is that of the linear
program over all beats, without writing them down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sro_coverage.model import kernel
from sro_coverage.model.arrays import Arrays, Options, TierArrays
from sro_coverage.model.stars import Stars
from sro_coverage.travel import Bools, Floats, Ints

_LARGEST = 2**50


@dataclass(frozen=True, eq=False)
class Prices:
    """
    A dual point, in cost units of the tier.

    Parameters
    ----------
    site
        For each site's one state.
    officer
        For one officer of each class; with one class it follows from the others.
    held
        For one unit of each held tier.
    """

    site: Floats
    officer: Floats
    held: Floats


@dataclass(frozen=True, eq=False)
class Evaluation:
    """
    The relaxed problem solved at given prices.

    Parameters
    ----------
    bound
        No plan costs less (a fraction of a unit below the whole number that `Bound` gives).
    slope
        Change of the bound with each price, in the order site, officer, held.
    bases
        Bases of the relaxed answer.
    officer
        Price of an officer of each class, in fixed-point units as all that follows.
    site_gain
        What basing somebody at each site adds to the bound if it must be, and what it takes off if that is negative.
    """

    bound: float
    whole: int
    units: int
    slope: Floats
    bases: Ints
    officer: Ints
    site_gain: Ints
    base_gain: Ints


@dataclass(frozen=True, eq=False)
class Exclusions:
    """What no plan within the held limits can use; only ever grows."""

    base: Bools
    shared: Bools
    on_call: Bools
    uncovered: Bools

    @staticmethod
    def of_nothing(arrays: Arrays, stars: Stars) -> Exclusions:
        """Exclude nothing."""
        bases, spokes = np.zeros(len(arrays.base_site), np.bool_), np.zeros(len(stars.site), np.bool_)
        return Exclusions(bases, spokes, spokes, np.zeros(len(arrays.posts), np.bool_))

    @staticmethod
    def of_rules(arrays: Arrays, stars: Stars) -> Exclusions:
        """Only what the rules exclude: a pin excludes every other way to serve its site."""
        base = np.zeros(len(arrays.base_site), np.bool_)
        ways = [stars.shared < 0, stars.on_call < 0]
        uncovered = ~arrays.may_be_uncovered
        for pin in arrays.pins:
            site = _site_of(arrays, pin)
            if site < 0:
                continue
            if arrays.posts[site] == 1 or not len(pin.bases):  # of several posts, one is enough for a pin
                others = arrays.base_site == site
                others[pin.bases] = False
                base |= others
            wanted = np.zeros(len(arrays.arc_site), np.bool_)
            wanted[pin.arcs] = True
            into = stars.site == site
            for out, arcs in zip(ways, (stars.shared, stars.on_call), strict=True):
                out[into] |= ~wanted[arcs[into]]
            uncovered[site] |= site not in pin.uncovered
        return Exclusions(base, ways[0], ways[1], uncovered)

    def and_also(self, other: Exclusions) -> Exclusions:
        """Exclude what either does."""
        return Exclusions(
            self.base | other.base,
            self.shared | other.shared,
            self.on_call | other.on_call,
            self.uncovered | other.uncovered,
        )


def _site_of(arrays: Arrays, pin: Options) -> int:
    """Give the site that a pin is about, or -1 if nothing can fulfil it."""
    sites = np.concatenate((arrays.base_site[pin.bases], arrays.arc_site[pin.arcs], pin.uncovered))
    return int(sites[0]) if len(sites) else -1


@dataclass(frozen=True, eq=False)
class Regrets:
    """
    How much at least the bound rises when one thing has to be chosen, in fixed-point units.

    Parameters
    ----------
    whole
        The bound itself, in the same units; `scale` of them are one unit of cost.
    """

    whole: int
    scale: int
    base: Ints
    shared: Ints
    on_call: Ints
    uncovered: Ints

    def beyond(self, limit: int, known: Exclusions) -> Exclusions:
        """Add to what is excluded all that would take the cost above `limit`."""
        return self.above(limit * self.scale - self.whole, known)

    def above(self, room: int, known: Exclusions) -> Exclusions:
        """Add to what is excluded all that would raise the bound by more than `room`."""
        return Exclusions(
            known.base | (self.base > room),
            known.shared | (self.shared > room),
            known.on_call | (self.on_call > room),
            known.uncovered | (self.uncovered > room),
        )


class Costs(NamedTuple):
    """Cost of each choice, one row a tier: the one that is made small, then the held ones."""

    primary: Ints
    base: Ints
    uncovered: Ints
    shared: Ints
    on_call: Ints


class Relaxation:
    """
    One tier under the limits of the earlier ones, with every site's state relaxed.

    Parameters
    ----------
    held
        Earlier tiers with the cost that they may not pass. Those that are no sum are left out: a relaxation.

    Attributes
    ----------
    totals
        Of each tier: a whole plan costs no more than four times as much, nor less than that below nothing.
    """

    def __init__(
        self,
        arrays: Arrays,
        stars: Stars,
        tier: TierArrays,
        held: list[tuple[TierArrays, int]],
        excluded: Exclusions | None = None,
    ) -> None:
        self.arrays, self.stars, self.tier = arrays, stars, tier
        self.held = [(other, limit) for other, limit in held if other.is_sum]
        self.excluded = excluded or Exclusions.of_rules(arrays, stars)
        tiers = [tier, *(other for other, _ in self.held)]
        self.limits = [0, *(limit for _, limit in self.held)]
        shared, on_call = (
            np.asarray([np.where(arcs >= 0, t.arc_cost[arcs], 0) for t in tiers])
            if len(arrays.arc_site)
            else np.zeros((len(tiers), 0), np.int64)
            for arcs in (stars.shared, stars.on_call)
        )
        self.costs = columns = Costs(
            np.asarray([t.primary_cost for t in tiers]),
            np.asarray([t.base_cost for t in tiers]),
            np.asarray([t.uncovered_cost for t in tiers]),
            shared,
            on_call,
        )
        of_tier = [Costs(*(column[t] for column in columns)) for t in range(len(tiers))]
        self.totals = [_largest_sum(arrays, stars, costs) for costs in of_tier]
        self.sizes = np.asarray([_size(other) for other in tiers])
        widest = sum(float(np.abs(column[0]).max(initial=0)) for column in columns) * max(len(arrays.posts), 1)
        self.scale = 2 ** int(np.clip(np.log2(_LARGEST / max(widest, 1)), 0, 20))
        self._taken = np.zeros(len(stars.site), np.int8)
        self._seen = stars.start[:-1].copy()
        self._costs_at: tuple[int, ...] | None = None

    def _combine(self, weights: tuple[int, ...]) -> None:
        """Weigh the tiers; costs stay as they are if the weights do."""
        if weights == self._costs_at:
            return
        w = np.asarray(weights, np.int64)
        none = np.zeros(len(self.arrays.posts), np.bool_)
        self.c_primary = kernel.combine(self.costs.primary, w, none)
        self.c_base = kernel.combine(self.costs.base, w, self.excluded.base)
        self.c_uncovered = kernel.combine(self.costs.uncovered, w, self.excluded.uncovered)
        self.c_shared = kernel.combine(self.costs.shared, w, self.excluded.shared)
        self.c_on_call = kernel.combine(self.costs.on_call, w, self.excluded.on_call)
        self._is_sorted = kernel.is_sorted(self.stars.start, self.c_shared, self.c_on_call)
        if not self._is_sorted:
            self._seen = self.stars.start[1:].copy()
        self._costs_at = weights

    def weigh(self, rates: Floats) -> tuple[int, ...]:
        """Weigh the held tiers' costs at rates; gives the rates in units."""
        held = tuple(
            int(min(max(rate, 0) * self.scale, 2.0**57 / max(total, 1)))
            for rate, total in zip(rates, self.totals[1:], strict=True)
        )
        self._combine((self.scale, *held))
        return held

    def in_units(self, price: Floats) -> Ints:
        """Give the prices of the sites in units."""
        most = min(2.0**52, 2.0**61 / (np.diff(self.stars.start).max(initial=0) + 2))  # so that all of a base fits
        units: Ints = np.rint(np.clip(price * self.scale, -most, most)).astype(np.int64)
        return units

    def evaluate(self, prices: Prices) -> Evaluation:
        """Solve the relaxed problem, exactly, at prices rounded to the fixed point."""
        arrays, stars = self.arrays, self.stars
        price = self.in_units(prices.site)
        held = self.weigh(prices.held)
        gain = np.empty(len(arrays.base_site), np.int64)
        kernel.price_all(
            stars.start, stars.cap, stars.site, stars.use, self.c_shared, self.c_on_call,
            price, self._is_sorted, self._taken, self._seen, gain,
        )  # fmt: skip
        of_class = np.maximum(np.rint(prices.officer * self.scale), 0).astype(np.int64)
        value = self.c_base - gain
        one_class = len(arrays.class_officers) == 1
        site_value, site_bases = self._sites(value if one_class else value + of_class[arrays.base_class], price)
        officers = np.asarray([len(members) for members in arrays.class_officers])
        if one_class:
            of_class = np.asarray([_officer_price(site_value, arrays.posts, int(officers[0]))])
        with_officers = site_value + (of_class[0] * arrays.posts if one_class else 0)
        uncovered = np.minimum(self.c_uncovered - price, 0)
        total = (
            exact_sum(price)
            + exact_sum(uncovered)
            + exact_sum(np.minimum(with_officers, 0))
            - sum(int(p) * int(n) for p, n in zip(of_class, officers, strict=True))
            - sum(rate * limit for rate, limit in zip(held, self.limits[1:], strict=True))
        )
        # The relaxed answer: the best sites, as many as there are officers.
        picked = np.flatnonzero(site_value < 0)
        if one_class and arrays.posts[picked].sum() > officers[0]:
            picked = picked[np.argsort(site_value[picked] / arrays.posts[picked], kind="stable")]
            picked = picked[np.cumsum(arrays.posts[picked]) <= officers[0]]
        bases = (
            np.concatenate([site_bases[i] for i in picked])
            if isinstance(site_bases, list) and len(picked)
            else (site_bases[picked] if len(picked) else np.empty(0, np.int64))
        )
        served = (uncovered < 0).astype(np.int64)
        served[picked] += 1
        cost = np.zeros(len(self.limits), np.int64)
        cost += self.costs.uncovered[:, uncovered < 0].sum(axis=1) + self.costs.primary[:, picked].sum(axis=1)
        cost += self.costs.base[:, bases].sum(axis=1)
        kernel.add_up(
            bases, stars.start, self._seen, stars.site, self._taken, served, self.costs.shared, self.costs.on_call, cost
        )
        slope = np.concatenate(
            (
                1.0 - served,
                np.bincount(arrays.base_class[bases], minlength=len(officers)) - officers.astype(np.float64),
                (cost - np.asarray(self.limits))[1:],
            )
        )
        bound, whole = total / self.scale, -(-total // self.scale)
        return Evaluation(bound, whole, total, slope, bases, of_class, with_officers, value)

    def near_cost(self) -> Floats:
        """Cost of each site from a base such that half a beat's sites would be nearer."""
        arrays, stars = self.arrays, self.stars
        cost = np.minimum(
            np.where(stars.shared >= 0, self.costs.shared[0], kernel.NEVER),
            np.where(stars.on_call >= 0, self.costs.on_call[0], kernel.NEVER),
        )
        order = np.lexsort((cost, stars.site))
        officers = sum(len(members) for members in arrays.class_officers)
        rank = max(1, len(arrays.posts) // max(2 * officers, 1))
        counts = np.diff(stars.into_start)
        near = np.zeros(len(arrays.posts))
        has = counts > 0
        near[has] = cost[order[stars.into_start[:-1][has] + np.minimum(rank, counts[has] - 1)]]
        return near

    def least_price(self, prices: Prices) -> Floats:
        """Cost of the cheapest way to serve each site: paying less for it never makes a better bound."""
        arrays, stars = self.arrays, self.stars
        self.evaluate(prices)
        least = self.c_uncovered.copy()
        np.minimum.at(least, stars.site, np.minimum(self.c_shared, self.c_on_call))
        has_base = np.zeros(len(least), np.bool_)
        has_base[arrays.base_site[~self.excluded.base]] = True
        least[has_base] = np.minimum(least, self.c_primary)[has_base]
        return np.where(least >= kernel.NEVER // 2, 0.0, least / self.scale)

    def most_price(self, prices: Prices) -> Floats:
        """Cost of leaving each site uncovered, at the rates of the held tiers."""
        self.evaluate(prices)
        return np.where(self.c_uncovered >= kernel.NEVER // 2, np.inf, self.c_uncovered / self.scale)

    def gains(self, price: Ints) -> Ints:
        """Give what each base gains at most if each site pays a price, at the weights of the last evaluation."""
        stars = self.stars
        gain = np.empty(len(self.arrays.base_site), np.int64)
        kernel.price_all(
            stars.start, stars.cap, stars.site, stars.use, self.c_shared, self.c_on_call,
            price, self._is_sorted, self._taken, self._seen, gain,
        )  # fmt: skip
        return gain

    def regrets(self, prices: Prices) -> Regrets:
        """Find by how much at least the bound at these prices rises when one thing has to be chosen."""
        arrays, stars = self.arrays, self.stars
        evaluation = self.evaluate(prices)
        price = self.in_units(prices.site)
        shared, on_call = np.empty_like(stars.site), np.empty_like(stars.site)
        kernel.regrets(
            stars.start, stars.cap, stars.site, stars.use, self.c_shared, self.c_on_call, price,
            self.c_base - evaluation.base_gain, shared, on_call,
        )  # fmt: skip
        base = np.maximum(evaluation.site_gain[arrays.base_site], 0)
        if arrays.posts.max(initial=1) == 1 and len(arrays.class_officers) > 1:
            of_class = np.maximum(np.rint(prices.officer * self.scale), 0).astype(np.int64)
            own = evaluation.base_gain + self.c_primary[arrays.base_site] - price[arrays.base_site]
            base = np.maximum(own + of_class[arrays.base_class], 0)
        base[self.c_base >= kernel.NEVER // 2] = kernel.NEVER
        return Regrets(
            whole=evaluation.units,
            scale=self.scale,
            base=base,
            shared=np.minimum(shared + base[stars.base], kernel.NEVER),
            on_call=np.minimum(on_call + base[stars.base], kernel.NEVER),
            uncovered=np.maximum(self.c_uncovered - price, 0),
        )

    def _sites(self, value: Ints, price: Ints) -> tuple[Ints, Ints | list[Ints]]:
        """Cheapest way to fill all posts of each site, and the bases that do."""
        arrays = self.arrays
        num_sites = len(arrays.posts)
        site_value = np.full(num_sites, kernel.NEVER)
        if arrays.posts.max(initial=1) == 1:
            order = np.lexsort((value, arrays.base_site))
            first = np.flatnonzero(np.diff(arrays.base_site[order], prepend=-1))
            best = order[first]
            at = arrays.base_site[best]
            holder = np.full(num_sites, -1)
            holder[at] = best
            site_value[at] = value[best] + self.c_primary[at] - price[at]
            return site_value, holder
        bases: list[Ints] = [np.empty(0, np.int64)] * num_sites
        order = np.lexsort((value, arrays.base_site))
        for at, group in zip(*_grouped(arrays.base_site[order], order), strict=True):
            if len(group) >= arrays.posts[at]:
                bases[at] = group[: arrays.posts[at]]
                site_value[at] = value[bases[at]].sum() + self.c_primary[at] - price[at]
        return site_value, bases


def exact_sum(values: Ints) -> int:
    """Add up what need not fit into 64 bits together."""
    return sum(values.tolist())


def _largest_sum(arrays: Arrays, stars: Stars, costs: Costs) -> float:
    """Give what one base can add up to at most in one tier, or a quarter of a whole plan if that is more."""
    primary, base, uncovered, shared, on_call = (np.abs(column).astype(np.float64) for column in costs)
    spoke = np.maximum(shared, on_call)
    of_base = base + primary[arrays.base_site] + np.bincount(stars.base, spoke, len(base))
    at_site = np.maximum(primary, uncovered)
    np.maximum.at(at_site, stars.site, spoke)
    return float(max(of_base.max(initial=0), (at_site.sum() + base.sum()) / 4))


def _size(tier: TierArrays) -> float:
    """What one site typically costs in a tier."""
    at_sites = np.abs(tier.uncovered_cost) + np.abs(tier.primary_cost)
    parts = (at_sites, np.abs(tier.base_cost), np.abs(tier.arc_cost))
    means = [float(part.mean(dtype=np.float64)) if len(part) else 0.0 for part in parts]
    return max(means[0], means[1]) or means[2] or 1.0


def _grouped(keys: Ints, values: Ints) -> tuple[Ints, list[Ints]]:
    if not len(keys):
        return keys, []
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[first], np.split(values, first[1:])


def _officer_price(site_value: Ints, posts: Ints, officers: int) -> int:
    """Price of an officer at which no more are wanted than there are: the best one for these sites."""
    wanted = np.flatnonzero(site_value < 0)
    if posts[wanted].sum() <= officers:
        return 0
    order = wanted[np.argsort(site_value[wanted] / posts[wanted], kind="stable")]
    last = order[np.flatnonzero(np.cumsum(posts[order]) > officers)[0]]
    return int(-(site_value[last] // posts[last]))
