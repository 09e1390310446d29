"""A plan of a similar problem: a place to start from, and bounds where its problem allowed more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sro_coverage.model.arrays import Arrays, Choice
from sro_coverage.problem import TierName


@dataclass(frozen=True)
class NearDuty:
    """One officer's part of the similar plan; positions in the roster and the sites of the new problem."""

    officer: int | None
    primary: int
    shared: tuple[int, ...]
    on_call: tuple[int, ...]


@dataclass(frozen=True)
class NearBound:
    """What the similar plan proves of one tier, if the tiers before it are not held less firmly here."""

    tier: TierName
    bound: int
    limit: int


@dataclass(frozen=True)
class Near:
    """
    What is known from a similar problem.

    Parameters
    ----------
    bounds
        Of the first tiers, in order; only given where every plan of the new problem is one of the similar problem.
    """

    duties: tuple[NearDuty, ...]
    bounds: tuple[NearBound, ...] = ()


def choice_near(arrays: Arrays, duties: tuple[NearDuty, ...]) -> Choice:
    """Give the same plan on new arrays, as far as they have its bases and arcs; it may break rules."""
    base = np.zeros(len(arrays.base_site), np.bool_)
    arc = np.zeros(len(arrays.arc_site), np.bool_)
    class_of = {officer: number for number, members in enumerate(arrays.class_officers) for officer in members}
    waiting = [len(members) for members in arrays.class_officers]
    for duty in sorted(duties, key=lambda duty: duty.officer is None):  # who is gone leaves a gap, not somebody else
        free = [
            int(b)
            for b in np.flatnonzero(arrays.base_site == duty.primary)
            if not base[b] and waiting[arrays.base_class[b]]
        ]
        if not free:
            continue
        own = class_of.get(duty.officer, -1) if duty.officer is not None else -1
        taken = min(free, key=lambda b: (arrays.base_class[b] != own, b))
        base[taken] = True
        waiting[arrays.base_class[taken]] -= 1
        first = taken
        while arrays.base_twin[first] >= 0:
            first = int(arrays.base_twin[first])
        arc |= (arrays.arc_base == taken) & arrays.arc_is_shared & np.isin(arrays.arc_site, duty.shared)
        arc |= (arrays.arc_base == first) & ~arrays.arc_is_shared & np.isin(arrays.arc_site, duty.on_call)
    return Choice(base, arc)
