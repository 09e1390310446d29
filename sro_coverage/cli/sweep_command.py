"""The command ``sweep``: many plans of one base, in parallel, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sro_coverage.cli.manners import (
    ABORTED,
    FILE,
    NO_PLAN,
    NOT_PROVEN,
    OK,
    check_targets,
    shown,
    teaching_errors,
)
from sro_coverage.cli.runs import (
    cluster_option,
    executor_issues,
    executor_of,
    jobs_option,
    progress_of_runs,
    retry_failed_option,
)

if TYPE_CHECKING:
    from sro_coverage.scenario.sweep import SweepResult

CSV, PARQUET, PAGE = "runs.csv", "runs.parquet", "index.html"


@click.command()
@click.argument("sweep_file", type=FILE)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for runs/, runs.csv, runs.parquet and index.html; maps/sweeps/NAME if not given.",
)
@jobs_option
@cluster_option
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1),
    help="Seconds of search for each run, in place of the sweep file's.",
)
@retry_failed_option
@teaching_errors
def sweep(
    sweep_file: Path,
    out: Path | None,
    jobs: int | None,
    cluster: str | None,
    time_limit: float | None,
    retry_failed: bool,
) -> int:
    """
    Solve every run of SWEEP_FILE (TOML): a base and a grid or list of changes.

    Finished runs are kept as they come; ended at any moment, the same command goes on with the rest.
    Exit code 3: a plan is not proven; 4: a run failed or has no plan; 130: ended before all were done.
    """
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.report.sweep_text import render_sweep_text
    from sro_coverage.report.text import console, plain
    from sro_coverage.scenario.sweep import sweep as solve_all
    from sro_coverage.scenario.sweep_file import read_sweep

    issues: list[Issue] = list(executor_issues(jobs, cluster))
    folder = out or Path("maps/sweeps") / sweep_file.stem
    try:
        asked = read_sweep(sweep_file)
        inputs = [sweep_file, *asked.base.paths]
        check_targets([folder / name for name in (CSV, PARQUET, PAGE, "runs/run.json")], inputs, issues)
    except DataError as error:
        issues += error.issues
    if issues:
        raise DataError(issues)
    with progress_of_runs() as watch:
        result = solve_all(
            asked,
            folder,
            executor=executor_of(jobs, cluster),
            retry_failed=retry_failed,
            time_limit_s=time_limit,
            watch=watch,
        )
    if result.done:
        written = _write(result, folder)
        console().print(render_sweep_text(result))
        click.echo(f"Written: {', '.join(map(shown, written))}, and each run in {shown(result.folder)}")
    for remark in result.remarks:
        click.echo(plain(remark), err=True)
    if result.left:
        click.echo(f"{result.left:,} of {len(result.runs):,} runs left; the same command goes on with them.", err=True)
    return _verdict(result)


def _write(result: SweepResult, folder: Path) -> list[Path]:
    from sro_coverage.errors import MissingExtraError
    from sro_coverage.report.files import write_files
    from sro_coverage.report.sweep_page import render_sweep
    from sro_coverage.scenario.table import table_of

    table = table_of(result)
    contents: dict[str, str | bytes] = {PAGE: render_sweep(result), CSV: table.to_csv()}
    try:
        contents[PARQUET] = table.to_parquet()
    except MissingExtraError as error:
        click.echo(f"{error} ({CSV} has the same)", err=True)
    return write_files(folder, contents)


def _verdict(result: SweepResult) -> int:
    if result.left:
        return ABORTED
    if not all(run.has_plan for run in result.done):
        return NO_PLAN
    return OK if all(run.proven for run in result.done) else NOT_PROVEN
