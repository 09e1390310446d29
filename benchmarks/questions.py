"""
Warm questions about Chula Vista's plan: how long each takes, and whether each equals a solve from nothing.

    python benchmarks/questions.py [--edits 60]

Each question is an edit (pin or forbid, sampled), one officer more, or one absent. It is answered from the base
plan and, right after it, by the same solver from nothing: the peer that a user would otherwise take. Seconds are
wall clock; the tiers of both must be equal.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sro_coverage.errors import DataError
from sro_coverage.explain.base import Base
from sro_coverage.planner import solve
from sro_coverage.problem import STATES, Assignment, Problem
from sro_coverage.problem.policy import numbered_officers
from sro_coverage.read import read_problem

ROOT = Path(__file__).parent.parent


def questions(problem: Problem, number: int) -> Iterator[tuple[str, Problem]]:
    """Yield the kinds of question in turn, with a sampled campus and officer each."""
    count = len(problem.officers)
    yield "one officer more", problem.replace(officers=numbered_officers(count + 1))
    for officer in problem.officers:
        rest = tuple(other for other in problem.officers if other is not officer)
        yield f"{officer.id} absent", problem.replace(officers=rest)
    rng = random.Random(number)
    while number:
        rule = {"campus": rng.choice(problem.sites).id}
        kind = rng.choice(["officer", "state"])
        rule |= {"officer": rng.choice(problem.officers).id} if kind == "officer" else {"state": rng.choice(STATES)}
        part = rng.choice(["pins", "forbids"])
        try:
            edited = problem.replace(**{part: (Assignment(**rule),)})
        except DataError:
            continue
        number -= 1
        yield f"{part[:-1]} {getattr(edited, part)[0]}", edited


def main() -> int:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=60)
    parser.add_argument("--quiet", action="store_true", help="only the summary")
    args = parser.parse_args()
    problem = read_problem(ROOT / "data" / "chula_vista.toml")
    began = time.perf_counter()
    base = Base.of(problem)
    print(f"first solve {time.perf_counter() - began:.2f} s, {base.plan.status}")
    print(f"{'question':60s} {'warm s':>7s} {'cold s':>7s}  status   tiers")
    warm_s, cold_s, different = [], [], 0
    for words, edited in questions(problem, args.edits):
        began = time.perf_counter()
        warm = base.solve(edited)
        warm_s.append(time.perf_counter() - began)
        began = time.perf_counter()
        cold = solve(edited, times=base.times)
        cold_s.append(time.perf_counter() - began)
        same = [tier.best for tier in warm.tiers] == [tier.best for tier in cold.tiers]
        different += not same or warm.status != cold.status
        if not args.quiet:
            verdict = "equal" if same else "DIFFERENT"
            print(f"{words[:60]:60s} {warm_s[-1]:7.2f} {cold_s[-1]:7.2f}  {warm.status:8s} {verdict}")
    for name, seconds in (("warm", warm_s), ("from nothing", cold_s)):
        most = sorted(seconds)[int(0.95 * (len(seconds) - 1))]
        within = sum(second <= 1 for second in seconds) / len(seconds)
        print(
            f"{name:12s} n={len(seconds)}  median {statistics.median(seconds):.2f} s  95 % {most:.2f} s  "
            f"longest {max(seconds):.2f} s  within 1 s {within:.0%}"
        )
    print(f"different answers: {different}; memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
