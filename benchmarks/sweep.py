"""
A sweep of Chula Vista in processes, in one process and on Dask, where a worker is killed: time, cores, equality.

    python benchmarks/sweep.py [--runs 200] [--serial-runs 200] [--jobs N]

The runs are numbers of officers x visibility floors, taken evenly from a grid of 200. The Dask cluster is real: a
scheduler and two workers on loopback, each a process of its own. At a third of the sweep one worker is killed, and a
new one joins. Serial runs are the first so many of the same runs.

"CPU / (wall x cores)" is what the sweep took of the machine; where other programs run too, they have the rest. "workers
busy" is the part of the time in which the workers were solving, whoever else was on the cores.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sro_coverage.scenario.executors import Cluster, Executor, Processes, Serial, num_cores
from sro_coverage.scenario.sweep import SweepProgress, SweepResult, sweep

HERE = Path(__file__).parent
OFFICERS = range(6, 26)
FLOORS = [round(0.40 + 0.03 * step, 2) for step in range(10)]


def runs(count: int) -> list[dict[str, Any]]:
    """Take runs evenly from the grid."""
    grid = list(itertools.product(OFFICERS, FLOORS))
    chosen = [grid[index * len(grid) // count] for index in range(count)]
    return [{"officers": officers, "policy": {"primary_share_min": floor}} for officers, floor in chosen]


def cpu_s() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def contents(result: SweepResult) -> dict[str, Any]:
    """Everything that the runs say, but for how long they took."""
    found = {}
    for run in result.done:
        content = json.loads((result.folder / run.file).read_bytes())
        del content["runtime_s"], content["digest"]
        found[run.name] = content
    return found


class DaskProcesses:
    """A scheduler and its workers."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._info = folder / "scheduler.json"
        self._start("scheduler", "--port", "0", "--scheduler-file", str(self._info))
        while not self._info.exists():
            time.sleep(0.05)
        self.address = json.loads(self._info.read_text())["address"]
        self.workers = [self.join(), self.join()]

    def join(self) -> subprocess.Popen[bytes]:
        """Start one more worker."""
        return self._start("worker", "--scheduler-file", str(self._info), "--nthreads", "1", "--no-nanny")

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments, "--host", "127.0.0.1", "--no-dashboard"]
        process = self._stack.enter_context(
            subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        self._stack.callback(process.terminate)
        return process


@contextmanager
def dask(folder: Path) -> Iterator[DaskProcesses]:
    """Start a cluster, and end its processes afterwards."""
    with ExitStack() as stack:
        yield DaskProcesses(folder, stack)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[1])
    parser.add_argument("--runs", type=int, default=len(OFFICERS) * len(FLOORS))
    parser.add_argument("--serial-runs", type=int, help="all of them if not given")
    parser.add_argument("--jobs", type=int, default=num_cores())
    arguments = parser.parse_args()
    asked = {"base": str(HERE.parent / "data" / "chula_vista.toml"), "run": runs(arguments.runs), "time_limit_s": 600}
    some = asked | {"run": asked["run"][: arguments.serial_runs]}
    console = Console(width=110)
    console.print(f"{num_cores()} cores, load average before {os.getloadavg()[0]:.2f}")
    table = Table(
        "executor",
        "runs",
        "seconds",
        "CPU s",
        "CPU / (wall x cores)",
        "workers busy",
        "runs/s",
        "proven",
        "failed",
        "lost",
    )
    answers = {}

    def measure(name: str, what: dict[str, Any], executor: Executor, workers: int, watch: Any = None) -> None:
        folder = Path(scratch) / name.split()[0]
        before, began = cpu_s(), time.perf_counter()
        result = sweep(what, folder, executor=executor, watch=watch)
        took, cpu = time.perf_counter() - began, cpu_s() - before
        answers[name] = contents(result)
        is_ours = not isinstance(executor, Cluster)  # the cluster's processes are not waited for here
        table.add_row(
            name,
            str(len(what["run"])),
            f"{took:.1f}",
            f"{cpu:.1f}" if is_ours else "-",
            f"{cpu / (took * num_cores()):.0%}" if is_ours else "-",
            f"{sum(run.runtime_s for run in result.done) / (took * workers):.0%}",
            f"{len(what['run']) / took:.2f}",
            str(sum(run.proven for run in result.done)),
            str(sum(run.status == "failed" for run in result.done)),
            str(result.left),
        )

    with tempfile.TemporaryDirectory() as scratch:
        measure(f"processes ({arguments.jobs})", asked, Processes(arguments.jobs), arguments.jobs)
        measure("serial", some, Serial(), 1)
        with dask(Path(scratch)) as cluster:
            killed = []

            def watch(progress: SweepProgress) -> None:
                if progress.done >= arguments.runs // 3 and not killed:
                    cluster.workers[0].kill()
                    killed.append(progress.done)
                    cluster.join()

            measure("dask, a worker killed", asked, Cluster(cluster.address), 2, watch)
    console.print(table)
    console.print(f"The Dask worker was killed after {killed[0]} of {arguments.runs} runs; a new one joined.")
    whole = answers[f"processes ({arguments.jobs})"]
    for name, found in answers.items():
        same = sum(whole[run] == content for run, content in found.items())
        console.print(f"{name}: {same} of {len(found)} runs identical to processes, plans byte for byte")
        if same < len(found):
            sys.exit(1)


if __name__ == "__main__":
    main()
