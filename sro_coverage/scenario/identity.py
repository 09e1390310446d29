"""Who is who: officers of one plan found again in another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sro_coverage.plan import Beat, Plan
from sro_coverage.problem import Officer, Problem


def is_interchangeable(problem: Problem, officer: Officer) -> bool:
    """Whether nothing but a number tells the officer from others: ``officers = 12`` makes such."""
    is_plain = officer == Officer(id=officer.id, name=officer.id)
    rules = (*problem.pins, *problem.forbids)
    return officer.is_numbered and is_plain and all(rule.officer != officer.id for rule in rules)


def follow_officers(plans: Sequence[Plan]) -> tuple[dict[str, str], ...]:
    """
    Find the officers of the first plan in all others.

    Officers with a name, an own limit, a present campus or a rule of their own are the same where the
    id is the same. The rest are numbers: of these, each is the one of the first plan who makes most
    students keep their officer, over all of them together; then who keeps most campuses in the same
    state; then who has the same number.

    Returns
    -------
    tuple of dict
        For each plan, the id of every officer in the words of all plans together: who is also in the
        first plan has the id from there, and nobody else has it.
    """
    cast = _Cast(plans[0])
    return ({officer.id: officer.id for officer in plans[0].problem.officers}, *map(cast.name, plans[1:]))


def renamed(plan: Plan, ids: dict[str, str]) -> Plan:
    """Give the same plan with other officer ids; the digest stays that of the plan as it was."""
    if all(old == new for old, new in ids.items()):
        return plan
    officers = tuple(
        officer if ids[officer.id] == officer.id else Officer(id=ids[officer.id], name=ids[officer.id])
        for officer in plan.problem.officers
    )
    names = {officer.id: officer.name for officer in officers}
    beats = (
        beat.model_copy(update={"officer": ids[beat.officer], "name": names[ids[beat.officer]]}) for beat in plan.beats
    )
    campuses = (
        row.model_copy(update={"officers": tuple(ids[officer] for officer in row.officers)}) for row in plan.campuses
    )
    return plan.model_copy(
        update={
            "problem": plan.problem.replace(officers=tuple(sorted(officers, key=_by_number))),
            "beats": tuple(sorted(beats, key=_by_number)),
            "campuses": tuple(campuses),
        }
    )


def _by_number(one: Officer | Beat) -> tuple[bool, int, str]:
    name = one.officer if isinstance(one, Beat) else one.id
    number = re.fullmatch(r"Officer (\d+)", name)
    return (number is None, int(number[1]) if number else 0, name)


@dataclass
class _Cast:
    """Everybody met so far: officers of the first plan, then those that later plans added."""

    base: Plan
    extras: dict[str, Beat] = field(default_factory=dict)

    def name(self, plan: Plan) -> dict[str, str]:
        """Give the ids of one more plan's officers, and remember those who are new."""
        here = {officer.id: is_interchangeable(plan.problem, officer) for officer in plan.problem.officers}
        there = {officer.id: is_interchangeable(self.base.problem, officer) for officer in self.base.problem.officers}
        ids = {officer: officer for officer in here if not here[officer] or (officer in there and not there[officer])}
        waiting = [officer for officer in here if officer not in ids]
        for known in (
            {officer: beat for officer, beat in _beats(self.base).items() if there[officer] and officer not in ids},
            self.extras,
        ):
            ids |= _matched(known, {officer: _beats(plan)[officer] for officer in waiting}, plan)
            waiting = [officer for officer in waiting if officer not in ids]
        for officer in waiting:
            ids[officer] = self._new_id({*there, *ids.values()})
            self.extras[ids[officer]] = _beats(plan)[officer]
        return {officer: ids[officer] for officer in here}

    def _new_id(self, taken: set[str]) -> str:
        number = 1
        while f"Officer {number}" in taken | self.extras.keys():
            number += 1
        return f"Officer {number}"


def _beats(plan: Plan) -> dict[str, Beat]:
    """Give every officer's beat; without a plan all are idle."""
    found = {beat.officer: beat for beat in plan.beats}
    return {
        officer.id: found.get(officer.id, Beat(officer=officer.id, name=officer.name))
        for officer in plan.problem.officers
    }


def _matched(known: dict[str, Beat], beats: dict[str, Beat], plan: Plan) -> dict[str, str]:
    """Match as many as there are, so that the most students keep their officer."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    if not known or not beats:
        return {}
    students = {campus.id: campus.enrollment or 0 for campus in plan.problem.campuses}
    old, new = {officer: _roles(beat) for officer, beat in known.items()}, list(beats)
    step = len(students) + len(beats) + 1  # more than the lesser criteria can add up to

    def likeness(before: dict[str, str], officer: str) -> int:
        now = _roles(beats[officer])
        both = before.keys() & now.keys()
        kept = sum(students[campus] for campus in both if "on-call" not in (before[campus], now[campus]))
        return (kept * step + sum(before[campus] == now[campus] for campus in both)) * step

    table = np.array(
        [[likeness(roles, new_id) + (old_id == new_id) for new_id in new] for old_id, roles in old.items()]
    )
    rows, columns = linear_sum_assignment(table, maximize=True)
    names = list(old)
    return {new[column]: names[row] for row, column in zip(rows, columns, strict=True)}


def _roles(beat: Beat) -> dict[str, str]:
    """Give the state of every campus of a beat."""
    roles = dict.fromkeys(beat.primary, "primary")
    for stop in beat.shared:
        roles |= dict.fromkeys(stop.campuses, "shared")
    for stop in beat.on_call:
        roles |= dict.fromkeys(stop.campuses, "on-call")
    return roles
