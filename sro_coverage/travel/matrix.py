"""Travel times computed elsewhere: table JSON of three routing engines, or a CSV of pairs."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem import Campus, Matrix
from sro_coverage.travel.straight_line import arc_km, unit_vectors
from sro_coverage.travel.times import Floats

MATCH_M = 1000.0
PLAUSIBLE_KPH = (3.0, 130.0)
_MOST_ISSUES = 20


@dataclass(frozen=True)
class _Table:
    """Seconds in the file's own order; NaN where the engine found no route."""

    engine: str
    seconds: Floats
    points: list[tuple[float, float]] | None


def read_matrix(path: Path, settings: Matrix, campuses: Sequence[Campus]) -> tuple[str, Floats]:
    """
    Read and check a matrix.

    Parameters
    ----------
    campuses
        The campuses that need times, in the order of the result; all have a point.

    Returns
    -------
    tuple
        The engine in words, and the seconds between the campuses, shape (n, n), NaN where there
        is no route. Not yet multiplied.

    Raises
    ------
    DataError
        If the matrix is not square, is negative, lacks a campus, or its speeds are those of
        minutes taken for seconds.
    """
    if not path.is_file():
        raise DataError([Issue(str(path), "no such file", "a matrix: table JSON, or a CSV of pairs")])
    if path.suffix.lower() == ".csv":
        engine, seconds = "pairs", _pairs(path, campuses)
    else:
        table = _table(path)
        order = _by_ids(path, table, settings.ids, campuses) if settings.ids else _by_points(path, table, campuses)
        engine, seconds = table.engine, table.seconds[np.ix_(order, order)]
    _check(path, seconds, campuses)
    np.fill_diagonal(seconds, 0)
    return engine, seconds


def _table(path: Path) -> _Table:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise DataError([Issue(path.name, "not JSON", "the answer of a table service, as it came")]) from None
    if isinstance(content, dict) and isinstance(content.get("sources_to_targets"), list):
        engine, rows, places = "Valhalla", content["sources_to_targets"], content.get("sources")
        if rows and isinstance(rows[0], list) and rows[0] and isinstance(rows[0][0], dict):
            rows = [[cell.get("time") if isinstance(cell, dict) else cell for cell in row] for row in rows]
        places = places[0] if isinstance(places, list) and places and isinstance(places[0], list) else places
        points = _points(places, lambda place: (place["lat"], place["lon"]))
    elif isinstance(content, dict) and isinstance(content.get("durations"), list):
        engine, rows = ("OSRM" if "code" in content else "openrouteservice"), content["durations"]
        points = _points(content.get("sources"), lambda place: (place["location"][1], place["location"][0]))
    else:
        expected = "durations (OSRM, openrouteservice) or sources_to_targets (Valhalla)"
        raise DataError([Issue(path.name, "an object without a table", expected)])
    return _Table(engine, _square(path, rows), points)


def _points(places: Any, point: Any) -> list[tuple[float, float]] | None:
    """Places of the rows, or None if the answer does not tell them all."""
    if not isinstance(places, list) or not places:
        return None
    try:
        return [(float(lat), float(lon)) for lat, lon in map(point, places)]
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def _square(path: Path, rows: Any) -> Floats:
    issues = []
    size = len(rows)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != size:
            found = f"{len(row)} cells" if isinstance(row, list) else "no list"
            issues.append(Issue(f"{path.name} row {number}", found, f"{size} cells, as many as there are rows"))
            continue
        for column, cell in enumerate(row, start=1):
            if cell is not None and (isinstance(cell, bool) or not isinstance(cell, int | float)):
                issues.append(Issue(f"{path.name} row {number}, column {column}", repr(cell)[:60], "seconds or null"))
    if issues:
        raise DataError(issues[:_MOST_ISSUES])
    return np.asarray([[np.nan if cell is None else cell for cell in row] for row in rows], np.float64)


def _by_ids(path: Path, table: _Table, ids: tuple[str, ...], campuses: Sequence[Campus]) -> list[int]:
    issues = []
    if len(ids) != len(table.seconds):
        issues.append(Issue("travel.ids", f"{len(ids)} ids", f"{len(table.seconds)}, one for each row of {path.name}"))
    issues += [Issue("travel.ids", f"{item!r} twice", "each id once") for item, n in Counter(ids).items() if n > 1]
    missing = [campus.id for campus in campuses if campus.id not in ids]
    if missing:
        issues.append(Issue("travel.ids", f"no {', '.join(missing[:8])}", "the id of every planned campus"))
    if issues:
        raise DataError(issues)
    return [ids.index(campus.id) for campus in campuses]


def _by_points(path: Path, table: _Table, campuses: Sequence[Campus]) -> list[int]:
    """Find each campus's row by the points that the engine gave back, each row for one campus."""
    from scipy.spatial import cKDTree

    if table.points is None or len(table.points) != len(table.seconds):
        expected = "travel.ids in the plan file: the campus ids in the order of the table"
        raise DataError([Issue(path.name, "no point for every row", expected)])
    here = unit_vectors(np.asarray([(campus.lat, campus.lon) for campus in campuses], np.float64))
    chord, order = cKDTree(unit_vectors(np.asarray(table.points))).query(here)
    issues = [
        Issue(
            f"{path.name}, campus {campus.id}", f"nearest row is {metres:,.0f} m away", f"one within {MATCH_M:,.0f} m"
        )
        for campus, metres in zip(campuses, arc_km(chord) * 1000, strict=True)
        if metres > MATCH_M
    ]
    shared = [row for row, count in Counter(order.tolist()).items() if count > 1]
    for row in shared:
        both = [campus.id for campus, at in zip(campuses, order, strict=True) if at == row]
        expected = "a row for each; or travel.ids in the plan file"
        issues.append(Issue(f"{path.name} row {row + 1}", f"nearest to {' and '.join(both)}", expected))
    if issues:
        raise DataError(issues[:_MOST_ISSUES])
    return [int(row) for row in order]


def _pairs(path: Path, campuses: Sequence[Campus]) -> Floats:
    at = {campus.id: index for index, campus in enumerate(campuses)}
    seconds = np.full((len(at), len(at)), np.nan)
    issues = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError([Issue(path.name, str(error), "CSV text in UTF-8")]) from None
    columns = set(rows[0]) if rows else set()
    unit = next((name for name in ("minutes", "seconds") if name in columns), None)
    if unit is None or not {"from", "to"} <= columns:
        expected = "from, to, and minutes or seconds"
        raise DataError([Issue(f"{path.name} row 1", f"columns {', '.join(map(str, columns)) or 'none'}", expected)])
    for number, row in enumerate(rows, start=2):
        start, end = (row["from"] or "").strip(), (row["to"] or "").strip()
        if start not in at or end not in at:
            continue
        where = f"{path.name} row {number}, {unit}"
        try:
            value = float(row[unit]) * (60 if unit == "minutes" else 1)
        except (TypeError, ValueError):
            issues.append(Issue(where, repr(row[unit])[:60], "a number"))
            continue
        if not np.isnan(seconds[at[start], at[end]]):
            issues.append(Issue(where, f"{start} to {end} again", "each pair once"))
        seconds[at[start], at[end]] = value
    if issues:
        raise DataError(issues[:_MOST_ISSUES])
    return seconds


def _check(path: Path, seconds: Floats, campuses: Sequence[Campus]) -> None:
    """Refuse what cannot be driving times of these campuses."""
    issues = []
    for start, end in np.argwhere((seconds < 0) | np.isinf(seconds))[:_MOST_ISSUES]:
        where = f"{path.name}, {campuses[start].id} to {campuses[end].id}"
        issues.append(Issue(where, f"{seconds[start, end]:g} seconds", "0 or more; null where there is no route"))
    others = ~np.eye(len(campuses), dtype=bool)
    for index, campus in enumerate(campuses):
        if len(campuses) > 1 and np.isnan(seconds[index][others[index]]).all():
            issues.append(Issue(path.name, f"no time from {campus.id}", "times to the campuses around it"))
    speed = _median_speed_kph(seconds, campuses)
    if not issues and speed is not None and not PLAUSIBLE_KPH[0] <= speed <= PLAUSIBLE_KPH[1]:
        found = f"a median of {speed:,.1f} km/h as the crow flies"
        expected = f"{PLAUSIBLE_KPH[0]:g} to {PLAUSIBLE_KPH[1]:g}; are minutes and seconds mixed up?"
        issues.append(Issue(path.name, found, expected))
    if issues:
        raise DataError(issues[:_MOST_ISSUES])


def _median_speed_kph(seconds: Floats, campuses: Sequence[Campus]) -> float | None:
    vectors = unit_vectors(np.asarray([(campus.lat, campus.lon) for campus in campuses], np.float64))
    km = arc_km(np.linalg.norm(vectors[:, None] - vectors[None, :], axis=2))
    known = (seconds > 0) & (km > 0.5)
    return float(np.median(km[known] / seconds[known] * 3600)) if known.any() else None
