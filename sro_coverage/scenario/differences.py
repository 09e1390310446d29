"""How two problems differ, in the words of the plan file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sro_coverage.problem import Campus, Officer, Problem, Rule, RuleChange
from sro_coverage.scenario.identity import is_interchangeable

MOST_ROWS = 8
"""More changes of one kind than this are told as one."""

NOTHING = "–"


@dataclass(frozen=True)
class Difference:
    """
    One thing that is asked differently.

    Parameters
    ----------
    key
        As in the plan file: ``policy.max_shared``, or the campus or officer it is about.
    before, after
        As a person would write the values; a dash where there is none.
    """

    key: str
    before: str
    after: str


def differences(before: Problem, after: Problem) -> tuple[Difference, ...]:
    """
    Name everything that a plan depends on and that is not the same in two problems.

    Returns
    -------
    tuple of Difference
        Officers, campuses, travel, policy, pins and forbids, objective, budget; empty if the
        question is the same. What a default supplies is marked so.
    """
    parts = (_officers, _campuses, _travel, _policy, _rules, _objective, _budget)
    return tuple(difference for part in parts for difference in part(before, after) if difference)


def _told(key: str, before: object, after: object) -> Iterator[Difference]:
    if before != after:
        yield Difference(key, _text(before), _text(after))


def _text(value: object) -> str:
    if value is None or value == ():
        return NOTHING
    if isinstance(value, tuple | list):
        return ", ".join(map(_text, value))
    if isinstance(value, float | int):
        return f"{value:,.10g}"
    return str(value)


def _fields(key: str, before: Any, after: Any, skip: Iterable[str] = ()) -> Iterator[Difference]:
    for name in type(before).model_fields:
        if name not in skip:
            yield from _told(f"{key}{name}", getattr(before, name), getattr(after, name))


# -- officers


def _officers(before: Problem, after: Problem) -> Iterator[Difference]:
    yield from _told("officers", len(before.officers), len(after.officers))
    old, new = ({officer.id: officer for officer in problem.officers} for problem in (before, after))
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if one and other:
            yield from _one_officer(one, other)
        elif not is_interchangeable(before if one else after, one or new[name]):
            told = (_officer(officer) if officer else NOTHING for officer in (one, other))
            yield Difference(f"officer {name}", *told)
    yield from _current(before, after)


def _officer(officer: Officer) -> str:
    """Tell of an officer whom only one of the problems has."""
    own = officer.model_dump(exclude_defaults=True, exclude={"id", "name", "primary", "shared"})
    return ", ".join(("on the roster", *(f"{name} {_text(value)}" for name, value in own.items())))


def _one_officer(before: Officer, after: Officer) -> Iterator[Difference]:
    for name in Officer.model_fields:
        if name in ("id", "primary", "shared"):
            continue
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            empty = NOTHING if name in ("levels", "excluded", "home_lat", "home_lon") else "as the policy says"
            told = (empty if value in (None, ()) else _text(value) for value in (old, new))
            yield Difference(f"officer {before.id}, {name}", *told)


def _current(before: Problem, after: Problem) -> Iterator[Difference]:
    """Compare the present campuses of all officers as one thing: the plan in force."""
    old, new = (
        {
            officer.id: (officer.primary, officer.shared)
            for officer in problem.officers
            if officer.primary or officer.shared
        }
        for problem in (before, after)
    )
    if old != new:
        told = [f"a plan of {len(known):,} officers" if known else NOTHING for known in (old, new)]
        yield Difference("current", told[0], f"another, of {len(new):,} officers" if old and new else told[1])


# -- campuses


def _campuses(before: Problem, after: Problem) -> Iterator[Difference]:
    old, new = ({campus.id: campus for campus in problem.campuses} for problem in (before, after))
    yield from _told("campuses", len(old), len(new))
    both = [(old[name], new[name]) for name in sorted(old.keys() & new.keys())]
    gone, come = (
        [there[name] for name in sorted(there.keys() - here.keys())] for there, here in ((old, new), (new, old))
    )
    yield from _some(
        "closed", [Difference(f"campus {campus.id}", _size(campus), "not in the table") for campus in gone]
    )
    yield from _some(
        "opened", [Difference(f"campus {campus.id}", "not in the table", _size(campus)) for campus in come]
    )
    facts: dict[str, Callable[[Campus], object]] = {
        "enrollment": lambda campus: campus.enrollment,
        "point": _point,
        "level": lambda campus: campus.level,
        "site": lambda campus: campus.site,
        "weight": lambda campus: campus.weight,
    }
    for name, fact in facts.items():
        changed = [(one, other) for one, other in both if fact(one) != fact(other)]
        rows = [Difference(f"campus {one.id}, {name}", _text(fact(one)), _text(fact(other))) for one, other in changed]
        if name in ("enrollment", "weight") and len(rows) > MOST_ROWS:
            sums = (sum(getattr(pair[side], name) or 0 for pair in changed) for side in (0, 1))
            yield Difference(f"{name} of {len(rows):,} campuses, together", *map(_text, sums))
        else:
            yield from _some(name, rows)


def _some(what: str, rows: list[Difference]) -> Iterator[Difference]:
    yield from rows[:MOST_ROWS]
    if len(rows) > MOST_ROWS:
        yield Difference(f"{what}: {len(rows) - MOST_ROWS:,} more campuses", "…", "…")


def _size(campus: Campus) -> str:
    students = "enrollment unknown" if campus.enrollment is None else f"{campus.enrollment:,} students"
    return f"{campus.level}, {students}"


def _point(campus: Campus) -> str | None:
    return None if campus.lat is None or campus.lon is None else f"{campus.lat:.5f} {campus.lon:.5f}"


# -- rules


def _travel(before: Problem, after: Problem) -> Iterator[Difference]:
    if type(before.travel) is type(after.travel):
        yield from _fields("travel.", before.travel, after.travel, skip=("method",))
    else:
        told = (
            ", ".join(f"{name} {_text(value)}" for name, value in problem.travel if value not in (None, ()))
            for problem in (before, after)
        )
        yield Difference("travel", *told)


def _policy(before: Problem, after: Problem) -> Iterator[Difference]:
    old, new = before.policy, after.policy
    yield from _fields("policy.", old, new, skip=("default", "levels", "campuses"))
    default = tuple(Rule(**policy.default.model_dump(exclude_none=True)) for policy in (old, new))
    yield from _rule("policy.default.", (old.default, new.default), (Rule(), Rule()))
    for level in sorted(old.levels.keys() | new.levels.keys()):
        pair = old.levels.get(level, RuleChange()), new.levels.get(level, RuleChange())
        yield from _rule(f"policy.levels.{level}.", pair, default)
    for campus_id in sorted(old.campuses.keys() | new.campuses.keys()):
        pair = old.campuses.get(campus_id, RuleChange()), new.campuses.get(campus_id, RuleChange())
        yield from _rule(f"policy.campuses.{campus_id}.", pair, tuple(_without(p, campus_id) for p in (before, after)))


def _without(problem: Problem, campus_id: str) -> Rule:
    """Give the rule that a campus would have without its own exceptions."""
    level = next((campus.level for campus in problem.campuses if campus.id == campus_id), None)
    return problem.policy.rule_for("", level) if level else Rule()


def _rule(key: str, pair: tuple[RuleChange, RuleChange], wider: tuple[Rule, ...]) -> Iterator[Difference]:
    """Compare the keys of one table; where a side leaves a key out, the wider rule holds."""
    for name in RuleChange.model_fields:
        own = [getattr(change, name) for change in pair]
        whole = [getattr(rule, name) if value is None else value for value, rule in zip(own, wider, strict=True)]
        if own[0] != own[1] and whole[0] != whole[1]:
            told = (
                f"{_text(value) if value != () else 'none'}{' (default)' if set_here is None else ''}"
                for value, set_here in zip(whole, own, strict=True)
            )
            yield Difference(f"{key}{name}", *told)


def _rules(before: Problem, after: Problem) -> Iterator[Difference]:
    for kind, field in (("pin", "pins"), ("forbid", "forbids")):
        old, new = ({str(rule): None for rule in getattr(problem, field)} for problem in (before, after))
        yield from (Difference(kind, rule, NOTHING) for rule in old if rule not in new)
        yield from (Difference(kind, NOTHING, rule) for rule in new if rule not in old)


def _objective(before: Problem, after: Problem) -> Iterator[Difference]:
    yield from _told("objective.order", before.order, after.order)
    yield from _told("objective.weight", before.objective.weight, after.objective.weight)
    for tier in dict.fromkeys((*before.order, *after.order)):
        pair = (problem.objective.tolerance.of(tier) for problem in (before, after))
        yield from _told(f"objective.tolerance.{tier}", *pair)


def _budget(before: Problem, after: Problem) -> Iterator[Difference]:
    if before.budget and after.budget:
        yield from _fields("budget.", before.budget, after.budget)
    else:
        pair = (
            problem.budget and f"{problem.budget.currency} {problem.budget.cost_per_officer:,.2f} an officer"
            for problem in (before, after)
        )
        yield from _told("budget", *pair)
