"""What the state page shows: every agency with its figures, its proof and its campuses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple
from urllib.parse import quote

from pydantic import AfterValidator

from sro_coverage.model.solution import Status
from sro_coverage.plan import Plan
from sro_coverage.problem import Campus, Level, Value
from sro_coverage.report.layers import DOT_PX, Layers, MarkState, SiteMark, build_layers, size_px
from sro_coverage.report.wording import TIERS
from sro_coverage.scenario.store import Figures, TierResult

AgencyStatus = Status | Literal["no officers", "failed", "not done"]
"""That of the plan; ``failed`` if its input or its solve broke, ``not done`` if the run ended before it."""


class Dot(NamedTuple):
    """
    One site on the state map, drawn as on the agency's own map.

    Parameters
    ----------
    officers
        Numbers of the officers based here, sharing it, or to be called.
    size
        Diameter in pixels of a circle of the same area.
    offset
        Pixels right and down, where several sites have one point.
    """

    lat: float
    lon: float
    name: str
    level: Level
    state: MarkState
    officers: tuple[int, ...]
    students: int
    size: float
    offset: tuple[float, float] = (0, 0)


def _relative(link: str) -> str:
    if link and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*", link):
        raise ValueError("a file beside the page or below it, of letters, digits, dots, dashes and slashes")
    return link


class AgencyView(Value):
    """
    One agency of a state.

    Parameters
    ----------
    id
        Its own in the state.
    reason
        Why it failed, or why there is no plan.
    officers
        How many it has, where that is known.
    campuses, students
        To be planned, or all that are known.
    figures
        None if nobody can say who is covered.
    made
        How the plan was made, in lines that many agencies have in common.
    colours
        Of the officers, from number 1 on.
    dots
        One for each site that has a point.
    unplaced
        Campuses without a point.
    page
        Link to the agency's own map; empty if there is none.
    """

    id: str
    name: str
    status: AgencyStatus
    reason: str = ""
    officers: int | None = None
    campuses: int = 0
    students: int = 0
    figures: Figures | None = None
    tiers: tuple[TierResult, ...] = ()
    made: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    dots: tuple[Dot, ...] = ()
    unplaced: int = 0
    page: Annotated[str, AfterValidator(_relative)] = ""


@dataclass(frozen=True)
class StateView:
    """
    A state.

    Parameters
    ----------
    agencies
        In any order; read once, so that a generator need hold only one of them at a time.
    notes
        How the whole was made.
    """

    title: str
    agencies: Iterable[AgencyView]
    notes: tuple[str, ...] = ()


def agency_view(agency: str, name: str, plan: Plan, *, page: str = "", layers: Layers | None = None) -> AgencyView:
    """
    Take over what the state page tells of a plan.

    Parameters
    ----------
    plan
        With or without beats.
    page
        Link to the agency's own map.
    layers
        Those of the plan, where they are known already.
    """
    layers = layers or build_layers(plan)
    levels = {campus.id: campus.level for campus in plan.problem.campuses}

    def dot(site: SiteMark) -> Dot:
        state = "no plan" if site.state == "uncovered" and not plan.has_beats else site.state
        who = (site.officers, site.students, site.size, site.offset)
        return Dot(site.lat, site.lon, site.name, levels[site.id], state, *who)

    return AgencyView(
        id=agency,
        name=name,
        status=plan.status,
        reason=plan.explanation,
        officers=len(plan.problem.officers),
        figures=Figures.of(plan) if plan.has_beats else None,
        tiers=tuple(map(TierResult.of, plan.tiers)),
        made=_made(plan),
        colours=tuple(officer.colour for officer in layers.officers),
        dots=tuple(map(dot, layers.sites)),
        page=page,
        campuses=sum(not campus.not_planned for campus in plan.problem.campuses),
        students=_students(plan.problem.campuses),
        unplaced=sum(campus.lat is None for campus in plan.problem.campuses),
    )


def agency_without_plan(
    agency: str,
    name: str,
    *,
    status: AgencyStatus,
    reason: str = "",
    campuses: Iterable[Campus] = (),
    officers: int | None = None,
    figures: Figures | None = None,
) -> AgencyView:
    """
    Tell of an agency that nothing was solved for.

    Parameters
    ----------
    status
        With ``no officers`` its campuses are uncovered; otherwise nobody can say what they are.
    campuses
        As far as they could be read.
    """
    known = list(campuses)
    largest = max((campus.enrollment or 0 for campus in known), default=1)

    def dot(campus: Campus) -> Dot:
        planned: MarkState = "uncovered" if status == "no officers" else "no plan"
        state = "not planned" if campus.not_planned else planned
        size = DOT_PX if campus.not_planned else size_px(campus.enrollment or 0, largest)
        return Dot(campus.lat or 0, campus.lon or 0, campus.name, campus.level, state, (), campus.enrollment or 0, size)

    return AgencyView(
        id=agency,
        name=name,
        status=status,
        reason=reason,
        officers=officers,
        figures=figures,
        dots=tuple(dot(campus) for campus in known if campus.lat is not None),
        campuses=sum(not campus.not_planned for campus in known),
        students=_students(known),
        unplaced=sum(campus.lat is None for campus in known),
    )


def back_to(state_page: str, agency: str) -> str:
    """Give the link from an agency's map to the state page, opened at that agency."""
    return f"{state_page}#agency={quote(agency, safe='')}"


def _students(campuses: Iterable[Campus]) -> int:
    return sum(campus.enrollment or 0 for campus in campuses if not campus.not_planned)


def _made(plan: Plan) -> tuple[str, ...]:
    problem = plan.problem
    order = (
        TIERS[tier.name][0].lower() + (f" (held within {100 * tier.tolerance:g} %)" if tier.tolerance else "")
        for tier in plan.tiers
    )
    weight = problem.objective.weight
    lines = [f"Tiers in order: {', '.join(order)}."] if plan.tiers else []
    lines.append(f"Travel times: {plan.travel}.")
    if weight:
        lines.append(f"Not weighed by enrollment: the tiers count the column “{weight}” in place of students.")
    return tuple(lines)
