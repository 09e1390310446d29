"""A sweep on a real Dask cluster: a scheduler and two workers, each a process of its own, on loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sro_coverage.scenario.executors import Cluster, Serial
from sro_coverage.scenario.sweep import SweepProgress, sweep
from tests.scenario.sweeps import NUM_RUNS, contents, write_sweep

pytest.importorskip("distributed", reason="needs the extra [cluster]")


class RealCluster:
    """The processes, and the scheduler's address."""

    def __init__(self, address: str, workers: list[subprocess.Popen[str]]) -> None:
        self.address, self.workers = address, workers


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RealCluster]:
    info = tmp_path / "scheduler.json"
    with ExitStack() as stack:

        def start(*arguments: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "dask", *arguments, "--host", "127.0.0.1", "--no-dashboard"]
            process = stack.enter_context(subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path))
            stack.callback(process.kill)
            return process

        scheduler = start("scheduler", "--port", "0", "--scheduler-file", str(info))
        assert scheduler.stderr is not None
        address = next(line.split()[-1] for line in scheduler.stderr if "Scheduler at:" in line)
        workers = [start("worker", address, "--nthreads", "1", "--no-nanny") for _ in range(2)]
        for worker in workers:
            assert worker.stderr is not None
            assert any("Registered to" in line for line in worker.stderr)
        yield RealCluster(address, workers)


def test_a_cluster_that_loses_a_worker_gives_what_this_process_gives(tmp_path: Path, cluster: RealCluster) -> None:
    path = write_sweep(tmp_path)
    seen = []

    def watch(progress: SweepProgress) -> None:
        seen.append(progress.done)
        if progress.done == 3:
            cluster.workers[0].kill()

    result = sweep(path, tmp_path / "cluster", executor=Cluster(cluster.address), watch=watch)
    assert cluster.workers[0].wait() != 0
    assert result.left == 0
    assert result.remarks == ()
    assert seen == list(range(NUM_RUNS + 1))
    sweep(path, tmp_path / "serial", executor=Serial())
    assert contents(tmp_path / "cluster") == contents(tmp_path / "serial")
