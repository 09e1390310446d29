"""What changes hands between two plans of the same campuses: site by site, who serves it and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sro_coverage.plan import Plan
from sro_coverage.problem import Problem, State


@dataclass(frozen=True)
class Service:
    """
    How one site is served.

    Parameters
    ----------
    officers
        Ids of those who are based there, share it, or are to be called; in the order of the roster.
    hours
        Officer-hours a week on the site.
    minutes
        One way from the officer's primary; None where nobody drives there.
    drive_minutes
        A week, there and back; for on-call the expected trips.
    """

    state: State = "uncovered"
    officers: tuple[str, ...] = ()
    hours: float = 0
    minutes: float | None = None
    drive_minutes: float = 0

    @property
    def is_covered(self) -> bool:
        """Whether an officer is based there or shares it."""
        return self.state in ("primary", "shared")


@dataclass(frozen=True)
class Handover:
    """
    A site that others serve than before, or that is served in another way.

    Parameters
    ----------
    campuses
        Campus ids on the site, the largest first.
    """

    campuses: tuple[str, ...]
    students: int
    before: Service
    after: Service


NOBODY = Service()


def services(plan: Plan, without: Collection[str] = ()) -> dict[int, Service]:
    """
    Say how each site is served; sites that nobody serves are not in it.

    Parameters
    ----------
    without
        Officers whose beats are left away, and nothing done about it.

    Returns
    -------
    dict
        By position in ``problem.sites``.
    """
    found: dict[int, Service] = {}
    for beat in plan.beats:
        if beat.officer in without or not beat.primary:
            continue
        site = plan.problem.site_of[beat.primary[0]]
        others = found.get(site, NOBODY)
        found[site] = Service("primary", (*others.officers, beat.officer), others.hours + beat.primary_hours)
        for stops, state in ((beat.shared, "shared"), (beat.on_call, "on-call")):
            for stop in stops:
                found[plan.problem.site_of[stop.campuses[0]]] = Service(
                    "shared" if state == "shared" else "on-call",
                    (beat.officer,),
                    stop.hours,
                    stop.out_minutes,
                    stop.drive_minutes,
                )
    return found


def handovers(problem: Problem, before: Mapping[int, Service], after: Mapping[int, Service]) -> tuple[Handover, ...]:
    """Give the sites that change hands, the most students first."""
    changed = [
        Handover(_ids(problem, site), problem.sites[site].enrollment, before.get(site, NOBODY), after.get(site, NOBODY))
        for site in range(len(problem.sites))
        if _who(before.get(site, NOBODY)) != _who(after.get(site, NOBODY))
    ]
    return tuple(sorted(changed, key=lambda change: (-change.students, change.campuses)))


def not_covered(problem: Problem, served: Mapping[int, Service]) -> int:
    """Count the students on sites where nobody is based and that nobody shares."""
    return sum(site.enrollment for index, site in enumerate(problem.sites) if not served.get(index, NOBODY).is_covered)


def nobody_to_call(problem: Problem, served: Mapping[int, Service]) -> int:
    """Count the students on sites that nobody serves, not even by a number to call."""
    return sum(site.enrollment for index, site in enumerate(problem.sites) if index not in served)


def _who(service: Service) -> tuple[State, tuple[str, ...]]:
    return service.state, service.officers


def _ids(problem: Problem, site: int) -> tuple[str, ...]:
    whole = problem.sites[site]
    return (whole.lead.id, *(campus.id for campus in whole.campuses if campus is not whole.lead))
