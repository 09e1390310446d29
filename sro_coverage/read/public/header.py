"""The header of a file: which format it is, and in which places of a row the fields stand."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem.value import quote
from sro_coverage.read.public.cells import clean
from sro_coverage.read.public.formats import FORMATS, ID_WIDTHS, Format, Keep, plain_name, recognise
from sro_coverage.read.public.line import Line

WITHIN = 25  # lines in which the header is looked for; titles and notes may stand above it
ALWAYS_MISSING = frozenset({"", "null", "none", "nan", "n/a", "na", "#n/a", "*", "**"})
DIRECTORY_FIELDS = ("level", "kind", "grades", "low")

Way = tuple[tuple[int, int], ...]
"""The places whose texts are joined, each with the digits that an id has there."""


@dataclass(frozen=True)
class Header:
    """
    A header that a format was found for.

    Parameters
    ----------
    columns
        Names as the file writes them.
    fields
        Field to the ways in which a row may tell it, best first.
    keeps
        Conditions on rows, with the place that each looks at.
    used
        Places that anything is taken from.
    missing
        Texts that mean "no value", in small letters.
    """

    format: Format
    columns: tuple[str, ...]
    fields: dict[str, tuple[Way, ...]]
    keeps: tuple[tuple[int, Keep], ...]
    used: frozenset[int]
    missing: frozenset[str]

    @property
    def is_directory(self) -> bool:
        """Whether the file says which level its schools have."""
        return any(name in self.fields for name in DIRECTORY_FIELDS)

    @property
    def twice(self) -> list[str]:
        """Columns in use that have the name of another."""
        counts = Counter(map(plain_name, self.columns))
        return [name for place, name in enumerate(self.columns) if place in self.used and counts[plain_name(name)] > 1]

    def values(self, cells: list[str]) -> dict[str, str]:
        """Give the fields that a row knows; the texts of several columns are joined."""
        values = {}
        missing = self.missing
        cells = cells + [""] * (len(self.columns) - len(cells))
        for name, ways in self.fields.items():
            for way in ways:
                if len(way) == 1:
                    text = clean(cells[way[0][0]])
                    if text.casefold() in missing:
                        continue
                else:
                    texts = [clean(cells[place]) for place, _ in way]
                    if not missing.isdisjoint(map(str.casefold, texts)):
                        continue
                    text = "".join(text.zfill(digits) for text, (_, digits) in zip(texts, way, strict=True))
                values[name] = text
                break
        return values


def find_header(file: str, lines: Iterator[Line]) -> Header:
    """
    Take lines until one is the header of a known format.

    Raises
    ------
    DataError
        If none is; says what was found.
    """
    seen = []
    for line in itertools.islice(lines, WITHIN):
        known = recognise(line.cells)
        if known is not None:
            return _header(known, line)
        seen.append([cell.strip() for cell in line.cells if cell.strip()])
    names = max(seen, key=len, default=[])
    shown = ", ".join(quote(name, 30) for name in names[:12]) + (", …" if len(names) > 12 else "")
    formats = "; ".join(known.name for known in FORMATS)
    expected = f"a name or an id, and level, enrollment or lat and lon; or the header of: {formats}"
    raise DataError([Issue(file, f"no known header, but {shown or 'nothing'}", expected)])


def _header(known: Format, line: Line) -> Header:
    columns = [cell.strip() for cell in line.cells]
    while columns and not columns[-1]:
        columns.pop()
    places: dict[str, int] = {}
    for place, name in enumerate(map(plain_name, columns)):
        places.setdefault(name, place)
    fields = {field: ways for field, names in known.columns.items() if (ways := tuple(_ways(names, places)))}
    keeps = tuple(
        (places[found], keep)
        for keep in known.keep
        if (found := next((name for name in keep.columns if name in places), None)) is not None
    )
    used = {place for ways in fields.values() for way in ways for place, _ in way} | {place for place, _ in keeps}
    missing = known.missing | ALWAYS_MISSING
    return Header(known, tuple(columns), fields, keeps, frozenset(used), missing)


def _ways(names: tuple[str, ...], places: dict[str, int]) -> Iterator[Any]:
    for name in names:
        parts = name.split("+")
        if name.endswith("*"):
            parts = [next((found for found in places if found.startswith(name[:-1])), "")]
        if all(part in places for part in parts):
            yield tuple((places[part], ID_WIDTHS.get(part, 0)) for part in parts)
