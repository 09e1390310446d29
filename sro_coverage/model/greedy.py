"""A first plan, and the free additions to any plan: quick, never worse, no proof."""

from __future__ import annotations

import numpy as np

from sro_coverage.model.arrays import Arrays, Choice, TierArrays
from sro_coverage.travel import Ints


def first_choice(arrays: Arrays) -> Choice | None:
    """
    Base officers where the tiers gain most, one after another, then fill up.

    Returns
    -------
    Choice or None
        None if a pin or forbid speaks against leaving sites uncovered; then only a search can tell.
    """
    nobody = Choice.of_nobody(arrays)
    if nobody is None:
        return None
    tiers = [tier for tier in arrays.tiers if not tier.bottleneck]
    site = arrays.base_site
    gain = np.asarray(
        [tier.primary_cost[site] + tier.base_cost - tier.uncovered_cost[site] for tier in tiers], np.int64
    )
    base, waiting = nobody.base.copy(), [len(members) for members in arrays.class_officers]
    taken = arrays.posts > 1  # several officers at once are left to the search
    for b in np.lexsort(gain[::-1]) if tiers else ():
        if waiting[arrays.base_class[b]] and not taken[site[b]] and is_better(gain[:, b]):
            base[b] = taken[site[b]] = True
            waiting[arrays.base_class[b]] -= 1
    choice = filled(arrays, Choice(base, nobody.arc), limits=[])
    return choice if choice.keeps_rules(arrays) else None


def filled(arrays: Arrays, choice: Choice, limits: list[tuple[TierArrays, int]]) -> Choice:
    """
    Let officers share and be called where it makes the tiers better, in their order.

    Parameters
    ----------
    limits
        Tiers that are held, with the cost that they may not pass.
    """
    bottleneck = any(tier.bottleneck for tier in arrays.tiers)
    tiers = [tier for tier in arrays.tiers if not tier.bottleneck]
    if not tiers:
        return choice
    cost = {tier.name: choice.cost(arrays, tier) for tier in arrays.tiers}
    held = {tier.name: limit for tier, limit in limits}
    room = [np.where(choice.base, tier, 0) for tier in (arrays.cap_seconds, arrays.cap_peaks)]
    room += [np.where(choice.base, tier, 0) for tier in (arrays.cap_students, arrays.cap_count)]
    uses = (arrays.arc_seconds, arrays.arc_peaks, arrays.arc_students, arrays.arc_is_shared.astype(np.int64))
    for left, use in zip(room, uses, strict=True):
        np.subtract.at(left, arrays.arc_base[choice.arc], use[choice.arc])
    arc = choice.arc.copy()
    uncovered = choice.uncovered(arrays)
    for pin in arrays.pins:
        uncovered[pin.uncovered] = False  # nobody may serve these
    may_use = choice.base[arrays.arc_base] & uncovered[arrays.arc_site]
    for officer in arrays.named:
        may_use[officer.forbid_arcs] = False  # so that whoever has a name can keep the beat
    usable = np.flatnonzero(may_use)
    if bottleneck:
        usable = usable[~arrays.arc_is_shared[usable]]
    change = np.asarray([tier.arc_cost[usable] - tier.uncovered_cost[arrays.arc_site[usable]] for tier in tiers])
    for position in np.lexsort(change[::-1]):
        a, delta = usable[position], change[:, position]
        site, base = arrays.arc_site[a], arrays.arc_base[a]
        fits = all(use[a] <= left[base] for left, use in zip(room, uses, strict=True))
        allowed = all(
            cost[tier.name] + step <= held.get(tier.name, cost[tier.name] + step)
            for tier, step in zip(tiers, delta, strict=True)
        )
        if uncovered[site] and fits and allowed and is_better(delta):
            arc[a], uncovered[site] = True, False
            for left, use in zip(room, uses, strict=True):
                left[base] -= use[a]
            for tier, step in zip(tiers, delta, strict=True):
                cost[tier.name] += int(step)
    return Choice(choice.base, arc)


def is_better(change: Ints) -> bool:
    """Whether the first tier that changes at all gets cheaper."""
    changed = np.flatnonzero(change)
    return bool(len(changed) and change[changed[0]] < 0)
