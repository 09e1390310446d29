"""A solved plan that questions start from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from sro_coverage.model.solution import SolveParams
from sro_coverage.plan import Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Officer, Problem, Value
from sro_coverage.travel import TravelTimes, longest_limit_s, travel_times


@dataclass(frozen=True)
class Base:
    """
    A plan with its travel times: what a question is asked about, and where its answer starts from.

    Parameters
    ----------
    params
        For every problem that is solved to answer.
    folder
        Where the files that ``plan.problem.travel`` names are.
    """

    plan: Plan
    times: TravelTimes
    params: SolveParams = field(default_factory=SolveParams)
    folder: Path = Path()

    @staticmethod
    def of(problem: Problem, params: SolveParams | None = None, *, folder: Path = Path()) -> Base:
        """Solve a problem; a problem without a plan gives a base that only says why."""
        times = travel_times(problem, folder)
        params = params or SolveParams()
        return Base(solve(problem, params, folder=folder, times=times), times, params, folder)

    @property
    def problem(self) -> Problem:
        """The problem of the plan."""
        return self.plan.problem

    def solve(self, problem: Problem) -> Plan:
        """Solve a problem that differs from this one by some change, as exactly as from nothing."""
        alike = problem.travel == self.problem.travel and _points(problem) == _points(self.problem)
        enough = longest_limit_s(problem) <= longest_limit_s(self.problem)
        times = self.times if alike and enough else travel_times(problem, self.folder)
        return solve(problem, self.params, folder=self.folder, times=times, near=self.plan)

    def as_current(self, officers: tuple[Officer, ...] | None = None) -> tuple[Officer, ...]:
        """Give officers (the roster, if none are given) with this plan as their present duty."""
        beats = {beat.officer: beat for beat in self.plan.beats}
        return tuple(
            officer.model_copy(
                update={
                    "primary": beats[officer.id].primary[0] if beats[officer.id].primary else None,
                    "shared": tuple(stop.campuses[0] for stop in beats[officer.id].shared),
                }
                if officer.id in beats
                else {"primary": None, "shared": ()}
            )
            for officer in officers or self.problem.officers
        )


def to_data(answer: object) -> Any:
    """Turn an answer into what JSON can hold; plans in it are left out, since they are documents of their own."""
    if is_dataclass(answer) and not isinstance(answer, type):
        pairs = ((item.name, getattr(answer, item.name)) for item in fields(answer))
        return {name: to_data(value) for name, value in pairs if not isinstance(value, Plan)}
    if isinstance(answer, list | tuple | set | frozenset):
        return [to_data(value) for value in answer]
    return answer.model_dump(mode="json") if isinstance(answer, Value) else answer


def _points(problem: Problem) -> list[tuple[object, ...]]:
    return [(site.lead.id, site.lead.lat, site.lead.lon) for site in problem.sites]
