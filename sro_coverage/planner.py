"""The straight line from a problem to a checked plan."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np

from sro_coverage.check import check
from sro_coverage.model.arrays import Arrays, Choice
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.exact import is_feasible
from sro_coverage.model.solution import Solution, SolveParams, StopSignal, TierOutcome, Watcher
from sro_coverage.model.staged import solve_in_stages
from sro_coverage.plan import UNITS, Duty, Facts, InputFile, Plan, Tier
from sro_coverage.problem import Problem
from sro_coverage.travel import Ints, TravelTimes, travel_times

_CLASH_TIME_S = 5.0  # for each rule that is tried without


def solve(
    problem: Problem,
    params: SolveParams | None = None,
    *,
    folder: Path = Path(),
    times: TravelTimes | None = None,
    inputs: tuple[InputFile, ...] = (),
    watch: Watcher | None = None,
    stop: StopSignal | None = None,
) -> Plan:
    """
    Plan one agency.

    Parameters
    ----------
    params
        Time limit, seed and workers.
    folder
        Where the files that ``problem.travel`` names are: the plan file's folder.
    times
        Travel times of ``problem.sites``, if they are at hand.
    inputs
        Files that the problem came from; they are named in the plan.
    watch, stop
        News while solving, and a way to end it early with the best plan so far.

    Returns
    -------
    Plan
        Checked. Infeasible and out-of-time are statuses, not errors.
    """
    params = params or SolveParams()
    times = times or travel_times(problem, folder)
    arrays, solution = solve_in_stages(problem, times, params, watch=watch, stop=stop)
    plan = _document(problem, times, arrays, solution, params, inputs)
    broken = check(plan, times=times)
    if broken:
        raise AssertionError("the plan breaks its own rules: " + "; ".join(map(str, broken)))
    return plan


def _document(
    problem: Problem,
    times: TravelTimes,
    arrays: Arrays,
    solution: Solution,
    params: SolveParams,
    inputs: tuple[InputFile, ...],
) -> Plan:
    empty = Plan(
        problem=problem,
        status=solution.status,
        params=params,
        travel=times.source,
        travel_notes=times.notes,
        inputs=inputs,
        versions={
            "sro_coverage": version("sro_coverage"),
            "ortools": version("ortools"),
            "python": platform.python_version(),
        },
    )
    if solution.choice is None:
        return empty.model_copy(update={"explanation": _explain(problem, solution, times)}).sealed()
    facts = Facts(problem, _duties(problem, arrays, solution.choice), times)
    answer = {
        "campuses": facts.campuses(),
        "beats": facts.beats(),
        "tiers": tuple(_tier(problem, facts, outcome) for outcome in solution.tiers),
    }
    return empty.model_copy(update=answer).sealed()


def _duties(problem: Problem, arrays: Arrays, choice: Choice) -> tuple[Duty, ...]:
    """Give each base that is held to an officer of its class: the first to the largest campus."""
    waiting = [list(members) for members in arrays.class_officers]
    held = sorted(
        np.flatnonzero(choice.base),
        key=lambda base: (-problem.sites[arrays.base_site[base]].enrollment, int(base)),
    )
    duties = []
    for base in held:
        used = choice.arc & (arrays.arc_base == base)
        duties.append(
            Duty(
                officer=problem.officers[waiting[arrays.base_class[base]].pop(0)],
                primary=int(arrays.base_site[base]),
                shared=_largest_first(problem, arrays.arc_site[used & arrays.arc_is_shared]),
                on_call=_largest_first(problem, arrays.arc_site[used & ~arrays.arc_is_shared]),
            )
        )
    place = {officer.id: number for number, officer in enumerate(problem.officers)}
    return tuple(sorted(duties, key=lambda duty: place[duty.officer.id]))


def _largest_first(problem: Problem, sites: Ints) -> tuple[int, ...]:
    return tuple(sorted(map(int, sites), key=lambda site: (-problem.sites[site].enrollment, site)))


def _tier(problem: Problem, facts: Facts, outcome: TierOutcome) -> Tier:
    unit, sense = UNITS[outcome.name]
    value = facts.tier_value(outcome.name)
    if value != outcome.value:
        raise AssertionError(f"tier {outcome.name}: the arrays say {outcome.value}, the plan {value}")
    return Tier(
        name=outcome.name,
        unit=unit,
        sense=sense,
        best=outcome.best,
        bound=outcome.bound,
        tolerance=getattr(problem.objective.tolerance, outcome.name),
        limit=outcome.limit,
        value=value,
        stopped=outcome.stopped,
    )


def _explain(problem: Problem, solution: Solution, times: TravelTimes) -> str:
    if solution.status == "no plan found":
        return "The search ended before it found a first plan; give it more time."
    clash = _clash(problem, times)
    return "These cannot be kept together, with the officers, limits and travel times given: " + "; ".join(clash)


def _clash(problem: Problem, times: TravelTimes) -> list[str]:
    """
    Pins and forbids of which none can be left out if the problem is to stay infeasible.

    Without any of them a problem has a plan, since every campus may then be uncovered.
    """
    for kind in ("pins", "forbids"):
        for rule in getattr(problem, kind):
            rest = tuple(other for other in getattr(problem, kind) if other is not rule)
            smaller = problem.replace(**{kind: rest})
            if not is_feasible(compile_arrays(smaller, times), _CLASH_TIME_S):
                problem = smaller
    return [f"pin {pin}" for pin in problem.pins] + [f"forbid {forbid}" for forbid in problem.forbids]
