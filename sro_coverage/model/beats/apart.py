"""
Sets of sites that few beats reach beyond: the minimum cuts between sites, by Gomory and Hu's tree.

Two sites are tied as strongly as beats serve both. Where few beats reach beyond a set, and its size is no multiple of
what one beat serves, the beats inside cannot serve all of it: that is where rounding a large set says most.

References
----------
Gusfield (1990), Very simple methods for all pairs network flow analysis, SIAM Journal on Computing 19. Padberg and Rao
(1982), Odd minimum cut-sets and b-matchings, Mathematics of Operations Research 7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from scipy import sparse

from sro_coverage.travel import Bools, Floats, Ints

_UNITS, _ENOUGH = 10_000, 9_999  # a site's ties come to one unit: a set tied as much as that is no better than one site
_WHOLE = 1 - 1e-6


def sets_apart(sites: list[Ints], shares: Floats, num_sites: int) -> Bools:
    """
    Find sets of sites with less than one beat that reaches beyond them.

    Parameters
    ----------
    sites, shares
        Of each beat in a fractional answer.

    Returns
    -------
    numpy.ndarray
        One row a set.
    """
    sizes = np.asarray([len(one) for one in sites], np.int64)
    flat, beat = np.concatenate(sites), np.repeat(np.arange(len(sites)), sizes)
    place = np.arange(num_sites)
    for one in np.flatnonzero(shares > _WHOLE):
        place[sites[one]] = sites[one][0]  # a beat that is held as a whole is one place
    places, at = np.unique(place[flat], return_inverse=True)
    serves = sparse.csr_array((np.sqrt(shares / np.maximum(sizes - 1, 1))[beat], (at, beat)))
    ties = sparse.coo_array(serves @ serves.T)
    first, other, tie = ties.row, ties.col, np.rint(ties.data * _UNITS).astype(np.int64)
    is_tie = (first != other) & (tie > 0)
    graph = sparse.csr_array((tie[is_tie], (first[is_tie], other[is_tie])), shape=(len(places),) * 2)
    graph.sort_indices()
    reverse = np.argsort(np.lexsort((np.repeat(np.arange(len(places)), np.diff(graph.indptr)), graph.indices)))
    rows = _cuts(graph.indptr, graph.indices, graph.data, reverse, _ENOUGH)
    found = np.zeros((len(rows), num_sites), np.bool_)
    of_site = np.full(num_sites, -1)
    of_site[flat] = at
    found[:, of_site >= 0] = rows[:, of_site[of_site >= 0]]
    return found


@njit(cache=True, nogil=True)
def _cuts(start: Any, other: Any, tie: Any, reverse: Any, enough: int) -> Any:
    """Find the least cut between each place and its parent in the tree, if less than enough is cut."""
    number = len(start) - 1
    parent = np.zeros(number, np.int64)
    found, size = np.zeros((number, number), np.bool_), 0
    queue, by = np.empty(number, np.int64), np.empty(number, np.int64)
    for source in range(1, number):
        target, left, flow = parent[source], tie.copy(), 0
        while flow < enough:
            by[:] = -1
            by[source], queue[0] = len(tie), source
            head, tail = 0, 1
            while head < tail and by[target] < 0:
                place = queue[head]
                head += 1
                for arc in range(start[place], start[place + 1]):
                    if left[arc] > 0 and by[other[arc]] < 0:
                        by[other[arc]] = arc
                        queue[tail] = other[arc]
                        tail += 1
            if by[target] < 0:
                break
            more, place = enough, target
            while place != source:
                more = min(more, left[by[place]])
                place = other[reverse[by[place]]]
            place = target
            while place != source:
                left[by[place]] -= more
                left[reverse[by[place]]] += more
                place = other[reverse[by[place]]]
            flow += more
        if flow >= enough:
            continue
        for place in range(number):
            found[size, place] = by[place] >= 0
            if place > source and by[place] >= 0 and parent[place] == target:
                parent[place] = source
        size += 1
    return found[:size]
