"""The import: read the files, join them, keep what is wanted, propose sites, doubt, check."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem import LEVELS, Campus, Level
from sro_coverage.problem.value import quote
from sro_coverage.read.public.doubts import drop_misplaced, find_doubts, propose_sites
from sro_coverage.read.public.join import School, join
from sro_coverage.read.public.records import Records, read_records
from sro_coverage.read.public.report import Doubt, ImportReport

COLUMNS = (
    *("agency", "id", "name", "level", "enrollment", "enrollment_year", "lat", "lon"),
    *("point_source", "point_confidence", "point_check_m", "site", "address", "city", "county", "state"),
    *("district", "district_id", "sector", "grades", "nces_id", "cds_code", "free_reduced_lunch"),
    "sworn_officers",
)
"""The columns of the output; those that no file fills are left away, but for the ones a plan needs."""

_NEEDED = ("id", "name", "level", "enrollment", "lat", "lon")


@dataclass(frozen=True)
class Imported:
    """
    The campus table and what is to be said of it.

    Parameters
    ----------
    rows
        By column of :data:`COLUMNS`; a value that is not known is not in it.
    """

    rows: tuple[dict[str, str], ...]
    report: ImportReport

    def to_csv(self) -> str:
        """Write the campus table that a plan file can name; texts are exact, formulas included."""
        there = {name for row in self.rows for name in row}
        out = io.StringIO()
        columns = [name for name in COLUMNS if name in there or name in _NEEDED]
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue()


def import_public(
    paths: Sequence[Path],
    *,
    where: Mapping[str, Sequence[str]] | None = None,
    levels: Mapping[str, Level] | None = None,
) -> Imported:
    """
    Make one campus table of public school files.

    Parameters
    ----------
    paths
        In the order of trust: of two files that tell the same thing, the first is taken.
    where
        Keep only schools with one of these values in these output columns; case does not matter.
    levels
        What to make of a level, kind or grade span of the files that the project has no level for.

    Raises
    ------
    DataError
        If a file cannot be used at all, or no school is left; everything that is wrong is named.
    """
    given: dict[str, Level] = {text.casefold(): level for text, level in (levels or {}).items()}
    files = _read(paths, given)
    joined = join(files)
    wanted = _wanted(joined.schools, where or {})
    unknown = tuple(
        Doubt("level not known", school.id, f"{school.cells['name'] or school.where}: {school.verdict.read_from}")
        for school in wanted
        if school.verdict.level is None
    )
    schools = [school for school in wanted if school.verdict.level is not None]
    doubts = list(joined.doubts)
    checked = _check(schools, doubts)
    schools = [school for school in schools if school.id in checked]
    doubts += drop_misplaced(schools, checked)
    sites = propose_sites(schools)
    doubts += find_doubts(schools)
    if not schools:
        raise DataError([_nothing_left(unknown)])
    counts = Counter(school.cells["level"] for school in schools)
    ids = {school.id for school in wanted}
    report = ImportReport(
        files=tuple(replace(file.report, not_joined=joined.not_joined[i]) for i, file in enumerate(files)),
        campuses=len(schools),
        students=sum(int(school.cells.get("enrollment", 0)) for school in schools),
        with_point=sum("lat" in school.cells for school in schools),
        with_enrollment=sum("enrollment" in school.cells for school in schools),
        filtered_out=len(joined.schools) - len(wanted),
        levels={level: counts[level] for level in LEVELS if level in counts},
        level_unknown=unknown,
        sites=sites,
        doubts=tuple(doubt for doubt in doubts if doubt.where in ids),
    )
    return Imported(tuple(school.cells for school in schools), report)


def _read(paths: Sequence[Path], given: Mapping[str, Level]) -> list[Records]:
    files: list[Records] = []
    issues: list[Issue] = []
    for number, path in enumerate(paths):
        try:
            files.append(read_records(path, number, given))
        except DataError as error:
            issues += error.issues
    if not issues and not any(file.is_directory for file in files):
        names = ", ".join(path.name for path in paths)
        expected = "also a file that does: CCD schools, the NCES search, CDE pubschls, AskTED, or a table with levels"
        issues.append(Issue(names, "nothing says which level the schools are", expected))
    for file in files:
        if not file.records and file.report.bad_rows:
            issues += file.report.bad_rows
        elif not file.records:
            reasons = "; ".join(f"{count:,} rows: {reason}" for reason, count in file.report.left_out.items())
            issues.append(Issue(file.report.file, reasons or "a header and no row", "at least one row of a school"))
    if issues:
        raise DataError(issues)
    return files


def _wanted(schools: Sequence[School], where: Mapping[str, Sequence[str]]) -> list[School]:
    wanted = list(schools)
    for column, values in where.items():
        if column not in COLUMNS:
            close = get_close_matches(column, COLUMNS, n=1)
            expected = f"perhaps {close[0]}" if close else f"one of {', '.join(COLUMNS)}"
            raise DataError([Issue("--where", f"{quote(column)} is no column of the output", expected)])
        asked = {value.strip().casefold() for value in values}
        there = {_value(school, column) for school in wanted}
        kept = [school for school in wanted if _value(school, column).casefold() in asked]
        if not kept:
            close = get_close_matches(values[0], sorted(there - {""}), n=5, cutoff=0.4) or sorted(there - {""})[:5]
            found = f"no school has {', '.join(map(quote, values))}"
            raise DataError([Issue(f"--where {column}", found, f"such as {', '.join(map(quote, close)) or 'nothing'}")])
        wanted = kept
    return wanted


def _value(school: School, column: str) -> str:
    if column == "level":
        return school.verdict.level or ""
    return school.id if column == "id" else school.cells.get(column, "")


def _check(schools: Sequence[School], doubts: list[Doubt]) -> dict[str, Campus]:
    """Make a campus of each school, so that a plan takes every row that goes out."""
    checked: dict[str, Campus] = {}
    for school in schools:
        school.cells["id"] = school.id
        school.cells["level"] = school.verdict.level or ""
        school.cells["name"] = school.cells["name"] or school.id
        try:
            cells: dict[str, Any] = {name: school.cells[name] for name in Campus.model_fields if name in school.cells}
            checked[school.id] = Campus(**cells)
        except DataError as error:
            doubts.append(Doubt("left out, a plan would refuse it", school.id, "; ".join(map(str, error.issues))))
    return checked


def _nothing_left(unknown: tuple[Doubt, ...]) -> Issue:
    found = "no school is left" + (f"; {len(unknown):,} have no level that is known" if unknown else "")
    shown = ", ".join(sorted({doubt.found.rpartition(": ")[2] for doubt in unknown})[:5])
    expected = f"--level TEXT=LEVEL for {shown}" if unknown else "at least one"
    return Issue("import", found, expected)
