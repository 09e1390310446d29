"""A good plan file with its tables, and ways to spoil them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl

PLAN = """\
title = "Tiny"
campuses = "campuses.csv"
officers = "roster.csv"

[travel]
speed_kph = 40

[policy]
weekly_hours = 40
off_campus_hours = 8
primary_share_min = 0.5

[policy.levels.elementary]
states = ["shared", "on-call"]

[policy.campuses.oak]
visits_per_week = 1

[objective]
order = ["coverage", "primary", "reach", "travel"]
tolerance = { primary = 0.05 }

[budget]
cost_per_officer = 150_000
"""

CAMPUSES = """\
id,name,level,enrollment,lat,lon,site,agency,risk
north,North High,high,1200,36.541,-119.387,,Tiny,5
south,South Middle,middle,600,36.554,-119.381,,Tiny,3
oak,Oak Elementary,elementary,400,36.548,-119.392,,Tiny,1
elm,Elm Elementary,elementary,300,36.537,-119.379,,Tiny,1
hill,Hill Academy,alternative,50,36.528,-119.384,Hill,Tiny,2
vale,Vale Adult,adult,,,,,Tiny,2
"""

ROSTER = """\
id,name,levels,excluded,home_lat,home_lon,max_commute_min,primary,shared
reyes,Officer Reyes,,,,,,north,oak;elm
cho,Officer Cho,high;middle;alternative,elm,36.55,-119.38,15,south,
"""


class Files:
    """File name to content; `write` puts them into a folder."""

    def __init__(self) -> None:
        self.content: dict[str, str | bytes] = {
            "plan.toml": PLAN,
            "campuses.csv": CAMPUSES,
            "roster.csv": ROSTER,
        }

    def write(self, folder: Path) -> Path:
        for name, content in self.content.items():
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder / "plan.toml"


Change = Callable[[Files], None]


def swap(file: str, old: str, new: str) -> Change:
    """Replace a text that stands in the file exactly once."""

    def change(files: Files) -> None:
        content = files.content[file]
        assert isinstance(content, str)
        assert content.count(old) == 1, f"{old!r} stands {content.count(old)} times in {file}"
        files.content[file] = content.replace(old, new)

    return change


def add(file: str, text: str) -> Change:
    """Put text at the end."""

    def change(files: Files) -> None:
        content = files.content[file]
        assert isinstance(content, str)
        files.content[file] = content + text

    return change


def put(file: str, content: str | bytes) -> Change:
    """Replace the whole file."""
    return lambda files: files.content.update({file: content})


def drop(file: str) -> Change:
    """Take the file away."""

    def change(files: Files) -> None:
        del files.content[file]

    return change


def all_of(*changes: Change) -> Change:
    """Make one change of several."""

    def change(files: Files) -> None:
        for single in changes:
            single(files)

    return change


def excel(edit: Callable[[openpyxl.worksheet.worksheet.Worksheet], object] = lambda sheet: None) -> Change:
    """Give the campuses as an Excel file with real numbers, then edit its sheet."""

    def change(files: Files) -> None:
        swap("plan.toml", "campuses.csv", "campuses.xlsx")(files)
        files.content["campuses.xlsx"] = workbook(CAMPUSES, edit)

    return change


def workbook(text: str, edit: Callable[[openpyxl.worksheet.worksheet.Worksheet], object]) -> bytes:
    """Turn simple CSV text into an Excel file."""
    book = openpyxl.Workbook()
    sheet = book.active
    for line in text.splitlines():
        sheet.append([_number(cell) for cell in line.split(",")])
    edit(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _number(text: str) -> str | float | None:
    try:
        return float(text)
    except ValueError:
        return text or None


def zipped(**parts: bytes) -> bytes:
    """Make a zip file that is no workbook, or a bad one."""
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()
