"""
A whole plan that compiled loops can change.

A plan is a `State`: for each site the spoke that serves it (or `NOBODY`, or `PRIMARY`) and the way, and which bases are
held. Costs come as one row for each spoke and one column for each tier: the tier that is optimised first, then the held
ones with their limits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit

from sro_coverage.model.kernel import NUM_LIMITS, ON_CALL, SHARED
from sro_coverage.travel import Bools, Floats, Ints

NOBODY, PRIMARY = -1, -2


class Field(NamedTuple):
    """
    What does not change while a tier is optimised; see `Stars` for the spokes.

    Parameters
    ----------
    near
        Spokes into each site, cheapest first.
    has_shared, has_on_call
        Whether a spoke may be used in each way.
    shared, on_call, uncovered, primary, base
        Cost in each tier.
    allowed
        Bases that may be held.
    base_at
        The first base of each class at each site, or -1.
    limit, unit
        Of each tier: what may not be passed, and what one unit above it weighs.
    """

    start: Ints
    spoke_site: Ints
    spoke_base: Ints
    use: Ints
    cap: Ints
    into_start: Ints
    into: Ints
    near: Ints
    has_shared: Bools
    has_on_call: Bools
    shared: Ints
    on_call: Ints
    uncovered: Ints
    primary: Ints
    base: Ints
    base_site: Ints
    base_class: Ints
    base_at: Ints
    posts: Ints
    allowed: Bools
    limit: Ints
    unit: Floats


class State(NamedTuple):
    """
    A plan being changed.

    Parameters
    ----------
    server
        For each site the spoke that serves it, or `NOBODY` or `PRIMARY`.
    way
        `SHARED` or `ON_CALL`, for sites with a spoke.
    is_open
        Bases that are held.
    left
        What is left of each base's four limits.
    total
        Cost in each tier.
    spare
        Officers of each class without a base.
    head, after, before
        The sites that each base serves, as linked lists.
    log, log_size
        Changes of sites that can be undone: site, and the spoke and way before; a size of -1 means that none is kept.
    """

    server: Ints
    way: Ints
    is_open: Bools
    left: Ints
    total: Ints
    spare: Ints
    head: Ints
    after: Ints
    before: Ints
    log: Ints
    log_size: Ints


@njit(cache=True, nogil=True)
def excess(limit: Any, unit: Any, total: Any, change: Any) -> float:
    """How far the held tiers would be above their limits after a change, in sites' worth."""
    over = 0.0
    for t in range(1, len(total)):
        passed = total[t] + change[t] - limit[t]
        if passed > 0:
            over += passed * unit[t]
    return over


@njit(cache=True, nogil=True)
def add_cost(costs: Any, change: Any, sign: int, site: int, spoke: int, way: int) -> None:
    """Add what it costs (or saves) that a site is served in one way."""
    shared, on_call, uncovered, primary = costs
    for t in range(len(change)):
        if spoke == NOBODY:
            change[t] += sign * uncovered[site, t]
        elif spoke == PRIMARY:
            change[t] += sign * primary[site, t]
        elif way == SHARED:
            change[t] += sign * shared[spoke, t]
        else:
            change[t] += sign * on_call[spoke, t]


@njit(cache=True, nogil=True)
def find(field: Any, site: int, base: int) -> int:
    """Give the spoke from a base to a site, or -1."""
    lo, hi = field.into_start[site], field.into_start[site + 1]
    while lo < hi:
        middle = (lo + hi) // 2
        if field.spoke_base[field.into[middle]] < base:
            lo = middle + 1
        else:
            hi = middle
    if lo < field.into_start[site + 1] and field.spoke_base[field.into[lo]] == base:
        return int(field.into[lo])
    return -1


@njit(cache=True, nogil=True)
def has_room(use: Any, left: Any, base: int, spoke: int, out: int) -> bool:
    """Whether a base has room for a spoke once another of its spokes (or -1) is given up."""
    for k in range(NUM_LIMITS):
        room = left[base, k]
        if out >= 0:
            room += use[out, k]
        if use[spoke, k] > room:
            return False
    return True


@njit(cache=True, nogil=True)
def link(field: Any, state: Any) -> None:
    """List the sites of each base anew."""
    state.head[:] = -1
    for site in range(len(state.server)):
        if state.server[site] >= 0:
            base = field.spoke_base[state.server[site]]
            state.after[site], state.before[site] = state.head[base], -1
            if state.head[base] >= 0:
                state.before[state.head[base]] = site
            state.head[base] = site


@njit(cache=True, nogil=True)
def place(field: Any, state: Any, site: int, spoke: int, way: int) -> None:
    """Serve a site in another way, with rooms, lists and totals kept up to date."""
    costs = (field.shared, field.on_call, field.uncovered, field.primary)
    old = state.server[site]
    add_cost(costs, state.total, -1, site, old, state.way[site])
    add_cost(costs, state.total, 1, site, spoke, way)
    if old >= 0:
        base = field.spoke_base[old]
        if state.way[site] == SHARED:
            for k in range(NUM_LIMITS):
                state.left[base, k] += field.use[old, k]
        if state.before[site] >= 0:
            state.after[state.before[site]] = state.after[site]
        else:
            state.head[base] = state.after[site]
        if state.after[site] >= 0:
            state.before[state.after[site]] = state.before[site]
    state.server[site], state.way[site] = spoke, way
    if spoke >= 0:
        base = field.spoke_base[spoke]
        if way == SHARED:
            for k in range(NUM_LIMITS):
                state.left[base, k] -= field.use[spoke, k]
        state.after[site], state.before[site] = state.head[base], -1
        if state.head[base] >= 0:
            state.before[state.head[base]] = site
        state.head[base] = site


@njit(cache=True, nogil=True)
def serve(field: Any, state: Any, site: int, spoke: int, way: int) -> None:
    """Serve a site in another way, so that it can be undone."""
    size = state.log_size[0]
    if size >= 0:
        state.log[size, 0], state.log[size, 1], state.log[size, 2] = site, state.server[site], state.way[site]
        state.log_size[0] = size + 1
    place(field, state, site, spoke, way)


@njit(cache=True, nogil=True)
def hold(field: Any, state: Any, base: int, sign: int) -> None:
    """Hold a base, or give it up; its site is changed apart."""
    state.is_open[base] = sign > 0
    state.spare[field.base_class[base]] -= sign
    for t in range(len(state.total)):
        state.total[t] += sign * field.base[base, t]


@njit(cache=True, nogil=True)
def ways_to_serve(ways: Any, is_open: Any, site: int, most: int, out: Any) -> int:
    """Give the cheapest ways to serve a site from open bases: spoke and way, row by row; last nobody."""
    into_start, near, spoke_base, has_shared, has_on_call = ways
    number = 0
    for position in range(into_start[site], into_start[site + 1]):
        spoke = near[position]
        if is_open[spoke_base[spoke]]:
            if has_shared[spoke]:
                out[number, 0], out[number, 1] = spoke, SHARED
                number += 1
            if has_on_call[spoke]:
                out[number, 0], out[number, 1] = spoke, ON_CALL
                number += 1
            if number >= most:
                break
    out[number, 0], out[number, 1] = NOBODY, 0
    return number + 1
