"""
The search of one tier under the limits of earlier ones: its bound is raised, its plan made better, step by step.

Every step goes on from the best plan and the best prices so far, and ends when plan and bound meet or the time is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sro_coverage.model import kernel
from sro_coverage.model.arrays import Arrays, Choice, TierArrays
from sro_coverage.model.ascent import Bound, ascend, good_start
from sro_coverage.model.beats.ask import BeatSearch, are_short
from sro_coverage.model.beats.cuts import Cut
from sro_coverage.model.bound import Evaluation, Exclusions, Prices, Regrets, Relaxation
from sro_coverage.model.compact import Compact
from sro_coverage.model.components import Components
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.highs import relaxed
from sro_coverage.model.local_search import exchange_wanted, shaken
from sro_coverage.model.pricing import SharedPrices
from sro_coverage.model.regions import Searched, Wanted
from sro_coverage.model.reoptimise import AT_ONCE_COLUMNS, reoptimise
from sro_coverage.model.solution import UNKNOWN, News, SolveParams, StopSignal, is_near
from sro_coverage.model.split import Split
from sro_coverage.model.stars import Stars
from sro_coverage.model.windows import MOST_SITES, Windows, kept
from sro_coverage.travel import Bools

_MOST_ROUNDS = 1_000
_SITES_AT_ONCE, _LARGEST_SHARE = 3_000, 0.5
_LONG_SHARE = 0.35
_SHORT_SHARE = 0.05
_PART_SHARE, _ALONE_SHARE, _PATIENCE_SHARE = 0.4, 0.8, 0.35
_WHOLE_SHARE, _COMPONENT_SHARE = 0.9, 0.9
_WORST_SHARE, _POOR_WINDOWS, _MANY_POOR_WINDOWS = 0.1, 3, 30
_POOR_ROUNDS, _LITTLE, _LAST_SHARE = 3, 0.1, 0.2
_QUICK_ROUNDS, _FIRST_ROUNDS, _FEW_ROUNDS, _SOME_ROUNDS = 1, 30, 100, 300
_NEAR = 3e-3
_FAR, _FAR_IN_WINDOWS, _HOPE_SHARE = 0.05, 5e-3, 0.12
_TIGHT, _LEAST_REGION_S = 1e-3, 2.0
_LINEAR_SHARE = 1 / 16
_QUICK_WAYS = 12
_PAUSE_S = 0.05
_REGION_GAP = 0.1  # of the gap that is asked for: what regions lack adds up with what is lost between them


@dataclass
class Clock:
    """When one tier began and has to end."""

    began: float
    part_s: float
    stop: StopSignal
    is_last: bool

    @property
    def left_s(self) -> float:
        """Seconds until then; 0 once a stop is asked for."""
        return 0.0 if self.stop.requested else self.began + self.part_s - time.monotonic()


class TierSearch:
    """One tier."""

    def __init__(
        self,
        arrays: Arrays,
        stars: Stars,
        tier: TierArrays,
        held: list[tuple[TierArrays, int]],
        excluded: Exclusions,
        duals: list[Prices | None],
        clock: Clock,
        news: News,
        params: SolveParams,
        is_held: bool,
        start: Prices | None = None,
        is_quick: bool = False,
        cuts: list[Cut] | None = None,
    ) -> None:
        self._params, self._start, self._is_quick = params, start, is_quick
        self.cuts = cuts or []
        self.arrays, self.stars, self.tier, self.held = arrays, stars, tier, held
        self.excluded, self.clock, self.news = excluded, clock, news
        self.relaxation = Relaxation(arrays, stars, tier, held, excluded)
        self.ground = Ground(arrays, stars, tier, held, excluded)
        self._duals = [dual for dual, (other, _) in zip(duals, held, strict=True) if other.is_sum]
        self._rng = np.random.default_rng(params.seed)
        self._at_once, self._is_held = params.workers, is_held
        self._enough = params.gap.of(tier.name) * (1 if start is None else _REGION_GAP)
        self._beats: BeatSearch | None = None
        self._split: Split | None = None
        self._shared: SharedPrices | None = None
        self.kept = Exclusions.of_nothing(arrays, stars)

    def run(self, choice: Choice) -> tuple[Choice, Bound]:
        """Raise the bound, then lower the plan, until they meet or the time ends."""
        start = self._best = Draft.of_choice(self.ground, choice)
        self._best = start.copy()
        self._best.improve(max_rounds=2)
        self._find_components()
        self.bound = self._raise()
        self._price_at_once()
        # What a unit of each held tier is worth to the search: its price, and a little for what has none.
        sizes = self.relaxation.sizes
        self._rate = 2 * self.bound.prices.held + sizes[0] / sizes[1:]
        try:
            if self._at_once > 1 and self._is_small:
                self._begin_beats()
            for step in self._steps:
                if self._goes_on():
                    step()
        finally:
            if self._beats is not None:
                self._beats.stop()
                self.kept, self.cuts = self._beats.kept, self._beats.cuts
                self._goes_on()
        return (choice if self._best.merit > start.merit else self._best.choice()), self.bound

    @property
    def _steps(self) -> tuple[Callable[[], None], ...]:
        if self._is_quick:
            return (self._dive,)
        if self._split is None:
            return (
                self._round, self._exchanges, self._leave_to_beats, self._worst_windows, self._long_exchanges,
                self._wait_for_beats, self._as_a_whole, self._windows, self._shakes,
            )  # fmt: skip
        is_planned = self._best.excess == 0 and self._split.size.max() <= MOST_SITES
        first = () if is_planned else (self._round, self._exchanges, self._worst_windows)
        return self._price_components, *first, self._by_components, self._windows, self._shakes

    def _find_components(self) -> None:
        """Find the components of what is too large for one program, or would take long as one."""
        num_sites = len(self.arrays.posts)
        if self._start is None and num_sites > _SITES_AT_ONCE:
            split = Split(self._best, self.relaxation, self._duals)
            if num_sites > MOST_SITES or split.size.max() <= _LARGEST_SHARE * num_sites:
                self._split = split

    @property
    def _is_small(self) -> bool:
        """Whether it is searched as one."""
        return self._split is None

    def _goes_on(self) -> bool:
        """Whether to search on: not for long once the plan is near its bound, for the later tiers need time too."""
        if self._beats is not None and self._beats.best.merit < self._best.merit:
            self._take(self._beats.best)
        return self._left_s > 0 and not self._is_near_enough(self._best, self.bound)

    def _is_near_enough(self, draft: Draft, bound: Bound) -> bool:
        return draft.excess == 0 and is_near(self.tier, draft.cost, bound.whole, self._enough)

    @property
    def _left_s(self) -> float:
        """Seconds left; with a plan near its bound, only half of them are for this tier."""
        near = 0 if self._enough else _NEAR  # with a gap it ends there
        is_near = self._best.excess == 0 and self._gap <= near * abs(self.bound.whole)
        return self.clock.left_s - (self.clock.part_s / 2 if is_near and not self.clock.is_last else 0)

    @property
    def _gap(self) -> int:
        return self._best.cost - self.bound.whole

    def _is_over(self) -> bool:
        return not self._goes_on()

    def _take(self, draft: Draft) -> None:
        """Keep the better plan."""
        if draft.merit <= self._best.merit:
            self._best = draft
            if self._beats is not None and draft.merit < self._beats.best.merit:
                self._beats.best = draft
            self.news.tell(draft.cost, self.bound.whole)

    def _raise_to(self, whole: int) -> None:
        if whole > self.bound.whole:
            self.bound.whole = whole
            self.news.tell(self._best.cost, whole)

    def _raise(self) -> Bound:
        """Raise the bound for a quarter of the time at most."""
        ends = time.monotonic() + self.clock.left_s / 4
        start = self._start or good_start(self.relaxation, self._duals, is_over=lambda: self._is_late(ends))
        # Linear programs, of all or of each component, soon tell the prices.
        rounds = _FEW_ROUNDS if self.held else _SOME_ROUNDS if self._is_short else _MOST_ROUNDS
        if self._is_quick:
            rounds = _QUICK_ROUNDS
        return self._ascend(start, rounds if self._is_small else _FIRST_ROUNDS, ends)

    def _ascend(self, start: Prices, rounds: int, ends: float, *, is_steady: bool = False) -> Bound:
        draft = self._best
        known = draft.cost if draft.excess == 0 else np.inf

        def enough(bound: Bound) -> bool:
            self.news.tell(draft.cost, bound.whole)
            is_enough = self._is_near_enough(draft, bound) or (bound.is_settled and not is_steady)
            return is_enough or self._is_late(ends)

        return ascend(self.relaxation, start, known, rounds=rounds, enough=enough)

    def _is_late(self, ends: float) -> bool:
        return time.monotonic() > ends or self.clock.left_s <= 0

    @property
    def _every(self) -> Bools:
        return np.ones(len(self.arrays.posts), np.bool_)

    @property
    def _is_short(self) -> bool:
        return are_short(self.relaxation)

    def _begin_beats(self) -> None:
        """Search whole beats in a process of their own, if they are short."""
        if not self._is_short:
            return
        regrets = self.relaxation.regrets(self.bound.prices)
        excluded = regrets.above(self._room(regrets), self.excluded)
        relaxation = Relaxation(self.arrays, self.stars, self.tier, self.held, excluded)
        self._priced_bound = self.bound.whole
        share = _WHOLE_SHARE if self._at_once > 1 else _ALONE_SHARE
        self._beats = BeatSearch(
            self._best, relaxation, self.bound.prices, self.cuts, share * self.clock.left_s, is_held=self._is_held,
            is_alone=self._at_once == 1, threads=self._at_once, raised=self._raise_to,
        )  # fmt: skip

    def _leave_to_beats(self) -> None:
        """Where the plan is far from what prices alone prove, let the search of whole beats have all workers."""
        if self._beats is not None:
            self._wait(self._beats, _HOPE_SHARE, lambda: self._is_left_to_beats)

    @property
    def _is_left_to_beats(self) -> bool:
        return self._has_full_weeks and self._best.cost - self._priced_bound > _FAR * abs(self._priced_bound)

    def _wait(self, beats: BeatSearch, patience_share: float, is_wanted: Callable[[], bool] = lambda: True) -> bool:
        """Wait for whole beats; gives whether their linear program took too long."""
        patience = time.monotonic() + patience_share * self.clock.left_s
        while not beats.is_over and self._goes_on() and is_wanted():
            if not beats.is_settled and time.monotonic() > patience:
                return True
            time.sleep(_PAUSE_S)
        return False

    def _wait_for_beats(self) -> None:
        """With one worker, search whole beats and nothing else, unless their linear program takes too long."""
        if self._beats is None:
            is_tight = self._gap <= _TIGHT * abs(self.bound.whole)
            if is_tight and self._at_once == 1:  # there the one program soon has the best plan
                self._as_a_whole()
            if not self._goes_on():
                return
            self._begin_beats()
            if self._beats is not None and self._wait(self._beats, _PATIENCE_SHARE):
                self._beats.stop()

    def _room(self, regrets: Regrets) -> int:
        """How far above the bound a better plan can be, in fixed-point units."""
        draft = self._best
        return (draft.cost - 1) * regrets.scale - regrets.whole if draft.excess == 0 else kernel.NEVER - 1

    def _round(self) -> None:
        """Make the relaxed answer whole; where limits are held, that seldom keeps them."""
        if self.held and self._best.excess == 0 and self._start is None:
            return
        rounded = Draft.of_shares(self._best.ground, self.bound.openness)
        rounded.chain(self._rate)
        self._starts = [rounded] if rounded.merit <= self._best.merit else [self._best.copy(), rounded]
        self._take(rounded)

    def _exchanges(self) -> None:
        """Base officers where they are wanted, from each start if none keeps all limits."""
        starts = [self._best.copy()] if self._best.excess == 0 else self._starts
        for start in starts:
            self._exchange(start, time.monotonic() + self.clock.left_s * _SHORT_SHARE)

    def _long_exchanges(self) -> None:
        """Go on with that where beats are long, or no plan is known that keeps all limits."""
        if self._is_small and not self.held and (not self._is_short or self._best.excess > 0):
            self._exchange(self._best.copy(), time.monotonic() + self.clock.left_s * _LONG_SHARE)

    def _useful(self) -> tuple[Exclusions, bool]:
        return self._useful_at(self.bound.prices)

    def _useful_at(self, prices: Prices, num_ways: int = 0) -> tuple[Exclusions, bool]:
        """Leave out what cannot be part of a better plan, by prices; see `kept`."""
        regrets = self.relaxation.regrets(prices)
        return kept(self._best.ground, regrets, self._room(regrets), self.excluded, num_ways)

    def _dive(self) -> None:
        """Make the answer of one linear program whole: the soonest way to a good plan where limits are held."""
        reoptimise(
            self._best, self._every, self._useful_at(self.bound.prices, _QUICK_WAYS)[0], self.clock.left_s,
            is_stopped=self._is_over, priced=self._try_prices, met=self._take, is_quick=True,
        )  # fmt: skip

    def _as_a_whole(self) -> None:
        """Choose everything again in one program, and once more when beats bring a much better plan."""
        while self._is_small and self._goes_on() and not self._is_left_to_windows and self._is_overtaken_as_a_whole():
            self._worst_windows()

    @property
    def _is_left_to_windows(self) -> bool:
        return self._has_full_weeks and self._gap > _FAR * abs(self.bound.whole)

    def _is_overtaken_as_a_whole(self) -> bool:
        """Choose everything again; its prices, and what it proves, raise the bound. Gives whether beats were better."""
        draft, (out, is_short) = self._best, self._useful()
        mine = draft.cost if draft.excess == 0 else UNKNOWN
        patience = time.monotonic() + _HOPE_SHARE * self.clock.left_s

        def is_overtaken() -> bool:
            return self._best.excess == 0 and self._best.cost - self.bound.whole < (mine - self.bound.whole) / 2

        def is_hopeless() -> bool:
            is_far = draft.excess == 0 and self._gap > _FAR * abs(self.bound.whole)
            return is_far and mine == draft.cost and time.monotonic() > patience

        def met(found: Draft) -> None:
            nonlocal mine
            mine = min(mine, found.cost)
            self._take(found)

        # Where limits are held, exchanges and windows seldom fit; where little is left to choose, a proof is near.
        is_best = bool(self.held) or (~out.shared).sum() + (~out.on_call).sum() <= AT_ONCE_COLUMNS
        part = reoptimise(
            draft, self._every, out, self.clock.left_s * (_WHOLE_SHARE if is_best else _PART_SHARE),
            at_once=self._at_once, is_stopped=lambda: self._is_over() or is_overtaken() or is_hopeless(),
            priced=self._try_prices, met=met,
        )  # fmt: skip
        better = part.draft or draft
        if not is_short and part.bound is not None and better.excess == 0:
            self._raise_to(better.cost if part.is_proven else min(part.bound, better.cost))
        if self._goes_on():
            self._raise_from(self.bound.prices)
        return is_overtaken()

    def _price_at_once(self) -> None:
        """Where limits are held, raise the bound by one linear program, which tells their prices soonest."""
        if self.held and self._is_small and self._start is None and self._goes_on():
            compact = Compact(self._best, self._every, self._useful()[0])
            found = relaxed(compact.program, self.clock.left_s * _LINEAR_SHARE, self._is_over)
            if found.row_prices is not None:
                self._raise_from(compact.prices(found.row_prices))

    def _price_components(self) -> None:
        """Raise the bound by the linear programs of components, at prices of what they share that follow from it."""
        if self._split is not None and self._split.number > 1:
            self._shared = SharedPrices(
                self._split, self._best, self.bound.prices, lambda at: self._useful_at(at, _QUICK_WAYS)[0], self._met,
                self._at_once, self._is_over,
            )  # fmt: skip
            self._settle(self._shared)

    def _settle(self, shared: SharedPrices) -> None:
        """Find prices of what components share."""
        shared.settle(self._best, time.monotonic() + self.clock.left_s / 4)

    def _by_components(self) -> None:
        """Search again in each component, at prices for officers and held limits, then choose among their plans."""
        if self._best.excess > 0 or self._split is None or self._shared is None:
            return
        self._free_officers()
        components = Components(self._split, self._shared)
        least_s = _LAST_SHARE * _COMPONENT_SHARE * self._left_s
        poor = 0
        while poor < _POOR_ROUNDS and self._goes_on() and (part_s := _COMPONENT_SHARE * self._left_s) > least_s:
            until = time.monotonic() + part_s
            gap = self._gap
            least, better = components.round(
                self._best, self._search_region, ends=until, at_once=self._at_once, is_stopped=self._is_over
            )
            self._raise_to(least)
            if better is not None:
                self._take(better)
            if components.is_short and self._goes_on():
                self._settle(self._shared)
            poor = poor + 1 if self._gap > (1 - _LITTLE) * gap else 0

    def _search_region(self, wanted: Wanted) -> Searched:
        return search_region(wanted, self._params, self.clock.stop)

    def _free_officers(self) -> None:
        """Leave nobody where nobody is missed: what comes next may need them elsewhere."""
        self._best = self._best.copy()
        self._best.give_up()

    def _raise_from(self, prices: Prices) -> None:
        """Raise the bound from prices that linear programs gave."""
        ends = time.monotonic() + self.clock.left_s / 4
        further = self._ascend(prices, _SOME_ROUNDS, ends, is_steady=True)
        self._priced(further.prices, further.value, further.whole)

    def _try_prices(self, prices: Prices) -> None:
        self._met(prices, self.relaxation.evaluate(prices))

    def _met(self, prices: Prices, found: Evaluation) -> None:
        self._priced(prices, found.bound, found.whole)

    def _priced(self, prices: Prices, value: float, whole: int) -> None:
        """Take over prices if they give a better bound."""
        if value > self.bound.value:
            self.bound.prices, self.bound.value = prices, value
            self._raise_to(whole)

    @property
    def _free_workers(self) -> int:
        return max(self._at_once - (self._beats is not None and not self._beats.is_over), 1)

    def _worst_windows(self) -> None:
        """Choose again where the plan costs most beyond the prices, as long as that helps."""
        if not self.arrays.may_be_uncovered.any():  # where all must be served, exchanges make more of the time
            return
        self._through_windows(_POOR_WINDOWS, time.monotonic() + self.clock.left_s * _WORST_SHARE)

    def _windows(self) -> None:
        """Choose again in one neighbourhood after another."""
        self._through_windows(_MANY_POOR_WINDOWS, time.monotonic() + self.clock.left_s)

    @property
    def _has_full_weeks(self) -> bool:
        """Whether the plan is far from its bound, limits are held and beats short: then windows are of whole beats."""
        is_far = self._best.excess == 0 and self._gap > _FAR_IN_WINDOWS * abs(self.bound.whole)
        return is_far and self._is_short and self._is_small and bool(self.held) and self._start is None

    def _through_windows(self, most_poor: int, ends: float) -> None:
        if self._best.excess > 0:
            return
        self._free_officers()
        out = self._useful()[0]
        search = self._search_region if self._has_full_weeks else None
        windows = Windows(self._best, self.relaxation, self.bound, out, search)
        poor = 0
        least_s = 0 if search is None else _LEAST_REGION_S
        while self._goes_on() and poor < most_poor and (left_s := ends - time.monotonic()) > least_s:
            better = windows.next(self._best, left_s, self._is_over, self._free_workers)
            poor = poor + 1 if better is None else 0
            if better is not None:
                self._take(better)

    def _shakes(self) -> None:
        """Exchange officers around a random place and set that right again."""
        while self._goes_on():
            self._take(shaken(self._best, self.excluded, self._rate, self._rng))

    def _exchange(self, draft: Draft, ends: float) -> None:
        """Exchange officers where they are wanted until that helps no more."""

        def told() -> None:
            self.news.tell(min(draft, self._best, key=lambda one: one.merit).cost, self.bound.whole)

        def is_late() -> bool:
            return time.monotonic() > ends or self._is_over()

        exchange_wanted(draft, self.relaxation, self.bound, self._rate, is_late=is_late, told=told)
        self._take(draft)


def search_region(wanted: Wanted, params: SolveParams, stop: StopSignal) -> Searched:
    """Search a part of a problem as a problem of its own."""
    clock = Clock(time.monotonic(), wanted.time_limit_s, stop, is_last=True)
    params = params.model_copy(update={"workers": 1})
    search = TierSearch(
        wanted.region.arrays, wanted.region.stars, wanted.tier, wanted.held, wanted.excluded,
        [None] * len(wanted.held), clock, News(wanted.tier, 0, 1, clock.began, None), params, is_held=False,
        start=wanted.prices, is_quick=wanted.is_quick,
    )  # fmt: skip
    found, bound = search.run(wanted.choice)
    draft = Draft.of_choice(search.ground, found)
    draft.give_up()
    return Searched(draft.choice(), bound.whole)
