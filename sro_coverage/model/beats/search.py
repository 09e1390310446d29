"""
From prices to a proof, over whole beats: column generation, cuts, a plan of the beats met, a list of all that matter.

1. The linear program over all beats, by pricing (`Master`), at first without the cuts of earlier tiers.
2. Cuts, as long as they help.
3. If no plan near the bound is known, dives, with more cuts from one to the next; then the best plan of the beats met.
4. Lists of all beats that can be part of a plan close to the bound, ever longer: the best plan of a list is the best of
   all, or there is none so close.
5. A dive, if there was none yet, and once more the best plan of the beats met.

References
----------
Baldacci, Christofides and Mingozzi (2008), An exact algorithm for the vehicle routing problem based on the set
partitioning formulation with additional cuts, Mathematical Programming 115, for listing columns by their reduced costs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from sro_coverage.model.beats.choose import Program, choose
from sro_coverage.model.beats.cuts import Cuts
from sro_coverage.model.beats.dive import beside, dive
from sro_coverage.model.beats.master import Master, Priced
from sro_coverage.model.beats.pool import Beats, beats_of
from sro_coverage.model.beats.task import Chosen, Task
from sro_coverage.model.bound import Exclusions
from sro_coverage.travel import Ints

_BOXES = (0.1, 0.02, 0.0)
_WHILE_CUTTING = (0.05, 0.01, 0.0)
_FIRST_ROUNDS = 10
_SPREAD = 0.03
_FEWEST_CUTS, _CUTS_OF_A_SITE = 150, 10
_LEAST_GAIN = 0.003
_CUT_SHARE, _CUT_SHARE_ALONE, _COARSE, _FINE = 0.4, 0.25, 3e-6, 1e-7
_POOL, _POOL_SHARE, _POOL_SHARE_ALONE = 12_000, 0.15, 0.6
_FAR, _FAR_SHARE, _LAST_SHARE = 5e-3, 0.8, 0.9
_FEW, _MOST_LISTED = 4_000, 400_000
_LIST_SHARE, _DIVE_SHARE, _FAR_DIVE_SHARE, _FAR_DIVES = 0.4, 0.2, 0.5, 3


Tell = Callable[[str, Any], None]


class Search:
    """
    One search.

    Parameters
    ----------
    tell
        Called with `bound` and what no plan can cost less than, `plan` and a better plan, `cuts` and those that help,
        `kept` and what no plan that costs as little as the best one can use.
    """

    def __init__(self, task: Task, tell: Tell) -> None:
        self._task, self._tell = task, tell
        self._ends = task.ends
        self._lock = threading.Lock()
        self._relaxation = task.relaxation
        self.best = task.plan
        self.bound = -(2**62)
        self._kept_for = self._cost  # what is excluded may be part of plans as good as the one at hand
        self._rng = np.random.default_rng(0)
        self._free = np.flatnonzero(~task.relaxation.excluded.uncovered)

    @property
    def _left_s(self) -> float:
        return self._ends - time.monotonic()

    @property
    def _cost(self) -> int:
        return 2**61 if self.best is None else self.best.cost

    def _is_over(self) -> bool:
        return self._left_s <= 0 or self.bound >= self._cost

    def _raise(self, bound: int) -> None:
        if bound > self.bound:
            self.bound = bound
            self._tell("bound", min(bound, self._cost))

    def _settle(self, master: Master, tolerance: float, boxes: tuple[float, ...]) -> None:
        master.settle(self._is_over, tolerance, boxes)
        self._raise(master.best.whole)

    def _met(self, plan: Chosen) -> None:
        with self._lock:
            if plan.cost < self._cost:
                self.best = plan
                self._tell("plan", plan)

    def hear(self, plan: Chosen) -> None:
        """Take over a plan that somebody else found."""
        with self._lock:
            if plan.cost < self._cost:
                self.best = plan

    def run(self) -> None:
        """Go through the steps."""
        master = self._master()
        if master is None:
            return
        master = self._cut(self._settled(master))
        was_far = self._is_far
        if was_far:
            master = self._dives(master)
        self._of_pool(master, self._pool_share)
        self._list(master)
        if not was_far and not self._is_over():
            self._choose(self._dive(master, _DIVE_SHARE), _DIVE_SHARE)
        self._of_pool(master, _LAST_SHARE)
        self._tell_kept(master)

    def _master(self) -> Master | None:
        relaxation, prices = self._relaxation, self._task.prices
        master = Master(relaxation, prices, Cuts(len(relaxation.arrays.posts)), threads=self._task.threads)
        if self.best is not None:
            master.add_beats(beats_of(relaxation, self.best))
            master.add_calls(self.best.on_call)
        at = master.row_prices
        for number in range(_FIRST_ROUNDS):
            if self._is_over():
                return None
            there = at.copy()
            if number:
                there[: master.rows.num_sites] *= 1 + _SPREAD * self._rng.standard_normal(master.rows.num_sites)
            priced = master.price(there, every=True)
            master.add_beats(priced.beats)
        return master

    def _settled(self, master: Master) -> Master:
        """Solve the linear program, then with the cuts of earlier tiers, and go on with those that help."""
        self._settle(master, _COARSE, _BOXES)
        if not self._task.cuts or self._is_over():
            return master
        master.add_cuts(self._task.cuts)
        self._settle(master, _COARSE, _BOXES)
        return master.trimmed()

    def _cut(self, master: Master, *, is_once: bool = False) -> Master:
        """Add cuts as long as they help, each linear program solved more exactly where the last one did not help."""
        tolerance, root = _COARSE, master.best.bound
        most = max(_FEWEST_CUTS, int(master.rows.officers.sum()))  # many at once on long beats make prices jump
        ends = time.monotonic() + (_CUT_SHARE_ALONE if self._task.is_alone else _CUT_SHARE) * self._left_s
        while not self._is_over() and tolerance > _FINE and time.monotonic() < ends:
            before = master.best.bound
            is_whole = master.is_whole or not master.separate(most, _CUTS_OF_A_SITE)
            self._settle(master, tolerance, _WHILE_CUTTING)
            if is_whole or master.best.bound - before < _LEAST_GAIN * (master.best.bound - root):
                tolerance /= 10
            master = master.trimmed()
            self._tell("cuts", master.cuts.cuts)
            if is_once:
                break
        return master

    def _dive(self, master: Master, share: float) -> Program:
        """Go down from the linear program to beats that plans near it may be of."""
        ends = time.monotonic() + share * self._left_s
        held, at = dive(master, self._cost, lambda: self._is_over() or time.monotonic() > ends)
        return self._program(master, held.and_also(beside(master, held, at)), master.calls, self._free)

    def _dives(self, master: Master) -> Master:
        """Go down again and again as long as no plan near the bound is known, with more cuts each time."""
        with ThreadPoolExecutor(self._task.threads) as pool:  # programs are solved while the next ones are looked for
            chosen: list[Future[int | None]] = []
            for number in range(_FAR_DIVES):
                if number:
                    master = self._cut(master, is_once=True)
                if self._is_over() or not self._is_far:
                    break
                program = self._dive(master, _FAR_DIVE_SHARE)
                chosen.append(pool.submit(self._choose, program, _FAR_SHARE, is_enough=lambda: not self._is_far))
                master = master.trimmed()
                if len(chosen) >= self._task.threads:
                    chosen[-self._task.threads].result()
        for one in chosen:
            one.result()
        return master

    @property
    def _is_far(self) -> bool:
        """Whether no plan near the bound is known: then more of the time goes to finding one."""
        return self._cost - self.bound > _FAR * abs(self.bound)

    @property
    def _pool_share(self) -> float:
        if self._task.is_alone:
            return _POOL_SHARE_ALONE
        return _FAR_SHARE if self._is_far else _POOL_SHARE

    def _of_pool(self, master: Master, share: float) -> None:
        """Find the best plan of the beats met so far."""
        if not self._is_over():
            self._choose(self._program(master, self._pool(master), master.calls, self._free), share)

    def _pool(self, master: Master) -> Beats:
        """Give those of them that a better plan may use, the best where there are many."""
        extra = np.maximum(master.extra, 0)
        order = np.argsort(extra, kind="stable")[:_POOL]
        keep = order[extra[order] <= self._cost - master.best.bound]
        return master.pool.beats.some(np.sort(keep))

    def _program(self, master: Master, beats: Beats, calls: Ints, free: Ints) -> Program:
        return Program(self._relaxation, beats, calls, free, master.cuts, self.best)

    def _choose(self, program: Program, share: float, **ends: Any) -> int | None:
        """Find the best plan of some beats, from the best known one on; see `choose`."""
        return choose(program, share * self._left_s, met=self._met, **ends)

    def _list(self, master: Master) -> None:
        """
        Find the best plan of all beats that can matter, for plans ever farther above the bound.

        Either there is such a plan, which is then the best of all, or there is none, which is a better bound.
        """
        units, scale = master.best.units, master.best.scale
        most = _FEW
        while not self._is_over() and most <= _MOST_LISTED:
            farthest = (self._cost - 1) * scale - units
            priced, room = master.listed(None, farthest, most)
            if priced.is_cut:
                break
            self._tell_kept(master)
            enough = (units + room) // scale + 1
            if enough > self.bound:
                kept = self._kept(priced, room)
                calls, free = np.flatnonzero(~kept.on_call), np.flatnonzero(~kept.uncovered)
                program = self._program(master, priced.beats, calls, free)
                least = self._choose(program, _LIST_SHARE, enough=enough)
                if least is None:
                    break
                self._raise(min(least, enough))
                if least < min(enough, self._cost):
                    break
            if room == farthest:
                break
            most *= 3

    def _kept(self, priced: Priced, room: int) -> Exclusions:
        """Exclude what no listed beat uses, and calls and uncovered sites that cost too much."""
        relaxation = self._relaxation
        stars, arrays = relaxation.stars, relaxation.arrays
        base = np.ones(len(arrays.base_site), np.bool_)
        base[priced.beats.base] = False
        shared = np.ones(len(stars.site), np.bool_)
        shared[priced.beats.spokes] = False
        extra = relaxation.c_on_call - priced.price[stars.site]
        on_call = relaxation.excluded.on_call | (np.maximum(extra, 0) > room) | base[stars.base]
        uncovered = relaxation.excluded.uncovered | (relaxation.c_uncovered - priced.price > room)
        return Exclusions(base, shared, on_call, uncovered)

    def _tell_kept(self, master: Master) -> None:
        """Tell what later tiers may still use, once for each cost that this is about."""
        if self.best is not None and self._task.is_held and self._cost < self._kept_for:
            self._kept_for = self._cost
            room = self._cost * master.best.scale - master.best.units
            priced = master.price(below=room + 1, most=_MOST_LISTED)
            if not priced.is_cut:
                self._tell("kept", self._kept(priced, room))
