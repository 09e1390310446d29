"""The plan as a roster in the terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Protocol

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sro_coverage.plan import LIMITS, Beat, Plan, Stop
from sro_coverage.plan.document import TierUnit
from sro_coverage.problem import Campus, Problem

WIDTH = 104
MOST_NAMES = 12


def plain(text: str) -> str:
    """Drop what a terminal would obey rather than show: control and direction marks."""
    return "".join(character for character in text if unicodedata.category(character) not in ("Cc", "Cf"))


def render_text(plan: Plan) -> Group:
    """
    Lay out a plan: every officer's beat, what is covered, and the tiers with their proof.

    Parameters
    ----------
    plan
        With or without beats; an infeasible plan explains itself.
    """
    parts: list[RenderableType] = [Text(plain(plan.problem.title), style="bold"), Text(_subtitle(plan))]
    if plan.has_beats:
        parts += [_roster(plan), _coverage(plan), _tiers(plan)]
    else:
        parts.append(Text(plain(plan.explanation)))
    parts += _remarks(plan)
    return Group(*parts)


def render_validation(problem: Problem) -> Group:
    """Lay out what was read, for the planner to compare with what was meant."""
    levels = sorted({campus.level for campus in problem.campuses})
    table = _table("level", "campuses", "planned", "students", "may be")
    for level in levels:
        campuses = [campus for campus in problem.campuses if campus.level == level]
        states = sorted({", ".join(problem.rule(campus).states) or "uncovered" for campus in campuses})
        planned = [campus for campus in campuses if campus.not_planned is None]
        students = sum(campus.enrollment or 0 for campus in planned)
        table.add_row(level, str(len(campuses)), str(len(planned)), f"{students:,}", " / ".join(states))
    lines = [
        f"{len(problem.officers)} officers, {len(problem.campuses)} campuses on file, "
        f"{len(problem.sites)} places to plan (campuses of one site count once).",
        f"Tiers, in order: {', '.join(problem.order)}.",
    ]
    return Group(
        Text(plain(problem.title), style="bold"),
        *map(Text, lines),
        table,
        *_not_planned(problem.not_planned),
        Text("The plan file and its tables are valid."),
    )


def console(*, stderr: bool = False) -> Console:
    """Give a terminal, or a page of a fixed width where the output goes to a file or a pipe."""
    found = Console(stderr=stderr, highlight=False)
    if not found.is_terminal or found.width > WIDTH:
        found.width = WIDTH
    return found


def _subtitle(plan: Plan) -> str:
    problem = plan.problem
    students = sum(site.enrollment for site in problem.sites)
    count = len(problem.officers)
    planned = sum(len(site.campuses) for site in problem.sites)
    places = f"{planned:,} campus{'es' * (planned != 1)}"
    text = f"{count} officer{'s' * (count != 1)} for {places} with {students:,} students: {plan.status}"
    if plan.method == "large":
        text += "\nToo large for one model: solved by prices and parts, with how near each tier is to its bound."
    near = ", ".join(f"{tier} {gap:g}" for tier in problem.order if (gap := plan.params.gap.of(tier)))
    if near:
        text += f"\nNear enough to the bound, as a share: {near}. Where a tier is not proven, later ones may use it."
    if problem.objective.weight:
        text += f"\nDemand is the column {plain(problem.objective.weight)!r}, not enrollment: the planner's choice."
    return text


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold", show_edge=True)
    for index, name in enumerate(columns):
        is_text = index in (0, len(columns) - 1)
        table.add_column(name, justify="left" if is_text else "right")
    return table


def _roster(plan: Plan) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("role")
    table.add_column("campus", min_width=24)
    table.add_column("level", max_width=12)
    for name in ("students", "on campus\nh/week", "driving\nmin/week", "one way\nmin"):
        table.add_column(name, justify="right")
    campuses = {campus.id: campus for campus in plan.problem.campuses}
    for beat in plan.beats:
        table.add_section()
        for row in _beat_rows(beat, campuses):
            table.add_row(*row)
    return table


def _beat_rows(beat: Beat, campuses: dict[str, Campus]) -> Iterator[list[RenderableType]]:
    name = Text(plain(beat.name), style="bold")
    if not beat.primary:
        yield ["", Text.assemble(name, ": not based anywhere; in these tiers it gains nothing"), "", "", "", "", ""]
        return
    yield ["", name, "", "", "", "", ""]
    yield ["primary", *_place(beat.primary, campuses), f"{beat.primary_hours:.1f}", "", ""]
    for stop in beat.shared:
        yield ["shared", *_place(stop.campuses, campuses), f"{stop.hours:.1f}", *_trip(stop)]
    for stop in beat.on_call:
        yield ["on-call", *_place(stop.campuses, campuses), "", *_trip(stop)]
    hours = f"{beat.primary_hours + beat.shared_hours:.1f}"
    driving = f"{beat.drive_minutes + beat.on_call_minutes:.0f}"
    yield [
        "",
        Text(f"week, primary floor {beat.floor_hours:.1f} h", style="italic"),
        "",
        f"{beat.students:,}",
        hours,
        driving,
        "",
    ]


def _place(ids: tuple[str, ...], campuses: dict[str, Campus]) -> tuple[RenderableType, RenderableType, str]:
    here = [campuses[campus_id] for campus_id in ids]
    names = Text(" + ".join(plain(campus.name) for campus in here))
    levels = Text(", ".join(dict.fromkeys(campus.level.replace("_", " ") for campus in here)))
    return names, levels, f"{sum(campus.enrollment or 0 for campus in here):,}"


def _trip(stop: Stop) -> tuple[str, str]:
    return f"{stop.drive_minutes:.0f}", f"{stop.out_minutes:.1f}"


def _coverage(plan: Plan) -> Table:
    enrollment = {campus.id: campus.enrollment or 0 for campus in plan.problem.campuses}
    table = _table("state", "campuses", "students", "share", "")
    total = sum(enrollment[row.campus] for row in plan.campuses if row.state != "not planned")
    groups = {
        "covered": ("primary", "shared"),
        "  primary": ("primary",),
        "  shared": ("shared",),
        "on-call": ("on-call",),
        "uncovered": ("uncovered",),
    }
    for label, states in groups.items():
        rows = [row for row in plan.campuses if row.state in states]
        students = sum(enrollment[row.campus] for row in rows)
        named = _named(plan, [row.campus for row in rows]) if label == "uncovered" else ""
        remark = "a number to call, nobody scheduled; not counted as covered" if label == "on-call" else named
        share = f"{students / total:.1%}" if total else "-"
        table.add_row(label, str(len(rows)), f"{students:,}", share, Text(remark))
    return table


def _named(plan: Plan, ids: list[str]) -> str:
    rest = f"; and {len(ids) - MOST_NAMES:,} more" if len(ids) > MOST_NAMES else ""
    return "; ".join(_name(plan, campus_id) for campus_id in ids[:MOST_NAMES]) + rest


def _name(plan: Plan, campus_id: str) -> str:
    return next(plain(campus.name) for campus in plan.problem.campuses if campus.id == campus_id)


def _tiers(plan: Plan) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("tier")
    table.add_column("meaning", min_width=24)
    for name in ("this plan", "best", "bound", "gap"):
        table.add_column(name, justify="right")
    table.add_column("proof")
    for number, tier in enumerate(plan.tiers, start=1):
        gap = "?" if tier.gap is None else f"{tier.gap:.2%}"
        bound = "?" if tier.bound is None else amount(tier, tier.bound)
        proof = "optimal" if tier.proven else tier.stopped
        meaning = MEANING[tier.name] + (f", within {tier.tolerance:.0%}" if tier.tolerance else "")
        cells = (f"{number} {tier.name}", meaning, amount(tier, tier.value), amount(tier, tier.best), bound, gap, proof)
        table.add_row(*cells)
    return table


MEANING = {
    "coverage": "fewest students not covered",
    "primary": "most students on primaries",
    "reach": "fewest students uncovered",
    "travel": "fewest driving minutes a week",
    "visibility": "most student-hours above the floor",
    "continuity": "fewest students whose officer changes",
    "balance": "smallest largest beat, in students",
    "moves": "fewest officers who are moved",
}
"""What each tier optimises, in a few words."""


class InUnit(Protocol):
    """Anything counted in a tier's unit."""

    @property
    def unit(self) -> TierUnit:
        """Students, seconds, student-seconds or officers."""


def amount(tier: InUnit, value: int) -> str:
    """Write a tier's number in the unit that people read: students, minutes or student-hours."""
    if tier.unit == "seconds":
        return f"{value / 60:,.1f}"
    return f"{value / 3600 if tier.unit == 'student-seconds' else value:,.0f}"


def _not_planned(campuses: Iterable[Campus]) -> list[RenderableType]:
    lines = [f"{plain(campus.name)} ({campus.id}): {campus.not_planned}" for campus in campuses]
    if not lines:
        return []
    return [Text(f"Not planned ({len(lines)}):"), Padding(Text("\n".join(lines)), (0, 0, 1, 2))]


def _remarks(plan: Plan) -> list[RenderableType]:
    problem = plan.problem
    parts: list[RenderableType] = [*_not_planned(problem.not_planned)]
    estimated = [
        campus for campus in problem.campuses if campus.point_confidence == "low" and campus.not_planned is None
    ]
    if estimated:
        names = "; ".join(plain(campus.name) for campus in estimated)
        parts.append(Text(f"Points that are estimates: {names}."))
    if problem.budget is not None:
        parts.append(Text(_budget(problem)))
    parts += [Text(plain(line)) for line in (f"Travel: {plan.travel}.", *plan.travel_notes)]
    parts.append(Text(LIMITS))
    return parts


def _budget(problem: Problem) -> str:
    budget = problem.budget
    if budget is None:
        return ""
    total = budget.cost_per_officer * len(problem.officers)
    text = f"Cost: {budget.currency} {total:,.2f} a year for {len(problem.officers)} officers"
    if budget.district_share:
        text += (
            f"; the district pays {budget.district_share:.0%}, {budget.currency} {total * budget.district_share:,.2f}"
        )
    return text + "."
