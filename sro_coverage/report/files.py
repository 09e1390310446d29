"""The files of a plan, written all together or not at all."""

from __future__ import annotations

import csv
import errno
import io
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sro_coverage.plan import Plan
from sro_coverage.plan.cells import guarded


def write_files(folder: Path, contents: Mapping[str, str | bytes]) -> list[Path]:
    """
    Write files beside their places first, then rename them there.

    Parameters
    ----------
    contents
        Text or bytes by file name.

    Returns
    -------
    list of Path
        The files, in the order given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(4)
    waiting = {folder / name: folder / f".{name}.{token}.tmp" for name in contents}
    try:
        for (target, beside), text in zip(waiting.items(), contents.values(), strict=True):
            if target.exists() and not target.is_file():
                raise IsADirectoryError(errno.EISDIR, "is a folder or a device", str(target))
            if isinstance(text, bytes):
                beside.write_bytes(text)
            else:
                beside.write_text(text, encoding="utf-8", newline="")
        for target, beside in waiting.items():
            beside.replace(target)
    finally:
        for beside in waiting.values():
            beside.unlink(missing_ok=True)
    return list(waiting)


def assignments_csv(plan: Plan) -> str:
    """
    Write one row for each campus.

    Texts that a spreadsheet would take for a formula get an apostrophe in front.
    """
    out = io.StringIO()
    rows = plan.rows()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["campus"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def assignments_geojson(plan: Plan) -> str:
    """
    Write the campuses as points and the shared campuses as lines from their primary.

    Returns
    -------
    str
        GeoJSON (RFC 7946); a campus without a point has a null geometry.
    """
    rows = {row["campus"]: row for row in plan.rows()}
    features = [
        {
            "type": "Feature",
            "geometry": _point(row),
            "properties": {name: value for name, value in row.items() if name not in ("lat", "lon")},
        }
        for row in rows.values()
    ]
    features += [
        {
            "type": "Feature",
            "geometry": {
                "type": "LineString",
                "coordinates": [_lon_lat(rows[beat.primary[0]]), _lon_lat(rows[stop.campuses[0]])],
            },
            "properties": {
                "officer": beat.name,
                "primary": beat.primary[0],
                "shared": stop.campuses[0],
                "drive_minutes_per_week": round(stop.drive_minutes, 1),
            },
        }
        for beat in plan.beats
        for stop in beat.shared
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"


def _lon_lat(row: dict[str, Any]) -> list[float]:
    return [row["lon"], row["lat"]]


def _point(row: dict[str, Any]) -> dict[str, Any] | None:
    return None if row["lat"] is None else {"type": "Point", "coordinates": _lon_lat(row)}
