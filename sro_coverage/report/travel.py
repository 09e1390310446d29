"""What a planner reads about travel times, and where a straight line would have decided otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sro_coverage.plan import Plan
from sro_coverage.problem import Problem
from sro_coverage.report.text import plain
from sro_coverage.travel import TravelTimes

LARGEST = 10


def render_travel(problem: Problem, times: TravelTimes) -> Group:
    """Lay out where the times come from and how far they reach."""
    summary = f"{len(times.out_s):,} ordered pairs of {len(problem.sites):,} places are within reach"
    if len(times.out_s):
        summary += f"; median {np.median(times.out_s) / 60:.1f} min, longest {times.out_s.max() / 60:.1f} min"
    lines = (f"{times.source}.", f"{summary}.", *times.notes)
    return Group(Text(plain(problem.title), style="bold"), *(Text(plain(line)) for line in lines))


def differences(problem: Problem, times: TravelTimes, straight: TravelTimes) -> list[dict[str, Any]]:
    """
    Compare two sets of travel times pair by pair.

    Returns
    -------
    list of dict
        ``from``, ``to``, ``minutes``, ``straight_minutes`` and ``difference`` for every ordered pair
        within reach of either, largest difference first; a pair out of reach has None and comes before.
    """
    rows = []
    for origin in range(len(problem.sites)):
        ends = set(times.destination[times.row(origin)]) | set(straight.destination[straight.row(origin)])
        for end in sorted(map(int, ends)):
            ours, theirs = times.trip(origin, end), straight.trip(origin, end)
            minutes, straight_minutes = (None if trip is None else trip[0] / 60 for trip in (ours, theirs))
            known = minutes is not None and straight_minutes is not None
            rows.append(
                {
                    "from": problem.sites[origin].name,
                    "to": problem.sites[end].name,
                    "minutes": minutes,
                    "straight_minutes": straight_minutes,
                    "difference": minutes - straight_minutes if known else None,  # type: ignore[operator]
                }
            )
    return sorted(rows, key=_largest_first)


def _largest_first(row: dict[str, Any]) -> tuple[bool, float]:
    """Pairs within reach of one only come first, the nearest of them before the others."""
    if row["difference"] is None:
        return False, row["minutes"] or row["straight_minutes"] or 0
    return True, -abs(row["difference"])


def changed_campuses(plan: Plan, straight: Plan) -> list[dict[str, Any]]:
    """
    Give the campuses that a straight-line plan treats otherwise.

    Returns
    -------
    list of dict
        ``campus``, ``students``, and for each plan the state and where its officer is based.
    """
    ours, theirs = _served(plan), _served(straight)
    facts = {campus.id: campus for campus in plan.problem.campuses}
    return [
        {"campus": facts[name].name, "students": facts[name].enrollment, "now": now, "straight": theirs[name]}
        for name, now in ours.items()
        if theirs and now != theirs[name]
    ]


def _served(plan: Plan) -> dict[str, str]:
    """Say for each campus its state and the primary of its officer; officers' names may differ between plans."""
    names = {campus.id: campus.name for campus in plan.problem.campuses}
    base = {
        campus_id: names[beat.primary[0]]
        for beat in plan.beats
        for stop in (*beat.shared, *beat.on_call)
        for campus_id in stop.campuses
    }
    return {
        row.campus: f"{row.state} from {base[row.campus]}" if row.campus in base else row.state for row in plan.campuses
    }


def render_comparison(plan: Plan, straight: Plan, rows: list[dict[str, Any]]) -> Group:
    """Lay out how much the times differ and what that changes in the plan."""
    known = [row for row in rows if row["difference"] is not None]
    ratio = (
        np.median([row["minutes"] / row["straight_minutes"] for row in known if row["straight_minutes"]])
        if known
        else 1
    )
    lost = sum(row["minutes"] is None for row in rows)
    won = sum(row["straight_minutes"] is None for row in rows)
    summary = (
        f"Compared with the default straight line: {len(known):,} pairs in both, median ratio {ratio:.2f}; "
        f"{lost:,} pairs are within reach only as the crow flies, {won:,} only by these times."
    )
    parts: list[RenderableType] = [Text(summary), _pairs(rows[:LARGEST])]
    if not (plan.has_beats and straight.has_beats):
        lines = (f"With these times: {plan.status}. {plan.explanation}", f"By the straight line: {straight.status}.")
        return Group(*parts, *(Text(plain(line)) for line in lines))
    changed = changed_campuses(plan, straight)
    if not changed:
        parts.append(Text("Both plans assign every campus alike."))
    else:
        students = sum(row["students"] or 0 for row in changed)
        parts.append(Text(f"The plans treat {len(changed)} campuses with {students:,} students otherwise:"))
        parts.append(_changes(changed))
    for tier, other in zip(plan.tiers, straight.tiers, strict=True):
        if tier.unit == "students" and tier.value != other.value:
            parts.append(Text(f"{tier.name}: {tier.value:,} students, {other.value:,} by the straight line."))
    if {plan.status, straight.status} != {"optimal"}:
        parts.append(
            Text(f"Not both plans are proven ({plan.status}; straight line {straight.status}): read this with care.")
        )
    return Group(*parts)


def _pairs(rows: list[dict[str, Any]]) -> Table:
    table = Table("from", "to", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("minutes", "straight line", "difference"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(Text(plain(row[end])) for end in ("from", "to")), *_minutes(row))
    return table


def _minutes(row: dict[str, Any]) -> tuple[str, str, str]:
    here, straight = ("beyond" if row[name] is None else f"{row[name]:.1f}" for name in ("minutes", "straight_minutes"))
    return here, straight, "" if row["difference"] is None else f"{row['difference']:+.1f}"


def _changes(rows: list[dict[str, Any]]) -> Table:
    table = Table("campus", "with these times", "by the straight line", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(plain(row[name])) for name in ("campus", "now", "straight")))
    return table
