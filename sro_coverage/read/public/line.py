"""One row of a file before its cells have names."""

from __future__ import annotations

from dataclasses import dataclass, field

from sro_coverage.errors import Issue


@dataclass(frozen=True, slots=True)
class Line:
    """
    The cells of one row.

    Parameters
    ----------
    faults
        By column, the cells that are no plain value; under -1 what is wrong with the whole line.
    """

    number: int
    cells: list[str]
    faults: dict[int, Issue] = field(default_factory=dict)
