"""The layers of a map as plain values: officers, sites, lines, territories and key figures."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sro_coverage.plan import CampusPlan, Plan, Stop
from sro_coverage.plan.document import CampusState
from sro_coverage.problem import Campus, Level
from sro_coverage.report.colours import colour_indices, pale, shade
from sro_coverage.report.territories import Division, Point, divide
from sro_coverage.report.wording import duration, level_name, trip

MarkState = CampusState | Literal["no plan"]
"""How a marker is drawn: as its campus's state, or as one of a plan that does not exist."""

STATES: tuple[CampusState, ...] = ("primary", "shared", "on-call", "uncovered", "not planned")

FAMILIES: dict[Level, str] = {
    "high": "square",
    "middle": "diamond",
    "secondary": "square",
    "elementary": "circle",
    "k8": "hexagon",
    "k12": "hexagon",
    "continuation": "pentagon",
    "alternative": "pentagon",
    "special_education": "pentagon",
    "adult": "triangle",
    "preschool": "triangle",
}
"""Marker shape of each level."""

Routes = Mapping[tuple[str, str], tuple[Point, ...]]

SMALLEST_PX, LARGEST_PX, ON_CALL_PX, DOT_PX = 22.0, 44.0, 22.0, 11.0


def _regular(corners: int, turn: float) -> tuple[Point, ...]:
    radius = math.sqrt(math.pi / (corners / 2 * math.sin(2 * math.pi / corners)))
    angles = [turn + 2 * math.pi * corner / corners for corner in range(corners)]
    return tuple((round(radius * math.sin(a), 4), round(-radius * math.cos(a), 4)) for a in angles)


SHAPES: dict[str, tuple[Point, ...]] = {
    "square": _regular(4, math.pi / 4),
    "diamond": _regular(4, 0),
    "circle": (),
    "hexagon": _regular(6, math.pi / 6),
    "pentagon": _regular(5, 0),
    "triangle": _regular(3, math.pi),
}
"""Corners of each shape, as large as a circle of radius 1; a circle has none. y points down."""


@dataclass(frozen=True)
class OfficerMark:
    """How an officer is drawn: number (from 1, in the order of the beats), colour and pale fill."""

    number: int
    name: str
    colour: str
    pale: str


@dataclass(frozen=True)
class CampusCard:
    """What is told about one campus: its name, and pairs of a label and a text."""

    id: str
    name: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SiteMark:
    """
    One marker.

    Parameters
    ----------
    officers
        Numbers of the officers based here, sharing it, or to be called.
    size
        Diameter in pixels of a circle of the same area.
    offset
        Pixels right and down, where several sites have one point.
    summary
        The marker in words, for those who cannot see it.
    cards
        Of every campus on the site, the largest first.
    change
        Beside another plan: ``more``, ``less`` or another word if the site is marked as changed.
    """

    id: str
    name: str
    lat: float
    lon: float
    state: MarkState
    shape: str
    officers: tuple[int, ...]
    students: int
    size: float
    offset: tuple[float, float]
    summary: str
    cards: tuple[CampusCard, ...]
    change: str = ""


@dataclass(frozen=True)
class Link:
    """
    A line from an officer's primary to a shared or on-call site.

    Parameters
    ----------
    sites
        Their ids.
    via
        Points of the road between them; empty for a straight line.
    """

    officer: int
    state: CampusState
    start: Point
    end: Point
    sites: tuple[str, str]
    via: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Figures:
    """
    The numbers of a plan that a council asks for.

    Parameters
    ----------
    campuses, students
        By state; students of campuses that are not planned are those that are known.
    working
        Officers who are based somewhere.
    drive_minutes, on_call_minutes
        A week: scheduled, and expected on top for on-call trips.
    """

    campuses: dict[CampusState, int]
    students: dict[CampusState, int]
    officers: int
    working: int
    drive_minutes: float
    on_call_minutes: float

    @property
    def planned(self) -> int:
        """Students on all planned campuses."""
        return sum(count for state, count in self.students.items() if state != "not planned")

    @property
    def covered(self) -> int:
        """Students on campuses that are primary or shared."""
        return self.students["primary"] + self.students["shared"]

    def share(self, students: int) -> str:
        """Write students as a share of all planned ones."""
        return f"{students / self.planned:.1%}" if self.planned else "0%"


@dataclass(frozen=True)
class Layers:
    """Everything that a map shows; `largest` is the enrollment that has the largest marker."""

    officers: tuple[OfficerMark, ...]
    sites: tuple[SiteMark, ...]
    links: tuple[Link, ...]
    division: Division
    figures: Figures
    largest: int


def build_layers(plan: Plan, routes: Routes | None = None) -> Layers:
    """
    Lay out a plan; without beats, every campus that could be planned is uncovered.

    Parameters
    ----------
    routes
        Points of the way from a primary to a shared campus, by their ids; straight if not there.
    """
    number = numbers(plan)
    division = _divide(plan, number)
    colours = colour_indices(number.values(), division.borders)
    return _lay_out(plan, number, division, colours, _largest(plan), routes or {})


def build_views(plans: Sequence[Plan], number: Mapping[str, int]) -> tuple[Layers, ...]:
    """
    Lay out plans to be seen side by side: the same ground, and one scale of marker sizes.

    Parameters
    ----------
    number
        Number of every officer id; an officer of several plans has one number and one colour in all.
    """
    divisions = [_divide(plan, number) for plan in plans]
    borders = {pair for division in divisions for pair in division.borders}
    colours = colour_indices(number.values(), borders)
    largest = max(map(_largest, plans))
    low, high = ([division.bounds[corner] for division in divisions] for corner in (0, 1))
    bounds = (_extreme(min, low), _extreme(max, high))
    return tuple(
        _lay_out(plan, number, replace(division, bounds=bounds), colours, largest, {})
        for plan, division in zip(plans, divisions, strict=True)
    )


def _extreme(choose: Callable[[Iterable[float]], float], points: Iterable[Point]) -> Point:
    lats, lons = zip(*points, strict=True)
    return choose(lats), choose(lons)


def _lay_out(
    plan: Plan, number: Mapping[str, int], division: Division, colours: Mapping[int, int], largest: int, routes: Routes
) -> Layers:
    return Layers(
        _officers(plan, number, colours),
        _spread(_sites(plan, number, largest)),
        _links(plan, number, routes),
        division,
        _figures(plan),
        largest,
    )


def numbers(plan: Plan) -> dict[str, int]:
    """Give the number of each officer id."""
    officers = [beat.officer for beat in plan.beats] or [officer.id for officer in plan.problem.officers]
    return {officer: number for number, officer in enumerate(officers, start=1)}


def campus_rows(plan: Plan) -> tuple[CampusPlan, ...]:
    """Give every campus with its state, also for a plan that found none."""
    return plan.campuses or tuple(
        CampusPlan(
            campus=campus.id, state="not planned" if campus.not_planned else "uncovered", reason=campus.not_planned
        )
        for campus in plan.problem.campuses
    )


def stop_of(plan: Plan) -> dict[str, Stop]:
    """Give the shared or on-call stop that each campus id belongs to."""
    return {campus: stop for beat in plan.beats for stop in (*beat.shared, *beat.on_call) for campus in stop.campuses}


def size_px(students: int, largest: int) -> float:
    """Give a marker's diameter: area follows enrollment between a smallest and a largest size."""
    return round(max(SMALLEST_PX, LARGEST_PX * math.sqrt(students / max(largest, 1))), 1)


def _state_by_site(plan: Plan) -> list[CampusPlan]:
    rows = {row.campus: row for row in campus_rows(plan)}
    return [rows[site.lead.id] for site in plan.problem.sites]


def _divide(plan: Plan, number: Mapping[str, int]) -> Division:
    leads = [(site.lead.lat or 0.0, site.lead.lon or 0.0) for site in plan.problem.sites]
    owners = [number[row.officers[0]] if row.officers else None for row in _state_by_site(plan)]
    return divide(leads, owners)


def _officers(plan: Plan, number: Mapping[str, int], colours: Mapping[int, int]) -> tuple[OfficerMark, ...]:
    names = {number[officer.id]: officer.name for officer in plan.problem.officers}
    return tuple(
        OfficerMark(number, names[number], shade(colours[number]), pale(shade(colours[number])))
        for number in sorted(names)
    )


def _largest(plan: Plan) -> int:
    return max((site.enrollment for site in plan.problem.sites), default=1)


def _sites(plan: Plan, number: Mapping[str, int], largest: int) -> list[SiteMark]:
    rows = {row.campus: row for row in campus_rows(plan)}
    stops = stop_of(plan)
    companions = defaultdict(list)
    known = {site.lead.site for site in plan.problem.sites if site.lead.site}
    lone = []
    for campus in plan.problem.not_planned:
        if campus.site in known:
            companions[campus.site].append(campus)
        elif campus.lat is not None:
            lone.append((campus, (campus,), DOT_PX))
    planned = []
    for site in plan.problem.sites:
        rest = sorted((c for c in site.campuses if c is not site.lead), key=lambda c: (-(c.enrollment or 0), c.id))
        here = (site.lead, *rest, *(companions[site.lead.site] if site.lead.site else ()))
        is_small = rows[site.lead.id].state == "on-call"
        planned.append((site.lead, here, ON_CALL_PX if is_small else size_px(site.enrollment, largest)))
    cards = {
        campus.id: _card(plan, campus, rows[campus.id], stops.get(campus.id), number)
        for campus in plan.problem.campuses
    }
    return [
        _site(lead, here, size, rows[lead.id], tuple(cards[campus.id] for campus in here), number)
        for lead, here, size in (*planned, *lone)
    ]


def _site(
    lead: Campus,
    here: tuple[Campus, ...],
    size: float,
    row: CampusPlan,
    cards: tuple[CampusCard, ...],
    number: Mapping[str, int],
) -> SiteMark:
    name = " + ".join(campus.name for campus in here)
    students = sum(campus.enrollment or 0 for campus in here)
    who = ", ".join(f"officer {number[officer]}" for officer in row.officers)
    told = (name, level_name(lead.level), row.state, who, f"{students:,} students" if students else "")
    return SiteMark(
        id=lead.id,
        name=name,
        lat=lead.lat or 0.0,
        lon=lead.lon or 0.0,
        state=row.state,
        shape=FAMILIES[lead.level],
        officers=tuple(number[officer] for officer in row.officers),
        students=students,
        size=size,
        offset=(0, 0),
        summary=", ".join(filter(None, told)),
        cards=cards,
    )


def _card(plan: Plan, campus: Campus, row: CampusPlan, stop: Stop | None, number: Mapping[str, int]) -> CampusCard:
    names = {officer.id: officer.name for officer in plan.problem.officers}
    year = f" ({campus.enrollment_year})" if campus.enrollment_year else ""
    count = "unknown" if campus.enrollment is None else f"{campus.enrollment:,}{year}"
    rows = [("Level", level_name(campus.level)), ("Students", count), ("State", row.state)]
    for officer in row.officers:
        alias = f"Officer {number[officer]}"
        rows.append(("Officer", alias if names[officer] == alias else f"{number[officer]} – {names[officer]}"))
    if row.hours:
        rows.append(("On campus", f"{duration(row.hours * 60)} a week"))
    if stop and stop.visits:
        rows.append(("Visits", f"{stop.visits:g} a week"))
    if stop:
        rows.append(("Travel time", trip(stop)))
    rows += [("Not planned", row.reason)] if row.reason else []
    rows += [("Address", campus.address)] if campus.address else []
    rows += [("Point", "approximate")] if campus.point_confidence == "low" else []
    rows += [("Note", campus.note)] if campus.note else []
    return CampusCard(campus.id, campus.name, tuple(rows))


def _spread(sites: list[SiteMark]) -> tuple[SiteMark, ...]:
    """Set markers on one point in a ring, so that none hides another."""
    groups: dict[Point, list[int]] = defaultdict(list)
    for index, site in enumerate(sites):
        groups[round(site.lat, 5), round(site.lon, 5)].append(index)
    for group in groups.values():
        if len(group) > 1:
            radius = (max(sites[index].size for index in group) / 2 + 3) / math.sin(math.pi / len(group))
            for place, index in enumerate(group):
                angle = 2 * math.pi * place / len(group) - math.pi / 2
                shift = (round(radius * math.sin(angle), 1), round(-radius * math.cos(angle), 1))
                sites[index] = replace(sites[index], offset=shift)
    return tuple(sites)


def _links(plan: Plan, number: Mapping[str, int], routes: Routes) -> tuple[Link, ...]:
    points = {campus.id: (campus.lat or 0.0, campus.lon or 0.0) for campus in plan.problem.campuses}
    kinds: tuple[tuple[CampusState, str], ...] = (("shared", "shared"), ("on-call", "on_call"))
    return tuple(
        _link(points, number[beat.officer], state, (beat.primary[0], stop.campuses[0]), routes)
        for beat in plan.beats
        if beat.primary
        for state, field in kinds
        for stop in getattr(beat, field)
    )


def _link(points: dict[str, Point], officer: int, state: CampusState, ends: tuple[str, str], routes: Routes) -> Link:
    start, end = ends
    return Link(officer, state, points[start], points[end], ends, routes.get(ends, ()))


def _figures(plan: Plan) -> Figures:
    enrollment = {campus.id: campus.enrollment or 0 for campus in plan.problem.campuses}
    campuses, students = dict.fromkeys(STATES, 0), dict.fromkeys(STATES, 0)
    for row in campus_rows(plan):
        campuses[row.state] += 1
        students[row.state] += enrollment[row.campus]
    return Figures(
        campuses=campuses,
        students=students,
        officers=len(plan.problem.officers),
        working=sum(bool(beat.primary) for beat in plan.beats),
        drive_minutes=sum(beat.drive_minutes for beat in plan.beats),
        on_call_minutes=sum(beat.on_call_minutes for beat in plan.beats),
    )
