"""A file of any supported kind as numbered lines of cells, with what was found out about its text."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from sro_coverage.errors import DataError, Issue
from sro_coverage.read.public.line import Line
from sro_coverage.read.public.markup import geojson_lines, html_lines, kml_lines
from sro_coverage.read.table import MAX_BYTES, MAX_COLUMNS, excel_lines

MAX_TEXT_BYTES = 4_000_000_000  # of a text table after unpacking; it is never held as a whole
_CHUNK = 1 << 20
_EXPECTED = "CSV, tab-separated text, .xlsx, an HTML table, GeoJSON or KML; text tables may be .gz"
_NOT_READ = {
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old (.xls) or encrypted Excel file",
    b"\x00\x00\x27\x0a": "a shapefile",
    b"SQLite format 3": "a database or GeoPackage",
}


@dataclass(frozen=True)
class Source:
    """
    A file that was recognised by its content.

    Parameters
    ----------
    kind
        As a person would call it: ``CSV``, ``HTML table``.
    noun
        What a line is called in messages.
    is_text
        Whether a row of the wrong length shifts its values.
    remarks
        What had to be assumed, such as the encoding.
    """

    kind: str
    noun: str
    lines: Iterable[Line]
    is_text: bool = False
    remarks: tuple[str, ...] = ()


def open_source(path: Path) -> Source:
    """
    Recognise a file by what is in it, not by its ending.

    Raises
    ------
    DataError
        Now, or while the lines are taken: no such file, a kind that is not read, broken content.
    """
    head = _head(path)
    if head.startswith(b"PK\x03\x04"):
        return _workbook(path)
    for start, found in _NOT_READ.items():
        if head.startswith(start):
            raise DataError([Issue(path.name, found, _EXPECTED)])
    encoding, remarks = _encoding(path, head)
    text = head.decode(encoding, errors="replace").lstrip("\ufeff \t\r\n")
    if not text:
        raise DataError([Issue(path.name, "an empty file", "a header row and rows under it")])
    lowered = text.casefold()
    if text.startswith(("{", "[")):
        return Source("GeoJSON", "feature", geojson_lines(path.name, _text(path, encoding)), remarks=remarks)
    if text.startswith("<") and "<kml" in lowered:
        return Source("KML", "placemark", kml_lines(path.name, _content(path)))
    if text.startswith("<"):
        return Source("HTML table", "row", html_lines(path.name, _text(path, encoding)), remarks=remarks)
    return _delimited(path, encoding, text, remarks)


def _workbook(path: Path) -> Source:
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as parts:
            names = parts.namelist()
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        names = []
    if not any(name.startswith("xl/") for name in names):
        raise DataError([Issue(path.name, "a zip archive", f"what is in it, unpacked: {_EXPECTED}")])
    return Source("Excel", "row", (Line(line.number, line.cells, line.faults) for line in excel_lines(path)))


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked; whatever goes wrong with it is told as wrong input."""
    if not path.exists():
        raise DataError([Issue(str(path), "no such file", "the path of an existing file")])
    if not path.is_file():
        raise DataError([Issue(str(path), "a folder or a device", "a file")])
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if is_packed else file
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError([Issue(path.name, "a broken .gz file", "the whole file; fetch it again")]) from None
    except OSError as error:
        raise DataError([Issue(str(path), f"cannot be read ({error.strerror})", "a readable file")]) from None


def _head(path: Path) -> bytes:
    with _opened(path) as file:
        return file.read(1 << 16)


def _content(path: Path) -> bytes:
    with _opened(path) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise DataError([Issue(path.name, "a huge file", f"at most {MAX_BYTES // 1_000_000} MB of this kind")])
    return content


def _text(path: Path, encoding: str) -> str:
    return _content(path).decode(encoding, errors="replace").lstrip("\ufeff")


def _encoding(path: Path, head: bytes) -> tuple[str, tuple[str, ...]]:
    """Find the encoding in one pass over the file, so that it is known before the first row is read."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _decode_all(path, "utf-16")
        return "utf-16", ("UTF-16 text",)
    if head.count(0) * 20 > len(head):  # a few are damage, and name their rows
        raise DataError([Issue(path.name, "a binary file", _EXPECTED)])
    try:
        _decode_all(path, "utf-8")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        return "cp1252", (f"byte 0x{byte:02X} is not UTF-8: read as Windows-1252; check names with accents",)
    return "utf-8-sig", ()


def _decode_all(path: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    total = 0
    with _opened(path) as file:
        while chunk := file.read(_CHUNK):
            total += len(chunk)
            if total > MAX_TEXT_BYTES:
                raise DataError([Issue(path.name, "a huge file", f"at most {MAX_TEXT_BYTES // 10**9} GB unpacked")])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                if encoding == "utf-16":
                    raise DataError([Issue(path.name, "broken UTF-16 text", _EXPECTED)]) from None
                raise
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        if encoding == "utf-16":
            raise DataError([Issue(path.name, "broken UTF-16 text", _EXPECTED)]) from None
        raise


def _delimited(path: Path, encoding: str, start: str, remarks: tuple[str, ...]) -> Source:
    first = start.splitlines()[:25]
    delimiter = max(",\t;|", key=lambda mark: max(line.count(mark) for line in first))
    kind = {",": "CSV", "\t": "tab-separated text"}.get(delimiter, f"text separated by {delimiter!r}")
    quoting = csv.QUOTE_MINIMAL
    if delimiter == "\t":
        try:
            for _ in _rows(path, encoding, delimiter, quoting):
                pass
        except DataError:  # state files in this form do not quote: a quotation mark is a part of a name
            quoting, remarks = csv.QUOTE_NONE, (*remarks, "quotation marks taken as part of the text")
    return Source(kind, "row", _rows(path, encoding, delimiter, quoting), is_text=True, remarks=remarks)


def _rows(path: Path, encoding: str, delimiter: str, quoting: int) -> Iterator[Line]:
    with _opened(path) as file:
        text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
        reader = csv.reader(text, delimiter=delimiter, quoting=quoting, strict=True)  # type: ignore[arg-type]
        counter = itertools.count(1)
        number = 0
        try:
            for number, cells in zip(counter, reader, strict=False):
                if len(cells) > MAX_COLUMNS:
                    found = f"{len(cells):,} columns"
                    raise DataError([Issue(f"{path.name} row {number}", found, f"at most {MAX_COLUMNS:,}")])
                yield Line(number, cells)
        except csv.Error as error:
            found = "a quote that is never closed" if "end of data" in str(error) else str(error)
            expected = "well-formed rows, each quote closed"
            raise DataError([Issue(f"{path.name} row {number + 1}", found, expected)]) from None
