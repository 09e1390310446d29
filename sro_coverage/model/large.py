"""
Many campuses: tier by tier with a Lagrangian bound and a search, each as near to its proof as the time allows.

For each tier the bound is raised first; its prices then say where officers are wanted, and the search ends when plan
and bound meet. What a held limit excludes is excluded for all later tiers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from sro_coverage.model import kernel
from sro_coverage.model.arrays import Arrays, Choice, TierArrays
from sro_coverage.model.ascent import Bound, ascend, good_start
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.feasible import any_plan
from sro_coverage.model.greedy import filled, first_choice
from sro_coverage.model.reoptimise import AT_ONCE_COLUMNS, reoptimise
from sro_coverage.model.solution import (
    Progress,
    Solution,
    SolveParams,
    Stopped,
    StopSignal,
    TierOutcome,
    Watcher,
    slack,
)
from sro_coverage.model.stars import Stars
from sro_coverage.model.windows import MOST_SITES, Windows, kept
from sro_coverage.problem import Tolerance
from sro_coverage.travel import Floats, Ints

_MOST_ROUNDS = 1_000
_BASES_AT_ONCE = 20
_WEAKEST = 6
_LONG_SHARE = 0.35
_SHORT_SHARE = 0.15
_PART_SHARE = 0.4
_WHOLE_SHARE = 0.9
_WINDOW_S = 4.0
_FEW_ROUNDS = 100
_NEAR = 2e-3
_UNKNOWN = 2**62


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
    if first is None:
        first, is_infeasible = any_plan(arrays, params.time_limit_s / 2, stop)
    if is_infeasible:
        return Solution("infeasible", None, (), time.monotonic() - began, "large")
    choice = first or _nobody(arrays)
    stars = Stars.of(arrays)
    excluded = Exclusions.of_rules(arrays, stars)
    done: list[_Done] = []
    for number, tier in enumerate(arrays.tiers):
        left_s = params.time_limit_s - (time.monotonic() - began)
        num_left = len(arrays.tiers) - number
        clock = _Clock(time.monotonic(), left_s / num_left, stop, is_last=num_left == 1)
        news = _News(tier, number, len(arrays.tiers), began, watch)
        known = [other for other in done if other.limit < _UNKNOWN]
        held = [(other.tier, other.limit) for other in known]
        duals = [other.prices for other in known]
        bound = None
        if tier.is_sum and len(stars.site) and left_s > 0 and not stop.requested:
            search = _Search(arrays, stars, tier, held, excluded, duals, clock, news, params)
            found, bound = search.run(choice)
            is_within = all(found.cost(arrays, other) <= limit for other, limit in held)  # the search sees sums only
            if is_within and (found.keeps_rules(arrays) or not choice.keeps_rules(arrays)):
                choice = found
        is_plan = choice.keeps_rules(arrays)
        choice = filled(arrays, choice, held) if is_plan else choice
        cost = choice.cost(arrays, tier) if is_plan else _UNKNOWN
        limit = cost + slack(tier.shown(cost), getattr(tolerance, tier.name)) if is_plan else _UNKNOWN
        least = tier.least_cost if bound is None else max(bound.whole, tier.least_cost)
        done.append(_Done(tier, min(least, cost), cost, limit, clock, bound.prices if bound else None))
        if bound is not None and is_plan:
            excluded = search.relaxation.regrets(bound.prices).beyond(limit, excluded)
        if not is_plan:
            continue
        for other in done[:-1]:
            other.tighten(choice.cost(arrays, other.tier), getattr(tolerance, other.tier.name))
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


@dataclass
class _Clock:
    """When one tier began and has to end."""

    began: float
    part_s: float
    stop: StopSignal
    is_last: bool

    @property
    def left_s(self) -> float:
        return 0.0 if self.stop.requested else self.began + self.part_s - time.monotonic()


@dataclass
class _Done:
    """A tier that was optimised."""

    tier: TierArrays
    bound: int
    best: int
    limit: int
    clock: _Clock
    prices: Prices | None
    runtime_s: float = 0.0

    def __post_init__(self) -> None:
        self.runtime_s = time.monotonic() - self.clock.began
        self.stopped: Stopped = "interrupted" if self.clock.stop.requested else "time limit"

    def tighten(self, cost: int, tolerance: float) -> None:
        """Hold the tier at a better value that a later one met by the way."""
        if cost < self.best:
            self.best, self.limit = cost, cost + slack(self.tier.shown(cost), tolerance)

    def outcome(self, cost: int) -> TierOutcome:
        """Say it in the numbers that people see."""
        return TierOutcome(
            name=self.tier.name,
            best=self.tier.shown(self.best),
            bound=self.tier.shown(self.bound),
            limit=self.tier.shown(self.limit),
            value=self.tier.shown(cost),
            stopped="proven" if self.bound == self.best else self.stopped,
            runtime_s=self.runtime_s,
        )


class _News:
    """Passes best and bound on as they come."""

    def __init__(self, tier: TierArrays, number: int, num_tiers: int, began: float, watch: Watcher | None) -> None:
        self._tier, self._number, self._num_tiers = tier, number, num_tiers
        self._began, self._watch = began, watch

    def tell(self, best: int, bound: int | None) -> None:
        if self._watch is not None:
            self._watch(
                Progress(
                    self._tier.name,
                    self._number + 1,
                    self._num_tiers,
                    self._tier.shown(best),
                    None if bound is None else self._tier.shown(bound),
                    time.monotonic() - self._began,
                )
            )


class _Search:
    """One tier."""

    def __init__(
        self,
        arrays: Arrays,
        stars: Stars,
        tier: TierArrays,
        held: list[tuple[TierArrays, int]],
        excluded: Exclusions,
        duals: list[Prices | None],
        clock: _Clock,
        news: _News,
        params: SolveParams,
    ) -> None:
        self.arrays, self.stars, self.tier, self.held = arrays, stars, tier, held
        self.excluded, self.clock, self.news = excluded, clock, news
        self.relaxation = Relaxation(arrays, stars, tier, held, excluded)
        self._duals = [dual for dual, (other, _) in zip(duals, held, strict=True) if other.is_sum]
        self._rng = np.random.default_rng(params.seed)
        self._at_once = params.workers

    def run(self, choice: Choice) -> tuple[Choice, Bound]:
        """Raise the bound, then lower the plan, until they meet or the time ends."""
        ground = Ground(self.arrays, self.stars, self.tier, self.held, self.excluded)
        start = Draft.of_choice(ground, choice)
        draft = start.copy()
        draft.improve(max_rounds=2)
        bound = self._raise(draft)
        for better in self._better_plans(draft, bound):
            draft = better
            self.news.tell(draft.cost, bound.whole)
            if draft.merit <= (0, bound.whole) or self.clock.left_s <= 0:
                break
        return (choice if draft.merit > start.merit else draft.choice()), bound

    def _raise(self, draft: Draft) -> Bound:
        """Raise the bound for a quarter of the time at most."""
        ends = time.monotonic() + self.clock.left_s / 4

        def is_over() -> bool:
            return time.monotonic() > ends or self.clock.left_s <= 0

        start = good_start(self.relaxation, self._duals, is_over=is_over)
        known = draft.cost if draft.excess == 0 else np.inf

        def enough(bound: Bound) -> bool:
            self.news.tell(draft.cost, bound.whole)
            return bound.whole >= known or is_over() or bound.is_settled

        # Of a plan that is one program, a linear program soon tells the prices.
        rounds = _FEW_ROUNDS if self.held and len(self.arrays.posts) <= MOST_SITES else _MOST_ROUNDS
        return ascend(self.relaxation, start, known, rounds=rounds, enough=enough)

    def _better_plans(self, draft: Draft, bound: Bound) -> Iterator[Draft]:
        """
        Give ever better plans.

        First the relaxed answer made whole and exchanges where officers are wanted, then the whole plan as one
        program if it is not too large, then windows of it, then exchanges from a shaken plan.
        """
        # What a unit of each held tier is worth to the search: its price, and a little for what has none.
        sizes = self.relaxation.sizes
        rate = 2 * bound.prices.held + sizes[0] / sizes[1:]
        is_small = len(self.arrays.posts) <= MOST_SITES
        if draft.merit > (0, bound.whole):
            rounded = Draft.of_shares(draft.ground, bound.openness)
            rounded.chain(rate)
            drafts = sorted((rounded, draft), key=lambda one: one.merit)
            ends = time.monotonic() + self.clock.left_s * (_LONG_SHARE if is_small and not self.held else _SHORT_SHARE)
            for start in drafts[:1] if drafts[0].excess == 0 else drafts:
                self._exchange(start, bound, rate, ends)
                draft = min(draft, start, key=lambda one: one.merit)
            yield draft
        if is_small and draft.merit > (0, bound.whole):
            draft = self._as_a_whole(draft, bound)
            yield draft
        if draft.excess == 0:
            windows = Windows(draft, self.relaxation, bound, self.excluded, self._at_once)
            while self._goes_on(draft, bound):
                window_s = min(self.clock.left_s, _WINDOW_S)
                better = windows.next(draft, window_s, partial(self._is_over, draft, bound))
                if better is not None:
                    draft = better
                    yield draft
        while self._goes_on(draft, bound):
            shaken = draft.copy()
            region = self._shake(shaken, rate)
            shaken.improve()
            shaken.exchange(rate, region, most=32, num_near=4)
            shaken.chain(rate)
            if shaken.merit <= draft.merit:
                draft = shaken
                yield draft

    def _as_a_whole(self, draft: Draft, bound: Bound) -> Draft:
        """Choose everything again in one program; its prices, and what it proves, raise the bound."""
        regrets = self.relaxation.regrets(bound.prices)
        room = (draft.cost - 1) * regrets.scale - regrets.whole if draft.excess == 0 else kernel.NEVER - 1
        out, is_short = kept(draft.ground, regrets, room, self.excluded)
        every = np.ones(len(self.arrays.posts), np.bool_)
        # Where limits are held, exchanges and windows seldom fit; where little is left to choose, a proof is near.
        is_best = bool(self.held) or (~out.shared).sum() + (~out.on_call).sum() <= AT_ONCE_COLUMNS
        time_limit_s = self.clock.left_s * (_WHOLE_SHARE if is_best else _PART_SHARE)

        best = draft

        def is_stopped() -> bool:
            return not self._goes_on(best, bound)

        def better_met(better: Draft) -> None:
            nonlocal best
            best = better
            self.news.tell(best.cost, bound.whole)

        def priced(prices: Prices) -> None:
            evaluation = self.relaxation.evaluate(prices)
            if evaluation.bound > bound.value:
                bound.prices, bound.value = prices, evaluation.bound
                bound.whole = max(bound.whole, evaluation.whole)
            self.news.tell(draft.cost, bound.whole)

        part = reoptimise(
            draft, every, out, time_limit_s, at_once=self._at_once, is_stopped=is_stopped, priced=priced,
            met=better_met,
        )  # fmt: skip
        better = part.draft or draft
        if not is_short and part.bound is not None and better.excess == 0:
            bound.whole = max(bound.whole, better.cost if part.is_proven else min(part.bound, better.cost))
        return better

    def _is_over(self, draft: Draft, bound: Bound) -> bool:
        return not self._goes_on(draft, bound)

    def _goes_on(self, draft: Draft, bound: Bound) -> bool:
        """Whether to search on: not for long once the plan is near its bound, for the later tiers need time too."""
        is_near = draft.excess == 0 and draft.cost - bound.whole <= _NEAR * abs(bound.whole)
        return self.clock.left_s > (
            self.clock.part_s / 2 if is_near and not self.clock.is_last else 0
        ) and draft.merit > (0, bound.whole)

    def _exchange(self, draft: Draft, bound: Bound, rate: Floats, ends: float) -> None:
        """Exchange officers where they are wanted until that helps no more."""
        at_once = _BASES_AT_ONCE
        while time.monotonic() < ends and self.clock.left_s > 0 and draft.merit > (0, bound.whole):
            before = draft.merit
            wanted = draft.wanted(self.relaxation, bound.prices)
            weak = draft.weakest(_WEAKEST)
            for first in range(0, len(wanted), at_once):
                draft.exchange(rate, wanted[first : first + at_once], weak=weak, most=24, num_near=4)
                self.news.tell(draft.cost, bound.whole)
                if self.clock.left_s <= 0 or time.monotonic() > ends or draft.merit <= (0, bound.whole):
                    return
            draft.improve()
            draft.chain(rate)
            if draft.merit >= before:
                break

    def _shake(self, draft: Draft, rate: Floats) -> Ints:
        """Exchange some bases around one at random, whatever it costs; gives the bases around."""
        arrays, stars = self.arrays, self.stars
        held = np.flatnonzero(draft.state.is_open)
        if not len(held):
            return np.empty(0, np.int64)
        seed = int(self._rng.choice(held))
        around = stars.site[stars.start[seed] : stars.start[seed + 1]][:80]
        region = np.flatnonzero(np.isin(arrays.base_site, around) & ~self.excluded.base)
        for _ in range(int(self._rng.integers(1, 4))):
            closed = region[~draft.state.is_open[region]]
            opened = region[draft.state.is_open[region]]
            if len(closed) and len(opened):
                draft.replace(int(self._rng.choice(closed)), int(self._rng.choice(opened)), rate)
        return region
