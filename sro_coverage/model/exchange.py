"""Compiled local search over the bases of a plan: an officer is based elsewhere, and what that leaves is set right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sro_coverage.model.kernel import ON_CALL, SHARED
from sro_coverage.model.reassign import EPS, chain, improve
from sro_coverage.model.state import NOBODY, PRIMARY, excess, find, has_room, hold, place, serve

_NUM_EAGER = 8


@njit(cache=True, nogil=True)
def _move_base(field: Any, state: Any, new: int, old: int) -> None:
    """Base somebody at `new` (or -1) instead of `old` (or -1); what `old` served is then served by nobody."""
    if new >= 0:
        hold(field, state, new, 1)
        serve(field, state, field.base_site[new], PRIMARY, 0)
    if old >= 0:
        serve(field, state, field.base_site[old], NOBODY, 0)
        hold(field, state, old, -1)
        while state.head[old] >= 0:
            serve(field, state, state.head[old], NOBODY, 0)


@njit(cache=True, nogil=True)
def _undo(field: Any, state: Any, new: int, old: int) -> None:
    """Take back `_move_base` and all that was changed since."""
    if new >= 0:
        hold(field, state, new, -1)
    if old >= 0:
        hold(field, state, old, 1)
    for entry in range(state.log_size[0] - 1, -1, -1):
        place(field, state, state.log[entry, 0], state.log[entry, 1], state.log[entry, 2])
    state.log_size[0] = 0


@njit(cache=True, nogil=True)
def _hand_over(field: Any, state: Any, new: int, old: int) -> None:
    """Let a new base share and answer what the log says that the old one did, as far as it can."""
    use, left = field.use, state.left
    for entry in range(state.log_size[0]):
        site, spoke = state.log[entry, 0], state.log[entry, 1]
        if state.server[site] == NOBODY and (spoke == PRIMARY or (spoke >= 0 and field.spoke_base[spoke] == old)):
            mine = find(field, site, new)
            if mine >= 0:
                if state.log[entry, 2] != ON_CALL and field.has_shared[mine] and has_room(use, left, new, mine, -1):
                    place(field, state, site, mine, SHARED)
                elif field.has_on_call[mine]:
                    place(field, state, site, mine, ON_CALL)


@njit(cache=True, nogil=True)
def _attempt(
    field: Any, state: Any, weights: Any, move: Any, local: Any, most: int, over_at_most: float, cost_at_most: int
) -> None:
    """
    Move a base and set right what that leaves behind; it can be undone.

    Parameters
    ----------
    move
        New base, old base or -1, and 1 to hand the old beat over to the new base.
    over_at_most, cost_at_most
        Given up if it is worse once the sites left behind are served.
    """
    limit, unit, total = field.limit, field.unit, state.total
    new, old, keep = move
    state.log_size[0] = 0
    _move_base(field, state, new, old)
    left_behind = state.log[: state.log_size[0], 0].copy()
    if keep:
        _hand_over(field, state, new, old)
    zero = np.zeros(len(total), np.int64)
    for stage in range(2):
        improve(field, state, local if stage == 1 else left_behind, most, 2)
        if stage == 0:
            over = excess(limit, unit, total, zero)
            if over > over_at_most + 101 or (over <= over_at_most and total[0] > cost_at_most):
                return
    eager = local[max(len(local) - _NUM_EAGER, 0) :]
    chain(field, state, weights, np.concatenate((left_behind, eager)), most, 2 * most)


@njit(cache=True, nogil=True)
def _near(field: Any, state: Any, new: int, weak: Any, num_near: int, out: Any) -> int:
    """Give the bases that a new base could replace: none if there is an officer to spare, the nearest, the weakest."""
    count = 0
    if state.spare[field.base_class[new]] > 0:
        out[0] = -1
        count = 1
    spoke = state.server[field.base_site[new]]
    server = field.spoke_base[spoke] if spoke >= 0 else -1
    if server >= 0 and field.base_class[server] == field.base_class[new] and field.posts[field.base_site[server]] == 1:
        out[count] = server
        count += 1
    for spoke in range(field.start[new], field.start[new + 1]):
        if count >= num_near:
            break
        base = field.base_at[field.base_class[new], field.spoke_site[spoke]]
        if base >= 0 and base != server and state.is_open[base] and field.posts[field.base_site[base]] == 1:
            out[count] = base
            count += 1
    for base in weak:
        known = not state.is_open[base] or field.base_class[base] != field.base_class[new]
        for position in range(count):
            known = known or out[position] == base
        if not known:
            out[count] = base
            count += 1
    return count


@njit(cache=True, nogil=True)
def closing(field: Any, state: Any, bases: Any, most: int, loss: Any) -> None:
    """Find what it costs, excess included, to give up each of some bases and serve its sites anew."""
    zero = np.zeros(len(state.total), np.int64)
    over = excess(field.limit, field.unit, state.total, zero)
    cost = state.total[0]
    for index in range(len(bases)):
        base = bases[index]
        if field.posts[field.base_site[base]] != 1:
            loss[index] = np.inf
            continue
        state.log_size[0] = 0
        _move_base(field, state, -1, base)
        left_behind = state.log[: state.log_size[0], 0].copy()
        improve(field, state, left_behind, most, 1)
        now = excess(field.limit, field.unit, state.total, zero) - over
        loss[index] = (state.total[0] - cost) * field.unit[0] + 10 * now
        _undo(field, state, -1, base)
    state.log_size[0] = -1


@njit(cache=True, nogil=True)
def give_up(field: Any, state: Any, bases: Any, most: int) -> int:
    """Give up each of some bases that is not missed, its sites served anew; gives the number given up."""
    zero = np.zeros(len(state.total), np.int64)
    number = 0
    for base in bases:
        if field.posts[field.base_site[base]] != 1:
            continue
        over, cost = excess(field.limit, field.unit, state.total, zero), state.total[0]
        state.log_size[0] = 0
        _move_base(field, state, -1, base)
        improve(field, state, state.log[: state.log_size[0], 0].copy(), most, 1)
        if excess(field.limit, field.unit, state.total, zero) > over + EPS or state.total[0] > cost:
            _undo(field, state, -1, base)
        else:
            number += 1
    state.log_size[0] = -1
    return number


@njit(cache=True, nogil=True)
def _add_eager(field: Any, state: Any, weights: Any, new: int, local: Any, num_local: int) -> int:
    """Add to a list the sites that nobody covers and that would gain most from a new base."""
    shared, on_call, uncovered = weights
    most = np.full(_NUM_EAGER, 0.0)
    which = np.full(_NUM_EAGER, -1)
    for spoke in range(field.start[new], field.start[new + 1]):
        site = field.spoke_site[spoke]
        now = state.server[site]
        if now == PRIMARY or not field.has_shared[spoke] or (now >= 0 and state.way[site] == SHARED):
            continue
        gain = (uncovered[site] if now == NOBODY else on_call[now]) - shared[spoke]
        least = np.argmin(most)
        if gain > most[least]:
            most[least], which[least] = gain, site
    for site in which:
        if site >= 0 and num_local < len(local):
            local[num_local] = site
            num_local += 1
    return num_local


@njit(cache=True, nogil=True)
def exchange(
    field: Any, state: Any, weights: Any, candidates: Any, weak: Any, num_near: int, most: int, patience: float
) -> int:
    """
    Try to base somebody at each candidate, in place of each of the officers near it.

    Parameters
    ----------
    weak
        Officers anywhere who are tried too.
    num_near
        How many officers near a candidate are tried.
    patience
        A try is given up if, once the sites left behind are served, it is worse by more than so many sites' mean cost.

    Returns
    -------
    int
        Exchanges made.
    """
    limit, unit, total = field.limit, field.unit, state.total
    num_sites = len(state.server)
    zero = np.zeros(len(total), np.int64)
    near = np.empty(num_near + len(weak) + 2, np.int64)
    local = np.empty(num_sites + _NUM_EAGER, np.int64)
    made = 0
    for new in candidates:
        home = field.base_site[new]
        if state.is_open[new] or state.server[home] == PRIMARY or not field.allowed[new] or field.posts[home] != 1:
            continue
        count = _near(field, state, new, weak, num_near, near)
        num_local = 0
        for position in range(count):
            if near[position] >= 0:
                member = state.head[near[position]]
                while member >= 0:
                    local[num_local] = member
                    num_local += 1
                    member = state.after[member]
        start_over, start_cost = excess(limit, unit, total, zero), total[0]
        worst = start_cost + int(patience * abs(start_cost) / num_sites)
        num_local = _add_eager(field, state, weights, new, local, num_local)
        over, cost = start_over, start_cost
        best = (-1, -1, -1)
        # Every way, and then the best again.
        for number in range(2 * count + 1):
            is_last = number == 2 * count
            move = best if is_last else (new, near[number // 2], number % 2)
            if move[0] < 0 or (move[1] < 0 and move[2] == 1):
                continue
            _attempt(field, state, weights, move, local[:num_local], most, start_over, worst)
            now_over, now_cost = excess(limit, unit, total, zero), total[0]
            if is_last:
                over, cost = start_over, start_cost  # lists in another order can lead another way
            if now_over < over - EPS or (now_over <= over + EPS and now_cost < cost):
                over, cost = now_over, now_cost
                best = move
                if is_last:
                    made += 1
                    break
            _undo(field, state, move[0], move[1])
    state.log_size[0] = -1
    return made


@njit(cache=True, nogil=True)
def move(field: Any, state: Any, weights: Any, new: int, old: int, most: int) -> None:
    """Base somebody at `new` instead of `old` and serve what that leaves behind, whatever it costs."""
    nothing = np.empty(0, np.int64)
    _attempt(field, state, weights, (new, old, 0), nothing, most, np.inf, np.iinfo(np.int64).max)
    state.log_size[0] = -1


@njit(cache=True, nogil=True)
def round_bases(field: Any, share: Any, officers: Any) -> Any:
    """
    Choose whole bases from shares of bases: the largest first, each made whole by the shares nearest to it.

    Parameters
    ----------
    share
        For each base, how much of it is held; it is used up.
    officers
        Of each class.
    """
    chosen = np.zeros(len(share), np.bool_)
    taken = np.zeros(len(field.posts), np.bool_)
    left = officers.copy()
    for base in range(len(share)):
        if field.posts[field.base_site[base]] != 1 or not field.allowed[base]:
            share[base] = 0
    while True:
        best = -1
        for base in range(len(share)):
            is_free = left[field.base_class[base]] > 0 and not taken[field.base_site[base]]
            if is_free and share[base] > (share[best] if best >= 0 else 0):
                best = base
        if best < 0:
            return np.flatnonzero(chosen)
        number = field.base_class[best]
        chosen[best], taken[field.base_site[best]] = True, True
        left[number] -= 1
        missing = 1 - share[best]
        share[best] = 0
        for spoke in range(field.start[best], field.start[best + 1]):
            if missing <= 1e-9:
                break
            other = field.base_at[number, field.spoke_site[spoke]]
            if other >= 0 and share[other] > 0:
                used = min(missing, share[other])
                share[other] -= used
                missing -= used
