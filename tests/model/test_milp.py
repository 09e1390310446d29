"""An independent formulation, officer by officer, solved with HiGHS on mid-size instances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from sro_coverage.model.solution import slack
from sro_coverage.planner import solve
from sro_coverage.travel import travel_times
from tests.instances import Enumeration, random_problem


class PlainMilp:
    """Variables y[k, i], s[k, i, j], o[k, i, j] for officers by name; every constraint as first read."""

    def __init__(self, problem) -> None:
        self.problem = problem
        self.words = words = Enumeration(problem, travel_times(problem))
        self.index: dict[tuple, int] = {}
        sites = range(len(words.groups))
        for k, officer in enumerate(problem.officers):
            for i in sites:
                if not words.may_be_based(officer, i):
                    continue
                self.index["y", k, i] = len(self.index)
                for j in sites:
                    trip = words.times.trip(i, j)
                    if i == j or trip is None:
                        continue
                    limit = officer.max_travel_min or problem.policy.max_travel_min
                    if words.may_serve(officer, j, "shared") and trip[0] <= round(limit * 60):
                        self.index["s", k, i, j] = len(self.index)
                    if words.may_serve(officer, j, "on-call") and trip[0] <= round(problem.policy.on_call_min * 60):
                        self.index["o", k, i, j] = len(self.index)
        for j in sites:
            self.index["p", j] = len(self.index)
            self.index["u", j] = len(self.index)
        self.rows: list[tuple[dict[int, float], float, float]] = []
        self.state()
        self.limits()

    def add(self, terms, low, high) -> None:
        row: dict[int, float] = {}
        for key, value in terms:
            row[self.index[key]] = row.get(self.index[key], 0) + value
        self.rows.append((row, low, high))

    def keys(self, kind, **fixed):
        return [
            key
            for key in self.index
            if key[0] == kind and all(key["_kij".index(name)] == value for name, value in fixed.items())
        ]

    def state(self) -> None:
        for j in range(len(self.words.groups)):
            serving = [(key, 1) for kind in "so" for key in self.keys(kind, j=j)]
            self.add([(("p", j), 1), (("u", j), 1), *serving], 1, 1)
            based = [(key, 1) for key in self.keys("y", i=j)]
            self.add([*based, (("p", j), -self.words.rules[j].posts)], 0, 0)
        for k in range(len(self.problem.officers)):
            self.add([(key, 1) for key in self.keys("y", k=k)], 0, 1)

    def limits(self) -> None:
        words, problem = self.words, self.problem
        for key in self.keys("y"):
            _, k, i = key
            officer = problem.officers[k]
            shared = self.keys("s", k=k, i=i)
            for arc in (*shared, *self.keys("o", k=k, i=i)):
                self.add([(arc, 1), (key, -1)], -np.inf, 0)
            most_students = officer.max_students or problem.policy.max_students or 10**9
            most_shared = problem.policy.max_shared if officer.max_shared is None else officer.max_shared
            hours = problem.policy.weekly_hours if officer.weekly_hours is None else officer.weekly_hours
            field_s = round((hours - problem.policy.off_campus_hours) * 3600)
            rows = (
                (field_s - words.floor_s(officer, i), self.seconds),
                (10 - problem.policy.primary_peaks, lambda i, j: words.rules[j].peaks_per_week),
                (most_students - words.students[i], lambda i, j: words.students[j]),
                (most_shared, lambda i, j: 1),
            )
            for cap, use in rows:
                self.add([*((arc, use(i, arc[3])) for arc in shared), (key, -cap)], -np.inf, 0)

    def seconds(self, i, j) -> int:
        rule = self.words.rules[j]
        presence = round(rule.visits_per_week * rule.hours_per_visit * 3600)
        return presence + self.words.trip_s(i, j, rule.visits_per_week)

    def cost(self, tier) -> np.ndarray:
        words, cost = self.words, np.zeros(len(self.index))
        for key, at in self.index.items():
            kind, j = key[0], key[-1]
            if tier == "coverage":
                cost[at] = words.demand[j] * (kind in "ou")
            elif tier == "primary":
                cost[at] = -words.demand[j] * (kind == "p")
            elif tier == "reach":
                cost[at] = words.demand[j] * (kind == "u")
            elif tier == "travel" and kind == "s":
                cost[at] = words.trip_s(key[2], j, words.rules[j].visits_per_week)
            elif tier == "travel" and kind == "o":
                cost[at] = words.trip_s(key[2], j, self.problem.policy.on_call_trips_per_week)
        return cost

    def solve(self, tiers):
        found = []
        for tier in tiers:
            cost = self.cost(tier)
            matrix = lil_array((len(self.rows), len(self.index)))
            for number, (row, _, _) in enumerate(self.rows):
                for at, value in row.items():
                    matrix[number, at] = value
            low, high = ([row[side] for row in self.rows] for side in (1, 2))
            result = milp(
                cost,
                constraints=LinearConstraint(matrix.tocsr(), low, high),
                bounds=Bounds(0, 1),
                integrality=np.ones(len(cost)),
                options={"mip_rel_gap": 0},
            )
            assert result.status == 0, result.message
            best = round(result.fun)
            allowed = best + slack(best, self.problem.objective.tolerance.of(tier))
            self.rows.append(({at: value for at, value in enumerate(cost) if value}, -np.inf, allowed))
            found.append(-best if tier == "primary" else best)
        return found


@pytest.mark.parametrize("seed", range(8))
def test_equals_a_plain_milp(seed):
    problem = random_problem(seed + 3000, num_campuses=18, num_officers=4).replace(pins=(), forbids=())
    tiers = ("coverage", "primary", "reach", "travel")
    problem = problem.replace(objective=problem.objective.model_copy(update={"order": tiers}))
    plan = solve(problem)
    assert plan.status == "optimal"
    assert [tier.best for tier in plan.tiers] == PlainMilp(problem).solve(tiers)
