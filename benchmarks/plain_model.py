"""
The peer: the same problem as somebody would write it with CP-SAT in an afternoon.

Every officer, every pair of campuses, no classes, no reach filter on variables, no hints, default
parameters; each tier is solved again from nothing with the earlier ones fixed. It is correct, and
its values have to agree with those of the program.
"""

from __future__ import annotations

import json
import sys

from ortools.sat.python import cp_model

from sro_coverage.model.solution import slack
from sro_coverage.plan import UNITS
from sro_coverage.problem import PEAKS_A_WEEK
from sro_coverage.read import read_problem
from sro_coverage.travel import travel_times


def main(plan_file: str, time_limit_s: float) -> None:
    """Solve a plan file and print one JSON line a tier."""
    problem = read_problem(plan_file)
    sites, officers, policy = problem.sites, problem.officers, problem.policy
    times = travel_times(problem)
    n, k = range(len(sites)), range(len(officers))
    model = cp_model.CpModel()
    y = {(o, i): model.new_bool_var("") for o in k for i in n}
    s = {(o, i, j): model.new_bool_var("") for o in k for i in n for j in n}
    c = {(o, i, j): model.new_bool_var("") for o in k for i in n for j in n}
    u = {j: model.new_bool_var("") for j in n}
    for j in n:
        mine = sum(y[o, j] for o in k)
        arcs = sum(s[o, i, j] + c[o, i, j] for o in k for i in n)
        model.add(mine + arcs + u[j] == 1)
        if "primary" not in sites[j].rule.states:
            model.add(mine == 0)
    drive: dict[tuple[int, int], int] = {}
    call: dict[tuple[int, int], int] = {}
    for i in n:
        for j in n:
            trip = times.trip(i, j)
            drive[i, j] = round(sites[j].rule.visits_per_week * sum(trip)) if trip else 0
            call[i, j] = round(policy.on_call_trips_per_week * sum(trip)) if trip else 0
            for o in k:
                if trip is None or trip[0] > policy.max_travel_min * 60 or "shared" not in sites[j].rule.states:
                    model.add(s[o, i, j] == 0)
                if trip is None or trip[0] > policy.on_call_min * 60 or "on-call" not in sites[j].rule.states:
                    model.add(c[o, i, j] == 0)
                model.add(s[o, i, j] + c[o, i, j] <= y[o, i])
    presence = [round(site.rule.presence_hours * 3600) for site in sites]
    left = [round((problem.field_hours(officers[0]) - problem.floor_hours(officers[0], site)) * 3600) for site in sites]
    for o in k:
        model.add(sum(y[o, i] for i in n) <= 1)
        for i in n:
            model.add(sum((presence[j] + drive[i, j]) * s[o, i, j] for j in n) <= left[i] * y[o, i])
            peaks = sum(sites[j].rule.peaks_per_week * s[o, i, j] for j in n)
            model.add(peaks <= (PEAKS_A_WEEK - policy.primary_peaks) * y[o, i])
            model.add(sum(s[o, i, j] for j in n) <= policy.max_shared * y[o, i])
    arcs = [(o, i, j) for o in k for i in n for j in n]
    tiers = {
        "coverage": sum(sites[j].demand * u[j] for j in n) + sum(sites[j].demand * c[o, i, j] for o, i, j in arcs),
        "primary": sum(sites[i].demand * y[o, i] for o in k for i in n),
        "reach": sum(sites[j].demand * u[j] for j in n),
        "travel": sum(drive[i, j] * s[o, i, j] + call[i, j] * c[o, i, j] for o, i, j in arcs),
        "visibility": sum(sites[i].demand * left[i] * y[o, i] for o in k for i in n)
        - sum(sites[i].demand * (presence[j] + drive[i, j]) * s[o, i, j] for o, i, j in arcs),
    }
    for name in problem.order:
        more = UNITS[name][1] == "max"
        (model.maximize if more else model.minimize)(tiers[name])
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = time_limit_s
        status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            print(json.dumps({"name": name, "best": None, "bound": None, "stopped": solver.status_name(status)}))
            return
        best = round(solver.objective_value)
        stopped = "proven" if status == cp_model.OPTIMAL else "time limit"
        tier = {"name": name, "best": best, "bound": round(solver.best_objective_bound), "stopped": stopped}
        print(json.dumps(tier), flush=True)
        allowed = slack(best, problem.objective.tolerance.of(name))
        model.add(tiers[name] >= best - allowed) if more else model.add(tiers[name] <= best + allowed)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
