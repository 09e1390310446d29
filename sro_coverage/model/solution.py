"""What a solver is asked, what it tells on the way, and what it gives back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, Protocol

from pydantic import Field

from sro_coverage.model.arrays import Choice, TierArrays
from sro_coverage.problem import TierName, Value

Stopped = Literal["proven", "time limit", "interrupted", "not reached"]
Status = Literal["optimal", "feasible", "infeasible", "no plan found"]
Method = Literal["exact", "large"]


class SolveParams(Value):
    """
    How to search; the same problem, seed and one worker without reaching the limit: the same plan.

    Parameters
    ----------
    time_limit_s
        For all tiers together; what one tier leaves goes to the next.
    workers
        Parallel searches. One is repeatable; more may return another of several equally good plans.
    """

    time_limit_s: Annotated[float, Field(gt=0, le=1_000_000)] = 60
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    workers: Annotated[int, Field(ge=1, le=64)] = 1


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
