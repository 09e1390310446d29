"""Distances from standards as a table in the terminal, as JSON and as a list of campuses."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sro_coverage.mandate import NOTICE, Distance
from sro_coverage.mandate.lens import Given
from sro_coverage.plan.cells import guarded
from sro_coverage.report.text import plain

_STATES: tuple[Given, ...] = ("based", "shared", "none")


def render_distances(title: str, distances: Sequence[Distance]) -> Group:
    """
    Lay out each standard's need beside what there is, then every pack's words, date and source.

    Parameters
    ----------
    title
        Of the plan, or the name of the table.
    """
    asking = [distance for distance in distances if distance.need is not None]
    parts: list[RenderableType] = [Text(plain(f"{title}: distance from published standards"), style="bold")]
    if asking:
        parts.append(_table(asking))
    parts += [Text(plain(line)) for line in _remarks(distances)]
    for distance in distances:
        parts += [Text(), *_source(distance)]
    return Group(*parts, Text(), Text(NOTICE))


def distances_json(distances: Sequence[Distance]) -> str:
    """Write every distance with its pack and its campuses."""
    content = {"notice": NOTICE, "distances": [distance.model_dump(mode="json") for distance in distances]}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def campuses_csv(distances: Sequence[Distance]) -> str:
    """Write one row for each pack and campus: what is asked there, and what the plan gives, if there is one."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("pack", "as_of", "source", "campus", "name", "level", "officers", "asks", "plan_gives"))
    for distance in distances:
        pack = distance.pack
        for ask in distance.asks:
            cells = (pack.id, pack.as_of, pack.source, ask.campus, ask.name, ask.level)
            row = (*cells, round(ask.officers, 3), ask.asks, ask.gives)
            writer.writerow(map(guarded, row))
    return out.getvalue()


def _table(distances: Sequence[Distance]) -> Table:
    has_cost = any(distance.cost is not None for distance in distances)
    has_plan = any(ask.gives for distance in distances for ask in distance.asks)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("standard, as of", min_width=16)
    for name in ("need", "have", "gap", *["gap costs\na year"] * has_cost, *_STATES * has_plan):
        table.add_column(name, justify="right", no_wrap=True)
    for distance in distances:
        counts = (_count(number) for number in (distance.need, distance.have, distance.gap))
        cost = "?" if distance.cost is None else _money(distance.cost, distance.currency)
        given = _given(distance) if has_plan else ()
        title = Text(plain(f"{distance.pack.title}, {distance.pack.as_of}"))
        table.add_row(title, *counts, *[cost] * has_cost, *given)
    return table


def _given(distance: Distance) -> Iterator[str]:
    """Count the states of the campuses that the need is about."""
    levels = {level for term in distance.pack.term if term.counts == "need" for level in term.levels}
    states = Counter(ask.gives for ask in distance.asks if ask.level in levels)
    return (f"{states[state]:,}" for state in _STATES)


def _remarks(distances: Sequence[Distance]) -> Iterator[str]:
    for distance in distances:
        pack = distance.pack
        if distance.pays_for is not None:
            most = f", {_money(distance.cost, distance.currency)} a year" if distance.cost is not None else ""
            yield f"No need but a grant: {pack.title} would pay for at most {_officers(distance.pays_for)}{most}."
        if distance.apart:
            whom = " / ".join(dict.fromkeys(term.who for term in pack.term if term.counts == "apart"))
            yield f"Not in the need of {pack.id}: {distance.apart:,} posts for a {whom}."
    if any(ask.gives for distance in distances for ask in distance.asks):
        yield "Based, shared, none: what the plan gives the campuses that the need is about; on-call is none."
    if any(distance.have is None for distance in distances):
        yield "How many officers there are is not known: --officers says it."
    counted = {distance.pack.title: _counted(distance) for distance in distances}
    if len(set(counted.values())) == 1:
        yield f"Every standard counts {next(iter(counted.values()))}."
    else:
        yield from (f"{title}: counts {text}." for title, text in counted.items())


def _counted(distance: Distance) -> str:
    """Say which rows count, and which do not."""
    others = Counter(ask.level for ask in distance.asks if ask.level not in distance.pack.levels)
    text = f"{distance.campuses:,} of {len(distance.asks):,} campuses with {distance.students:,} students"
    if others:
        text += "; left out: " + ", ".join(
            f"{count:,} {level.replace('_', ' ')}" for level, count in sorted(others.items())
        )
    if distance.unknown:
        text += f"; the enrollment of {distance.unknown:,} is not known, so no students are counted there"
    return text


def _source(distance: Distance) -> Iterator[RenderableType]:
    pack = distance.pack
    place = f" of {pack.state}, and speaks there only" if pack.state else ""
    yield Text(plain(f"{pack.title} [{pack.id}]"), style="bold")
    lines = (
        f"{pack.kind.capitalize()}{place}; as of {pack.as_of}. {pack.standard}",
        f"Counted here: {pack.counting}",
        f"Source: {pack.source}. Read in: {pack.published}.",
    )
    yield from (Padding(Text(plain(line)), (0, 0, 0, 2)) for line in lines)


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def _officers(number: int) -> str:
    return f"{number:,} officer{'s' * (number != 1)}"


def _money(amount: float, currency: str) -> str:
    return plain(f"{currency} {amount:,.0f}")
