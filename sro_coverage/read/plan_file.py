"""The plan file: one TOML document that names everything a plan depends on."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field

from sro_coverage.errors import DataError, Issue
from sro_coverage.plan import InputFile
from sro_coverage.problem import (
    Assignment,
    Budget,
    Campus,
    Objective,
    Officer,
    Policy,
    Problem,
    StraightLine,
    Travel,
    Value,
)
from sro_coverage.problem.problem import misplaced_points
from sro_coverage.problem.value import Text, quote
from sro_coverage.read.table import Row, Table, read_table, read_text

V = TypeVar("V", bound=Value)

MAX_OFFICERS = 100_000

CAMPUS_COLUMNS = tuple(name for name in Campus.model_fields if name != "weight")
CAMPUS_REQUIRED = ("id", "name", "level", "lat", "lon", "enrollment")
MAY_BE_UNKNOWN = ("lat", "lon", "enrollment")
LIST_COLUMNS = {"levels", "excluded", "shared"}


def _number_or_name(value: object) -> object:
    is_name = isinstance(value, str) and value.strip() and "\0" not in value
    if not is_name and not isinstance(value, int):
        raise ValueError("a number of officers, or the name of a roster")
    return value


def _one_or_more(value: object) -> object:
    if not isinstance(value, str | list | tuple):
        raise ValueError("a text, or a list of texts")
    return (value,) if isinstance(value, str) else value


class PlanFile(Value):
    """
    The keys of a plan file; only `campuses` and `officers` are needed.

    Parameters
    ----------
    campuses, officers
        Tables beside the plan file; `officers` may be a number of identical officers.
    where
        Keep only the campus rows with these values in these columns.
    """

    campuses: Text
    officers: Annotated[int | str, BeforeValidator(_number_or_name)]
    title: Text | None = None
    where: dict[Text, Annotated[tuple[Text, ...], BeforeValidator(_one_or_more)]] = Field(default_factory=dict)
    travel: Travel = StraightLine()
    policy: Policy = Policy()
    objective: Objective = Objective()
    pin: tuple[Assignment, ...] = ()
    forbid: tuple[Assignment, ...] = ()
    budget: Budget | None = None


@dataclass(frozen=True)
class Read:
    """
    A problem, and the files that it was read from.

    Parameters
    ----------
    paths, inputs
        Where the files are, and what a plan says of them.
    """

    problem: Problem
    paths: tuple[Path, ...]
    inputs: tuple[InputFile, ...]

    @property
    def folder(self) -> Path:
        """Folder of the plan file, where the files it names are."""
        return self.paths[0].parent


def read_plan_file(path: str | Path) -> Read:
    """
    Read a plan file and the tables that it names.

    Parameters
    ----------
    path
        The TOML file; the paths in it are relative to it.

    Raises
    ------
    DataError
        With every problem found, each with file, row or key, value and what was expected.
    """
    path = Path(path)
    content = _toml(path)
    issues: list[Issue] = []
    places: dict[str, str] = {}
    # A wrong key must not hide wrong rows: the tables are read even if the file has other faults.
    file = _plan_file(path, content, issues)
    campuses = _campuses(path, content, places, issues)
    officers = _officers(path, content.get("officers"), places, issues)
    if file is None or issues:
        issues += [_placed(issue, path, places) for issue in misplaced_points(campuses)]
        raise DataError(issues)
    try:
        problem = Problem(
            title=file.title or _title(path),
            campuses=campuses,
            officers=officers,
            policy=file.policy,
            travel=file.travel,
            objective=file.objective,
            pins=file.pin,
            forbids=file.forbid,
            budget=file.budget,
        )
    except DataError as error:
        raise DataError([_placed(issue, path, places) for issue in error.issues]) from None
    named = (file.campuses, file.officers, getattr(file.travel, "file", None))
    paths = (path, *(path.parent / name for name in named if isinstance(name, str) and (path.parent / name).is_file()))
    return Read(problem, paths, tuple(InputFile(file=_shown(item.name), sha256=_sha256(item)) for item in paths))


def read_problem(path: str | Path) -> Problem:
    """Read only the problem of a plan file; see :func:`read_plan_file`."""
    return read_plan_file(path).problem


def _plan_file(path: Path, content: dict[str, Any], issues: list[Issue]) -> PlanFile | None:
    try:
        return PlanFile(**content)
    except DataError as error:
        issues += [issue.within(f"{path.name}:") for issue in error.issues]
        return None


def _placed(issue: Issue, path: Path, places: dict[str, str]) -> Issue:
    """Say in which row a campus or an officer stands, or else name the plan file."""
    row = places.get(issue.where) or places.get(issue.where.rpartition(", ")[0])
    return issue.within(f"{row}," if row else f"{path.name}:")


def _shown(name: str) -> str:
    """Make a file name fit for a document: it may hold bytes that are no text."""
    return "".join(character if character.isprintable() else "?" for character in name)


def _title(path: Path) -> str:
    return _shown(path.stem)[:200]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _toml(path: Path) -> dict[str, Any]:
    expected = "a plan file as in the README"
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise DataError([Issue(path.name, f"not TOML: {error}", expected)]) from None
    except RecursionError:
        raise DataError([Issue(path.name, "lists or tables nested too deep", expected)]) from None
    except DataError:
        raise
    except ValueError:  # the one other complaint of the parser
        raise DataError([Issue(path.name, "a number of thousands of digits", expected)]) from None


def _table(
    path: Path, name: str, *, required: Collection[str], used: Collection[str], issues: list[Issue]
) -> Table | None:
    """Read a table beside the plan file; what is wrong goes to the issues."""
    if not name.strip() or "\0" in name:
        return None  # no file name; the plan file's own check tells
    try:
        return read_table(path.parent / name, required=required, used=used, issues=issues)
    except DataError as error:
        issues += error.issues
        return None


def _campuses(path: Path, content: dict[str, Any], places: dict[str, str], issues: list[Issue]) -> tuple[Campus, ...]:
    """Give the good rows of the campus table that the plan file's `where` asks for."""
    name, objective = content.get("campuses"), content.get("objective")
    if not isinstance(name, str):
        return ()
    where = _where(content.get("where"))
    weight = objective.get("weight") if isinstance(objective, dict) else None
    named = {f"where.{column}": column for column in where}
    if isinstance(weight, str):
        named["objective.weight"] = weight
    table = _table(path, name, required=CAMPUS_REQUIRED, used=(*CAMPUS_COLUMNS, *named.values()), issues=issues)
    if table is None:
        return ()
    for key, column in named.items():
        if column not in table.columns:
            expected = f"one of {', '.join(map(quote, table.columns))}"
            issues.append(Issue(f"{path.name}: {key}", f"{quote(column)} is no column of {name}", expected))
    filters = {column: values for column, values in where.items() if column in table.columns}
    campuses = []
    for row in _filtered(path, name, table.rows, filters, issues):
        cells = {column: text for column, text in row.cells.items() if column in CAMPUS_COLUMNS}
        if weight in table.columns and "enrollment" in cells:
            cells["weight"] = row.cells.get(weight, "")
        campus = _value(Campus, row, cells, issues, {"weight": f"{weight} (objective.weight)"})
        if campus is not None and _is_first(f"campus {campus.id!r}", row, places, issues):
            campuses.append(campus)
    return tuple(campuses)


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


def _officers(path: Path, officers: object, places: dict[str, str], issues: list[Issue]) -> tuple[Officer, ...]:
    """Give the roster, or that many identical officers; a wrong type is told by the plan file itself."""
    if isinstance(officers, str):
        return _roster(path, officers, places, issues)
    if not isinstance(officers, int) or isinstance(officers, bool):
        return ()
    if not 1 <= officers <= MAX_OFFICERS:
        expected = f"1 to {MAX_OFFICERS:,}, or the name of a roster"
        issues.append(Issue(f"{path.name}: officers", quote(officers), expected))
        return ()
    names = [f"Officer {number}" for number in range(1, officers + 1)]
    return tuple(Officer(id=name, name=name) for name in names)


def _roster(path: Path, table: str, places: dict[str, str], issues: list[Issue]) -> tuple[Officer, ...]:
    roster = []
    read = _table(path, table, required=("id", "name"), used=tuple(Officer.model_fields), issues=issues)
    for row in read.rows if read else ():
        officer = _value(Officer, row, _split_lists(row.cells), issues, {})
        if officer is not None and _is_first(f"officer {officer.id!r}", row, places, issues):
            roster.append(officer)
    return tuple(roster)


def _split_lists(cells: dict[str, str]) -> dict[str, Any]:
    """Cells that hold several values, separated by semicolons."""
    return {
        name: tuple(part.strip() for part in text.split(";") if part.strip()) if name in LIST_COLUMNS else text
        for name, text in cells.items()
        if name in Officer.model_fields
    }


def _is_first(what: str, row: Row, places: dict[str, str], issues: list[Issue]) -> bool:
    """Note where an id stands; a second row with the same id is an issue."""
    if what in places:
        issues.append(Issue(f"{row.where}, id", f"{what} again (first in {places[what]})", "each id once"))
        return False
    places[what] = row.where
    return True


def _value(kind: type[V], row: Row, cells: dict[str, Any], issues: list[Issue], labels: dict[str, str]) -> V | None:
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


__all__ = ["PlanFile", "Read", "read_plan_file", "read_problem"]
