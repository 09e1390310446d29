"""
A way from a fractional answer to a plan: hold the beats that it is surest of, find new ones around them, and so on.

Cuts that the answers then break tell at once where those held leave others that fit together badly.

What is then still open is chosen among whole beats that go with those held.

References
----------
Sadykov, Vanderbeck, Pessoa, Tahiri and Uchoa (2019), Primal heuristics for branch and price: the assets of diving
methods, INFORMS Journal on Computing 31.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sro_coverage.model.beats.master import Master
from sro_coverage.model.beats.pool import Beats
from sro_coverage.travel import Floats

_ROUNDS, _MOST_ROUNDS = 12, 16
_SURE, _LIKELY = 0.999, 0.5
_STEP, _MOST_STEP = 0.02, 15
_REST = 0.35
_CUTS, _CUTS_OF_A_SITE = 100, 10
_FARTHEST, _MOST_LISTED = 2**60, 4_000


def dive(master: Master, cost: float, is_over: Callable[[], bool]) -> tuple[Beats, Floats]:
    """
    Hold most of the beats of an answer, a few at a time, as long as a plan can still cost less than a known one.

    Parameters
    ----------
    cost
        Of the known plan.

    Returns
    -------
    tuple
        Those held, and prices of rows and cuts at which no beat wants their sites.
    """
    held = kept = np.empty(0, np.int64)
    prices = master.row_prices
    try:
        while not is_over():
            at = master.regrow(is_over, _ROUNDS, _MOST_ROUNDS)
            if len(held) and master.separate(_CUTS, _CUTS_OF_A_SITE):
                at = master.regrow(is_over, _ROUNDS, _MOST_ROUNDS)
            if master.is_missing or master.value >= cost:
                break
            prices, kept = at, held
            shares = master.shares.copy()
            shares[held] = 0
            number = shares.sum() + len(held)
            if number - len(held) <= _REST * number:
                break
            more = np.flatnonzero(shares > _SURE)
            if not len(more):
                best = np.argsort(-shares, kind="stable")[: max(int(min(_STEP * number, _MOST_STEP)), 1)]
                more = best[: max(int((shares[best] > _LIKELY).sum()), 1)]
            master.hold(more)
            held = np.append(held, more)
    finally:
        master.let_go(held)
    added = master.rows.number + len(master.cuts) - len(prices)
    return master.pool.beats.some(kept), np.append(prices, np.zeros(added))


def beside(master: Master, held: Beats, row_prices: Floats) -> Beats:
    """List beats that go with those held, the cheapest at prices that go with them too, or give those met so far."""
    relaxation = master.relaxation
    is_taken = np.zeros(len(relaxation.arrays.posts), np.bool_)
    is_taken[held.sites(relaxation)[1]] = True
    priced, _ = master.listed(row_prices, _FARTHEST, _MOST_LISTED)
    beats = master.pool.beats if priced.is_cut or not len(priced.beats) else priced.beats
    start, sites = beats.sites(relaxation)
    return beats.some(np.flatnonzero(~np.logical_or.reduceat(is_taken[sites], start[:-1])))
