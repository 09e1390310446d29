"""The run store: a folder with one self-describing JSON for each run, so that what was ended can go on."""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from sro_coverage.errors import DataError
from sro_coverage.model.solution import SolveParams, Status, Stopped
from sro_coverage.plan import InputFile, Plan, Tier
from sro_coverage.plan.document import CampusState, Sense, TierUnit
from sro_coverage.problem import Problem, TierName, Value
from sro_coverage.travel import TravelTimes

FORMAT = "sro-coverage run 1"

version = cache(metadata.version)  # reading it takes a tenth of what a small plan does

_PROBLEM = TypeAdapter(Problem)
_LONGEST_SLUG = 60


def versions() -> dict[str, str]:
    """Give the versions that decide what a run answers."""
    return {name: version(name) for name in ("sro_coverage", "ortools")}


def other_versions(theirs: Mapping[str, str]) -> str:
    """Say which versions an answer was found with, if not with ours."""
    ours = versions()
    wrong = [f"{name} {theirs.get(name)}, not {ours[name]}" for name in ours if theirs.get(name) != ours[name]]
    return f"its worker has {' and '.join(wrong)}" if wrong else ""


class TierResult(Value):
    """One tier of a run; the fields mean what they mean in :class:`~sro_coverage.plan.Tier`."""

    name: TierName
    unit: TierUnit
    sense: Sense
    value: int
    best: int
    bound: int | None
    gap: float | None
    stopped: Stopped

    @staticmethod
    def of(tier: Tier) -> TierResult:
        """Take over what a plan says of a tier."""
        return TierResult(gap=tier.gap, **tier.model_dump(include=set(TierResult.model_fields)))


class Figures(Value):
    """
    What a run comes to.

    Parameters
    ----------
    students, campuses
        By state; campuses that are not planned count too.
    based
        Officers with a primary.
    primary_hours, shared_hours, drive_minutes, on_call_minutes
        A week, of all officers.
    cost
        A year, if there is a budget.
    """

    officers: int
    based: int
    students: dict[CampusState, int]
    campuses: dict[CampusState, int]
    primary_hours: float
    shared_hours: float
    drive_minutes: float
    on_call_minutes: float
    cost: float | None = None
    currency: str | None = None

    @staticmethod
    def of(plan: Plan) -> Figures:
        """Add up a plan."""
        enrollment = {campus.id: campus.enrollment or 0 for campus in plan.problem.campuses}
        states: tuple[CampusState, ...] = ("primary", "shared", "on-call", "uncovered", "not planned")
        budget = plan.problem.budget
        here = {state: [row.campus for row in plan.campuses if row.state == state] for state in states}
        return Figures(
            officers=len(plan.problem.officers),
            based=sum(bool(beat.primary) for beat in plan.beats),
            students={state: sum(enrollment[campus] for campus in ids) for state, ids in here.items()},
            campuses={state: len(ids) for state, ids in here.items()},
            primary_hours=sum(beat.primary_hours for beat in plan.beats),
            shared_hours=sum(beat.shared_hours for beat in plan.beats),
            drive_minutes=sum(beat.drive_minutes for beat in plan.beats),
            on_call_minutes=sum(beat.on_call_minutes for beat in plan.beats),
            cost=budget.cost_per_officer * len(plan.problem.officers) if budget else None,
            currency=budget.currency if budget else None,
        )


class Run(Value):
    """
    One run of a sweep or of a state: what was changed, and what came of it.

    Parameters
    ----------
    key
        Hash of everything that the answer depends on.
    changes
        As the sweep file or the table of agencies has them.
    words
        The same, as a person reads them.
    status
        That of the plan, or ``failed``, with its `reason`: the problem was invalid, or the solve broke.
    file
        Name of its file in the store.
    """

    format: Literal["sro-coverage run 1"] = "sro-coverage run 1"
    name: str
    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    base: str
    changes: dict[str, Any]
    words: tuple[str, ...] = ()
    settings: SolveParams
    status: Status | Literal["failed"]
    reason: str = ""
    tiers: tuple[TierResult, ...] = ()
    figures: Figures | None = None
    inputs: tuple[InputFile, ...] = ()
    versions: dict[str, str]
    runtime_s: float = 0

    @property
    def proven(self) -> bool:
        """Whether every tier is proven."""
        return self.status == "optimal"

    @property
    def has_plan(self) -> bool:
        """Whether there is a plan at all."""
        return self.figures is not None

    @property
    def file(self) -> str:
        """Name of the run's file: readable, and its own."""
        return file_name(self.name, self.key)


def key_of(name: str, parts: Mapping[str, Any]) -> str:
    """Hash what a run is made of."""
    content = {"format": FORMAT, "name": name, "versions": versions(), **parts}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def problem_parts(problem: Problem, times: TravelTimes | None, params: SolveParams) -> dict[str, Any]:
    """Give what the plan of a problem depends on."""
    arrays = (times.row_start, times.destination, times.out_s, times.back_s) if times else ()
    digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
    return {
        "problem": _PROBLEM.dump_python(problem, mode="json"),
        "travel": digest,
        "params": params.model_dump(mode="json"),
    }


def file_name(name: str, key: str) -> str:
    """Write a name that any file system takes, and enough of the hash to be unique."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9.]+", "-", ascii_name).strip("-.")[:_LONGEST_SLUG].rstrip("-.")
    return f"{slug or 'run'}-{key[:16]}.json"


class WholeFiles:
    """Writes files into a folder; each is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: bytes) -> Path:
        """Write a file beside its place, then rename it there."""
        path, beside = self.folder / name, self.folder / f".{name}.{os.getpid()}.tmp"
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self._left_behind.pop(name, ()):
            left.unlink(missing_ok=True)
        try:
            beside.write_bytes(content)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        return path

    @cached_property
    def _left_behind(self) -> dict[str, list[Path]]:
        """Find what killed processes left here, by the file that each was writing."""
        found: dict[str, list[Path]] = {}
        for left in self.folder.glob(".*.tmp"):
            found.setdefault(left.name[1:].rpartition(".")[0].rpartition(".")[0], []).append(left)
        return found


class RunStore:
    """
    Finished and failed runs in a folder.

    Parameters
    ----------
    folder
        Made when the first run is saved. Other files in it do no harm.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = WholeFiles(folder)

    def find(self, name: str, key: str) -> Run | None:
        """
        Read a run.

        Returns
        -------
        Run or None
            None if it is not there.

        Raises
        ------
        ValueError
            If the file is damaged or another run's.
        """
        path = self.folder / file_name(name, key)
        if not path.exists():
            return None
        content = _intact(path)
        del content["plan"], content["digest"]
        run = Run(**content)
        if run.key != key or run.name != name:
            raise ValueError(f"{path.name} holds another run")
        return run

    def plan(self, run: Run) -> Plan | None:
        """
        Read the whole plan of a run.

        Raises
        ------
        ValueError
            If the file is damaged.
        """
        document = _intact(self.folder / run.file)["plan"]
        return None if document is None else Plan.from_json(json.dumps(document), where=run.file)

    def save(self, run: Run, plan: Plan | None) -> Path:
        """Write a run to its file."""
        return self._files.write(run.file, document(run, plan))


def document(run: Run, plan: Plan | None) -> bytes:
    """Write what the file of a run holds, with a digest that tells whether it is intact."""
    content = run.model_dump(mode="json") | {"plan": None if plan is None else plan.model_dump(mode="json")}
    content["digest"] = _digest(content)
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _intact(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
        if content["digest"] == _digest({name: part for name, part in content.items() if name != "digest"}):
            return dict(content)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, DataError):
        pass
    raise ValueError(f"{path.name} is damaged")


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
