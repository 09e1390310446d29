"""
The compiled loops over beats: find the cheapest at given prices, or list all that are cheap enough.

In whole units (int64) like :mod:`sro_coverage.model.kernel`, so that a bound made of these numbers is exact.

A cut is a set of sites with a divisor d and a rest r. Of every d of a beat's sites in it, the base's own included, the
first r are free, and the beat pays the cut's price for each of the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sro_coverage.model.kernel import NUM_LIMITS

_COUNT = 3


@njit(cache=True, nogil=True)
def _least(gain: Any, use: Any, first: int, value: int, left: int, enough: int) -> Any:
    """Value that no more items from `first` on can take a beat below, by the fractional knapsack in one limit."""
    for item in range(first, len(gain)):
        if gain[item] <= 0:  # the first that is not worth its price; none after it is
            return value
        if use[item] > left:
            return value - int(gain[item] * (left / use[item])) - 1 if left > 0 else value
        left -= use[item]
        value -= gain[item]
        if value < enough:
            return value
    return value


@njit(cache=True, nogil=True)
def _tightest(total: Any, cap: Any) -> int:
    """Give the limit that all wanted items together pass most, or else the count."""
    tightest, most = _COUNT, 1.0
    for k in range(NUM_LIMITS):
        if total[k] > most * max(cap[k], 1):
            tightest, most = k, total[k] / max(cap[k], 1)
    return tightest


@njit(cache=True, nogil=True)
def _wanted(star: Any, least_gain: int) -> Any:
    """
    Sort the spokes of a base that gain enough if they are shared, the best first for what they need of one limit.

    Returns
    -------
    (spokes, gain, needs, limit)
        The limit is the one that those worth their price pass most together.
    """
    lo, hi, site, use, shared, on_call, price, cap = star
    number, total = 0, np.zeros(NUM_LIMITS, np.int64)
    for spoke in range(lo, hi):
        more = price[site[spoke]] - shared[spoke] - max(0, price[site[spoke]] - on_call[spoke])
        number += more >= least_gain
        if more > 0:
            for k in range(NUM_LIMITS):
                total[k] += use[spoke, k]
    tightest = _tightest(total, cap)
    spokes, gain, ratio = np.empty(number, np.int64), np.empty(number, np.int64), np.empty(number)
    number = 0
    for spoke in range(lo, hi):
        more = price[site[spoke]] - shared[spoke] - max(0, price[site[spoke]] - on_call[spoke])
        if more >= least_gain:
            need = use[spoke, tightest]
            spokes[number], gain[number] = spoke, more
            ratio[number] = np.inf if more <= 0 else -more / need if need > 0 else -np.inf
            number += 1
    order = np.argsort(ratio)
    spokes, gain = spokes[order], gain[order]
    return spokes, gain, use[spokes, tightest], tightest


@njit(cache=True, nogil=True)
def counted(number: int, divisor: int, rest: int) -> int:
    """Give how many of so many sites in a cut are paid for."""
    return number // divisor * (divisor - rest) + max(number % divisor - rest, 0)


@njit(cache=True, nogil=True)
def _touch(cuts: Any, count: Any, site: int, sign: int) -> int:
    """Count a site in its cuts, or take it back; gives the change of what is paid."""
    first, cut_of, divisor, rest, price = cuts
    paid = 0
    for entry in range(first[site], first[site + 1]):
        cut = cut_of[entry]
        number = count[cut] + min(sign, 0)  # without this site
        if number % divisor[cut] >= rest[cut]:
            paid += sign * price[cut]
        count[cut] += sign
    return paid


@njit(cache=True, nogil=True)
def _keep(bases: Any, start: Any, spokes: Any, values: Any, number: int, base: int, beat: Any, value: int) -> int:
    """Add a beat to what is found; gives the new number, or -1 if there is no room."""
    if number >= len(bases) or start[number] + len(beat) > len(spokes):
        return -1
    bases[number], values[number] = base, value
    spokes[start[number] : start[number] + len(beat)] = beat
    start[number + 1] = start[number] + len(beat)
    return number + 1


@njit(cache=True, nogil=True)
def find_beats(  # noqa: PLR0915
    bases: Any,
    values: Any,
    homes: Any,
    stars: Any,
    costs: Any,
    price: Any,
    cuts: Any,
    limit: int,
    find_all: bool,
    node_limit: int,
    out_base: Any,
    out_start: Any,
    out_spokes: Any,
    out_value: Any,
    least: Any,
) -> int:
    """
    Search the beats of some bases, depth first.

    Parameters
    ----------
    values
        What each base costs without any site of its beat.
    homes
        Site of every base.
    stars, costs
        `start`, `site`, `use` and `cap` of :class:`~sro_coverage.model.stars.Stars`; cost of each spoke in each way.
    price
        Paid for each site that is served.
    cuts
        See `_touch`.
    limit
        Only beats that cost less are found.
    find_all
        All of them, else the cheapest of each base.
    out_base, out_start, out_spokes, out_value
        Are set to what is found: the spokes of beat k are ``out_spokes[out_start[k]:out_start[k + 1]]``.
    least
        Is set to what no beat of each base can cost less than: exact unless the search was cut.

    Returns
    -------
    int
        Beats found; -1 if not all of them were, for want of room in `out_...` or because a search was cut.
    """
    start, site, use, cap = stars
    shared, on_call = costs
    count = np.zeros(len(cuts[4]), np.int64)
    total, out_start[0] = 0, 0
    beat = np.empty(len(homes) + len(price), np.int64)
    for position in range(len(bases)):
        base = bases[position]
        value = values[position]
        for spoke in range(start[base], start[base + 1]):
            value -= max(0, price[site[spoke]] - on_call[spoke])
        star = (start[base], start[base + 1], site, use, shared, on_call, price, cap[base])
        items, gain, needs, tightest = _wanted(star, 1)
        if find_all:  # a site that costs more than it pays may still be in a beat that is cheap enough
            floor = _least(gain, needs, 0, value, cap[base, tightest], -(2**62))
            items, gain, needs, tightest = _wanted(star, min(1, floor - limit + 1))
        paid = _touch(cuts, count, homes[base], 1)
        left = cap[base].copy()
        chosen = np.empty(len(items), np.int64)
        depth, at, nodes, target, size = 0, 0, 0, limit, -1
        floor = _least(gain, needs, 0, value + paid, left[tightest], -(2**62))
        best, is_cut = value + paid, False
        if best < target:
            if find_all:
                total = _keep(out_base, out_start, out_spokes, out_value, total, base, items[:0], best)
                if total < 0:
                    return -1
            else:
                size, target = 0, best
        while True:
            if at < len(items) and _least(gain, needs, at, value + paid, left[tightest], target) < target:
                spoke = items[at]
                at += 1
                fits = True
                for k in range(NUM_LIMITS):
                    fits = fits and use[spoke, k] <= left[k]
                if not fits:
                    continue
                chosen[depth] = at - 1
                depth += 1
                value -= gain[at - 1]
                for k in range(NUM_LIMITS):
                    left[k] -= use[spoke, k]
                paid += _touch(cuts, count, site[spoke], 1)
                best = min(best, value + paid)
                if value + paid < target:
                    if find_all:
                        beat = items[chosen[:depth]]
                        total = _keep(out_base, out_start, out_spokes, out_value, total, base, beat, value + paid)
                        if total < 0:
                            return -1
                    else:
                        size, target = depth, value + paid
                        for level in range(depth):
                            beat[level] = items[chosen[level]]
                continue
            nodes += 1
            is_cut = nodes > node_limit
            if depth == 0 or is_cut:
                break
            depth -= 1
            spoke = items[chosen[depth]]
            at = chosen[depth] + 1
            value += gain[chosen[depth]]
            for k in range(NUM_LIMITS):
                left[k] += use[spoke, k]
            paid += _touch(cuts, count, site[spoke], -1)
        for level in range(depth):
            _touch(cuts, count, site[items[chosen[level]]], -1)
        _touch(cuts, count, homes[base], -1)
        # Beats as dear as the limit are not searched: the base is then worth no more than that.
        least[position] = floor if is_cut else min(best, max(limit, floor))
        if is_cut and find_all:
            return -1
        if size >= 0:
            total = _keep(out_base, out_start, out_spokes, out_value, total, base, beat[:size], target)
            if total < 0:
                return -1
    return total


@njit(cache=True, nogil=True)
def cut_entries(start: Any, sites: Any, cuts: Any, first_cut: int) -> Any:
    """
    Find how often each beat counts in each cut.

    Parameters
    ----------
    start, sites
        The sites of beat b are ``sites[start[b]:start[b + 1]]``.
    first_cut
        Cuts before it are passed over.

    Returns
    -------
    (beat, cut, times)
        One entry for each that is not zero.
    """
    first, cut_of, divisor, rest, _ = cuts
    count = np.zeros(len(rest), np.int64)
    touched = np.empty(len(rest), np.int64)
    size = 0
    beats, which, times = np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024, np.int64)
    for beat in range(len(start) - 1):
        number = 0
        for place in range(start[beat], start[beat + 1]):
            for entry in range(first[sites[place]], first[sites[place] + 1]):
                cut = cut_of[entry]
                if cut < first_cut:
                    continue
                if count[cut] == 0:
                    touched[number] = cut
                    number += 1
                count[cut] += 1
        for position in range(number):
            cut = touched[position]
            if count[cut] > rest[cut]:
                if size == len(beats):
                    beats, which, times = (
                        np.append(beats, np.empty(size, np.int64)),
                        np.append(which, np.empty(size, np.int64)),
                        np.append(times, np.empty(size, np.int64)),
                    )
                beats[size], which[size], times[size] = beat, cut, counted(count[cut], divisor[cut], rest[cut])
                size += 1
            count[cut] = 0
    return beats[:size], which[:size], times[:size]
