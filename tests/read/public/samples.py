"""
Small files in the exact shape of the published ones, in `data/`; the places and people in them are invented.

``pubschls.txt`` is Windows-1252 and does not quote; ``ncesdata.xls`` is a web page.
"""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl

DATA = Path(__file__).parent / "data"


def _text(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


EDGE = _text("edge_public_schools.csv")
CCD = _text("ccd_directory.csv")
MEMBERSHIP = _text("ccd_membership.csv")
NCES_SEARCH = _text("ncesdata.xls")
CDE_DIRECTORY = (DATA / "pubschls.txt").read_bytes()
CDE_ENROLLMENT = _text("cdenroll.txt")
DASHBOARD = _text("cde_dashboard.csv")
CRDC = _text("crdc_school_support.csv")
ASKTED = _text("askted_directory.csv")
GENERIC = _text("own_list.csv")
GEOJSON = _text("schools.geojson")
KML = _text("schools.kml")

TOTAL = "Derived - Education Unit Total minus Adult Education Count"


def write(folder: Path, **files: str | bytes) -> list[Path]:
    """Write files named with a double underscore for the point, and give their paths."""
    paths = []
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(path)
    return paths


def workbook(rows: list[list[object]]) -> bytes:
    """Make an Excel file of one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
