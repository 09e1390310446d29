"""What each number of officers can do, as tables in the terminal, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sro_coverage.explain.frontier import Frontier, Row, Smallest, Step
from sro_coverage.explain.goals import CampusGoal, Goal
from sro_coverage.plan import LIMITS, Tier
from sro_coverage.plan.cells import guarded
from sro_coverage.problem import Problem, TierName
from sro_coverage.report.text import WIDTH, amount, plain

HEADS: dict[TierName, str] = {
    "coverage": "students\nnot covered",
    "primary": "students on\nprimaries",
    "reach": "students\nuncovered",
    "travel": "driving\nmin/week",
    "visibility": "student-h\nabove floor",
    "continuity": "students,\nnew officer",
    "balance": "students,\nlargest beat",
    "moves": "officers\nmoved",
}
"""What a tier counts, as the head of a column."""

BOUGHT: dict[TierName, str] = {
    "coverage": "more students covered",
    "primary": "more students on primaries",
    "reach": "fewer students uncovered",
    "travel": "less driving",
    "visibility": "more time on primaries",
    "continuity": "fewer students with a new officer",
    "balance": "a smaller largest beat",
    "moves": "fewer officers moved",
}
"""What it means that a tier is better."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its head and one cell for each row."""

    head: str
    cells: list[str]
    justify: Literal["left", "right"] = "right"

    @property
    def width(self) -> int:
        """Characters that it takes, with the space beside it."""
        return max(map(len, (*self.head.splitlines(), *self.cells))) + 3


def render_frontier(result: Frontier) -> Group:
    """Lay out the best of each tier by number of officers, what one more buys, and the goal."""
    problem = result.problem
    count = len(problem.officers)
    parts: list[RenderableType] = [
        Text(f"{plain(problem.title)}: what more or fewer officers would do", style="bold"),
        Text(f"Now {_officers(count)}; {len(problem.sites):,} places to plan."),
    ]
    if any(row.tiers for row in result.rows):
        parts += [*_bests(result), *_notes(result)]
    if result.steps:
        parts += [*_steps(result), *map(_paragraph, (_reading(result), *idle_lines(result)))]
    parts += [_paragraph(text) for text in _without_plan(result.rows)]
    if result.smallest:
        parts += [Text("Goal", style="bold"), *(Text(plain(line)) for line in goal_lines(result)), Text()]
    travel = (f"Travel: {result.base.plan.travel}.", *result.base.plan.travel_notes)
    parts += [Text(plain(remark)) for remark in (*result.remarks, *travel)]
    parts.append(Text(LIMITS))
    return Group(*parts)


def _reading(result: Frontier) -> str:
    tolerance = result.problem.objective.tolerance
    given = (f"{tolerance.of(name):.0%} of {name}" for name in _order(result) if tolerance.of(name))
    text = (
        "Each number is the best of its tier with the tiers to its left held. What an officer buys is the first tier "
        "that gets better; the tiers after it then meet firmer demands and may get worse."
    )
    return " ".join([text, *(f"A plan may give up {part} for the tiers after it." for part in given)])


def idle_lines(result: Frontier) -> tuple[str, ...]:
    """Say where one more officer buys nothing."""
    return tuple(
        f"With {_range(first, last - 1)} officer{'s' * (last > 2)}, one more buys nothing: no tier gets better, proven."
        for first, last in idle_spans(result)
    )


def idle_spans(result: Frontier) -> list[tuple[int, int]]:
    """Give the first and the last number of officers of each run of steps that buy nothing."""
    spans: list[tuple[int, int]] = []
    for step in result.steps:
        if step.buys is False and spans and spans[-1][1] == step.officers:
            spans[-1] = (spans[-1][0], step.officers + 1)
        elif step.buys is False:
            spans.append((step.officers, step.officers + 1))
    return spans


def share_covered(result: Frontier, tier: Tier) -> float:
    """Give the share of the demand that is covered, of the coverage tier's best."""
    demand = sum(site.demand for site in result.problem.sites)
    return 1 - tier.best / demand if demand else 0.0


def goal_lines(result: Frontier) -> tuple[str, ...]:
    """Say what the goals are, how many officers they need, and how sure that is."""
    smallest = result.smallest
    if smallest is None:
        return ()
    asked = (f"{goal.words}{_about(goal, result.problem)}" for goal in smallest.goals)
    text = "; ".join(asked)
    return (f"{text[:1].upper()}{text[1:]}.", *_answer(smallest))


def verdict(smallest: Smallest) -> str:
    """Say in a few words how many officers the goals need."""
    if smallest.officers is None:
        return "no number of officers meets it" if smallest.proven else "not known whether any number meets it"
    few = _officers(smallest.officers)
    if smallest.proven:
        return f"met from {few} on"
    return f"met from {few} on; {_range(smallest.too_few + 1, smallest.officers - 1)} not settled"


def _about(goal: Goal, problem: Problem) -> str:
    if not isinstance(goal, CampusGoal):
        return ""
    places = len(goal.sites(problem))
    return f" ({places:,} place{'s' * (places != 1)})"


def _answer(smallest: Smallest) -> Iterator[str]:
    most = f"with up to {_officers(smallest.most)}, one for each post"
    if smallest.officers is None:
        if smallest.proven:
            yield f"No number of officers meets it, {most}. Why:"
            yield from (f"  {reason}." for reason in smallest.reasons)
        else:
            yield f"Not known whether any number of officers meets it, {most}: the time was too short to tell."
        return
    yield f"{_officers(smallest.officers)} {'meets' if smallest.officers == 1 else 'meet'} it." + _proof(smallest)
    if smallest.plan and smallest.plan.has_beats:
        values = ", ".join(f"{amount(tier, tier.value)} {_head(tier.name)}" for tier in smallest.plan.tiers)
        yield (
            f"The tables say whether so many officers can meet it; their plans were not asked to. "
            f"One with {_officers(smallest.officers)} that does: {values}."
        )


def _proof(smallest: Smallest) -> str:
    number = smallest.officers or 0
    if smallest.proven:
        return f" {_officers(number - 1)} cannot: proven." if number > 1 else ""
    doubt = f" Whether {_range(smallest.too_few + 1, number - 1)} can is not settled: the time was too short."
    return doubt + (f" {_officers(smallest.too_few)} cannot: proven." if smallest.too_few else "")


def _range(first: int, last: int) -> str:
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _officers(count: int) -> str:
    return f"{count:,} officer{'s' * (count != 1)}"


def _head(name: TierName) -> str:
    return HEADS[name].replace("\n", " ")


def _tables(columns: list[Column]) -> Iterator[Table]:
    """Lay out columns in as many tables as the width asks for; the first column stands in each."""
    first, *rest = columns
    while rest:
        shown = [first, rest.pop(0)]
        while rest and sum(column.width for column in (*shown, rest[0])) <= WIDTH + 1:
            shown.append(rest.pop(0))
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
        for column in shown:
            table.add_column(Text(column.head), justify=column.justify)
        for cells in zip(*(column.cells for column in shown), strict=True):
            table.add_row(*cells)
        yield table


def _order(result: Frontier) -> tuple[TierName, ...]:
    """Tiers of every row; a roster whose present plan is gone has no continuity."""
    return tuple(dict.fromkeys(tier.name for row in result.rows for tier in row.tiers))


def _bests(result: Frontier) -> Iterator[Table]:
    rows = [row for row in result.rows if row.tiers]
    now = len(result.problem.officers)
    columns = [Column("officers", [f"{'now ' * (row.officers == now)}{row.officers:,}" for row in rows])]
    for name in _order(result):
        tiers = [_tier(row, name) for row in rows]
        columns.append(Column(HEADS[name], [_best(tier) if tier else "" for tier in tiers]))
        if name == "coverage":
            shares = [f"{share_covered(result, tier):.1%}" if tier else "" for tier in tiers]
            columns.append(Column("share\ncovered", shares))
    if budget := result.problem.budget:
        costs = [f"{budget.cost_per_officer * row.officers:,.0f}" for row in rows]
        columns.append(Column(f"cost a\nyear, {plain(budget.currency)[:12]}", costs))
    if smallest := result.smallest:
        columns.append(Column("goal\nmet?", [_truth(smallest.is_met_by(row.officers)) for row in rows]))
    return _tables(columns)


def _tier(row: Row, name: TierName) -> Tier | None:
    return next((tier for tier in row.tiers if tier.name == name), None)


def _best(tier: Tier) -> str:
    return amount(tier, tier.best) + "*" * (not tier.proven)


def _truth(value: bool | None) -> str:
    return "?" if value is None else "yes" if value else "no"


def _notes(result: Frontier) -> Iterator[RenderableType]:
    """Say how far numbers with a star can be from the best."""
    lines = [
        f"{_officers(row.officers)}, {_head(tier.name)}: {amount(tier, tier.best)}, "
        + ("no bound known" if tier.bound is None else f"and no plan is better than {amount(tier, tier.bound)}")
        + f" ({tier.stopped})"
        for row in result.rows
        for tier in row.tiers
        if not tier.proven
    ]
    if lines:
        yield _paragraph("\n".join(["* not proven to be the best:", *(f"  {line}" for line in lines)]))


def _steps(result: Frontier) -> Iterator[Table]:
    steps = result.steps
    some = {tier.name: tier for row in result.rows for tier in row.tiers}
    columns = [Column("one more", [f"{step.officers:,} -> {step.officers + 1:,}" for step in steps])]
    columns += [
        Column(HEADS[name], [_signed(some[name], step.gains[name]) if name in step.gains else "" for step in steps])
        for name in _order(result)
    ]
    columns.append(Column("what that officer buys", [bought(step) for step in steps], "left"))
    return _tables(columns)


def bought(step: Step) -> str:
    """Say what one more officer buys."""
    if step.first:
        return BOUGHT[step.first]
    return "nothing" if step.buys is False else "not known"


def _signed(tier: Tier, gain: int) -> str:
    text = amount(tier, abs(gain))
    return text if not gain else f"{'+' if gain > 0 else '-'}{text}"


def _without_plan(rows: tuple[Row, ...]) -> Iterator[str]:
    """Say for which numbers there is no plan, and why."""
    missing = (row for row in rows if not row.tiers)
    for (status, reason), group in groupby(missing, key=lambda row: (row.status, row.reason)):
        numbers = [row.officers for row in group]
        text = _officers(numbers[0]) if len(numbers) == 1 else f"{_range(numbers[0], numbers[-1])} officers"
        yield f"{text}: {status}. {reason[:1].upper()}{reason[1:]}".rstrip(". ") + "."


def _paragraph(text: str) -> Padding:
    return Padding(Text("\n".join(map(plain, text.splitlines()))), (0, 0, 1, 0))


def frontier_csv(result: Frontier) -> str:
    """
    Write one row for each number of officers; the columns of steps tell of one officer more than that.

    Seconds and student-seconds stand as they are. Texts that a spreadsheet would take for a formula get an
    apostrophe in front.
    """
    rows = [dict(_cells(result, row)) for row in result.rows]
    columns = dict.fromkeys(column for row in rows for column in row)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cells(result: Frontier, row: Row) -> Iterator[tuple[str, Any]]:
    step = next((step for step in result.steps if step.officers == row.officers), None)
    some = {tier.name: tier for other in result.rows for tier in other.tiers}
    yield from (("officers", row.officers), ("status", row.status), ("reason", row.reason))
    for name in _order(result):
        tier = _tier(row, name)
        unit = some[name].unit.replace("-", "_")
        yield f"{name}_{unit}", tier.best if tier else None
        if name == "coverage":
            yield "share_covered", round(share_covered(result, tier), 4) if tier else None
        yield f"{name}_bound", tier.bound if tier else None
        yield f"{name}_stopped", tier.stopped if tier else None
        yield f"{name}_one_more", step.gains.get(name) if step else None
    yield "one_more_buys", bought(step) if step else None
    if result.smallest:
        yield "goal_can_be_met", _truth(result.smallest.is_met_by(row.officers)) if row.status != "impossible" else None
    if budget := result.problem.budget:
        yield from (("cost", budget.cost_per_officer * row.officers), ("currency", budget.currency))


def frontier_json(result: Frontier) -> str:
    """Write everything; the same answer gives the same bytes."""
    content = {
        "title": result.problem.title,
        "officers": len(result.problem.officers),
        "travel": result.base.plan.travel,
        "travel_notes": result.base.plan.travel_notes,
        "params": result.base.params.model_dump(mode="json"),
        "rows": [
            {
                "officers": row.officers,
                "status": row.status,
                "reason": row.reason,
                "plan": row.plan.digest if row.plan else None,
                "tiers": _dumped(row.tiers),
            }
            for row in result.rows
        ],
        "steps": [vars(step) for step in result.steps],
        "goal": _goal(result),
        "remarks": result.remarks,
        "notice": LIMITS,
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _goal(result: Frontier) -> dict[str, Any] | None:
    smallest = result.smallest
    if smallest is None:
        return None
    return {
        "asked": [{"goal": str(goal), "means": goal.words} for goal in smallest.goals],
        "officers": smallest.officers,
        "too_few": smallest.too_few,
        "most": smallest.most,
        "proven": smallest.proven,
        "reasons": smallest.reasons,
        "plan": smallest.plan.digest if smallest.plan else None,
        "tiers": _dumped(smallest.plan.tiers if smallest.plan else ()),
    }


def _dumped(tiers: tuple[Tier, ...]) -> list[dict[str, Any]]:
    return [{**tier.model_dump(mode="json"), "proven": tier.proven} for tier in tiers]
