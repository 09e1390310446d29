"""
Prices of officers and held limits at which components, each by its own linear program, use what there is.

References
----------
Dantzig and Wolfe (1960), Decomposition principle for linear programs, Operations Research 8.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sro_coverage.model.bound import Evaluation, Exclusions, Prices
from sro_coverage.model.compact import Compact
from sro_coverage.model.draft import Draft
from sro_coverage.model.highs import relaxed
from sro_coverage.model.split import Split, together
from sro_coverage.travel import Floats, Ints

_SITES_AT_ONCE = 1_000
_MOST_ROUNDS = 8
_SETTLED, _NEAR = 1e-3, 3e-3
_SLOPE, _FAR = 2.5, 1.5  # how much the price rises for each part by which too many are wanted, and how far at once
_CHOOSE_S = 10.0


@dataclass(frozen=True, eq=False)
class _Answer:
    """Of a linear program: its prices, what it costs in each tier, and officers of each class."""

    prices: Prices
    cost: Floats
    officers: Floats


class Demand:
    """
    How many officers were wanted at which prices.

    Parameters
    ----------
    officers
        How many there are of each class.
    """

    def __init__(self, officers: Ints) -> None:
        self._officers = officers
        self._met: list[tuple[Floats, Floats]] = []

    def add(self, price: Floats, wanted: Floats | Ints) -> None:
        """Note what was wanted at a price for each class."""
        self._met.append((price, np.array(wanted, np.float64)))

    def price(self, otherwise: Floats) -> Floats:
        """Give the price at which a straight line wants just what there is; `otherwise` where nothing is known."""
        price = otherwise.copy()
        for kind, number in enumerate(self._officers):
            points = [(float(at[kind]), float(wanted[kind])) for at, wanted in self._met]
            low, much = max((point for point in points if point[1] > number), default=(0.0, 0.0))
            high, little = min((point for point in points if point[1] <= number), default=(np.inf, 0.0))
            if low and high < np.inf:
                price[kind] = np.interp(-number, (-much, -little), (low, high)) if low < high else (low + high) / 2
            elif low or 0 < high < np.inf:
                at, wanted = (low, much) if low else (high, little)
                price[kind] = at * np.clip(1 + _SLOPE * (wanted / number - 1), 1 / _FAR, _FAR)
        return price


def price_shared(
    split: Split,
    draft: Draft,
    prices: Prices,
    useful: Callable[[Prices], Exclusions],
    met: Callable[[Prices, Evaluation], object],
    *,
    ends: float,
    at_once: int,
    is_stopped: Callable[[], bool],
) -> Prices:
    """
    Find prices of what components share, and of all sites, by the components' linear programs.

    Every answer is a column of a program that chooses among them; its prices are the next ones.

    Parameters
    ----------
    prices
        To begin with.
    useful
        Gives what is to be left out of the programs at some prices.
    met
        Shown all prices and what they give.

    Returns
    -------
    Prices
        Those at which what is shared is used most nearly as far as it goes; the best bound may be at others.
    """
    relaxation = split.relaxation
    batches = together(np.argsort(-split.size, kind="stable"), split.size, _SITES_AT_ONCE)
    now = split.spent(draft)
    costs, needs = ([part[batch].sum(axis=0) for batch in batches] for part in (now.cost, now.officers))
    officer, held = relaxation.evaluate(prices).officer / relaxation.scale, np.where(split.is_tight, 0, prices.held)
    nearest, at, value, demand = np.inf, prices, -np.inf, Demand(split.officers)
    room = split.ground.field.limit[1:]
    for _ in range(_MOST_ROUNDS):
        out = useful(prices)

        def solve(batch: Ints, officer: Floats = officer, held: Floats = held, out: Exclusions = out) -> _Answer | None:
            left_s = ends - time.monotonic()
            if is_stopped() or left_s <= 0:
                return None
            return _solved(split, Compact(draft, np.isin(split.label, batch), out), officer, held, left_s, is_stopped)

        with ThreadPoolExecutor(at_once) as pool:
            found = [answer for answer in pool.map(solve, batches) if answer is not None]
        if len(found) < len(batches):
            break
        prices = _common(split, batches, found, officer, held)
        evaluation = relaxation.evaluate(prices)
        met(prices, evaluation)
        value = max(value, evaluation.bound)
        off = _off(split, found, held)
        if off < nearest:
            nearest, at = off, prices
        if not (officer.any() or held.any() or evaluation.officer.any()):  # nothing that is shared is short
            break
        demand.add(officer, np.sum([answer.officers for answer in found], axis=0))
        costs += [answer.cost for answer in found]
        needs += [answer.officers for answer in found]
        rows = np.tile(np.arange(len(batches)), len(costs) // len(batches))
        program, scales = split.choice(rows, np.asarray(costs), np.asarray(needs), split.officers, room)
        chosen = relaxed(program, _CHOOSE_S)
        if chosen.row_prices is None or chosen.values is None or nearest < _NEAR:
            break
        least = float(np.asarray(costs)[:, 0] @ chosen.values)
        if least - value <= _SETTLED * abs(least):
            break
        next_ = split.prices_of(chosen.row_prices, scales)
        officer, held = ((old + new) / 2 for old, new in zip((at.officer, at.held), next_, strict=True))
        held[split.is_tight] = 0
        if not held.any():  # else what officers are wanted also depends on the other prices
            officer = demand.price(officer)
    return at


def _off(split: Split, found: list[_Answer], held: Floats) -> float:
    """Say how far officers, and held tiers that have a price, are from being used just as far as they go."""
    officers = np.asarray([answer.officers for answer in found]).sum(axis=0)
    cost = np.asarray([answer.cost for answer in found]).sum(axis=0)[1 : len(held) + 1]
    limit = np.asarray(split.relaxation.limits[1:])
    priced = ~split.is_tight & (held > 0) & (limit != 0)
    used = np.concatenate((officers / np.maximum(split.officers, 1), cost[priced] / limit[priced]))
    return float(np.abs(used - 1).max())


def _solved(
    split: Split, compact: Compact, officer: Floats, held: Floats, time_limit_s: float, is_stopped: Callable[[], bool]
) -> _Answer | None:
    """Solve the linear program of some components."""
    scale = split.relaxation.scale
    weights = np.asarray((scale, *split.relaxation.weigh(held)))
    program, unit = compact.weighed(weights, np.rint(officer * scale).astype(np.int64), split.is_tight)
    found = relaxed(program, time_limit_s, is_stopped)
    if found.values is None or found.row_prices is None:
        return None
    return _Answer(compact.prices(found.row_prices, unit / scale), *compact.spent(found.values))


def _common(split: Split, batches: list[Ints], found: list[_Answer], officer: Floats, held: Floats) -> Prices:
    """
    Give each tight tier the same price everywhere, the highest that any component has for it.

    A component with a lower one adds the difference times the prices at which the tier was proven: what it costs at
    least goes up by just what its share of the limit is worth.
    """
    of_component = np.zeros(split.number, np.int64)
    for number, batch in enumerate(batches):
        of_component[batch] = number
    of_site = of_component[split.label]
    site = np.empty(len(of_site))
    for number, answer in enumerate(found):
        site[of_site == number] = answer.prices.site
    rates = np.asarray([answer.prices.held for answer in found])
    held = held.copy()
    for number in np.flatnonzero(split.is_tight)[::-1]:
        dual = split.duals[number]
        if dual is not None:
            held[number] = rates[:, number].max()
            more = held[number] - rates[:, number]
            site += more[of_site] * dual.site
            rates[:, :number] += more[:, None] * dual.held
    return Prices(site, officer, held)
