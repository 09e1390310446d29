"""A sweep: one base, many changes, one plan each, solved where an executor puts them and kept as they come."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sro_coverage.errors import DataError
from sro_coverage.model.solution import SolveParams
from sro_coverage.plan import Plan
from sro_coverage.problem import Problem
from sro_coverage.scenario.changes import apply
from sro_coverage.scenario.executors import Answer, Executor, ExecutorGoneError, Processes, Task
from sro_coverage.scenario.store import (
    Figures,
    Run,
    RunStore,
    TierResult,
    key_of,
    other_versions,
    problem_parts,
    versions,
)
from sro_coverage.scenario.sweep_file import Sweep, Wish, read_sweep
from sro_coverage.scenario.words import describe
from sro_coverage.travel import TravelTimes, travel_times

RUNS = "runs"
"""Folder of the run store, under the folder of the sweep."""


@dataclass(frozen=True)
class SweepProgress:
    """
    Where a sweep stands.

    Parameters
    ----------
    done
        Finished runs, those that failed and those that were there already included.
    kept
        Runs that were there already.
    """

    total: int
    done: int
    failed: int
    kept: int


@dataclass(frozen=True)
class SweepResult:
    """
    What a sweep came to.

    Parameters
    ----------
    runs
        One for each of ``sweep.wishes``, in the order of the file; None if it was not done.
    folder
        Of the run store.
    remarks
        What the planner should know: damaged files, why the sweep ended early.
    """

    sweep: Sweep
    runs: tuple[Run | None, ...]
    folder: Path
    remarks: tuple[str, ...] = ()

    @cached_property
    def done(self) -> tuple[Run, ...]:
        """Runs that have an answer, be it a failure."""
        return tuple(run for run in self.runs if run is not None)

    @property
    def left(self) -> int:
        """Runs without an answer."""
        return len(self.runs) - len(self.done)

    def plan(self, name: str) -> Plan | None:
        """Read the plan of a run by the run's name; None if it has none, KeyError if there is no such run."""
        run = {run.name: run for run in self.done}[name]
        return RunStore(self.folder).plan(run)


def sweep(
    source: str | Path | Mapping[str, Any] | Sweep,
    out: str | Path,
    *,
    executor: Executor | None = None,
    retry_failed: bool = False,
    time_limit_s: float | None = None,
    watch: Callable[[SweepProgress], None] | None = None,
) -> SweepResult:
    """
    Solve every run of a sweep that is not solved yet, and keep each as soon as it is.

    The same sweep gives the same plans with every executor, and after it was ended at any moment and
    called again, as long as no run meets its time limit.

    Parameters
    ----------
    source
        A sweep file, a mapping with its keys, or what :func:`read_sweep` made of them.
    out
        Folder for the run store ``runs``, with one JSON file for each run.
    executor
        Where to solve: :class:`Serial`, :class:`Processes` (one for each core, the default) or
        :class:`Cluster`.
    retry_failed
        Try runs again that failed in an earlier call.
    time_limit_s
        For each run, in place of the file's.
    watch
        Called at the start and after each run.

    Returns
    -------
    SweepResult
        Also on Ctrl-C, with what was done by then.

    Raises
    ------
    DataError
        If the sweep file or its base cannot be used. A run whose problem is invalid is no error:
        it is kept as failed, with its reason.
    """
    asked = source if isinstance(source, Sweep) else read_sweep(source)
    if time_limit_s is not None:
        asked = replace(asked, params=SolveParams(time_limit_s=time_limit_s))
    store = RunStore(Path(out) / RUNS)
    remarks = [*asked.base.remarks]
    prepared = list(_prepared(asked))
    runs = [_kept(store, each, remarks, retry_failed=retry_failed) for each in prepared]
    kept = sum(run is not None for run in runs)

    stand = SweepProgress(len(runs), kept, sum(run is not None and run.status == "failed" for run in runs), kept)
    tasks = [each.task(number) for number, each in enumerate(prepared) if runs[number] is None]
    try:
        with closing(_answers(executor or Processes(), tasks)) as answers:
            if watch is not None:
                watch(stand)
            for answer in answers:
                run = runs[answer.number] = _saved(store, prepared[answer.number], answer)
                stand = replace(stand, done=stand.done + 1, failed=stand.failed + (run.status == "failed"))
                if watch is not None:
                    watch(stand)
    except KeyboardInterrupt:
        remarks.append("Stopped by you.")
    except ExecutorGoneError as gone:
        remarks.append(f"Ended early: {gone}.")
    return SweepResult(asked, tuple(runs), store.folder, tuple(remarks))


def _answers(executor: Executor, tasks: list[Task | Answer]) -> Generator[Answer, None, None]:
    """Give the answers that are known already, then those of the executor, if there is one to be had."""
    open_tasks = [task for task in tasks if isinstance(task, Task)]
    answers = executor(open_tasks) if open_tasks else iter(())
    yield from (task for task in tasks if isinstance(task, Answer))
    yield from answers


@dataclass(frozen=True)
class _Prepared:
    """A wish with its problem, or the reason why there is none."""

    wish: Wish
    sweep: Sweep
    key: str
    problem: Problem | None = None
    times: TravelTimes | None = None
    words: tuple[str, ...] = ()
    reason: str = ""

    def task(self, number: int) -> Task | Answer:
        if self.problem is None:
            return Answer(number, None, reason=self.reason)
        return Task(number, self.problem, self.times, self.sweep.params, self.wish.inputs)

    def run(self, **answer: Any) -> Run:
        return Run(
            name=self.wish.name,
            key=self.key,
            base=self.sweep.base.inputs[0].file,
            changes=self.wish.content,
            words=self.words,
            settings=self.sweep.params,
            inputs=self.wish.inputs,
            versions=versions(),
            **answer,
        )


def _prepared(asked: Sweep) -> Iterator[_Prepared]:
    """Build every problem, and travel times once for all problems that share them."""
    known: dict[Any, TravelTimes | DataError] = {}
    base = asked.base.problem
    for wish in asked.wishes:
        try:
            problem = apply(base, wish.changes)
            problem = problem.replace(title=wish.changes.title or f"{base.title}: {wish.name}")
            times = _times(problem, asked.base.folder, known)
            parts = problem_parts(problem, times, asked.params)
            words = describe(wish.changes, base)
            yield _Prepared(wish, asked, key_of(wish.name, parts), problem, times, words)
        except DataError as error:
            parts = problem_parts(base, None, asked.params) | {"changes": wish.content}
            yield _Prepared(wish, asked, key_of(wish.name, parts), reason="; ".join(map(str, error.issues)))


def _times(problem: Problem, folder: Path, known: dict[Any, TravelTimes | DataError]) -> TravelTimes:
    limits = (problem.policy.on_call_min, problem.policy.max_travel_min)
    own = frozenset(officer.max_travel_min for officer in problem.officers)
    points = tuple((site.id, site.lead.lat, site.lead.lon) for site in problem.sites)
    key = (problem.travel, points, limits, own)
    if key not in known:
        try:
            known[key] = travel_times(problem, folder)
        except DataError as error:
            known[key] = error
    found = known[key]
    if isinstance(found, DataError):
        raise found
    return found


def _kept(store: RunStore, each: _Prepared, remarks: list[str], *, retry_failed: bool) -> Run | None:
    try:
        run = store.find(each.wish.name, each.key)
    except ValueError as error:
        remarks.append(f"{error}: that run is done again.")
        return None
    if run is not None and run.status == "failed" and (retry_failed or each.reason not in ("", run.reason)):
        return None
    return run


def _saved(store: RunStore, each: _Prepared, answer: Answer) -> Run:
    """Make a run of an answer and keep it; a plan of other versions would not be comparable."""
    plan = answer.plan
    reason = answer.reason or (other_versions(plan.versions) if plan else "")
    if plan is None or reason:
        run = each.run(status="failed", reason=reason, runtime_s=answer.runtime_s)
        store.save(run, None)
        return run
    run = each.run(
        status=plan.status,
        reason=plan.explanation,
        tiers=tuple(map(TierResult.of, plan.tiers)),
        figures=Figures.of(plan) if plan.has_beats else None,
        runtime_s=answer.runtime_s,
    )
    store.save(run, plan)
    return run
