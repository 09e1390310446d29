"""
How cost grows with campuses: agencies of 100 to 66,000 campuses, each in a process of its own.

    python benchmarks/scale.py TABLE [--campuses 100 300 ...] [--time 900] [--peer 60] [--near 34.05 -118.25]
                               [--gap 0.01] [--csv FILE] [--plot]

Each agency is the campuses of TABLE (as for ``agencies.py``) nearest to a point, with an officer for every four. Only
coverage is asked for: the seconds are those to read, to compute travel times and compile, and then until its proven gap
is 1 % for the first time, with two workers. The peer is ``solve_exact``, the compact model in CP-SAT: one size after
another until it does not reach the gap in its time (0 leaves it out). ``--plot`` draws docs/scale.png.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

from agencies import ROOT, SOLVERS, agency, read_table, warm_up
from processes import machine, python, run
from rich.console import Console
from rich.table import Table

SIZES = (100, 300, 1_000, 3_000, 10_000, 30_000, 66_000)
PLOT = ROOT / "docs" / "scale.png"
WORKERS = 2
GRACE_S = 300
"""Beyond its time a process gets so much to compile, and to end by itself."""


def measured(who: str, table: Path, campuses: int, near: tuple[float, float], gap: float, seconds: float) -> Any:
    """Prove one agency's coverage up to a gap."""
    from dataclasses import replace

    from sro_coverage.model.compile import compile_arrays
    from sro_coverage.model.exact import solve_exact
    from sro_coverage.model.large import solve_large
    from sro_coverage.model.solution import Progress, SolveParams, StopSignal, relative_gap
    from sro_coverage.travel import travel_times

    began = time.monotonic()
    rows = nearest(read_table(table), near, campuses)
    problem = agency(rows, max(len(rows) // 4, 1), f"{len(rows)} campuses")
    read_s = time.monotonic() - began
    arrays = compile_arrays(problem, travel_times(problem))
    arrays = replace(arrays, tiers=arrays.tiers[:1])
    compile_s = time.monotonic() - began - read_s
    stop, solving = StopSignal(), time.monotonic()
    met: list[tuple[float, int, int]] = []

    def watch(progress: Progress) -> None:
        best, bound = progress.best, progress.bound
        if not met and best is not None and bound is not None and abs(best - bound) <= gap * max(abs(best), 1):
            met.append((time.monotonic() - solving, best, bound))
            stop.request()

    solve = solve_large if who == "ours" else solve_exact
    params = SolveParams(time_limit_s=seconds, workers=WORKERS)
    solution = solve(arrays, problem.objective.tolerance, params, watch=watch, stop=stop)
    ended_s = time.monotonic() - solving
    (tier,) = solution.tiers or (None,)
    left = None if tier is None else relative_gap(tier.best, tier.bound)
    if left is not None and left <= gap and not met:
        met.append((ended_s, tier.best, tier.bound))
    broken = solution.choice is not None and not solution.choice.keeps_rules(arrays)
    return {
        "campuses": len(problem.campuses),
        "officers": len(problem.officers),
        "arcs": len(arrays.arc_site),
        "read_s": read_s,
        "compile_s": compile_s,
        "gap_s": met[0][0] if met else None,
        "solve_s": ended_s,
        "best": tier.best if tier else None,
        "bound": tier.bound if tier else None,
        "error": "the plan breaks a rule" if broken else "",
    }


def nearest(rows: list[dict[str, str]], near: tuple[float, float], count: int) -> list[dict[str, str]]:
    """Give the schools nearest to a point; as near as the haversine says."""

    def apart(row: dict[str, str]) -> float:
        lat, lon, here_lat, here_lon = (math.radians(float(x)) for x in (row["lat"], row["lon"], *near))
        across = math.cos(lat) * math.cos(here_lat) * math.sin((lon - here_lon) / 2) ** 2
        return math.sin((lat - here_lat) / 2) ** 2 + across

    return sorted(rows, key=apart)[:count]


def main() -> int:
    """Measure, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--campuses", type=int, nargs="+", default=SIZES)
    parser.add_argument("--time", type=float, default=900, help="seconds for each size, after compiling")
    parser.add_argument("--peer", type=float, default=60, help="the same for plain CP-SAT")
    parser.add_argument("--near", type=float, nargs=2, default=(34.05, -118.25), metavar=("LAT", "LON"))
    parser.add_argument("--gap", type=float, default=0.01)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--plot", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("WHO", "CAMPUSES"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        who, campuses = args.one
        print(json.dumps(measured(who, args.table, int(campuses), tuple(args.near), args.gap, args.time)))
        return 0
    console = Console(width=120, highlight=False)
    console.print(f"{machine()}; {warm_up()}")
    found, given_up, errors = [], {who for who, s in zip(SOLVERS, (args.time, args.peer), strict=True) if s <= 0}, 0
    for campuses in args.campuses:
        for who in SOLVERS:
            if who in given_up:
                continue
            seconds = args.time if who == "ours" else args.peer
            command = python(__file__, args.table, "--one", who, campuses, "--time", seconds, "--gap", args.gap)
            result = run([*command, "--near", *map(str, args.near)], seconds + GRACE_S)
            row = {"who": who, "campuses": campuses, "gap_s": None, **(result.answer or {}), "mb": result.memory_mb}
            found.append(row)
            trouble = result.trouble or row["error"]
            console.print(_line(row) + (f" ERROR: {trouble}" if trouble else ""), highlight=False)
            errors += bool(row.get("error")) or (who == "ours" and bool(result.trouble))
            if row["gap_s"] is None and who == "plain":
                given_up.add(who)
    console.print(_table(found, args.gap))
    if "plain" in given_up and args.peer > 0:
        console.print(
            f"Plain CP-SAT did not reach the gap in {args.peer:g} s at the last of its sizes; none larger was tried."
        )
    if args.csv:
        _write_csv(args.csv, found)
    if args.plot:
        _draw(found, args.gap)
        console.print(f"drawn: {PLOT.relative_to(ROOT)}")
    return int(bool(errors))


def _line(row: dict[str, Any]) -> str:
    reached = "gap not reached" if row["gap_s"] is None else f"gap reached after {row['gap_s']:.1f} s"
    return f"{row['who']} {row['campuses']:,} campuses: {reached}, {row['mb']:,.0f} MB"


def _table(found: list[dict[str, Any]], gap: float) -> Table:
    within = f"s to {gap:.0%}"
    heads = ("campuses", "officers", "arcs", "who", "s to read", "s to compile", within, "value", "bound", "gap", "MB")
    table = Table(*heads, title=f"coverage, until its proven gap is {gap:.0%}")
    for row in found:
        best, bound = row.get("best"), row.get("bound")
        is_known = best is not None and bound is not None
        table.add_row(
            f"{row['campuses']:,}",
            _cell(row.get("officers"), ",.0f"),
            _cell(row.get("arcs"), ",.0f"),
            row["who"],
            _cell(row.get("read_s"), ".1f"),
            _cell(row.get("compile_s"), ".1f"),
            "not reached" if row["gap_s"] is None else f"{row['gap_s']:.1f}",
            _cell(best, ",.0f"),
            _cell(bound, ",.0f"),
            f"{abs(best - bound) / max(abs(best), 1):.2%}" if is_known else "",
            f"{row['mb']:,.0f}",
        )
    return table


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _write_csv(path: Path, found: list[dict[str, Any]]) -> None:
    columns = ("who", "campuses", "officers", "arcs", "read_s", "compile_s", "gap_s", "solve_s", "best", "bound", "mb")
    beside = path.with_name(f".{path.name}.part")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        for row in found:
            rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}
            writer.writerow(rounded)
    beside.replace(path)


def _draw(found: list[dict[str, Any]], gap: float) -> None:
    """Draw seconds and memory against campuses, both scales logarithmic."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    from sro_coverage.report.chart import QUIET, SETTINGS
    from sro_coverage.report.colours import PALETTE

    with mpl.rc_context(SETTINGS | {"font.size": 11}):
        figure = Figure(figsize=(10, 4.4), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        ours, plain = ([row for row in found if row["who"] == who and "arcs" in row] for who in SOLVERS)
        curves = (
            (left, ours, "gap_s", PALETTE[0], "-o", f"to a proven gap of {gap:.0%}"),
            (left, plain, "gap_s", PALETTE[1], "--s", "the same, plain CP-SAT"),
            (left, ours, "compile_s", QUIET, ":^", "to compile"),
            (right, ours, "mb", PALETTE[0], "-o", "this program"),
            (right, plain, "mb", PALETTE[1], "--s", "plain CP-SAT"),
        )
        for axes, rows, key, colour, style, label in curves:
            # What was not reached breaks the line.
            shown = [(row["campuses"], math.nan if row[key] is None else row[key]) for row in rows]
            if shown:
                axes.plot(*zip(*shown, strict=True), style, color=colour, lw=2, ms=6, label=label)
        for axes, title in ((left, "Seconds, coverage"), (right, "Memory, MB")):
            axes.set_title(title, loc="left", fontweight="bold")
            axes.set_xlabel("campuses, with an officer for every four")
            axes.set_xscale("log")
            axes.set_yscale("log")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
                axis.set_minor_formatter(NullFormatter())
            low, high = axes.get_ylim()
            axes.set_ylim(10 ** math.floor(math.log10(low)), high * (high / low) ** 0.4)  # room for the legend
            axes.grid(axis="y")
            axes.legend(frameon=False, loc="upper left")
        beside = PLOT.with_name(f".{PLOT.name}.part")
        figure.savefig(beside, format="png", dpi=144, metadata={"Software": None})
        beside.replace(PLOT)


if __name__ == "__main__":
    sys.exit(main())
