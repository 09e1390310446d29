"""The multiple-choice knapsack: one option for each agency, within a number of officers, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

Values: TypeAlias = tuple[int, ...]
"""One number for each tier, none below 0; more is better, and the first that differs decides."""


@dataclass(frozen=True)
class Option:
    """Something that an agency may get: so many funded officers, and what they are worth."""

    officers: int
    values: Values


class Knapsack:
    """
    The best choice of one option for each agency, for each number of officers up to the most.

    Among choices that are equally good the one with the fewest officers is given; then agencies that come first get
    more.

    Parameters
    ----------
    agencies
        The options of each, at least one, the one with the fewest officers first.
    most
        Officers at most.

    Notes
    -----
    Tiers are compared in turn, so that they can be written as the digits of one whole number, with each base more
    than that tier can come to. A dynamic programme over the agencies then keeps the best number for each count of
    officers: the answer is exact whatever the curves look like.
    """

    def __init__(self, agencies: Sequence[Sequence[Option]], most: int) -> None:
        self._agencies = agencies
        ends = [np.max([option.values for option in options], axis=0) for options in agencies]
        self._bases = [1 + sum(int(end[tier]) for end in ends) for tier in range(len(ends[0]))] if ends else []
        self._best, self._taken = self._programme(most)

    def total(self, officers: int) -> Values | None:
        """Give the most that so many officers, or fewer, are worth; None if they are too few for any choice."""
        spent = self.spent(officers)
        return None if spent < 0 else self._digits(int(self._best[spent]))

    def spent(self, officers: int) -> int:
        """Give how many of so many officers the best choice takes; -1 if they are too few for any."""
        return int(self._spent[officers])

    def chosen(self, officers: int) -> tuple[Option, ...]:
        """Give the option of each agency that comes to the total of so many officers; empty if there is none."""
        spent = self.spent(officers)
        if spent < 0:
            return ()
        found = []
        for options, taken in zip(reversed(self._agencies), reversed(self._taken), strict=True):
            option = options[taken[spent]]
            found.append(option)
            spent -= option.officers
        return tuple(reversed(found))

    def _programme(self, most: int) -> tuple[Any, list[Any]]:
        """Give the best number for exactly each count of officers, and each agency's place in that choice."""
        worst = -self._number(base - 1 for base in self._bases) - 1  # below 0 whatever is added
        kind = np.int64 if -worst < 2**62 else object
        best = np.full(most + 1, worst, kind)
        best[0] = 0
        choices = []
        for options in self._agencies:
            after, taken = np.full(most + 1, worst, kind), np.zeros(most + 1, np.int32)
            for place, option in enumerate(options):
                if option.officers <= most:
                    reached = best[: most + 1 - option.officers] + self._number(option.values)
                    is_better = reached > after[option.officers :]
                    after[option.officers :][is_better] = reached[is_better]
                    taken[option.officers :][is_better] = place
            best = after
            choices.append(taken)
        return best, choices

    @cached_property
    def _spent(self) -> Any:
        """How many officers the best choice with at most so many takes; -1 if there is none."""
        spent, least = np.full(len(self._best), -1), 0
        for count, best in enumerate(self._best):
            if best > self._best[least]:
                least = count
            spent[count] = least if self._best[least] >= 0 else -1
        return spent

    def _number(self, values: Any) -> int:
        number = 0
        for base, value in zip(self._bases, values, strict=True):
            number = number * base + int(value)
        return number

    def _digits(self, number: int) -> Values:
        digits = []
        for base in reversed(self._bases):
            number, digit = divmod(number, base)
            digits.append(digit)
        return tuple(reversed(digits))
