"""
Cuts between beats: among three sites at most one beat can serve two.

Every site has one state, so that of three sites' rows, added up and halved, the whole part still holds. Such cuts know
nothing of costs or limits: they hold in every tier.

References
----------
Jepsen, Petersen, Spoorendonk and Pisinger (2008), Subset-row inequalities applied to the vehicle-routing problem with
time windows, Operations Research 56.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sro_coverage.travel import Floats, Ints

_LEAST = 0.02
_MOST_FOUND = 400_000


class Cuts:
    """Sets of three sites; grows only."""

    def __init__(self, num_sites: int) -> None:
        self._num_sites = num_sites
        self.sets = np.empty((0, 3), np.int64)
        self._known: set[tuple[int, ...]] = set()
        self._index()

    def __len__(self) -> int:
        return len(self.sets)

    def with_prices(self, price: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Give the arrays that the compiled loops read."""
        return (*self._arrays, price)

    def broken(self, sites: list[Ints], shares: Floats, most: int, at_once: int) -> Ints:
        """
        Find cuts that a fractional answer breaks, the most broken first.

        Parameters
        ----------
        sites, shares
            Of each beat in the answer, its base's own site included.
        most
            Cuts in all.
        at_once
            Cuts of one site.
        """
        start, members, beats = _by_site(sites, self._num_sites)
        found, by = _triples(start, members, beats, shares, _LEAST, _MOST_FOUND)
        count = np.zeros(self._num_sites, np.int64)
        new: list[tuple[int, ...]] = []
        for position in np.argsort(-by, kind="stable").tolist():
            cut = tuple(found[position].tolist())
            if cut in self._known or count[found[position]].max() >= at_once:
                continue
            self._known.add(cut)
            count[found[position]] += 1
            new.append(cut)
            if len(new) >= most:
                break
        return np.asarray(new, np.int64).reshape(-1, 3)

    def add(self, sets: Ints) -> None:
        """Add cuts."""
        self.sets = np.concatenate((self.sets, sets))
        self._index()

    def _index(self) -> None:
        number = np.repeat(np.arange(len(self.sets)), 3)
        order = np.argsort(self.sets.ravel(), kind="stable")
        first = np.concatenate(([0], np.cumsum(np.bincount(self.sets.ravel(), minlength=self._num_sites))))
        self._arrays = (
            first.astype(np.int64),
            number[order],
            np.ones(len(number), np.int64),
            np.full(len(self.sets), 2, np.int64),
        )


def _by_site(sites: list[Ints], num_sites: int) -> tuple[Ints, Ints, Ints]:
    """List the beats of each site, and all beats' sites."""
    sizes = np.asarray([len(one) for one in sites], np.int64)
    flat = np.concatenate(sites) if sites else np.empty(0, np.int64)
    beat = np.repeat(np.arange(len(sites)), sizes)
    order = np.argsort(flat, kind="stable")
    start = np.concatenate(([0], np.cumsum(np.bincount(flat, minlength=num_sites)))).astype(np.int64)
    width = int(sizes.max(initial=1))
    members = np.full((len(sites), width), -1, np.int64)
    members[beat, np.arange(len(flat)) - np.repeat(np.cumsum(sizes) - sizes, sizes)] = flat
    return start, members, beat[order]


@njit(cache=True, nogil=True)
def _triples(start: Any, members: Any, beats: Any, shares: Any, least: float, room: int) -> Any:
    """Find threes of sites that more than one beat serves two or more of, counted by shares."""
    num_sites = len(start) - 1
    found, by = np.empty((room, 3), np.int64), np.empty(room)
    near, place = np.empty(num_sites, np.int64), np.full(num_sites, -1, np.int64)
    is_here = np.zeros(len(members), np.bool_)
    size = 0
    for a in range(num_sites):
        near[0], place[a] = a, 0
        number = 1
        for at in range(start[a], start[a + 1]):
            is_here[beats[at]] = True
            for member in members[beats[at]]:
                if member >= 0 and place[member] < 0:
                    near[number], place[member] = member, number
                    number += 1
        pair = np.zeros((number, number))  # share of the beats that serve both of two sites
        for i in range(number):
            for at in range(start[near[i]], start[near[i] + 1]):
                for member in members[beats[at]]:
                    if member >= 0 and place[member] >= 0:
                        pair[i, place[member]] += shares[beats[at]]
        # The middle site is a, where the pair b, c may have nothing in common; else a is the first of the three.
        for i in range(1, number):
            for j in range(1, i):
                b, c = near[i], near[j]
                total = pair[0, i] + pair[0, j] + pair[i, j]
                if total <= 1 + least or (pair[i, j] > 0 and (a > b or a > c)):
                    continue
                triple = 0.0
                for at in range(start[b], start[b + 1]):
                    beat = beats[at]
                    if is_here[beat]:
                        for member in members[beat]:
                            if member == c:
                                triple += shares[beat]
                over = total - 2 * triple - 1
                if over > least and size < room:
                    low, high = min(b, c), max(b, c)
                    found[size, 0] = min(a, low)
                    found[size, 1] = max(min(a, high), low)
                    found[size, 2] = max(a, high)
                    by[size] = over
                    size += 1
        for at in range(start[a], start[a + 1]):
            is_here[beats[at]] = False
        for position in range(number):
            place[near[position]] = -1
    return found[:size], by[:size]
