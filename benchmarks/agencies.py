"""
A large agency from a public school table, this program beside plain CP-SAT with the same time, in one run.

    python benchmarks/agencies.py TABLE --officers N [--district ID] [--time 10 30 120] [--gap travel=0.005] [--peer 0]
                                  [--every 10]

TABLE is a gzipped CSV of public schools with a number (school_id or nces_id), district_id, level, enrollment, lat and
lon, and is not shipped. One district, or else the whole table, is one agency under the rules of
``data/chula_vista.toml``. The peer is ``solve_exact``: the compact model in CP-SAT, each tier started from the one
before. Each has a process of its own; its seconds count from the reading of the table, its memory is that of all its
processes. With several times each is solved from nothing with each time, and the last lines compare the plans: the
first tier that differs decides. ``--gap travel=0.005`` ends a tier that is within half a percent of its bound.

``--every S`` tells the best value and the proven bound of each tier every S seconds on the way.

Every plan is checked against the compiled rules and its tiers are added up again. What is wrong (a broken rule, a
value that is not the plan's, a bound that a plan passes) is printed as ERROR, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from processes import Run, machine, python, run
from rich.console import Console
from rich.table import Table

from sro_coverage.problem import Campus, Problem
from sro_coverage.problem.policy import numbered_officers

ROOT = Path(__file__).parent.parent
GRACE_S = 120
"""Beyond its time a process gets so much to compile, and to end by itself."""

SOLVERS = ("ours", "plain")


def read_table(table: Path, district: str | None = None) -> list[dict[str, str]]:
    """Read the schools of one district, or of all, that have a point and students; each number once."""
    with gzip.open(table, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if district in (None, row["district_id"])]
    found = {_id(row): row for row in rows if row["lat"] and row["enrollment"]}
    if not found:
        sys.exit(f"{table.name} has no schools of district {district}")
    return list(found.values())


def agency(rows: Sequence[dict[str, str]], num_officers: int, title: str) -> Problem:
    """Give schools as one agency under Chula Vista's rules."""
    from sro_coverage.read import read_problem

    return Problem(
        title=title,
        campuses=tuple(
            Campus(
                id=_id(row),
                name=_id(row),
                level="alternative" if row["level"] == "other" else row["level"],
                lat=float(row["lat"]),
                lon=float(row["lon"]),
                enrollment=int(row["enrollment"]),
            )
            for row in rows
        ),
        officers=numbered_officers(num_officers),
        policy=read_problem(ROOT / "data" / "chula_vista.toml").policy,
    )


def _id(row: dict[str, str]) -> str:
    return row.get("school_id") or row["nces_id"]


def solved(
    who: str, table: Path, district: str | None, officers: int, seconds: float, workers: int, gap: dict[str, float]
) -> dict[str, Any]:
    """Plan an agency and tell everything that is to be printed."""
    from sro_coverage.model.compile import compile_arrays
    from sro_coverage.model.exact import solve_exact
    from sro_coverage.model.greedy import first_choice
    from sro_coverage.model.large import solve_large
    from sro_coverage.model.solution import Gap, Progress, SolveParams
    from sro_coverage.travel import travel_times

    began = time.monotonic()
    problem = agency(read_table(table, district), officers, table.name)
    arrays = compile_arrays(problem, travel_times(problem))
    compiled_s = time.monotonic() - began
    course: list[tuple[float, int, int | None, int | None]] = []

    def watch(progress: Progress) -> None:
        news = (progress.number - 1, progress.best, progress.bound)
        if not course or course[-1][1:] != news:
            course.append((time.monotonic() - began, *news))

    params = SolveParams(time_limit_s=max(seconds - compiled_s, 0.1), workers=workers, gap=Gap(**gap))
    solve = solve_large if who == "ours" else solve_exact
    solution = solve(arrays, problem.objective.tolerance, params, watch=watch)
    start, first = first_choice(arrays), arrays.tiers[0]
    if start is not None:  # both begin with it
        course.insert(0, (compiled_s, 0, first.sign * start.cost(arrays, first) + first.constant, None))
    choice, errors = solution.choice, []
    if choice is not None:
        errors += [] if choice.keeps_rules(arrays) else ["the plan breaks a rule"]
        for tier, outcome in zip(arrays.tiers, solution.tiers, strict=True):
            value = tier.sign * choice.cost(arrays, tier) + tier.constant
            if value != outcome.value:
                errors.append(f"{tier.name} is {value:,}, not {outcome.value:,}")
            worst, shown = tier.sign * outcome.limit, tier.sign * value
            if shown > worst:
                errors.append(f"{tier.name} passes its limit {outcome.limit:,}")
            if outcome.bound is not None and tier.sign * outcome.bound > tier.sign * outcome.best:
                errors.append(f"{tier.name}: the bound {outcome.bound:,} is beyond the plan's {outcome.best:,}")
    return {
        "campuses": len(problem.sites),
        "arcs": len(arrays.arc_site),
        "compiled_s": compiled_s,
        "seconds": time.monotonic() - began,
        "status": solution.status,
        "signs": {tier.name: tier.sign for tier in arrays.tiers},
        "tiers": [vars(outcome) for outcome in solution.tiers],
        "course": course,
        "errors": errors,
    }


def warm_up() -> str:
    """Have the kernels compiled on Chula Vista: that happens once for each installation."""
    took = run(python(__file__, "-", "--officers", 1, "--one", "warm-up"), 600)
    return f"warm-up {took.seconds:.0f} s {took.trouble}"


def _solve_chula_vista() -> None:
    from sro_coverage.model.compile import compile_arrays
    from sro_coverage.model.large import solve_large
    from sro_coverage.model.solution import SolveParams
    from sro_coverage.read import read_problem
    from sro_coverage.travel import travel_times

    problem = read_problem(ROOT / "data" / "chula_vista.toml")
    arrays = compile_arrays(problem, travel_times(problem))
    solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=60, workers=2))
    print("{}")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--district")
    parser.add_argument("--officers", type=int, required=True)
    parser.add_argument("--time", type=float, nargs="+", default=[120.0], help="seconds for all tiers together")
    parser.add_argument("--peer", type=float, help="seconds for plain CP-SAT: as many if not given; 0 leaves it out")
    parser.add_argument("--workers", type=int, default=1, help="parallel searches, of both")
    parser.add_argument("--gap", nargs="+", default=[], metavar="TIER=SHARE", help="near enough to the bound, of both")
    parser.add_argument("--every", type=float, metavar="S", help="tell the course")
    parser.add_argument("--one", choices=(*SOLVERS, "warm-up"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one == "warm-up":
        _solve_chula_vista()
        return 0
    if args.one:
        gap = {tier: float(share) for tier, share in (text.split("=") for text in args.gap)}
        asked = args.table, args.district, args.officers, args.time[0], args.workers, gap
        print(json.dumps(solved(args.one, *asked)))
        return 0
    console = Console(width=120, highlight=False)
    console.print(f"{machine()}; {warm_up()}")
    errors, verdicts = [], []
    for limit_s in args.time:
        times = {"ours": limit_s, "plain": limit_s if args.peer is None else args.peer}
        found = {}
        for who, seconds in times.items():
            if seconds > 0:
                command = python(__file__, args.table, "--officers", args.officers, "--one", who, "--time", seconds)
                command += ["--workers", str(args.workers), *(["--gap", *args.gap] if args.gap else [])]
                command += ["--district", args.district] if args.district else []
                found[who] = run(command, seconds + GRACE_S)
                _print(console, who, seconds, found[who])
        answers = {who: result.answer for who, result in found.items() if result.answer}
        if args.every and answers:
            _print_course(console, answers, args.every)
        errors += [f"{who}: {error}" for who, answer in answers.items() for error in answer["errors"]]
        errors += [f"{who}: {result.trouble}" for who, result in found.items() if result.trouble]
        errors += _clashes(answers)
        if len(answers) == len(SOLVERS):
            verdicts.append(f"{limit_s:g} s: {_better(answers)}")
    for verdict in verdicts:
        console.print(verdict)
    for error in errors:
        console.print(f"ERROR: {error}", style="bold red")
    return int(bool(errors))


def _print(console: Console, who: str, limit_s: float, found: Run) -> None:
    answer = found.answer
    if answer is None:
        console.print(f"{who}: {found.trouble}, {found.memory_mb:,.0f} MB")
        return
    table = Table(
        "tier", "best", "bound", "gap", "value in the plan", "seconds", "proof",
        title=f"{who}, limit {limit_s:g} s: {answer['status']}",
    )  # fmt: skip
    for tier in answer["tiers"]:
        bound = "" if tier["bound"] is None else f"{tier['bound']:,}"
        seconds = f"{tier['runtime_s']:.1f}"
        table.add_row(
            tier["name"], f"{tier['best']:,}", bound, _gap(tier["best"], tier["bound"]), f"{tier['value']:,}",
            seconds, tier["stopped"],
        )  # fmt: skip
    table.caption = (
        f"{answer['campuses']:,} campuses, {answer['arcs']:,} arcs; {answer['seconds']:.1f} s in all, of which "
        f"{answer['compiled_s']:.1f} s to read and compile; {found.memory_mb:,.0f} MB"
    )
    console.print(table)


def _gap(best: int | None, bound: int | None) -> str:
    if best is None or bound is None:
        return ""
    return f"{abs(best - bound) / max(abs(best), 1):.2%}"


def _print_course(console: Console, answers: dict[str, dict[str, Any]], every: float) -> None:
    """Tell where each was at the same times."""
    names = next(iter(answers.values()))["signs"]
    table = Table("s", "who", *names, title="best on the way (gap to the proven bound)")
    ends = max(answer["seconds"] for answer in answers.values())
    times = [number * every for number in range(1, math.ceil(ends / every))]
    for t in [*times, ends]:
        for number, (who, answer) in enumerate(answers.items()):
            cells = (_cell(*tier) for tier in _state(answer, t))
            table.add_row("" if number else "end" if t == ends else f"{t:g}", who, *cells)
        table.add_section()
    console.print(table)


def _cell(best: int | None, bound: int | None) -> str:
    return "" if best is None else f"{best:,} ({_gap(best, bound) or '-'})"


def _state(answer: dict[str, Any], t: float) -> list[tuple[int | None, int | None]]:
    """Give best and bound of each tier at a time."""
    if t >= answer["seconds"]:
        return [(tier["best"], tier["bound"]) for tier in answer["tiers"]]
    state: list[tuple[int | None, int | None]] = [(None, None)] * len(answer["signs"])
    for when, number, best, bound in answer["course"]:
        if when <= t:
            state[number] = (state[number][0] if best is None else best, bound)
    return state


def _better(answers: dict[str, dict[str, Any]]) -> str:
    """Say who has the better plan."""
    plans = [{tier["name"]: tier["best"] for tier in answers[who]["tiers"]} for who in SOLVERS]
    for name, sign in answers["ours"]["signs"].items():
        mine, theirs = (plan.get(name) for plan in plans)
        if mine != theirs:
            is_ours = theirs is None or (mine is not None and sign * mine < sign * theirs)
            shown = " against ".join("no plan" if best is None else f"{best:,}" for best in (mine, theirs))
            return f"{'ours' if is_ours else 'PLAIN CP-SAT'} is better, by {name}: {shown}"
    return "equal in every tier"


def _clashes(answers: dict[str, dict[str, Any]]) -> list[str]:
    """Find a bound of one that a plan of the other passes, as far as both were held to the same before."""
    found = []
    if len(answers) == len(SOLVERS):
        for mine, theirs in zip(*(answers[who]["tiers"] for who in SOLVERS), strict=False):
            sign = answers["ours"]["signs"][mine["name"]]
            for (who, bound), best in (
                (("ours", mine["bound"]), theirs["best"]),
                (("plain", theirs["bound"]), mine["best"]),
            ):
                if bound is not None and sign * bound > sign * best:
                    found.append(f"{who}: {mine['name']} has the bound {bound:,}, but a plan {best:,}")
            if mine["limit"] != theirs["limit"]:
                break
    return found


if __name__ == "__main__":
    sys.exit(main())
