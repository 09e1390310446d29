"""What changes name that is not there, and where they contradict each other or their base."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sro_coverage.errors import Issue
from sro_coverage.problem import Assignment, Campus, Problem
from sro_coverage.problem.value import quote
from sro_coverage.scenario.amounts import MOST_STUDENTS, count_issue, is_possible, officers_after, students_after

if TYPE_CHECKING:
    from sro_coverage.scenario.changes import Changes

_SHOWN = 5


def contradictions(problem: Problem, changes: Changes) -> Iterator[Issue]:
    """
    Check changes against their base, but not the problem that they make: that checks itself.

    Parameters
    ----------
    problem
        The base.

    Yields
    ------
    Issue
        Its place is the key: ``close``, ``campus 2``, ``policy.campuses.oak``.
    """
    yield from _officers(problem, changes)
    yield from _campuses(problem, changes)
    yield from _enrollment(problem, changes)
    yield from _settings(problem, changes)
    yield from _released(problem, changes)
    yield from _lost(problem, changes)


def officers_leaving(problem: Problem, changes: Changes) -> frozenset[str]:
    """Give the officers of the base whom a lower number takes away."""
    left = {officer.id for officer in officers_after(problem.officers, changes.officers)}
    return frozenset(officer.id for officer in problem.officers) - left


def lost_with(rule: Assignment, changes: Changes, leaving: Collection[str]) -> str | None:
    """Give the key that takes away what a pin or forbid is about: ``close``, ``absent`` or ``officers``."""
    if rule.campus in changes.close:
        return "close"
    if rule.officer in changes.absent:
        return "absent"
    return "officers" if rule.officer in leaving else None


def _officers(problem: Problem, changes: Changes) -> Iterator[Issue]:
    if changes.officers is not None and (issue := count_issue(problem.officers, changes.officers)):
        yield issue
    leaving = officers_leaving(problem, changes)
    there = {officer.id: officer.name for officer in officers_after(problem.officers, changes.officers)}
    yield from _repeated("absent", changes.absent)
    for officer_id in dict.fromkeys(changes.absent):
        if officer_id in leaving:
            yield Issue(
                "absent", f"{quote(officer_id)}, whom officers = {changes.officers!r} takes away", "one of the two"
            )
        elif officer_id not in there:
            yield Issue("absent", f"unknown officer {quote(officer_id)}", _proposal("officer", officer_id, there))
    yield from _repeated("officer", [fields["id"] for fields in changes.officer])
    for number, fields in enumerate(changes.officer, start=1):
        where, officer_id = f"officer {number}", fields["id"]
        if officer_id in changes.absent or officer_id in leaving:
            key = "absent" if officer_id in changes.absent else f"officers = {changes.officers!r}"
            yield Issue(where, f"{quote(officer_id)} is changed, and {key} takes the officer away", "one of the two")
        elif officer_id not in there and "name" not in fields:
            expected = f"a name for a new officer, or {_proposal('officer', officer_id, there)}"
            yield Issue(where, f"no officer {quote(officer_id)} in the base", expected)
        elif len(fields) == 1:
            yield Issue(where, f"nothing but the id {quote(officer_id)}", "what is to change")


def _campuses(problem: Problem, changes: Changes) -> Iterator[Issue]:
    known = {campus.id: campus.name for campus in problem.campuses}
    opened = {campus.id for campus in changes.open}
    yield from _repeated("open", [campus.id for campus in changes.open])
    for number, campus in enumerate(changes.open, start=1):
        where = f"open {number}"
        if campus.id in known:
            expected = "an id of its own; [[campus]] changes or moves a campus that is there"
            yield Issue(where, f"{quote(campus.id)} is in the base", expected)
        elif problem.objective.weight and campus.weight is None and changes.objective.get("weight", "") is not None:
            yield Issue(where, f"{quote(campus.id)} has no weight", f"one, as demand is {problem.objective.weight}")
    yield from _repeated("close", changes.close)
    for campus_id in dict.fromkeys(changes.close):
        if campus_id not in known:
            yield Issue("close", f"unknown campus {quote(campus_id)}", _proposal("campus", campus_id, known))
    yield from _repeated("campus", [fields["id"] for fields in changes.campus])
    for number, fields in enumerate(changes.campus, start=1):
        where, campus_id = f"campus {number}", fields["id"]
        if campus_id in changes.close:
            yield Issue(where, f"{quote(campus_id)} is changed, and close takes it away", "one of the two")
        elif campus_id in opened and campus_id not in known:
            yield Issue(where, f"{quote(campus_id)} is opened here", "all of its keys under [[open]]")
        elif campus_id not in known:
            yield Issue(where, f"unknown campus {quote(campus_id)}", _proposal("campus", campus_id, known))
        elif len(fields) == 1:
            yield Issue(where, f"nothing but the id {quote(campus_id)}", "what is to change")
        elif ("lat" in fields) != ("lon" in fields):
            there = "lat" if "lat" in fields else "lon"
            yield Issue(where, f"only {there} of {quote(campus_id)} is given", "both lat and lon of the new place")
    for campus_id in changes.policy.get("campuses", {}):
        if campus_id in changes.close:
            yield Issue(f"policy.campuses.{campus_id}", "a rule, and close takes the campus away", "one of the two")


def _enrollment(problem: Problem, changes: Changes) -> Iterator[Issue]:
    campuses = {campus.id: campus for campus in problem.campuses if campus.id not in changes.close}
    own = {}
    for number, fields in enumerate(changes.campus, start=1):
        if "enrollment" in fields and fields["id"] in campuses:
            own[fields["id"]] = f"campus {number}"
            if isinstance(fields["enrollment"], str):
                yield from _impossible(f"campus {number}", campuses[fields["id"]], fields["enrollment"])
    if "all" in changes.enrollment and len(changes.enrollment) > 1:
        levels = ", ".join(level for level in changes.enrollment if level != "all")
        yield Issue("enrollment", f"all and also {levels}, changed twice", "all, or each level by itself")
    for level, change in changes.enrollment.items():
        meant = [campus for campus in campuses.values() if level in ("all", campus.level)]
        known = [campus for campus in meant if campus.enrollment is not None]
        if not known:
            yield Issue(f"enrollment.{level}", "no campus with a known enrollment", "a level of campuses of the base")
        for campus in meant:
            if campus.id in own:
                found = f"the enrollment of {quote(campus.id)}, and so does enrollment.{level}"
                yield Issue(own[campus.id], f"changes {found}", "one of the two")
        for campus in known:
            yield from _impossible(f"enrollment.{level}", campus, change)


def _impossible(where: str, campus: Campus, change: str) -> Iterator[Issue]:
    if campus.enrollment is None:
        yield Issue(where, f"{change} of {quote(campus.id)}, whose enrollment is unknown", "a number of students")
    elif not is_possible(after := students_after(campus.enrollment, change)):
        found = f"{change} of the {campus.enrollment:,} students of {quote(campus.id)} makes {after:,}"
        yield Issue(where, found, f"0 to {MOST_STUDENTS:,} students")


def _settings(problem: Problem, changes: Changes) -> Iterator[Issue]:
    weight = changes.objective.get("weight")
    if weight is not None and weight != problem.objective.weight:
        expected = '"none", or nothing: another column is read with the campuses, so it belongs in a plan file'
        yield Issue("objective.weight", quote(weight), expected)
    if changes.budget and problem.budget is None and "cost_per_officer" not in changes.budget:
        yield Issue("budget.cost_per_officer", "nothing there", "a value, as the base has no budget")


def _released(problem: Problem, changes: Changes) -> Iterator[Issue]:
    held = {rule: f"{kind} {rule}" for kind, rules in _kinds(problem.pins, problem.forbids) for rule in rules}
    yield from _repeated("release", map(str, changes.release))
    for number, rule in enumerate(changes.release, start=1):
        where = f"release {number} ({rule})"
        if rule not in held:
            some = ", ".join(list(held.values())[:_SHOWN]) + (", …" if len(held) > _SHOWN else "")
            expected = f"one of {some}" if held else "no release, as the base has neither"
            yield Issue(where, "neither a pin nor a forbid of the base", expected)
        for kind, rules in _kinds(changes.pin, changes.forbid):
            if rule in rules and rule in held and held[rule] == f"{kind} {rule}":
                yield Issue(where, f"also a {kind} of this file", "one of the two")


def _lost(problem: Problem, changes: Changes) -> Iterator[Issue]:
    """Pins of what is no longer there; forbids of the base on it hold by themselves."""
    leaving = officers_leaving(problem, changes)
    for pin in problem.pins:
        key = lost_with(pin, changes, leaving)
        if key and pin not in changes.release:
            found = f"takes away what the base has pinned: {pin}"
            yield Issue(key, found, f"also [[release]] with {_as_toml(pin)}")
    for kind, rules in _kinds(changes.pin, changes.forbid):
        for number, rule in enumerate(rules, start=1):
            if key := lost_with(rule, changes, leaving):
                yield Issue(f"{kind} {number} ({rule})", f"{key} takes away what it is about", "one of the two")


def _kinds(
    pins: tuple[Assignment, ...], forbids: tuple[Assignment, ...]
) -> tuple[tuple[str, tuple[Assignment, ...]], ...]:
    return ("pin", pins), ("forbid", forbids)


def _as_toml(rule: Assignment) -> str:
    pairs = {"officer": rule.officer, rule.state or "campus": rule.campus}
    return ", ".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in pairs.items() if value)


def _repeated(where: str, ids: Iterable[str]) -> Iterator[Issue]:
    for repeated, count in Counter(ids).items():
        if count > 1:
            yield Issue(where, f"{quote(repeated)} {count} times", "each once")


def _proposal(what: str, wrong: str, known: dict[str, str]) -> str:
    """Propose the id of an officer or campus: the one of that name, the nearest, or else the first few."""
    by_name: Collection[str] = [known_id for known_id, name in known.items() if name.casefold() == wrong.casefold()]
    near = by_name or get_close_matches(wrong, known, n=1)
    if near:
        return f"the id of {'an' if what == 'officer' else 'a'} {what}, perhaps {quote(next(iter(near)))}"
    return f"one of {', '.join(map(quote, list(known)[:_SHOWN]))}" + (", …" if len(known) > _SHOWN else "")
