"""Local search of one draft: officers are exchanged where prices want them, or around a random place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sro_coverage.model.ascent import Bound
from sro_coverage.model.bound import Exclusions, Relaxation
from sro_coverage.model.draft import Draft
from sro_coverage.travel import Floats, Ints

_BASES_AT_ONCE = 20
_WEAKEST = 6


def exchange_wanted(
    draft: Draft,
    relaxation: Relaxation,
    bound: Bound,
    rate: Floats,
    *,
    is_late: Callable[[], bool],
    told: Callable[[], None],
) -> None:
    """
    Base officers where the prices of a bound want them, until that helps no more or the bound is met.

    Parameters
    ----------
    draft
        Is changed, and may be worse for it at the end of a round.
    rate
        What a unit of each held tier is worth.
    told
        Called after every few exchanges.
    """
    while not is_late() and draft.merit > (0, bound.whole):
        before = draft.merit
        wanted, weak = draft.wanted(relaxation, bound.prices), draft.weakest(_WEAKEST)
        for first in range(0, len(wanted), _BASES_AT_ONCE):
            draft.exchange(rate, wanted[first : first + _BASES_AT_ONCE], weak=weak, most=24, num_near=4)
            told()
            if is_late() or draft.merit <= (0, bound.whole):
                return
        draft.improve()
        draft.chain(rate)
        if draft.merit >= before:
            return


def shaken(draft: Draft, excluded: Exclusions, rate: Floats, rng: np.random.Generator) -> Draft:
    """Give a draft in which officers around a random place were exchanged, and that was set right again."""
    other = draft.copy()
    region = _shake(other, excluded, rate, rng)
    other.improve()
    other.exchange(rate, region, most=32, num_near=4)
    other.chain(rate)
    return other


def _shake(draft: Draft, excluded: Exclusions, rate: Floats, rng: np.random.Generator) -> Ints:
    """Exchange some bases around one at random, whatever it costs; gives the bases around."""
    arrays, stars = draft.ground.arrays, draft.ground.stars
    held = np.flatnonzero(draft.state.is_open)
    if not len(held):
        return np.empty(0, np.int64)
    seed = int(rng.choice(held))
    around = stars.site[stars.start[seed] : stars.start[seed + 1]][:80]
    region = np.flatnonzero(np.isin(arrays.base_site, around) & ~excluded.base)
    for _ in range(int(rng.integers(1, 4))):
        closed = region[~draft.state.is_open[region]]
        opened = region[draft.state.is_open[region]]
        if len(closed) and len(opened):
            draft.replace(int(rng.choice(closed)), int(rng.choice(opened)), rate)
    return region
