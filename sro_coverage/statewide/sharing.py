"""Sharing funded officers out: what each agency may get, which numbers must be solved for that, and the best choice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile
from typing import Annotated

from pydantic import Field

from sro_coverage.errors import Issue
from sro_coverage.problem import Value
from sro_coverage.statewide.curves import Curve, Values
from sro_coverage.statewide.knapsack import Knapsack, Option

MOST_FUNDED = 20_000
Officers = Annotated[int, Field(ge=0, le=MOST_FUNDED)]


class Terms(Value):
    """
    The terms of a grant for one agency, as the table of agencies has them.

    Parameters
    ----------
    funded_min, funded_max
        Funded officers that it gets at least and at most; no limit if empty.
    match
        Own officers that it must add for each funded one, rounded up: 0.5 is one for every two.
    own_max
        Own officers that it can add at most; no limit if empty.
    """

    funded_min: Officers = 0
    funded_max: Officers | None = None
    match: Annotated[float, Field(ge=0, le=100)] = 0
    own_max: Officers | None = None

    def own(self, funded: int) -> int:
        """Own officers that come with so many funded ones."""
        return math.ceil(Decimal(str(self.match)) * funded)

    def may_have(self, funded: int) -> bool:
        """Whether an agency may get so many."""
        return (
            self.funded_min <= funded
            and (self.funded_max is None or funded <= self.funded_max)
            and (self.own_max is None or self.own(funded) <= self.own_max)
        )

    def contradictions(self) -> tuple[Issue, ...]:
        """Tell why no number of funded officers keeps all terms, if that is so."""
        least = self.funded_min
        if self.funded_max is not None and least > self.funded_max:
            return (Issue("funded_min", str(least), f"at most funded_max, {self.funded_max}"),)
        if not self.may_have(least):
            found = f"{least} funded officers take {self.own(least)} own ones"
            return (Issue("funded_min", found, f"no more than own_max, {self.own_max}"),)
        return ()


@dataclass(frozen=True)
class Place:
    """One number of funded officers that an agency may get, and how many officers it has then."""

    funded: int
    own: int
    officers: int


@dataclass(frozen=True)
class Candidate:
    """An agency that may get officers: on what terms, and what they would do there."""

    id: str
    name: str
    terms: Terms
    curve: Curve

    def places(self, most: int) -> tuple[Place, ...]:
        """Give every number that it may get, up to the one that fills its last post."""
        terms, ground = self.terms, self.curve.ground
        found: list[Place] = []
        for funded in takewhile(terms.may_have, range(terms.funded_min, most + 1)):
            own = terms.own(funded)
            found.append(Place(funded, own, ground.now + funded + own))
            if found[-1].officers >= ground.posts:
                break
        return tuple(found)


@dataclass(frozen=True)
class Total:
    """
    What a number of funded officers comes to in the whole state.

    Parameters
    ----------
    officers
        Funded, at most.
    spent
        Of them given; the rest would buy nothing, or nobody may have them.
    values
        Of the best sharing by what is known.
    covered_most, based_most
        No sharing covers more students, and none that covers as many has more on primaries; the second is not known
        while the first is not reached.
    """

    officers: int
    spent: int
    values: Values
    covered_most: int
    based_most: int | None

    @property
    def is_proven(self) -> bool:
        """Whether no other sharing is better."""
        return self.values == (self.covered_most, self.based_most)


class Sharing:
    """
    The best way to share officers out, as far as the curves are known.

    Parameters
    ----------
    candidates
        Their curves may gain points at any time.
    officers
        Funded officers; one fewer and one more are looked at as well.

    Notes
    -----
    What may still be solved is judged by its bound. The best choice by bounds is a bound itself, and where all that
    it chooses is solved and proven, it is the answer: what other numbers would have come to need not be solved.
    """

    def __init__(self, candidates: Sequence[Candidate], officers: int) -> None:
        self.candidates, self.officers = tuple(candidates), officers
        self.places = tuple(candidate.places(officers + 1) for candidate in candidates)
        self._by_values = self._by_bounds = Knapsack((), 0)
        self.look_again()

    def look_again(self) -> None:
        """Take in new points of the curves."""
        curves = [candidate.curve for candidate in self.candidates]
        pairs = list(zip(curves, self.places, strict=True))

        def knapsack(method: str) -> Knapsack:
            options = [
                [Option(place.funded, getattr(curve, method)(place.officers)) for place in places]
                for curve, places in pairs
            ]
            return Knapsack(options, self.officers + 1)

        self._by_values, self._by_bounds = knapsack("values"), knapsack("bounds")

    def needed(self) -> list[tuple[int, int]]:
        """
        Give what must be solved next: candidates by their place, and numbers of officers.

        Returns
        -------
        list
            Empty if the sharing is settled: every number that the best choice by bounds has, and one officer more in
            each agency, is solved. A curve gets longer by at most as much again each time, as bounds far beyond
            the last point are weak.
        """
        wanted = []
        for index, (candidate, target) in enumerate(zip(self.candidates, self._targets(), strict=True)):
            curve, places = candidate.curve, self.places[index]
            reached = places[: min(target, max(1, 2 * _num_known(curve, places))) + 1]
            numbers = dict.fromkeys((curve.ground.now, *(curve.effective(place.officers) for place in reached)))
            wanted += [(index, number) for number in numbers if curve.lacks(number)]
        return wanted

    def _targets(self) -> list[int]:
        """Give the last place of each candidate's curve that matters."""
        chosen = [
            *(self._by_bounds.chosen(officers) for officers in self._asked),
            self._by_values.chosen(self.officers),
        ]
        targets = [
            max((option.officers - places[0].funded for option in options), default=0)
            for places, *options in zip(self.places, *filter(None, chosen), strict=True)
        ]
        return [target + 1 for target in targets]

    @property
    def _asked(self) -> range:
        return range(max(self.officers - 1, 0), self.officers + 2)

    def total(self, officers: int) -> Total | None:
        """Give what so many officers come to; None if the agencies must get more."""
        values, bounds = self._by_values.total(officers), self._by_bounds.total(officers)
        if values is None or bounds is None:
            return None
        covered, based = values
        based_most = bounds[1] if bounds[0] == covered else None
        return Total(officers, self._by_values.spent(officers), (covered, based), bounds[0], based_most)

    def chosen(self, officers: int) -> tuple[Place, ...]:
        """Give what each candidate gets of so many; empty if the agencies must get more."""
        options = self._by_values.chosen(officers)
        pairs = zip(options, self.places, strict=False)
        return tuple(places[option.officers - places[0].funded] for option, places in pairs)


def _num_known(curve: Curve, places: Sequence[Place]) -> int:
    return sum(1 for _ in takewhile(lambda place: not curve.lacks(place.officers), places))
