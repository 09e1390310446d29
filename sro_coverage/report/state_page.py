"""The state page: one HTML file with every agency of a state on one map, and the way to each agency's own map."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sro_coverage.plan import LIMITS
from sro_coverage.plan.document import CampusState
from sro_coverage.problem import Level
from sro_coverage.report.colours import NOBODY
from sro_coverage.report.layers import FAMILIES, SHAPES, STATES, MarkState
from sro_coverage.report.legend import shapes
from sro_coverage.report.shell import MAX_SHAPES, asset, environment, policy, script_json
from sro_coverage.report.state_view import AgencyStatus, AgencyView, Dot, StateView
from sro_coverage.report.wording import STATE_MEANING, TIERS, duration, level_name
from sro_coverage.scenario.store import TierResult

OUTCOMES: dict[AgencyStatus, str] = {
    "failed": "failed",
    "infeasible": "no plan exists",
    "no plan found": "no plan found",
    "not done": "not done",
    "feasible": "not proven",
    "no officers": "no officers",
    "optimal": "proven",
}
"""What came of an agency, in the order in which they need a look."""

_MEANING: dict[AgencyStatus, str] = {
    "failed": "the input is wrong or the solve broke; the reason stands beside it",
    "infeasible": "no plan exists under the rules",
    "no plan found": "the time ended before a plan was found",
    "not done": "the run ended before it",
    "feasible": "a valid plan, not every tier proven",
    "no officers": "none to plan",
    "optimal": "every tier proven optimal",
}

_MARK_STATES: tuple[MarkState, ...] = (*STATES, "no plan")
_SWATCHES: dict[MarkState, str] = {
    "primary": "#14325C",
    "shared": "#5B8DC2",
    "on-call": "#C9D6E4",
    "uncovered": "#FFFFFF",
    "not planned": "#8D98A3",
    "no plan": "#8D98A3",
}
"""Colours of sums over campuses, as those of the bar above each agency's map."""

_MOST_OPEN = 100
"""With more agencies the long table is folded, because laying it out takes a browser longer than all the rest."""

_WIDTH = 900
_UNITED_STATES = ((24.5, -125.0), (49.5, -66.5))


@dataclass
class _Totals:
    """What all agencies come to."""

    agencies: Counter[AgencyStatus] = field(default_factory=Counter)
    campuses: Counter[CampusState] = field(default_factory=Counter)
    students: Counter[CampusState] = field(default_factory=Counter)
    officers: int = 0
    based: int = 0
    drive_minutes: float = 0
    on_call_minutes: float = 0
    unknown_campuses: int = 0
    unknown_students: int = 0
    unplaced: int = 0
    made: Counter[str] = field(default_factory=Counter)

    def add(self, agency: AgencyView) -> None:
        """Count one more agency."""
        self.agencies[agency.status] += 1
        self.officers += agency.officers or 0
        self.unplaced += agency.unplaced
        self.made.update(agency.made)
        figures = agency.figures
        if figures is None:
            self.unknown_campuses += agency.campuses
            self.unknown_students += agency.students
            return
        self.campuses.update(figures.campuses)
        self.students.update(figures.students)
        self.based += figures.based
        self.drive_minutes += figures.drive_minutes
        self.on_call_minutes += figures.on_call_minutes

    @property
    def all_students(self) -> int:
        """Students on all campuses to be planned, also of agencies without a plan."""
        return sum(count for state, count in self.students.items() if state != "not planned") + self.unknown_students

    @property
    def all_campuses(self) -> int:
        """All campuses to be planned, also of agencies without a plan."""
        return sum(count for state, count in self.campuses.items() if state != "not planned") + self.unknown_campuses

    @property
    def covered(self) -> int:
        """Students on campuses that are primary or shared."""
        return self.students["primary"] + self.students["shared"]

    def share(self, students: int) -> str:
        """Write students as a share of all."""
        return _share(students, self.all_students)


@dataclass(frozen=True)
class _Row:
    """One agency in the table, and its JSON for the script."""

    place: tuple[Any, ...]
    agency: dict[str, Any]
    script: str


def render_state(view: StateView, *, underlay: dict[str, Any] | None = None) -> str:
    """
    Draw a state as one HTML document that works without a network.

    Parameters
    ----------
    view
        From one agency to a thousand, with some ten thousand campuses.
    underlay
        Limits of counties or the like to draw beneath, as
        :func:`~sro_coverage.report.underlay.read_underlay` gives them; only the geometry is used.

    Returns
    -------
    str
        The same agencies give the same bytes, in whatever order they come. A Content-Security-Policy
        with the hashes of the page's own scripts keeps it from fetching or running anything else.
    """
    totals, rows, levels = _Totals(), [], set[Level]()
    still = _Still()
    for agency in view.agencies:
        totals.add(agency)
        levels.update(dot.level for dot in agency.dots)
        still.add(agency.dots)
        rows.append(_row(agency))
    rows.sort(key=lambda row: row.place)
    styles = tuple(map(asset, ("leaflet/leaflet.css", "page.css", "state.css")))
    scripts = tuple(map(asset, ("leaflet/leaflet.js", "supercluster/supercluster.min.js", "common.js", "state.js")))
    present = [state for state in _MARK_STATES if state in still.states]
    return (
        environment()
        .get_template("state.html.j2")
        .render(
            title=view.title,
            styles=styles,
            scripts=scripts,
            policy=policy(styles, scripts),
            totals=totals,
            outcomes=[
                (OUTCOMES[status], _MEANING[status], totals.agencies[status])
                for status in OUTCOMES
                if totals.agencies[status]
            ],
            groups=_groups(totals.agencies),
            rows=[row.agency for row in rows],
            most_open=_MOST_OPEN,
            states=present,
            state_meaning=STATE_MEANING | {"no plan": "nobody can say"},
            swatches=_SWATCHES,
            levels=shapes(levels),
            still=still.picture(),
            data=_data(view.title, rows, still.bounds, underlay),
            made=[
                (line, "" if count == len(rows) else f"{count:,} of {len(rows):,} agencies")
                for line, count in sorted(totals.made.items(), key=lambda item: (-item[1], item[0]))
            ],
            notes=view.notes,
            limits=LIMITS,
        )
    )


def _groups(agencies: Mapping[AgencyStatus, int]) -> list[tuple[str, int, bool]]:
    """Count agencies in few words; True where that needs a look."""
    none = sum(agencies.get(status, 0) for status in OUTCOMES if status not in ("feasible", "no officers", "optimal"))
    counts = [
        ("proven", agencies.get("optimal", 0), False),
        ("without officers", agencies.get("no officers", 0), False),
        ("not proven", agencies.get("feasible", 0), True),
        ("without a plan", none, True),
    ]
    return [group for group in counts if group[1]]


def _row(agency: AgencyView) -> _Row:
    figures = agency.figures
    students = figures.students if figures else {}
    covered = students.get("primary", 0) + students.get("shared", 0)
    missed = students.get("on-call", 0) + students.get("uncovered", 0)
    planned = covered + missed
    shown = {
        "id": agency.id,
        "name": agency.name,
        "page": agency.page,
        "outcome": OUTCOMES[agency.status],
        "proof": _proof(agency),
        "officers": "" if agency.officers is None else f"{agency.officers:,}",
        "idle": figures.officers - figures.based if figures else 0,
        "campuses": agency.campuses,
        "students": agency.students,
        "missed": missed if figures else None,
        "covered": covered if figures else None,
        "share": _share(covered, planned) if figures else "",
        "by_state": [(figures.campuses[state], students[state]) for state in STATES[:4]] if figures else [],
        "driving": duration(figures.drive_minutes + figures.on_call_minutes) if figures else "",
    }
    script = {
        "id": agency.id,
        "name": agency.name,
        "page": agency.page,
        "outcome": OUTCOMES[agency.status],
        "isOpen": agency.status not in ("optimal", "no officers"),
        "proof": shown["proof"],
        "share": shown["share"],
        "covered": covered / planned if planned else None,
        "missed": shown["missed"],
        "students": agency.students,
        "facts": _facts(agency),
        "colours": agency.colours,
        "dots": [_compact(dot) for dot in agency.dots],
    }
    order = list(OUTCOMES)
    urgency = min(order.index(agency.status), order.index("no officers"))
    place = (urgency, -missed, -agency.students, agency.name.casefold(), agency.id)
    return _Row(place, shown, script_json(script))


def _proof(agency: AgencyView) -> str:
    """Say why there is no plan, or how far each unproven tier may be from the best."""
    open_tiers = [tier for tier in agency.tiers if tier.stopped != "proven"]
    parts = [agency.reason] if agency.reason else []
    if agency.figures and open_tiers:
        parts.append("Gap to the proven bound: " + ", ".join(map(_gap, open_tiers)) + ".")
    return " ".join(parts)


def _gap(tier: TierResult) -> str:
    label = TIERS[tier.name][0].lower()
    return f"{label} {tier.gap:.1%}" if tier.gap is not None else f"{label} unknown"


def _facts(agency: AgencyView) -> list[tuple[str, str]]:
    figures = agency.figures
    facts = [] if agency.officers is None else [("Officers", f"{agency.officers:,}")]
    facts += [("Campuses", f"{agency.campuses:,}"), ("Students", f"{agency.students:,}")]
    if figures:
        planned = sum(figures.students[state] for state in STATES[:4])
        facts += [
            (state.capitalize(), f"{figures.students[state]:,} ({_share(figures.students[state], planned)})")
            for state in STATES[:4]
        ]
    return facts + ([("Without a point", f"{agency.unplaced:,}")] if agency.unplaced else [])


def _compact(dot: Dot) -> list[Any]:
    what = [round(dot.lat, 5), round(dot.lon, 5), dot.name, list(FAMILIES).index(dot.level)]
    values = [*what, _MARK_STATES.index(dot.state), list(dot.officers), dot.students, round(dot.size)]
    return values + ([list(dot.offset)] if any(dot.offset) else [])


def _share(students: int, total: int) -> str:
    return f"{students / total:.1%}" if total else "–"


def _data(title: str, rows: Sequence[_Row], bounds: Any, underlay: Mapping[str, Any] | None) -> str:
    head = script_json(
        {
            "label": f"Map of {title}",
            "bounds": bounds,
            "underlay": [feature["geometry"] for feature in (underlay or {}).get("features", [])],
            "shapes": SHAPES,
            "families": list(FAMILIES.values()),
            "levels": [level_name(level) for level in FAMILIES],
            "states": _MARK_STATES,
            "swatches": [_SWATCHES[state] for state in _MARK_STATES],
            "nobody": NOBODY,
            "maxShapes": MAX_SHAPES,
        }
    )
    return f'{head[:-1]},"agencies":[{",".join(row.script for row in rows)}]}}'


class _Still:
    """A picture of all dots, for readers without scripts."""

    def __init__(self) -> None:
        self._places: dict[MarkState, list[tuple[float, float]]] = defaultdict(list)

    def add(self, dots: Sequence[Dot]) -> None:
        """Keep where they are."""
        for dot in dots:
            self._places[dot.state].append((dot.lat, dot.lon))

    @property
    def states(self) -> set[MarkState]:
        """States that any dot has."""
        return set(self._places)

    @property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """South-west and north-east corner, never the same point."""
        places = [place for some in self._places.values() for place in some]
        if not places:
            return _UNITED_STATES
        lats, lons = zip(*places, strict=True)
        edge = max(0.01, 0.02 * (max(lats) - min(lats)))
        return (min(lats) - edge, min(lons) - edge), (max(lats) + edge, max(lons) + edge)

    def picture(self) -> dict[str, Any]:
        """Give width, height, and for each state a path of points, on a sheet of fixed width."""
        (south, west), (north, east) = self.bounds
        shrink = math.cos(math.radians((south + north) / 2))
        scale = _WIDTH / ((east - west) * shrink)
        return {
            "width": _WIDTH,
            "height": math.ceil((north - south) * scale),
            "paths": [
                (
                    state,
                    "".join(
                        f"M{(lon - west) * shrink * scale:.0f} {(north - lat) * scale:.0f}h0"
                        for lat, lon in sorted(self._places[state])
                    ),
                )
                for state in _MARK_STATES
                if state in self._places
            ],
        }
