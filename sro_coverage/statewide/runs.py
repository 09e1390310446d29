"""Plans of many agencies, solved where an executor puts them and kept as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from sro_coverage.scenario.executors import Answer, Executor, ExecutorGoneError, Processes, Serial
from sro_coverage.scenario.store import Run, RunStore, other_versions
from sro_coverage.statewide.state_file import State
from sro_coverage.statewide.wanted import RUNS, AgencyAnswer, AgencyTask, Draw, Wanted, drawn, stem_of, task_of, write


def run_wanted(
    state: State,
    wanted: Iterable[Wanted | None],
    out: Path,
    *,
    executor: Executor,
    on_run: Callable[[Wanted, Run, bool], None],
    retry_failed: bool = False,
    draw: Draw | None = None,
) -> tuple[str, ...]:
    """
    Solve what is wanted and not solved yet, and keep each run as soon as it is there.

    Nothing is held but what is being solved, so that memory does not grow with the number of agencies.

    Parameters
    ----------
    wanted
        Read as there is room for it. May ask for more in the light of what `on_run` was told: None says that there is
        nothing until another run is there, or ever.
    out
        Folder of the state.
    on_run
        Told each run, and whether it was there already; in this thread. A run that was there is told while
        `wanted` is read.
    draw
        What is made beside each run.

    Returns
    -------
    tuple of str
        What the planner should know: damaged files, why it ended early.
    """
    return _Runs(state, out, executor, on_run, retry_failed=retry_failed, draw=draw).all(wanted)


class _Runs:
    def __init__(
        self,
        state: State,
        out: Path,
        executor: Executor,
        on_run: Callable[[Wanted, Run, bool], None],
        *,
        retry_failed: bool,
        draw: Draw | None,
    ) -> None:
        self._state, self._out, self._executor, self._on_run = state, out, executor, on_run
        self._here = out.resolve() if isinstance(executor, Serial | Processes) else None
        self._retry_failed, self._draw = retry_failed, draw
        self._store = RunStore(out / RUNS)
        self._begun: dict[int, AgencyTask] = {}
        self._remarks: list[str] = []

    def all(self, wanted: Iterable[Wanted | None]) -> tuple[str, ...]:
        try:
            with closing(self._executor(self._tasks(wanted))) as answers:
                for answer in answers:
                    task = self._begun.pop(answer.number)
                    self._on_run(task.wanted, self._kept(task, answer), False)
        except KeyboardInterrupt:
            self._remarks.append("Stopped by you.")
        except ExecutorGoneError as gone:
            self._remarks.append(f"Ended early: {gone}.")
        return tuple(self._remarks)

    def _tasks(self, wanted: Iterable[Wanted | None]) -> Iterator[AgencyTask | None]:
        for number, each in enumerate(wanted):
            task = None if each is None else self._task(each, number)
            if each is None or task is not None:
                yield task

    def _task(self, wanted: Wanted, number: int) -> AgencyTask | None:
        """Make a work of what is wanted, or tell the run that is there already."""
        task = task_of(self._state, wanted, number, self._draw, self._here)
        run = self._there(task)
        if run is None and task.refused:
            self._on_run(wanted, self._kept(task, Answer(number, None, reason=task.refused)), False)
        elif run is None or (run.status == "failed" and self._retry_failed and not task.refused):
            self._begun[number] = task
            return task
        else:
            self._on_run(wanted, run, True)
        return None

    def _there(self, task: AgencyTask) -> Run | None:
        try:
            run = self._store.find(task.wanted.name, task.key)
            if run is not None and run.status != "failed":
                self._draw_missing(task.wanted, run)
        except ValueError as error:
            self._remarks.append(f"{error}: that run is done again.")
            return None
        return run

    def _draw_missing(self, wanted: Wanted, run: Run) -> None:
        """Draw what another question, or an earlier program, left out."""
        if self._draw is None or all((self._out / file).exists() for file in self._draw.files(stem_of(run))):
            return
        plan = self._store.plan(run)
        if plan is not None:
            write(self._out, drawn(self._draw, wanted.agency, run, plan))

    def _kept(self, task: AgencyTask, answer: Answer) -> Run:
        """Keep what came of a work; a run of other versions would not be comparable."""
        run = answer.run if isinstance(answer, AgencyAnswer) else None
        reason = other_versions(run.versions) if run else answer.reason
        if run is not None and isinstance(answer, AgencyAnswer) and not reason:
            write(self._out, answer.files)
            return run
        run = task.run(status="failed", reason=reason, runtime_s=answer.runtime_s)
        self._store.save(run, None)
        return run
