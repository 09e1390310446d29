"""
Compiled local search over the sites of a plan, its bases as they are.

A change is kept if it lessens what is above the limits, or leaves that and makes the first tier cheaper.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sro_coverage.model.kernel import NUM_LIMITS, SHARED
from sro_coverage.model.state import NOBODY, PRIMARY, add_cost, excess, has_room, place, serve, ways_to_serve

EPS = 1e-9


@njit(cache=True, nogil=True)
def improve(field: Any, state: Any, sites: Any, most: int, max_rounds: int) -> int:  # noqa: PLR0915
    """
    Reassign sites one by one, if need be by sending another one elsewhere, as long as it helps.

    Parameters
    ----------
    sites
        Which sites to try.
    most
        Ways that are tried for each site.

    Returns
    -------
    int
        Moves made.
    """
    costs = (field.shared, field.on_call, field.uncovered, field.primary)
    ways = (field.into_start, field.near, field.spoke_base, field.has_shared, field.has_on_call)
    limit, unit, total, use, left, is_open = field.limit, field.unit, state.total, field.use, state.left, state.is_open
    server, way, head, after, spoke_base = state.server, state.way, state.head, state.after, field.spoke_base
    num_tiers = len(total)
    tries = np.empty((most + 3, 2), np.int64)
    others = np.empty((most + 3, 2), np.int64)
    change = np.zeros(num_tiers, np.int64)
    half = np.zeros(num_tiers, np.int64)
    zero = np.zeros(num_tiers, np.int64)
    moves = 0
    for _ in range(max_rounds):
        moved = False
        for index in range(len(sites)):
            site = sites[index]
            if server[site] == PRIMARY or state.log_size[0] + 2 > len(state.log):
                continue
            now, now_way = server[site], way[site]
            best_over, best_first = excess(limit, unit, total, zero), np.int64(0)
            best_spoke, best_way, victim, victim_spoke, victim_way = -3, 0, -1, -1, 0
            for choice in range(ways_to_serve(ways, is_open, site, most, tries)):
                spoke, new_way = tries[choice, 0], tries[choice, 1]
                if spoke == now and (spoke == NOBODY or new_way == now_way):
                    continue
                half[:] = 0
                add_cost(costs, half, -1, site, now, now_way)
                add_cost(costs, half, 1, site, spoke, new_way)
                base = spoke_base[spoke] if spoke >= 0 else -1
                out = now if (now >= 0 and now_way == SHARED and spoke_base[now] == base) else -1
                if new_way != SHARED or has_room(use, left, base, spoke, out):
                    over = excess(limit, unit, total, half)
                    if over < best_over - EPS or (over <= best_over + EPS and half[0] < best_first):
                        best_over, best_first = over, half[0]
                        best_spoke, best_way, victim = spoke, new_way, -1
                    continue
                if out >= 0:
                    continue
                # No room: somebody else has to leave that base.
                old_base = spoke_base[now] if now >= 0 and now_way == SHARED else -1
                member = head[base]
                while member >= 0:
                    leaving = server[member]
                    if way[member] == SHARED and has_room(use, left, base, spoke, leaving):
                        for other in range(ways_to_serve(ways, is_open, member, most, others)):
                            target, target_way = others[other, 0], others[other, 1]
                            if target_way == SHARED:
                                target_base = spoke_base[target]
                                freed = now if target_base == old_base else -1
                                if target_base == base or not has_room(use, left, target_base, target, freed):
                                    continue
                            change[:] = half
                            add_cost(costs, change, -1, member, leaving, SHARED)
                            add_cost(costs, change, 1, member, target, target_way)
                            over = excess(limit, unit, total, change)
                            if over < best_over - EPS or (over <= best_over + EPS and change[0] < best_first):
                                best_over, best_first = over, change[0]
                                best_spoke, best_way = spoke, new_way
                                victim, victim_spoke, victim_way = member, target, target_way
                    member = after[member]
            if best_spoke == -3:
                continue
            if victim >= 0:
                serve(field, state, victim, victim_spoke, victim_way)
            serve(field, state, site, best_spoke, best_way)
            moves += 1
            moved = True
        if not moved:
            break
    return moves


@njit(cache=True, nogil=True)
def weigh(costs: Any, rate: Any) -> Any:
    """Weigh each row's costs in all tiers."""
    total = np.zeros(len(costs))
    for row in range(len(costs)):
        for t in range(len(rate)):
            total[row] += rate[t] * costs[row, t]
    return total


@njit(cache=True, nogil=True)
def chain(field: Any, state: Any, weights: Any, sites: Any, most: int, max_steps: int) -> int:  # noqa: PLR0915
    """
    Move a site to another base, from there another one on, and so on, where the whole chain helps.

    Cheapest chains are found as shortest paths over the bases; the last site of a chain finds room, or is called or
    left uncovered.

    Parameters
    ----------
    weights
        Cost of each spoke shared, of each on-call and of each site uncovered, all tiers weighed.
    max_steps
        Bases that are looked at for each first site.

    Returns
    -------
    int
        Chains moved.
    """
    shared, on_call, uncovered = weights
    ways = (field.into_start, field.near, field.spoke_base, field.has_shared, field.has_on_call)
    limit, unit, total, use, left, is_open = field.limit, field.unit, state.total, field.use, state.left, state.is_open
    server, way, head, after, spoke_base = state.server, state.way, state.head, state.after, field.spoke_base
    num_bases = len(is_open)
    zero = np.zeros(len(total), np.int64)
    tries = np.empty((most + 3, 2), np.int64)
    length = np.full(num_bases, np.inf)
    came_by = np.full(num_bases, -1)  # the spoke that enters each base
    came_from = np.full(num_bases, -1)
    done = np.zeros(num_bases, np.bool_)
    touched = np.empty(num_bases, np.int64)
    moved = 0
    for first in sites:
        if server[first] == PRIMARY:
            continue
        num_touched, steps = 0, 0
        now, now_way = server[first], way[first]
        home = spoke_base[now] if now >= 0 and now_way == SHARED else -1
        gain = uncovered[first] if now == NOBODY else shared[now] if now_way == SHARED else on_call[now]
        best, best_base, best_site, best_spoke, best_way = -1e-6, -1, -1, -1, 0
        site, base, so_far = first, -1, -gain
        while True:
            # Where can `site` go, if it leaves `base`?
            for choice in range(ways_to_serve(ways, is_open, site, most, tries)):
                spoke, new_way = tries[choice, 0], tries[choice, 1]
                if new_way != SHARED:
                    if site == first:
                        continue
                    step = so_far + (uncovered[site] if spoke == NOBODY else on_call[spoke])
                    if step < best:
                        best, best_base, best_site, best_spoke, best_way = step, base, site, spoke, new_way
                    continue
                target = spoke_base[spoke]
                step = so_far + shared[spoke]
                if target == base or step >= length[target]:
                    continue
                if target == home:
                    if site != first and step < best and has_room(use, left, target, spoke, now):
                        best, best_base, best_site, best_spoke, best_way = step, base, site, spoke, SHARED
                    continue
                if has_room(use, left, target, spoke, -1):
                    if step < best:
                        best, best_base, best_site, best_spoke, best_way = step, base, site, spoke, SHARED
                    continue
                if done[target]:
                    continue
                if length[target] == np.inf:
                    touched[num_touched] = target
                    num_touched += 1
                length[target], came_by[target], came_from[target] = step, spoke, base
            # The next member of the base, or the next base.
            member = after[site] if base >= 0 else -1
            while True:
                while member >= 0 and not (
                    way[member] == SHARED and has_room(use, left, base, came_by[base], server[member])
                ):
                    member = after[member]
                if member >= 0 or steps >= max_steps:
                    break
                nearest = -1
                for position in range(num_touched):
                    candidate = touched[position]
                    if not done[candidate] and (nearest < 0 or length[candidate] < length[nearest]):
                        nearest = candidate
                if nearest < 0:
                    break
                base = nearest
                done[base] = True
                steps += 1
                member = head[base]
            if member < 0:
                break
            site = member
            so_far = length[base] - shared[server[member]]
        if best_site >= 0:
            over, cost = excess(limit, unit, total, zero), total[0]
            begin = max(state.log_size[0], 0)
            was_logging = state.log_size[0] >= 0
            if begin + 2 * num_bases + 2 > len(state.log):
                break
            state.log_size[0] = begin
            site, spoke, new_way, base = best_site, best_spoke, best_way, best_base
            while True:
                serve(field, state, site, spoke, new_way)
                if base < 0:
                    break
                spoke, new_way = came_by[base], SHARED
                site, base = field.spoke_site[spoke], came_from[base]
            now_over = excess(limit, unit, total, zero)
            fits = True
            for entry in range(begin, state.log_size[0]):
                spoke = server[state.log[entry, 0]]
                if spoke >= 0:
                    for k in range(NUM_LIMITS):
                        fits = fits and left[spoke_base[spoke], k] >= 0
            if fits and (now_over < over - EPS or (now_over <= over + EPS and total[0] < cost)):
                moved += 1
            else:
                for entry in range(state.log_size[0] - 1, begin - 1, -1):
                    place(field, state, state.log[entry, 0], state.log[entry, 1], state.log[entry, 2])
                state.log_size[0] = begin
            if not was_logging:
                state.log_size[0] = -1
        for position in range(num_touched):
            length[touched[position]], done[touched[position]] = np.inf, False
    return moved
