"""
Cuts between beats, rounded from what sets of sites need.

Every site has one state. Added up over a set of sites, divided by any d and rounded, that still holds for beats. Where
it has k d + r sites (0 < r < d), let a beat count of its sites there the first r of every d as nothing and the others
as one each; all beats together count no more than k (d - r). Of three sites at most one beat serves two (d is 2), of
nine at most one serves five (d is 5). Such cuts know nothing of costs or limits: they hold in every tier.

References
----------
Jepsen, Petersen, Spoorendonk and Pisinger (2008), Subset-row inequalities applied to the vehicle-routing problem with
time windows, Operations Research 56. Marchand and Wolsey (2001), Aggregation and mixed integer rounding to solve MIPs,
Operations Research 49.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from sro_coverage.model.beats.apart import sets_apart
from sro_coverage.model.beats.kernel import counted
from sro_coverage.travel import Floats, Ints

_LEAST = 0.02
_MOST_FOUND = 400_000
_LONGEST, _MOST_SITES, _FOUND_A_SITE, _LOOKED_AT = 12, 150, 32, 20
_SITES_APART, _SETS_AT_ONCE = 2_000, 20  # more would take long; more would move all prices at once


@dataclass(frozen=True, eq=False)
class Cut:
    """A set of sites, and what it is divided by."""

    sites: Ints
    divisor: int

    @property
    def rest(self) -> int:
        """What is left over."""
        return len(self.sites) % self.divisor

    @property
    def most(self) -> int:
        """What all beats together may count."""
        return len(self.sites) // self.divisor * (self.divisor - self.rest)


class Cuts:
    """Cuts of some sites; grows only."""

    def __init__(self, num_sites: int) -> None:
        self._num_sites = num_sites
        self.cuts: list[Cut] = []
        self._known: set[tuple[int, ...]] = set()
        self._index()

    def __len__(self) -> int:
        return len(self.cuts)

    def with_prices(self, price: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Give the arrays that the compiled loops read."""
        return (*self._arrays, price)

    def broken(
        self,
        sites: list[Ints],
        shares: Floats,
        most: int,
        at_once: int,
        near: tuple[list[Ints], Floats] = ([], np.empty(0)),
    ) -> list[Cut]:
        """
        Find cuts that a fractional answer breaks: of three sites, and of more, the most broken first.

        Parameters
        ----------
        sites, shares
            Of each beat in the answer, its base's own site included.
        most
            Cuts in all, of each kind.
        at_once
            Cuts of one site, of each kind.
        near
            Beats that cost little more, and how much they tie their sites together: sets that these too seldom reach
            beyond stay apart, whatever the next answer is.
        """
        if not sites:
            return []
        start, members, beats = _by_site(sites, self._num_sites)
        threes, by = _triples(start, members, beats, shares, _LEAST, _MOST_FOUND)
        new = self._chosen((Cut(threes[k], 2) for k in np.argsort(-by, kind="stable")), most, at_once)
        if members.shape[1] <= _LONGEST:
            grown, seed, size, divisor, by = _grown(start, members, beats, shares, _MOST_SITES, _LEAST)
            order = np.argsort(-by, kind="stable")[: _LOOKED_AT * most]
            found = (Cut(np.sort(grown[seed[k], : size[k]]), int(divisor[k])) for k in order)
            new += self._chosen(found, most, at_once)
            if self._num_sites <= _SITES_APART:
                apart = self._apart(((sites, shares), near), members, shares)
                new += self._chosen(apart, min(most, _SETS_AT_ONCE), most)
        return new

    def _apart(self, tied: Iterable[tuple[list[Ints], Floats]], members: Ints, shares: Floats) -> list[Cut]:
        """Find cuts of sets that few beats reach beyond, or of all other sites served, the most broken first."""
        sets = np.concatenate([sets_apart(*beats, self._num_sites) for beats in tied if beats[0]])
        is_served = np.zeros(self._num_sites, np.bool_)
        is_served[members[members >= 0]] = True
        sets = np.concatenate((sets, is_served & ~sets))
        row, divisor, by = _rounded(sets, members, shares, _LEAST)
        return [Cut(np.flatnonzero(sets[row[k]]), int(divisor[k])) for k in np.argsort(-by, kind="stable")]

    def _chosen(self, found: Iterable[Cut], most: int, at_once: int) -> list[Cut]:
        """Choose among cuts, the first ones first."""
        count = np.zeros(self._num_sites, np.int64)
        new: list[Cut] = []
        for cut in found:
            key = (cut.divisor, *cut.sites.tolist())
            if key in self._known or count[cut.sites].max() >= at_once:
                continue
            self._known.add(key)
            count[cut.sites] += 1
            new.append(cut)
            if len(new) >= most:
                break
        return new

    def add(self, cuts: list[Cut]) -> None:
        """Add cuts."""
        self.cuts += cuts
        self._index()

    def _index(self) -> None:
        size = np.asarray([len(cut.sites) for cut in self.cuts], np.int64)
        flat = np.concatenate([np.empty(0, np.int64), *(cut.sites for cut in self.cuts)])
        order = np.argsort(flat, kind="stable")
        first = np.concatenate(([0], np.cumsum(np.bincount(flat, minlength=self._num_sites))))
        self.most, divisor, rest = (
            np.asarray([getattr(cut, name) for cut in self.cuts], np.int64) for name in ("most", "divisor", "rest")
        )
        self._arrays = (first.astype(np.int64), np.repeat(np.arange(len(size)), size)[order], divisor, rest)


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


@njit(cache=True, nogil=True)
def _grown(start: Any, members: Any, beats: Any, shares: Any, most: int, least: float) -> Any:
    """
    Let a set grow from every site, by the site that most of its beats have too, and look at all sets on the way.

    Returns
    -------
    (grown, seed, size, divisor, by)
        One row of sites for each first site; then for each cut that is broken its row, and of how many sites it is.
    """
    num_sites, (num_beats, longest) = len(start) - 1, members.shape
    room = _FOUND_A_SITE * num_sites
    grown, by = np.zeros((num_sites, most), np.int64), np.empty(room)
    seed_of, size_of, divisor_of = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    inside, is_in = np.zeros(num_beats, np.int64), np.zeros(num_sites, np.bool_)
    score, is_near = np.zeros(num_sites), np.zeros(num_sites, np.bool_)
    near, met = np.empty(num_sites, np.int64), np.empty(num_beats, np.int64)
    number = 0
    for seed in range(num_sites):
        size, num_near, num_met, site = 0, 0, 0, seed
        while site >= 0 and size < most:
            grown[seed, size], is_in[site] = site, True
            size += 1
            for at in range(start[site], start[site + 1]):
                beat = beats[at]
                if inside[beat] == 0:
                    met[num_met] = beat
                    num_met += 1
                inside[beat] += 1
                for member in members[beat]:
                    if member >= 0:
                        if not is_near[member]:
                            near[num_near], is_near[member] = member, True
                            num_near += 1
                        # Up to date with (n + 1)^2 - n^2, for n sites of the beat in the set: nearly full beats first.
                        score[member] += shares[beat] * (3 if inside[beat] == 1 else 2)
            for divisor in range(2, longest + 1):
                rest = size % divisor
                over = -float(size // divisor * (divisor - rest))
                if rest == 0 or over == 0 or size <= 3 or number == room:
                    continue
                for position in range(num_met):
                    over += shares[met[position]] * counted(inside[met[position]], divisor, rest)
                if over > least * (divisor - rest):
                    seed_of[number], size_of[number], divisor_of[number] = seed, size, divisor
                    by[number] = over / (divisor - rest)
                    number += 1
            site = -1
            for position in range(num_near):
                other = near[position]
                if not is_in[other] and (site < 0 or score[other] > score[site]):
                    site = other
        for position in range(num_met):
            inside[met[position]] = 0
        for position in range(num_near):
            score[near[position]], is_near[near[position]] = 0.0, False
        for position in range(size):
            is_in[grown[seed, position]] = False
    return grown, seed_of[:number], size_of[:number], divisor_of[:number], by[:number]


@njit(cache=True, nogil=True)
def _rounded(sets: Any, members: Any, shares: Any, least: float) -> Any:
    """Find which sets of sites make a broken cut, with which divisor."""
    num_beats, longest = members.shape
    room = len(sets) * longest
    row_of, divisor_of, by = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    inside, number = np.zeros(num_beats, np.int64), 0
    for row in range(len(sets)):
        size = sets[row].sum()
        for beat in range(num_beats):
            inside[beat] = 0
            for member in members[beat]:
                inside[beat] += member >= 0 and sets[row, member]
        for divisor in range(2, longest + 1):
            rest = size % divisor
            over = -float(size // divisor * (divisor - rest))
            if rest == 0 or over == 0 or size <= 3:
                continue
            for beat in range(num_beats):
                over += shares[beat] * counted(inside[beat], divisor, rest)
            if over > least * (divisor - rest):
                row_of[number], divisor_of[number], by[number] = row, divisor, over / (divisor - rest)
                number += 1
    return row_of[:number], divisor_of[:number], by[:number]
