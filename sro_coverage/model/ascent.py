"""
Prices at which the bound is high, found by subgradient steps with a smoothed direction (the volume method).

References
----------
Barahona and Anbil (2000), The volume algorithm, Mathematical Programming 87.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sro_coverage.model.bound import Evaluation, Prices, Relaxation
from sro_coverage.travel import Floats

_POOR_ROUNDS = 3
_SPAN = 100
_MOST_STEPS = 500
_FRESHEST = 0.3  # most that a new slope counts for in the direction


@dataclass
class Bound:
    """
    The best bound so far and where it was found.

    Parameters
    ----------
    whole
        No plan costs less.
    """

    prices: Prices
    value: float
    whole: int
    evaluation: Evaluation
    rounds: int = 0
    is_settled: bool = False
    openness: Floats = field(default_factory=lambda: np.empty(0))


def ascend(
    relaxation: Relaxation,
    prices: Prices,
    target: float,
    *,
    rounds: int = 300,
    enough: Callable[[Bound], bool] = lambda _: False,
    met: Callable[[Evaluation], None] = lambda _: None,
) -> Bound:
    """
    Raise the bound by the volume method.

    Parameters
    ----------
    target
        Cost of a known plan, or infinity; it only sizes the steps.
    enough
        Asked after every round whether to end.
    met
        Shown every relaxed answer.
    """
    scale = _step_scales(relaxation)
    num_sites, num_classes = len(prices.site), len(prices.officer)

    def at(point: Floats) -> Prices:
        point = point * scale
        return Prices(point[:num_sites], point[num_sites : num_sites + num_classes], point[num_sites + num_classes :])

    centre = np.concatenate((prices.site, prices.officer, prices.held)) / scale
    evaluation = relaxation.evaluate(at(centre))
    best = Bound(at(centre), evaluation.bound, evaluation.whole, evaluation)
    direction = evaluation.slope * scale
    openness = best.openness = np.zeros(len(relaxation.arrays.base_site))
    openness[evaluation.bases] = 1
    checkpoint = best.value
    factor, poor, good, alpha = 1.0, 0, 0, _FRESHEST
    for number in range(rounds):
        free = (np.arange(len(centre)) < num_sites) | (centre > 0) | (direction > 0)
        norm = float((direction[free] ** 2).sum())
        if norm < 1e-9:
            break
        reach = min(
            max(target - best.value, abs(best.value) * 1e-4, 1e-6),
            max(abs(best.value) * 0.1, 1.0) if target == np.inf else np.inf,
        )
        point = centre + factor * reach / norm * direction
        point[num_sites:] = np.maximum(point[num_sites:], 0)
        evaluation = relaxation.evaluate(at(point))
        met(evaluation)
        slope = evaluation.slope * scale
        if evaluation.bound > best.value:
            agree = float(slope @ direction)
            best = Bound(at(point), evaluation.bound, max(evaluation.whole, best.whole), evaluation)
            centre, poor = point, 0
            if agree > 0:
                good += 1
                if good >= 2:
                    factor, good = min(factor * 1.2, 2.0), 0
        else:
            poor, good = poor + 1, 0
            if poor >= _POOR_ROUNDS:
                factor, poor = max(factor * 0.8, 1e-4), 0
        # How much of the new slope makes the averaged direction shortest.
        difference = direction - slope
        length = float(difference @ difference)
        weight = float(direction @ difference) / length if length > 0 else alpha
        weight = min(max(weight, alpha / 10), alpha)
        direction = weight * slope + (1 - weight) * direction
        openness *= 1 - weight
        openness[evaluation.bases] += weight
        best.rounds, best.openness = number + 1, openness
        if number % _SPAN == _SPAN - 1:
            best.is_settled = best.value - checkpoint < 2e-5 * max(abs(best.value), 1)
            checkpoint = best.value
        if number % 50 == 49:
            alpha = max(alpha * 0.75, 0.01)
        if enough(best):
            break
    return best


def _step_scales(relaxation: Relaxation) -> Floats:
    """Units of the prices in which one step suits them all."""
    arrays = relaxation.arrays
    num_sites = max(len(arrays.posts), 1)
    held = relaxation.sizes[0] / relaxation.sizes[1:] * 3 / num_sites
    officers = np.full(len(arrays.class_officers), 1.0 / np.sqrt(num_sites))
    return np.concatenate((np.ones(num_sites if len(arrays.posts) else 0), officers, held))


def good_start(
    relaxation: Relaxation, duals: list[Prices | None], *, is_over: Callable[[], bool] = lambda: False
) -> Prices:
    """
    Find prices to begin with: the cost of a near base, a share of an officer, and earlier tiers' own prices.

    Parameters
    ----------
    duals
        Prices at which each held tier was bounded, where there were any.
    is_over
        Asked before every step whether to end with the best so far.
    """
    arrays = relaxation.arrays
    num_sites, num_held = len(arrays.posts), len(relaxation.held)
    nothing = np.zeros(len(arrays.class_officers))
    best = Prices(np.zeros(num_sites), nothing, np.zeros(num_held))
    value = relaxation.evaluate(best).bound

    def consider(prices: Prices) -> float:
        nonlocal best, value
        found = -np.inf if is_over() else relaxation.evaluate(prices).bound
        if found > value:
            best, value = prices, found
        return found

    for t, dual in enumerate(duals):
        before = best
        for power in range(-2, 8):
            rate = 2.0**power * relaxation.sizes[0] / max(relaxation.sizes[t + 1], 1e-9)
            held = before.held.copy()
            held[t] += rate
            site = before.site
            if dual is not None:
                site = site + rate * dual.site
                held[: len(dual.held)] += rate * dual.held
            consider(Prices(site, nothing, held))
    before = best
    near = relaxation.near_cost()
    least, most = relaxation.least_price(before), relaxation.most_price(before)
    steps = np.unique(most[most < np.inf])
    steps = steps[:: max(len(steps) // _MOST_STEPS, 1)]
    for share in (0.0, 0.5, 1.0):
        base = before.site + share * near
        for step in (near.mean() * k for k in (0.0, 0.5, 1.0, 2.0)):
            consider(Prices(np.clip(base + step, least, most), nothing, before.held))
        lo, hi = 0, len(steps) - 1
        while lo < hi and not is_over():  # the bound is concave in one common step
            middle = (lo + hi) // 2
            here, beyond = (
                consider(Prices(np.clip(base + step, least, most), nothing, before.held))
                for step in steps[middle : middle + 2]
            )
            lo, hi = (lo, middle) if here >= beyond else (middle + 1, hi)
    return best
