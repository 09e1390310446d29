"""Small random instances that use every rule, and an enumeration of all their plans."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sro_coverage.errors import DataError
from sro_coverage.problem import (
    LEVELS,
    Assignment,
    Campus,
    Objective,
    Officer,
    Policy,
    Problem,
    Rule,
    RuleChange,
    StraightLine,
    Tolerance,
)
from sro_coverage.travel import TravelTimes

STATES = ("primary", "shared", "on-call")
SOME_LEVELS = ("high", "middle", "elementary")


def random_campuses(rng: random.Random, count: int, *, spread: float = 0.12) -> tuple[Campus, ...]:
    """Campuses in a square of about 13 km, some of them on one site."""
    campuses = [
        Campus(
            id=f"c{number}",
            name=f"Campus {number}",
            level=rng.choice(SOME_LEVELS),
            lat=36.5 + rng.random() * spread,
            lon=-119.4 + rng.random() * spread,
            enrollment=rng.choice([0, 40, 100, 250, 400, 400, 800, 1500]),
        )
        for number in range(count)
    ]
    if count > 3 and rng.random() < 0.4:
        for number in (0, 1):
            campuses[number] = campuses[number].model_copy(update={"site": "together"})
    return tuple(campuses)


def random_policy(rng: random.Random) -> Policy:
    def change() -> RuleChange:
        states = rng.choice([None, STATES, ("primary", "shared"), ("shared", "on-call"), ("on-call",), ("primary",)])
        return RuleChange(
            states=states,
            visits_per_week=rng.choice([None, 0.5, 1, 3]),
            hours_per_visit=rng.choice([None, 1, 2.5, 4]),
            peaks_per_week=rng.choice([None, 0, 1, 3]),
            min_primary_hours=rng.choice([None, None, 18, 24]),
            posts=rng.choice([None, None, None, 2]),
        )

    return Policy(
        weekly_hours=rng.choice([36, 40]),
        off_campus_hours=rng.choice([4, 8]),
        primary_share_min=rng.choice([0.3, 0.5, 0.75]),
        primary_peaks=rng.choice([4, 5, 7]),
        max_shared=rng.choice([0, 1, 2, 4]),
        max_students=rng.choice([None, None, 1600, 900]),
        max_travel_min=rng.choice([8, 12, 30]),
        on_call_min=rng.choice([8, 15, 30]),
        on_call_trips_per_week=rng.choice([0, 0.25, 2]),
        levels={level: change() for level in SOME_LEVELS if rng.random() < 0.7},
        campuses={"c2": change()} if rng.random() < 0.4 else {},
    )


def random_officer(rng: random.Random, number: int, campuses: tuple[Campus, ...]) -> Officer:
    ids = [campus.id for campus in campuses]
    plain = rng.random() < 0.5
    home = rng.random() < 0.3 and not plain
    return Officer(
        id=f"o{number}",
        name=f"Officer {number}",
        weekly_hours=None if plain else rng.choice([None, 30, 44]),
        primary_share_min=None if plain else rng.choice([None, 0.6]),
        max_shared=None if plain else rng.choice([None, 1, 3]),
        max_students=None if plain else rng.choice([None, 1200]),
        max_travel_min=None if plain else rng.choice([None, 10]),
        levels=() if plain else rng.choice([(), ("high", "middle"), ("elementary", "middle")]),
        excluded=() if plain else tuple(rng.sample(ids, rng.choice([0, 0, 1]))),
        home_lat=36.55 if home else None,
        home_lon=-119.35 if home else None,
        max_commute_min=rng.choice([8, 12]) if home else None,
        primary=rng.choice(ids) if rng.random() < 0.4 else None,
        shared=tuple(rng.sample(ids, 1)) if rng.random() < 0.3 else (),
    )


def random_rules(rng: random.Random, campuses: tuple[Campus, ...], officers: tuple[Officer, ...]) -> list[Assignment]:
    rules = []
    for _ in range(rng.choice([0, 0, 1, 2])):
        officer = rng.choice([None, rng.choice(officers).id])
        state = rng.choice([None, *STATES, "uncovered"])
        if (officer is None and state is None) or (officer and state == "uncovered"):
            continue
        rules.append(Assignment(campus=rng.choice(campuses).id, officer=officer, state=state))
    return rules


def random_problem(seed: int, *, num_campuses: int | None = None, num_officers: int | None = None) -> Problem:
    """Draw until the parts do not contradict each other at first sight; infeasible is still possible."""
    rng = random.Random(seed)
    while True:
        campuses = random_campuses(rng, num_campuses or rng.choice([3, 4, 5]))
        officers = tuple(
            random_officer(rng, number, campuses) for number in range(num_officers or rng.choice([1, 2, 2, 3]))
        )
        current = any(officer.primary or officer.shared for officer in officers)
        tiers = ["coverage", "primary", "reach", "travel", "visibility", "balance"] + ["continuity", "moves"] * current
        rng.shuffle(tiers)
        order = () if rng.random() < 0.4 else tuple(tiers[: rng.choice([3, 5, 7])])
        tolerance = Tolerance(**{tier: rng.choice([0, 0, 0.05, 0.2]) for tier in tiers})
        weight = "need" if rng.random() < 0.2 else None
        if weight:
            campuses = tuple(c.model_copy(update={"weight": rng.randrange(500)}) for c in campuses)
        try:
            return Problem(
                title=f"random {seed}",
                campuses=campuses,
                officers=officers,
                policy=random_policy(rng),
                travel=StraightLine(circuity=1.3, speed_kph=rng.choice([30, 50])),
                objective=Objective(order=order, tolerance=tolerance, weight=weight),
                pins=tuple(random_rules(rng, campuses, officers)),
                forbids=tuple(random_rules(rng, campuses, officers)),
            )
        except DataError:
            continue


def random_times(seed: int, num_sites: int) -> TravelTimes:
    """Asymmetric seconds, up to about 20 minutes."""
    matrix = np.random.default_rng(seed).integers(60, 1200, (num_sites, num_sites))
    np.fill_diagonal(matrix, 0)
    return TravelTimes.from_matrix(matrix, 30 * 60)


@dataclass
class Week:
    """One officer's week while plans are enumerated; written apart from the package on purpose."""

    officer: Officer
    primary: int
    shared: list[int]
    on_call: list[int]


def _limit(problem: Problem, officer: Officer, name: str) -> float | None:
    own = getattr(officer, name)
    return getattr(problem.policy, name) if own is None else own


def _field(problem: Problem, officer: Officer) -> float:
    return _limit(problem, officer, "weekly_hours") - _limit(problem, officer, "off_campus_hours")


def _km(a: tuple[float, float], b: tuple[float, float]) -> float:
    from geopy.distance import great_circle

    return great_circle(a, b).km


class Enumeration:
    """Every plan of a small problem, from the words of the plan file."""

    def __init__(self, problem: Problem, times: TravelTimes) -> None:
        self.problem, self.times = problem, times
        self.rules: list[Rule] = []
        self.groups = []
        by_site: dict[str, list[Campus]] = {}
        for campus in problem.campuses:
            by_site.setdefault(campus.site or campus.id, []).append(campus)
        groups = [sorted(group, key=lambda c: (-c.enrollment, c.id)) for group in by_site.values()]
        self.groups = sorted(groups, key=lambda group: group[0].id)
        self.students = [sum(c.enrollment for c in group) for group in self.groups]
        self.demand = [sum(c.enrollment if c.weight is None else c.weight for c in group) for group in self.groups]
        for group in self.groups:
            rules = [problem.policy.rule_for(c.id, c.level) for c in group]
            self.rules.append(
                Rule(
                    states=tuple(s for s in STATES if all(s in rule.states for rule in rules)),
                    visits_per_week=max(rule.visits_per_week for rule in rules),
                    hours_per_visit=max(rule.hours_per_visit for rule in rules),
                    peaks_per_week=max(rule.peaks_per_week for rule in rules),
                    min_primary_hours=max(rule.min_primary_hours for rule in rules),
                    posts=max(rule.posts for rule in rules),
                )
            )

    def at(self, campus_id: str) -> int:
        return next(i for i, group in enumerate(self.groups) if campus_id in [c.id for c in group])

    def floor_s(self, officer: Officer, site: int) -> int:
        share = _limit(self.problem, officer, "primary_share_min") * _field(self.problem, officer)
        return round(max(share, self.rules[site].min_primary_hours) * 3600)

    def trip_s(self, origin: int, site: int, times_a_week: float) -> int:
        return round(times_a_week * sum(self.times.trip(origin, site)))

    def used_s(self, week: Week) -> int:
        return sum(
            round(self.rules[j].visits_per_week * self.rules[j].hours_per_visit * 3600)
            + self.trip_s(week.primary, j, self.rules[j].visits_per_week)
            for j in week.shared
        )

    def may_serve(self, officer: Officer, site: int, state: str) -> bool:
        if state not in self.rules[site].states:
            return False
        for campus in self.groups[site]:
            if campus.id in officer.excluded:
                return False
            if officer.levels and campus.level not in officer.levels and state != "on-call":
                return False
        return True

    def may_be_based(self, officer: Officer, site: int) -> bool:
        field_s = round(_field(self.problem, officer) * 3600)
        most = _limit(self.problem, officer, "max_students")
        if not self.may_serve(officer, site, "primary") or self.floor_s(officer, site) > field_s:
            return False
        if most is not None and self.students[site] > most:
            return False
        if officer.max_commute_min is not None:
            lead = self.groups[site][0]
            km = _km((officer.home_lat, officer.home_lon), (lead.lat, lead.lon))
            travel = self.problem.travel
            seconds = round(60 * travel.terminal_min + 3600 * travel.circuity * km / travel.speed_kph)
            return seconds <= round(officer.max_commute_min * 60)
        return True

    def keeps_limits(self, week: Week) -> bool:
        problem, officer = self.problem, week.officer
        most = _limit(problem, officer, "max_students")
        left_s = round(_field(problem, officer) * 3600) - self.floor_s(officer, week.primary)
        return (
            len(week.shared) <= _limit(problem, officer, "max_shared")
            and sum(self.rules[j].peaks_per_week for j in week.shared) <= 10 - problem.policy.primary_peaks
            and (most is None or self.students[week.primary] + sum(self.students[j] for j in week.shared) <= most)
            and self.used_s(week) <= left_s
        )

    def weeks(self) -> Iterator[list[Week]]:
        """Every way to base the officers, share and call, with all limits kept."""
        sites = range(len(self.groups))
        choices = [[None, *(i for i in sites if self.may_be_based(officer, i))] for officer in self.problem.officers]
        for bases in itertools.product(*choices):
            held = {i: bases.count(i) for i in bases if i is not None}
            if any(count != self.rules[i].posts for i, count in held.items()):
                continue
            weeks = [
                Week(officer, base, [], [])
                for officer, base in zip(self.problem.officers, bases, strict=True)
                if base is not None
            ]
            yield from self._serve(weeks, [j for j in sites if j not in held])

    def _serve(self, weeks: list[Week], sites: list[int]) -> Iterator[list[Week]]:
        if not sites:
            yield weeks
            return
        site, *rest = sites
        yield from self._serve(weeks, rest)
        for week in weeks:
            trip = self.times.trip(week.primary, site)
            if trip is None:
                continue
            if self.may_serve(week.officer, site, "shared") and trip[0] <= round(
                _limit(self.problem, week.officer, "max_travel_min") * 60
            ):
                week.shared.append(site)
                if self.keeps_limits(week):
                    yield from self._serve(weeks, rest)
                week.shared.pop()
            if self.may_serve(week.officer, site, "on-call") and trip[0] <= round(self.problem.policy.on_call_min * 60):
                week.on_call.append(site)
                yield from self._serve(weeks, rest)
                week.on_call.pop()

    def keeps_pins(self, weeks: list[Week]) -> bool:
        roles = [(w.primary, "primary", w.officer.id) for w in weeks]
        roles += [(j, "shared", w.officer.id) for w in weeks for j in w.shared]
        roles += [(j, "on-call", w.officer.id) for w in weeks for j in w.on_call]

        def holds(rule: Assignment, any_role: tuple[str, ...]) -> bool:
            site = self.at(rule.campus)
            here = [(state, who) for j, state, who in roles if j == site]
            if rule.state == "uncovered":
                return not here
            states = (rule.state,) if rule.state else any_role
            return any(state in states and rule.officer in (None, who) for state, who in here)

        return all(holds(pin, ("primary", "shared")) for pin in self.problem.pins) and not any(
            holds(forbid, STATES) for forbid in self.problem.forbids
        )

    def values(self, weeks: list[Week]) -> dict[str, int]:
        based = {w.primary for w in weeks}
        covered = based.union(*(w.shared for w in weeks))
        reached = covered.union(*(w.on_call for w in weeks))
        lost = 0
        for officer in self.problem.officers:
            mine = next(({w.primary, *w.shared} for w in weeks if w.officer.id == officer.id), set())
            lost += sum(
                self.demand[j] for j in {self.at(c) for c in (officer.primary, *officer.shared) if c} if j not in mine
            )
        moved = 0
        for officer in self.problem.officers:
            if officer.primary is not None:
                week = next((w for w in weeks if w.officer.id == officer.id), None)
                today = {self.at(c) for c in officer.shared} - {self.at(officer.primary)}
                stays = week and week.primary == self.at(officer.primary) and today <= set(week.shared)
                moved += not stays
        calls = self.problem.policy.on_call_trips_per_week
        return {
            "coverage": sum(d for j, d in enumerate(self.demand) if j not in covered),
            "primary": sum(self.demand[j] for j in based),
            "reach": sum(d for j, d in enumerate(self.demand) if j not in reached),
            "travel": sum(
                sum(self.trip_s(w.primary, j, self.rules[j].visits_per_week) for j in w.shared)
                + sum(self.trip_s(w.primary, j, calls) for j in w.on_call)
                for w in weeks
            ),
            "visibility": sum(
                self.demand[w.primary]
                * (round(_field(self.problem, w.officer) * 3600) - self.floor_s(w.officer, w.primary) - self.used_s(w))
                for w in weeks
            ),
            "continuity": lost,
            "balance": max((self.demand[w.primary] + sum(self.demand[j] for j in w.shared) for w in weeks), default=0),
            "moves": moved,
        }

    def best(self) -> list[int] | None:
        """Best value of each tier in turn, the earlier ones held; None if there is no plan."""
        order = self.problem.order
        rows = {tuple(self.values(weeks)[tier] for tier in order) for weeks in self.weeks() if self.keeps_pins(weeks)}
        if not rows:
            return None
        found = []
        for position, tier in enumerate(order):
            sign = -1 if tier in ("primary", "visibility") else 1
            best = min(sign * row[position] for row in rows)
            # Floats would put 20 % of 1,225 at 244 or 245 by chance: whole hundredths.
            slack = abs(best) * round(self.problem.objective.tolerance.of(tier) * 100) // 100
            rows = {row for row in rows if sign * row[position] <= best + slack}
            found.append(sign * best)
        return found


assert set(SOME_LEVELS) <= set(LEVELS)
