"""The beats met so far, and the columns that they and the other ways to serve a site make in a program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sro_coverage.model.beats import kernel
from sro_coverage.model.beats.cuts import Cuts
from sro_coverage.model.beats.task import Chosen
from sro_coverage.model.bound import Relaxation
from sro_coverage.travel import Floats, Ints

_LARGEST = 1e3


@dataclass(frozen=True, eq=False)
class Beats:
    """
    Some beats.

    Parameters
    ----------
    base
        Base of each.
    start, spokes
        The shared spokes of beat k are ``spokes[start[k]:start[k + 1]]``.
    """

    base: Ints
    start: Ints
    spokes: Ints

    def __len__(self) -> int:
        return len(self.base)

    @property
    def beat_of(self) -> Ints:
        """Beat of each of the spokes."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def some(self, which: Ints) -> Beats:
        """Give some of them."""
        sizes = np.diff(self.start)[which]
        start = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        at = np.repeat(self.start[which] - start[:-1], sizes) + np.arange(start[-1])
        return Beats(self.base[which], start, self.spokes[at])

    def and_also(self, other: Beats) -> Beats:
        """Give these and others."""
        return Beats(
            np.concatenate((self.base, other.base)),
            np.concatenate((self.start, other.start[1:] + self.start[-1])),
            np.concatenate((self.spokes, other.spokes)),
        )

    def sites(self, relaxation: Relaxation) -> tuple[Ints, Ints]:
        """Give the sites of each beat, its base's own first, as starts and sites."""
        arrays, stars = relaxation.arrays, relaxation.stars
        start = self.start + np.arange(len(self) + 1)
        sites = np.empty(start[-1], np.int64)
        sites[start[:-1]] = arrays.base_site[self.base]
        sites[np.arange(len(self.spokes)) + self.beat_of + 1] = stars.site[self.spokes]
        return start, sites

    def costs(self, relaxation: Relaxation) -> Ints:
        """Cost in each tier, one row a tier."""
        arrays, tiers = relaxation.arrays, relaxation.costs
        cost: Ints = tiers.base[:, self.base] + tiers.primary[:, arrays.base_site[self.base]]
        np.add.at(cost.T, self.beat_of, tiers.shared[:, self.spokes].T)
        return cost


NO_BEATS = Beats(np.empty(0, np.int64), np.zeros(1, np.int64), np.empty(0, np.int64))


def beats_of(relaxation: Relaxation, plan: Chosen) -> Beats:
    """Give the beats of a plan."""
    stars = relaxation.stars
    bases = np.sort(plan.bases)
    spokes = plan.shared[np.argsort(stars.base[plan.shared], kind="stable")]
    sizes = np.bincount(stars.base[spokes], minlength=len(stars.start) - 1)[bases]
    return Beats(bases, np.concatenate(([0], np.cumsum(sizes))).astype(np.int64), spokes)


class Pool:
    """Beats, each only once."""

    def __init__(self) -> None:
        self.beats = NO_BEATS
        self._known: set[tuple[int, bytes]] = set()

    def new(self, found: Beats) -> Beats:
        """Give those that were not known, and know them from now on."""
        fresh: list[int] = []
        for k in range(len(found)):
            spokes = np.sort(found.spokes[found.start[k] : found.start[k + 1]])
            key = (int(found.base[k]), spokes.tobytes())
            if key not in self._known:
                self._known.add(key)
                fresh.append(k)
        new = found.some(np.asarray(fresh, np.int64))
        self.beats = self.beats.and_also(new)
        return new


class Rows:
    """
    Numbers of the rows that every program over beats has, and its units.

    First one row for each site, then for each class of officers, then for each held tier. A cost in the program is
    `unit` times smaller, a held tier's `units` times.
    """

    def __init__(self, relaxation: Relaxation) -> None:
        arrays = relaxation.arrays
        self.num_sites = len(arrays.posts)
        self.officers = np.asarray([len(members) for members in arrays.class_officers], np.float64)
        self.first_held = self.num_sites + len(self.officers)
        self.number = self.first_held + len(relaxation.held)
        tiers = relaxation.costs
        largest = [
            max(float(np.abs(column[t]).max(initial=0)) for column in tiers) for t in range(len(relaxation.limits))
        ]
        self.unit, self.units = max(largest[0] / _LARGEST, 1e-9), np.maximum(np.asarray(largest[1:]) / 10, 1e-9)
        limits = np.asarray(relaxation.limits[1:], np.float64) / self.units
        self.low = np.concatenate((np.ones(self.num_sites), np.full(self.number - self.num_sites, -np.inf)))
        self.high = np.concatenate((np.ones(self.num_sites), self.officers, limits))

    def held(self, costs: Ints) -> tuple[Ints, Ints, Floats]:
        """Give row, column and value of the costs in held tiers."""
        tier, column = np.nonzero(costs[1:])
        return self.first_held + tier, column, costs[1:][tier, column] / self.units[tier]

    def of_beats(self, relaxation: Relaxation, beats: Beats, costs: Ints) -> tuple[Ints, Ints, Floats]:
        """Give row, column and value of beats, without cuts and calls."""
        start, sites = beats.sites(relaxation)
        column = np.repeat(np.arange(len(beats)), np.diff(start))
        number = self.num_sites + relaxation.arrays.base_class[beats.base]
        held = self.held(costs)
        return (
            np.concatenate((sites, number, held[0])),
            np.concatenate((column, np.arange(len(beats)), held[1])),
            np.concatenate((np.ones(len(sites) + len(beats)), held[2])),
        )


def entries_of_cuts(relaxation: Relaxation, beats: Beats, cuts: Cuts, first: int = 0) -> tuple[Ints, Ints, Ints]:
    """Give beat, cut and value wherever a beat counts in a cut from `first` on."""
    start, sites = beats.sites(relaxation)
    beat, cut, times = kernel.cut_entries(start, sites, cuts.with_prices(np.zeros(len(cuts), np.int64)), first)
    return beat, cut, times


def entries_of_calls(relaxation: Relaxation, beats: Beats, calls: Ints) -> tuple[Ints, Ints]:
    """Give call and beat wherever a beat's officer may answer a call: the base's, if its site is not shared."""
    stars = relaxation.stars
    order = np.argsort(beats.base, kind="stable")
    first = np.searchsorted(beats.base[order], stars.base[calls], side="left")
    last = np.searchsorted(beats.base[order], stars.base[calls], side="right")
    call = np.repeat(np.arange(len(calls)), last - first)
    offset = np.repeat(first - np.concatenate(([0], np.cumsum(last - first)[:-1])), last - first)
    beat = order[offset + np.arange(len(call))] if len(call) else np.empty(0, np.int64)
    wide = len(stars.site) + 1
    shared = np.sort(beats.beat_of * wide + beats.spokes)
    key = beat * wide + calls[call]
    at = np.minimum(np.searchsorted(shared, key), max(len(shared) - 1, 0))
    is_shared = shared[at] == key if len(shared) else np.zeros(len(key), np.bool_)
    return call[~is_shared], beat[~is_shared]
