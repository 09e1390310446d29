"""The whole question: campuses, officers and rules, checked against each other once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem.campus import Campus
from sro_coverage.problem.policy import (
    DEFAULT_ORDER,
    Assignment,
    Budget,
    Objective,
    Officer,
    Policy,
    Rule,
    ServedState,
    StraightLine,
    TierName,
    Travel,
)


@dataclass(frozen=True)
class Site:
    """
    What is planned as one: a campus, or all planned campuses that stand on one site.

    Students add up; the most demanding rule of its campuses holds for all of it; it may be served
    only in ways that each of its campuses allows; travel is measured at its largest campus.
    """

    campuses: tuple[Campus, ...]
    rule: Rule

    @cached_property
    def lead(self) -> Campus:
        """The campus with the most students (the first id among equals)."""
        return min(self.campuses, key=lambda campus: (-(campus.enrollment or 0), campus.id))

    @property
    def id(self) -> str:
        """Id of the lead campus."""
        return self.lead.id

    @cached_property
    def name(self) -> str:
        """Names of all its campuses, the lead first."""
        rest = (campus.name for campus in self.campuses if campus is not self.lead)
        return " + ".join((self.lead.name, *rest))

    @cached_property
    def enrollment(self) -> int:
        """Students on the site."""
        return sum(campus.enrollment or 0 for campus in self.campuses)

    @cached_property
    def demand(self) -> int:
        """What the objective counts: the planner's weight, or else enrollment."""
        return sum((campus.enrollment or 0) if campus.weight is None else campus.weight for campus in self.campuses)


@dataclass(frozen=True)
class Problem:
    """
    Everything a plan depends on. Rows may come in any order: campuses are kept sorted by id.

    Parameters
    ----------
    officers
        At least one, and no more than there are posts on planned campuses.
    pins, forbids
        Assignments that must, and must not, be part of the plan.

    Raises
    ------
    DataError
        If the parts contradict each other; every contradiction is named.
    """

    title: str
    campuses: tuple[Campus, ...]
    officers: tuple[Officer, ...]
    policy: Policy = Policy()
    travel: Travel = StraightLine()
    objective: Objective = Objective()
    pins: tuple[Assignment, ...] = ()
    forbids: tuple[Assignment, ...] = ()
    budget: Budget | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "campuses", tuple(sorted(self.campuses, key=lambda campus: campus.id)))
        issues = list(_contradictions(self))
        if issues:
            raise DataError(issues)

    def replace(self, **changes: Any) -> Problem:
        """Give the same problem with some parts changed; the base of every scenario."""
        return replace(self, **changes)

    def rule(self, campus: Campus) -> Rule:
        """Give the whole rule of one campus."""
        return self.policy.rule_for(campus.id, campus.level)

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """What can be planned, in the order of the lead campus's id."""
        groups: dict[str, list[Campus]] = defaultdict(list)
        for campus in self.campuses:
            if campus.not_planned is None:
                groups[f"site {campus.site}" if campus.site else f"campus {campus.id}"].append(campus)
        sites = [Site(tuple(group), _site_rule([self.rule(campus) for campus in group])) for group in groups.values()]
        return tuple(sorted(sites, key=lambda site: site.id))

    @cached_property
    def site_of(self) -> dict[str, int]:
        """Position in `sites` of each planned campus id."""
        return {campus.id: index for index, site in enumerate(self.sites) for campus in site.campuses}

    @property
    def not_planned(self) -> tuple[Campus, ...]:
        """Campuses without a point or without enrollment."""
        return tuple(campus for campus in self.campuses if campus.not_planned is not None)

    @property
    def has_current_plan(self) -> bool:
        """Whether any officer's present campuses are known."""
        return any(officer.primary or officer.shared for officer in self.officers)

    @property
    def order(self) -> tuple[TierName, ...]:
        """The tiers, most important first."""
        if self.objective.order:
            return self.objective.order
        return tuple(tier for tier in DEFAULT_ORDER if tier != "continuity" or self.has_current_plan)

    @property
    def commute(self) -> StraightLine:
        """Travel from an officer's home, which is never on the campus network: always a straight line."""
        return self.travel if isinstance(self.travel, StraightLine) else StraightLine()

    def limit(self, officer: Officer, name: str) -> Any:
        """Give an officer's own limit, or else the policy's."""
        own = getattr(officer, name)
        return getattr(self.policy, name) if own is None else own

    def field_hours(self, officer: Officer) -> float:
        """Hours a week that an officer can spend on campuses and on the way between them."""
        return float(self.limit(officer, "weekly_hours") - self.limit(officer, "off_campus_hours"))

    def floor_hours(self, officer: Officer, site: Site) -> float:
        """The visibility floor: hours that an officer based at a site keeps for it."""
        share = float(self.limit(officer, "primary_share_min")) * self.field_hours(officer)
        return max(share, site.rule.min_primary_hours)


def _site_rule(rules: list[Rule]) -> Rule:
    """Combine the rules of one site's campuses, the most demanding of each."""
    states: list[ServedState] = [state for state in rules[0].states if all(state in rule.states for rule in rules)]
    return Rule(
        states=tuple(states),
        visits_per_week=max(rule.visits_per_week for rule in rules),
        hours_per_visit=max(rule.hours_per_visit for rule in rules),
        peaks_per_week=max(rule.peaks_per_week for rule in rules),
        min_primary_hours=max(rule.min_primary_hours for rule in rules),
        posts=max(rule.posts for rule in rules),
    )


def _contradictions(problem: Problem) -> Iterator[Issue]:
    yield from _duplicates("campus id", [campus.id for campus in problem.campuses])
    yield from _duplicates("officer id", [officer.id for officer in problem.officers])
    yield from misplaced_points(problem.campuses)
    yield from _numbers(problem)
    yield from _sites(problem)
    yield from _officers(problem)
    yield from _assignments(problem)


def _duplicates(what: str, ids: list[str]) -> Iterator[Issue]:
    for repeated, count in Counter(ids).items():
        if count > 1:
            yield Issue(f"{what} {repeated!r}", f"stands in {count} rows", "each id once")


def misplaced_points(campuses: Iterable[Campus]) -> Iterator[Issue]:
    """
    Find points that are half there, at 0, 0, or right only with coordinates exchanged or a sign turned.

    Right is what lies near the middle of all points; this needs no other part of a problem.
    """
    campuses = tuple(campuses)
    points = [
        (campus, campus.lat, campus.lon) for campus in campuses if campus.lat is not None and campus.lon is not None
    ]
    for campus in campuses:
        if (campus.lat is None) != (campus.lon is None):
            there = "lat" if campus.lat is not None else "lon"
            yield Issue(f"campus {campus.id!r}", f"only {there} is given", "both lat and lon, or neither")
    if not points:
        return
    middle_lat = sorted(lat for _, lat, _ in points)[len(points) // 2]
    middle_lon = sorted(lon for _, _, lon in points)[(len(points) - 1) // 2]  # of two, the western one is right

    def far(lat: float, lon: float) -> bool:
        return abs(lat - middle_lat) > 3 or abs(lon - middle_lon) > 3

    for campus, lat, lon in points:
        where = f"campus {campus.id!r}"
        if abs(lat) < 0.01 and abs(lon) < 0.01:
            yield Issue(where, f"point {lat}, {lon} is in the Atlantic", "a real point, or lat and lon empty")
        elif abs(lat) > 80 or lat < -60:
            yield Issue(where, f"latitude {lat} has no schools", "lat between -60 and 80; are lat and lon swapped?")
        elif far(lat, lon) and abs(lon) <= 90 and not far(lon, lat):
            yield Issue(where, f"point {lat}, {lon} is far from the others", f"{lon}, {lat}; lat and lon look swapped")
        elif far(lat, lon) and not far(lat, -lon):
            yield Issue(where, f"point {lat}, {lon} is far from the others", f"longitude {-lon}; its sign looks wrong")
        elif far(lat, lon) and not far(-lat, lon):
            yield Issue(where, f"point {lat}, {lon} is far from the others", f"latitude {-lat}; its sign looks wrong")


def _numbers(problem: Problem) -> Iterator[Issue]:
    weighted = [campus.id for campus in problem.campuses if campus.weight is not None]
    if weighted and problem.objective.weight is None:
        yield Issue(f"campus {weighted[0]!r}", "a weight", "objective.weight, which says what it is")
    posts = sum(site.rule.posts for site in problem.sites)
    if not problem.campuses:
        yield Issue("campuses", "no row", "at least one campus")
    elif not problem.sites:
        yield Issue("campuses", "no campus has both a point and an enrollment", "at least one that has")
    if not problem.officers:
        yield Issue("officers", "0", "at least 1")
    elif problem.sites and len(problem.officers) > posts:
        yield Issue(
            "officers",
            str(len(problem.officers)),
            f"at most {posts}, one for each post on the {len(problem.sites)} planned campuses",
        )
    known = {campus.id for campus in problem.campuses}
    for campus_id in problem.policy.campuses:
        if campus_id not in known:
            yield Issue(f"policy.campuses.{campus_id}", "unknown campus", "the id of a campus in the table")
    for tier in ("continuity", "moves"):
        if tier in problem.objective.order and not problem.has_current_plan:
            yield Issue("objective.order", f"{tier}, but no current plan", "a roster with primary or shared filled in")


def _sites(problem: Problem) -> Iterator[Issue]:
    for site in problem.sites:
        if not site.rule.states and len(site.campuses) > 1:
            allowed = "; ".join(
                f"{campus.name} ({campus.level}) allows {', '.join(problem.rule(campus).states) or 'nothing'}"
                for campus in site.campuses
            )
            yield Issue(
                f"site {site.lead.site!r}",
                f"its campuses allow no state in common: {allowed}",
                "one they share; give one of them its own states under [policy.campuses]",
            )


def _officers(problem: Problem) -> Iterator[Issue]:
    known = {campus.id for campus in problem.campuses}
    policy = problem.policy
    has_hours = policy.weekly_hours > policy.off_campus_hours
    if not has_hours:
        found = f"{policy.weekly_hours:g} weekly hours, {policy.off_campus_hours:g} of them off campus"
        yield Issue("policy", found, "weekly_hours above off_campus_hours")
    for officer in problem.officers:
        where = f"officer {officer.id!r}"
        named = [("excluded", campus_id) for campus_id in officer.excluded]
        named += [("shared", campus_id) for campus_id in officer.shared]
        named += [("primary", officer.primary)] if officer.primary else []
        for column, campus_id in named:
            if campus_id not in known:
                yield Issue(f"{where}, {column}", repr(campus_id), "the id of a campus in the table")
        has_own = officer.weekly_hours is not None or officer.off_campus_hours is not None
        if problem.field_hours(officer) <= 0 and (has_own or has_hours):
            yield Issue(
                where,
                f"{problem.field_hours(officer):g} hours left for campuses",
                "weekly_hours above off_campus_hours",
            )
        if (officer.home_lat is None) != (officer.home_lon is None):
            yield Issue(where, "only half a home point", "both home_lat and home_lon, or neither")
        if officer.max_commute_min is not None and officer.home_lat is None:
            yield Issue(
                f"{where}, max_commute_min", f"{officer.max_commute_min:g}, but no home point", "home_lat and home_lon"
            )


def _assignments(problem: Problem) -> Iterator[Issue]:
    """Pins and forbids that name nothing planned, or that clash pair by pair."""
    known = {campus.id for campus in problem.campuses}
    officers = {officer.id: officer for officer in problem.officers}
    usable: dict[str, list[Assignment]] = {"pin": [], "forbid": []}
    for kind, rules in (("pin", problem.pins), ("forbid", problem.forbids)):
        for number, rule in enumerate(rules, start=1):
            where = f"{kind} {number} ({rule})"
            if rule.officer is not None and rule.officer not in officers:
                names = ", ".join(list(officers)[:5]) + (", …" if len(officers) > 5 else "")
                yield Issue(where, f"unknown officer {rule.officer!r}", f"one of {names}")
            elif rule.campus not in known:
                yield Issue(where, f"unknown campus {rule.campus!r}", "the id of a campus in the table")
            elif rule.campus not in problem.site_of:
                reason = next(campus.not_planned for campus in problem.campuses if campus.id == rule.campus)
                yield Issue(
                    where, f"{rule.campus!r} cannot be planned: {reason}", "a campus with a point and an enrollment"
                )
            else:
                usable[kind].append(rule)
    yield from _impossible_pins(problem, usable["pin"], usable["forbid"], officers)


def _impossible_pins(
    problem: Problem, pins: list[Assignment], forbids: list[Assignment], officers: dict[str, Officer]
) -> Iterator[Issue]:
    for pin in pins:
        site = problem.sites[problem.site_of[pin.campus]]
        where = f"pin {pin}"
        if pin.state and pin.state != "uncovered" and pin.state not in site.rule.states:
            allowed = ", ".join(site.rule.states) or "nothing"
            yield Issue(where, f"{pin.state} is not allowed for {site.name}", f"one of: {allowed}")
        if pin.officer:
            yield from _unfit_officer(where, pin, officers[pin.officer], site)
        for forbid in forbids:
            if (
                problem.site_of[forbid.campus] == problem.site_of[pin.campus]
                and forbid.officer in (None, pin.officer)
                and forbid.state in (None, pin.state)
            ):
                yield Issue(where, f"also forbidden (forbid {forbid})", "one of the two")
    yield from _pins_of_one_site(problem, pins)
    yield from _pins_of_one_officer(problem, pins)


def _unfit_officer(where: str, pin: Assignment, officer: Officer, site: Site) -> Iterator[Issue]:
    """Pins against what the officer's own row says."""
    if any(campus.id in officer.excluded for campus in site.campuses):
        yield Issue(where, "the officer's row excludes this campus", "one of the two")
    levels = sorted({campus.level for campus in site.campuses} - set(officer.levels))
    if officer.levels and levels and pin.state != "on-call":
        yield Issue(
            where, f"{site.name} is {', '.join(levels)}", f"a level of that officer: {', '.join(officer.levels)}"
        )


def _pins_of_one_site(problem: Problem, pins: list[Assignment]) -> Iterator[Issue]:
    """Different states, or more officers than there is room for."""
    states: dict[int, set[str]] = defaultdict(set)
    officers: dict[tuple[int, str], set[str]] = defaultdict(set)
    for pin in pins:
        index = problem.site_of[pin.campus]
        states[index].add(pin.state or "covered")
        if pin.officer and pin.state:
            officers[index, pin.state].add(pin.officer)
    for index, found in states.items():
        if len(found) > 1 and not (found <= {"covered", "primary"} or found <= {"covered", "shared"}):
            yield Issue(f"pins of {problem.sites[index].name}", " and ".join(sorted(found)), "one state for one campus")
    for (index, state), ids in officers.items():
        site = problem.sites[index]
        if state == "primary" and len(ids) > site.rule.posts:
            yield Issue(
                f"pins of {site.name}", f"{len(ids)} officers based there", f"at most its posts ({site.rule.posts})"
            )
        elif state != "primary" and len(ids) > 1:
            yield Issue(f"pins of {site.name}", f"{state} for {' and '.join(sorted(ids))}", "one officer")


def _pins_of_one_officer(problem: Problem, pins: list[Assignment]) -> Iterator[Issue]:
    bases: dict[str, set[int]] = defaultdict(set)
    for pin in pins:
        if pin.officer and pin.state == "primary":
            bases[pin.officer].add(problem.site_of[pin.campus])
    for officer_id, indices in bases.items():
        if len(indices) > 1:
            names = " and ".join(problem.sites[index].name for index in sorted(indices))
            yield Issue(f"pins of officer {officer_id!r}", f"based at {names}", "one primary for each officer")
