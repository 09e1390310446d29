"""What a scenario changes, in plain words."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sro_coverage.problem import Campus, Officer, Policy, Problem, Rule, RuleChange, Value
from sro_coverage.scenario.amounts import officers_after
from sro_coverage.scenario.changes import Changes, apply
from sro_coverage.scenario.fields import Fields

ARROW = " -> "


def describe(changes: Changes, base: Problem) -> tuple[str, ...]:
    """
    Say what changes do to their base: ``1 officer fewer``, ``max_travel_min 15 -> 12``.

    A value that stays what it was is left out, so changes that change nothing give nothing; only of what is taken
    away, and was not there, it is said.

    Raises
    ------
    DataError
        If the changes do not fit the base; see :func:`apply`.
    """
    made = apply(base, changes)
    parts = (_officers, _campuses, _policy, _travel, _objective, _assignments, _budget)
    return tuple(line for part in parts for line in part(changes, base, made))


def _officers(changes: Changes, base: Problem, made: Problem) -> Iterator[str]:
    counted = {officer.id: officer for officer in officers_after(base.officers, changes.officers)}
    more = len(counted) - len(base.officers)
    if more:
        yield f"{abs(more):,} officer{'s' * (abs(more) != 1)} {'more' if more > 0 else 'fewer'}"
    yield from (f"{counted[officer_id].name} absent" for officer_id in changes.absent)
    there = {officer.id: officer for officer in made.officers}
    for fields in changes.officer:
        new = there[fields["id"]]
        if new.id in counted:
            old = counted[new.id]
            yield from _steps(f"{old.name}: ", _with_limits(base, old), _with_limits(made, new), fields)
            yield from _not_there(f"{old.name}: ", old, fields)
        else:
            own = (f"{name} {_text(value)}" for name, value in fields.items() if name not in ("id", "name"))
            yield f"{new.name} added ({', '.join(own) or 'with the limits of the policy'})"


def _with_limits(problem: Problem, officer: Officer) -> Officer:
    """Give an officer whose limits are the policy's where they are not the officer's own."""
    limits = Officer.model_fields.keys() & Policy.model_fields.keys()
    return officer.model_copy(update={name: problem.limit(officer, name) for name in limits})


def _campuses(changes: Changes, base: Problem, made: Problem) -> Iterator[str]:
    before, after = ({campus.id: campus for campus in problem.campuses} for problem in (base, made))
    for campus in changes.open:
        students = "enrollment unknown" if campus.enrollment is None else f"{campus.enrollment:,} students"
        yield f"{campus.name} opened ({campus.level}, {students})"
    yield from (f"{before[campus_id].name} closed" for campus_id in changes.close)
    for fields in changes.campus:
        old, new = before[fields["id"]], after[fields["id"]]
        if (old.lat, old.lon) != (new.lat, new.lon):
            yield f"{old.name} moved{ARROW}{_point(new)}"
        yield from _steps(f"{old.name}: ", old, new, fields.keys() - {"lat", "lon"})
        yield from _not_there(f"{old.name}: ", old, fields)
    for level, change in changes.enrollment.items():
        yield f"enrollment of {'all' if level == 'all' else level} campuses {change}"


def _point(campus: Campus) -> str:
    return "no point" if campus.lat is None or campus.lon is None else f"{campus.lat:.4f}, {campus.lon:.4f}"


def _policy(changes: Changes, base: Problem, made: Problem) -> Iterator[str]:
    """Tell limits as they are, and rules as they come out of defaults and exceptions."""
    old, new = base.policy, made.policy
    yield from _steps("", old, new, changes.policy.keys() - {"default", "levels", "campuses"})
    yield from _not_there("", old, changes.policy)
    yield from _steps("every campus: ", _whole(old.default), _whole(new.default), changes.policy.get("default", {}))
    yield from _not_there("every campus: ", old.default, changes.policy.get("default", {}))
    for level, fields in changes.policy.get("levels", {}).items():
        yield from _steps(f"{level} campuses: ", old.rule_for("", level), new.rule_for("", level), fields)
        yield from _not_there(f"{level} campuses: ", old.levels.get(level), fields)
    campuses = {campus.id: campus for campus in made.campuses}
    for campus_id, fields in changes.policy.get("campuses", {}).items():
        campus = campuses[campus_id]
        yield from _steps(f"{campus.name}: ", base.rule(campus), made.rule(campus), fields)
        yield from _not_there(f"{campus.name}: ", old.campuses.get(campus_id), fields)


def _whole(change: RuleChange) -> Rule:
    return Rule(**change.model_dump(exclude_none=True))


def _travel(_: Changes, base: Problem, made: Problem) -> Iterator[str]:
    if type(base.travel) is type(made.travel):
        yield from _steps("travel: ", base.travel, made.travel, type(made.travel).model_fields)
    else:
        file = getattr(made.travel, "file", None)
        yield f"travel {base.travel.method}{ARROW}{made.travel.method}{f' ({file})' if file else ''}"


def _objective(changes: Changes, base: Problem, made: Problem) -> Iterator[str]:
    if base.order != made.order:
        yield f"tiers {_text(base.order)}{ARROW}{_text(made.order)}"
    yield from _steps("", base.objective, made.objective, {"weight"})
    yield from _not_there("", base.objective, changes.objective)
    tolerance = changes.objective.get("tolerance", {})
    yield from _steps("tolerance of ", base.objective.tolerance, made.objective.tolerance, tolerance)


def _assignments(changes: Changes, base: Problem, made: Problem) -> Iterator[str]:
    yield from (f"pinned: {rule}" for rule in made.pins if rule not in base.pins)
    yield from (f"forbidden: {rule}" for rule in made.forbids if rule not in base.forbids)
    yield from (f"released: {rule}" for rule in changes.release)


def _budget(changes: Changes, base: Problem, made: Problem) -> Iterator[str]:
    if base.budget and made.budget:
        yield from _steps("", base.budget, made.budget, changes.budget or {})
        yield from _not_there("", base.budget, changes.budget or {})
    elif made.budget:
        yield f"an officer costs {made.budget.currency} {_text(made.budget.cost_per_officer)} a year"
    elif base.budget:
        yield "no budget"
    elif changes.budget is None:
        yield "budget: there was none"


def _steps(label: str, old: Value, new: Value, names: Collection[str]) -> Iterator[str]:
    """Tell the fields of these names that are different."""
    for name in type(old).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if name in names and before != after:
            empty = "all" if name == "levels" else "none"
            yield f"{label}{name} {_text(before) or empty}{ARROW}{_text(after) or empty}"


def _not_there(label: str, old: Value | None, fields: Fields) -> Iterator[str]:
    """Tell what is to be taken away and is not there; what is missing where that may be is no contradiction."""
    for name, value in fields.items():
        if value is None and getattr(old, name, None) is None:
            yield f"{label}{name}: there was none"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(_text, value))
    return f"{value:,.10g}" if isinstance(value, int | float) else str(value)
