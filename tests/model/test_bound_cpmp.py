"""The capacitated p-median of the public bench is what its files say, and its bound is valid for it."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from benchmarks.cpmp import Instance, capacitated_p_median, exactly_p, recomputed, servers
from sro_coverage.model.exact import solve_exact
from sro_coverage.model.large import solve_large
from sro_coverage.model.solution import SolveParams
from sro_coverage.problem import Tolerance

UNIT = 1000


def random_file(tmp_path, seed: int, n: int, p: int):
    """Nodes on a small grid, some of them too large for their own capacity."""
    rng = np.random.default_rng(seed)
    rows = [f"{n} {p}"]
    for _ in range(n):
        x, y = rng.integers(0, 40, 2)
        rows.append(f"{x}\t{y}\t{rng.choice([8, 14, 25])}.00 {rng.integers(1, 10)}")
    path = tmp_path / f"{seed}.txt"
    path.write_text("\n".join(rows) + "\n")
    return path


def best_by_hand(path, *, truncate: bool) -> float:
    """Every choice of exactly p medians, every way to serve the others."""
    n, p = map(int, path.read_text().split()[:2])
    best = math.inf
    for medians in itertools.combinations(range(n), p):
        others = [node for node in range(n) if node not in medians]
        for served in itertools.product(medians, repeat=len(others)):
            server = list(range(n))
            for node, median in zip(others, served, strict=True):
                server[node] = median
            try:
                best = min(best, recomputed(path, server, truncate=truncate))
            except ValueError:
                continue
    return best


@pytest.mark.parametrize("seed", range(10))
def test_at_most_p_medians_have_the_same_optimum_as_exactly_p(tmp_path, seed):
    truncate = bool(seed % 2)
    path = random_file(tmp_path, seed, n=7, p=2 + seed % 3)
    instance = Instance.read(path, truncate=truncate)
    arrays = capacitated_p_median(instance, unit=1 if truncate else UNIT)
    best = best_by_hand(path, truncate=truncate)
    exact = solve_exact(arrays, Tolerance(), SolveParams(time_limit_s=20))
    large = solve_large(arrays, Tolerance(), SolveParams(time_limit_s=1))
    if best == math.inf:
        assert exact.status == "infeasible"
        assert large.choice is None
        return
    unit = 1 if truncate else UNIT
    assert exact.status == "optimal"
    assert large.tiers[0].bound / unit <= best
    for solution in (exact, large):
        if solution.choice is not None:
            server = exactly_p(instance, servers(arrays, solution.choice)).tolist()
            value = recomputed(path, server, truncate=truncate)
            assert value >= best - 1e-9
            if solution.status == "optimal":
                assert value <= best + instance.n / unit * (not truncate)


def line_of_nodes(tmp_path):
    """Four nodes on a line, 10 apart; capacity for two of them each."""
    path = tmp_path / "line.txt"
    path.write_text("4 2\n0 0 5 2\n10 0 5 2\n20 0 5 2\n30 0 5 2\n")
    return path


def test_a_missing_median_is_the_node_that_is_served_from_farthest(tmp_path):
    instance = Instance.read(line_of_nodes(tmp_path), truncate=False)
    assert exactly_p(instance, [0, 0, 0, 0]).tolist() == [0, 0, 0, 3]


@pytest.mark.parametrize(
    ("server", "wrong"),
    [
        ([0, 0, 0, 3], "median 0 serves 6, capacity 5"),
        ([0, 0, 2], "3 of 4 nodes"),
        ([0, 1, 2, 2], "3 medians instead of 2"),
        ([1, 0, 0, 1], "median 0 is served by 1"),
    ],
)
def test_what_is_no_plan_is_refused(tmp_path, server, wrong):
    with pytest.raises(ValueError, match=wrong):
        recomputed(line_of_nodes(tmp_path), server, truncate=False)


def test_a_plan_is_added_up_from_the_file(tmp_path):
    path = tmp_path / "three.txt"
    path.write_text("3 1\n0 0 9 1\n1 1 9 1\n3 4 9 1\n")
    assert recomputed(path, [0, 0, 0], truncate=False) == pytest.approx(5 + math.sqrt(2))
    assert recomputed(path, [0, 0, 0], truncate=True) == 6
