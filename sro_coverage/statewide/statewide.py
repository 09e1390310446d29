"""A state: one plan for every agency of a table, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sro_coverage.model.solution import SolveParams, Status
from sro_coverage.plan import Plan
from sro_coverage.plan.document import CampusState
from sro_coverage.scenario.executors import Executor, Processes
from sro_coverage.scenario.store import Figures, Run, RunStore
from sro_coverage.scenario.sweep import SweepProgress
from sro_coverage.statewide.agencies import Agency
from sro_coverage.statewide.runs import run_wanted
from sro_coverage.statewide.state_file import State, read_state
from sro_coverage.statewide.wanted import RUNS, Draw, Wanted

AgencyStatus = Status | Literal["failed", "no officers", "not done"]
"""That of the plan; ``failed`` if there was no problem or the solve broke; ``not done`` if all ended before it."""


@dataclass(frozen=True)
class Outcome:
    """
    What an agency came to.

    Parameters
    ----------
    packed
        Its run as JSON, which is a tenth of the run in memory; empty if there is nothing to plan, because it has no
        officers, or if it was not done.
    """

    agency: Agency
    status: AgencyStatus
    packed: str = ""

    @property
    def run(self) -> Run | None:
        """Its run; each call builds it again."""
        return Run.model_validate_json(self.packed) if self.packed else None

    @property
    def reason(self) -> str:
        """Why there is no plan."""
        run = self.run
        return run.reason if run else ""

    @property
    def is_without_plan(self) -> bool:
        """Whether it was done and has no plan, though it has officers."""
        return self.status in ("failed", "infeasible", "no plan found")

    @property
    def proven(self) -> bool:
        """Whether nothing better is possible; without officers, nothing is."""
        return self.status in ("optimal", "no officers")

    @property
    def figures(self) -> Figures | None:
        """What it comes to; without officers every campus is uncovered. Each call builds it again."""
        if self.status != "no officers":
            run = self.run
            return run.figures if run else None
        campuses = self.agency.campuses()
        states: tuple[CampusState, ...] = ("primary", "shared", "on-call", "uncovered", "not planned")
        here = {
            state: [c for c in campuses if state == ("not planned" if c.not_planned else "uncovered")]
            for state in states
        }
        return Figures(
            officers=0,
            based=0,
            students={state: sum(campus.enrollment or 0 for campus in here[state]) for state in states},
            campuses={state: len(here[state]) for state in states},
            primary_hours=0,
            shared_hours=0,
            drive_minutes=0,
            on_call_minutes=0,
        )


@dataclass(frozen=True)
class StatewideResult:
    """
    What a state came to.

    Parameters
    ----------
    outcomes
        One for each agency, in the order of their table.
    folder
        Of everything that was written.
    remarks
        What the planner should know: campuses of unknown agencies, damaged files, why it ended early.
    """

    state: State
    outcomes: tuple[Outcome, ...]
    folder: Path
    remarks: tuple[str, ...] = ()

    @property
    def left(self) -> int:
        """Agencies without an answer."""
        return sum(outcome.status == "not done" for outcome in self.outcomes)

    def plan(self, agency_id: str) -> Plan | None:
        """Read the plan of an agency; None if it has none, KeyError if there is no such agency."""
        run = {outcome.agency.id: outcome for outcome in self.outcomes}[agency_id].run
        return RunStore(self.folder / RUNS).plan(run) if run else None


def statewide(
    source: str | Path | State,
    out: str | Path,
    *,
    executor: Executor | None = None,
    retry_failed: bool = False,
    time_limit_s: float | None = None,
    draw: Draw | None = None,
    watch: Callable[[SweepProgress], None] | None = None,
) -> StatewideResult:
    """
    Plan every agency of a state that is not planned yet, and keep each plan as soon as it is there.

    The same state gives the same plans with every executor, and after it was ended at any moment and called again, as
    long as no agency meets its time limit. Plans are kept in files, not in memory.

    Parameters
    ----------
    source
        A state file, or what :func:`read_state` made of it.
    out
        Folder for the run store ``runs``, with one JSON file for each agency, and for what `draw` makes.
    executor
        Where to solve: :class:`~sro_coverage.scenario.executors.Serial`, ``Processes`` (one for each core, the default)
        or ``Cluster``.
    retry_failed
        Try agencies again that failed in an earlier call.
    time_limit_s
        For each agency, in place of the file's.
    draw
        What to make of each plan beside its run.
    watch
        Called at the start and after each agency.

    Returns
    -------
    StatewideResult
        Also on Ctrl-C, with what was done by then.

    Raises
    ------
    DataError
        If the state file or its tables cannot be used. An agency whose problem is invalid is no error: it is kept
        as failed, with its reason.
    """
    state = source if isinstance(source, State) else read_state(source)
    if time_limit_s is not None:
        state = replace(state, params=SolveParams(time_limit_s=time_limit_s))
    outcomes = {
        agency.id: Outcome(agency, "no officers" if agency.officers == 0 else "not done") for agency in state.agencies
    }
    idle = sum(agency.officers == 0 for agency in state.agencies)
    stand = SweepProgress(len(state.agencies), done=idle, failed=0, kept=0)

    def on_run(wanted: Wanted, run: Run, was_there: bool) -> None:
        nonlocal stand
        outcomes[wanted.agency.id] = Outcome(wanted.agency, run.status, run.model_dump_json())
        is_failed = run.status == "failed"
        stand = replace(stand, done=stand.done + 1, failed=stand.failed + is_failed, kept=stand.kept + was_there)
        if watch is not None:
            watch(stand)

    if watch is not None:
        watch(stand)
    largest_first = sorted(state.agencies, key=lambda agency: -len(agency.packed))  # no long one is left for the end
    remarks = run_wanted(
        state,
        (Wanted(agency) for agency in largest_first if agency.officers != 0),
        Path(out),
        executor=executor or Processes(),
        on_run=on_run,
        retry_failed=retry_failed,
        draw=draw,
    )
    return StatewideResult(state, tuple(outcomes.values()), Path(out), (*state.remarks, *remarks))
