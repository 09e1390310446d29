"""
Those who solve a capacitated p-median in the bench: this program, and what a user would otherwise take.

    python benchmarks/cpmp_solvers.py WHO FILE TRUNCATE SECONDS WORKERS

prints one JSON line. Seconds count from the reading of the file: who builds a model longer has less to search.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cpmp import Instance, capacitated_p_median, exactly_p, servers

MOST_ARCS = 600_000
"""Of a plain model with all arcs; larger ones are not tried."""

NEAREST = 30
"""Medians of each node in the smaller models: they find plans sooner, and prove nothing about the instance."""


@dataclass(frozen=True)
class Answer:
    """
    What a solver says.

    Parameters
    ----------
    server
        Median of each node, or None without a plan.
    bound
        In distances; None if nothing is known of the whole instance.
    """

    server: list[int] | None
    bound: float | None
    proven: bool
    seconds: float
    note: str = ""


Left = Callable[[], float]


def ours(instance: Instance, left_s: Left, workers: int, *, whole: bool) -> Answer:
    """Solve with all arcs, in whole units of a millionth, or of 1 where distances are whole."""
    from sro_coverage.model.large import solve_large

    return _with_arrays(solve_large, instance, left_s, workers, 1 if whole else 1_000_000, None)


def cp_sat(instance: Instance, left_s: Left, workers: int, *, whole: bool, nearest: int | None = None) -> Answer:
    """Solve the plain compact model with CP-SAT, in whole units of a thousandth."""
    from sro_coverage.model.exact import solve_exact

    return _with_arrays(solve_exact, instance, left_s, workers, 1 if whole else 1_000, nearest)


def _with_arrays(solve: Any, instance: Instance, left_s: Left, workers: int, unit: int, nearest: int | None) -> Answer:
    from sro_coverage.model.solution import SolveParams
    from sro_coverage.problem import Tolerance

    arrays = capacitated_p_median(instance, unit=unit, nearest=nearest)
    params = SolveParams(time_limit_s=max(left_s(), 1), workers=workers)
    solution = solve(arrays, Tolerance(), params)
    if solution.choice is None:
        return Answer(None, None, proven=False, seconds=0, note=solution.status)
    server = exactly_p(instance, servers(arrays, solution.choice)).tolist()
    (tier,) = solution.tiers
    if nearest is not None:
        return Answer(server, None, proven=False, seconds=0)
    bound = None if tier.bound is None else tier.bound / unit
    return Answer(server, bound, proven=tier.stopped == "proven", seconds=0)


def highs(instance: Instance, left_s: Left, workers: int, *, whole: bool, nearest: int | None = None) -> Answer:
    """Solve the compact model as one writes it first, with HiGHS."""
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    median, node = instance.arcs(nearest)
    n, a = instance.n, len(node)
    one, rows = np.ones, np.arange
    columns = n + rows(a)
    serve = sparse.csr_array((one(n + a), (np.append(rows(n), node), rows(n + a))), shape=(n, n + a))
    room = sparse.csr_array(
        (
            np.append((instance.demand - instance.capacity).astype(float), instance.demand[node]),
            (np.append(rows(n), median), rows(n + a)),
        ),
        shape=(n, n + a),
    )
    open_first = sparse.csr_array(
        (np.append(one(a), -one(a)), (np.tile(rows(a), 2), np.append(columns, median))), shape=(a, n + a)
    )
    count = sparse.csr_array((one(n), (np.zeros(n, np.int64), rows(n))), shape=(1, n + a))
    result = milp(
        np.append(np.zeros(n), instance.distance[median, node]),
        integrality=one(n + a),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(serve, 1, 1),
            LinearConstraint(room, -np.inf, 0),
            LinearConstraint(open_first, -np.inf, 0),
            LinearConstraint(count, instance.p, instance.p),
        ],
        options={"time_limit": max(left_s(), 1), "mip_rel_gap": 0.0},
    )
    bound = result.mip_dual_bound if nearest is None else None
    bound = bound if bound is not None and np.isfinite(bound) else None
    if result.x is None:
        return Answer(None, bound, proven=False, seconds=0)
    chosen = np.rint(result.x).astype(np.bool_)
    server = np.full(n, -1)
    server[chosen[:n]] = rows(n)[chosen[:n]]
    server[node[chosen[n:]]] = median[chosen[n:]]
    return Answer(server.tolist(), bound, proven=nearest is None and result.status == 0, seconds=0)


def spopt(instance: Instance, left_s: Left, workers: int, *, whole: bool) -> Answer:
    """
    Solve with the capacitated ``PMedian`` of spopt and CBC, its documentation's solver.

    Its objective is weighted by demand, so that it is given distances divided by it; and medians that may be served by
    another one get a row more. CBC tells PuLP no bound, and PuLP calls a plan optimal that the clock ended: it is taken
    at its word only if it ended well before.
    """
    import pulp
    from spopt.locate import PMedian

    model = PMedian.from_cost_matrix(
        instance.distance / instance.demand[:, None],
        instance.demand,
        instance.p,
        facility_capacities=instance.capacity,
    )
    for node in range(instance.n):
        model.problem += model.cli_assgn_vars[node, node] >= model.fac_vars[node]
    limit_s = max(left_s(), 1)
    began = time.monotonic()
    model.problem.solve(pulp.PULP_CBC_CMD(msg=False, threads=workers, timeLimit=limit_s, gapRel=0))
    is_over = time.monotonic() - began < 0.95 * limit_s - 1
    if model.problem.status != pulp.LpStatusOptimal:
        return Answer(None, None, proven=False, seconds=0)
    nodes = range(instance.n)
    share = np.asarray([[model.cli_assgn_vars[i, j].value() or 0 for j in nodes] for i in nodes])
    server = share.argmax(axis=1).tolist()
    value = model.problem.objective.value() if is_over else None
    return Answer(server, value, proven=is_over, seconds=0, note="" if is_over else "says optimal")


SOLVERS = {
    "ours": ours,
    "HiGHS": highs,
    "HiGHS-30": partial(highs, nearest=NEAREST),
    "CP-SAT": cp_sat,
    "CP-SAT-30": partial(cp_sat, nearest=NEAREST),
    "spopt": spopt,
}
WITH_ALL_ARCS = ("HiGHS", "CP-SAT", "spopt")


def main(who: str, file: str, truncate: str, seconds: str, workers: str) -> None:
    """Solve one instance."""
    began = time.monotonic()
    whole = truncate == "yes"
    instance = Instance.read(Path(file), truncate=whole)
    if who in WITH_ALL_ARCS and instance.n**2 > MOST_ARCS:
        answer = Answer(None, None, proven=False, seconds=0, note=f"not tried: {instance.n**2:,} arcs")
    else:
        answer = SOLVERS[who](instance, lambda: float(seconds) - (time.monotonic() - began), int(workers), whole=whole)
    print(json.dumps({**asdict(answer), "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(*sys.argv[1:])
