"""The table: which rows lack a point, and the same table with what was found."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from geopy.distance import great_circle

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem.value import quote
from sro_coverage.read.geocode.cache import Answer
from sro_coverage.read.geocode.gather import Outcome
from sro_coverage.read.geocode.provider import Candidate
from sro_coverage.read.table import Row, Table, read_table

AGREE_M = 300
"""Candidates this close together are one place."""

ALONE_KM = 100
"""A point with no other point of the table this near is taken for a mistake."""

FILLED_COLUMNS = ("lat", "lon", "point_source", "point_confidence", "point_date", "point_quality")
_FOREIGN = ("latitude", "longitude", "lng", "long")

Point = tuple[float, float]


@dataclass(frozen=True)
class AddressTable:
    """
    A table, and for each of its rows the point that is there or the address to ask for.

    Parameters
    ----------
    points, addresses
        As long as the rows; a row with neither has no address.
    """

    table: Table
    points: tuple[Point | None, ...]
    addresses: tuple[str | None, ...]

    @property
    def to_ask(self) -> tuple[str, ...]:
        """Each address once, in the order of the table."""
        return tuple(dict.fromkeys(address for address in self.addresses if address))


@dataclass(frozen=True)
class Filled:
    """
    The table with its new points.

    Parameters
    ----------
    csv
        All rows and columns in their order, new columns at the end.
    num_medium, num_low, num_without
        Rows that got a point by its confidence, and rows with an address that still have none.
    remarks
        What a person should look at: row, address and why; not the rows that nobody asked for yet.
    """

    csv: str
    num_medium: int
    num_low: int
    num_without: int
    remarks: tuple[str, ...]


def read_addresses(path: Path) -> AddressTable:
    """
    Read a CSV or XLSX table with an ``address`` column; ``lat`` and ``lon`` may be missing or empty.

    Raises
    ------
    DataError
        With every row that is not clear, so that nothing is sent by mistake.
    """
    issues: list[Issue] = []
    table = read_table(path, required=("address",), used=("address", *FILLED_COLUMNS), issues=issues)
    foreign = [name for name in table.columns if name.casefold() in _FOREIGN]
    if foreign and not {"lat", "lon"} <= set(table.columns):
        issues.append(Issue(f"{path.name} row 1", f"column {quote(foreign[0])}", "points in columns lat and lon"))
    if table.columns.count("") > 1 and any("" in row.cells for row in table.rows):
        issues.append(Issue(f"{path.name} row 1", "cells under columns without a name", "a name for each column"))
    points = tuple(_point(row, issues) for row in table.rows)
    texts = [None if "lat" in row.cells or "lon" in row.cells else _address(row, issues) for row in table.rows]
    spelled: dict[str, str] = {}  # the first of several spellings stands for all
    addresses = tuple(spelled.setdefault(text.casefold(), text) if text else None for text in texts)
    if issues:
        raise DataError(issues)
    return AddressTable(table, points, addresses)


def _point(row: Row, issues: list[Issue]) -> Point | None:
    texts = [row.cells.get(name, "") for name in ("lat", "lon")]
    if not any(texts):
        return None
    try:
        lat, lon = map(float, texts)
    except ValueError:
        lat = lon = math.nan
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        found = ", ".join(quote(text) if text else "nothing" for text in texts)
        issues.append(Issue(f"{row.where}, lat and lon", found, "degrees in both, or both empty"))
        return None
    return lat, lon


def _address(row: Row, issues: list[Issue]) -> str | None:
    address = " ".join(row.cells.get("address", "").split())
    if not address.isprintable() or len(address) > 200:
        expected = "at most 200 characters, no control characters"
        issues.append(Issue(f"{row.where}, address", quote(address), expected))
    return address or None


def fill(asked: AddressTable, outcome: Outcome, provider: str) -> Filled:
    """
    Put the points that can be trusted into the table, and say why the others are not there.

    Parameters
    ----------
    outcome
        Answers by address, from the provider or the cache.
    provider
        The name that stands in ``point_source``.
    """
    verdicts = _verdicts(asked, outcome)
    rows, remarks, counts = [], [], Counter[str]()
    for row, address in zip(asked.table.rows, asked.addresses, strict=True):
        found = verdicts.get(address) if address else None
        rows.append(row.cells)
        if isinstance(found, Candidate) and address:
            rows[-1] = row.cells | _cells(found, provider, outcome.answers[address].date)
        if address:
            counts[found.confidence if isinstance(found, Candidate) else "without"] += 1
        if isinstance(found, str):
            remarks.append(f"{row.where}, {quote(address, 80)}: {found}")
        elif found and found.confidence == "low":
            remarks.append(f"{row.where}, {quote(address, 80)}: low: {found.quality} ({found.label})")
    return Filled(_csv(asked.table.columns, rows), counts["medium"], counts["low"], counts["without"], tuple(remarks))


def _verdicts(asked: AddressTable, outcome: Outcome) -> dict[str, Candidate | str]:
    """Give each address that was asked for its point, or the reason why it has none."""
    failed = {address: f"failed: {reason}" for address, reason in outcome.failures.items()}
    verdicts = failed | {address: settle(address, answer) for address, answer in outcome.answers.items()}
    taken = {address: found for address, found in verdicts.items() if isinstance(found, Candidate)}
    given = [point for point in asked.points if point]
    alone = _alone(given, [(found.lat, found.lon) for found in taken.values()])
    for address, found in taken.items():
        if (found.lat, found.lon) in alone:
            shown = f"point {found.lat:.5f}, {found.lon:.5f} ({found.label})"
            verdicts[address] = f"{shown} is more than {ALONE_KM} km from any other"
    return verdicts


def settle(address: str, answer: Answer) -> Candidate | str:
    """
    Choose among candidates, without guessing.

    Only those of the best confidence count. If they agree within 300 m the first is taken, otherwise none:
    a wrong point looks as good as a right one. A candidate that does not repeat the house number is low.

    Returns
    -------
    Candidate or str
        The point, or why there is none.
    """
    candidates = [_checked(address, candidate) for candidate in answer.candidates]
    if not candidates:
        return "no match"
    best = [found for found in candidates if found.confidence == "medium"] or candidates
    first = best[0]
    span_m = max(great_circle((first.lat, first.lon), (other.lat, other.lon)).m for other in best)
    if span_m > AGREE_M:
        labels = " | ".join(f"{found.label} ({found.lat:.5f}, {found.lon:.5f})" for found in best)
        return f"{len(best)} candidates, {span_m / 1000:,.1f} km apart: {labels}"
    return first


def _checked(address: str, candidate: Candidate) -> Candidate:
    number = re.match(r"\d+", address)
    if number and number[0] not in re.findall(r"\d+", candidate.label):
        return replace(candidate, confidence="low")
    return candidate


def _alone(given: list[Point], found: list[Point]) -> set[Point]:
    """Find new points far from all others; equal points do not vouch for each other."""
    import numpy as np
    from scipy.spatial import cKDTree

    points = list(dict.fromkeys([*found, *given]))
    if len(points) < 2:
        return set()
    lat, lon = np.radians(points).T
    unit = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    chord = np.asarray(cKDTree(unit).query(unit, k=2)[0])[:, 1]
    limit = 2 * math.sin(ALONE_KM / 6371.0088 / 2)
    return {point for point, nearest in zip(points, chord, strict=True) if nearest > limit} & set(found) - set(given)


def _cells(found: Candidate, provider: str, date: str) -> dict[str, str]:
    point = (f"{found.lat:.6f}", f"{found.lon:.6f}")
    return dict(zip(FILLED_COLUMNS, (*point, provider, found.confidence, date, found.quality), strict=True))


def _csv(columns: tuple[str, ...], rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    names = [*columns, *(name for name in FILLED_COLUMNS if name not in columns)]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([cells.get(name, "") for name in names] for cells in rows)
    return out.getvalue()
