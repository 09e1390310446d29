"""An empty workbook for an agency's campuses, officers and current plan, with lists to choose from."""

from __future__ import annotations

import io

from sro_coverage.problem import LEVELS

CAMPUS_NOTES = {
    "id": "short name, each once; pins and rules use it",
    "name": "as people know it",
    "level": "choose from the list",
    "lat": "WGS 84 degrees, such as 36.541679; empty if not known",
    "lon": "WGS 84 degrees, such as -119.386660; empty if not known",
    "enrollment": "students, a whole number; empty if not known, which is not the same as 0",
    "site": "the same text for campuses that stand on one site and are planned as one; else empty",
    "address": "shown on the map, and what geocoding sends",
    "district": "shown only",
    "enrollment_year": "shown only",
    "point_confidence": "high, medium or low; a low point is shown as an estimate",
    "note": "shown only",
}
OFFICER_NOTES = {
    "id": "short name, each once; pins use it",
    "name": "as people know it",
    "weekly_hours": "hours on duty; empty: the policy's",
    "off_campus_hours": "of them for court, training, reports; empty: the policy's",
    "primary_share_min": "0 to 1, the visibility floor; empty: the policy's",
    "max_shared": "shared campuses at most; empty: the policy's",
    "max_students": "on primary and shared campuses at most; empty: the policy's",
    "max_travel_min": "minutes to a shared campus at most; empty: the policy's",
    "levels": "levels where the officer may be based or share, separated by semicolons; empty: all",
    "excluded": "campus ids where the officer has no role, separated by semicolons",
    "home_lat": "where the day starts; only with max_commute_min",
    "home_lon": "where the day starts; only with max_commute_min",
    "max_commute_min": "longest drive from there to the primary",
    "primary": "campus id of the present primary, for continuity",
    "shared": "campus ids of the present shared campuses, separated by semicolons",
}
CURRENT_NOTES = {
    "officer": "id or name from the sheet officers",
    "campus": "id from the sheet campuses",
    "state": "primary or shared",
}
SHEETS = {"campuses": CAMPUS_NOTES, "officers": OFFICER_NOTES, "current": CURRENT_NOTES}
CHOICES = {
    ("campuses", "level"): LEVELS,
    ("campuses", "point_confidence"): ("high", "medium", "low"),
    ("current", "state"): ("primary", "shared"),
}
TEXT_COLUMNS = {"id", "name", "officer", "campus", "primary", "shared", "excluded", "site"}
LAST_ROW = 2000

HOW_TO = (
    "Fill in campuses, and officers if they differ. Name this workbook in a plan file:",
    '    campuses = "agency.xlsx"',
    '    officers = "agency.xlsx"   (or a number, and leave the sheet officers empty)',
    '    current  = "agency.xlsx"   (only if the sheet current is filled in)',
    "Plain values only: a formula in a column that is used is refused. Ids are text, so leading zeros stay.",
)


def template_workbook() -> bytes:
    """
    Make the workbook.

    Returns
    -------
    bytes
        An .xlsx file with the sheets campuses, officers, current and notes.
    """
    import openpyxl
    from openpyxl.styles import Font
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, notes in SHEETS.items():
        sheet = book.create_sheet(name)
        sheet.append(list(notes))
        sheet.freeze_panes = "A2"
        for number, column in enumerate(notes, start=1):
            head = sheet.cell(1, number)
            head.font = Font(bold=True)
            sheet.column_dimensions[head.column_letter].width = max(12, len(column) + 4)
            cells = f"{head.column_letter}2:{head.column_letter}{LAST_ROW}"
            if (name, column) in CHOICES:
                chooser = DataValidation(type="list", formula1=f'"{",".join(CHOICES[name, column])}"', allow_blank=True)
                chooser.error = f"Choose one of: {', '.join(CHOICES[name, column])}"
                chooser.add(cells)
                sheet.add_data_validation(chooser)
            if column in TEXT_COLUMNS:
                sheet.column_dimensions[head.column_letter].number_format = "@"
    sheet = book.create_sheet("notes")
    for line in HOW_TO:
        sheet.append([line])
    for name, notes in SHEETS.items():
        sheet.append([])
        sheet.append([f"Sheet {name}"])
        sheet.cell(sheet.max_row, 1).font = Font(bold=True)
        for column, note in notes.items():
            sheet.append([column, note])
    sheet.column_dimensions["A"].width = 24
    sheet.column_dimensions["B"].width = 90
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
