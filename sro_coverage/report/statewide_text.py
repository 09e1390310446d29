"""A state in a few lines on the terminal."""

from __future__ import annotations

from collections import Counter

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sro_coverage.plan import LIMITS
from sro_coverage.plan.document import CampusState
from sro_coverage.report.state_page import OUTCOMES
from sro_coverage.report.text import plain
from sro_coverage.report.wording import duration
from sro_coverage.scenario.store import Figures
from sro_coverage.statewide.statewide import Outcome, StatewideResult

MOST_AGENCIES = 10
MOST_REASONS = 10

_NOT_COVERED: tuple[CampusState, ...] = ("on-call", "uncovered")
_COVERED: tuple[CampusState, ...] = ("primary", "shared")


def render_statewide_text(result: StatewideResult) -> Group:
    """
    Lay out what the state comes to, and the agencies that need a look first; the rest is in the table's file.

    Parameters
    ----------
    result
        Whole or not.
    """
    known = [(outcome, outcome.figures) for outcome in result.outcomes]
    shown = [(outcome, figures) for outcome, figures in known if figures is not None]
    found = [figures for _, figures in shown]
    statuses = Counter(outcome.status for outcome in result.outcomes)
    told = ", ".join(
        f"{statuses[status]:,} {label}" for status, label in reversed(OUTCOMES.items()) if statuses[status]
    )
    count, officers = len(result.outcomes), sum(figures.officers for figures in found)
    parts: list[RenderableType] = [
        Text(plain(result.state.title), style="bold"),
        Text(f"{count:,} agenc{'ies' if count != 1 else 'y'} with {officers:,} officers: {told}"),
    ]
    if found:
        parts += [_states(found), Text(_driving(found) + "\n"), _agencies(shown)]
    parts += [*_without_plan(result.outcomes), Text(LIMITS)]
    return Group(*parts)


def _states(found: list[Figures]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    for name in ("state", "campuses", "students", "share"):
        table.add_column(name, justify="left" if name == "state" else "right")
    groups: dict[str, tuple[CampusState, ...]] = {
        "covered": _COVERED,
        "  primary": ("primary",),
        "  shared": ("shared",),
        "on-call": ("on-call",),
        "uncovered": ("uncovered",),
        "not planned": ("not planned",),
    }
    total = sum(_students(figures, (*_COVERED, *_NOT_COVERED)) for figures in found)
    for label, states in groups.items():
        campuses = sum(figures.campuses[state] for figures in found for state in states)
        students = sum(_students(figures, states) for figures in found)
        share = f"{students / total:.1%}" if total and label != "not planned" else ""
        if campuses or label != "not planned":
            table.add_row(label, f"{campuses:,}", f"{students:,}", share)
    return table


def _driving(found: list[Figures]) -> str:
    scheduled, on_call = (
        duration(sum(getattr(figures, name) for figures in found)) for name in ("drive_minutes", "on_call_minutes")
    )
    line = f"Driving a week: {scheduled} to shared campuses, {on_call} expected to on-call ones."
    costs: Counter[str] = Counter()
    known = [figures for figures in found if figures.cost is not None]
    for figures in known:
        costs[figures.currency or ""] += round(figures.cost or 0)
    cost = " and ".join(f"{plain(currency)} {total:,}" for currency, total in costs.items())
    officers = sum(figures.officers for figures in known)
    return f"{line}\nCost of the {officers:,} officers for whom it is known: {cost} a year." if cost else line


def _agencies(shown: list[tuple[Outcome, Figures]]) -> RenderableType:
    """Put those first that have the most students who are not covered."""
    shown = sorted(shown, key=lambda pair: -_students(pair[1], _NOT_COVERED))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("agency", no_wrap=True, max_width=25)
    for name in ("officers", "students", "covered", "share", "on-call", "uncovered"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("proof", no_wrap=True)
    for outcome, figures in shown[:MOST_AGENCIES]:
        students = _students(figures, (*_COVERED, *_NOT_COVERED))
        covered = _students(figures, _COVERED)
        table.add_row(
            Text(plain(outcome.agency.name)),
            f"{figures.officers:,}",
            f"{students:,}",
            f"{covered:,}",
            f"{covered / students:.1%}" if students else "-",
            f"{figures.students['on-call']:,}",
            f"{figures.students['uncovered']:,}",
            OUTCOMES[outcome.status],
        )
    rest = len(shown) - MOST_AGENCIES
    title = Text("Agencies, those with the most students not covered first:")
    return Group(title, table, Text(f"… and {rest:,} more, in agencies.csv\n" if rest > 0 else ""))


def _students(figures: Figures, states: tuple[CampusState, ...]) -> int:
    return sum(figures.students[state] for state in states)


def _without_plan(outcomes: tuple[Outcome, ...]) -> list[RenderableType]:
    lines = [
        f"{plain(outcome.agency.name)}: {OUTCOMES[outcome.status]}. {plain(outcome.reason)}"
        for outcome in outcomes
        if outcome.is_without_plan
    ]
    if not lines:
        return []
    rest = [f"… and {len(lines) - MOST_REASONS:,} more, in agencies.csv"] if len(lines) > MOST_REASONS else []
    text = Text("\n".join([*lines[:MOST_REASONS], *rest]))
    return [Text(f"Without a plan ({len(lines):,}):"), Padding(text, (0, 0, 1, 2))]
