"""What the two sides of the search over whole beats say to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sro_coverage.model.beats.cuts import Cut
from sro_coverage.model.bound import Prices, Relaxation
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.kernel import ON_CALL, SHARED
from sro_coverage.model.state import NOBODY, PRIMARY
from sro_coverage.travel import Ints


@dataclass(frozen=True, eq=False)
class Chosen:
    """
    A plan of whole beats.

    Parameters
    ----------
    cost
        In the tier that is made small.
    bases, shared, on_call
        Bases that are held and spokes that are used.
    """

    cost: int
    bases: Ints
    shared: Ints
    on_call: Ints

    @staticmethod
    def of(draft: Draft) -> Chosen:
        """Take over a plan."""
        state = draft.state
        served = np.flatnonzero(state.server >= 0)
        spokes, way = state.server[served], state.way[served]
        return Chosen(draft.cost, np.flatnonzero(state.is_open), spokes[way == SHARED], spokes[way == ON_CALL])

    def on(self, ground: Ground) -> Draft:
        """Give a draft of it."""
        arrays, stars = ground.arrays, ground.stars
        server = np.full(len(arrays.posts), NOBODY)
        way = np.zeros(len(arrays.posts), np.int64)
        is_open = np.zeros(len(arrays.base_site), np.bool_)
        is_open[self.bases] = True
        for spokes, kind in ((self.shared, SHARED), (self.on_call, ON_CALL)):
            server[stars.site[spokes]], way[stars.site[spokes]] = spokes, kind
        server[arrays.base_site[self.bases]] = PRIMARY
        return Draft(ground, server, way, is_open)

    def uncovered(self, relaxation: Relaxation) -> Ints:
        """Give the sites that nobody serves."""
        stars, arrays = relaxation.stars, relaxation.arrays
        served = np.zeros(len(arrays.posts), np.bool_)
        for sites in (arrays.base_site[self.bases], stars.site[self.shared], stars.site[self.on_call]):
            served[sites] = True
        return np.flatnonzero(~served)


@dataclass(frozen=True, eq=False)
class Task:
    """
    What is to be searched.

    Parameters
    ----------
    relaxation
        Whatever it excludes is not part of any better plan.
    prices, cuts
        To begin with; cuts of earlier tiers hold in all.
    plan
        The best known, or None.
    ends
        When the time is over, by the monotonic clock, which all processes share: what one takes to begin counts too.
    is_held
        Whether later tiers may cost no more than the best plan: then it is told what they can still use.
    is_alone
        Whether nobody else searches for plans: then more of the time goes to them, and less to the bound.
    threads
        So many search beats at once.
    """

    relaxation: Relaxation
    prices: Prices
    cuts: list[Cut]
    plan: Chosen | None
    ends: float
    is_held: bool
    is_alone: bool
    threads: int
