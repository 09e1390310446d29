"""The page of a comparison: one HTML file with the plans' maps side by side, moving together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sro_coverage.plan import LIMITS, Plan
from sro_coverage.report.compare_words import (
    CHANGES,
    FLOW_NAMES,
    Row,
    figures,
    flow_parts,
    headline,
    hours_of,
    primary_of,
    proofs,
    remarks_of,
    students_of,
    tiers,
)
from sro_coverage.report.layers import DOT_PX, FAMILIES, STATES, CampusCard, Layers, SiteMark, build_views
from sro_coverage.report.legend import levels, sizes
from sro_coverage.report.picture import Picture, picture
from sro_coverage.report.shell import MAX_SHAPES, draw_maps, environment, map_data
from sro_coverage.report.wording import STATE_MEANING, STATUS, level_name
from sro_coverage.scenario.compare import compare
from sro_coverage.scenario.comparison import CampusChange, CampusChangeKind, Comparison, OfficerChange, Side, Versus

MARKS: dict[CampusChangeKind, str] = {
    "closed": "closed",
    "no longer planned": "less",
    "less": "less",
    "more": "more",
    "now planned": "more",
    "opened": "opened",
    "officer": "officer",
}
"""How a change is marked on the map; of several on one site the first here counts."""


NO_PLAN: Literal["no plan"] = "no plan"
"""The state of a planned campus on the map of a plan that does not exist: not even uncovered."""

ALWAYS_TOLD = ("primary", "shared", "on-call")
"""States that the legend tells of although no campus has them."""


@dataclass(frozen=True)
class View:
    """One plan's part of the page."""

    side: Side
    status: str
    headline: str
    figures: tuple[tuple[str, str, str, str], ...]
    picture: Picture
    data: str


def render_comparison_map(comparison: Comparison | Sequence[Plan]) -> str:
    """
    Draw plans side by side as one HTML document that works without a network.

    Parameters
    ----------
    comparison
        What :func:`~sro_coverage.scenario.compare.compare` gives, or two to six plans, the base first.

    Returns
    -------
    str
        The same plans give the same bytes. A Content-Security-Policy with the hashes of the page's
        own scripts keeps it from fetching or running anything else.
    """
    told = comparison if isinstance(comparison, Comparison) else compare(comparison)
    layers = tuple(_marked(told))
    is_large = max(len(layer.sites) for layer in layers) > MAX_SHAPES
    letters = [side.letter.lower() for side in told.sides]
    maps = draw_maps(letters, layers, ["page.css", "compare.css"], is_large=is_large)
    officers = {officer.number: officer for layer in layers for officer in layer.officers}
    present = {site.state for layer in layers for site in layer.sites}
    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            comparison=told,
            views=list(_views(told, layers)),
            maps=maps,
            states=[state for state in (*STATES, NO_PLAN) if state in present or state in ALWAYS_TOLD],
            state_meaning=STATE_MEANING | {NO_PLAN: "there is none to draw"},
            officers=[officers[number] for number in sorted(officers)],
            levels=levels(campus for side in told.sides for campus in side.plan.problem.campuses),
            sizes=sizes(layers[0].largest),
            is_large=is_large,
            figures=figures(told),
            tiers=tiers(told),
            proofs=proofs(told),
            sections=[_section(told, versus) for versus in told.others],
            changed=list(_changed(told)),
            marks={site.change for layer in layers for site in layer.sites},
            limits=LIMITS,
        )
    )


# -- maps


def _numbers(comparison: Comparison) -> dict[str, int]:
    """Give every officer of all plans a number: the one in the id where all ids are only numbers."""
    ids = list(comparison.officer_names)
    numbered = [re.fullmatch(r"Officer (\d+)", officer) for officer in ids]
    if all(numbered):
        return {officer: int(match[1]) for officer, match in zip(ids, numbered, strict=True) if match}
    return {officer: number for number, officer in enumerate(ids, start=1)}


def _marked(comparison: Comparison) -> Iterator[Layers]:
    """Give the layers of every plan, with the changed sites marked and every plan's word on the cards."""
    built = build_views([side.plan for side in comparison.sides], _numbers(comparison))
    layers = [
        layer if side.totals else replace(layer, sites=tuple(map(_without_plan, layer.sites)))
        for side, layer in zip(comparison.sides, built, strict=True)
    ]
    told = {side.letter: _states(side, comparison.officer_names) for side in comparison.sides}
    changes = [{change.campus: change for change in versus.campuses} for versus in comparison.others]
    only = changes[0] if len(changes) == 1 else {}  # beside several plans, marks of them all would say nothing
    yield _with_marks(comparison.base, layers[0], dict.fromkeys(only, "base"), told)
    for versus, layer, change in zip(comparison.others, layers[1:], changes, strict=True):
        marks = {campus: MARKS[told_change.change] for campus, told_change in change.items()}
        drawn = _with_marks(versus.side, layer, marks, told)
        closed = tuple(_ghost(comparison.base, row, told) for row in change.values() if row.change == "closed")
        yield replace(drawn, sites=(*drawn.sites, *filter(None, closed)))


def _without_plan(site: SiteMark) -> SiteMark:
    """Draw a site of a plan that does not exist: nobody can say that it is uncovered."""
    if site.state == "not planned":
        return site
    cards = tuple(
        replace(card, rows=tuple(("State", NO_PLAN) if row == ("State", "uncovered") else row for row in card.rows))
        for card in site.cards
    )
    told = (site.name, NO_PLAN, f"{site.students:,} students" if site.students else "")
    return replace(site, state=NO_PLAN, summary=", ".join(filter(None, told)), cards=cards)


def _states(side: Side, names: Mapping[str, str]) -> dict[str, str]:
    """Say of every campus how one plan serves it."""
    return {
        row.campus: ", ".join((row.state, *(names[officer] for officer in row.officers))) for row in side.plan.campuses
    }


def _with_marks(side: Side, layers: Layers, marks: Mapping[str, str], told: Mapping[str, Mapping[str, str]]) -> Layers:
    order = [*dict.fromkeys(MARKS.values()), "base", ""]
    drawn = []
    for site in layers.sites:
        mark = min((marks.get(card.id, "") for card in site.cards), key=order.index)
        words = {"base": "", "officer": "another officer"}.get(
            mark, f"{mark} than before" if mark in ("more", "less") else mark
        )
        drawn.append(
            replace(
                site,
                change=mark,
                summary=", ".join(filter(None, (site.summary, words))),
                cards=tuple(_with_others(card, side.letter, told) for card in site.cards),
            )
        )
    return replace(layers, sites=tuple(drawn))


def _with_others(card: CampusCard, letter: str, told: Mapping[str, Mapping[str, str]]) -> CampusCard:
    """Add to a card, after its own state, what the other plans do with the campus."""
    own = max(place for place, (label, _) in enumerate(card.rows, start=1) if label in ("State", "Officer"))
    others = tuple(
        (f"In plan {other}", states.get(card.id, "not in it"))
        for other, states in told.items()
        if other != letter and states
    )
    return replace(card, rows=(*card.rows[:own], *others, *card.rows[own:]))


def _ghost(base: Side, change: CampusChange, told: Mapping[str, Mapping[str, str]]) -> SiteMark | None:
    """Make a mark for a campus of the base that this plan no longer has."""
    campus = next(campus for campus in base.plan.problem.campuses if campus.id == change.campus)
    if campus.lat is None or campus.lon is None:
        return None
    card = CampusCard(
        campus.id, campus.name, (("Level", level_name(campus.level)), ("State", "closed: not in this plan"))
    )
    return SiteMark(
        id=campus.id,
        name=campus.name,
        lat=campus.lat,
        lon=campus.lon,
        state="not planned",
        shape=FAMILIES[campus.level],
        officers=(),
        students=0,
        size=DOT_PX,
        offset=(0, 0),
        summary=f"{campus.name}, closed: not in this plan",
        cards=(_with_others(card, "", {base.letter: told[base.letter]}),),
        change="closed",
    )


def _views(comparison: Comparison, layers: Sequence[Layers]) -> Iterator[View]:
    base = comparison.base
    headlines = [
        "every difference is against this plan"
        if base.totals
        else f"there is no plan ({base.status}), so nothing can be compared with it",
        *("; ".join(headline(comparison, other)) for other in comparison.others),
    ]
    rows = {row.label: row for row in figures(comparison)}
    shown = [rows[label] for label in HEADLINE_FIGURES]
    for number, (side, layer) in enumerate(zip(comparison.sides, layers, strict=True)):
        yield View(
            side=side,
            status=STATUS[side.status],
            headline=headlines[number],
            figures=tuple(_figure(row, number, has_base=bool(base.totals)) for row in shown) if side.totals else (),
            picture=picture(layer),
            data=map_data(layer, f"Map of plan {side.letter}: {side.name}", max_shapes=MAX_SHAPES),
        )


HEADLINE_FIGURES = {
    "Students covered": "Students covered",
    "… with an officer based there": "Based officer",
    "Students without coverage": "Not covered",
    "Officers": "Officers",
    "Driving a week": "Driving a week",
}
"""The figures that stand above each map, and what they are called there."""


def _figure(row: Row, number: int, *, has_base: bool) -> tuple[str, str, str, str]:
    """Give label, value, difference to the base and whether that is better or worse."""
    label = HEADLINE_FIGURES[row.label]
    if number == 0 or not has_base:
        return label, row.values[number], "", ""
    return label, row.values[number], row.differences[number - 1] or "same", row.better[number - 1]


# -- tables


@dataclass(frozen=True)
class Section:
    """What is told of one plan against the base."""

    versus: Versus
    headline: str
    flows: tuple[tuple[str, str, str, str], ...]
    officers: tuple[tuple[OfficerChange, str, str, list[str], list[str]], ...]
    remarks: tuple[str, ...]


def _section(comparison: Comparison, versus: Versus) -> Section:
    flows = sorted(versus.flows, key=lambda flow: list(FLOW_NAMES).index(flow.kind))
    return Section(
        versus=versus,
        headline="; ".join(headline(comparison, versus)),
        flows=tuple(
            (FLOW_NAMES[flow.kind], f"{flow.before:,}", f"{flow.after:,}", ", ".join(flow_parts(flow)) or "no change")
            for flow in flows
        ),
        officers=tuple(_officer(comparison, versus, change) for change in versus.officers),
        remarks=tuple(remarks_of(comparison, versus)),
    )


def _officer(
    comparison: Comparison, versus: Versus, change: OfficerChange
) -> tuple[OfficerChange, str, str, list[str], list[str]]:
    names = comparison.campus_names
    lost, gained = (
        [names[campus] for campus in shared] + [f"{names[campus]} (to call)" for campus in on_call]
        for shared, on_call in (
            (change.shared_lost, change.on_call_lost),
            (change.shared_gained, change.on_call_gained),
        )
    )
    primary = primary_of(change, names, comparison.base.letter, versus.side.letter)
    return change, primary, hours_of(change), lost, gained


@dataclass(frozen=True)
class ChangedCampus:
    """A row of the table of campuses: the state in the base, then the state and the mark in every other plan."""

    name: str
    level: str
    students: str
    before: str
    after: tuple[tuple[str, str, str], ...]


def _changed(comparison: Comparison) -> Iterator[ChangedCampus]:
    """Give every campus that changes in any plan: the heaviest change first, then the largest campus."""
    names = comparison.officer_names
    found: dict[str, list[CampusChange | None]] = {}
    for number, versus in enumerate(comparison.others):
        for change in versus.campuses:
            found.setdefault(change.campus, [None] * len(comparison.others))[number] = change
    order = list(CHANGES)
    told = [_states(side, names) for side in comparison.sides]

    def weight(changes: list[CampusChange | None]) -> tuple[int, int, str]:
        here = [change for change in changes if change is not None]
        students = max(max(change.students_before or 0, change.students_after or 0) for change in here)
        return min(order.index(change.change) for change in here), -students, here[0].campus

    for campus, changes in sorted(found.items(), key=lambda item: weight(item[1])):
        some = next(filter(None, changes))
        yield ChangedCampus(
            name=comparison.campus_names[campus],
            level=level_name(some.level),  # type: ignore[arg-type]
            students=students_of(some),
            before=told[0].get(campus, "not in this plan"),
            after=tuple(
                (told[number].get(campus, "not in this plan"), CHANGES[change.change], MARKS[change.change])
                if change
                else (told[number].get(campus, "not in this plan"), "", "")
                for number, change in enumerate(changes, start=1)
            ),
        )
