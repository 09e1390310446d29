"""
A plan made better by one program over a part of it, or over all of it.

The linear program comes first. What it is sure of is held, and the rest made whole, for a first good plan. What it
speaks against is left out, a little at a time less, with each search started from the best plan so far. When nothing
that could be part of a better plan is left out, the answer is proven for the part.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from sro_coverage.model.bound import Exclusions, Prices
from sro_coverage.model.compact import Compact
from sro_coverage.model.draft import Draft
from sro_coverage.model.highs import Found, optimise, relaxed
from sro_coverage.travel import Bools, Floats

AT_ONCE_COLUMNS = 25_000
"""Columns that one search can take in hand without a first plan found in another way."""

_LP_SHARE, _DIVE_SHARE, _NARROW_SHARE = 0.4, 0.65, 0.6
_QUICK_LP_SHARE, _DIVE_GAP = 0.7, 2e-3
_SURE, _LIKELY = 1 - 1e-6, 0.6
_COLUMNS_A_DIVE, _SURE_COLUMNS = 25, 15  # of each site
_COLUMNS_A_SITE = 8
_WIDER = 2.5
_LEAST_S = 0.2
_SAME = 1e-9

_Asked = tuple[Bools, float, Bools | None]  # columns, seconds, columns held at 1


@dataclass(frozen=True, eq=False)
class Part:
    """
    What was found for a part.

    Parameters
    ----------
    draft
        The better plan, or None if there is none.
    is_proven
        Whether there is nothing better with what was not excluded.
    bound
        No such plan costs less, by HiGHS, in floats: a unit in a million is given away. None if nothing is known.
    """

    draft: Draft | None
    is_proven: bool
    bound: int | None = None


def reoptimise(
    draft: Draft,
    sites: Bools,
    excluded: Exclusions,
    time_limit_s: float,
    *,
    at_once: int = 1,
    is_stopped: Callable[[], bool] = lambda: False,
    priced: Callable[[Prices], None] = lambda _: None,
    met: Callable[[Draft], None] = lambda _: None,
    is_quick: bool = False,
) -> Part:
    """
    Make a plan better by choosing again everything among some sites, with the rest of it as it is.

    Parameters
    ----------
    sites, excluded
        As in `Compact`.
    at_once
        Programs that are searched side by side.
    priced
        Shown the prices of the linear program; they make a bound where the sites are all of them.
    met
        Shown every better plan at once, from any thread.
    is_quick
        One plan is made of the linear program's answer, and nothing else is tried.
    """
    ends = time.monotonic() + time_limit_s
    compact = Compact(draft, sites, excluded)
    program = compact.program
    if not program.cost.any():
        return Part(None, is_proven=True)
    linear = relaxed(program, (_QUICK_LP_SHARE if is_quick else _LP_SHARE) * time_limit_s, is_stopped)
    if linear.values is None or linear.row_prices is None:
        return Part(None, is_proven=False)
    priced(compact.prices(linear.row_prices))
    search = _Search(compact, linear, linear.values, linear.row_prices, ends, at_once, is_stopped, met)
    if is_quick and not search.is_proven:
        search.round()
    elif not search.is_proven:
        if search.useful.sum() > AT_ONCE_COLUMNS:
            search.dive()
        search.widen()
    bound = compact.bound(search.bound) if np.isfinite(search.bound) else None
    return Part(search.better, is_proven=search.is_proven, bound=bound)


class _Search:
    """
    The search of one program.

    Attributes
    ----------
    best, better
        Values of the best answer so far, if there is one, and its plan, if it is better than the first.
    bound
        No answer costs less.
    """

    def __init__(
        self,
        compact: Compact,
        linear: Found,
        values: Floats,
        row_prices: Floats,
        ends: float,
        at_once: int,
        is_stopped: Callable[[], bool],
        met: Callable[[Draft], None],
    ) -> None:
        self._compact, self._program, self._relaxed = compact, compact.program, values
        self._extra = self._program.cost - self._program.matrix.T @ row_prices
        self._rank = compact.rank(self._extra)
        self._least, self._eps = linear.bound, _SAME * max(abs(linear.bound), 1)
        self._ends, self._at_once, self._is_stopped, self._met = ends, at_once, is_stopped, met
        self._lock = threading.Lock()
        self.best = compact.start if compact.draft.excess == 0 else None
        self.better: Draft | None = None
        self.bound = linear.bound
        self.is_proven = self._cost - self._least <= self._eps
        self._is_refused = False

    @property
    def _cost(self) -> float:
        return np.inf if self.best is None else float(self._program.cost @ self.best)

    @property
    def _left_s(self) -> float:
        return 0.0 if self._is_stopped() else self._ends - time.monotonic()

    @property
    def useful(self) -> Bools:
        """Columns that a better answer may use."""
        useful: Bools = self._extra <= self._cost - self._least + self._eps
        return useful

    def round(self) -> None:
        """Hold all that the linear program is sure of."""
        self._with(self._relaxed > _SURE, _SURE_COLUMNS, self._left_s)

    def dive(self) -> None:
        """Hold the bases that the linear program is sure of, or, beside it, finds likely."""
        is_base = np.arange(len(self._extra)) < len(self._compact.bases)
        asked = [is_base & (self._relaxed > least) for least in (_SURE, _LIKELY)][: self._at_once]
        time_s = _DIVE_SHARE * self._left_s
        with ThreadPoolExecutor(self._at_once) as pool:
            list(pool.map(lambda held: self._with(held, _COLUMNS_A_DIVE, time_s), asked))

    def _with(self, held: Bools, most: int, time_s: float) -> None:
        """Search with some columns held at 1, among so many for each site."""
        self._among((self._rank < most) | (self._relaxed > _SAME), time_s, held)

    def widen(self) -> None:
        """Search among more and more columns, until none is left out that a better answer may use."""
        widest = _COLUMNS_A_SITE if self.useful.sum() > AT_ONCE_COLUMNS else len(self._extra)
        while not self.is_proven and self._left_s > _LEAST_S:
            useful = self.useful
            narrow = useful & ((self._rank < widest) | (self._relaxed > _SAME))
            everything = bool((narrow == useful).all())
            time_s = self._left_s * (1 if everything else _NARROW_SHARE)
            asked: list[_Asked] = [(narrow, time_s, None)]
            if not everything and self._at_once > 1:  # one looks for better plans, one at what they can be at best
                asked.append((useful, time_s, None))
            last = self._side_by_side(asked)[-1]
            if everything or len(asked) > 1:
                self.bound = max(self.bound, min(last.bound, self._cost))
                is_best = last.is_over and last.values is not None and not self._is_refused
                self.is_proven = is_best or self._cost - self.bound <= self._eps
            if everything:
                break
            widest = int(widest * _WIDER)

    def _side_by_side(self, asked: list[_Asked]) -> list[Found]:
        with ThreadPoolExecutor(len(asked)) as pool:
            return list(pool.map(lambda one: self._among(*one), asked))

    def _among(self, chosen: Bools, time_s: float, sure: Bools | None) -> Found:
        """Search among some columns from the best answer so far, or, where some are held at 1, from nothing."""
        program, start = self._program, None
        if sure is not None:
            program = replace(program, lower=sure.astype(np.float64))
        else:
            start = self.best
            chosen = chosen | ((self._compact.start if start is None else start) > 0.5)
        keep = np.flatnonzero(chosen)

        def take(values: Floats) -> None:
            whole = np.zeros(len(program.cost))
            whole[keep] = np.rint(values)
            self._take(whole)

        found = optimise(
            program.part(keep),
            time_s,
            start=None if start is None else start[keep],
            met=take,
            is_stopped=self._is_stopped,
            gap=0.0 if sure is None else _DIVE_GAP,
        )
        if found.values is not None:
            take(found.values)
        return found

    def _take(self, values: Floats) -> None:
        found = self._compact.with_values(values)
        with self._lock:
            if found.is_sound and found.merit < (self.better or self._compact.draft).merit:
                self.best, self.better = values, found
                self._met(found)
            elif found.cost < (self.better or self._compact.draft).cost:
                self._is_refused = True  # within HiGHS's tolerances only: what it proves is not about whole numbers
