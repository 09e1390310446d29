"""Each base with every site that it could serve: the arrays turned into what the compiled kernel reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sro_coverage.model import kernel
from sro_coverage.model.arrays import Arrays
from sro_coverage.travel import Bools, Ints


@dataclass(frozen=True, eq=False)
class Stars:
    """
    Spokes from each base to each site that it may share or be called to, both ways of serving in one.

    Parameters
    ----------
    start
        The spokes of base b are ``start[b]:start[b + 1]``, cheapest first.
    site, base
        Ends of each spoke.
    shared, on_call
        The arc that is used if the site is shared, or on-call; -1 if there is none.
    use
        Seconds, peaks, students and 1 of each spoke, if shared.
    cap
        The same four for each base.
    into_start, into
        The spokes into site j are ``into[into_start[j]:into_start[j + 1]]``, by base.
    """

    start: Ints
    site: Ints
    base: Ints
    shared: Ints
    on_call: Ints
    use: Ints
    cap: Ints
    into_start: Ints
    into: Ints

    @staticmethod
    def of(arrays: Arrays) -> Stars:
        """Pair the arcs of each base and site."""
        num_sites, num_bases = len(arrays.posts), len(arrays.base_site)
        cost = sum((tier.arc_cost for tier in arrays.tiers if tier.is_sum), np.zeros_like(arrays.arc_site))
        pair, spoke = np.unique(arrays.arc_base * num_sites + arrays.arc_site, return_inverse=True)
        least = np.full(len(pair), np.iinfo(np.int64).max)
        np.minimum.at(least, spoke, cost)
        order = np.lexsort((pair, least, pair // max(num_sites, 1)))
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        spoke = place[spoke]
        base, site = np.divmod(pair[order], max(num_sites, 1))
        ways = np.full((2, len(pair)), -1)
        for kind, way in ((False, 0), (True, 1)):
            arcs = np.flatnonzero(arrays.arc_is_shared == kind)
            ways[way, spoke[arcs]] = arcs
        use = np.zeros((len(pair), 4), np.int64)
        has = ways[1] >= 0
        for column, values in enumerate((arrays.arc_seconds, arrays.arc_peaks, arrays.arc_students)):
            use[has, column] = values[ways[1, has]]
        use[:, 3] = 1
        into = np.lexsort((base, site))
        return Stars(
            start=_starts(base, num_bases),
            site=site,
            base=base,
            shared=ways[1],
            on_call=ways[0],
            use=use,
            cap=np.column_stack((arrays.cap_seconds, arrays.cap_peaks, arrays.cap_students, arrays.cap_count)),
            into_start=_starts(site, num_sites),
            into=into,
        )

    def spokes_of(self, bases: Ints) -> Ints:
        """Give the spokes of some bases, base by base."""
        counts = self.start[bases + 1] - self.start[bases]
        ends = np.cumsum(counts)
        spokes: Ints = np.repeat(self.start[bases] - (ends - counts), counts) + np.arange(ends[-1] if len(ends) else 0)
        return spokes

    def beyond_first(self, most: int, excluded: Bools, regret: Ints, second: Ints) -> Bools:
        """Exclude all but the first few spokes into each site, least regret first, then least in a second number."""
        out: Bools = kernel.beyond_first(most, self.into_start, self.into, excluded, regret, second)
        return out


def _starts(keys: Ints, num_groups: int) -> Ints:
    return np.concatenate(([0], np.cumsum(np.bincount(keys, minlength=num_groups)))).astype(np.int64)
