"""The plan file: one TOML document that names everything a plan depends on."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from sro_coverage.errors import DataError, Issue
from sro_coverage.plan import InputFile
from sro_coverage.problem import (
    Assignment,
    Budget,
    Objective,
    Policy,
    Problem,
    StraightLine,
    Travel,
    Value,
)
from sro_coverage.problem.problem import misplaced_points
from sro_coverage.problem.value import Text
from sro_coverage.read.roster import read_officers, with_current_plan
from sro_coverage.read.rows import read_campuses
from sro_coverage.read.table import read_text
from sro_coverage.travel.store import sha256_of


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
    current
        The plan in force, for continuity: a plan's JSON, or a table of officer, campus and state.
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
    current: Text | None = None


@dataclass(frozen=True)
class Read:
    """
    A problem, and the files that it was read from.

    Parameters
    ----------
    paths, inputs
        Where the files are, and what a plan says of them.
    folder
        Folder of the plan file, where the files of ``problem.travel`` are.
    remarks
        What a planner should know of them.
    changed
        What a scenario changes, in plain words.
    """

    problem: Problem
    paths: tuple[Path, ...]
    inputs: tuple[InputFile, ...]
    folder: Path
    remarks: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


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
    content = read_toml(path)
    issues: list[Issue] = []
    places: dict[str, str] = {}
    # A wrong key must not hide wrong rows: the tables are read even if the file has other faults.
    file = _plan_file(path, content, issues)
    campuses = read_campuses(path, content, places, issues)
    officers = read_officers(path, content.get("officers"), places, issues)
    known = {campus.id for campus in campuses}
    officers, remarks = with_current_plan(path, content.get("current"), officers, known, issues)
    if file is None or issues:
        issues += [_placed(issue, path, places) for issue in misplaced_points(campuses)]
        raise DataError(issues)
    try:
        problem = Problem(
            title=file.title or title_of(path),
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
    named = (file.campuses, file.officers, file.current, getattr(file.travel, "file", None))
    paths = (path, *(path.parent / name for name in named if isinstance(name, str) and (path.parent / name).is_file()))
    return Read(problem, paths, tuple(map(input_file, paths)), folder=path.parent, remarks=remarks)


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


def input_file(path: Path) -> InputFile:
    """Give what a plan says of a file that it was made from."""
    return InputFile(file=_shown(path.name), sha256=sha256_of(path))


def _shown(name: str) -> str:
    """Make a file name fit for a document: it may hold bytes that are no text."""
    return "".join(character if character.isprintable() else "?" for character in name)


def title_of(path: Path) -> str:
    """Give the title of a problem whose file has none."""
    return _shown(path.stem)[:200]


def read_toml(path: Path) -> dict[str, Any]:
    """Read the keys of a TOML file; whatever is wrong with it, it is a :class:`DataError`."""
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


__all__ = ["PlanFile", "Read", "read_plan_file", "read_problem"]
