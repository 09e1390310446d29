"""The rows of one file as records of schools, each value cleaned and each bad one named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sro_coverage.errors import Issue
from sro_coverage.problem import Level
from sro_coverage.problem.value import quote
from sro_coverage.read.public.cells import address_of, clean, number_of
from sro_coverage.read.public.formats import GENERIC, Keep
from sro_coverage.read.public.header import Header, find_header
from sro_coverage.read.public.levels import Verdict, level_of
from sro_coverage.read.public.line import Line
from sro_coverage.read.public.report import FileReport
from sro_coverage.read.public.source import Source, open_source

ID_FIELDS = ("nces_id", "cds_code", "id")
NUMBERS = ("enrollment", "free_reduced_lunch", "sworn_officers")
TEXTS = ("name", "city", "district", "district_id", "county", "state", "agency", "site")
_ROUNDED = re.compile(r"\d(\.\d+)?[eE]\+\d+$")
_PRIVATE = re.compile(r"[A-Z0-9]\d{7}$")  # NCES id of a private school
_NCES_LIKE = re.compile(r"(0[1-9]|[1-6]\d|7[028])\d{10}$")
_MAX_OFFICERS = 25  # at one school; the federal data hold keying errors in the thousands
_CHARTER = {
    **dict.fromkeys(("yes", "y", "1", "charter", "true", "open enrollment charter"), "charter"),
    **dict.fromkeys(("no", "n", "0", "2", "tps", "magnet", "district", "false", "not applicable"), "district"),
    "private": "private",
}
_CONFIDENCE = {"checked": "high", "single_source": "medium", "sources_disagree": "low"}


@dataclass(frozen=True, slots=True)
class Record:
    """
    One row of one file.

    Parameters
    ----------
    keys
        Its ids, each with the kind of id: what the join compares.
    cells
        What it says, by output column; what it does not say is not in it.
    """

    where: str
    file: int
    keys: tuple[tuple[str, str], ...]
    cells: dict[str, str]
    verdict: Verdict | None


@dataclass(frozen=True)
class Records:
    """The records of a file, whether it says which schools there are, and what is to be reported of it."""

    records: tuple[Record, ...]
    is_directory: bool
    report: FileReport


class _RowError(Exception):
    """A row that cannot be taken; the argument says why it does not count, or an issue says what is wrong."""


def read_records(path: Path, number: int, given_levels: Mapping[str, Level]) -> Records:
    """
    Read a file whose format its column names tell.

    Parameters
    ----------
    number
        Place of the file among those given.
    given_levels
        See :func:`~sro_coverage.read.public.levels.level_of`.

    Raises
    ------
    DataError
        If the file cannot be read, or no format fits.
    """
    source = open_source(path)
    lines = iter(source.lines)
    return _Reader(path, number, source, find_header(path.name, lines), given_levels).read(lines)


@dataclass
class _Tally:
    """What is counted while the rows go by."""

    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    bad_rows: list[Issue] = field(default_factory=list)
    bad_values: list[Issue] = field(default_factory=list)
    zeros_put_back: int = 0


class _Reader:
    """Reads the rows under a header that was recognised."""

    def __init__(self, path: Path, number: int, source: Source, header: Header, given: Mapping[str, Level]) -> None:
        self.path, self.number, self.source, self.header, self.given = path, number, source, header, given
        self.tally = _Tally()

    def read(self, lines: Iterable[Line]) -> Records:
        kept: list[tuple[int, Record]] = []
        for line in lines:
            if not any(map(str.strip, line.cells)) and not line.faults:
                continue
            self.tally.rows += 1
            where = f"{self.path.name} {self.source.noun} {line.number}"
            try:
                rank = self._rank(line)
                kept.append((rank, self._record(where, line)))
            except _RowError as error:
                reason = error.args[0]
                if isinstance(reason, Issue):
                    self.tally.bad_rows.append(reason)
                else:
                    self.tally.left_out[reason] += 1
        best: dict[tuple[tuple[str, str], ...], int] = {}
        for rank, record in kept:
            best[record.keys] = min(rank, best.get(record.keys, rank))
        if again := sum(rank != best[record.keys] for rank, record in kept):
            reason = next(keep.otherwise for _, keep in self.header.keeps if keep.only_first)
            self.tally.left_out[reason] += again
        records = self._without_repeats([record for rank, record in kept if rank == best[record.keys]])
        return Records(tuple(records), self.header.is_directory, self._report(len(records)))

    def _rank(self, line: Line) -> int:
        """Leave out rows that are no schools; tell which of several totals this one is."""
        rank = 0
        for place, keep in self.header.keeps:
            text = line.cells[place].strip().strip("'") if place < len(line.cells) else ""
            if not text:
                continue
            value = text.casefold()
            if value not in keep.values:
                raise _RowError(_reason(keep, text))
            if keep.only_first:
                rank = keep.values.index(value)
        return rank

    def _record(self, where: str, line: Line) -> Record:
        self._refuse_broken(where, line)
        values = self.header.values(line.cells)
        get = values.get
        keys, cells = self._ids(where, values)
        cells |= {name: values[name] for name in TEXTS if name in values}
        for name in NUMBERS:
            if name in values and (number := self._number(where, name, line)):
                cells[name] = number
        if "enrollment" in cells and (year := get("enrollment_year") or self._year()):
            cells["enrollment_year"] = year
        cells |= self._point(where, values)
        if address := get("address") or address_of(get("street"), get("city"), get("state"), get("zip")):
            cells["address"] = address
        if sector := _CHARTER.get(get("charter", "").casefold()):
            cells["sector"] = sector
        grades = get("grades") or "-".join(filter(None, (get("low"), get("high"))))
        if grades:
            cells["grades"] = grades
        if not keys and "name" not in cells:
            raise _RowError(Issue(where, "neither an id nor a name", "one of the two"))
        return Record(where, self.number, keys, cells, self._verdict(values, grades))

    def _verdict(self, values: dict[str, str], grades: str) -> Verdict | None:
        if not self.header.is_directory:
            return None
        return level_of(
            self.header.format.level_by,
            kind=values.get("kind", ""),
            level=values.get("level", ""),
            grades=grades,
            given=self.given,
        )

    def _refuse_broken(self, where: str, line: Line) -> None:
        if -1 in line.faults:
            raise _RowError(line.faults[-1])
        for place, issue in line.faults.items():
            if place in self.header.used:
                raise _RowError(issue)
        width = len(self.header.columns)
        if len(line.cells) != width:
            beyond = any(cell.strip() for cell in line.cells[width:])
            if beyond or (self.source.is_text and len(line.cells) < width):
                raise _RowError(Issue(where, f"{len(line.cells)} cells", f"{width}, as in the header"))
        if "\0" in "".join(line.cells):
            raise _RowError(Issue(where, "a NUL character", "text"))

    def _ids(self, where: str, values: dict[str, str]) -> tuple[tuple[tuple[str, str], ...], dict[str, str]]:
        """Give the ids that the join compares; an id that a spreadsheet rounded is lost for good."""
        found = {name: _without_point(values.get(name, "")) for name in ID_FIELDS}
        for name, text in found.items():
            if "+" in text and _ROUNDED.match(text):
                expected = "all its digits; a spreadsheet rounded them, so take the file as it was published"
                raise _RowError(Issue(f"{where}, {name}", quote(text), expected))
        if self.header.format is GENERIC and not found["nces_id"] and _NCES_LIKE.match(found["id"]):
            found["nces_id"] = found["id"]
        cells: dict[str, str] = {}
        for name, width in (("nces_id", 12), ("cds_code", 14)):
            text = found[name]
            if text.isascii() and text.isdigit() and len(text) in (width - 1, width):
                self.tally.zeros_put_back += len(text) < width
                cells[name] = text.zfill(width)
            elif name == "nces_id" and _PRIVATE.match(text):
                cells[name] = text
            elif text:
                self.tally.bad_values.append(Issue(f"{where}, {name}", quote(text), f"{width} digits"))
        if cells.get("cds_code", "").endswith("0000000"):
            raise _RowError("a district, not a school")
        keys = tuple(cells.items())
        if found["id"]:
            cells["id"] = found["id"]
            keys = keys or (("id", found["id"]),)
        return keys, cells

    def _number(self, where: str, name: str, line: Line) -> str:
        """Read a count; reserve codes are missing values, and anything else that is no count is named."""
        for way in self.header.fields.get(name, ()):
            total = 0.0
            for place, _ in way:
                text = clean(line.cells[place]) if place < len(line.cells) else ""
                value = number_of(text) if text.casefold() not in self.header.missing else None
                if text.casefold() in self.header.missing or self._is_reserve_code(value):
                    break
                is_whole = value is not None and (name == "sworn_officers" or value == int(value))
                if value is None or value < 0 or not is_whole:
                    expected = "a number of officers" if name == "sworn_officers" else "a whole number, at least 0"
                    self.tally.bad_values.append(Issue(f"{where}, {self.header.columns[place]}", quote(text), expected))
                    break
                total += value
            else:
                return self._sensible(where, name, total)
        return ""

    def _is_reserve_code(self, value: float | None) -> bool:
        """Federal and state files write small negative numbers for missing values; one's own table has none."""
        own = self.header.format is GENERIC
        return not own and value is not None and -20 <= value < 0 and value == int(value)

    def _sensible(self, where: str, name: str, total: float) -> str:
        limit = _MAX_OFFICERS if name == "sworn_officers" else 1_000_000
        if total > limit:
            found = Issue(f"{where}, {name}", f"{total:,.10g}", f"at most {limit:,}; a keying error")
            self.tally.bad_values.append(found)
            return ""
        return f"{total:.10g}"

    def _year(self) -> str:
        """A year that stands in the column's name: ``School Enrollment as of Oct 2025``."""
        column = self.header.columns[self.header.fields["enrollment"][0][0][0]]
        return column.rpartition(" as of ")[2] if " as of " in column else ""

    def _point(self, where: str, values: dict[str, str]) -> dict[str, str]:
        lat, lon = values.get("lat", ""), values.get("lon", "")
        codes = ("-1", "-2", "-9") if self.header.format is not GENERIC else ()
        lat, lon = ("" if text in codes else text for text in (lat, lon))
        if not lat and not lon:
            return {}
        place = (number_of(lat), number_of(lon))
        expected = "degrees, such as 36.54 and -119.39"
        if place[0] is None or place[1] is None:
            shown = quote(f"{lat}, {lon}")
            self.tally.bad_values.append(Issue(f"{where}, point", shown, expected))
            return {}
        if abs(place[0]) > 90 or abs(place[1]) > 180 or (abs(place[0]) < 0.01 and abs(place[1]) < 0.01):
            swapped = abs(place[1]) <= 90 < abs(place[0]) <= 180
            expected = f"{lon}, {lat}; lat and lon look swapped" if swapped else expected
            self.tally.bad_values.append(Issue(f"{where}, point", f"{lat}, {lon}", expected))
            return {}
        confidence = values.get("point_confidence", "").casefold()
        confidence = _CONFIDENCE.get(confidence, confidence if confidence in _CONFIDENCE.values() else "medium")
        origin = values.get("point_source") or self.header.format.point_source or self.path.name
        return {"lat": lat, "lon": lon, "point_source": origin, "point_confidence": confidence}

    def _without_repeats(self, records: list[Record]) -> list[Record]:
        """Keep the first of several rows with one id; tell if the others say something else."""
        first: dict[tuple[str, str], Record] = {}
        kept = []
        for record in records:
            earlier = next((first[key] for key in record.keys if key in first), None)
            if earlier is not None and record.keys[0][0] == "id" and _are_others(earlier, record):
                found = f"{record.keys[0][1]} again, with another name (first in {earlier.where})"
                self.tally.bad_values.append(Issue(f"{record.where}, id", found, "each id once; taken without it"))
                record = replace(record, keys=(), cells={**record.cells, "id": ""})  # noqa: PLW2901
                earlier = None
            if earlier is None:
                first.update(dict.fromkeys(record.keys, record))
                kept.append(record)
                continue
            differ = [name for name, text in record.cells.items() if earlier.cells.get(name, text) != text]
            if differ:
                shown = quote(record.cells[differ[0]])
                found = f"{record.keys[0][1]} again (first in {earlier.where}) with {differ[0]} {shown}"
                self.tally.bad_rows.append(Issue(record.where, found, "each school once; the first row is taken"))
            else:
                self.tally.left_out["the same school again, with the same values"] += 1
        return kept

    def _report(self, taken: int) -> FileReport:
        remarks = list(self.source.remarks)
        if self.tally.zeros_put_back:
            remarks.append(f"leading zero put back in {self.tally.zeros_put_back:,} ids")
        if self.header.twice:
            remarks.append(f"columns of one name, the first is taken: {', '.join(dict.fromkeys(self.header.twice))}")
        columns = {
            name: " + ".join(dict.fromkeys(self.header.columns[place] for place, _ in ways[0]))
            for name, ways in self.header.fields.items()
        }
        unused = [name for place, name in enumerate(self.header.columns) if name and place not in self.header.used]
        return FileReport(
            file=self.path.name,
            format=self.header.format.name,
            kind=self.source.kind,
            rows=self.tally.rows,
            taken=taken,
            left_out=dict(self.tally.left_out),
            bad_rows=tuple(self.tally.bad_rows),
            bad_values=tuple(self.tally.bad_values),
            columns=columns,
            unused=tuple(unused),
            remarks=tuple(remarks),
        )


def _without_point(text: str) -> str:
    """Write 60006501242, not 60006501242.0, which a spreadsheet made of it."""
    return re.sub(r"^(\d+)\.0+$", r"\1", text) if "." in text else text


def _are_others(one: Record, other: Record) -> bool:
    """Whether two rows with one id of the file's own have different names: a code that is not unique."""
    names = [record.cells.get("name", "").casefold() for record in (one, other)]
    return all(names) and names[0] != names[1]


def _reason(keep: Keep, text: str) -> str:
    return f"{keep.otherwise} ({text[:40]})" if keep.otherwise == "not open" else keep.otherwise
