"""What the commands share that solve many runs: where, how the progress is shown, and what is tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sro_coverage.errors import Issue
    from sro_coverage.scenario.executors import Executor
    from sro_coverage.scenario.sweep import SweepProgress

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(0, 1024),
    help="Processes on this machine: one for each core if not given; 0 solves in this process.",
)
cluster_option = click.option(
    "--cluster", metavar="ADDRESS", help="Solve on the Dask cluster with this scheduler instead."
)
retry_failed_option = click.option("--retry-failed", is_flag=True, help="Try runs again that failed earlier.")


def executor_issues(jobs: int | None, cluster: str | None) -> Iterator[Issue]:
    """Say what is wrong with the options, taken together."""
    from sro_coverage.errors import Issue

    if cluster and jobs is not None:
        yield Issue("--jobs", f"{jobs}, with --cluster", "one of the two: a cluster has its own workers")


def executor_of(jobs: int | None, cluster: str | None) -> Executor:
    """Give the executor that the options ask for."""
    from sro_coverage.scenario.executors import Cluster, Processes, Serial

    if cluster:
        return Cluster(cluster)
    return Serial() if jobs == 0 else Processes(jobs)


@contextmanager
def progress_of_runs() -> Iterator[Callable[[SweepProgress], None]]:
    """Show done, failed and time left on a terminal; a page or a pipe gets nothing."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from sro_coverage.report.text import console

    screen = console(stderr=True)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("done, {task.fields[failed]} failed, running"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal, speed_estimate_period=3600
    ) as bar:
        task = bar.add_task("", total=None, failed=0)

        def watch(progress: SweepProgress) -> None:
            bar.update(task, total=progress.total, completed=progress.done, failed=progress.failed)

        yield watch
