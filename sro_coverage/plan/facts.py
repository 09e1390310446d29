"""
What follows from an assignment: states, hours, minutes and tier values.

Everything here is computed from the problem and its travel times, campus by campus and officer by
officer, without the compiled arrays and without a solver: a plan is written from these facts, and
the solver's own numbers have to agree with them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sro_coverage.plan.document import Beat, CampusPlan, Sense, Stop, TierUnit
from sro_coverage.problem import Officer, Problem, TierName
from sro_coverage.travel import TravelTimes

UNITS: dict[TierName, tuple[TierUnit, Sense]] = {
    "coverage": ("students", "min"),
    "primary": ("students", "max"),
    "reach": ("students", "min"),
    "travel": ("seconds", "min"),
    "visibility": ("student-seconds", "max"),
    "continuity": ("students", "min"),
    "balance": ("students", "min"),
    "moves": ("officers", "min"),
}
"""Unit of each tier, and whether it is made small or large."""


@dataclass(frozen=True)
class Duty:
    """One officer's part of an assignment, as positions in ``problem.sites``."""

    officer: Officer
    primary: int
    shared: tuple[int, ...]
    on_call: tuple[int, ...]


class Facts:
    """
    Hours, minutes and values of an assignment.

    Parameters
    ----------
    duties
        At most one for each officer; officers without one are idle.
    times
        Travel times of ``problem.sites``. A trip that is not in them counts as no time here and
        is a broken rule in :func:`sro_coverage.check.check`.
    """

    def __init__(self, problem: Problem, duties: tuple[Duty, ...], times: TravelTimes) -> None:
        self._problem, self._duties, self._times = problem, duties, times

    def round_trip_s(self, origin: int, destination: int) -> int:
        """Seconds there and back."""
        return sum(self._times.trip(origin, destination) or (0, 0))

    def drive_s(self, duty: Duty, site: int) -> int:
        """Seconds a week on the road for one shared site."""
        return round(self._problem.sites[site].rule.visits_per_week * self.round_trip_s(duty.primary, site))

    def on_call_s(self, duty: Duty, site: int) -> int:
        """Expected seconds a week on the road for one on-call site."""
        return round(self._problem.policy.on_call_trips_per_week * self.round_trip_s(duty.primary, site))

    def presence_s(self, site: int) -> int:
        """Seconds a week on a shared site."""
        return round(self._problem.sites[site].rule.presence_hours * 3600)

    def field_s(self, duty: Duty) -> int:
        """Seconds a week for campuses and the way between them."""
        return round(self._problem.field_hours(duty.officer) * 3600)

    def floor_s(self, duty: Duty) -> int:
        """The visibility floor of an officer's primary, in seconds a week."""
        return round(self._problem.floor_hours(duty.officer, self._problem.sites[duty.primary]) * 3600)

    def primary_s(self, duty: Duty) -> int:
        """Seconds a week that remain for the primary."""
        return self.field_s(duty) - sum(self.presence_s(site) + self.drive_s(duty, site) for site in duty.shared)

    def students(self, duty: Duty) -> int:
        """Students on an officer's primary and shared campuses."""
        return sum(self._problem.sites[site].enrollment for site in (duty.primary, *duty.shared))

    def tier_value(self, name: TierName) -> int:
        """Value of one tier, in its unit."""
        sites, duties = self._problem.sites, self._duties
        based = {duty.primary for duty in duties}
        covered = based | {site for duty in duties for site in duty.shared}
        reached = covered | {site for duty in duties for site in duty.on_call}
        match name:
            case "coverage":
                return sum(site.demand for index, site in enumerate(sites) if index not in covered)
            case "primary":
                return sum(sites[index].demand for index in based)
            case "reach":
                return sum(site.demand for index, site in enumerate(sites) if index not in reached)
            case "travel":
                shared = sum(self.drive_s(duty, site) for duty in duties for site in duty.shared)
                return shared + sum(self.on_call_s(duty, site) for duty in duties for site in duty.on_call)
            case "visibility":
                return sum(sites[duty.primary].demand * (self.primary_s(duty) - self.floor_s(duty)) for duty in duties)
            case "continuity":
                return self._students_with_a_new_officer()
            case "balance":
                return max(
                    (sum(sites[site].demand for site in (duty.primary, *duty.shared)) for duty in duties), default=0
                )
            case "moves":
                return self._officers_moved()

    def _students_with_a_new_officer(self) -> int:
        """Students once for each of their present officers who no longer covers them."""
        problem = self._problem
        now = {duty.officer.id: {duty.primary, *duty.shared} for duty in self._duties}
        lost = 0
        for officer in problem.officers:
            present = {problem.site_of.get(campus_id) for campus_id in (officer.primary, *officer.shared) if campus_id}
            lost += sum(
                problem.sites[site].demand
                for site in present
                if site is not None and site not in now.get(officer.id, ())
            )
        return lost

    def _officers_moved(self) -> int:
        """Officers with a present primary who are not based there, or miss a campus that they share today."""
        problem = self._problem
        now = {duty.officer.id: duty for duty in self._duties}
        moved = 0
        for officer in problem.officers:
            if officer.primary is None:
                continue
            duty = now.get(officer.id)
            primary = problem.site_of.get(officer.primary)
            shared = {problem.site_of[campus_id] for campus_id in officer.shared if campus_id in problem.site_of}
            moved += duty is None or duty.primary != primary or not (shared - {primary}).issubset(duty.shared)
        return moved

    def beats(self) -> tuple[Beat, ...]:
        """Every officer's beat, in the order of the roster; idle officers have no primary."""
        duty_of = {duty.officer.id: duty for duty in self._duties}
        return tuple(
            self._beat(officer, duty_of[officer.id])
            if officer.id in duty_of
            else Beat(officer=officer.id, name=officer.name)
            for officer in self._problem.officers
        )

    def _beat(self, officer: Officer, duty: Duty) -> Beat:
        return Beat(
            officer=officer.id,
            name=officer.name,
            primary=self._ids(duty.primary),
            shared=tuple(self._stop(duty, site, shared=True) for site in duty.shared),
            on_call=tuple(self._stop(duty, site, shared=False) for site in duty.on_call),
            primary_hours=self.primary_s(duty) / 3600,
            floor_hours=self.floor_s(duty) / 3600,
            shared_hours=sum(map(self.presence_s, duty.shared)) / 3600,
            drive_minutes=sum(self.drive_s(duty, site) for site in duty.shared) / 60,
            on_call_minutes=sum(self.on_call_s(duty, site) for site in duty.on_call) / 60,
            students=self.students(duty),
        )

    def _stop(self, duty: Duty, site: int, *, shared: bool) -> Stop:
        out_s, back_s = self._times.trip(duty.primary, site) or (0, 0)
        return Stop(
            campuses=self._ids(site),
            hours=self.presence_s(site) / 3600 if shared else 0,
            visits=self._problem.sites[site].rule.visits_per_week if shared else 0,
            out_minutes=out_s / 60,
            back_minutes=back_s / 60,
            drive_minutes=(self.drive_s(duty, site) if shared else self.on_call_s(duty, site)) / 60,
        )

    def _ids(self, site: int) -> tuple[str, ...]:
        whole = self._problem.sites[site]
        return (whole.lead.id, *(campus.id for campus in whole.campuses if campus is not whole.lead))

    def campuses(self) -> tuple[CampusPlan, ...]:
        """Every campus of the table with its state."""
        problem = self._problem
        serving: dict[int, list[tuple[str, str, float]]] = defaultdict(list)
        for duty in self._duties:
            serving[duty.primary].append(("primary", duty.officer.id, self.primary_s(duty) / 3600))
            for site in duty.shared:
                serving[site].append(("shared", duty.officer.id, self.presence_s(site) / 3600))
            for site in duty.on_call:
                serving[site].append(("on-call", duty.officer.id, 0))
        rows = []
        for campus in problem.campuses:
            if campus.id not in problem.site_of:
                rows.append(CampusPlan(campus=campus.id, state="not planned", reason=campus.not_planned))
                continue
            roles = serving[problem.site_of[campus.id]]
            state = roles[0][0] if roles else "uncovered"
            officers = tuple(officer for _, officer, _ in roles)
            hours = sum(hours for _, _, hours in roles)
            rows.append(CampusPlan(campus=campus.id, state=state, officers=officers, hours=hours))  # type: ignore[arg-type]
        return tuple(rows)
