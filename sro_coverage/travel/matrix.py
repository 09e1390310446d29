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
SAME_PLACE_S = 60.0
_MOST_ISSUES = 20
_MOST_S = 1e9


@dataclass(frozen=True)
class _Table:
    """Seconds in the file's own order; NaN where the engine found no route."""

    engine: str
    seconds: Floats
    row_points: list[tuple[float, float]] | None
    column_points: list[tuple[float, float]] | None


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
        if settings.ids:
            rows = columns = _by_ids(path, table, settings.ids, campuses)
        else:
            rows = _by_points(path, "row", table.row_points, len(table.seconds), campuses)
            columns = _by_points(path, "column", table.column_points, len(table.seconds), campuses)
        engine, seconds = table.engine, table.seconds[np.ix_(rows, columns)]
    _check(path, seconds, campuses)
    np.fill_diagonal(seconds, 0)
    return engine, seconds


def _table(path: Path) -> _Table:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise DataError([Issue(path.name, "not JSON", "the answer of a table service, as it came")]) from None
    if isinstance(content, dict) and isinstance(content.get("sources_to_targets"), list):
        engine, rows = "Valhalla", _valhalla_rows(path, content["sources_to_targets"])
        ends = [_flat(content.get(name)) for name in ("sources", "targets")]
        row_points, column_points = (_points(places, lambda place: (place["lat"], place["lon"])) for places in ends)
    elif isinstance(content, dict) and isinstance(content.get("durations"), list):
        engine, rows = ("OSRM" if "code" in content else "openrouteservice"), content["durations"]
        ends = [content.get(name) for name in ("sources", "destinations")]
        row_points, column_points = (
            _points(places, lambda place: (place["location"][1], place["location"][0])) for places in ends
        )
    else:
        expected = "durations (OSRM, openrouteservice) or sources_to_targets (Valhalla)"
        raise DataError([Issue(path.name, "an object without a table", expected)])
    return _Table(engine, _square(path, rows), row_points, column_points)


def _flat(places: Any) -> Any:
    """Valhalla wraps the places of a request in one more list."""
    return places[0] if isinstance(places, list) and places and isinstance(places[0], list) else places


def _valhalla_rows(path: Path, rows: list[Any]) -> list[Any]:
    """Give the times of Valhalla's cells, each of which tells its own place."""
    issues = []
    for i, row in enumerate(rows):
        for j, cell in enumerate(row if isinstance(row, list) else ()):
            if isinstance(cell, dict) and (cell.get("from_index", i), cell.get("to_index", j)) != (i, j):
                found = f"from_index {cell.get('from_index')}, to_index {cell.get('to_index')}"
                issues.append(Issue(f"{path.name} row {i + 1}, column {j + 1}", found, f"{i} and {j}"))
    if issues:
        raise DataError(issues[:_MOST_ISSUES])
    return [
        [cell.get("time") if isinstance(cell, dict) else cell for cell in row] if isinstance(row, list) else row
        for row in rows
    ]


def _points(places: Any, point: Any) -> list[tuple[float, float]] | None:
    """Places of the rows, or None if the answer does not tell them all."""
    if not isinstance(places, list) or not places:
        return None
    try:
        found = [(float(lat), float(lon)) for lat, lon in map(point, places)]
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return None
    return found if all(abs(lat) <= 90 and abs(lon) <= 180 for lat, lon in found) else None


def _square(path: Path, rows: Any) -> Floats:
    issues = []
    size = len(rows)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != size:
            found = f"{len(row)} cells" if isinstance(row, list) else "no list"
            issues.append(Issue(f"{path.name} row {number}", found, f"{size} cells, as many as there are rows"))
            continue
        for column, cell in enumerate(row, start=1):
            is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
            if cell is not None and not (is_number and abs(cell) <= _MOST_S):
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


def _by_points(
    path: Path, what: str, points: list[tuple[float, float]] | None, size: int, campuses: Sequence[Campus]
) -> list[int]:
    """Find each campus's row or column by the points that the engine gave back, each for one campus."""
    from scipy.spatial import cKDTree

    if points is None or len(points) != size:
        expected = "travel.ids in the plan file: the campus ids in the order of the table"
        raise DataError([Issue(path.name, f"no point for every {what}", expected)])
    here = unit_vectors(np.asarray([(campus.lat, campus.lon) for campus in campuses], np.float64))
    chord, order = cKDTree(unit_vectors(np.asarray(points))).query(here)
    issues = [
        Issue(
            f"{path.name}, campus {campus.id}", f"nearest {what} is {metres:,.0f} m away", f"at most {MATCH_M:,.0f} m"
        )
        for campus, metres in zip(campuses, arc_km(chord) * 1000, strict=True)
        if metres > MATCH_M
    ]
    for row in (row for row, count in Counter(order.tolist()).items() if count > 1):
        both = [campus.id for campus, at in zip(campuses, order, strict=True) if at == row]
        expected = f"a {what} for each; or travel.ids in the plan file"
        issues.append(Issue(f"{path.name} {what} {row + 1}", f"nearest to {' and '.join(both)}", expected))
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
        if None in row or None in row.values():
            issues.append(Issue(f"{path.name} row {number}", "another number of cells than the header", "as many"))
            continue
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
        for way, times in (("from", seconds[index]), ("to", seconds[:, index])):
            if len(campuses) > 1 and np.isnan(times[others[index]]).all():
                issues.append(
                    Issue(path.name, f"no time {way} {campus.id}", "times to and from the campuses around it")
                )
        if seconds[index, index] > SAME_PLACE_S:
            found = f"{seconds[index, index]:g} seconds from {campus.id} to itself"
            issues.append(Issue(path.name, found, "0; are rows and columns in the same order?"))
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
    known = ~np.isnan(seconds) & (km > 0.5)
    hours = np.maximum(seconds[known], 1e-3) / 3600
    return float(np.median(km[known] / hours)) if known.any() else None
