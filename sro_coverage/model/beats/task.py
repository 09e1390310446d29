"""What the two sides of the search over whole beats say to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sro_coverage.model.bound import Prices, Relaxation
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
    prices
        To begin with.
    plan
        The best known, or None.
    is_held
        Whether later tiers may cost no more than the best plan: then it is told what they can still use.
    """

    relaxation: Relaxation
    prices: Prices
    plan: Chosen | None
    time_limit_s: float
    is_held: bool
