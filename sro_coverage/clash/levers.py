"""Every rule of a problem that can be part of a clash."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

from sro_coverage.clash.lever import (
    ASSIGNMENTS,
    OFFICERS,
    PERSONAL,
    POSTS,
    UNWRITTEN,
    WRITTEN,
    Lever,
    Listed,
    MoreOfficers,
    Number,
    Place,
    Posts,
    Release,
    Rules,
    written,
)
from sro_coverage.problem import STATES, Officer, Policy, Problem, Rule, RuleChange

LONGEST_MIN = 600
"""No limit in minutes may be longer."""

MOST_POSTS = 20


def levers(problem: Problem) -> tuple[Lever, ...]:
    """Give every rule of a problem that can be part of a clash, in the order of reading."""
    return tuple(
        lever
        for family in (assignments, _officers, _of_officers, _of_campuses, _of_policy)
        for lever in family(problem)
        if lever.steps > 0
    )


def assignments(problem: Problem) -> Iterator[Lever]:
    """Give every pin and forbid; without them a problem has a plan, since every campus may then be uncovered."""
    for word, rules in (("pin", problem.pins), ("forbid", problem.forbids)):
        for rule in rules:
            covers = word == "pin" and rule.state is None
            text = f"{rule.officer} {rule.campus} primary or shared" if covers else str(rule)
            yield Release(key=word, before=text, firmness=ASSIGNMENTS, assignment=rule)


def _officers(problem: Problem) -> Iterator[Lever]:
    present = len(problem.officers)
    plain = {"id", "name", "primary", "shared"}
    yield MoreOfficers(
        key="officers",
        before=str(present),
        steps=sum(site.rule.posts for site in problem.sites) - present,
        firmness=OFFICERS,
        present=present,
        have_own_limits=any(officer.model_dump(exclude=plain, exclude_defaults=True) for officer in problem.officers),
    )


class _Limit(NamedTuple):
    """How a number is relaxed: by which step, to which end, and what it means."""

    step: str
    end: Callable[[Problem], float]
    meaning: str


_LIMITS = {
    "max_travel_min": _Limit("1", lambda _: LONGEST_MIN, "longest drive from a primary to a shared campus, minutes"),
    "on_call_min": _Limit("1", lambda _: LONGEST_MIN, "longest drive from a primary to an on-call campus, minutes"),
    "max_shared": _Limit("1", lambda problem: len(problem.sites), "most shared campuses of one officer"),
    "max_students": _Limit(
        "1",
        lambda problem: sum(site.enrollment for site in problem.sites),
        "most students on one officer's primary and shared campuses",
    ),
    "primary_share_min": _Limit("-0.01", lambda _: 0, "share of the field hours kept for the primary"),
    "primary_peaks": _Limit("-1", lambda _: 0, "arrivals and dismissals, of ten a week, kept for the primary"),
    "weekly_hours": _Limit("1", lambda _: 168, "hours on duty"),
    "off_campus_hours": _Limit("-1", lambda _: 0, "hours a week for court, training and reports"),
    "max_commute_min": _Limit("1", lambda _: LONGEST_MIN, "longest drive from home to the primary, minutes"),
    "visits_per_week": _Limit("-1", lambda _: 1, "visits to a shared campus"),
    "hours_per_visit": _Limit("-0.25", lambda _: 0, "hours of a visit to a shared campus"),
    "peaks_per_week": _Limit("-1", lambda _: 0, "arrivals and dismissals that a shared campus takes"),
    "min_primary_hours": _Limit("-1", lambda _: 0, "hours a week that an officer based there keeps for it"),
}


def _number(problem: Problem, place: Place, present: float, *, firmness: int) -> Lever:
    limit = _LIMITS[place.parts[-1]]
    step, end = Decimal(limit.step), limit.end(problem)
    way = (Decimal(str(end)) - Decimal(str(present))) / step
    return Number(
        key=str(place),
        before=written(present),
        meaning=limit.meaning + (", the default" if firmness == UNWRITTEN else ""),
        steps=max(0, int(way.to_integral_value(rounding="ROUND_CEILING"))),
        firmness=firmness,
        place=place,
        present=present,
        step=step,
        end=end,
    )


def _of_officers(problem: Problem) -> Iterator[Lever]:
    names = [name for name in _LIMITS if name in Officer.model_fields]
    here = sorted({campus.level for site in problem.sites for campus in site.campuses})
    for officer in problem.officers:
        for name in names:
            own = getattr(officer, name)
            if own is not None:
                yield _number(problem, Place((name,), officer.id), own, firmness=PERSONAL)
        for level in here if officer.levels else ():
            if level not in officer.levels:
                yield _listed(Place(("levels",), officer.id), officer.levels, level, PERSONAL)
        for campus_id in dict.fromkeys(officer.excluded):
            if campus_id in problem.site_of:
                yield Listed(
                    key=f"officer {officer.id}, excluded",
                    before=campus_id,
                    meaning="no role at all there",
                    firmness=PERSONAL,
                    place=Place(("excluded",), officer.id),
                    item=campus_id,
                    is_added=False,
                )


def _listed(place: Place, present: tuple[str, ...], item: str, firmness: int) -> Lever:
    return Listed(
        key=str(place),
        before=", ".join(present) or "none",
        meaning=f"not {item}" + (", the default" if firmness == UNWRITTEN else ""),
        firmness=firmness,
        place=place,
        item=item,
        is_added=True,
    )


def _of_campuses(problem: Problem) -> Iterator[Lever]:
    """Rules of campuses: each field where it is written for at least one planned campus."""
    policy = problem.policy
    users: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for campus in problem.campuses:
        if campus.not_planned is None:
            places: list[tuple[tuple[str, ...], RuleChange | None]] = [
                (("campuses", campus.id), policy.campuses.get(campus.id)),
                (("levels", campus.level), policy.levels.get(campus.level)),
            ]
            for name in Rule.model_fields:
                exceptions = (parts for parts, change in places if change and getattr(change, name) is not None)
                users[*next(exceptions, ("default",)), name].add(campus.id)
    for parts in sorted(users, key=lambda parts: (-len(parts), parts)):
        place, name = Place(parts), parts[-1]
        here = place.value(Rules.of(problem))
        firmness = UNWRITTEN if here is None else WRITTEN
        present = getattr(Rule(), name) if here is None else here
        if name == "states":
            for state in STATES[:3]:
                if state not in present:
                    yield _listed(place, present, state, firmness)
        elif name == "posts":
            yield _posts(problem, place, present, frozenset(users[parts]), is_default=here is None)
        else:
            yield _number(problem, place, present, firmness=firmness)


def _posts(problem: Problem, place: Place, present: int, campuses: frozenset[str], *, is_default: bool) -> Lever:
    most = min(max(present, len(problem.officers)), MOST_POSTS)
    numbers = sorted(set(range(1, most + 1)) - {present}, key=lambda number: (abs(number - present), number))
    return Posts(
        key=str(place),
        before=str(present),
        meaning="officers based at a primary, neither more nor fewer" + (", the default" if is_default else ""),
        steps=len(numbers),
        firmness=POSTS,
        place=place,
        campuses=campuses,
        most=most,
        numbers=tuple(numbers),
    )


def _of_policy(problem: Problem) -> Iterator[Lever]:
    policy = problem.policy
    for name in _LIMITS:
        if name in Policy.model_fields and getattr(policy, name) is not None:
            firmness = WRITTEN if name in policy.model_fields_set else UNWRITTEN
            yield _number(problem, Place((name,)), getattr(policy, name), firmness=firmness)
