"""A state on a real Dask cluster: a scheduler and two workers, each a process of its own, on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from sro_coverage.report.statewide_pages import AgencyPages
from sro_coverage.scenario.executors import Cluster, Serial
from sro_coverage.scenario.sweep import SweepProgress
from sro_coverage.statewide.statewide import statewide
from tests.scenario.test_sweep_cluster import RealCluster, cluster  # noqa: F401
from tests.statewide.states import NUM_AGENCIES, contents, write_state

pytest.importorskip("distributed", reason="needs the extra [cluster]")


def test_a_cluster_that_loses_a_worker_gives_what_this_process_gives(tmp_path: Path, cluster: RealCluster) -> None:  # noqa: F811
    path = write_state(tmp_path / "in")
    seen = []

    def watch(progress: SweepProgress) -> None:
        seen.append(progress.done)
        if progress.done == 3:
            cluster.workers[0].kill()

    result = statewide(path, tmp_path / "cluster", executor=Cluster(cluster.address), draw=AgencyPages(), watch=watch)
    assert cluster.workers[0].wait() != 0
    assert result.left == 0
    assert len(result.remarks) == 1
    assert seen == list(range(1, NUM_AGENCIES + 1))
    statewide(path, tmp_path / "serial", executor=Serial(), draw=AgencyPages())
    assert contents(tmp_path / "cluster") == contents(tmp_path / "serial")
