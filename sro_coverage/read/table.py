"""Rows of text from CSV and Excel files, with the place of every cell known."""

from __future__ import annotations

import csv
import io
import math
import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem.value import quote

MAX_ROWS = 200_000
MAX_COLUMNS = 1_000
MAX_BYTES = 200_000_000  # of a file, and of what an Excel file unpacks to

_EXCEL = (".xlsx", ".xlsm")
_CSV = (".csv", ".txt", ".tsv")


@dataclass(frozen=True)
class Row:
    """
    One row of a table.

    Parameters
    ----------
    where
        File and row, as a spreadsheet counts: the header is row 1.
    cells
        Text by column; an empty cell is not in it.
    """

    where: str
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """The rows of a file that are well formed, and the names of its columns."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class _Line:
    """Cells before they have names; `faults` holds the Excel cells that are no plain value."""

    number: int
    cells: list[str]
    faults: dict[int, Issue] = field(default_factory=dict)


def read_table(
    path: Path,
    *,
    required: Collection[str],
    used: Collection[str],
    issues: list[Issue],
    sheet: str = "",
    synonyms: Mapping[str, str] | None = None,
) -> Table:
    """
    Read a CSV (UTF-8) or XLSX file with a header row.

    Parameters
    ----------
    required
        Columns that must be there.
    used
        Columns that mean something to the caller. Others are kept as they are, and a formula or an
        Excel error in them does not matter; a name that is almost one of these is an issue.
    issues
        Gets the wrong rows, which are left out of the answer.
    sheet
        Of a workbook; the first one if there is none of that name.
    synonyms
        Columns by other names, written in small letters with underscores.

    Raises
    ------
    DataError
        If there are no rows to be had: no such file, another encoding, no header, a column missing.
    """
    lines = _lines(path, sheet)
    if not lines:
        raise DataError([Issue(path.name, "an empty file", "a header row and rows under it")])
    header, *body = lines
    columns = _columns([name.strip() for name in header.cells], synonyms or {})
    while columns and not columns[-1]:
        columns.pop()
    wrong = [*header.faults.values(), *_header_issues(path.name, columns, required, used)]
    if wrong:
        raise DataError(wrong)
    rows = []
    for line in body:
        if any(cell.strip() for cell in line.cells):
            where = f"{path.name} row {line.number}"
            faults = list(_line_issues(where, line, columns, used, is_csv=path.suffix.lower() in _CSV))
            issues += faults
            if not faults:
                texts = (cell.strip() for cell in line.cells)
                rows.append(Row(where, {name: text for name, text in zip(columns, texts, strict=False) if text}))
    if not rows and not issues:
        raise DataError([Issue(path.name, "a header and no row", "at least one row")])
    return Table(tuple(columns), tuple(rows))


def read_bytes(path: Path) -> bytes:
    """
    Read a whole file of a sensible size.

    Raises
    ------
    DataError
        If there is no such file, or it is a folder, a device, too large or not ours to read.
    """
    try:
        if not path.exists():
            raise DataError([Issue(str(path), "no such file", "the path of an existing file")])
        if not path.is_file():
            raise DataError([Issue(str(path), "a folder or a device", "a file")])
        if path.stat().st_size > MAX_BYTES:
            raise DataError([Issue(str(path), "a huge file", f"at most {MAX_BYTES // 1_000_000} MB")])
        return path.read_bytes()
    except OSError as error:
        raise DataError([Issue(str(path), f"cannot be read ({error.strerror})", "a readable file")]) from None


def read_text(path: Path) -> str:
    """Read UTF-8 text, with or without a byte order mark; see :func:`read_bytes`."""
    content = read_bytes(path)
    expected = "UTF-8 text; save it as UTF-8"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:4]:
        raise DataError([Issue(path.name, "UTF-16 text or a binary file", expected)])
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise DataError([Issue(f"{path.name} line {line}", "a NUL byte", expected)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02X} is not UTF-8"
        raise DataError([Issue(f"{path.name} line {line}", found, expected)]) from None


def column_key(name: str) -> str:
    """Write a column name in small letters with underscores, as synonyms have it."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _columns(names: list[str], synonyms: Mapping[str, str]) -> list[str]:
    """Give columns the names they mean, except where the file has a column of that very name."""
    meant = [synonyms.get(column_key(name), name) for name in names]
    return [name if other in names else other for name, other in zip(names, meant, strict=True)]


def _lines(path: Path, sheet: str = "") -> list[_Line]:
    ending = path.suffix.lower()
    if ending in _EXCEL:
        return excel_lines(path, sheet)
    if ending in _CSV:
        return list(_csv_lines(path))
    raise DataError([Issue(path.name, f"a {ending} file" if ending else "no ending", "a .csv or .xlsx table")])


def _header_issues(file: str, columns: list[str], required: Collection[str], used: Collection[str]) -> Iterator[Issue]:
    where = f"{file} row 1"
    missing = [name for name in required if name not in columns]
    if missing:
        shown = ", ".join(map(quote, columns[:12])) + (", …" if len(columns) > 12 else "")
        yield Issue(where, f"no column {', '.join(missing)}", f"{', '.join(required)}; found {shown or 'an empty row'}")
    for name, count in Counter(columns).items():
        if name and count > 1:  # columns without a name are space, not data
            yield Issue(where, f"{count} columns named {quote(name)}", "each name once")
    absent = {name for name in used if name not in columns and name not in required}
    for name in columns:
        near = get_close_matches(name.casefold().replace(" ", "_")[:60], absent, n=1, cutoff=0.85)
        if name not in used and near:
            yield Issue(where, f"column {quote(name)}", f"{near[0]}, or a name less like it")


def _line_issues(
    where: str, line: _Line, columns: list[str], used: Collection[str], *, is_csv: bool
) -> Iterator[Issue]:
    """A row of the wrong length shifts its values; a cell that is no plain value has none."""
    beyond = [cell for cell in line.cells[len(columns) :] if cell.strip()]
    if is_csv and (beyond or len(line.cells) < len(columns)):
        expected = f"{len(columns)}, as in the header; put texts with commas in quotes"
        yield Issue(where, f"{len(line.cells)} cells", expected)
    elif beyond:
        yield Issue(where, f"{quote(beyond[0])} right of the last header", "a header above it, or nothing")
    for index, issue in line.faults.items():
        if index < len(columns) and columns[index] in used:
            yield issue


def _csv_lines(path: Path) -> Iterator[_Line]:
    if read_bytes(path).startswith(b"PK\x03\x04"):
        raise DataError([Issue(path.name, "an Excel or zip file", "CSV text; give an Excel file the ending .xlsx")])
    text = read_text(path)
    if not text.strip():
        return
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            _refuse_huge(path, number, len(cells))
            yield _Line(number, cells)
    except csv.Error as error:
        found = "a quote that is never closed" if "end of data" in str(error) else str(error)
        raise DataError([Issue(f"{path.name} row {number + 1}", found, "well-formed CSV, each quote closed")]) from None


def _refuse_huge(path: Path, number: int, width: int) -> None:
    if number > MAX_ROWS:
        raise DataError([Issue(path.name, f"more than {MAX_ROWS:,} rows", "a smaller table")])
    if width > MAX_COLUMNS:
        raise DataError([Issue(f"{path.name} row {number}", f"{width:,} columns", f"at most {MAX_COLUMNS:,}")])


def excel_lines(path: Path, sheet: str = "") -> list[_Line]:
    """Read one sheet; whatever a broken workbook makes the library raise, it is told as one."""
    content = read_bytes(path)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise DataError([Issue(path.name, "an old (.xls) or encrypted Excel file", "an .xlsx workbook")])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and drawings, which are not read
            lines = list(_sheet_lines(path, content, sheet))
    except DataError:
        raise
    except Exception as error:
        found = f"not readable as Excel ({str(error)[:80] or type(error).__name__})"
        raise DataError([Issue(path.name, found, "an .xlsx workbook")]) from None
    while lines and not any(lines[-1].cells):
        lines.pop()
    return lines


def _sheet_lines(path: Path, content: bytes, name: str) -> Iterator[_Line]:
    from zipfile import ZipFile

    import openpyxl

    with ZipFile(io.BytesIO(content)) as parts:
        if sum(part.file_size for part in parts.infolist()) > MAX_BYTES:
            raise DataError([Issue(path.name, "a huge workbook", f"at most {MAX_BYTES // 1_000_000} MB unpacked")])
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    sheet = next((sheet for sheet in book.worksheets if sheet.title.lower() == name), book.worksheets[0])
    sheet.reset_dimensions()  # the size that the file claims may be wrong
    for number, row in enumerate(sheet.iter_rows(), start=1):
        _refuse_huge(path, number, len(row))
        yield _Line(number, [_excel_text(cell) for cell in row], dict(_faults(path.name, row)))


def _faults(file: str, row: tuple[Any, ...]) -> Iterator[tuple[int, Issue]]:
    for index, cell in enumerate(row):
        if cell.data_type == "f":
            found = f"the formula {quote(str(cell.value))}"
            yield index, Issue(f"{file} {cell.coordinate}", found, "a plain value; paste as values")
        elif cell.data_type == "e":
            yield index, Issue(f"{file} {cell.coordinate}", f"the error {cell.value}", "a plain value")


def _excel_text(cell: Any) -> str:
    """Write a cell as a CSV would have it: whole numbers without a point, ids with their leading zeros."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and set(cell.number_format) == {"0"}:
        return str(value).zfill(len(cell.number_format))
    return str(value)
