"""The sweep file: one TOML document that names a base and the changes to try on it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from sro_coverage.errors import DataError, Issue
from sro_coverage.model.solution import SolveParams
from sro_coverage.plan import InputFile
from sro_coverage.problem import Matrix, Roads, Value
from sro_coverage.problem.value import Text, quote
from sro_coverage.read import Read
from sro_coverage.read.plan_file import input_file, read_toml, title_of
from sro_coverage.read.table import read_text
from sro_coverage.scenario.changes import Changes
from sro_coverage.scenario.file import read_plan_or_scenario
from sro_coverage.scenario.grid import Axis, named, points, read_axes, shown

_TEXTS = re.compile(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*')
_SIGNED = re.compile(r"(?<![\w.+-])\+[0-9][0-9_.]*")


class SweepFile(Value):
    """
    The keys of a sweep file; `base` is needed, and `grid` or `run`.

    Parameters
    ----------
    base
        Plan file or scenario file, beside the sweep file.
    grid
        Scenario keys with the values to try, each with each.
    run
        Sets of changes, each with a name if it wants one.
    time_limit_s
        For each run.
    """

    base: Text
    title: Text | None = None
    grid: dict[str, Any] = Field(default_factory=dict)
    run: tuple[dict[str, Any], ...] = ()
    time_limit_s: Annotated[float, Field(gt=0, le=1_000_000)] = SolveParams().time_limit_s


class _Named(Value):
    name: Text | None = None


@dataclass(frozen=True)
class Wish:
    """
    One run as the sweep file asks for it.

    Parameters
    ----------
    content
        Its changes as the file has them.
    point
        Its values on the axes of the grid; None outside the grid.
    inputs
        Files that it is made from.
    """

    name: str
    content: dict[str, Any]
    changes: Changes
    point: tuple[Any, ...] | None = None
    inputs: tuple[InputFile, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """The changed keys, with dots, and what each was changed to: numbers as they are, the rest as text."""
        return dict(_flat(self.content))


@dataclass(frozen=True)
class Sweep:
    """A sweep file that was read: what to change, on what, and how long to search."""

    title: str
    base: Read
    axes: tuple[Axis, ...]
    wishes: tuple[Wish, ...]
    params: SolveParams


def read_sweep(source: str | Path | Mapping[str, Any]) -> Sweep:
    """
    Read a sweep file and its base.

    Parameters
    ----------
    source
        The TOML file, or a mapping with the same keys and `base` relative to the working folder.

    Raises
    ------
    DataError
        With every problem found.
    """
    if isinstance(source, Mapping):
        return _sweep("sweep", Path(), dict(source), "Sweep", [])
    path = Path(source)
    content = read_toml(path)
    return _sweep(path.name, path.parent, content, title_of(path), list(_signs(path.name, read_text(path))))


def _sweep(file: str, folder: Path, content: dict[str, Any], title: str, issues: list[Issue]) -> Sweep:
    asked = _checked(file, content, issues)
    base = _base(folder, content.get("base"), issues)
    grid, runs = content.get("grid"), content.get("run")
    axes = read_axes(grid, f"{file}: grid", issues) if isinstance(grid, Mapping) else ()
    if asked and not asked.grid and not asked.run:
        issues.append(Issue(file, "nothing to try", "[grid] with lists of values, or [[run]] tables of changes"))
    wishes = [*_grid_wishes(file, axes, issues), *_listed_wishes(file, runs, issues)]
    for name, count in Counter(wish.name for wish in wishes).items():
        if count > 1:
            issues.append(
                Issue(f"{file}: run", f"{count} runs named {quote(name)}", "each name once; give each run its own")
            )
    if issues or asked is None or base is None:
        raise DataError(dict.fromkeys(issues))  # one wrong value of the grid stands in many runs
    wishes = [_with_files(wish, folder, base) for wish in wishes]
    return Sweep(asked.title or title, base, axes, tuple(wishes), SolveParams(time_limit_s=asked.time_limit_s))


def _with_files(wish: Wish, folder: Path, base: Read) -> Wish:
    """Name the file of a run's own travel from the plan file's folder, as all others are."""
    travel = wish.changes.travel
    if not isinstance(travel, Roads | Matrix):
        return replace(wish, inputs=base.inputs)
    path = folder / travel.file
    if not Path(travel.file).is_absolute() and folder.resolve() != base.folder.resolve():
        file = Path(os.path.relpath(path.resolve(), base.folder.resolve())).as_posix()
        travel = travel.model_copy(update={"file": file})
    inputs = (input_file(path), *base.inputs) if path.is_file() else base.inputs
    return replace(wish, changes=wish.changes.model_copy(update={"travel": travel}), inputs=inputs)


def _signs(file: str, text: str) -> Iterator[Issue]:
    """Find numbers that were meant as changes: to TOML, +2 is the number 2."""
    for match in _SIGNED.finditer(_TEXTS.sub("''", text)):
        found = f"{match[0]} without quotes"
        yield Issue(file, found, f'"{match[0]}" in quotes for so many more, or the number without a sign')


def _checked(file: str, content: dict[str, Any], issues: list[Issue]) -> SweepFile | None:
    try:
        return SweepFile(**content)
    except DataError as error:
        issues += [issue.within(f"{file}:") for issue in error.issues]
        return None


def _base(folder: Path, name: object, issues: list[Issue]) -> Read | None:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        return None  # told as a wrong value
    try:
        return read_plan_or_scenario(folder / name)
    except DataError as error:
        issues += error.issues
        return None


def _grid_wishes(file: str, axes: tuple[Axis, ...], issues: list[Issue]) -> Iterator[Wish]:
    for point in points(axes):
        changes = _changes(f"{file}: grid,", point.changes, issues)
        if changes:
            yield Wish(point.name, point.changes, changes, point.values)


def _listed_wishes(file: str, runs: object, issues: list[Issue]) -> Iterator[Wish]:
    for number, run in enumerate(runs if isinstance(runs, list | tuple) else (), start=1):
        if not isinstance(run, Mapping):
            continue  # told as a wrong value
        content = {key: value for key, value in run.items() if key != "name"}
        where = f"{file}: run {number},"
        changes = _changes(where, content, issues)
        try:
            name = _Named(name=run.get("name")).name
        except DataError as error:
            issues += [issue.within(where) for issue in error.issues]
            continue
        if changes:
            yield Wish(name or named(_flat(content)) or "no change", content, changes)


def _changes(where: str, content: Mapping[str, Any], issues: list[Issue]) -> Changes | None:
    try:
        return Changes(**content)
    except DataError as error:
        issues += [issue.within(where) for issue in error.issues]
        return None


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, int | float) else shown(value)
