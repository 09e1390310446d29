"""
Components that no arc connects, planned again by themselves, at prices for what they have in common.

That is officers and the limits of held tiers. Which of the plans met to take in each component, so that all limits are
kept, is chosen in one program. How much whole plans use tells the prices of the next round. What is proven of all
components at the same prices, less what is paid, is a bound for the whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from sro_coverage.model.arrays import Arrays, Choice, TierArrays
from sro_coverage.model.bound import Exclusions, Prices
from sro_coverage.model.draft import Draft
from sro_coverage.model.highs import optimise
from sro_coverage.model.pricing import SharedPrices
from sro_coverage.model.regions import Region, Searched, Wanted
from sro_coverage.model.split import Split, Use, together
from sro_coverage.model.windows import MOST_SITES
from sro_coverage.travel import Bools, Floats, Ints

_REGION_SITES, _SPOKES_A_SITE, _EFFORT = 1_000, 300, 1.1
_NEGLIGIBLE, _ROUND_SHARE = 0.002, 0.45
_CHOOSE_S = 10.0


@dataclass(frozen=True, eq=False)
class _Found:
    """A plan of a region, its bases and arcs in the whole, and what no plan of it costs less than, if that came out."""

    bases: Ints
    arcs: Ints
    choice: Choice
    least: int | None


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
    What is known of the components before they are planned, in fixed-point units.

    Parameters
    ----------
    draft, now
        The plan at hand, and what each component uses in it.
    weights, officer
        Prices of each tier, and of an officer of each class.
    limited
        Held tiers that are kept by a limit in each component: those that are tight, and those that cost nothing.
    low, above
        What no plan of a component can go below, at prices, and how far above it the plan at hand is.
    paid
        For what components share.
    out
        What no plan uses that costs less, at prices, in its component.
    """

    draft: Draft
    now: Use
    weights: Ints
    officer: Ints
    limited: Ints
    low: Ints
    above: Ints
    paid: int
    out: Exclusions


class Components:
    """
    Rounds of plans of the components of one problem.

    Parameters
    ----------
    shared
        Prices of what they share; they follow what whole plans use.

    Attributes
    ----------
    is_short
        Whether what they share has a price, or should have one.
    """

    def __init__(self, split: Split, shared: SharedPrices) -> None:
        self._split, self._shared, self._is_first = split, shared, True
        self._ways: list[_Way] = []
        prices = self._prices
        self.is_short = bool(prices.officer.any() or prices.held[~split.is_tight].any())

    @property
    def _prices(self) -> Prices:
        """The prices, an officer's too."""
        prices, r = self._shared.prices, self._split.relaxation
        return prices if prices.officer.any() else replace(prices, officer=r.evaluate(prices).officer / r.scale)

    def round(
        self,
        draft: Draft,
        search: Callable[[Wanted], Searched],
        *,
        ends: float,
        at_once: int,
        is_stopped: Callable[[], bool],
    ) -> tuple[int, Draft | None]:
        """
        Plan every component again, choose among all plans of each, and learn from them for the next round's prices.

        Parameters
        ----------
        search
            Plans a region.

        Returns
        -------
        tuple
            What no plan of the whole can go below, and a better plan if there is one.
        """
        split = self._split
        asked = self._asked(draft)
        batches, efforts = self._batches(asked)
        of_label = np.full(split.number, -1)
        for number, batch in enumerate(batches):
            of_label[batch] = number
        parts = of_label[split.label]
        if self.is_short:  # there will be other prices
            ends -= (1 - _ROUND_SHARE) * (ends - time.monotonic())

        def solved(number: int, time_s: float) -> _Found:
            wanted = self._at_prices(asked, parts == number, time_s)
            answer, region = search(wanted), wanted.region
            return _Found(region.bases, region.arcs, answer.choice, self._least(wanted, answer, asked))

        found = _in_turn(solved, efforts, ends, at_once, is_stopped)
        units = int(asked.low.sum()) - asked.paid
        for batch, plan_of in zip(batches, found, strict=True):
            known, more = (int(of_part[batch].sum()) for of_part in (asked.low, asked.above))
            if plan_of is not None and plan_of.least is not None:
                units += min(max(plan_of.least - known, 0), more)
        plan = _joined(draft, found)
        use = split.spent(plan)
        self._keep(plan, use, np.flatnonzero(of_label >= 0), asked)
        self._is_first = False
        self._shared.learn(use)
        self.is_short |= plan.excess > 0 or not plan.is_sound
        return -(-units // split.relaxation.scale), self._choose(draft, asked.now)

    @property
    def _is_quick(self) -> bool:
        """Whether plans are wanted soon, to learn from."""
        return self._is_first and self.is_short and bool(self._split.relaxation.held)

    def _asked(self, draft: Draft) -> _Asked:
        """Say what is known of the components."""
        now = self._split.spent(draft)
        split, r, prices = self._split, self._split.relaxation, self._prices
        arrays, stars, label = r.arrays, r.stars, split.label
        regrets, evaluation = r.regrets(prices), r.evaluate(prices)
        weights = np.asarray((r.scale, *r.weigh(prices.held)))
        officer, gain = evaluation.officer, evaluation.site_gain
        more = np.zeros(len(arrays.base_site), np.int64)
        if len(officer) == 1:  # there it follows from the other prices; here it is the same for all components
            officer = np.rint(prices.officer * r.scale).astype(np.int64)
            gain = gain + int(officer[0] - evaluation.officer[0])
            more = (np.maximum(gain, 0) - np.maximum(evaluation.site_gain, 0))[arrays.base_site]
        price = r.in_units(prices.site)
        low = np.zeros(split.number, np.int64)
        np.add.at(low, label, price + np.minimum(r.c_uncovered - price, 0) + np.minimum(gain, 0))
        above = now.cost[:, : len(weights)] @ weights + now.officers @ officer - low
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
        limited = np.flatnonzero(split.is_tight | (weights[1:] == 0))
        return _Asked(draft, now, weights, officer, limited, low, above, paid, beyond.above(0, r.excluded))

    def _batches(self, asked: _Asked) -> tuple[list[Ints], Floats]:
        """
        Put components together, those with the most work first; gives how much work each of them is too.

        What is close to its bound is left out, and what is too large for a search of its own: that is for windows.
        """
        split, stars, arrays = self._split, self._split.relaxation.stars, self._split.relaxation.arrays
        size, above = split.size, asked.above
        order = np.argsort(-above, kind="stable")
        rest = np.cumsum(above[order][::-1])[::-1]
        is_open = (rest > _NEGLIGIBLE * max(int(above.sum()), 1)) & (above[order] > 0)
        order = order[is_open & (size[order] <= MOST_SITES)]
        batches = together(order[np.argsort(-size[order], kind="stable")], size, _REGION_SITES)
        spokes = np.bincount(
            split.label[arrays.base_site[stars.base]], ~(asked.out.shared & asked.out.on_call), split.number
        )
        work = spokes + _SPOKES_A_SITE * size
        efforts = np.asarray([work[batch].sum() ** _EFFORT for batch in batches])
        first = np.argsort(-efforts, kind="stable")
        return [batches[number] for number in first], efforts[first]

    def _at_prices(self, asked: _Asked, sites: Bools, time_limit_s: float) -> Wanted:
        """Ask for a plan of some components at prices for what they share."""
        split, r, draft = self._split, self._split.relaxation, asked.draft
        everybody = np.bincount(r.arrays.base_class, minlength=len(split.officers))
        region = Region.of(draft, sites, everybody, asked.out)
        choice = region.choice(draft.choice())
        # What costs nothing may still be short: nobody takes more of it than a share.
        share, limited, prices = sites.mean(), asked.limited, self._shared.prices
        held = []
        for number in limited:
            tier, room = region.tier(r.held[number][0]), r.limits[1 + number] - int(draft.state.total[1 + number])
            held.append((tier, choice.cost(region.arrays, tier) + int(share * room)))
        weights = asked.weights.copy()
        weights[1 + limited] = 0
        tiers = [region.tier(tier) for tier in (r.tier, *(tier for tier, _ in r.held))]
        return Wanted(
            region=region,
            tier=_weighed(tiers, weights, asked.officer, region.arrays),
            held=held,
            excluded=region.excluded(asked.out),
            choice=choice,
            prices=Prices(
                prices.site[region.sites] * r.scale, np.zeros(len(asked.officer)), prices.held[limited] * r.scale
            ),
            time_limit_s=time_limit_s,
            is_quick=self._is_quick,
        )

    def _least(self, wanted: Wanted, found: Searched, asked: _Asked) -> int | None:
        """Give what no plan of some components costs less than at prices, in units; None if they have only a share."""
        if len(asked.limited) > self._split.is_tight.sum():
            return None
        return found.whole + sum(
            int(asked.weights[1 + at]) * most for at, (_, most) in zip(asked.limited, wanted.held, strict=True)
        )

    def _keep(self, plan: Draft, use: Use, labels: Ints, asked: _Asked) -> None:
        """Keep what a plan does in some components, where it costs no more in the tiers that are tight."""
        split, state = self._split, plan.state
        tight = 1 + np.flatnonzero(split.is_tight)
        bases = np.flatnonzero(state.is_open)
        at = split.label[plan.ground.arrays.base_site[bases]]
        order = np.argsort(at, kind="stable")
        based = np.split(bases[order], np.cumsum(np.bincount(at, minlength=split.number))[:-1])
        is_kept = (use.cost[labels][:, tight] <= asked.now.cost[labels][:, tight]).all(axis=1)
        for k in labels[is_kept].tolist():
            sites = split.sites[k]
            self._ways.append(_Way(k, use.cost[k], use.officers[k], state.server[sites], state.way[sites], based[k]))

    def _choose(self, draft: Draft, now: Use) -> Draft | None:
        """Choose one plan for each component."""
        split, ways, state = self._split, self._ways, draft.state
        labels = np.unique(np.asarray([way.label for way in ways], np.int64))
        if not len(labels):
            return None
        # First comes what each has now, then all that was met.
        label = np.concatenate((labels, [way.label for way in ways]))
        costs = np.concatenate((now.cost[labels], [way.cost for way in ways]))
        needs = np.concatenate((now.officers[labels], [way.officers for way in ways]))
        others = np.ones(split.number, np.bool_)
        others[labels] = False
        free = state.spare + now.officers[labels].sum(axis=0)
        room = split.ground.field.limit[1:] - now.cost[others][:, 1:].sum(axis=0)
        program, _, _ = split.choice(np.searchsorted(labels, label), costs, needs, free, room)
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


def _parts(efforts: Floats, at_once: int) -> Floats:
    """Give the part of the time left that each of some searches may take when it begins, the most work first."""
    lane, load = np.empty(len(efforts), np.int64), np.zeros(at_once)
    for number, effort in enumerate(efforts):
        lane[number] = load.argmin()
        load[lane[number]] += effort
    parts = np.empty(len(efforts))
    for one in range(at_once):
        mine = lane == one
        parts[mine] = efforts[mine] / np.cumsum(efforts[mine][::-1])[::-1]
    return parts


def _in_turn(
    search: Callable[[int, float], _Found | None],
    efforts: Floats,
    ends: float,
    at_once: int,
    is_stopped: Callable[[], bool],
) -> list[_Found | None]:
    """Search some regions, given by number, each with its part of the time left; None for which there was none."""
    parts = _parts(efforts, at_once)

    def solved(number: int) -> _Found | None:
        left_s = ends - time.monotonic()
        return None if is_stopped() or left_s <= 0 else search(number, float(parts[number]) * left_s)

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(solved, range(len(efforts))))


def _joined(draft: Draft, found: list[_Found | None]) -> Draft:
    """Put what was found in some regions into a plan of the whole."""
    whole = draft.choice()
    for plan in found:
        if plan is not None:
            whole.base[plan.bases], whole.arc[plan.arcs] = plan.choice.base, plan.choice.arc
    return Draft.of_choice(draft.ground, whole)
