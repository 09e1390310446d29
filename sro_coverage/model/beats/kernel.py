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
_FEW, _MOST_OF, _BITS = 12, 0.6, 62


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
def _least_by_number(gain: Any, group: Any, first: int, value: int, left: int, size: int, inside: int) -> Any:
    """
    Value that up to so many more items can take a beat below, with what they pay for their number.

    Parameters
    ----------
    group
        See `_groups`.
    size, inside
        Sites of the beat at hand, and those in the group.
    """
    following, by_size, by_inside = group
    least, gain_in, item_in = value + by_size[size], 0, following[0, first]
    for more_in in range(left + 1):
        if more_in > 0:
            if item_in == len(gain) or gain[item_in] <= 0:
                break
            gain_in += gain[item_in]
            item_in = following[0, item_in + 1]
        now, item_out = value - gain_in + by_inside[inside + more_in] - by_inside[inside], following[1, first]
        for more_out in range(left - more_in + 1):
            if more_out > 0:
                if item_out == len(gain) or gain[item_out] <= 0:
                    break
                now -= gain[item_out]
                item_out = following[1, item_out + 1]
            least = min(least, now + by_size[size + more_in + more_out])
    return least


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
def _touch(cuts: Any, count: Any, is_whole: Any, site: int, sign: int) -> int:
    """Count a site in its cuts, or take it back; gives the change of what is paid."""
    first, cut_of, divisor, rest, price = cuts
    paid = 0
    for entry in range(first[site], first[site + 1]):
        cut = cut_of[entry]
        if is_whole[cut]:
            continue
        number = count[cut] + min(sign, 0)  # without this site
        if number % divisor[cut] >= rest[cut]:
            paid += sign * price[cut]
        count[cut] += sign
    return paid


@njit(cache=True, nogil=True)
def _groups(cuts: Any, scratch: Any, is_whole: Any, home: int, sites: Any, most: int) -> Any:
    """
    Group the sites around a base by the dearest cuts, where a beat has few sites.

    What a beat pays to cuts that have all sites follows from its size; they are marked, and not counted any more. Of
    others with the base's own site, and a divisor that no beat passes, the dearest are taken as long as most sites are
    in all of them: the group. Each of it in a beat pays at least as if the others of these cuts were not there.

    Returns
    -------
    (following, by_size, by_inside)
        The next item from each one on, in the group and out of it; what beats pay by their size, and by how many of
        their sites are in the group.
    """
    first, cut_of, divisor, rest, price = cuts
    number = len(sites)
    by_size, by_inside = np.zeros(most + 2, np.int64), np.zeros(most + 2, np.int64)
    for site in sites:
        for entry in range(first[site], first[site + 1]):
            scratch[cut_of[entry]] += 1
    dear, pay, size = np.empty(first[home + 1] - first[home], np.int64), np.empty(first[home + 1] - first[home]), 0
    for entry in range(first[home], first[home + 1]):
        cut = cut_of[entry]
        if scratch[cut] == number:
            is_whole[cut] = True
            for k in range(most + 2):
                by_size[k] += price[cut] * counted(k, divisor[cut], rest[cut])
        elif price[cut] > 0 and divisor[cut] > most and scratch[cut] >= _MOST_OF * number:
            dear[size], pay[size] = cut, -price[cut]
            size += 1
    for site in sites:
        for entry in range(first[site], first[site + 1]):
            scratch[cut_of[entry]] = 0
    dear = dear[:size][np.argsort(pay[:size])][:_BITS]
    for k in range(len(dear)):
        scratch[dear[k]] = 1 << k
    has = np.zeros(number, np.int64)
    for item in range(number):
        for entry in range(first[sites[item]], first[sites[item] + 1]):
            has[item] |= scratch[cut_of[entry]]
    bits = 0
    for k in range(len(dear)):
        scratch[dear[k]] = 0
        more = bits | (1 << k)
        if (has & more == more).sum() >= _MOST_OF * number:
            bits = more
            for inside in range(most + 2):
                by_inside[inside] += price[dear[k]] * counted(inside, divisor[dear[k]], rest[dear[k]])
    following = np.full((2, number + 1), number)
    for item in range(number - 1, -1, -1):
        following[:, item] = following[:, item + 1]
        following[0 if bits and has[item] & bits == bits else 1, item] = item
    return following, by_size, by_inside


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
    count, scratch = np.zeros(len(cuts[4]), np.int64), np.zeros(len(cuts[4]), np.int64)
    is_whole = np.zeros(len(cuts[4]), np.bool_)
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
        most = min(cap[base, _COUNT], len(items))
        is_few = tightest == _COUNT and most <= _FEW
        group = (np.zeros((2, 0), np.int64), np.zeros(len(items) + 2, np.int64), np.zeros(0, np.int64))
        if is_few:
            group = _groups(cuts, scratch, is_whole, homes[base], site[items], most)
        following, by_size, _ = group
        paid = _touch(cuts, count, is_whole, homes[base], 1)
        left = cap[base].copy()
        chosen = np.empty(len(items), np.int64)
        depth, at, nodes, target, size, inside = 0, 0, 0, limit, -1, 1
        if is_few:
            floor = _least_by_number(gain, group, 0, value + paid, most, 1, 1)
        else:
            floor = _least(gain, needs, 0, value + paid, left[tightest], -(2**62))
        best, is_cut, rest = value + paid + by_size[1], False, 2**62
        if best < target:
            if find_all:
                total = _keep(out_base, out_start, out_spokes, out_value, total, base, items[:0], best)
                if total < 0:
                    return -1
            else:
                size, target = 0, best
        while True:
            if is_few:
                least_yet = _least_by_number(gain, group, at, value + paid, most - depth, depth + 1, inside)
            else:
                enough = -(2**62) if is_cut else target
                least_yet = _least(gain, needs, at, value + paid, left[tightest], enough)
            is_open = at < len(items) and least_yet < target
            if is_open and is_cut:  # what is not searched may cost as little as that
                rest = min(rest, least_yet)
            elif is_open:
                spoke = items[at]
                at += 1
                fits = True
                for k in range(NUM_LIMITS):
                    fits = fits and use[spoke, k] <= left[k]
                if not fits:
                    continue
                chosen[depth] = at - 1
                depth += 1
                inside += is_few and following[0, at - 1] == at - 1
                value -= gain[at - 1]
                for k in range(NUM_LIMITS):
                    left[k] -= use[spoke, k]
                paid += _touch(cuts, count, is_whole, site[spoke], 1)
                now = value + paid + by_size[depth + 1]
                best = min(best, now)
                if now < target:
                    if find_all:
                        beat = items[chosen[:depth]]
                        total = _keep(out_base, out_start, out_spokes, out_value, total, base, beat, now)
                        if total < 0:
                            return -1
                    else:
                        size, target = depth, now
                        for level in range(depth):
                            beat[level] = items[chosen[level]]
                continue
            nodes += 1
            is_cut = nodes > node_limit
            if depth == 0:
                break
            depth -= 1
            spoke = items[chosen[depth]]
            at = chosen[depth] + 1
            inside -= is_few and following[0, chosen[depth]] == chosen[depth]
            value += gain[chosen[depth]]
            for k in range(NUM_LIMITS):
                left[k] += use[spoke, k]
            paid += _touch(cuts, count, is_whole, site[spoke], -1)
        _touch(cuts, count, is_whole, homes[base], -1)
        is_whole[:] = False
        # Beats as dear as the limit are not searched: the base is then worth no more than that.
        least[position] = min(best, max(limit, floor), max(rest, floor))
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
