"""A part of a problem that no arc leaves, as a problem of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sro_coverage.model.arrays import Arrays, Choice, Options, TierArrays
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.draft import Draft
from sro_coverage.model.stars import Stars
from sro_coverage.travel import Bools, Ints


@dataclass(frozen=True, eq=False)
class Region:
    """
    A part of a problem.

    Parameters
    ----------
    arrays, stars
        As of a problem of its own; only tiers that are sums are left.
    sites, bases, spokes, arcs
        Their positions in the whole.
    """

    arrays: Arrays
    stars: Stars
    sites: Ints
    bases: Ints
    spokes: Ints
    arcs: Ints

    @staticmethod
    def of(draft: Draft, sites: Bools, officers: Ints, excluded: Exclusions) -> Region:
        """
        Take sites out of a problem.

        Parameters
        ----------
        sites
            No beat of the plan has sites both here and elsewhere.
        officers
            How many of each class may be there; they are all alike in it.
        excluded
            What is left out; the plan itself never is.
        """
        whole, stars, server = draft.ground.arrays, draft.ground.stars, draft.state.server
        inside = sites[whole.base_site]
        bases, at = np.flatnonzero(inside), np.flatnonzero(sites)
        spokes = stars.spokes_of(bases)
        used = np.isin(spokes, server[at])
        is_out = excluded.shared[spokes] & excluded.on_call[spokes] & ~used
        spokes = spokes[sites[stars.site[spokes]] & ~is_out]
        arcs = np.concatenate((stars.shared[spokes], stars.on_call[spokes]))
        arcs = np.sort(arcs[arcs >= 0])
        site_of, base_of = _places(sites), _places(inside)

        def within(options: Options) -> Options:
            return Options(
                base_of[options.bases[inside[options.bases]]],
                np.flatnonzero(np.isin(arcs, options.arcs)),
                site_of[options.uncovered[sites[options.uncovered]]],
            )

        pins = [within(pin) for pin in whole.pins]
        arrays = Arrays(
            class_officers=tuple(tuple(range(number)) for number in officers.tolist()),
            posts=whole.posts[at],
            base_class=whole.base_class[bases],
            base_site=site_of[whole.base_site[bases]],
            base_twin=np.where(whole.base_twin[bases] < 0, -1, base_of[whole.base_twin[bases]]),
            cap_seconds=whole.cap_seconds[bases],
            cap_peaks=whole.cap_peaks[bases],
            cap_students=whole.cap_students[bases],
            cap_count=whole.cap_count[bases],
            arc_base=base_of[whole.arc_base[arcs]],
            arc_site=site_of[whole.arc_site[arcs]],
            arc_is_shared=whole.arc_is_shared[arcs],
            arc_seconds=whole.arc_seconds[arcs],
            arc_peaks=whole.arc_peaks[arcs],
            arc_students=whole.arc_students[arcs],
            may_be_uncovered=whole.may_be_uncovered[at],
            pins=tuple(pin for pin in pins if len(pin.bases) + len(pin.arcs) + len(pin.uncovered)),
            named=(),
            tiers=(),
        )
        region = Region(arrays, stars, at, bases, spokes, arcs)
        arrays = replace(arrays, tiers=tuple(region.tier(tier) for tier in whole.tiers if tier.is_sum))
        return replace(region, arrays=arrays, stars=Stars.of(arrays))

    def tier(self, tier: TierArrays) -> TierArrays:
        """Give one tier of it."""
        return replace(
            tier,
            primary_cost=tier.primary_cost[self.sites],
            base_cost=tier.base_cost[self.bases],
            arc_cost=tier.arc_cost[self.arcs],
            uncovered_cost=tier.uncovered_cost[self.sites],
        )

    def excluded(self, whole: Exclusions) -> Exclusions:
        """Give what is excluded in it."""
        return Exclusions(
            whole.base[self.bases], whole.shared[self.spokes], whole.on_call[self.spokes], whole.uncovered[self.sites]
        )

    def choice(self, whole: Choice) -> Choice:
        """Give what a plan of the whole does in it."""
        return Choice(whole.base[self.bases], whole.arc[self.arcs])

    def into(self, draft: Draft, choice: Choice) -> Draft:
        """Put a plan of it into one of the whole."""
        whole = draft.choice()
        whole.base[self.bases], whole.arc[self.arcs] = choice.base, choice.arc
        return Draft.of_choice(draft.ground, whole)


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
    is_quick
        As for `reoptimise`: one good plan soon, in place of a search in all ways.
    """

    region: Region
    tier: TierArrays
    held: list[tuple[TierArrays, int]]
    excluded: Exclusions
    choice: Choice
    prices: Prices
    time_limit_s: float
    is_quick: bool

    @staticmethod
    def of(
        draft: Draft,
        relaxation: Relaxation,
        sites: Bools,
        share: tuple[Ints, Ints],
        excluded: Exclusions,
        prices: Prices,
        time_limit_s: float,
    ) -> Wanted:
        """Ask for a plan of some sites with a share, officers of each class and cost in each held tier, in all ways."""
        officers, limits = share
        region = Region.of(draft, sites, officers, excluded)
        return Wanted(
            region=region,
            tier=region.tier(relaxation.tier),
            held=[(region.tier(tier), int(most)) for (tier, _), most in zip(relaxation.held, limits, strict=True)],
            excluded=region.excluded(excluded),
            choice=region.choice(draft.choice()),
            prices=replace(prices, site=prices.site[region.sites]),
            time_limit_s=time_limit_s,
            is_quick=False,
        )


@dataclass(frozen=True, eq=False)
class Searched:
    """
    What was found in a region.

    Parameters
    ----------
    whole
        No plan of it costs less, with what it may have.
    """

    choice: Choice
    whole: int


def _places(chosen: Bools) -> Ints:
    return np.cumsum(chosen) - 1
