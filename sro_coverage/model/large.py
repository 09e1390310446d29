"""
Many campuses: tier by tier with a Lagrangian bound and a search, each as near to its proof as the time allows.

For each tier the bound is raised first; its prices then say where officers are wanted, and the search ends when plan
and bound meet. What a held limit excludes is excluded for all later tiers.
"""

from __future__ import annotations

import time

import numpy as np

from sro_coverage.model.arrays import Arrays, Choice
from sro_coverage.model.beats.cuts import Cut
from sro_coverage.model.bound import Exclusions, Prices
from sro_coverage.model.feasible import any_plan
from sro_coverage.model.greedy import filled, first_choice
from sro_coverage.model.solution import (
    UNKNOWN,
    Done,
    News,
    Solution,
    SolveParams,
    Stopped,
    StopSignal,
    Watcher,
    is_near,
)
from sro_coverage.model.stars import Stars
from sro_coverage.model.tier import Clock, TierSearch
from sro_coverage.problem import Tolerance

_EARLY = 1.5  # so many times its share of the time goes to the tier that all later ones depend on
_FIRST_SHARE, _AT_ONCE_ARCS = 0.1, 300_000


def solve_large(
    arrays: Arrays,
    tolerance: Tolerance,
    params: SolveParams,
    *,
    watch: Watcher | None = None,
    stop: StopSignal | None = None,
) -> Solution:
    """
    Optimise the tiers in turn, each with the earlier ones held.

    Returns
    -------
    Solution
        With a proven bound for every tier that is a sum; ``optimal`` only if every tier was proven.
    """
    began = time.monotonic()
    stop = stop or StopSignal()
    first, is_infeasible = first_choice(arrays), False
    if first is None and len(arrays.arc_site) <= _AT_ONCE_ARCS:  # beyond it the search finds a plan sooner
        first, is_infeasible = any_plan(arrays, params.time_limit_s * _FIRST_SHARE, stop)
    if is_infeasible:
        return Solution("infeasible", None, (), time.monotonic() - began, "large")
    choice = first or _nobody(arrays)
    stars = Stars.of(arrays)
    excluded = Exclusions.of_rules(arrays, stars)
    done: list[Done] = []
    duals: list[Prices | None] = []
    cuts: list[Cut] = []
    for number, tier in enumerate(arrays.tiers):
        left_s = params.time_limit_s - (time.monotonic() - began)
        num_left = len(arrays.tiers) - number
        clock = Clock(time.monotonic(), left_s * min(_EARLY / (num_left + _EARLY - 1), 1), stop, is_last=num_left == 1)
        news = News(tier, number, len(arrays.tiers), began, watch)
        known = [(other, prices) for other, prices in zip(done, duals, strict=True) if other.limit < UNKNOWN]
        held = [(other.tier, other.limit) for other, _ in known]
        own, gap = tolerance.of(tier.name), params.gap.of(tier.name)
        bound, kept = None, Exclusions.of_nothing(arrays, stars)
        if tier.is_sum and len(stars.site) and left_s > 0 and not stop.requested:
            is_held = own == 0 and gap == 0 and number + 1 < len(arrays.tiers)
            prices = [of_tier for _, of_tier in known]
            search = TierSearch(arrays, stars, tier, held, excluded, prices, clock, news, params, is_held, cuts=cuts)
            found, bound = search.run(choice)
            cuts = search.cuts
            is_within = all(found.cost(arrays, other) <= limit for other, limit in held)  # the search sees sums only
            if is_within and (found.keeps_rules(arrays) or not choice.keeps_rules(arrays)):
                choice, kept = found, search.kept  # what is kept is about plans as good as this one
        is_plan = choice.keeps_rules(arrays)
        least = tier.least_cost if bound is None else max(bound.whole, tier.least_cost)
        if is_plan:
            reached = choice.cost(arrays, tier)
            choice = filled(arrays, choice, held + [(tier, reached)] * is_near(tier, reached, least, gap))
        cost = choice.cost(arrays, tier) if is_plan else UNKNOWN
        why: Stopped = "interrupted" if stop.requested else "time limit"
        done.append(Done(tier, min(least, cost), why, time.monotonic() - clock.began, own, gap))
        duals.append(bound.prices if bound else None)
        if not is_plan:
            continue
        for other in done:
            other.tighten(choice.cost(arrays, other.tier))
        if bound is not None:
            limit = done[-1].limit
            excluded = search.relaxation.regrets(bound.prices).beyond(limit, excluded).and_also(kept)
    if not choice.keeps_rules(arrays):
        return Solution("no plan found", None, (), time.monotonic() - began, "large")
    outcomes = tuple(other.outcome(choice.cost(arrays, other.tier)) for other in done)
    proven = all(outcome.stopped == "proven" for outcome in outcomes)
    return Solution("optimal" if proven else "feasible", choice, outcomes, time.monotonic() - began, "large")


def is_for_large(arrays: Arrays) -> bool:
    """Whether this way is any good for the rules: not for those of one of several alike, nor for several posts."""
    return not arrays.named and bool((arrays.posts == 1).all())


def _nobody(arrays: Arrays) -> Choice:
    """Give the empty plan to start from, though a rule is against it."""
    return Choice(np.zeros(len(arrays.base_site), np.bool_), np.zeros(len(arrays.arc_site), np.bool_))
