"""Campuses from a table, and what every table of values needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem import Campus, Value
from sro_coverage.problem.value import quote
from sro_coverage.read.table import Row, Table, read_table

V = TypeVar("V", bound=Value)

CAMPUS_COLUMNS = tuple(name for name in Campus.model_fields if name != "weight")
CAMPUS_REQUIRED = ("id", "name", "level", "lat", "lon", "enrollment")
MAY_BE_UNKNOWN = ("lat", "lon", "enrollment")


def read_campuses(
    path: Path, content: dict[str, Any], places: dict[str, str], issues: list[Issue]
) -> tuple[Campus, ...]:
    """Give the good rows of the campus table that the plan file's `where` asks for."""
    return tuple(campus for _, campus in campus_rows(path, content, places, issues))


def campus_rows(
    path: Path, content: dict[str, Any], places: dict[str, str], issues: list[Issue], **named: str
) -> Iterator[tuple[Row, Campus]]:
    """
    Read the campuses one by one, each with its row.

    Parameters
    ----------
    named
        Columns that must be there beside the usual ones, by the key that names them.
    """
    name, objective = content.get("campuses"), content.get("objective")
    if not isinstance(name, str):
        return
    where = _where(content.get("where"))
    weight = objective.get("weight") if isinstance(objective, dict) else None
    named |= {f"where.{column}": column for column in where}
    if isinstance(weight, str):
        named["objective.weight"] = weight
    table = table_beside(
        path, name, sheet="campuses", required=CAMPUS_REQUIRED, used=(*CAMPUS_COLUMNS, *named.values()), issues=issues
    )
    if table is None:
        return
    for key, column in named.items():
        if column not in table.columns:
            expected = f"one of {', '.join(map(quote, table.columns))}"
            issues.append(Issue(f"{path.name}: {key}", f"{quote(column)} is no column of {name}", expected))
    filters = {column: values for column, values in where.items() if column in table.columns}
    for row in _filtered(path, name, table.rows, filters, issues):
        cells = {column: text for column, text in row.cells.items() if column in CAMPUS_COLUMNS}
        if weight in table.columns and "enrollment" in cells:
            cells["weight"] = row.cells.get(weight, "")
        campus = value_of(Campus, row, cells, issues, {"weight": f"{weight} (objective.weight)"})
        if campus is not None and first_of_its_id(f"campus {campus.id!r}", row, places, issues):
            yield row, campus


def _where(where: object) -> dict[str, set[str]]:
    """Give the filters that are well formed; the plan file's own check tells about the others."""
    filters = where.items() if isinstance(where, dict) else ()
    lists = {key: [value] if isinstance(value, str) else value for key, value in filters}
    return {
        key.strip(): {text.strip() for text in values}
        for key, values in lists.items()
        if isinstance(values, list) and all(isinstance(text, str) for text in values)
    }


def _filtered(
    path: Path, table: str, rows: tuple[Row, ...], where: dict[str, set[str]], issues: list[Issue]
) -> tuple[Row, ...]:
    """Keep the rows that the plan file's `where` asks for."""
    for column, values in where.items():
        there = {row.cells.get(column, "") for row in rows}
        kept = tuple(row for row in rows if row.cells.get(column, "") in values)
        if rows and not kept:
            shown = ", ".join(sorted(map(quote, there - {""}))[:8]) or "the values of a column that is not empty"
            found = f"{', '.join(map(quote, sorted(values))) or 'an empty list'} matches no row of {table}"
            issues.append(Issue(f"{path.name}: where.{column}", found, f"one of {shown}"))
        rows = kept
    return rows


def table_beside(
    path: Path,
    name: str,
    *,
    sheet: str,
    required: Collection[str],
    used: Collection[str],
    issues: list[Issue],
    synonyms: Mapping[str, str] | None = None,
) -> Table | None:
    """Read a table beside the plan file; what is wrong goes to the issues."""
    if not name.strip() or "\0" in name:
        return None  # no file name; the plan file's own check tells
    try:
        return read_table(
            path.parent / name, required=required, used=used, issues=issues, sheet=sheet, synonyms=synonyms or {}
        )
    except DataError as error:
        issues += error.issues
        return None


def first_of_its_id(what: str, row: Row, places: dict[str, str], issues: list[Issue]) -> bool:
    """Note where an id stands; a second row with the same id is an issue."""
    if what in places:
        issues.append(Issue(f"{row.where}, id", f"{what} again (first in {places[what]})", "each id once"))
        return False
    places[what] = row.where
    return True


def value_of(kind: type[V], row: Row, cells: dict[str, Any], issues: list[Issue], labels: dict[str, str]) -> V | None:
    """Make a campus or an officer of a row, or else note what is wrong with it."""
    try:
        return kind(**cells)
    except DataError as error:
        issues += [_of_cell(kind, row, issue, labels) for issue in error.issues]
        return None


def _of_cell(kind: type[Value], row: Row, issue: Issue, labels: dict[str, str]) -> Issue:
    may_be_empty = kind is Campus and issue.where in MAY_BE_UNKNOWN
    expected = f"{issue.expected}; or leave it empty if it is not known" if may_be_empty else issue.expected
    return Issue(f"{row.where}, {labels.get(issue.where, issue.where)}", issue.found, expected)
