"""The straight line from a problem to a checked plan."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from sro_coverage.check import check
from sro_coverage.clash import Trials, assignments, irreducible
from sro_coverage.model.arrays import Arrays, Choice
from sro_coverage.model.naming import named_beats
from sro_coverage.model.near import Near, NearBound, NearDuty
from sro_coverage.model.solution import Solution, SolveParams, StopSignal, TierOutcome, Watcher
from sro_coverage.model.staged import solve_in_stages
from sro_coverage.plan import UNITS, Duty, Facts, InputFile, Plan, Tier
from sro_coverage.problem import Problem
from sro_coverage.travel import Ints, TravelTimes, travel_times

_CLASH_TIME_S = 20.0


def solve(
    problem: Problem,
    params: SolveParams | None = None,
    *,
    folder: Path = Path(),
    times: TravelTimes | None = None,
    inputs: tuple[InputFile, ...] = (),
    watch: Watcher | None = None,
    stop: StopSignal | None = None,
    near: Plan | None = None,
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
    near
        Plan of a similar problem: the search starts from it, and where it only got stricter (pins and forbids
        added, officers gone) what it proves is used. The answer is as exact as without it.

    Returns
    -------
    Plan
        Checked. Infeasible and out-of-time are statuses, not errors.
    """
    params = params or SolveParams()
    times = times or travel_times(problem, folder)
    arrays, solution = solve_in_stages(
        problem, times, params, watch=watch, stop=stop, near=_near(problem, near, times) if near else None
    )
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
        method=solution.method,
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


def _near(problem: Problem, plan: Plan, times: TravelTimes) -> Near:
    """Say what a plan of a similar problem means for this one."""
    same_times = times.source == plan.travel != TravelTimes.source  # times that were only given have no name
    bounds = tuple(_near_bounds(problem, plan)) if same_times and _is_stricter(problem, plan.problem) else ()
    return Near(near_duties(problem, plan), bounds)


def near_duties(problem: Problem, plan: Plan) -> tuple[NearDuty, ...]:
    """Say what the beats of a plan are in a similar problem, as far as it has their campuses."""
    place = {officer.id: number for number, officer in enumerate(problem.officers)}

    def sites(stops: tuple[tuple[str, ...], ...]) -> tuple[int, ...]:
        return tuple(problem.site_of[ids[0]] for ids in stops if ids[0] in problem.site_of)

    return tuple(
        NearDuty(
            officer=place.get(beat.officer),
            primary=problem.site_of[beat.primary[0]],
            shared=sites(tuple(stop.campuses for stop in beat.shared)),
            on_call=sites(tuple(stop.campuses for stop in beat.on_call)),
        )
        for beat in plan.beats
        if beat.primary and beat.primary[0] in problem.site_of
    )


def _is_stricter(problem: Problem, other: Problem) -> bool:
    """Whether every plan of a problem is a plan of another one, by what was changed."""
    officers, known = (
        {officer.id: officer.model_copy(update={"name": "", "primary": None, "shared": ()}) for officer in one.officers}
        for one in (problem, other)
    )
    return (
        (problem.campuses, problem.policy, problem.travel) == (other.campuses, other.policy, other.travel)
        and problem.objective.weight == other.objective.weight
        and set(other.pins) <= set(problem.pins)
        and set(other.forbids) <= set(problem.forbids)
        and officers.items() <= known.items()
    )


def _near_bounds(problem: Problem, plan: Plan) -> Iterator[NearBound]:
    """Bounds of the first tiers that both problems ask for in the same way."""
    for name, tier in zip(problem.order, plan.tiers, strict=False):
        looks_back = name in ("continuity", "moves") and problem.officers != plan.problem.officers
        if name != tier.name or tier.tolerance != problem.objective.tolerance.of(name) or looks_back:
            return
        if tier.bound is None:
            return
        yield NearBound(name, tier.bound, tier.limit)


def _duties(problem: Problem, arrays: Arrays, choice: Choice) -> tuple[Duty, ...]:
    """Read what each officer does off the arrays."""
    duties = []
    for officer, base in named_beats(problem, arrays, choice):
        used = choice.arc & (arrays.arc_base == base)
        duties.append(
            Duty(
                officer=problem.officers[officer],
                primary=int(arrays.base_site[base]),
                shared=_largest_first(problem, arrays.arc_site[used & arrays.arc_is_shared]),
                on_call=_largest_first(problem, arrays.arc_site[used & ~arrays.arc_is_shared]),
            )
        )
    return tuple(duties)


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
        tolerance=problem.objective.tolerance.of(outcome.name),
        limit=outcome.limit,
        value=value,
        stopped=outcome.stopped,
    )


def _explain(problem: Problem, solution: Solution, times: TravelTimes) -> str:
    if solution.status == "no plan found":
        return "The search ended before it found a first plan; give it more time."
    clash, is_proven = irreducible(tuple(assignments(problem)), Trials(problem, times, _CLASH_TIME_S))
    rules = "; ".join(lever.rule for lever in clash)
    doubt = "" if is_proven else ". The time was too short to tell whether all of them are needed."
    return f"These cannot be kept together, with the officers, limits and travel times given: {rules}{doubt}"
