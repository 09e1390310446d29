"""Recompute a plan from its problem alone, and name every rule that it breaks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from sro_coverage.errors import Issue
from sro_coverage.model.solution import is_within, worst_value
from sro_coverage.plan import UNITS, Duty, Facts, Plan, Tier
from sro_coverage.problem import PEAKS_A_WEEK, Assignment, Problem, State, StraightLine
from sro_coverage.travel import TravelTimes, limit_seconds, straight_line_from, travel_times


def check(plan: Plan, problem: Problem | None = None, *, times: TravelTimes | None = None) -> list[Issue]:
    """
    Check a plan without the compiled model and without a solver.

    Parameters
    ----------
    problem
        What the plan should answer; by default the problem that the plan carries.
    times
        Travel times of the problem, if they are at hand. Else straight-line times are computed;
        times from roads or a matrix are taken from the plan's own trips.

    Returns
    -------
    list of Issue
        Every broken rule: where, what was found, what was expected. Empty if the plan is right.
    """
    issues = []
    if plan.digest != plan.expected_digest():
        issues.append(Issue("digest", "the document was changed after it was written", plan.expected_digest()))
    if problem is not None and problem != plan.problem:
        issues += _differences("problem", plan.problem, problem)
    issues += _status(plan)
    if not plan.has_beats:
        return issues
    problem = plan.problem
    duties, misread = _duties(plan)
    issues += misread
    if misread:
        return issues
    times = times or _own_times(problem, plan, duties)
    if has_own_times(problem) and plan.travel not in (times.source, "given"):
        issues.append(Issue("travel", repr(plan.travel), repr(times.source)))
    facts = Facts(problem, duties, times)
    issues += _one_state_each(problem, duties)
    for duty in duties:
        issues += _beat_rules(problem, duty, facts, times)
    issues += _posts(problem, duties)
    issues += _pins_and_forbids(problem, duties)
    issues += _differences("beats", plan.beats, facts.beats())
    issues += _differences("campuses", plan.campuses, facts.campuses())
    issues += _tiers(plan, facts)
    return issues


def _status(plan: Plan) -> Iterator[Issue]:
    if plan.status in ("infeasible", "no plan found"):
        if plan.beats or plan.campuses or plan.tiers:
            yield Issue("status", f"{plan.status}, with beats", "no beats, campuses or tiers")
        return
    proven = all(tier.proven for tier in plan.tiers)
    if plan.status != ("optimal" if proven else "feasible"):
        yield Issue("status", plan.status, "optimal if and only if every tier is proven")
    if not plan.has_beats:
        yield Issue("beats", "none", "one for each officer")
    if plan.explanation:
        yield Issue("explanation", repr(plan.explanation), "none beside a plan")


def _duties(plan: Plan) -> tuple[tuple[Duty, ...], list[Issue]]:
    """Read the beats back to sites; a beat that names no whole site cannot be checked further."""
    problem = plan.problem
    officers = {officer.id: officer for officer in problem.officers}
    whole = {tuple(sorted(campus.id for campus in site.campuses)): index for index, site in enumerate(problem.sites)}
    issues: list[Issue] = []
    duties = []

    def site_of(where: str, ids: tuple[str, ...]) -> int:
        index = whole.get(tuple(sorted(ids)))
        if index is None:
            issues.append(Issue(f"site of {where}", ", ".join(ids), "all campuses of one planned site, and no other"))
        return -1 if index is None else index

    if [beat.officer for beat in plan.beats] != list(officers):
        issues.append(Issue("beats", "other officers than the roster, or another order", "one beat for each officer"))
        return (), issues
    for beat in plan.beats:
        if not beat.primary:
            if beat.shared or beat.on_call:
                issues.append(Issue(f"beat of {beat.officer}", "campuses without a primary", "exactly one primary"))
            continue
        duties.append(
            Duty(
                officer=officers[beat.officer],
                primary=site_of(f"{beat.officer}, primary", beat.primary),
                shared=tuple(site_of(f"{beat.officer}, shared", stop.campuses) for stop in beat.shared),
                on_call=tuple(site_of(f"{beat.officer}, on-call", stop.campuses) for stop in beat.on_call),
            )
        )
    return tuple(duties), issues


def has_own_times(problem: Problem) -> bool:
    """Whether the problem alone tells its travel times, without another file."""
    return isinstance(problem.travel, StraightLine)


def _own_times(problem: Problem, plan: Plan, duties: tuple[Duty, ...]) -> TravelTimes:
    """Compute the times from the problem, or else take the trips that the plan tells."""
    if has_own_times(problem):
        return travel_times(problem)
    beats = [beat for beat in plan.beats if beat.primary]
    trips = [
        (duty.primary, site, round(stop.out_minutes * 60), round(stop.back_minutes * 60))
        for duty, beat in zip(duties, beats, strict=True)
        for site, stop in zip((*duty.shared, *duty.on_call), (*beat.shared, *beat.on_call), strict=True)
    ]
    columns = np.asarray(sorted(set(trips)), np.int64).reshape(-1, 4).T
    return TravelTimes.from_pairs(len(problem.sites), *columns)


def _roles(duties: tuple[Duty, ...]) -> Iterator[tuple[int, State, Duty]]:
    for duty in duties:
        yield duty.primary, "primary", duty
        yield from ((site, "shared", duty) for site in duty.shared)
        yield from ((site, "on-call", duty) for site in duty.on_call)


def _one_state_each(problem: Problem, duties: tuple[Duty, ...]) -> Iterator[Issue]:
    served: dict[int, list[State]] = defaultdict(list)
    for site, state, _ in _roles(duties):
        served[site].append(state)
    for index, states in served.items():
        where = problem.sites[index]
        if len(set(states)) > 1 or (len(states) > 1 and states[0] != "primary"):
            yield Issue(f"one state ({where.name})", " and ".join(states), "one state, and one officer unless primary")
        for state in set(states):
            if state not in where.rule.states:
                yield Issue(f"states ({where.name})", state, f"one of {', '.join(where.rule.states) or 'none'}")


def _posts(problem: Problem, duties: tuple[Duty, ...]) -> Iterator[Issue]:
    for index, count in Counter(duty.primary for duty in duties).items():
        site = problem.sites[index]
        if count != site.rule.posts:
            yield Issue(f"posts ({site.name})", f"{count} based there", f"{site.rule.posts}")


def _beat_rules(problem: Problem, duty: Duty, facts: Facts, times: TravelTimes) -> Iterator[Issue]:
    officer, primary = duty.officer, problem.sites[duty.primary]
    who = f"({officer.id})"
    if facts.primary_s(duty) < facts.floor_s(duty):
        yield Issue(
            f"visibility floor {who}",
            f"{facts.primary_s(duty) / 3600:.2f} h a week on {primary.name}",
            f"at least {facts.floor_s(duty) / 3600:.2f} h",
        )
    peaks = sum(problem.sites[site].rule.peaks_per_week for site in duty.shared)
    if peaks > PEAKS_A_WEEK - problem.policy.primary_peaks:
        yield Issue(
            f"peaks {who}",
            f"{peaks} arrivals and dismissals at shared campuses",
            f"at most {PEAKS_A_WEEK - problem.policy.primary_peaks}",
        )
    max_shared, max_students = problem.limit(officer, "max_shared"), problem.limit(officer, "max_students")
    if len(duty.shared) > max_shared:
        yield Issue(f"max_shared {who}", f"{len(duty.shared)} shared", f"at most {max_shared}")
    if max_students is not None and facts.students(duty) > max_students:
        yield Issue(f"max_students {who}", f"{facts.students(duty)} students", f"at most {max_students}")
    yield from _eligibility(problem, duty)
    limits = [(site, "max_travel_min", problem.limit(officer, "max_travel_min")) for site in duty.shared]
    limits += [(site, "on_call_min", problem.policy.on_call_min) for site in duty.on_call]
    for site, rule, limit in limits:
        trip = times.trip(duty.primary, site)
        if trip is None or trip[0] > limit_seconds(limit):
            found = "out of reach" if trip is None else f"{trip[0] / 60:.1f} min"
            yield Issue(f"{rule} {who}", f"{problem.sites[site].name}: {found}", f"at most {limit:g} min")
    if officer.max_commute_min is not None and officer.home_lat is not None and officer.home_lon is not None:
        lead = (primary.lead.lat or 0.0, primary.lead.lon or 0.0)
        commute_s = int(straight_line_from((officer.home_lat, officer.home_lon), [lead], problem.commute)[0])
        if commute_s > limit_seconds(officer.max_commute_min):
            yield Issue(
                f"max_commute_min {who}", f"{commute_s / 60:.1f} min", f"at most {officer.max_commute_min:g} min"
            )


def _eligibility(problem: Problem, duty: Duty) -> Iterator[Issue]:
    officer = duty.officer
    for index, state, _ in _roles((duty,)):
        for campus in problem.sites[index].campuses:
            if campus.id in officer.excluded:
                yield Issue(f"excluded ({officer.id})", f"{state} at {campus.name}", "no role there")
            if officer.levels and campus.level not in officer.levels and state != "on-call":
                yield Issue(
                    f"levels ({officer.id})", f"{state} at {campus.name}", f"one of {', '.join(officer.levels)}"
                )


def _pins_and_forbids(problem: Problem, duties: tuple[Duty, ...]) -> Iterator[Issue]:
    roles = [(site, state, duty.officer.id) for site, state, duty in _roles(duties)]
    served = {site for site, _, _ in roles}

    def fulfilled(rule: Assignment, states: tuple[State, ...]) -> bool:
        site = problem.site_of[rule.campus]
        if rule.state == "uncovered":
            return site not in served
        return any(at == site and state in states and rule.officer in (None, officer) for at, state, officer in roles)

    for pin in problem.pins:
        if not fulfilled(pin, (pin.state,) if pin.state else ("primary", "shared")):
            yield Issue(f"pin ({pin})", "not so in the plan", "kept")
    for forbid in problem.forbids:
        if fulfilled(forbid, (forbid.state,) if forbid.state else ("primary", "shared", "on-call")):
            yield Issue(f"forbid ({forbid})", "so in the plan", "not so")


def _tiers(plan: Plan, facts: Facts) -> Iterator[Issue]:
    names = tuple(tier.name for tier in plan.tiers)
    if names != plan.problem.order:
        yield Issue("tiers", ", ".join(names), ", ".join(plan.problem.order))
    for tier in plan.tiers:
        yield from _tier(plan.problem, tier, facts.tier_value(tier.name), plan.params.gap.of(tier.name))


def _tier(problem: Problem, tier: Tier, value: int, gap: float) -> Iterator[Issue]:
    where = f"tier {tier.name}"
    unit, sense = UNITS[tier.name]
    sign = -1 if sense == "max" else 1
    expected = {
        "unit": unit,
        "sense": sense,
        "value": value,
        "tolerance": problem.objective.tolerance.of(tier.name),
        "limit": worst_value(tier.best, tier.bound, sign=sign, tolerance=tier.tolerance, gap=gap),
    }
    for name, right in expected.items():
        if getattr(tier, name) != right:
            yield Issue(f"{where}, {name}", repr(getattr(tier, name)), repr(right))
    if sign * tier.value > sign * tier.limit:
        yield Issue(where, f"value {tier.value}", f"no worse than its limit {tier.limit}")
    if tier.bound is not None and sign * tier.bound > sign * tier.best:
        yield Issue(where, f"bound {tier.bound} passes the value {tier.best}", "a bound that no plan beats")
    is_reached = tier.bound != tier.best and is_within(tier.best, tier.bound, gap)
    if (tier.stopped == "gap reached") != is_reached:
        yield Issue(where, f"{tier.stopped}, bound {tier.bound}, best {tier.best}", f"gap reached if within {gap:g}")
    if tier.proven != (tier.bound == tier.best):
        yield Issue(where, f"{tier.stopped}, bound {tier.bound}, best {tier.best}", "proven if and only if they meet")


def _differences(where: str, found: Any, expected: Any) -> list[Issue]:
    """Say field by field where two values differ."""
    if found == expected:
        return []
    if isinstance(found, tuple) and isinstance(expected, tuple) and len(found) == len(expected):
        pairs = [
            (f"{where} {_label(right, index)}", left, right)
            for index, (left, right) in enumerate(zip(found, expected, strict=True))
        ]
    elif type(found) is type(expected) and hasattr(found, "__dict__"):
        pairs = [(f"{where}, {name}", value, getattr(expected, name)) for name, value in _fields(found)]
    else:
        return [Issue(where, _short(found), _short(expected))]
    return [issue for place, left, right in pairs for issue in _differences(place, left, right)]


def _label(value: Any, index: int) -> str:
    return str(getattr(value, "officer", None) or getattr(value, "campus", None) or getattr(value, "id", index + 1))


def _fields(value: Any) -> list[tuple[str, Any]]:
    names = getattr(type(value), "model_fields", None) or value.__dataclass_fields__
    return [(name, getattr(value, name)) for name in names]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
