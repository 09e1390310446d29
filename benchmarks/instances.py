"""
Public capacitated p-median instances, this program beside what a user would otherwise take, in one run.

    python benchmarks/instances.py PATH [--time 60] [--peer 60] [--family sjc ...] [NAME ...]

PATH is a folder with an ``index.csv`` (set, name, file, optimum_or_best_known, status); none is shipped. Each solver
has a process of its own for each instance. Peers, with the seconds of ``--peer`` (0 leaves them out):

HiGHS, HiGHS-30      the plain compact model, with all arcs (up to 774 nodes), and with the 30 nearest medians of each
                     node: that finds plans sooner, but proves nothing about the instance, so no bound is shown
CP-SAT, CP-SAT-30    the same models with CP-SAT and ``--workers``: eight searches are by far better than two, also on
                     two cores
spopt                its capacitated PMedian with CBC (up to 774 nodes). It is no dependency: ``--spopt PYTHON`` names a
                     Python that has it, if this one has not

Every plan is recomputed from the instance's file in double precision before it is printed: medians, capacities,
distances. What is wrong (a plan that is none, a value below a proven optimum, a bound above it, or a proof of another
value) is printed as ERROR, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from cpmp import recomputed
from processes import Run, machine, run

HERE = Path(__file__).parent
FAMILIES = ("pmedcap", "sjc", "tsplib_cpmp", "p3038")
PEERS = ("HiGHS", "HiGHS-30", "CP-SAT", "CP-SAT-30", "spopt")
ROUNDED = 0.02
"""Published values are right to so much."""

GRACE_S = 60
"""A solver that is so late is ended."""

OUR_WORKERS = 2


@dataclass(frozen=True)
class Line:
    """One solver on one instance."""

    who: str
    family: str
    above: float | None
    proven: bool
    errors: tuple[str, ...]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--family", nargs="+", choices=FAMILIES, default=FAMILIES)
    parser.add_argument("--time", type=float, default=60, help="seconds for this program")
    parser.add_argument("--peer", type=float, default=60, help="seconds for each peer")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS)
    parser.add_argument("--workers", type=int, default=8, help="of CP-SAT; this program and spopt take two")
    parser.add_argument("--spopt", default=sys.executable, metavar="PYTHON")
    args = parser.parse_intermixed_args()
    with (args.path / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["set"] in args.family]
    unknown = set(args.names) - {row["name"] for row in rows}
    if unknown:
        parser.error(f"not in {args.path / 'index.csv'}: {', '.join(sorted(unknown))}")
    rows = [row for row in rows if not args.names or row["name"] in args.names]
    who = {"ours": args.time} | {peer: args.peer for peer in args.peers if args.peer > 0}
    if "spopt" in who and not _has_spopt(args.spopt):
        print(
            f"!!! {args.spopt} HAS NO spopt: THIS PEER IS LEFT OUT. pip install spopt, or name another --spopt PYTHON"
        )
        del who["spopt"]
    print(machine())
    _warm_up(args.path, rows[0])
    print(
        f"{'instance':<12}{'solver':<10}{'value':>13}{'bound':>13}{'gap':>9}{'best known':>13}{'above':>11}"
        f"{'s':>7}{'MB':>7}  proof"
    )
    lines = []
    for row in rows:
        for name, seconds in who.items():
            python = args.spopt if name == "spopt" else sys.executable
            workers = args.workers if name.startswith("CP-SAT") else OUR_WORKERS
            lines.append(
                _line(args.path / row["file"], row, name, _solved(python, args.path, row, name, seconds, workers))
            )
    _summary(lines)
    return int(any(line.errors for line in lines))


def _solved(python: str, path: Path, row: dict[str, str], who: str, seconds: float, workers: int) -> Run:
    truncate = "yes" if row["set"] == "pmedcap" else "no"
    command = [python, HERE / "cpmp_solvers.py", who, path / row["file"], truncate, seconds, workers]
    return run(list(map(str, command)), seconds + GRACE_S)


def _warm_up(path: Path, row: dict[str, str]) -> None:
    """Have the kernels compiled: that happens once for each installation."""
    took = _solved(sys.executable, path, row, "ours", 5, 1)
    print(f"warm-up on {row['name']}: {took.seconds:.0f} s {took.trouble}", flush=True)


def _has_spopt(python: str) -> bool:
    try:
        return subprocess.run([python, "-c", "import spopt.locate"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _line(file: Path, row: dict[str, str], who: str, found: Run) -> Line:
    known, is_optimum = float(row["optimum_or_best_known"]), row["status"] == "optimal"
    start = f"{row['name']:<12}{who:<10}"
    answer = found.answer or {"server": None, "bound": None, "proven": False, "seconds": found.seconds, "note": ""}
    end = f"{answer['seconds']:>7.1f}{found.memory_mb:>7,.0f}  "
    bound = answer["bound"]
    note = found.trouble or answer["note"]
    if answer["server"] is None:
        print(f"{start}{'no plan':>13}{_number(bound):>13}{'':>9}{known:>13,.2f}{'':>11}{end}{note}", flush=True)
        return Line(who, row["set"], None, False, ())
    try:
        value = recomputed(file, answer["server"], truncate=row["set"] == "pmedcap")
    except ValueError as error:
        print(f"{start}ERROR: not a plan: {error}", flush=True)
        return Line(who, row["set"], None, False, (str(error),))
    errors = []
    if is_optimum and value < known - ROUNDED:
        errors.append(f"{value:.2f} is below the proven optimum {known:.2f}")
    if is_optimum and answer["proven"] and value > known + ROUNDED:
        errors.append(f"{value:.2f} is called optimal, the optimum is {known:.2f}")
    if bound is not None and bound > value + ROUNDED:
        errors.append(f"the bound {bound:.2f} is above the plan's {value:.2f}")
    if bound is not None and is_optimum and bound > known + ROUNDED:
        errors.append(f"the bound {bound:.2f} is above the proven optimum {known:.2f}")
    gap = "" if bound is None else f"{max(value - bound, 0) / value:.3%}"
    proof = " ".join(filter(None, ("proven" if answer["proven"] else "", note)))
    above = value / known - 1
    print(
        f"{start}{value:>13,.2f}{_number(bound):>13}{gap:>9}{known:>13,.2f}{f'{above:.3%}':>11}{end}{proof}",
        *(f"ERROR: {error}" for error in errors),
        sep="\n",
        flush=True,
    )
    return Line(who, row["set"], above, answer["proven"], tuple(errors))


def _summary(lines: list[Line]) -> None:
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.family, line.who].append(line)
    print(f"\n{'family':<13}{'solver':<10}{'proven':>10}{'no plan':>10}{'worst above best known':>25}")
    for (family, who), group in groups.items():
        above = [line.above for line in group if line.above is not None]
        proven = f"{sum(line.proven for line in group)} of {len(group)}"
        worst = f"{max(above):.3%}" if above else ""
        print(f"{family:<13}{who:<10}{proven:>10}{len(group) - len(above):>10}{worst:>25}")
    errors = sum(len(line.errors) for line in lines)
    print(f"errors: {errors}" + (" (see ERROR above)" if errors else ""))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"


if __name__ == "__main__":
    sys.exit(main())
