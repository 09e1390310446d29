"""What a solver is asked, what it tells on the way, and what it gives back."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, Protocol

from pydantic import Field, field_validator

from sro_coverage.model.arrays import Choice, TierArrays
from sro_coverage.problem import TierName, TierShares, Value

Stopped = Literal["proven", "gap reached", "time limit", "interrupted", "not reached"]
Status = Literal["optimal", "feasible", "infeasible", "no plan found"]
Method = Literal["exact", "large"]

UNKNOWN = 2**62
"""Cost of what is no plan."""


class Gap(TierShares):
    """How far each tier may stay from its proven bound, relative to its value; see `worst_value`."""

    @field_validator("*")
    @classmethod
    def _is_a_part(cls, share: float) -> float:
        if share == 1:
            raise ValueError("less than 1")
        return share


class SolveParams(Value):
    """
    How to search; the same problem, seed and one worker without reaching the limit: the same plan.

    Parameters
    ----------
    time_limit_s
        For all tiers together; what one tier leaves goes to the next.
    workers
        Parallel searches. One is repeatable; more may return another of several equally good plans.
    gap
        Near enough: the search of a tier ends there, and while it is not proven later tiers may use the whole gap.
    """

    time_limit_s: Annotated[float, Field(gt=0, le=1_000_000)] = 60
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    gap: Annotated[Gap, Field(exclude_if=lambda gap: gap == Gap())] = Gap()  # so that older documents stay the same


@dataclass(frozen=True)
class TierOutcome:
    """
    What is known of one tier, in the numbers that people see.

    Parameters
    ----------
    best
        Value reached when this tier was optimised.
    bound
        No plan that holds the earlier tiers can be better than this; None if nothing is known.
    limit
        The worst value that later tiers had to respect.
    value
        Value in the final plan.
    """

    name: TierName
    best: int
    bound: int | None
    limit: int
    value: int
    stopped: Stopped
    runtime_s: float


@dataclass(frozen=True)
class Solution:
    """
    The outcome of a search.

    Parameters
    ----------
    choice
        None if no plan was found, or none exists.
    method
        Which way it was solved: everything in one model, or by prices and parts.
    """

    status: Status
    choice: Choice | None
    tiers: tuple[TierOutcome, ...]
    runtime_s: float
    method: Method = "exact"


@dataclass(frozen=True)
class Progress:
    """One line of news from the search."""

    tier: TierName
    number: int
    num_tiers: int
    best: int | None
    bound: int | None
    elapsed_s: float


class Watcher(Protocol):
    """Called with every piece of news, from any thread."""

    def __call__(self, progress: Progress, /) -> None:
        """Take one piece of news; must return soon."""


class StopSignal:
    """A request to stop that any thread can make; the search keeps its best plan so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._actions: list[Callable[[], None]] = []
        self.requested = False

    def request(self) -> None:
        """Ask the running search to stop, and the next ones not to start."""
        with self._lock:
            self.requested = True
            for action in self._actions:
                action()

    @contextmanager
    def calls(self, action: Callable[[], None]) -> Iterator[None]:
        """Have `action` called when a stop is requested inside the block (or was before it)."""
        with self._lock:
            self._actions.append(action)
            if self.requested:
                action()
        try:
            yield
        finally:
            with self._lock:
                self._actions.remove(action)


def slack(value: int, tolerance: float) -> int:
    """Whole units that `tolerance`, a share of `value`, gives away."""
    return int(Decimal(str(tolerance)) * abs(value))


def is_near(tier: TierArrays, best: int, bound: int, gap: float) -> bool:
    """Whether a cost is within the gap of what no plan costs less than."""
    return best <= bound or is_within(tier.shown(best), tier.shown(bound), gap)


def is_within(best: int, bound: int | None, gap: float) -> bool:
    """Whether a value is within the gap of its bound."""
    found = relative_gap(best, bound)
    return found is not None and found <= gap


def worst_value(best: int, bound: int | None, *, sign: int, tolerance: float, gap: float) -> int:
    """
    Give the worst value that later tiers must respect.

    The best one less the tolerance; where that one is not proven, all within the gap of the bound are as good.

    Parameters
    ----------
    sign
        -1 where more is better, else 1.
    """
    worst = sign * best + slack(best, tolerance)
    if bound is not None and bound != best:
        near = Decimal(bound) / (1 - sign * Decimal(str(gap)))
        worst = max(worst, math.floor(sign * near))
    return sign * worst


def relative_gap(value: int, bound: int | None) -> float | None:
    """Distance of a value from its bound, as a share of the value (of 1 if the value is 0)."""
    return None if bound is None else abs(value - bound) / max(abs(value), 1)


class News:
    """Passes best and bound on as they come."""

    def __init__(self, tier: TierArrays, number: int, num_tiers: int, began: float, watch: Watcher | None) -> None:
        self._tier, self._number, self._num_tiers = tier, number, num_tiers
        self._began, self._watch = began, watch

    def tell(self, best: int | None, bound: int | None) -> None:
        """Pass them on."""
        if self._watch is not None:
            self._watch(
                Progress(
                    self._tier.name,
                    self._number + 1,
                    self._num_tiers,
                    None if best is None else self._tier.shown(best),
                    None if bound is None else self._tier.shown(bound),
                    time.monotonic() - self._began,
                )
            )


@dataclass
class Done:
    """
    A tier that was optimised, as a cost.

    Parameters
    ----------
    bound
        None if nothing is known.
    best, limit
        The least cost so far, and how far later tiers may go.
    """

    tier: TierArrays
    bound: int | None
    stopped: Stopped
    runtime_s: float
    tolerance: float
    gap: float
    best: int = UNKNOWN
    limit: int = UNKNOWN

    @staticmethod
    def of_known(tier: TierArrays, outcome: TierOutcome, tolerance: float, gap: float) -> Done:
        """Take over a tier that was optimised on other arrays of the same problem."""
        bound = None if outcome.bound is None else tier.cost(outcome.bound)
        best, limit = tier.cost(outcome.best), tier.cost(outcome.limit)
        return Done(tier, bound, outcome.stopped, outcome.runtime_s, tolerance, gap, best, limit)

    def tighten(self, cost: int) -> bool:
        """Take over a better value, also where a later tier met it by the way; gives whether it is one."""
        if cost >= self.best:
            return False
        self.best, best = cost, self.tier.shown(cost)
        worst = worst_value(best, self._shown_bound, sign=self.tier.sign, tolerance=self.tolerance, gap=self.gap)
        self.limit = self.tier.cost(worst)
        return True

    def outcome(self, cost: int) -> TierOutcome:
        """Say it, and what it is in the final plan, in the numbers that people see."""
        return TierOutcome(
            name=self.tier.name,
            best=self.tier.shown(self.best),
            bound=self._shown_bound,
            limit=self.tier.shown(self.limit),
            value=self.tier.shown(cost),
            stopped=self._why,
            runtime_s=self.runtime_s,
        )

    @property
    def _shown_bound(self) -> int | None:
        return None if self.bound is None else self.tier.shown(self.bound)

    @property
    def _why(self) -> Stopped:
        if self.bound == self.best:
            return "proven"
        reached = is_within(self.tier.shown(self.best), self._shown_bound, self.gap)
        return "gap reached" if reached else self.stopped
