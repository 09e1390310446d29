"""Plans beside each other in the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sro_coverage.plan import LIMITS
from sro_coverage.plan.cells import guarded
from sro_coverage.report.compare_words import (
    CHANGES,
    FLOW_NAMES,
    Row,
    by_change,
    figures,
    flow_parts,
    headline,
    hours_of,
    primary_of,
    proofs,
    remarks_of,
    state_of,
    students_of,
    tiers,
)
from sro_coverage.report.text import plain
from sro_coverage.scenario.comparison import Comparison, OfficerChange, Side, Versus

MOST_WIDE = 3
"""With more plans than this, differences stand below the values."""

MOST_ROWS = 60
"""A terminal lists no more changed campuses than this; the CSV lists all."""


def render_comparison(comparison: Comparison) -> Group:
    """
    Lay out a comparison: what was compared, the figures side by side, then each plan against the base.

    Parameters
    ----------
    comparison
        Plans without beats have their place and say why there is nothing to compare.
    """
    base = comparison.base
    told = "every difference is against A" if base.totals else "A holds no plan, so nothing can be compared with it"
    parts: list[RenderableType] = [Text(f"Plans compared; {told}", style="bold"), _sides(comparison)]
    if base.explanation:
        parts.append(_paragraph(f"A: {base.explanation}"))
    parts += [_figures(comparison), _tiers(comparison)]
    parts.append(_paragraph(" ".join(proofs(comparison))))
    for versus in comparison.others:
        parts += _versus(comparison, versus)
    parts.append(Text(LIMITS))
    return Group(*parts)


def _table(*columns: str, text_columns: int = 1) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    for index, name in enumerate(columns):
        table.add_column(name, justify="left" if index < text_columns else "right")
    return table


def _paragraph(text: str) -> Padding:
    return Padding(Text(plain(text)), (0, 0, 1, 0))


def _sides(comparison: Comparison) -> Table:
    table = _table("", "plan", "officers", "campuses", "students", "result", "plan no.")
    table.columns[1].justify = table.columns[5].justify = "left"
    for side in comparison.sides:
        problem = side.plan.problem
        planned = [campus for site in problem.sites for campus in site.campuses]
        table.add_row(
            Text(side.letter, style="bold"),
            Text(plain(side.name)),
            f"{len(problem.officers):,}",
            f"{len(planned):,}",
            f"{sum(campus.enrollment or 0 for campus in planned):,}",
            side.status,
            side.digest[:12],
        )
    return table


def _figures(comparison: Comparison) -> Table:
    table = _side_by_side(comparison, "")
    for row in figures(comparison):
        table.add_row(row.label, *_cells(row, has_columns=_has_columns(comparison)))
    return table


def _tiers(comparison: Comparison) -> Table:
    table = _side_by_side(comparison, "tiers, in order")
    for row in tiers(comparison):
        table.add_row(row.label, *_cells(row, has_columns=_has_columns(comparison)))
    return table


def _side_by_side(comparison: Comparison, title: str) -> Table:
    """Make columns for all plans; the differences have their own where there is room."""
    letters = [side.letter for side in comparison.sides]
    if _has_columns(comparison):
        differences = (f"{letter} - {letters[0]}" for letter in letters[1:])
        letters[1:] = [name for pair in zip(letters[1:], differences, strict=True) for name in pair]
    return _table(title, *letters)


def _has_columns(comparison: Comparison) -> bool:
    """Tell whether differences have columns of their own: there are some, and there is room."""
    return comparison.base.totals is not None and len(comparison.sides) <= MOST_WIDE


def _cells(row: Row, *, has_columns: bool) -> Iterator[Text]:
    """Write each value with what is said of it, and the differences beside or below."""
    notes = row.notes or ("",) * len(row.values)
    for number, (value, note) in enumerate(zip(row.values, notes, strict=True)):
        cell = Text(plain(value))
        if note not in ("", "proven"):
            cell.append(f"\n{note}")
        difference = row.differences[number - 1].replace("−", "-") if number else ""
        if has_columns:
            yield from (cell, Text(difference, style="bold")) if number else (cell,)
        else:
            yield cell.append(f"\n{difference}" if difference else "", style="bold")


def _versus(comparison: Comparison, versus: Versus) -> Iterator[RenderableType]:
    side = versus.side
    title = f"{side.letter} against {comparison.base.letter}: {plain(side.name)}"
    yield Text(title, style="bold underline")
    yield _paragraph("; ".join(headline(comparison, versus)) + ".")
    yield from _asked(comparison.base, versus)
    if side.explanation:
        yield _paragraph(side.explanation)
    if versus.flows:
        yield _flows(versus)
    if versus.officers:
        yield _officers(comparison, versus)
    if versus.campuses:
        yield _campuses(comparison, versus)
    for remark in remarks_of(comparison, versus):
        yield _paragraph(remark)


def _asked(base: Side, versus: Versus) -> Iterator[RenderableType]:
    if not versus.asked:
        yield _paragraph("The same question was asked: officers, campuses and rules are the same.")
        return
    table = _table("what is asked differently", base.letter, versus.side.letter, text_columns=3)
    for difference in versus.asked:
        table.add_row(*(Text(plain(text)) for text in (difference.key, difference.before, difference.after)))
    yield table


def _flows(versus: Versus) -> Table:
    table = _table("students with", "before", "after", "because")
    table.columns[3].justify = "left"
    for flow in sorted(versus.flows, key=lambda flow: list(FLOW_NAMES).index(flow.kind)):
        because = ", ".join(flow_parts(flow)).replace("−", "-") or "no change"
        table.add_row(FLOW_NAMES[flow.kind], f"{flow.before:,}", f"{flow.after:,}", because)
    return table


def _officers(comparison: Comparison, versus: Versus) -> Table:
    table = _table("officer", "primary", "gives up", "takes on", text_columns=4)
    names = {campus: plain(name) for campus, name in comparison.campus_names.items()}
    for change in versus.officers:
        table.add_section()
        primary = primary_of(change, names, comparison.base.letter, versus.side.letter)
        style = "" if change.change == "keeps the primary" else "bold"
        told = "\n".join(filter(None, (primary, hours_of(change))))
        table.add_row(Text(plain(change.name), style=style), Text(told, style=style), *_taken(change, names))
    return table


def _taken(change: OfficerChange, names: dict[str, str]) -> Iterator[Text]:
    for shared, on_call in (
        (change.shared_lost, change.on_call_lost),
        (change.shared_gained, change.on_call_gained),
    ):
        told = [names[campus] for campus in shared] + [f"{names[campus]} (to call)" for campus in on_call]
        yield Text("\n".join(told))


def _campuses(comparison: Comparison, versus: Versus) -> Table:
    base, side = comparison.base.letter, versus.side.letter
    table = _table("campus that changes", "students", base, side, text_columns=1)
    table.columns[2].justify = table.columns[3].justify = "left"
    officers, shown = comparison.officer_names, 0
    for kind, changes in by_change(versus):
        table.add_section()
        table.add_row(Text(f"{CHANGES[kind]} ({len(changes)})", style="bold"))
        for change in changes[: max(0, MOST_ROWS - shown)]:
            states = (state_of(change, officers, is_after=is_after) for is_after in (False, True))
            told = (change.name, students_of(change), *states)
            table.add_row(*(Text(plain(text)) for text in told))
        shown += len(changes)
    if shown > MOST_ROWS:
        table.add_row(Text(f"… and {shown - MOST_ROWS:,} more; --csv lists all", style="italic"))
    return table


def comparison_csv(comparison: Comparison) -> str:
    """
    Write one row for each campus and each plan that is compared with the base, changed or not.

    Texts that a spreadsheet would take for a formula get an apostrophe in front.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for versus in comparison.others:
        for row in _csv_rows(comparison, versus):
            writer.writerow({name: guarded(value) for name, value in row.items()})
    return out.getvalue()


_COLUMNS = (
    *("base", "plan", "campus", "name", "level", "change", "students_before", "students_after"),
    *("state_before", "state_after", "officers_before", "officers_after", "hours_before", "hours_after"),
)


def _csv_rows(comparison: Comparison, versus: Versus) -> Iterator[dict[str, object]]:
    changes = {change.campus: change.change for change in versus.campuses}
    before, after = ({row["campus"]: row for row in side.plan.rows()} for side in (comparison.base, versus.side))
    for campus in sorted(before.keys() | after.keys()):
        old, new = before.get(campus, {}), after.get(campus, {})
        pairs = {
            f"{name}_{when}": row.get(source)
            for name, source in (
                ("students", "enrollment"),
                ("state", "state"),
                ("officers", "officers"),
                ("hours", "hours_per_week"),
            )
            for when, row in (("before", old), ("after", new))
        }
        yield {
            "base": comparison.base.name,
            "plan": versus.side.name,
            "campus": campus,
            "name": (new or old)["name"],
            "level": (new or old)["level"],
            "change": changes.get(campus, ""),
            **pairs,
        }
