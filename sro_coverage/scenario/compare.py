"""Compare two or more plans: who moves, which campuses change, and what students gain or lose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sro_coverage.errors import DataError, Issue
from sro_coverage.plan import Beat, CampusPlan, Plan
from sro_coverage.plan.document import CampusState
from sro_coverage.problem import Campus, Roads, StraightLine
from sro_coverage.scenario.comparison import (
    FLOWS,
    LETTERS,
    CampusChange,
    CampusChangeKind,
    Comparison,
    Flow,
    FlowKind,
    Move,
    OfficerChange,
    Side,
    Totals,
    Versus,
)
from sro_coverage.scenario.differences import Difference, differences
from sro_coverage.scenario.identity import follow_officers, renamed

__all__ = ["Comparison", "compare"]


def compare(plans: Sequence[Plan], names: Sequence[str] | None = None) -> Comparison:
    """
    Compare plans with the first of them.

    Parameters
    ----------
    plans
        Two to six, with or without beats; of different problems too.
    names
        What to call them; their titles if not given.

    Raises
    ------
    DataError
        If there are too few or too many plans, or names for another number of plans.
    """
    if not 2 <= len(plans) <= len(LETTERS):
        raise DataError([Issue("plans", f"{len(plans)}", f"2 to {len(LETTERS)} to compare")])
    names = [plan.problem.title for plan in plans] if names is None else names
    if len(names) != len(plans):
        raise DataError([Issue("names", f"{len(names)}", f"one for each of the {len(plans)} plans")])
    sides = tuple(map(_side, LETTERS, names, plans, follow_officers(plans)))
    return Comparison(sides[0], tuple(_versus(sides[0], side) for side in sides[1:]))


# -- one plan


def _side(letter: str, name: str, plan: Plan, ids: dict[str, str]) -> Side:
    known = renamed(plan, ids)
    return Side(
        letter=letter,
        name=name,
        digest=plan.digest,
        status=plan.status,
        explanation=plan.explanation,
        plan=known,
        renumbered=tuple((old, new) for old, new in ids.items() if old != new),
        totals=_totals(known) if plan.has_beats else None,
    )


def _totals(plan: Plan) -> Totals:
    enrollment = _enrollment(plan)
    states: tuple[CampusState, ...] = ("primary", "shared", "on-call", "uncovered", "not planned")
    campuses, students = dict.fromkeys(states, 0), dict.fromkeys(states, 0)
    for row in plan.campuses:
        campuses[row.state] += 1
        students[row.state] += enrollment[row.campus]
    largest = max(plan.beats, key=lambda beat: beat.students)
    budget, officers = plan.problem.budget, len(plan.problem.officers)
    cost = budget.cost_per_officer * officers if budget else None
    return Totals(
        campuses=campuses,
        students=students,
        officers=officers,
        working=sum(bool(beat.primary) for beat in plan.beats),
        campus_hours=sum(beat.primary_hours + beat.shared_hours for beat in plan.beats),
        drive_minutes=sum(beat.drive_minutes for beat in plan.beats),
        on_call_minutes=sum(beat.on_call_minutes for beat in plan.beats),
        largest_beat=largest.students,
        largest_officer=largest.name,
        cost=cost,
        district_cost=cost * budget.district_share if budget and cost is not None else None,
        currency=budget.currency if budget else "",
    )


# -- one plan against the base


def _versus(base: Side, side: Side) -> Versus:
    both = base.totals is not None and side.totals is not None
    officers = tuple(_officers(base.plan, side.plan)) if both else ()
    return Versus(
        side=side,
        asked=(*differences(base.plan.problem, side.plan.problem), *_travel_source(base.plan, side.plan)),
        officers=officers,
        campuses=tuple(_campuses(base.plan, side.plan)) if both else (),
        flows=tuple(_flow(kind, base.plan, side.plan) for kind in FLOWS) if both else (),
        remarks=tuple(_remarks(base, side, is_changed=bool(officers))),
    )


def _travel_source(before: Plan, after: Plan) -> Iterator[Difference]:
    """Tell of other travel times under the same keys: another road file or matrix, or a newer engine."""
    old, new = before.problem.travel, after.problem.travel
    if before.travel != after.travel and old == new:
        yield Difference("travel times", before.travel, after.travel)
    elif not isinstance(old, StraightLine) and old == new:
        files = [
            next((item.sha256[:12] for item in plan.inputs if old.file.endswith(item.file)), "")
            for plan in (before, after)
        ]
        if files[0] != files[1]:
            kind = "road file" if isinstance(old, Roads) else "matrix"
            yield Difference(f"content of the {kind}", *files)


def _officers(before: Plan, after: Plan) -> Iterator[OfficerChange]:
    old, new = ({beat.officer: beat for beat in plan.beats} for plan in (before, after))
    for officer in dict.fromkeys((*old, *new)):
        change = _officer(officer, old.get(officer), new.get(officer))
        if change is not None:
            yield change


def _officer(officer: str, before: Beat | None, after: Beat | None) -> OfficerChange | None:
    empty = Beat(officer=officer, name="")
    old, new = before or empty, after or empty
    pairs = {kind: (_stops(old, kind), _stops(new, kind)) for kind in ("shared", "on_call")}
    has_moved = (old.primary or new.primary) and set(old.primary).isdisjoint(new.primary)
    change: Move = "moves" if has_moved else "keeps the primary"
    if before is None or after is None:
        change = "only after" if before is None else "only before"
    lost, gained = (
        {kind: tuple(sorted(pair[side].difference(pair[1 - side]))) for kind, pair in pairs.items()} for side in (0, 1)
    )
    told = OfficerChange(
        officer=officer,
        name=(before or after or empty).name,
        change=change,
        primary_before=before.primary if before else None,
        primary_after=after.primary if after else None,
        shared_lost=lost["shared"],
        shared_gained=gained["shared"],
        on_call_lost=lost["on_call"],
        on_call_gained=gained["on_call"],
        students_before=old.students,
        students_after=new.students,
        primary_hours_before=old.primary_hours,
        primary_hours_after=new.primary_hours,
    )
    is_same = change == "keeps the primary" and all(one == other for one, other in pairs.values())
    return None if is_same and not told.has_other_hours else told


def _stops(beat: Beat, kind: str) -> set[str]:
    return {campus for stop in getattr(beat, kind) for campus in stop.campuses}


_RANK: dict[CampusState, int] = {"primary": 3, "shared": 2, "on-call": 1, "uncovered": 0}


def _campuses(before: Plan, after: Plan) -> Iterator[CampusChange]:
    old, new = ({row.campus: row for row in plan.campuses} for plan in (before, after))
    facts, now = ({campus.id: campus for campus in plan.problem.campuses} for plan in (before, after))
    known = facts | now
    for campus_id in sorted(known, key=lambda campus_id: (known[campus_id].name.casefold(), campus_id)):
        one, other = old.get(campus_id), new.get(campus_id)
        change = _change(one, other)
        if change is not None:
            yield _campus(change, (one, other), (facts.get(campus_id), now.get(campus_id)))


def _change(before: CampusPlan | None, after: CampusPlan | None) -> CampusChangeKind | None:
    if before is None or after is None:
        return "opened" if before is None else "closed"
    if before.state == after.state:
        return None if set(before.officers) == set(after.officers) else "officer"
    if "not planned" in (before.state, after.state):
        return "now planned" if before.state == "not planned" else "no longer planned"
    return "more" if _RANK[after.state] > _RANK[before.state] else "less"


def _campus(
    change: CampusChangeKind, rows: tuple[CampusPlan | None, ...], facts: tuple[Campus | None, ...]
) -> CampusChange:
    campus = next(filter(None, reversed(facts)))
    old, new = rows
    return CampusChange(
        campus=campus.id,
        name=campus.name,
        level=campus.level,
        change=change,
        state_before=old.state if old else None,
        state_after=new.state if new else None,
        officers_before=old.officers if old else (),
        officers_after=new.officers if new else (),
        students_before=facts[0].enrollment if facts[0] else None,
        students_after=facts[1].enrollment if facts[1] else None,
        hours_before=old.hours if old else 0,
        hours_after=new.hours if new else 0,
    )


def _flow(kind: FlowKind, before: Plan, after: Plan) -> Flow:
    old, new = ({row.campus: row.state in FLOWS[kind] for row in plan.campuses} for plan in (before, after))
    had, has = (_enrollment(plan) for plan in (before, after))
    both = old.keys() & new.keys()
    return Flow(
        kind=kind,
        before=sum(had[campus] for campus in old if old[campus]),
        after=sum(has[campus] for campus in new if new[campus]),
        gained=sum(has[campus] for campus in both if new[campus] and not old[campus]),
        lost=sum(had[campus] for campus in both if old[campus] and not new[campus]),
        opened=sum(has[campus] for campus in new.keys() - both if new[campus]),
        closed=sum(had[campus] for campus in old.keys() - both if old[campus]),
        grown=sum(has[campus] - had[campus] for campus in both if old[campus] and new[campus]),
    )


def _enrollment(plan: Plan) -> dict[str, int]:
    return {campus.id: campus.enrollment or 0 for campus in plan.problem.campuses}


def _remarks(base: Side, side: Side, *, is_changed: bool) -> Iterator[str]:
    for one in (base, side):
        if one.totals is None:
            yield f"{one.letter} holds no plan ({one.status}), so there is nothing to compare with it."
    if base.totals is None or side.totals is None:
        return
    problems = base.plan.problem, side.plan.problem
    weights = [problem.objective.weight for problem in problems]
    if weights[0] != weights[1]:
        told = [f"the column {weight!r}" if weight else "enrollment" for weight in weights]
        yield (
            f"The tiers of {base.letter} count {told[0]}, those of {side.letter} {told[1]}: "
            "they measure different things and have no difference."
        )
    old, new = (problem.order for problem in problems)
    moved = [tier for tier in old if tier in new and old[: old.index(tier)] != new[: new.index(tier)]]
    if moved:
        yield f"With other tiers before them in {side.letter} than in {base.letter}: {', '.join(moved)}."
    if not {beat.officer for beat in base.plan.beats} & {beat.officer for beat in side.plan.beats}:
        yield f"No officer is in both {base.letter} and {side.letter}, so nobody can be said to move."
    elif is_changed and not {"continuity", "moves"} & set(new):
        yield (
            f"{side.letter} was planned afresh, not asked to keep anybody where {base.letter} has them: some "
            "changes may be a choice among equals. With a current plan, the tier continuity or moves keeps them small."
        )
