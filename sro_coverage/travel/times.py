"""Travel times between sites, sparse: only pairs within reach are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TravelTimes:
    """
    Driving seconds for ordered pairs of sites, row by row (compressed sparse rows).

    Parameters
    ----------
    row_start
        Shape (n + 1,); the pairs of origin i are ``row_start[i]:row_start[i + 1]``.
    destination
        Site of each pair, ascending within a row, never the origin itself.
    out_s, back_s
        Whole seconds to the destination and back; they may differ.
    source
        Where the times come from, in words.
    notes
        What a reader of the plan should know about them.
    """

    row_start: Ints
    destination: Ints
    out_s: Ints
    back_s: Ints
    source: str = "given"
    notes: tuple[str, ...] = ()

    def named(self, source: str, notes: tuple[str, ...] | None = None) -> TravelTimes:
        """Give the same times with another source, and other notes if there are any."""
        return replace(self, source=source, notes=self.notes if notes is None else notes)

    def row(self, origin: int) -> slice:
        """Positions of all pairs that start at `origin`."""
        return slice(int(self.row_start[origin]), int(self.row_start[origin + 1]))

    def trip(self, origin: int, destination: int) -> tuple[int, int] | None:
        """Seconds out and back, or None if the pair is out of reach."""
        row = self.row(origin)
        at = row.start + int(np.searchsorted(self.destination[row], destination))
        if at == row.stop or self.destination[at] != destination:
            return None
        return int(self.out_s[at]), int(self.back_s[at])

    @staticmethod
    def from_pairs(num_sites: int, origin: Ints, destination: Ints, out_s: Ints, back_s: Ints) -> TravelTimes:
        """Sort loose pairs into rows; a pair of a site with itself is left out."""
        keep = origin != destination
        order = np.lexsort((destination[keep], origin[keep]))
        rows = np.bincount(origin[keep], minlength=num_sites)
        return TravelTimes(
            np.concatenate(([0], np.cumsum(rows))).astype(np.int64),
            *(column[keep][order].astype(np.int64) for column in (destination, out_s, back_s)),
        )

    @staticmethod
    def from_matrix(seconds: npt.ArrayLike, limit_s: int) -> TravelTimes:
        """Keep the pairs of a square matrix whose way out takes at most `limit_s`."""
        matrix = np.asarray(seconds, dtype=np.int64)
        origin, destination = np.nonzero(matrix <= limit_s)
        return TravelTimes.from_pairs(
            len(matrix), origin, destination, matrix[origin, destination], matrix[destination, origin]
        )


def limit_seconds(minutes: float) -> int:
    """Whole seconds of a limit in minutes; a trip is allowed if its seconds do not pass it."""
    return round(minutes * 60)
