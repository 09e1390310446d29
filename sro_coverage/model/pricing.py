"""
Prices of officers and held limits at which components, each by its own linear program, use what there is.

References
----------
Dantzig and Wolfe (1960), Decomposition principle for linear programs, Operations Research 8. Marsten, Hogan and
Blankenship (1975), The boxstep method for large-scale optimization, Operations Research 23.
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
from sro_coverage.model.split import Split, Use, together
from sro_coverage.travel import Floats, Ints

_SITES_AT_ONCE = 1_000
_MOST_ROUNDS = 8
_SETTLED, _BOX = 3e-4, 2.0
_CHOOSE_S = 10.0


@dataclass(frozen=True, eq=False)
class _Answer:
    """Of a linear program: its prices, what it costs in each tier, and officers of each class."""

    prices: Prices
    cost: Floats
    officers: Floats


class SharedPrices:
    """
    Prices of what components share, and of all sites, by the components' linear programs.

    Every answer is a column of a program that chooses among them; its prices are the next ones. Whole plans use more
    than linear programs do: how much is taken from plans met, and from then on added to every answer.

    Parameters
    ----------
    draft
        A plan, whose use is a column too.
    prices
        To begin with.
    useful
        Gives what is to be left out of the programs at some prices.
    met
        Shown all prices and what they give.

    Attributes
    ----------
    prices
        Those at which what is shared is worth the most, so that it is used as far as it goes.
    """

    def __init__(
        self,
        split: Split,
        draft: Draft,
        prices: Prices,
        useful: Callable[[Prices], Exclusions],
        met: Callable[[Prices, Evaluation], object],
        at_once: int,
        is_stopped: Callable[[], bool],
    ) -> None:
        self._split, self.prices, self._useful, self._met = split, prices, useful, met
        self._at_once, self._is_stopped = at_once, is_stopped
        self._batches = together(np.argsort(-split.size, kind="stable"), split.size, _SITES_AT_ONCE)
        self._now = self._of_batches(split.spent(draft))
        self._answers: list[list[_Answer]] = []
        self._at: list[_Answer] = []
        self._beyond: tuple[Floats, Floats] | None = None

    def settle(self, draft: Draft, ends: float) -> None:
        """
        Find the prices, from those at hand on; with a box around them once whole plans have been met.

        Parameters
        ----------
        draft
            What it uses is never left out.
        """
        split, relaxation, prices = self._split, self._split.relaxation, self.prices
        best, fails = -np.inf, 0
        if self._answers:
            _, officer, held = self._next(fails)
        else:
            officer = relaxation.evaluate(prices).officer / relaxation.scale
            held = np.where(split.is_tight, 0, prices.held)
        for _ in range(_MOST_ROUNDS):
            found = self._answered(draft, officer, held, self._useful(prices), ends)
            if found is None:
                break
            self._answers.append(found)
            prices = _common(split, self._batches, found, officer, held)
            evaluation = relaxation.evaluate(prices)
            self._met(prices, evaluation)
            value = self._value(found, officer, held)
            fails = 0 if value > best else fails + 1
            if value > best:
                best, self.prices, self._at = value, prices, found
            if not (officer.any() or held.any() or evaluation.officer.any()):  # nothing that is shared is short
                break
            least, officer, held = self._next(fails)
            if least - best <= _SETTLED * abs(least):
                break

    def learn(self, use: Use) -> None:
        """Take from a plan made at these prices, given component by component, how much more whole plans use."""
        if self._at:
            cost, officers = (now - linear for now, linear in zip(self._of_batches(use), _used(self._at), strict=True))
            cost[:, 1:-1][:, self._split.is_tight] = 0
            self._beyond = cost, officers

    def _of_batches(self, use: Use) -> tuple[Floats, Floats]:
        cost, officers = (
            np.asarray([part[batch].sum(axis=0) for batch in self._batches], np.float64)
            for part in (use.cost, use.officers)
        )
        return cost, officers

    def _answered(
        self, draft: Draft, officer: Floats, held: Floats, out: Exclusions, ends: float
    ) -> list[_Answer] | None:
        """Solve all linear programs at some prices; None if there is no time for all of them."""

        def solve(batch: Ints) -> _Answer | None:
            left_s = ends - time.monotonic()
            if self._is_stopped() or left_s <= 0:
                return None
            compact = Compact(draft, np.isin(self._split.label, batch), out)
            return _solved(self._split, compact, officer, held, left_s, self._is_stopped)

        with ThreadPoolExecutor(self._at_once) as pool:
            found = [answer for answer in pool.map(solve, self._batches) if answer is not None]
        return found if len(found) == len(self._batches) else None

    def _corrected(self, found: list[_Answer]) -> tuple[Floats, Floats]:
        """Give what answers cost, and the officers they need, with what whole plans use beyond that."""
        cost, officers = _used(found)
        return (cost, officers) if self._beyond is None else (cost + self._beyond[0], officers + self._beyond[1])

    def _value(self, found: list[_Answer], officer: Floats, held: Floats) -> float:
        """Give what all answers cost at prices, less what there is at these prices."""
        cost, officers = (part.sum(axis=0) for part in self._corrected(found))
        over = cost[1:-1] - self._split.ground.field.limit[1:-1]
        return float(cost[0] + officer @ (officers - self._split.officers) + held @ over)

    def _next(self, fails: int) -> tuple[float, Floats, Floats]:
        """
        Choose among all answers, part by part; gives what that costs, with what is bought and sold at the edges of the
        box, and prices half-way to those of the choice.

        Parameters
        ----------
        fails
            The more often in a row prices were no better, the smaller the box.
        """
        split, at = self._split, self.prices
        columns, box = [self._now, *(self._corrected(found) for found in self._answers)], None
        if self._beyond is not None:
            wide, price = _BOX ** (0.5**fails), np.concatenate((at.officer, at.held[~split.is_tight]))
            box = price / wide, price * wide
        costs, needs = (np.concatenate(part) for part in zip(*columns, strict=True))
        rows = np.tile(np.arange(len(self._batches)), len(columns))
        program, unit, scales = split.choice(rows, costs, needs, split.officers, split.ground.field.limit[1:-1], box)
        chosen = relaxed(program, _CHOOSE_S)
        if chosen.row_prices is None or chosen.values is None:
            return np.inf, at.officer, at.held
        next_ = split.prices_of(chosen.row_prices, scales)
        officer, held = ((old + new) / 2 for old, new in zip((at.officer, at.held), next_, strict=True))
        held[split.is_tight] = 0
        return unit * float(program.cost @ chosen.values), officer, held


def _used(found: list[_Answer]) -> tuple[Floats, Floats]:
    return np.asarray([answer.cost for answer in found]), np.asarray([answer.officers for answer in found])


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
