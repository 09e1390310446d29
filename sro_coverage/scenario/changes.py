"""Named changes, and the problem that they make of another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem import Assignment, Budget, Campus, Level, Objective, Officer, Policy, Problem, Travel, Value
from sro_coverage.problem.value import Text
from sro_coverage.scenario.amounts import OfficerCount, Percent, is_possible, officers_after, students_after
from sro_coverage.scenario.contradictions import contradictions, lost_with, officers_leaving
from sro_coverage.scenario.fields import (
    BudgetFields,
    CampusFields,
    Fields,
    ObjectiveFields,
    OfficerFields,
    PolicyFields,
    overlaid,
)


class Changes(Value):
    """
    What a scenario has different from its base: the keys of a scenario file, each of them optional.

    What is not mentioned stays as it is. Where a value is optional, the text ``"none"`` (or None) takes it away.
    ``model_dump(exclude_defaults=True)`` gives the keys back.

    Parameters
    ----------
    officers
        How many there are, or how many more or fewer: 11, ``"+2"``, ``"-1"``.
    absent
        Ids of officers who are not there.
    officer
        Officers by id: fields that change, or a new officer's.
    open, close
        New campuses; ids of campuses that are no longer there. Rules and forbids of the base that concern
        nothing else go with them; a pin must be released.
    campus
        Campuses by id: fields that change. Enrollment may be a number, ``"+10%"`` or ``"-120"``.
    enrollment
        A percentage for every campus of a level of the base, or for ``all``.
    policy, objective, budget
        Laid over the base key by key.
    travel
        Replaces the base's.
    pin, forbid
        Added to the base's.
    release
        Pins and forbids of the base that no longer hold.
    """

    title: Text | None = None
    officers: OfficerCount | None = None
    absent: tuple[Text, ...] = ()
    officer: tuple[OfficerFields, ...] = ()
    open: tuple[Campus, ...] = ()
    close: tuple[Text, ...] = ()
    campus: tuple[CampusFields, ...] = ()
    enrollment: dict[Literal["all", Level], Percent] = Field(default_factory=dict)
    policy: PolicyFields = Field(default_factory=dict)
    objective: ObjectiveFields = Field(default_factory=dict)
    travel: Travel | None = None
    pin: tuple[Assignment, ...] = ()
    forbid: tuple[Assignment, ...] = ()
    release: tuple[Assignment, ...] = ()
    budget: BudgetFields = Field(default_factory=dict)


def apply(problem: Problem, changes: Changes) -> Problem:
    """
    Make another problem by changes; nothing but its parts tells it from one read from a plan file.

    Raises
    ------
    DataError
        If changes name what is not there, contradict each other, or make a problem that contradicts
        itself: all of it, each with its key, what was found and what was expected.
    """
    issues = list(contradictions(problem, changes))
    pins, pin_places = _rules(problem, changes, "pin")
    forbids, forbid_places = _rules(problem, changes, "forbid")
    try:
        made = problem.replace(
            title=changes.title or problem.title,
            campuses=tuple(_campuses(problem, changes)),
            officers=_officers(problem, changes),
            policy=policy_after(problem.policy, changes),
            travel=changes.travel or problem.travel,
            objective=_objective(problem, changes),
            pins=pins,
            forbids=forbids,
            budget=_budget(problem, changes),
        )
    except DataError as error:
        places = pin_places | forbid_places
        issues += [Issue(places.get(issue.where, issue.where), issue.found, issue.expected) for issue in error.issues]
    if issues:
        raise DataError(dict.fromkeys(issues))
    return made


def policy_after(policy: Policy, changes: Changes) -> Policy:
    """Lay the policy's changes over it; exceptions of closed campuses go with them."""
    merged = overlaid(policy.model_dump(exclude_defaults=True), changes.policy)
    for campus_id in changes.close:
        merged.get("campuses", {}).pop(campus_id, None)
    return Policy(**merged)


def _officers(problem: Problem, changes: Changes) -> tuple[Officer, ...]:
    staff = officers_after(problem.officers, changes.officers)
    there = {officer.id: _forgetting(officer, changes.close) for officer in staff if officer.id not in changes.absent}
    for fields in changes.officer:
        known = there.get(fields["id"])
        base = known.model_dump(exclude_defaults=True) if known else {"name": fields["id"]}
        there[fields["id"]] = Officer(**overlaid(base, fields))
    return tuple(there.values())


def _forgetting(officer: Officer, closed: tuple[str, ...]) -> Officer:
    """Take campuses that are closed out of what is known of an officer."""
    if not {*officer.excluded, *officer.shared, officer.primary} & set(closed):
        return officer
    return officer.model_copy(
        update={
            "excluded": tuple(campus for campus in officer.excluded if campus not in closed),
            "shared": tuple(campus for campus in officer.shared if campus not in closed),
            "primary": None if officer.primary in closed else officer.primary,
        }
    )


def _campuses(problem: Problem, changes: Changes) -> Iterator[Campus]:
    own = {fields["id"]: fields for fields in changes.campus}
    unweighted = "weight" in changes.objective and changes.objective["weight"] is None
    for campus in problem.campuses:
        if campus.id not in changes.close:
            fields = dict(own.get(campus.id, {}))
            change = fields.get("enrollment", changes.enrollment.get(campus.level, changes.enrollment.get("all")))
            if isinstance(change, str):
                fields["enrollment"] = _students(campus, change)
            if unweighted:
                fields["weight"] = None
            yield Campus(**overlaid(campus.model_dump(exclude_defaults=True), fields)) if fields else campus
    known = {campus.id for campus in problem.campuses}
    yield from {campus.id: campus for campus in changes.open if campus.id not in known}.values()


def _students(campus: Campus, change: str) -> int | None:
    """Give the students after a change; an impossible one is told elsewhere, and changes nothing."""
    if campus.enrollment is None:
        return None
    students = students_after(campus.enrollment, change)
    return students if is_possible(students) else campus.enrollment


def _objective(problem: Problem, changes: Changes) -> Objective:
    return Objective(**overlaid(problem.objective.model_dump(exclude_defaults=True), changes.objective))


def _budget(problem: Problem, changes: Changes) -> Budget | None:
    if changes.budget is None or not (changes.budget or problem.budget):
        return None
    base: Fields = problem.budget.model_dump() if problem.budget else {"cost_per_officer": 0}
    return Budget(**overlaid(base, changes.budget))


def _rules(
    problem: Problem, changes: Changes, kind: Literal["pin", "forbid"]
) -> tuple[tuple[Assignment, ...], dict[str, str]]:
    """
    Give the pins or forbids that hold, and where the file has those that it adds.

    The base's come first, so a new one has another number in the problem than in the file.
    """
    leaving = officers_leaving(problem, changes)
    rules = [
        rule
        for rule in (problem.pins if kind == "pin" else problem.forbids)
        if rule not in changes.release and not lost_with(rule, changes, leaving)
    ]
    places = {}
    for number, rule in enumerate(changes.pin if kind == "pin" else changes.forbid, start=1):
        if rule not in rules and not lost_with(rule, changes, leaving):
            rules.append(rule)
            places[f"{kind} {len(rules)} ({rule})"] = f"{kind} {number} ({rule})"
    return tuple(rules), places
