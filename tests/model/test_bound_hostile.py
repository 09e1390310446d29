"""The bound where it is most likely to be wrong: mid-size problems against HiGHS, and extreme numbers."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from sro_coverage.model.ascent import ascend, good_start
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.exact import solve_exact
from sro_coverage.model.large import solve_large
from sro_coverage.model.solution import SolveParams
from sro_coverage.model.stars import Stars
from sro_coverage.problem import Tolerance
from sro_coverage.problem.policy import numbered_officers
from sro_coverage.travel import TravelTimes, travel_times
from tests.instances import Enumeration, random_officer, random_problem, random_times

TIERS = ("coverage", "primary", "reach", "travel", "visibility")


class PlainModel:
    """
    The compact model from the words of the plan file: p[i] based, y[c, i] held, s and o served, u uncovered.

    Officers whom nothing but the name tells apart are counted; every post of a campus has a week of its own. It shares
    nothing with the arrays.
    """

    def __init__(self, problem, times) -> None:
        self.words = words = Enumeration(problem, times)
        self.index: dict[tuple, int] = {}
        self.rows: list[tuple[dict[tuple, float], float, float]] = []
        self.worth: dict[tuple, int] = {}
        sites = range(len(words.groups))
        alike: dict[tuple, list] = {}
        for officer in problem.officers:
            alike.setdefault(tuple(officer.model_dump(exclude={"id", "name"}).items()), []).append(officer)
        classes = list(alike.values())
        for i in sites:
            self.add([(("p", i), 1), (("u", i), 1)], 1, 1)
        served = [dict(row) for row, _, _ in self.rows]
        held: list[list] = [[] for _ in sites]
        for c, members in enumerate(classes):
            officer, mine = members[0], []
            for i in sites:
                if not words.may_be_based(officer, i):
                    continue
                for post in range(min(words.rules[i].posts, len(members))):
                    base = (c, i, post)
                    mine.append((("y", *base), 1))
                    held[i].append((("y", *base), 1))
                    self.beat(problem, officer, base, served)
            self.add(mine, 0, len(members))
        for i in sites:
            self.rows[i] = (served[i], 1, 1)
            self.add([*held[i], (("p", i), -words.rules[i].posts)], 0, 0)

    def beat(self, problem, officer, base, served) -> None:
        words, (_, i, _) = self.words, base
        most = officer.max_students or problem.policy.max_students or 10**9
        count = problem.policy.max_shared if officer.max_shared is None else officer.max_shared
        reach = officer.max_travel_min or problem.policy.max_travel_min
        shared = []
        for j in range(len(words.groups)):
            trip = words.times.trip(i, j)
            if i == j or trip is None:
                continue
            for kind, state, limit in (("s", "shared", reach), ("o", "on-call", problem.policy.on_call_min)):
                if words.may_serve(officer, j, state) and trip[0] <= round(limit * 60):
                    arc = (kind, *base, j)
                    served[j][arc] = 1
                    self.add([(arc, 1), (("y", *base), -1)], -np.inf, 0)
                    if kind == "s":
                        shared.append((arc, j))
        for cap, use in (
            (self.left_s(problem, officer, i), self.seconds),
            (10 - problem.policy.primary_peaks, lambda i, j: words.rules[j].peaks_per_week),
            (most - words.students[i], lambda i, j: words.students[j]),
            (count, lambda i, j: 1),
        ):
            self.add([*((arc, use(i, j)) for arc, j in shared), (("y", *base), -cap)], -np.inf, 0)
        self.worth["y", *base] = words.demand[i] * self.left_s(problem, officer, i)
        for arc, j in shared:
            self.worth[arc] = -words.demand[i] * self.seconds(i, j)

    def left_s(self, problem, officer, i) -> int:
        hours = problem.policy.weekly_hours if officer.weekly_hours is None else officer.weekly_hours
        return round((hours - problem.policy.off_campus_hours) * 3600) - self.words.floor_s(officer, i)

    def seconds(self, i, j) -> int:
        rule = self.words.rules[j]
        return round(rule.visits_per_week * rule.hours_per_visit * 3600) + self.words.trip_s(i, j, rule.visits_per_week)

    def add(self, terms, low, high) -> None:
        for key, _ in terms:
            self.index.setdefault(key, len(self.index))
        self.rows.append((dict(terms), low, high))

    def cost(self, tier) -> np.ndarray:
        """What is to be made small, in the numbers that people see (with their sign turned where more is better)."""
        words, cost = self.words, np.zeros(len(self.index))
        calls = words.problem.policy.on_call_trips_per_week
        for key, at in self.index.items():
            kind, i, j = key[0], key[2] if len(key) > 2 else key[1], key[-1]
            if tier == "coverage" and kind in "ou":
                cost[at] = words.demand[j]
            elif tier == "primary" and kind == "p":
                cost[at] = -words.demand[j]
            elif tier == "reach" and kind == "u":
                cost[at] = words.demand[j]
            elif tier == "travel" and kind in "so":
                cost[at] = words.trip_s(i, j, words.rules[j].visits_per_week if kind == "s" else calls)
            elif tier == "visibility":
                cost[at] = -self.worth.get(key, 0)
        return cost

    def best(self, tier, limits) -> tuple[int, bool]:
        """
        Best cost of a tier with costs of others held, and whether HiGHS proved it.

        The answer is made whole and every row is checked again without tolerance, so that it is a plan's in any case.
        """
        rows = [*self.rows]
        for other, limit in limits.items():
            rows.append((dict(zip(self.index, self.cost(other), strict=True)), -np.inf, limit))
        at, column, value = [], [], []
        for number, (row, _, _) in enumerate(rows):
            for key, coefficient in row.items():
                at.append(number)
                column.append(self.index[key])
                value.append(coefficient)
        matrix = coo_array((value, (at, column)), shape=(len(rows), len(self.index))).tocsr()
        low, high = (np.asarray([row[side] for row in rows], float) for side in (1, 2))
        cost = self.cost(tier)
        size = max(np.abs(cost).max(initial=0), 1)
        result = milp(
            cost / size * 1000,
            constraints=LinearConstraint(matrix, low, high),
            bounds=Bounds(0, 1),
            integrality=np.ones(len(cost)),
            options={"mip_rel_gap": 0, "time_limit": 1},
        )
        if result.x is None:
            return 2**60, False
        x = np.rint(result.x)
        activity = matrix @ x
        if not ((activity >= low) & (activity <= high)).all():
            return 2**60, False
        return round(cost @ x), result.status == 0


def mid_size(seed: int):
    """20 to 40 campuses; officers all alike, or of two kinds."""
    rng = random.Random(seed)
    problem = random_problem(seed + 9000, num_campuses=20 + 2 * (seed % 11))
    problem = problem.replace(pins=(), forbids=())
    officers = numbered_officers(rng.choice([3, 5, 8]))
    if seed % 2:
        other = random_officer(rng, 99, problem.campuses).model_copy(update={"primary": None, "shared": ()})
        twins = [other.model_copy(update={"id": f"twin{n}", "name": f"Twin {n}"}) for n in range(2)]
        officers = (*officers, *twins)
    order = list(TIERS)
    rng.shuffle(order)
    order = tuple(order[:3]) if seed % 3 else TIERS
    objective = problem.objective.model_copy(update={"order": order})
    problem = problem.replace(officers=officers, objective=objective)
    return problem, random_times(seed, len(problem.sites)) if seed % 4 == 0 else travel_times(problem)


@pytest.mark.parametrize("seed", range(12))
def test_no_bound_passes_what_highs_finds(seed):
    problem, times = mid_size(seed)
    arrays, plain = compile_arrays(problem, times), PlainModel(problem, times)
    stars = Stars.of(arrays)
    found = solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=0.5))
    limits: dict[str, int] = {}
    held = []
    proven = 0
    for tier, outcome in zip(arrays.tiers, found.tiers, strict=True):
        shown, is_proven = plain.best(tier.name, limits)
        proven += is_proven
        best = shown - tier.sign * tier.constant  # as a cost of the arrays
        assert tier.sign * outcome.bound <= shown, f"the whole solver's bound of {tier.name}"
        if is_proven and found.status == "optimal":
            assert tier.sign * outcome.best == shown
        relaxation = Relaxation(arrays, stars, tier, held, Exclusions.of_rules(arrays, stars))
        bound = ascend(relaxation, good_start(relaxation, [None] * len(held)), best, rounds=60)
        assert bound.whole <= best, f"the bound of {tier.name}"
        if best < 2**59:
            excluded = relaxation.regrets(bound.prices).beyond(best, relaxation.excluded)
            again = ascend(Relaxation(arrays, stars, tier, held, excluded), bound.prices, best, rounds=30)
            assert again.whole <= best, f"the bound of {tier.name} without what is excluded"
        limits[tier.name] = tier.sign * outcome.limit
        held.append((tier, tier.sign * (outcome.limit - tier.constant)))
    assert proven


def relaxation_of(problem, times, tier=0, held=()):
    arrays = compile_arrays(problem, times)
    stars = Stars.of(arrays)
    return arrays, Relaxation(arrays, stars, arrays.tiers[tier], list(held), Exclusions.of_rules(arrays, stars))


def without_rules(problem, order, officers=3):
    """Plain officers and levels, so that something can be planned."""
    policy = problem.policy.model_copy(update={"levels": {}, "campuses": {}, "max_travel_min": 30.0, "max_shared": 2})
    objective = problem.objective.model_copy(update={"order": order, "tolerance": Tolerance(), "weight": None})
    return problem.replace(
        campuses=tuple(campus.model_copy(update={"weight": None}) for campus in problem.campuses),
        policy=policy,
        objective=objective,
        pins=(),
        forbids=(),
        officers=numbered_officers(officers),
    )


@pytest.mark.parametrize("size", [1e3, 1e9, 1e15, 1e30, np.inf])
def test_bound_is_valid_at_absurd_prices(size):
    """The ascent may run away; what it says then must still be true, not an overflow."""
    problem = random_problem(21, num_campuses=12, num_officers=3)
    problem = without_rules(problem, ("coverage", "travel"))
    arrays, relaxation = relaxation_of(problem, travel_times(problem))
    best = solve_exact(arrays, Tolerance(), SolveParams(time_limit_s=10)).tiers[0].best
    rng = np.random.default_rng(1)
    for direction in (1, -1, rng.choice([-1, 1], len(arrays.posts))):
        prices = Prices(np.ones(len(arrays.posts)) * direction * size, np.zeros(1), np.zeros(0))
        assert relaxation.evaluate(prices).whole <= best


def test_bound_is_valid_at_absurd_prices_of_thousands_of_sites():
    """The sum of 3,000 prices must not pass what a whole number holds."""
    problem = random_problem(21, num_campuses=12, num_officers=3)
    problem = without_rules(problem, ("coverage", "travel"))
    arrays = compile_arrays(problem, travel_times(problem))
    copies = 250
    many = copied(arrays, copies)
    stars = Stars.of(many)
    relaxation = Relaxation(many, stars, many.tiers[0], [], Exclusions.of_rules(many, stars))
    nobody = int(many.tiers[0].uncovered_cost.sum())
    for price in (1e30, -1e30):
        prices = Prices(np.full(len(many.posts), price), np.zeros(1), np.zeros(0))
        assert relaxation.evaluate(prices).whole <= nobody


def copied(arrays, copies):
    """The same problem many times beside itself, under one class of officers."""

    def shifted(column, by):
        return np.concatenate([np.where(column < 0, column, column + n * by) for n in range(copies)])

    def again(column):
        return np.tile(column, copies)

    sites, bases = len(arrays.posts), len(arrays.base_site)
    columns = {name: again(value) for name, value in vars(arrays).items() if isinstance(value, np.ndarray)}
    columns |= {
        "base_site": shifted(arrays.base_site, sites),
        "base_twin": shifted(arrays.base_twin, bases),
        "arc_base": shifted(arrays.arc_base, bases),
        "arc_site": shifted(arrays.arc_site, sites),
    }
    tiers = tuple(
        replace(tier, **{name: again(value) for name, value in vars(tier).items() if isinstance(value, np.ndarray)})
        for tier in arrays.tiers
    )
    officers = (tuple(range(len(arrays.class_officers[0]) * copies)),)
    return replace(arrays, **columns, class_officers=officers, tiers=tiers)


@pytest.mark.parametrize("order", [("visibility",), ("coverage", "visibility"), ("travel", "visibility")])
def test_bound_is_valid_with_a_million_students_a_campus(order):
    """Visibility then counts in units of 10^11: the fixed point must give way, not overflow."""
    problem = random_problem(33, num_campuses=9, num_officers=3)
    crowded = tuple(c.model_copy(update={"enrollment": 1_000_000 - n}) for n, c in enumerate(problem.campuses))
    policy = problem.policy.model_copy(update={"max_students": None})
    problem = without_rules(problem.replace(campuses=crowded, policy=policy), order)
    arrays = compile_arrays(problem, travel_times(problem))
    exact = solve_exact(arrays, Tolerance(), SolveParams(time_limit_s=20))
    assert exact.status == "optimal"
    large = solve_large(arrays, Tolerance(), SolveParams(time_limit_s=1))
    tier = arrays.tiers[0]
    assert tier.sign * large.tiers[0].bound <= tier.sign * exact.tiers[0].best <= tier.sign * large.tiers[0].best
    stars = Stars.of(arrays)
    held = []
    for tier, outcome in zip(arrays.tiers, exact.tiers, strict=True):
        best = tier.sign * (outcome.best - tier.constant)
        relaxation = Relaxation(arrays, stars, tier, held, Exclusions.of_rules(arrays, stars))
        bound = ascend(relaxation, good_start(relaxation, [None] * len(held)), best, rounds=60)
        assert bound.whole <= best
        assert best - bound.whole <= 0.5 * abs(best)  # valid, and not for want of digits
        held.append((tier, tier.sign * (outcome.limit - tier.constant)))


@pytest.mark.parametrize("kind", ["one point", "far apart", "nobody may be based", "empty campuses", "more officers"])
def test_odd_shapes_are_solved_as_the_exact_solver_says(kind):
    problem = without_rules(random_problem(44, num_campuses=8), TIERS)
    times = travel_times(problem)
    match kind:
        case "one point":
            times = TravelTimes.from_matrix(np.zeros((len(problem.sites),) * 2, np.int64), 1800)
        case "far apart":
            times = TravelTimes.from_pairs(len(problem.sites), *(np.empty(0, np.int64) for _ in range(4)))
        case "nobody may be based":
            excluded = tuple(campus.id for campus in problem.campuses)
            officers = tuple(o.model_copy(update={"excluded": excluded}) for o in problem.officers)
            problem = problem.replace(officers=officers)
        case "empty campuses":
            problem = problem.replace(campuses=tuple(c.model_copy(update={"enrollment": 0}) for c in problem.campuses))
        case "more officers":
            problem = problem.replace(officers=numbered_officers(len(problem.sites)))
    arrays = compile_arrays(problem, times)
    exact = solve_exact(arrays, Tolerance(), SolveParams(time_limit_s=20))
    large = solve_large(arrays, Tolerance(), SolveParams(time_limit_s=2))
    assert exact.status == "optimal"
    assert large.choice.keeps_rules(arrays)
    for tier, ours, theirs in zip(arrays.tiers, large.tiers, exact.tiers, strict=True):
        assert tier.sign * ours.bound <= tier.sign * theirs.best
        if ours.best != theirs.best:  # then later tiers are held to something else
            assert tier.sign * ours.best > tier.sign * theirs.best
            break


def test_the_plain_model_here_agrees_with_the_enumeration():
    """Or else it would prove nothing above."""
    compared = 0
    for seed in range(12):
        problem = random_problem(seed + 500, num_campuses=4, num_officers=2).replace(pins=(), forbids=())
        objective = problem.objective.model_copy(update={"order": TIERS, "tolerance": Tolerance()})
        problem = problem.replace(objective=objective)
        plain = PlainModel(problem, travel_times(problem))
        limits: dict[str, int] = {}
        for tier, best in zip(TIERS, plain.words.best(), strict=True):
            found, is_proven = plain.best(tier, limits)
            assert is_proven
            assert abs(found) == best
            limits[tier] = found
            compared += 1
    assert compared == 60
