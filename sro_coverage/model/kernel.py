"""
The compiled loops: price a beat, price them all, add up what a selection does.

Everything is in whole units (int64), so nothing here rounds: a bound made of these numbers is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

NEVER = 2**60
"""Cost of what a rule excludes."""

SHARED, ON_CALL = 1, 2
_NODE_LIMIT = 20_000
NUM_LIMITS = 4
_COUNT = 3


@njit(cache=True, nogil=True)
def combine(costs: Any, weights: Any, excluded: Any) -> Any:
    """Weigh each tier's costs, one row a tier, into one cost for each column."""
    num_tiers, num_columns = costs.shape
    total = np.empty(num_columns, np.int64)
    for column in range(num_columns):
        if excluded[column]:
            total[column] = NEVER
            continue
        cost = 0
        for tier in range(num_tiers):
            cost += weights[tier] * costs[tier, column]
        total[column] = cost
    return total


@njit(cache=True, nogil=True)
def _ceiling(gain: Any, use: Any, order: Any, first: int, num_items: int, value: int, left: int) -> Any:
    """Value that no choice among the items from `first` on can pass, by the fractional knapsack in one limit."""
    for position in range(first, num_items):
        item = order[position]
        if use[item] > left:
            return value + int(gain[item] * (left / use[item])) + 1 if left > 0 else value
        left -= use[item]
        value += gain[item]
    return value


@njit(cache=True, nogil=True)
def _pack(gain: Any, use: Any, num_items: int, cap: Any, best: Any) -> Any:
    """
    Choose the items that gain most within four limits, by depth-first search.

    Returns
    -------
    (value, ceiling)
        Value of the choice marked in `best`, and what no choice can pass: the same, unless the search was cut.
    """
    total = np.zeros(NUM_LIMITS, np.int64)
    everything = 0
    for item in range(num_items):
        best[item] = 1
        everything += gain[item]
        for k in range(NUM_LIMITS):
            total[k] += use[k, item]
    if total[0] <= cap[0] and total[1] <= cap[1] and total[2] <= cap[2] and total[3] <= cap[3]:
        return everything, everything
    best[:num_items] = 0
    if total[_COUNT] > cap[_COUNT]:  # often the count alone decides
        order = np.argsort(-gain[:num_items])
        value, spent = 0, np.zeros(NUM_LIMITS, np.int64)
        for position in range(cap[_COUNT]):
            value += gain[order[position]]
            for k in range(NUM_LIMITS):
                spent[k] += use[k, order[position]]
        if spent[0] <= cap[0] and spent[1] <= cap[1] and spent[2] <= cap[2]:
            for position in range(cap[_COUNT]):
                best[order[position]] = 1
            return value, value
    tightest, ceiling = 0, np.int64(NEVER)
    order = np.empty(0, np.int64)
    for k in range(NUM_LIMITS):
        if total[k] > cap[k]:
            ratio = np.empty(num_items)
            for item in range(num_items):
                ratio[item] = -gain[item] / use[k, item] if use[k, item] > 0 else -np.inf
            ordered = np.argsort(ratio)
            most = _ceiling(gain, use[k], ordered, 0, num_items, 0, cap[k])
            if most < ceiling:
                tightest, ceiling, order = k, most, ordered
    left = cap.copy()
    chosen = np.empty(num_items, np.int64)
    depth, position, value, found, nodes = 0, 0, 0, 0, 0
    while True:
        if (
            position < num_items
            and _ceiling(gain, use[tightest], order, position, num_items, value, left[tightest]) > found
        ):
            item = order[position]
            position += 1
            if (
                use[0, item] <= left[0]
                and use[1, item] <= left[1]
                and use[2, item] <= left[2]
                and use[3, item] <= left[3]
            ):
                chosen[depth] = position - 1
                depth += 1
                value += gain[item]
                for k in range(NUM_LIMITS):
                    left[k] -= use[k, item]
                if value > found:
                    found = value
                    best[:num_items] = 0
                    for level in range(depth):
                        best[order[chosen[level]]] = 1
            continue
        nodes += 1
        if depth == 0:
            return found, found
        if nodes > _NODE_LIMIT:
            return found, ceiling
        depth -= 1
        item = order[chosen[depth]]
        position = chosen[depth] + 1
        value -= gain[item]
        for k in range(NUM_LIMITS):
            left[k] += use[k, item]


@njit(cache=True, nogil=True)
def price_one(
    lo: int, hi: int, cap: Any, site: Any, use: Any, shared: Any, on_call: Any, price: Any, taken: Any
) -> Any:
    """
    Find what one base gains most from its spokes at given prices of the sites.

    Parameters
    ----------
    price
        Paid for each site that is served.
    shared, on_call
        Cost of each spoke in each way.
    taken
        Is set for each spoke to 0, `SHARED` or `ON_CALL`.

    Returns
    -------
    (gain, ceiling)
        Of the choice in `taken`, and what no choice can pass.
    """
    num_items, base_gain = 0, 0
    for spoke in range(lo, hi):
        taken[spoke] = 0
        called = price[site[spoke]] - on_call[spoke]
        if called > 0:
            taken[spoke] = ON_CALL
            base_gain += called
        else:
            called = 0
        if price[site[spoke]] - shared[spoke] - called > 0:
            num_items += 1
    if num_items == 0:
        return base_gain, base_gain
    items = np.empty(num_items, np.int64)
    gain = np.empty(num_items, np.int64)
    uses = np.empty((NUM_LIMITS, num_items), np.int64)
    num_items = 0
    for spoke in range(lo, hi):
        more = price[site[spoke]] - shared[spoke] - max(0, price[site[spoke]] - on_call[spoke])
        if more > 0:
            items[num_items] = spoke
            gain[num_items] = more
            for k in range(NUM_LIMITS):
                uses[k, num_items] = use[spoke, k]
            num_items += 1
    best = np.empty(num_items, np.int64)
    value, ceiling = _pack(gain, uses, num_items, cap, best)
    for item in range(num_items):
        if best[item]:
            taken[items[item]] = SHARED
    return base_gain + value, base_gain + ceiling


@njit(cache=True, nogil=True)
def price_all(
    start: Any,
    cap: Any,
    site: Any,
    use: Any,
    shared: Any,
    on_call: Any,
    price: Any,
    sorted_until: Any,
    taken: Any,
    seen: Any,
    ceilings: Any,
) -> None:
    """
    Price every base.

    Parameters
    ----------
    sorted_until
        1 if the spokes of each base are sorted by their cost: then those that cost more than any price are skipped.
    seen
        How far each base's spokes were read the last time.
    ceilings
        Is set to each base's gain, or a little more where the search was cut.
    """
    highest = price.max() if len(price) else 0
    for base in range(len(start) - 1):
        lo, hi = start[base], start[base + 1]
        if sorted_until:
            first, last = lo, hi  # first spoke that costs more than any price
            while first < last:
                middle = (first + last) // 2
                if min(shared[middle], on_call[middle]) < highest:
                    first = middle + 1
                else:
                    last = middle
            hi = first
            for spoke in range(hi, seen[base]):
                taken[spoke] = 0
            seen[base] = hi
        ceilings[base] = price_one(lo, hi, cap[base], site, use, shared, on_call, price, taken)[1]


@njit(cache=True, nogil=True)
def beyond_first(most: int, into_start: Any, into: Any, excluded: Any, regret: Any, second: Any) -> Any:
    """Exclude all but the first few spokes into each site, least regret first, then least in a second number."""
    out = excluded.copy()
    for site in range(len(into_start) - 1):
        spokes = into[into_start[site] : into_start[site + 1]]
        spokes = spokes[~excluded[spokes]]
        if len(spokes) > most:
            spokes = spokes[np.argsort(second[spokes], kind="mergesort")]
            out[spokes[np.argsort(regret[spokes], kind="mergesort")[most:]]] = True
    return out


@njit(cache=True, nogil=True)
def is_sorted(start: Any, shared: Any, on_call: Any) -> bool:
    """Whether the spokes of every base are sorted by cost."""
    for base in range(len(start) - 1):
        for spoke in range(start[base] + 1, start[base + 1]):
            if min(shared[spoke], on_call[spoke]) < min(shared[spoke - 1], on_call[spoke - 1]):
                return False
    return True


@njit(cache=True, nogil=True)
def add_up(
    bases: Any, start: Any, seen: Any, site: Any, taken: Any, served: Any, shared: Any, on_call: Any, cost: Any
) -> None:
    """
    Add what the selected bases' spokes do to each site's number of servers and each tier's cost.

    Parameters
    ----------
    shared, on_call
        Cost of each spoke, one row a tier.
    """
    for base in bases:
        for spoke in range(start[base], seen[base]):
            if taken[spoke]:
                served[site[spoke]] += 1
                for tier in range(len(cost)):
                    cost[tier] += shared[tier, spoke] if taken[spoke] == SHARED else on_call[tier, spoke]


@njit(cache=True, nogil=True)
def regrets(
    start: Any,
    cap: Any,
    site: Any,
    use: Any,
    shared: Any,
    on_call: Any,
    price: Any,
    ceilings: Any,
    shared_regret: Any,
    on_call_regret: Any,
) -> None:
    """
    Find by how much at least each base's gain falls if one of its spokes has to be used in one way.

    Parameters
    ----------
    ceilings
        What each base can gain at most, from `price_all`.
    shared_regret, on_call_regret
        Are set for each spoke; `NEVER` where the way is excluded.
    """
    for base in range(len(start) - 1):
        lo, hi = start[base], start[base + 1]
        num_items, called_gain = 0, 0
        total = np.zeros(NUM_LIMITS, np.int64)
        for spoke in range(lo, hi):
            called = max(0, price[site[spoke]] - on_call[spoke])
            called_gain += called
            if price[site[spoke]] - shared[spoke] - called > 0:
                num_items += 1
                for k in range(NUM_LIMITS):
                    total[k] += use[spoke, k]
        tightest = _COUNT
        for k in range(NUM_LIMITS):
            if total[k] > cap[base, k] and total[k] * cap[base, tightest] > total[tightest] * cap[base, k]:
                tightest = k
        items = np.empty(num_items, np.int64)
        gain = np.empty(num_items, np.int64)
        needs = np.empty(num_items, np.int64)
        ratio = np.empty(num_items)
        num_items = 0
        for spoke in range(lo, hi):
            more = price[site[spoke]] - shared[spoke] - max(0, price[site[spoke]] - on_call[spoke])
            if more > 0:
                items[num_items], gain[num_items], needs[num_items] = spoke, more, use[spoke, tightest]
                ratio[num_items] = -more / needs[num_items] if needs[num_items] > 0 else -np.inf
                num_items += 1
        order = np.argsort(ratio)
        for spoke in range(lo, hi):
            called = price[site[spoke]] - on_call[spoke]
            on_call_regret[spoke] = NEVER if on_call[spoke] >= NEVER else max(0, -called)
            if shared[spoke] >= NEVER:
                shared_regret[spoke] = NEVER
                continue
            value = called_gain + price[site[spoke]] - shared[spoke] - max(0, called)
            left = cap[base, tightest] - use[spoke, tightest]
            for position in range(num_items):
                item = order[position]
                if items[item] == spoke:
                    continue
                if needs[item] > left:
                    if left > 0:
                        value += int(gain[item] * (left / needs[item])) + 1
                    break
                left -= needs[item]
                value += gain[item]
            shared_regret[spoke] = max(0, ceilings[base] - value)
