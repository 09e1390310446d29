"""The plan of one agency, as a work that any process can do."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from sro_coverage.errors import DataError, Issue
from sro_coverage.model.solution import SolveParams, StopSignal
from sro_coverage.plan import InputFile, Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Objective, Officer, Problem, StraightLine, TierName, Tolerance
from sro_coverage.problem.policy import numbered_officers
from sro_coverage.problem.staffing import staffed
from sro_coverage.problem.value import quote
from sro_coverage.read.roster import read_officers
from sro_coverage.scenario.changes import Changes, apply
from sro_coverage.scenario.executors import Answer, failed
from sro_coverage.scenario.file import read_plan_or_scenario
from sro_coverage.scenario.store import (
    Figures,
    Run,
    TierResult,
    WholeFiles,
    document,
    key_of,
    problem_parts,
    versions,
)
from sro_coverage.scenario.words import describe
from sro_coverage.statewide.agencies import NO_CAMPUSES, Agency
from sro_coverage.statewide.state_file import Common, State
from sro_coverage.travel import TravelTimes, travel_times

RUNS = "runs"
"""Folder of the run store, under the folder of the state."""


@dataclass(frozen=True)
class Wanted:
    """
    A plan that is asked for.

    Parameters
    ----------
    officers
        How many, from 1 on, in place of those whom the agency has.
    tiers
        Only these, and none gives anything up for a later one; those of the agency if empty.
    """

    agency: Agency
    officers: int | None = None
    tiers: tuple[TierName, ...] = ()

    @property
    def name(self) -> str:
        """Name of its run."""
        count = self.officers
        return self.agency.name if count is None else f"{self.agency.name}, {count:,} officer{'s' * (count != 1)}"


class Draw(Protocol):
    """What is made of a plan beside its run; it goes to other processes as a pickle."""

    def files(self, stem: str, /) -> tuple[str, ...]:
        """Name the files of a run, relative to the folder of the state."""

    def __call__(self, agency: Agency, stem: str, plan: Plan, /) -> Mapping[str, str]:
        """Give their contents."""


@dataclass(frozen=True)
class AgencyAnswer(Answer):
    """
    A run; `plan` is None, because the run's file holds it.

    Parameters
    ----------
    files
        What is still to be written, by name, relative to the folder of the state; the run's own is the last, so that
        where it is, the others are.
    """

    run: Run | None = None
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, eq=False)
class Made:
    """
    A problem that is ready to be solved.

    Parameters
    ----------
    words
        What the agency has different, as a person reads it.
    times
        None if they need no file.
    """

    problem: Problem
    words: tuple[str, ...] = ()
    times: TravelTimes | None = None


@dataclass(frozen=True, eq=False)
class AgencyTask:
    """
    The work to plan one agency, from its rows to the files of its run.

    Building, solving, checking, drawing and writing out are all done by whoever takes it: most plans take milliseconds,
    and the one process that hands out works and keeps answers would else be too busy.

    Parameters
    ----------
    base
        Name of the state file.
    made
        Given where it comes from files of the agency's own or from roads; else the taker makes it.
    here
        Folder of the state, if whoever takes it may write there; else the files come with the answer.
    refused
        Why there is nothing to give out, if so.
    """

    number: int
    wanted: Wanted
    common: Common
    params: SolveParams
    inputs: tuple[InputFile, ...]
    base: str
    key: str = ""
    draw: Draw | None = None
    made: Made | None = None
    here: Path | None = None
    refused: str = ""

    def answer(self, stop: StopSignal | None = None, /) -> Answer:
        """Plan it."""
        began = time.perf_counter()
        try:
            made = self.made or _made(self.wanted, self.common)
            plan = solve(made.problem, self.params, times=made.times, inputs=self.inputs, stop=stop)
            return self._answered(plan, made.words, time.perf_counter() - began)
        except DataError as error:
            return Answer(self.number, None, time.perf_counter() - began, reason_of(error))
        except Exception as error:
            return failed(self, error, time.perf_counter() - began)

    def apart(self) -> tuple[AgencyTask, None]:
        """Give it as it is: what all share is small."""
        return self, None

    def together(self, _: Any, /) -> AgencyTask:
        """Give it as it is."""
        return self

    def run(self, **answer: Any) -> Run:
        """Make a run of what came of it."""
        return Run(
            name=self.wanted.name,
            key=self.key,
            base=self.base,
            changes=self.wanted.agency.changes,
            settings=self.params,
            inputs=self.inputs,
            versions=versions(),
            **answer,
        )

    def _answered(self, plan: Plan, words: tuple[str, ...], runtime_s: float) -> AgencyAnswer:
        run = self.run(
            status=plan.status,
            reason=plan.explanation,
            words=words,
            tiers=tuple(map(TierResult.of, plan.tiers)),
            figures=Figures.of(plan) if plan.has_beats else None,
            runtime_s=runtime_s,
        )
        files = (*drawn(self.draw, self.wanted.agency, run, plan), (f"{RUNS}/{run.file}", document(run, plan)))
        if self.here is not None:
            write(self.here, files)
            files = ()
        return AgencyAnswer(self.number, None, runtime_s, run=run, files=files)


def stem_of(run: Run) -> str:
    """Give the name of a run's files without an ending."""
    return run.file.removesuffix(".json")


def write(out: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files into the folders of a state."""
    for name, content in files:
        folder, _, file = name.rpartition("/")
        _whole_files(out / folder).write(file, content)


_whole_files = cache(WholeFiles)  # what killed processes left in a folder is looked for once


def drawn(draw: Draw | None, agency: Agency, run: Run, plan: Plan) -> Iterator[tuple[str, bytes]]:
    """Give what is made beside a run."""
    for name, text in draw(agency, stem_of(run), plan).items() if draw else ():
        yield name, text.encode()


def reason_of(error: DataError) -> str:
    """Say in one line why an agency has no problem."""
    return "; ".join(map(str, error.issues))


def task_of(
    state: State, wanted: Wanted, number: int, draw: Draw | None = None, here: Path | None = None
) -> AgencyTask:
    """Make a work of what is wanted; only files of the agency's own, and roads, are read now."""
    task = AgencyTask(number, wanted, state.common, state.params, state.inputs, state.file, draw=draw, here=here)
    try:
        return _keyed(task, state)
    except DataError as error:
        reason = reason_of(error)
        parts = {"agency": wanted.agency.id, "wanted": [wanted.officers, wanted.tiers], "refused": reason}
        return replace(task, key=key_of(wanted.name, parts), refused=reason)


def problem_of(wanted: Wanted, state: State) -> Problem:
    """
    Build the problem whose plan is wanted.

    Raises
    ------
    DataError
        If there is none.
    """
    found = _from_files(wanted, state)
    return (found.made if found else _made(wanted, state.common)).problem


@dataclass(frozen=True)
class _Found:
    """What files of an agency's own, or roads, are needed for."""

    made: Made
    folder: Path
    inputs: tuple[InputFile, ...]


def _from_files(wanted: Wanted, state: State) -> _Found | None:
    """Build what only this process can, because it takes files; None if there is nothing of that kind."""
    agency = wanted.agency
    if agency.plan:
        read = read_plan_or_scenario(state.folder / agency.plan)
        return _Found(Made(_asked(read.problem, wanted)), read.folder, (*state.inputs[:2], *read.inputs))
    if agency.packed == NO_CAMPUSES:
        raise DataError([Issue(agency.where, "no campus is its own", f"campuses of {quote(agency.id)} in their table")])
    travel = Changes(**agency.changes).travel or state.common.travel
    if isinstance(agency.officers, str) or not isinstance(travel, StraightLine):
        return _Found(_made(wanted, state.common, _officers(state, agency)), state.folder, state.inputs)
    return None


def _keyed(task: AgencyTask, state: State) -> AgencyTask:
    """Give a work its key, and what files hold, so that whoever takes it needs none."""
    wanted, agency = task.wanted, task.wanted.agency
    found = _from_files(wanted, state)
    if found is None:
        parts = {
            "agency": agency.id,
            "wanted": [agency.officers if wanted.officers is None else wanted.officers, wanted.tiers],
            "campuses": agency.packed,
            "changes": agency.changes,
            "common": state.common_parts,
            "params": state.params.model_dump(mode="json"),
        }
        return replace(task, key=key_of(wanted.name, parts))
    made = found.made
    if not isinstance(made.problem.travel, StraightLine):
        made = replace(made, times=travel_times(made.problem, found.folder))
    parts = {"agency": agency.id, **problem_parts(made.problem, made.times, task.params)}
    return replace(task, made=made, inputs=found.inputs, key=key_of(wanted.name, parts))


def _officers(state: State, agency: Agency) -> tuple[Officer, ...]:
    if not isinstance(agency.officers, str):
        return ()
    issues: list[Issue] = []
    officers = read_officers(state.paths[0], agency.officers, {}, issues)
    if issues:
        raise DataError(issues)
    return officers


def _made(wanted: Wanted, common: Common, roster: tuple[Officer, ...] = ()) -> Made:
    """Build the problem of an agency that has no plan file of its own."""
    agency = wanted.agency
    count = wanted.officers or (agency.officers if isinstance(agency.officers, int) else 0)
    campuses = agency.campuses()
    known = {campus.id for campus in campuses}
    own = {name: rule for name, rule in common.policy.campuses.items() if name in known}
    base = Problem(
        title=agency.name,
        campuses=campuses,
        officers=roster or numbered_officers(count),
        policy=common.policy.model_copy(update={"campuses": own}),
        travel=common.travel,
        objective=common.objective,
        budget=common.budget,
    )
    if not agency.changes:
        return Made(_asked(base, wanted))
    changes = Changes(**agency.changes)
    return Made(_asked(apply(base, changes), wanted), describe(changes, base))


def _asked(problem: Problem, wanted: Wanted) -> Problem:
    """Give the problem with as many officers as are wanted, and only the tiers that are."""
    if wanted.officers is not None:
        problem = problem.replace(officers=staffed(problem.officers, wanted.officers))
    if wanted.tiers:
        none = Tolerance(**dict.fromkeys(Tolerance.model_fields, 0))
        objective = Objective(order=wanted.tiers, tolerance=none, weight=problem.objective.weight)
        problem = problem.replace(objective=objective)
    return problem
