"""Who gets how many funded officers, as a table in the terminal and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sro_coverage.plan import LIMITS
from sro_coverage.plan.cells import guarded
from sro_coverage.report.allocate_words import (
    BASED,
    READING,
    cell,
    headline,
    in_order,
    margins,
    officers,
    proof,
    remarks,
)
from sro_coverage.report.text import WIDTH, plain
from sro_coverage.statewide.allocate import Allocation, Part

MOST_ROWS = 20
STAR = "* Not proven: the time was too short for one of the plans behind this number."
_NARROWEST = 16


@dataclass(frozen=True)
class _Column:
    head: str
    cell: Callable[[Part], str]
    total: str = ""


def render_allocation(result: Allocation) -> Group:
    """Lay out who gets how many, what that does, and what one officer less and more would change."""
    parts: list[RenderableType] = [
        Text(f"{plain(result.title)}: {officers(result.officers, 'funded')}", style="bold"),
        Text(headline(result)),
        Text(proof(result)),
        _table(result),
        *_notes(result),
        *(Text(line) for line in margins(result)),
        Text(),
        *(Text(line) for line in remarks(result)),
        Text(READING),
        Text(LIMITS),
    ]
    return Group(*parts)


def _table(result: Allocation) -> Table:
    """Lay out those who get some, and of the others those who would have most use of one."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold", show_footer=True)
    ordered = in_order(result)
    shown, columns = ordered[:MOST_ROWS], list(_columns(result))
    texts = [(*column.head.splitlines(), column.total, *map(column.cell, shown)) for column in columns]
    widths = [max(map(len, cells)) for cells in texts]
    name = max(WIDTH - 4 - sum(width + 3 for width in widths), _NARROWEST)
    table.add_column("\nagency", footer="all agencies", no_wrap=True, max_width=name)
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column.head, footer=column.total, justify="right", min_width=width)
    for part in shown:
        table.add_row(Text(plain(part.name)), *(column.cell(part) for column in columns))
    rest = ordered[MOST_ROWS:]
    if rest:
        table.add_row(Text(f"… and {len(rest):,} more", style="italic"), "", f"{sum(part.funded for part in rest):,}")
    return table


def _notes(result: Allocation) -> Iterator[Text]:
    """Explain the signs that stand in the table."""
    shown = in_order(result)[:MOST_ROWS]
    if not all(part.is_proven for part in shown):
        yield Text(STAR)
    if any(cell(part.following).endswith(" based") for part in shown):
        yield Text(BASED)


def _columns(result: Allocation) -> Iterator[_Column]:
    parts, gained = result.parts, result.after[0] - result.before[0]
    yield _Column("has\nnow", lambda part: f"{part.now:,}", f"{sum(part.now for part in parts):,}")
    yield _Column("\nfunded", lambda part: f"{part.funded:,}", f"{result.given:,}")
    if any(part.own for part in parts):
        yield _Column("own\nadded", lambda part: f"{part.own:,}", f"{sum(part.own for part in parts):,}")
    yield _Column("\nstudents", lambda part: f"{part.students:,}", f"{sum(part.students for part in parts):,}")
    yield _Column("covered\nnow", lambda part: f"{part.before[0]:,}", f"{result.before[0]:,}")
    yield _Column("covered\nthen", lambda part: _marked(part, f"{part.after[0]:,}"), f"{result.after[0]:,}")
    yield _Column("each\nadds", lambda part: _each(part.funded, part.gained[0]), _each(result.given, gained))
    yield _Column("one more\nwould add", lambda part: _marked(part, cell(part.following, part.full)))


def _marked(part: Part, text: str) -> str:
    return text + "*" * (not part.is_proven)


def _each(funded: int, gained: int) -> str:
    return f"{gained / funded:,.0f}" if funded else "-"


def allocation_csv(result: Allocation) -> str:
    """
    Write one row for each agency, in the order of their table, those that are left out last.

    Texts that a spreadsheet would take for a formula get an apostrophe in front.
    """
    out = io.StringIO()
    rows = [_row(part) for part in result.parts]
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    rows += [{"name": name, "remark": f"left out: {reason}"} for name, reason in result.left_out]
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _row(part: Part) -> dict[str, object]:
    covered, based = part.following or ("", "")
    return {
        "agency": part.agency,
        "name": part.name,
        "officers_now": part.now,
        "funded": part.funded,
        "own_added": part.own,
        "officers_then": part.officers,
        "students": part.students,
        "covered_now": part.before[0],
        "covered_then": part.after[0],
        "covered_more": part.gained[0],
        "covered_more_per_funded": round(part.gained[0] / part.funded, 1) if part.funded else "",
        "on_primaries_now": part.before[1],
        "on_primaries_then": part.after[1],
        "next_covers": covered,
        "next_on_primaries": based,
        "proven": str(part.is_proven).lower(),
        "funded_min": part.terms.funded_min,
        "funded_max": "" if part.terms.funded_max is None else part.terms.funded_max,
        "match": part.terms.match,
        "own_max": "" if part.terms.own_max is None else part.terms.own_max,
        "remark": "; ".join(filter(None, (part.full, *part.reasons))),
    }
