"""
The whole `plan` command beside the plain model, in one run: time, memory, value, bound.

    python benchmarks/plan_command.py [PLAN_FILE] [--runs 5] [--peer-limit 60]

Each command runs in a process of its own, imports included; the table gives the median.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent


def run(command: list[str]) -> tuple[float, float, str]:
    """Give wall seconds, peak megabytes and standard output of a command."""
    with tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        out.seek(0)
        return took, usage.ru_maxrss / 1024, out.read()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("plan_file", nargs="?", default=str(HERE.parent / "data" / "chula_vista.toml"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer-limit", type=float, default=60, help="seconds for each tier of the plain model")
    arguments = parser.parse_args()
    program = [sys.executable, "-m", "sro_coverage.cli"]
    starts = {"import sro_coverage": [sys.executable, "-c", "import sro_coverage"], "--help": [*program, "--help"]}
    with tempfile.TemporaryDirectory() as folder:
        plan = [*program, "plan", arguments.plan_file, "--out", folder, "--json"]
        ours = [run(plan) for _ in range(arguments.runs)]
    peer = run([sys.executable, str(HERE / "plain_model.py"), arguments.plan_file, str(arguments.peer_limit)])
    console = Console(width=100)
    table = Table("command", "seconds", "peak MB", "runs", title=f"{Path(arguments.plan_file).name}, whole process")
    table.add_row("sro-coverage plan", *_medians(ours))
    table.add_row("plain CP-SAT model", *_medians([peer]))
    for name, command in starts.items():
        table.add_row(name, *_medians([run(command) for _ in range(arguments.runs)]))
    console.print(table)
    console.print(_tiers(json.loads(ours[-1][2])["tiers"], [json.loads(line) for line in peer[2].splitlines()]))


def _medians(runs: list[tuple[float, float, str]]) -> tuple[str, str, str]:
    seconds = statistics.median(took for took, _, _ in runs)
    return f"{seconds:.2f}", f"{statistics.median(memory for _, memory, _ in runs):.0f}", str(len(runs))


def _tiers(ours: list[dict[str, object]], peer: list[dict[str, object]]) -> Table:
    table = Table("tier", "value", "bound", "proof", "plain value", "plain bound", "plain proof")
    plain = {tier["name"]: tier for tier in peer}
    for tier in ours:
        other = plain.get(tier["name"], {"best": None, "bound": None, "stopped": "not reached"})
        keys = ("best", "bound", "stopped")
        table.add_row(str(tier["name"]), *(str(tier[key]) for key in keys), *(str(other[key]) for key in keys))
    return table


if __name__ == "__main__":
    main()
