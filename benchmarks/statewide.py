"""
Every district of California: one and two processes, memory, a killed run, and Dask with a killed worker.

    python benchmarks/statewide.py california_2022_23.csv.gz [--students 2500] [--most 1746] [--largest 40]

The table is one of public schools with the columns nces_id, name, district_id, district, level, enrollment, lat and
lon. Each district gets an officer for so many students, at least one, and one policy holds for all; maps are drawn, as
the command does. Districts with more campuses than `--largest` are planned only in the first line, because they may
meet the time limit, and a plan that the clock ended is another one each time. The other lines are about the rest, and
must give the same bytes.

Memory is the largest sum of the unshared memory (PSS) of the program and its processes, looked at five times a second.
"Own" CPU seconds are those of the handing out, which does not become faster with more processes. Where other programs
run too, the ratio of seconds suffers.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from processes import memory_mb
from rich.console import Console
from rich.table import Table
from sweep import dask

from sro_coverage.report.files import write_files
from sro_coverage.report.state_page import render_state
from sro_coverage.report.statewide_pages import AgencyPages, state_view
from sro_coverage.scenario.executors import Cluster, Processes, num_cores
from sro_coverage.scenario.sweep import SweepProgress
from sro_coverage.statewide.statewide import statewide

STATE = """\
agencies = "agencies.csv"
campuses = "campuses.csv"
time_limit_s = {time_limit_s}

[policy.levels.elementary]
visits_per_week = 1
hours_per_visit = 1
"""

Rows = dict[str, list[dict[str, str]]]


def districts(table: Path) -> Rows:
    """Read the campuses of each district, the district with the most first."""
    found: Rows = defaultdict(list)
    with gzip.open(table, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[row["district_id"]].append(row)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def write_state(folder: Path, rows: Rows, students: int, time_limit_s: float) -> Path:
    """Write a state file and its two tables."""
    folder.mkdir()
    (folder / "state.toml").write_text(STATE.format(time_limit_s=time_limit_s))
    with (folder / "agencies.csv").open("w", newline="") as agencies, (folder / "campuses.csv").open("w") as campuses:
        some, all_ = csv.writer(agencies), csv.writer(campuses)
        some.writerow(["id", "name", "officers"])
        all_.writerow(["id", "name", "level", "lat", "lon", "enrollment", "agency"])
        for district, schools in rows.items():
            enrolled = sum(int(school["enrollment"]) for school in schools)
            some.writerow([district, schools[0]["district"] or district, max(1, round(enrolled / students))])
            for school in schools:
                level = "alternative" if school["level"] == "other" else school["level"]
                where = (school["lat"], school["lon"], school["enrollment"], district)
                all_.writerow([school["nces_id"], school["name"], level, *where])
    return folder / "state.toml"


def run_here(state: Path, out: Path, jobs: int) -> None:
    """Plan a state and write its page, in this process and `jobs` others; what the parent asked for is told as JSON."""
    began, before = time.perf_counter(), time.process_time()
    result = statewide(state, out, executor=Processes(jobs), draw=AgencyPages())
    took, handing_out = time.perf_counter() - began, time.process_time() - before
    (page,) = write_files(out, {"index.html": render_state(state_view(result))})
    own, others = (
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    told = {
        "seconds": took,
        "page seconds": time.perf_counter() - began - took,
        "page MB": page.stat().st_size / 1e6,
        "CPU": own + others,
        "own CPU": handing_out,
        "proven": sum(outcome.proven for outcome in result.outcomes),
        "failed": sum(outcome.status == "failed" for outcome in result.outcomes),
        "left": result.left,
    }
    print(json.dumps(told))


def start(state: Path, out: Path, jobs: int) -> subprocess.Popen[str]:
    """Run a state in a process of its own."""
    command = [sys.executable, __file__, "--here", str(state), str(out), str(jobs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def measured(state: Path, out: Path, jobs: int) -> dict[str, Any]:
    """Run a state and look at its memory."""
    peak = 0.0
    with start(state, out, jobs) as process:
        while process.poll() is None:
            peak = max(peak, memory_mb(process.pid))
            time.sleep(0.2)
        assert process.stdout is not None
        told = json.loads(process.stdout.read())
    return {**told, "MB": peak}


def contents(out: Path) -> dict[str, Any]:
    """Hash everything that was written, but for how long it took."""
    found = {}
    for path in sorted(out.glob("*/*")):
        content = path.read_bytes()
        if path.parent.name == "runs":
            run = json.loads(content)
            del run["runtime_s"], run["digest"]
            content = json.dumps(run).encode()
        found[f"{path.parent.name}/{path.name}"] = hashlib.sha256(content).hexdigest()
    return found


def killed_at(state: Path, out: Path, count: int) -> int:
    """Kill a run, and with it its processes, once so many agencies are done; give how many are."""
    with start(state, out, num_cores()) as process:
        while len(list(out.glob("runs/*.json"))) < count and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    return len(list(out.glob("runs/*.json")))


def on_dask(scratch: Path, state: Path, out: Path, count: int) -> dict[str, Any]:
    """Plan a state on a real cluster that loses a worker and gets another."""
    began = time.perf_counter()
    with dask(scratch) as cluster:
        killed: list[int] = []

        def watch(progress: SweepProgress) -> None:
            if progress.done >= count and not killed:
                cluster.workers[0].kill()
                killed.append(progress.done)
                cluster.join()

        result = statewide(state, out, executor=Cluster(cluster.address), draw=AgencyPages(), watch=watch)
    return {
        "seconds": time.perf_counter() - began,
        "proven": sum(outcome.proven for outcome in result.outcomes),
        "failed": sum(outcome.status == "failed" for outcome in result.outcomes),
        "left": result.left,
        "killed at": killed[0],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[1])
    parser.add_argument("table", type=Path)
    parser.add_argument("--students", type=int, default=2500, help="for each officer")
    parser.add_argument("--most", type=int, default=100_000, help="districts, the smallest left out first")
    parser.add_argument("--largest", type=int, default=40, help="campuses of a district that all lines are about")
    parser.add_argument("--time-limit", type=float, default=20, help="seconds for each district")
    arguments = parser.parse_args()
    console = Console(width=120)
    console.print(f"{num_cores()} cores, load average before {os.getloadavg()[0]:.2f}")
    table = Table(
        "run",
        "districts",
        "seconds",
        "CPU / own s",
        "districts/s",
        "proven",
        "failed",
        "left",
        "peak MB",
        "page s / MB",
    )

    def row(name: str, count: int, told: dict[str, Any]) -> None:
        page = f"{told['page seconds']:.1f} / {told['page MB']:.1f}" if "page MB" in told else ""
        cells = [
            f"{told['seconds']:.1f}",
            f"{told['CPU']:.1f} / {told['own CPU']:.1f}" if "CPU" in told else "",
            f"{count / told['seconds']:.1f}",
        ]
        cells += [str(told[name]) for name in ("proven", "failed", "left")]
        table.add_row(name, str(count), *cells, f"{told['MB']:.0f}" if "MB" in told else "", page)

    everything = dict(list(districts(arguments.table).items())[: arguments.most])
    rest = {name: schools for name, schools in everything.items() if len(schools) <= arguments.largest}
    quarter = dict(list(rest.items())[::4])
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)

        def state(name: str, rows: Rows) -> Path:
            return write_state(scratch / name, rows, arguments.students, arguments.time_limit)

        whole, some, few = state("whole", everything), state("some", rest), state("few", quarter)
        row("2 processes", len(everything), measured(whole, scratch / "out", 2))
        of_few = measured(few, scratch / "quarter", 2)
        row("a quarter of the rest", len(quarter), of_few)
        two = measured(some, scratch / "two", 2)
        row("2 processes, the rest", len(rest), two)
        one = measured(some, scratch / "one", 1)
        row("1 process", len(rest), one)
        done = killed_at(some, scratch / "killed", len(rest) // 3)
        row("killed, and again", len(rest), measured(some, scratch / "killed", 2))
        on_cluster = on_dask(scratch, some, scratch / "dask", len(rest) // 3)
        row("dask, a worker killed", len(rest), on_cluster)
        console.print(table)
        console.print(f"2 processes are {one['seconds'] / two['seconds']:.2f} times as fast as 1.")
        console.print(f"4 times the districts take {two['MB'] / of_few['MB']:.2f} times the memory.")
        console.print(f"Killed after {done} districts; the same again did the others.")
        console.print(f"The Dask worker was killed after {on_cluster['killed at']} districts; a new one joined.")
        expected = contents(scratch / "two")
        answers = {name: contents(scratch / name) for name in ("one", "killed", "dask")}
    for name, found in answers.items():
        same = sum(expected.get(file) == content for file, content in found.items())
        console.print(f"{name}: {same} of {len(expected)} files identical to 2 processes")
        if found != expected:
            sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        run_here(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
