"""Why a campus or an officer has what the plan gives: what binds, and what every alternative would cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sro_coverage.errors import DataError, Issue
from sro_coverage.explain.base import Base
from sro_coverage.explain.price import Edit, Price, price
from sro_coverage.plan import Beat
from sro_coverage.problem import PEAKS_A_WEEK, STATES, Assignment, Officer, Site
from sro_coverage.travel import limit_seconds


@dataclass(frozen=True)
class Obstacles:
    """
    Whether an officer of the plan could share a campus on top of the present beat.

    Parameters
    ----------
    minutes
        Way from the officer's primary; None if it is out of reach of every rule.
    obstacles
        Every rule that speaks against it, in the plan file's words; empty if nothing does.
    """

    officer: str
    primary: str
    minutes: float | None
    obstacles: tuple[str, ...]


@dataclass(frozen=True)
class Why:
    """
    The answer for one campus or one officer.

    Parameters
    ----------
    subject
        Campus id or officer id.
    obstacles
        For a campus: each officer of the plan, the nearest first.
    alternatives
        What each would cost, as whole new solves.
    """

    subject: str
    obstacles: tuple[Obstacles, ...]
    alternatives: tuple[Price, ...]


def why_campus(base: Base, campus_id: str, *, tell: Callable[[str], None] | None = None) -> Why:
    """
    Say what keeps a campus from another state, and what each other state would cost.

    Parameters
    ----------
    tell
        Called with each question before it is solved.

    Raises
    ------
    DataError
        If there is no such campus, or it is not planned.
    """
    row = next((row for row in base.plan.campuses if row.campus == campus_id), None)
    if row is None or row.state == "not planned":
        found = "unknown campus" if row is None else f"it is not planned: {row.reason}"
        raise DataError([Issue(f"campus {campus_id!r}", found, "the id of a planned campus")])
    edits = [_of_campus(campus_id, state) for state in STATES if state != row.state]
    site = base.problem.site_of[campus_id]
    nearest = sorted(_obstacles(base, site), key=lambda entry: (entry.minutes is None, entry.minutes, entry.officer))
    return Why(campus_id, tuple(nearest), tuple(_prices(base, edits, tell)))


def why_officer(base: Base, officer_id: str, *, tell: Callable[[str], None] | None = None) -> Why:
    """
    Say what it would cost if an officer did not have each part of the beat.

    Officers who are only numbers are not asked by name, because another number could take their place:
    for them the question is what it costs if nobody had that part.

    Raises
    ------
    DataError
        If there is no such officer, or the officer is not based anywhere.
    """
    beat = next((beat for beat in base.plan.beats if beat.officer == officer_id), None)
    if beat is None or not beat.primary:
        found = "unknown officer" if beat is None else "not based anywhere; in these tiers it gains nothing"
        raise DataError([Issue(f"officer {officer_id!r}", found, "an officer of the plan who is based somewhere")])
    officer = next(officer for officer in base.problem.officers if officer.id == officer_id)
    who = None if officer.is_numbered else officer_id
    edits = [Edit.forbid(Assignment(officer=who, campus=beat.primary[0], state="primary"))]
    edits += [Edit.forbid(Assignment(officer=who, campus=stop.campuses[0], state="shared")) for stop in beat.shared]
    return Why(officer_id, (), tuple(_prices(base, edits, tell)))


def _of_campus(campus_id: str, state: str) -> Edit:
    return Edit.pin(Assignment.model_validate({"campus": campus_id, "state": state}))


def _prices(base: Base, edits: list[Edit], tell: Callable[[str], None] | None) -> Iterator[Price]:
    for edit in edits:
        if tell is not None:
            tell(edit.words)
        yield price(base, edit)


def _obstacles(base: Base, site: int) -> Iterator[Obstacles]:
    problem = base.problem
    officers = {officer.id: officer for officer in problem.officers}
    for beat in base.plan.beats:
        if not beat.primary or problem.site_of[beat.primary[0]] == site:
            continue
        trip = base.times.trip(problem.site_of[beat.primary[0]], site)
        if any(problem.site_of[stop.campuses[0]] == site for stop in beat.shared):
            continue
        against = tuple(_against(base, officers[beat.officer], beat, problem.sites[site], trip))
        yield Obstacles(beat.officer, beat.primary[0], None if trip is None else trip[0] / 60, against)


def _against(base: Base, officer: Officer, beat: Beat, site: Site, trip: tuple[int, int] | None) -> Iterator[str]:
    """Every rule that one more shared campus would break."""
    problem, rule = base.problem, site.rule
    index = problem.site_of[site.id]
    for forbid in problem.forbids:
        is_meant = forbid.officer in (None, officer.id) and forbid.state in (None, "shared")
        if problem.site_of[forbid.campus] == index and is_meant:
            yield f"forbid {forbid}"
    for pin in problem.pins:
        is_kept = pin.state in (None, "shared") and pin.officer in (None, officer.id)
        if problem.site_of[pin.campus] == index and not is_kept:
            yield f"pin {pin}"
    limit = float(problem.limit(officer, "max_travel_min"))
    if "shared" not in rule.states:
        yield f"its level may not be shared (states: {', '.join(rule.states) or 'none'})"
    if any(campus.id in officer.excluded for campus in site.campuses):
        yield "the officer's row excludes it"
    levels = sorted({campus.level for campus in site.campuses} - set(officer.levels)) if officer.levels else []
    if levels:
        yield f"the officer's levels do not include {', '.join(levels)}"
    if trip is None:
        yield f"too far (max_travel_min {limit:g})"
    elif trip[0] > limit_seconds(limit):
        yield f"{trip[0] / 60:.1f} min away (max_travel_min {limit:g})"
    if len(beat.shared) >= problem.limit(officer, "max_shared"):
        yield f"shares {len(beat.shared)} already (max_shared {problem.limit(officer, 'max_shared')})"
    if trip is not None:
        needed_s = round(rule.presence_hours * 3600) + round(rule.visits_per_week * sum(trip))
        left_s = round((beat.primary_hours - beat.floor_hours) * 3600)
        if needed_s > left_s:
            hours = f"{needed_s / 3600:.1f} h a week, {left_s / 3600:.1f} h left"
            yield f"needs {hours} above the floor (primary_share_min)"
    shared = [problem.sites[problem.site_of[stop.campuses[0]]] for stop in beat.shared]
    peaks = sum(other.rule.peaks_per_week for other in shared) + rule.peaks_per_week
    if peaks > PEAKS_A_WEEK - problem.policy.primary_peaks:
        yield f"{peaks} arrivals and dismissals away from the primary (primary_peaks {problem.policy.primary_peaks})"
    most = problem.limit(officer, "max_students")
    if most is not None and beat.students + site.enrollment > most:
        yield f"{beat.students + site.enrollment:,} students (max_students {most:,})"
