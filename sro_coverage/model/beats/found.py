"""The search of beats, spread over threads: what is found does not depend on how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sro_coverage.model.beats import kernel
from sro_coverage.model.beats.cuts import Cuts
from sro_coverage.model.beats.pool import NO_BEATS, Beats
from sro_coverage.model.bound import Relaxation
from sro_coverage.travel import Ints

_MEAN = 32
_PARTS = 4  # for each thread: some bases take far longer than others


@dataclass(frozen=True, eq=False)
class Found:
    """
    Beats of some bases.

    Parameters
    ----------
    beats, values
        In the order of the bases; what each costs beyond the prices, in units.
    least
        What no beat of each base can cost less than.
    is_cut
        Whether not all beats were found.
    """

    beats: Beats
    values: Ints
    least: Ints
    is_cut: bool


def find_beats(
    relaxation: Relaxation,
    bases: Ints,
    values: Ints,
    price: Ints,
    cuts: Cuts,
    paid: Ints,
    limit: int,
    node_limit: int,
    *,
    most: int | None = None,
    threads: int = 1,
) -> Found:
    """
    Find the cheapest beat of each base, or all beats that cost less than a limit.

    Parameters
    ----------
    values
        What each base costs without any site of its beat.
    price, paid
        Of each site and of each cut, in units.
    limit
        Only beats that cost less are found.
    node_limit
        The search around a base is cut after so many steps.
    most
        Find all, up to so many; the cheapest of each base if not given.
    """
    arrays, stars = relaxation.arrays, relaxation.stars
    priced = cuts.with_prices(paid)
    sizes = np.diff(stars.start)[bases]

    def found(part: Ints) -> Found:
        room, spokes_room = (len(part), int(sizes[part].sum())) if most is None else (most, most * _MEAN)
        base, value, start = np.zeros(room, np.int64), np.zeros(room, np.int64), np.zeros(room + 1, np.int64)
        spokes, least = np.zeros(spokes_room, np.int64), np.zeros(len(part), np.int64)
        number = kernel.find_beats(
            bases[part], values[part], arrays.base_site, (stars.start, stars.site, stars.use, stars.cap),
            (relaxation.c_shared, relaxation.c_on_call), price, priced, limit, most is not None, node_limit,
            base, start, spokes, value, least,
        )  # fmt: skip
        is_cut, number = number < 0, max(number, 0)
        beats = Beats(base[:number].copy(), start[: number + 1].copy(), spokes[: start[number]].copy())
        return Found(beats, value[:number].copy(), least, is_cut)

    if threads == 1:
        return found(np.arange(len(bases)))
    parts = [np.arange(first, len(bases), _PARTS * threads) for first in range(_PARTS * threads)]
    with ThreadPoolExecutor(threads) as pool:
        return _together(bases, parts, list(pool.map(found, parts)), most)


def _together(bases: Ints, parts: Sequence[Ints], found: Sequence[Found], most: int | None) -> Found:
    """Put what was found around parts of the bases in the order of all of them."""
    least = np.zeros(len(bases), np.int64)
    beats = NO_BEATS
    for part, its in zip(parts, found, strict=True):
        least[part] = its.least
        beats = beats.and_also(its.beats)
    if any(its.is_cut for its in found) or (most is not None and len(beats) > most):
        return Found(NO_BEATS, np.empty(0, np.int64), least, is_cut=True)
    order = np.argsort(beats.base, kind="stable")
    return Found(beats.some(order), np.concatenate([its.values for its in found])[order], least, is_cut=False)
