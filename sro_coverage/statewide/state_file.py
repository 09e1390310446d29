"""The state file: one TOML document that names the agencies, the campuses and the policy that all share."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from sro_coverage.errors import DataError, Issue
from sro_coverage.model.solution import SolveParams
from sro_coverage.plan import InputFile
from sro_coverage.problem import Budget, Campus, Objective, Policy, StraightLine, Travel, Value
from sro_coverage.problem.value import Text, quote
from sro_coverage.read.plan_file import input_file, read_toml, title_of
from sro_coverage.read.rows import campus_rows
from sro_coverage.statewide.agencies import Agency, read_agencies

_MOST_NAMES = 5


def _one_or_more(value: object) -> object:
    if not isinstance(value, str | list | tuple):
        raise ValueError("a text, or a list of texts")
    return (value,) if isinstance(value, str) else value


class StateFile(Value):
    """
    The keys of a state file; only `agencies` and `campuses` are needed.

    Parameters
    ----------
    agencies, campuses
        Tables beside the state file.
    agency
        Column of the campus table that has the id of a campus's agency.
    where
        Keep only the campus rows with these values in these columns.
    time_limit_s
        For each agency.
    """

    agencies: Text
    campuses: Text
    agency: Text = "agency"
    title: Text | None = None
    where: dict[Text, Annotated[tuple[Text, ...], BeforeValidator(_one_or_more)]] = Field(default_factory=dict)
    travel: Travel = StraightLine()
    policy: Policy = Policy()
    objective: Objective = Objective()
    budget: Budget | None = None
    time_limit_s: Annotated[float, Field(gt=0, le=1_000_000)] = SolveParams().time_limit_s


class Common(Value):
    """What all agencies share; the fields mean what they mean in a plan file."""

    policy: Policy = Policy()
    travel: Travel = StraightLine()
    objective: Objective = Objective()
    budget: Budget | None = None


@dataclass(frozen=True)
class State:
    """
    A state file that was read: every row is checked, but no agency's problem is built yet.

    Parameters
    ----------
    file
        Name of the state file.
    folder
        Its folder, where all files that it names are.
    agencies
        In the order of their table.
    paths, inputs
        Where the files are, and what a plan says of them.
    remarks
        What the planner should know of them.
    """

    title: str
    file: str
    folder: Path
    agencies: tuple[Agency, ...]
    common: Common
    params: SolveParams
    paths: tuple[Path, ...]
    inputs: tuple[InputFile, ...]
    remarks: tuple[str, ...] = ()

    @cached_property
    def common_parts(self) -> dict[str, Any]:
        """What all agencies share, as plain data."""
        return self.common.model_dump(mode="json")


def read_state(path: str | Path) -> State:
    """
    Read a state file and its two tables.

    Parameters
    ----------
    path
        The TOML file; the paths in it are relative to it.

    Raises
    ------
    DataError
        With every problem found, each with file, row or key, value and what was expected. What only solving
        an agency can tell, or its own plan file or roster, is that agency's failure and no error of the state.
    """
    path = Path(path)
    content = read_toml(path)
    issues: list[Issue] = []
    file = _state_file(path, content, issues)
    rows, campus_ids = _campuses(path, content, issues)
    agencies = read_agencies(path, content.get("agencies"), rows, issues)
    if file is None or issues:
        raise DataError(dict.fromkeys(issues))
    unknown = [name for name in file.policy.campuses if name not in campus_ids]
    if unknown:
        expected = f"the id of a campus in {file.campuses}"
        raise DataError([Issue(f"{path.name}: policy.campuses.{name}", "unknown campus", expected) for name in unknown])
    named = (file.agencies, file.campuses, getattr(file.travel, "file", None))
    paths = (path, *(path.parent / name for name in named if name and (path.parent / name).is_file()))
    return State(
        title=file.title or title_of(path),
        file=path.name,
        folder=path.parent,
        agencies=agencies,
        common=Common(policy=file.policy, travel=file.travel, objective=file.objective, budget=file.budget),
        params=SolveParams(time_limit_s=file.time_limit_s),
        paths=paths,
        inputs=tuple(map(input_file, paths)),
        remarks=tuple(_remarks(file, rows, agencies)),
    )


def _state_file(path: Path, content: dict[str, Any], issues: list[Issue]) -> StateFile | None:
    try:
        return StateFile(**content)
    except DataError as error:
        issues += [issue.within(f"{path.name}:") for issue in error.issues]
        return None


def _campuses(path: Path, content: dict[str, Any], issues: list[Issue]) -> tuple[dict[str, list[str]], Collection[str]]:
    """Give the campuses of each agency, each as JSON, and the ids of all."""
    column = content.get("agency", StateFile.model_fields["agency"].default)
    if not isinstance(column, str):
        return {}, ()
    rows: dict[str, list[str]] = defaultdict(list)
    ids = set()
    for row, campus in campus_rows(path, content, {}, issues, agency=column):
        ids.add(campus.id)
        if column in row.cells:
            rows[row.cells[column]].append(packed(campus))
        else:
            issues.append(Issue(f"{row.where}, {column}", "nothing there", "the id of the agency whose campus it is"))
    return dict(rows), ids


def packed(campus: Campus) -> str:
    """Write a campus in few bytes: a state has thousands of them."""
    return json.dumps(campus.model_dump(exclude_defaults=True), ensure_ascii=False, separators=(",", ":"))


def _remarks(file: StateFile, rows: dict[str, list[str]], agencies: tuple[Agency, ...]) -> Iterator[str]:
    known = {agency.id for agency in agencies}
    others = [name for name in rows if name not in known]
    if others:
        count = sum(len(rows[name]) for name in others)
        names = ", ".join(map(quote, others[:_MOST_NAMES])) + (", …" if len(others) > _MOST_NAMES else "")
        yield (
            f"{count:,} campus{'es' * (count != 1)} of {len(others):,} {'agencies' if len(others) != 1 else 'agency'} "
            f"that {file.agencies} does not have: {names}."
        )
