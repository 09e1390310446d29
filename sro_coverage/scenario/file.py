"""The scenario file: one TOML document that names its base and what is different."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem import Matrix, Roads
from sro_coverage.problem.value import Text
from sro_coverage.read.plan_file import PlanFile, Read, input_file, read_plan_file, read_toml, title_of
from sro_coverage.read.table import read_text
from sro_coverage.scenario.changes import Changes, apply
from sro_coverage.scenario.contradictions import contradictions
from sro_coverage.scenario.words import describe

_SUPPLIES = {"officers", "officer", "open", "release"}
"""What these bring, other keys may name: with one of them wrong, the others cannot be judged."""

_TEXTS = re.compile(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*')
_SIGNED = re.compile(r"(?<![\w.-])(officers|enrollment)\s*=\s*(\+[0-9_]+)")


class ScenarioFile(Changes):
    """
    The keys of a scenario file.

    Parameters
    ----------
    base
        A plan file or another scenario file, relative to this one.
    """

    base: Text


@dataclass(frozen=True)
class _Layer:
    """
    One scenario file of a chain.

    Parameters
    ----------
    is_whole
        Whether every key was right; else `changes` has only what can be judged without the wrong ones.
    """

    path: Path
    changes: Changes
    is_whole: bool


def read_plan_or_scenario(path: str | Path) -> Read:
    """
    Read a plan file, or a scenario file, which is one that has the key ``base`` or should have it.

    Raises
    ------
    DataError
        With every problem found, each with file, row or key, value and what was expected.
    """
    return read_scenario(path) if _is_scenario(read_toml(Path(path))) else read_plan_file(path)


def read_scenario(path: str | Path) -> Read:
    """
    Read a scenario file and the files that it rests on, and make its problem.

    Parameters
    ----------
    path
        The TOML file; the paths in it are relative to it.

    Returns
    -------
    Read
        Its files begin with the scenario file; its folder is that of the plan file at the end of the chain.

    Raises
    ------
    DataError
        With every problem found, each with file, key, value and what was expected.
    """
    issues: list[Issue] = []
    chain, plan_path = _chain(Path(path), issues)
    layers = [_layer(file, content, issues) for file, content in chain]
    read = None
    if plan_path is not None:
        try:
            read = read_plan_file(plan_path)
        except DataError as error:
            issues += error.issues
    for layer in reversed(layers):
        read = read and _over(read, layer, issues)
    if read is None or issues:
        raise DataError(dict.fromkeys(issues))
    return read if read.changed else replace(read, changed=("nothing",))


def _is_scenario(content: dict[str, Any]) -> bool:
    """Whether a file has a base, or lacks it: it names no campuses and has what only a scenario has."""
    if "base" in content or "campuses" in content:
        return "base" in content
    is_step = str(content.get("officers", "")).startswith(("+", "-"))
    own = Changes.model_fields.keys() - PlanFile.model_fields.keys()
    return is_step or any(isinstance(content.get(key), list | dict) for key in own)


def _chain(path: Path, issues: list[Issue]) -> tuple[list[tuple[Path, dict[str, Any]]], Path | None]:
    """Follow ``base`` from file to file, to the plan file at the end if it is reached."""
    chain: list[tuple[Path, dict[str, Any]]] = []
    met: list[Path] = []
    while True:
        place = f"{chain[-1][0].name}: base," if chain else ""
        try:
            content = read_toml(path)
        except DataError as error:
            issues += [issue.within(place) for issue in error.issues]
            return chain, None
        if chain and not _is_scenario(content):
            return chain, path
        if path.resolve() in met:
            circle = [file.name for file, _ in chain[met.index(path.resolve()) :]]
            found = f"leads back to itself: {' -> '.join([*circle, circle[0]])}"
            issues.append(Issue(place.rstrip(","), found, "a chain that ends at a plan file"))
            return chain, None
        met.append(path.resolve())
        chain.append((path, content))
        try:
            path = path.parent / ScenarioFile(base=content.get("base", "")).base
        except DataError:
            return chain, None  # told with the other keys


def _layer(path: Path, content: dict[str, Any], issues: list[Issue]) -> _Layer:
    """Check the keys of one scenario file."""
    found = list(_signs(path))
    wrong = {issue.where for issue in found}
    if "base" not in content:
        found.append(Issue("base", "nothing there", "the plan file or scenario file that this one changes"))
    try:
        changes: Changes = ScenarioFile(**{"base": "-", "title": title_of(path), **content})
    except DataError as error:
        found += error.issues
    if found:
        wrong |= {key for key, value in content.items() if key != "base" and not _is_right(key, value)}
        right = {key: value for key, value in content.items() if key != "base" and key not in wrong}
        changes = Changes() if _SUPPLIES & wrong else Changes(**right)
    issues += [issue.within(f"{path.name}:") for issue in found]
    return _Layer(path, changes, is_whole=not found)


def _is_right(key: str, value: Any) -> bool:
    try:
        Changes(**{key: value})
    except DataError:
        return False
    return True


def _signs(path: Path) -> Iterator[Issue]:
    """Find numbers that were meant as changes: to TOML, +2 is the number 2."""
    for match in _SIGNED.finditer(_TEXTS.sub("''", read_text(path))):
        yield Issue(
            match[1], f"{match[2]} without quotes", f'"{match[2]}" for so many more, or the number without a sign'
        )


def _over(read: Read, layer: _Layer, issues: list[Issue]) -> Read | None:
    """Lay one scenario file over what it rests on."""
    changes = _with_travel_from(read.folder, layer)
    try:
        if not layer.is_whole:
            raise DataError(contradictions(read.problem, changes))
        problem = apply(read.problem, changes)
    except DataError as error:
        issues += [issue.within(f"{layer.path.name}:") for issue in error.issues]
        return None
    files = [layer.path, *_travel_files(read.folder, changes)]
    return replace(
        read,
        problem=problem,
        paths=(*files, *read.paths),
        inputs=(*map(input_file, files), *read.inputs),
        changed=(*read.changed, *describe(changes, read.problem)),
    )


def _with_travel_from(folder: Path, layer: _Layer) -> Changes:
    """Name the file of a scenario's own travel from the plan file's folder, as all others are."""
    travel = layer.changes.travel
    here, there = layer.path.parent.resolve(), folder.resolve()
    if not isinstance(travel, Roads | Matrix) or here == there or Path(travel.file).is_absolute():
        return layer.changes
    file = Path(os.path.relpath(here / travel.file, there)).as_posix()
    return layer.changes.model_copy(update={"travel": travel.model_copy(update={"file": file})})


def _travel_files(folder: Path, changes: Changes) -> list[Path]:
    file = getattr(changes.travel, "file", None)
    return [folder / file] if file and (folder / file).is_file() else []
